// What the extension is made of, wherever it runs. Each part registers itself and is disposed with the context.
// No telemetry; nothing here talks to anything but the editor and our own programs beside it in dist/.
import type { Disposable, ExtensionContext } from "vscode";
import { registerActiveScenario } from "./active-scenario.ts";
import { registerBugsView } from "./bugs-view.ts";
import { registerCommands, type TerminalRunner } from "./commands.ts";
import { registerConfigurations } from "./configurations.ts";
import { type AdapterPlatform, registerDebugAdapter } from "./debug-adapter.ts";
import { registerEventBreakpoints } from "./event-breakpoints.ts";
import { registerExamples } from "./examples.ts";
import { registerFormats } from "./formats.ts";
import { registerHovers } from "./hovers.ts";
import { registerInlineValues } from "./inline-values.ts";
import { registerLineCounts } from "./line-counts.ts";
import { registerMachineViews } from "./machine-views.ts";
import { registerMessagesView } from "./messages-view.ts";
import { registerPastBanner } from "./past-banner.ts";
import { registerTimeStatus } from "./time-status.ts";
import { registerTimeTravel } from "./time-travel.ts";

/** What differs between a machine with processes and a browser. */
export interface Platform {
  readonly adapter: AdapterPlatform;
  /** Undefined where there are no programs. */
  readonly runInTerminal: TerminalRunner | undefined;
  startLanguageClient(): Disposable;
}

export function activateParts(context: ExtensionContext, platform: Platform): void {
  context.subscriptions.push(
    registerActiveScenario(),
    registerDebugAdapter(context, platform.adapter),
    registerConfigurations(),
    registerCommands(platform.runInTerminal),
    registerEventBreakpoints(),
    registerHovers(),
    registerInlineValues(),
    registerLineCounts(),
    registerTimeStatus(),
    registerTimeTravel(),
    registerFormats(),
    registerPastBanner(),
    registerMachineViews(),
    registerBugsView(),
    registerMessagesView(),
    registerExamples(context),
    platform.startLanguageClient(),
  );
}

// What VS Code starts: wires the parts below to the editor. Each part registers itself and is disposed with the context.
// No telemetry; nothing here talks to anything but the editor and the programs beside it in dist/.
import type { ExtensionContext } from "vscode";
import { registerCommands } from "./commands.ts";
import { registerConfigurations } from "./configurations.ts";
import { registerDebugAdapter } from "./debug-adapter.ts";
import { registerEventBreakpoints } from "./event-breakpoints.ts";
import { registerHovers } from "./hovers.ts";
import { registerInlineValues } from "./inline-values.ts";
import { startLanguageClient } from "./language-client.ts";
import { registerTimeStatus } from "./time-status.ts";
import { registerTimeTravel } from "./time-travel.ts";

export function activate(context: ExtensionContext): void {
  context.subscriptions.push(
    registerDebugAdapter(context),
    registerConfigurations(),
    registerCommands(context),
    registerEventBreakpoints(),
    registerHovers(),
    registerInlineValues(),
    registerTimeStatus(),
    registerTimeTravel(),
    startLanguageClient(context),
  );
}

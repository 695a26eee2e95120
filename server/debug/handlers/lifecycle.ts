// From `initialize` to `disconnect`.
import type { Refusal } from "../../../sim/debugging.ts";
import type { Adapter } from "../adapter.ts";
import type { KeptStatus } from "../breakpoints.ts";
import { capabilities } from "../capabilities.ts";
import { lineOut, readClient } from "../client.ts";
import { Debuggee, type Listener } from "../debuggee.ts";
import { RequestError } from "../errors.ts";
import type { Handlers } from "../handlers.ts";
import { diagnosticLine, type Launch, launchAttributes, readLaunch } from "../launch.ts";
import { type Arguments, optionalInteger, optionalText, record } from "../read.ts";
import { sourceOut } from "../sources.ts";
import { setDefaultFilters, statusOut } from "./breakpoints.ts";

export const lifecycleHandlers: Handlers = {
  initialize(adapter, args) {
    if (adapter.state !== "new") throw new RequestError("notNow", "`initialize` was already sent");
    const format = optionalText(args, "pathFormat") ?? "path";
    if (format !== "path") throw new RequestError("badArguments", "`pathFormat` must be `path`");
    adapter.client = readClient(args);
    const able = capabilities(adapter.environment.engine);
    adapter.state = "initialized";
    return able;
  },

  launch(adapter, args) {
    if (adapter.debuggee) throw new RequestError("notNow", "a scenario was already launched");
    const launch = endingOnFailure(adapter, () => readLaunch(adapter.environment, args));
    adapter.debuggee = open(adapter, launch);
    warnOfUnknownAttributes(adapter, args);
    // Only now can breakpoints be checked against the scenario, so only now the client is asked for them.
    adapter.afterResponse(() => adapter.event("initialized"));
  },

  attach() {
    throw new RequestError("refused", "a simulated kernel cannot be attached to: use the request `launch`", "toast");
  },

  configurationDone(adapter) {
    const debuggee = adapter.launched();
    if (debuggee.state !== "configuring") throw new RequestError("notNow", "`configurationDone` was already sent");
    if (!adapter.breakpoints.has("exceptions")) setDefaultFilters(adapter);
    adapter.afterResponse(() => debuggee.begin());
  },

  restart(adapter, args) {
    const before = adapter.debuggee;
    if (!before) throw new RequestError("notNow", "nothing has been launched");
    if (before.state === "configuring") throw new RequestError("notNow", "the run has not begun");
    // Arguments that make no sense leave the run as it is; a scenario that is refused now is the end of the session.
    const launch = args["arguments"] ? readLaunch(adapter.environment, record(args, "arguments")) : before.launch;
    before.dispose();
    const fresh = open(adapter, launch);
    adapter.debuggee = fresh;
    adapter.afterResponse(() => {
      adapter.lookups.drop();
      for (const status of adapter.breakpoints.reapply(fresh.session)) tellChanged(adapter, status);
      fresh.begin();
    });
  },

  /**
   * An answer that is being looked for, or a request that waits for its turn. Also the editor's "cancel" of a progress: the move
   * under way stops where it is. Anything else has been answered long ago.
   */
  cancel(adapter, args) {
    const request = optionalInteger(args, "requestId");
    const progress = optionalText(args, "progressId");
    const { debuggee, lookups } = adapter;
    adapter.afterResponse(() => {
      if (request !== undefined) lookups.cancel(request);
      if (progress !== undefined && lookups.isProgress(progress)) lookups.giveUp();
      if (progress !== undefined && debuggee?.isProgress(progress)) debuggee.pause();
    });
  },

  terminate(adapter) {
    const debuggee = adapter.launched();
    debuggee.dispose();
    adapter.afterResponse(() => {
      adapter.lookups.drop();
      adapter.event("terminated");
    });
  },

  disconnect(adapter) {
    adapter.afterResponse(() => adapter.leave());
  },
};

/** A launch that fails is the end of the session: nothing is left that could run. */
function open(adapter: Adapter, launch: Launch): Debuggee {
  return endingOnFailure(adapter, () => {
    const { engine, host } = adapter.environment;
    const colors = adapter.client.takesColors ? { colors: true } : {};
    const opened = engine.openDebugSession(host, { ...launch.options, ...colors });
    if ("refused" in opened) throw refusal(adapter, opened);
    return new Debuggee(opened, launch, listener(adapter));
  });
}

function endingOnFailure<T>(adapter: Adapter, act: () => T): T {
  try {
    return act();
  } catch (error) {
    adapter.afterResponse(() => adapter.event("terminated"));
    throw error;
  }
}

/** All that the checker said goes to the console; the response holds the one message. The editor shows that one itself. */
function refusal(adapter: Adapter, refused: Refusal): RequestError {
  for (const diagnostic of refused.diagnostics) {
    const { file, line } = diagnostic;
    adapter.output({ category: "stderr", text: diagnosticLine(diagnostic), file, line });
  }
  return new RequestError("refused", refused.message);
}

function listener(adapter: Adapter): Listener {
  return {
    lineCounts(lines, when) {
      const out = lines.map(({ file, line, times }) => ({
        source: sourceOut(adapter.environment, file),
        line: lineOut(adapter.client, line),
        times,
      }));
      adapter.event("mshare/lineCounts", { lines: out, over: when === "at the end" });
    },
    defer: (turn) => adapter.environment.defer(turn),
    event: (name, body) => adapter.event(name, body),
    output: (line) => adapter.output(line),
    clientIds: (hit) => adapter.breakpoints.clientIds(hit),
    showsProgress: adapter.client.showsProgress,
    takesMemoryEvents: adapter.client.takesMemoryEvents,
    wantsBriefStops: adapter.client.wantsBriefStops,
  };
}

function tellChanged(adapter: Adapter, status: KeptStatus): void {
  adapter.event("breakpoint", { reason: "changed", breakpoint: statusOut(adapter, status) });
}

/** Attributes that editors add to every configuration. */
const editors = ["name", "type", "request", "noDebug", "preLaunchTask", "postDebugTask", "presentation", "debugServer"];
const editorsToo = ["internalConsoleOptions", "serverReadyAction", "suppressMultipleSessionWarning", "restart"];

/** A slip of the pen should not go unseen; other clients' own attributes should not stop anybody. */
function warnOfUnknownAttributes(adapter: Adapter, args: Arguments): void {
  const known = new Set<string>([...launchAttributes, ...editors, ...editorsToo]);
  const unknown = Object.keys(args).filter((name) => !known.has(name) && !name.startsWith("__"));
  for (const name of unknown) {
    const text = `warning: the launch attribute \`${name}\` is not known; there are ${launchAttributes.join(", ")}`;
    adapter.output({ category: "console", text });
  }
}

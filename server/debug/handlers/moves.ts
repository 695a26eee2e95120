// Requests that let the run go on, forward or backward. They are answered at once; where it stops is told by an event.
import type { Goal } from "../../../sim/debugging.ts";
import type { Adapter } from "../adapter.ts";
import type { Debuggee } from "../debuggee.ts";
import { RequestError } from "../errors.ts";
import type { Handlers } from "../handlers.ts";
import { type Arguments, integer, optionalFlag, optionalWord } from "../read.ts";
import { chosenThread } from "./jumps.ts";

type By = Extract<Goal, { kind: "step" }>["by"];

export const moveHandlers: Handlers = {
  continue(adapter, args) {
    const debuggee = adapter.stopped();
    thread(debuggee, args);
    move(adapter, debuggee, { kind: "continue" });
    return { allThreadsContinued: true };
  },
  next: (adapter, args) => step(adapter, args, "over"),
  stepIn: (adapter, args) => step(adapter, args, "in"),
  stepOut: (adapter, args) => step(adapter, args, "out"),

  stepBack(adapter, args) {
    const debuggee = withHistory(adapter);
    move(adapter, debuggee, { kind: "stepBack", by: granularity(args), thread: thread(debuggee, args) });
  },
  reverseContinue(adapter, args) {
    const debuggee = withHistory(adapter);
    thread(debuggee, args);
    move(adapter, debuggee, { kind: "reverse" });
  },

  pause(adapter, args) {
    const debuggee = adapter.launched();
    thread(debuggee, args);
    if (debuggee.state === "configuring") throw new RequestError("notNow", "the run has not begun");
    adapter.afterResponse(() => {
      // Who stands still and looks back stops looking.
      adapter.lookups.giveUp();
      debuggee.pause();
    });
  },
};

/** Takes up a goal; its first slice comes after the response. */
export function move(adapter: Adapter, debuggee: Debuggee, goal: Goal): void {
  if (debuggee.state !== "stopped") adapter.stopped();
  debuggee.resume(goal);
}

export function withHistory(adapter: Adapter): Debuggee {
  const debuggee = adapter.stopped();
  if (debuggee.launch.history) return debuggee;
  throw new RequestError("refused", "the run was launched with `history: false`: it cannot go back", "toast");
}

function step(adapter: Adapter, args: Arguments, how: "in" | "over" | "out"): undefined {
  const debuggee = adapter.stopped();
  const own = thread(debuggee, args);
  const chosen = how === "in" ? chosenThread(debuggee, args) : undefined;
  const alone = chosen !== undefined || (optionalFlag(args, "singleThread") ?? false);
  move(adapter, debuggee, { kind: "step", how, by: granularity(args), thread: chosen ?? own, alone });
}

function granularity(args: Arguments): By {
  return optionalWord<By>(args, "granularity", ["statement", "line", "instruction"]) ?? "statement";
}

export function thread(debuggee: Debuggee, args: Arguments): number {
  const id = integer(args, "threadId");
  if (debuggee.session.threads().some((known) => known.id === id)) return id;
  throw new RequestError("badArguments", `there is no thread ${id}`);
}

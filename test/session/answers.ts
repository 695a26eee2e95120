// Answers that take steps to find, in one go: for tests that do not care how long.
import type { DebugSession, Goal, Lookup, Stop } from "../../sim/debugging.ts";

export function answerOf<T>(lookup: Lookup<T>): T {
  for (;;) {
    const found = lookup.advance(1000);
    if (found === "given up") throw new Error("nobody has given it up");
    if (found) return found.answer;
  }
}

/** Works on a goal until the run stops. */
export function go(session: DebugSession, goal: Goal): Stop {
  session.start(goal);
  for (;;) {
    const stop = session.advance(1000);
    if (stop) return stop;
  }
}

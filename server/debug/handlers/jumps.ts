// Where a run may be taken without stepping there: lines, beginnings of frames, and who does the next step.
import type { Until } from "../../../sim/debugging.ts";
import type { Adapter } from "../adapter.ts";
import { lineIn, lineOut } from "../client.ts";
import type { Debuggee } from "../debuggee.ts";
import { RequestError } from "../errors.ts";
import type { Handlers } from "../handlers.ts";
import { type Arguments, integer, record } from "../read.ts";
import { fileIn } from "../sources.ts";
import { move, thread, withHistory } from "./moves.ts";

/** The direction of time in which a target lies. */
export type Direction = "forward" | "back";

/** A target's number is its line, doubled, and its direction: the same line has the same two numbers at every stop. */
const targetId = (line: number, direction: Direction): number => 2 * line + (direction === "back" ? 1 : 0);

export const jumpHandlers: Handlers = {
  /** The editor's "Jump to Cursor" asks which jumps there are: a line may be reached in the future and in the past. */
  gotoTargets(adapter, args) {
    const debuggee = adapter.stopped();
    const file = fileIn(adapter.environment, record(args, "source"), debuggee.session.sources());
    const wanted = lineIn(adapter.client, integer(args, "line"));
    const line = debuggee.session.breakableLines(file, wanted, Number.MAX_SAFE_INTEGER)[0];
    if (line === undefined) return { targets: [] };
    const text = `line ${lineOut(adapter.client, line)}`;
    debuggee.offerJumps(file, line, text);
    const target = (label: string, direction: Direction) => ({
      id: targetId(line, direction),
      label,
      line: lineOut(adapter.client, line),
    });
    const forward = target(`${text}: forward, the next time it is reached`, "forward");
    const back = target(`${text}: back, the last time it was reached`, "back");
    return { targets: debuggee.launch.history ? [forward, back] : [forward] };
  },

  goto(adapter, args) {
    const debuggee = adapter.stopped();
    thread(debuggee, args);
    const id = integer(args, "targetId");
    const jump = debuggee.jump(Math.floor(id / 2));
    const direction = id % 2 === 1 ? "back" : "forward";
    runTo(adapter, debuggee, direction, { ...jump, onTheWay: "pass" });
  },

  restartFrame(adapter, args) {
    const debuggee = withHistory(adapter);
    move(adapter, debuggee, { kind: "restart", ...debuggee.placeOfFrame(integer(args, "frameId")) });
  },

  /** At every step somebody may be chosen to do the next one. */
  stepInTargets(adapter, args) {
    const debuggee = adapter.stopped();
    debuggee.threadOfFrame(integer(args, "frameId"));
    return { targets: debuggee.session.runnable().map(({ thread: id, text }) => ({ id, label: text })) };
  },
};

export function runTo(adapter: Adapter, debuggee: Debuggee, direction: Direction, until: Until): void {
  if (direction === "back") withHistory(adapter);
  move(adapter, debuggee, { kind: direction === "back" ? "reverse" : "continue", until });
}

/** The thread that a step is to choose, if it chooses one. */
export function chosenThread(debuggee: Debuggee, args: Arguments): number | undefined {
  if (args["targetId"] === undefined || args["targetId"] === null) return undefined;
  const id = integer(args, "targetId");
  if (debuggee.session.runnable().some(({ thread: able }) => able === id)) return id;
  throw new RequestError("badArguments", `thread ${id} cannot do the next step`);
}

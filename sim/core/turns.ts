// What threads did in turns, so that the same can be done again by a list (schedule.ts). A go is what a thread does when it is
// chosen: one step, or none, where it only comes to the end of its call or to where it has to wait. Goes without a step are
// kept too: what follows depends on when they are done.
import type { Thread } from "./thread.ts";

/** From its first step to its last; one go without a step where `to` is before `from`. */
export interface TurnTaken {
  readonly thread: Thread;
  readonly from: number;
  readonly to: number;
}

/** `idle`: 0 for steps; else the how manieth go without a step since the last step this is. */
interface Kept {
  readonly thread: Thread;
  readonly from: number;
  to: number;
  readonly idle: number;
}

export class Turns {
  readonly #kept: Kept[] = [];

  /** Step `step` was done by `thread` in turns. What is done once more is known. */
  note(thread: Thread, step: number): void {
    const last = this.#kept.at(-1);
    if (last && last.to >= step) return;
    if (last?.thread === thread && last.idle === 0 && last.to === step - 1) last.to = step;
    else this.#kept.push({ thread, from: step, to: step, idle: 0 });
  }

  /** After step `step` `thread` had a go without a step, the `idle`th there. */
  noteIdle(thread: Thread, step: number, idle: number): void {
    const last = this.#kept.at(-1);
    if (last && (last.to > step || (last.to === step && last.idle >= idle))) return;
    this.#kept.push({ thread, from: step + 1, to: step, idle });
  }

  /** The run takes another way after step `step` and `idle` goes without a step there. */
  forgetAfter(step: number, idle: number): void {
    const kept = this.#kept;
    const isLater = (one: Kept) =>
      one.idle === 0 ? one.from > step : one.to > step || (one.to === step && one.idle > idle);
    while (kept.length > 0 && isLater(kept.at(-1)!)) kept.pop();
    const last = kept.at(-1);
    if (last && last.idle === 0 && last.to > step) last.to = step;
  }

  /** In order. A go without a step belongs to the turn of its thread that goes on with the next step. */
  get taken(): readonly TurnTaken[] {
    const taken: { thread: Thread; from: number; to: number }[] = [];
    for (const { thread, from, to, idle } of this.#kept) {
      if (idle === 0) while (taken.length > 0 && isGo(taken.at(-1)!, thread, from)) taken.pop();
      const last = taken.at(-1);
      if (idle === 0 && last?.thread === thread && last.to === from - 1) last.to = to;
      else taken.push({ thread, from, to });
    }
    return taken;
  }
}

/** Whether a turn is a go of `thread` just before step `step`, without a step of its own. */
const isGo = (turn: TurnTaken, thread: Thread, step: number) =>
  turn.thread === thread && turn.to < turn.from && turn.from === step;

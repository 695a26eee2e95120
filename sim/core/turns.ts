// What threads did in turns, so that the same can be done again by a list (schedule.ts).
import type { Thread } from "./thread.ts";

/** From its first step to its last. */
export interface TurnTaken {
  readonly thread: Thread;
  readonly from: number;
  to: number;
}

export class Turns {
  readonly taken: TurnTaken[] = [];

  /** Step `step` was done by `thread`. What is known of it and of later ones, from before a jump back, is forgotten. */
  note(thread: Thread, step: number, how: "in turns" | "alone"): void {
    const { taken } = this;
    while (taken.length > 0 && taken.at(-1)!.from >= step) taken.pop();
    const last = taken.at(-1);
    if (last && last.to >= step) last.to = step - 1;
    if (how === "alone") return;
    if (last?.thread === thread && last.to === step - 1) last.to = step;
    else taken.push({ thread, from: step, to: step });
  }
}

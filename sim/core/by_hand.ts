// What people did to a run: places that they changed, and whom they let do a step. A run that comes by again does the same.
import type { Thread } from "./thread.ts";

export class ByHand {
  /** Changes, by the step after which they were made. */
  #changes: { readonly step: number; readonly apply: () => unknown }[] = [];
  /** Threads that were chosen, by the step that they did next. */
  readonly #chosen = new Map<number, Thread>();
  #lastChosen = -1;

  change(step: number, apply: () => unknown): void {
    this.#changes.push({ step, apply });
  }

  /** The next step after which something was changed, after `from` and before `to`. */
  nextChange(from: number, to: number): number | undefined {
    return this.#changes.find(({ step }) => step > from && step < to)?.step;
  }

  applyChanges(step: number): void {
    for (const change of this.#changes) if (change.step === step) change.apply();
  }

  choose(step: number, thread: Thread): void {
    this.#chosen.set(step, thread);
    this.#lastChosen = Math.max(this.#lastChosen, step);
  }

  chosen(step: number): Thread | undefined {
    return this.#chosen.get(step);
  }

  /** Whether somebody was chosen at this step or later. */
  choosesFrom(step: number): boolean {
    return this.#lastChosen >= step;
  }

  /** What comes after this step is not what happens any more. */
  forgetAfter(step: number): void {
    this.#changes = this.#changes.filter((one) => one.step <= step);
    for (const at of this.#chosen.keys()) if (at >= step) this.#chosen.delete(at);
    this.#lastChosen = Math.min(this.#lastChosen, step - 1);
  }
}

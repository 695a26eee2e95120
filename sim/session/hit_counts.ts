// Hit counts in the time of the run: the n-th time is one and the same moment, from whichever side one comes to it, however often
// one has been there, and whenever the breakpoint was set.

/** The steps at which a breakpoint was passed, ascending. */
export interface Passes {
  readonly steps: number[];
  /** Whether all steps that the run has done were looked at. */
  complete: boolean;
}

export function createPasses(complete: "nothing has run" | "something has run"): Passes {
  return { steps: [], complete: complete === "nothing has run" };
}

/** Which time the pass at `step` is, from 1 on. The first time that one comes by, it is taken down. */
export function timesPassed({ steps }: Passes, step: number): number {
  const index = indexFrom(steps, step);
  if (steps[index] !== step) steps.splice(index, 0, step);
  return index + 1;
}

/** How many passes there were up to `step`. */
export function timesUpTo({ steps }: Passes, step: number): number {
  return indexFrom(steps, step + 1);
}

/** What was after `step` will be otherwise. */
export function forgetAfter({ steps }: Passes, step: number): void {
  steps.length = indexFrom(steps, step + 1);
}

/** Index of the first of them that is not before `step`. Most often that is the end. */
function indexFrom(steps: readonly number[], step: number): number {
  if (steps.length === 0 || steps.at(-1)! < step) return steps.length;
  let low = 0;
  let high = steps.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle]! < step) low = middle + 1;
    else high = middle;
  }
  return low;
}

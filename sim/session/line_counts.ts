// How often lines of a scenario were begun, by the steps at which that was: known for every moment of the recorded run.
import { createPasses, forgetAfter, type Passes, timesPassed, timesUpTo } from "./hit_counts.ts";

export interface LineCounts {
  begun(file: string, line: number, step: number): void;
  /** How often it was begun up to a step; at most MOST_BEGUN. */
  upTo(file: string, line: number, step: number): number;
  /** What was after `step` will be otherwise. */
  forgetAfter(step: number): void;
}

/** Of a line that was begun more often no more is known: a loop of a hundred million fills no memory. */
export const MOST_BEGUN = 10_000;

export function createLineCounts(): LineCounts {
  const files = new Map<string, Map<number, Passes>>();
  const passesOf = (file: string, line: number): Passes => {
    let lines = files.get(file);
    if (!lines) files.set(file, (lines = new Map()));
    let passes = lines.get(line);
    if (!passes) lines.set(line, (passes = createPasses("nothing has run")));
    return passes;
  };
  return {
    begun(file, line, step) {
      const passes = passesOf(file, line);
      if (passes.steps.length < MOST_BEGUN) timesPassed(passes, step);
    },
    upTo(file, line, step) {
      const passes = files.get(file)?.get(line);
      return passes ? timesUpTo(passes, step) : 0;
    },
    forgetAfter(step) {
      for (const lines of files.values()) for (const passes of lines.values()) forgetAfter(passes, step);
    },
  };
}

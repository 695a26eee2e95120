// Waiting for a screen that changes in its own time: look again until it is as it should be, and say what it was if not.
import { setTimeout as sleep } from "node:timers/promises";

/** Repeats `look` until it gives something that is neither false nor undefined. What it throws counts as not yet. */
export async function eventually<Result>(
  what: string,
  look: () => Promise<Result | undefined | false>,
  milliseconds = 60_000,
): Promise<Result> {
  const deadline = Date.now() + milliseconds;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      const seen = await look();
      if (seen !== undefined && seen !== false) return seen;
      last = seen;
    } catch (problem) {
      last = problem;
    }
    await sleep(100);
  }
  throw new Error(`after ${milliseconds} ms not yet: ${what}`, { cause: last });
}

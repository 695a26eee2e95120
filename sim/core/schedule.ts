// Who does the next step. A schedule sees the threads that can go on and names one of them; what it has to remember is
// a number in the store, so that replay makes the same choices.
import type { Thread } from "./thread.ts";

export interface Schedule {
  /** One thread runs on until it cannot or is done: calls then need no generators. */
  readonly sequential: boolean;
  /**
   * @param threads that can go on, in order of declaration; never empty
   * @param running the thread that did the last step
   * @param memory what the last call returned; 0 at first
   */
  next(threads: readonly Thread[], running: Thread | null, memory: number): { thread: Thread; memory: number };
}

/** The running thread goes on as long as it can, then the first that can. */
export const sequential: Schedule = {
  sequential: true,
  next: (threads, running, memory) => ({
    thread: running && threads.includes(running) ? running : threads[0]!,
    memory,
  }),
};

/** Every step by a thread drawn with equal chances. */
export function random(seed: number): Schedule {
  return {
    sequential: false,
    next(threads, _running, memory) {
      const drawn = mix(seed + memory + 1);
      return { thread: threads[drawn % threads.length]!, memory: memory + 1 };
    },
  };
}

/** A well-mixed 32-bit number from a counter. */
function mix(counter: number): number {
  let x = Math.imul(counter ^ 0x9e3779b9, 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

// Who does the next step. A schedule sees the threads that can go on and names one of them; what it has to remember is
// a number in the store, so that replay makes the same choices.
import type { Thread } from "./thread.ts";

export interface Schedule {
  /** One thread runs on until it cannot or is done: calls then need no generators. */
  readonly sequential: boolean;
  /**
   * @param threads that can go on, in order of declaration; never empty
   * @param running the thread that was chosen last; null after a jump in time, so that only `memory` may decide
   * @param memory what the last call returned; 0 at first
   */
  next(
    threads: readonly Thread[],
    running: Thread | null,
    memory: number,
  ): { readonly thread: Thread; readonly memory: number };
  /** Told of every step that was done; gives the new memory. */
  after?(thread: Thread, memory: number): number;
  /** Wants to be asked about every step, also where one thread is left that can be meant. */
  readonly everyStep?: true;
  /** In the middle of calls: who has the next go, where that is known whoever can go on; null: `next` is to be asked. */
  known?(): Thread | null;
  /** Told when a thread has had its go, also where it could only wait. */
  over?(thread: Thread): void;
}

/** Who is in the middle of a unit goes on as long as it can, then the first that can: of plain calls nobody knows who did the last. */
export const sequential: Schedule = {
  sequential: true,
  next: (threads, running, memory) => ({
    thread: running?.call && threads.includes(running) ? running : threads[0]!,
    memory,
  }),
};

/** The same, but who was woken goes on before whoever woke it begins its next unit: as on a real CPU of two. */
export const wokenFirst: Schedule = {
  sequential: true,
  next(threads, running, memory) {
    if (running?.call && threads.includes(running)) return { thread: running, memory };
    const interrupt = threads.find(({ id }) => id < 0);
    const thread = interrupt ?? threads.find(({ call }) => call);
    return thread ? { thread, memory } : sequential.next(threads, running, memory);
  },
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

/** So many steps of a thread, or all that it has to do. */
export interface Turn {
  readonly thread: number;
  /** 0: one go in which it comes to no step: to the end of its call, or to where it has to wait. */
  readonly steps: number;
}

/** Steps of one turn that fit into the schedule's memory beside the turn's number. */
const MOST_STEPS = 2 ** 32;

/** The turns one after the other; a thread that cannot go on loses its turn. What they leave runs sequentially. */
export function listed(turns: readonly Turn[]): Schedule {
  return {
    sequential: false,
    next(threads, _running, memory) {
      let turn = turnOf(memory);
      let done = memory % MOST_STEPS;
      for (; turn < turns.length; turn++, done = 0) {
        const { thread: wanted, steps } = turns[turn]!;
        const thread = threads.find(({ id }) => id === wanted);
        if (!thread) continue;
        if (steps === 0) return { thread, memory: (turn + 1) * MOST_STEPS };
        if (done < steps) return { thread, memory: turn * MOST_STEPS + done };
      }
      // After the list its memory is the thread that goes on as long as it can.
      const last = turnOf(memory) >= turns.length ? (memory % MOST_STEPS) - LOWEST_THREAD : Number.NaN;
      const thread = threads.find(({ id }) => id === last) ?? threads[0]!;
      return { thread, memory: turns.length * MOST_STEPS + thread.id + LOWEST_THREAD };
    },
    after: (thread, memory) => (turns[turnOf(memory)]?.thread === thread.id ? memory + 1 : memory),
  };
}

/** Interrupt contexts have negative numbers; no machine has so many. */
const LOWEST_THREAD = 1_000_000;

/** Which turn of a list is on, by the schedule's memory. */
export const turnOf = (memory: number): number => Math.floor(memory / MOST_STEPS);

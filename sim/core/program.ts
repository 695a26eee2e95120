// What a run is given: what there is to do, and a computer that decides who may do it.
import type { Frames } from "./frames.ts";
import type { Schedule } from "./schedule.ts";
import type { Steps, Thread } from "./thread.ts";

/** One call into the simulated system: from a boundary to a boundary. */
export interface Unit {
  straight(): unknown;
  stepping(): Steps<unknown>;
  /**
   * Does this unit and up to `most` - 1 more that come after it at once, where they are alike and nobody looks (batch.ts).
   * @returns how many; 0 where this one has to be done by itself
   */
  many?(most: number): number;
  /** Takes its calls apart, where they are made for that. */
  readonly frames?: Frames;
}

/** What there is to do: the scenario. All its state is in the store. */
export interface Program {
  /** Threads that have a unit to do or are in one; none: the run is over. Goes through what takes no step. */
  threads(): readonly Thread[];
  schedule(): Schedule;
  /** The next unit of a thread that is at a boundary. */
  begin(thread: Thread): Unit;
  /** `count`: so many units have ended, with the same result (see Unit.many). */
  end(thread: Thread, result: unknown, count: number): void;
  /** Nobody can go on. The program ends what hangs and says so; then `threads` is asked again. */
  stuck(waiting: readonly Thread[]): void;
  /** A thread's unit has ended with an exception. True: that is a bug of the simulated system, and the run goes on. */
  crashed(thread: Thread, error: unknown): boolean;
  /** Somebody has changed something by hand: whatever the program knows without looking may be otherwise. */
  changed(): void;
  memory: number;
  /**
   * What it knows of units that are half done beside what is in the store; null: nothing. A copy of it is kept with a checkpoint
   * in the middle of calls (copied in frames.ts), and given back when the run goes back there.
   */
  halfDone: unknown;
}

/** What the simulated computer decides about who may run. */
export interface Platform {
  /** Interrupt contexts with something to do now. */
  interrupts(): readonly Thread[];
  interrupt(thread: Thread): Unit;
  /** Whether the thread's CPU can be given to it now. */
  available(thread: Thread): boolean;
  /** What has to be done before the thread can go on: a task switch, or nothing. */
  switchIn(thread: Thread): Unit | null;
}

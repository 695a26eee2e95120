// Who does steps: a task of the simulated system, or the interrupt context of a CPU.

/** A simulated function that stops after each of its steps; the number is the step's event. */
export type Steps<T> = Generator<number, T, void>;

/** Yielded instead of an event by a function that cannot go on now. Not a step. */
export const WAITING = -1;

export interface Thread {
  /** Counts from 1; order of declaration. */
  readonly id: number;
  readonly name: string;
  cpu: number;
  /** The call that it is in the middle of; null at a boundary between two units. */
  call: Steps<unknown> | null;
  /** While it waits: whether it may go on. */
  waitsFor: (() => boolean) | null;
  /** What it waits for, in words. */
  waitReason: string;
  /** Its last step. */
  lastStep: number;
}

export function createThread(id: number, name: string, cpu: number): Thread {
  const thread: Thread = { id, name, cpu, call: null, waitsFor: null, waitReason: "", lastStep: 0 };
  // Changed once here, not only when somebody looks: see the constructor of Machine.
  thread.call = null;
  thread.waitsFor = null;
  thread.lastStep = 0;
  return thread;
}

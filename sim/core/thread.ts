// Who does steps: a task of the simulated system, or the interrupt context of a CPU.
/** A simulated function that stops after each of its steps; the number is the step's event. */
export type Steps<T> = Generator<number, T, void>;

/** Yielded instead of an event by a function that cannot go on now. Not a step. */
export const WAITING = -1;

/** A class, so that it is shared where what a call names is copied (frames.ts). */
export class Thread {
  /** Counts from 1; order of declaration. */
  readonly id: number;
  readonly name: string;
  cpu: number;
  /** The call that it is in the middle of; null at a boundary between two units. */
  call: Steps<unknown> | null;
  /** While it waits: whether it may go on. */
  waitsFor: (() => boolean) | null;
  /** What it waits for, in words. */
  waitReason = "";
  /** Its last step. */
  lastStep: number;

  constructor(id: number, name: string, cpu: number) {
    this.id = id;
    this.name = name;
    this.cpu = cpu;
    this.call = null;
    this.waitsFor = null;
    this.lastStep = 0;
    // Changed once here, not only when somebody looks: see the constructor of Machine.
    this.call = null;
    this.waitsFor = null;
    this.lastStep = 0;
  }
}

// What a thread is in the middle of: a unit, and before it goes on what has to be done for the thread to have its CPU.
import { type CallFrames, type Copies, copied } from "./frames.ts";
import type { Unit } from "./program.ts";
import type { Steps } from "./thread.ts";

/** A call as data. */
export interface CallState {
  readonly unit: Unit;
  readonly frames: CallFrames;
  /** Switches to the thread that are not over, the last one first to go on. */
  readonly switches: readonly { readonly unit: Unit; readonly frames: CallFrames }[];
}

interface Begun {
  readonly unit: Unit;
  steps: Steps<unknown>;
}

export class Call implements Steps<unknown> {
  readonly #unit: Unit;
  #steps: Steps<unknown> | null = null;
  readonly #switches: Begun[] = [];

  constructor(unit: Unit) {
    this.#unit = unit;
  }

  /** First of all the thread has to get its CPU back. */
  switchIn(unit: Unit): void {
    this.#switches.push({ unit, steps: unit.stepping() });
  }

  next(): IteratorResult<number, unknown> {
    for (let last = this.#switches.at(-1); last; last = this.#switches.at(-1)) {
      const step = last.steps.next();
      if (!step.done) return step;
      this.#switches.pop();
    }
    this.#steps ??= this.#unit.stepping();
    return this.#steps.next();
  }

  return(value: unknown): IteratorResult<number, unknown> {
    return { value, done: true };
  }

  throw(error: unknown): IteratorResult<number, unknown> {
    throw error;
  }

  [Symbol.iterator](): this {
    return this;
  }

  /** Whether it can be taken apart: the unit has begun, and is made for that. */
  get isRestartable(): boolean {
    return (
      this.#steps !== null &&
      this.#unit.frames !== undefined &&
      this.#switches.every(({ unit }) => unit.frames !== undefined)
    );
  }

  /** What it consists of. It goes on from where it is.  */
  state(copies: Copies): CallState {
    const unit = this.#unit;
    const frames = unit.frames!.take(this.#steps!);
    this.#steps = unit.frames!.resume(frames);
    const switches = this.#switches.map((begun) => {
      const taken = begun.unit.frames!.take(begun.steps);
      begun.steps = begun.unit.frames!.resume(taken);
      return { unit: begun.unit, frames: copiedFrames(taken, copies) };
    });
    return { unit, frames: copiedFrames(frames, copies), switches };
  }

  /** A call that stands where the state was taken. */
  static from({ unit, frames, switches }: CallState, copies: Copies): Call {
    const call = new Call(unit);
    call.#steps = unit.frames!.resume(copiedFrames(frames, copies));
    for (const { unit: before, frames: left } of switches)
      call.#switches.push({ unit: before, steps: before.frames!.resume(copiedFrames(left, copies)) });
    return call;
  }
}

const copiedFrames = (frames: CallFrames, copies: Copies): CallFrames =>
  frames.map(({ fn, at, variables }) => ({ fn, at, variables: copied(variables, copies) }));

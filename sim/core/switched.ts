// A task that was switched out in the middle of a call.
import type { Steps } from "./thread.ts";

/** A call that goes on once its thread has its CPU back. */
export class Switched implements Steps<unknown> {
  isBack = false;
  readonly #before: Steps<unknown>;
  readonly call: Steps<unknown>;

  constructor(before: Steps<unknown>, call: Steps<unknown>) {
    this.#before = before;
    this.call = call;
  }

  next(): IteratorResult<number, unknown> {
    if (!this.isBack) {
      const step = this.#before.next();
      if (!step.done) return step;
      this.isBack = true;
    }
    return this.call.next();
  }

  return(value: unknown): IteratorResult<number, unknown> {
    return this.call.return(value);
  }

  throw(error: unknown): IteratorResult<number, unknown> {
    return this.call.throw(error);
  }

  [Symbol.iterator](): this {
    return this;
  }
}

// What threads are in the middle of, and how they go on: by a whole unit as a plain call, or by one step.
import { type Machine, UNWIND } from "./machine.ts";
import type { Order } from "./order.ts";
import type { Platform, Program, Unit } from "./program.ts";
import { Switched } from "./switched.ts";
import type { Steps, Thread } from "./thread.ts";

export class Doing {
  /** Who did the last step, or unit; null after a jump in time. */
  running: Thread | null = null;
  readonly #machine: Machine;
  readonly #program: Program;
  readonly #platform: Platform;
  readonly #order: Order;
  readonly #inFlight = new Set<Thread>();

  constructor(machine: Machine, program: Program, platform: Platform, order: Order) {
    this.#machine = machine;
    this.#program = program;
    this.#platform = platform;
    this.#order = order;
  }

  /** Threads that are in the middle of a unit. */
  get inFlight(): ReadonlySet<Thread> {
    return this.#inFlight;
  }

  /** No thread is. */
  get atBoundary(): boolean {
    return this.#inFlight.size === 0;
  }

  /**
   * The thread's next unit, or up to `most` like ones at once, as plain calls.
   * @returns false where that has to stop in its middle: the state is that of no boundary and of no step
   */
  straight(thread: Thread, most: number): boolean {
    const machine = this.#machine;
    machine.straight = true;
    machine.thread = thread;
    this.running = thread;
    try {
      this.#platform.switchIn(thread)?.straight();
      const unit = this.#program.begin(thread);
      const many = unit.many?.(most) ?? 0;
      const result = many > 0 ? 0 : unit.straight();
      machine.straight = false;
      machine.thread = null;
      machine.units += Math.max(1, many);
      this.#program.end(thread, result, Math.max(1, many));
    } catch (reason) {
      machine.straight = false;
      machine.thread = null;
      if (reason === UNWIND) return false;
      this.#crashed(thread, reason);
    }
    return true;
  }

  /** One step of the thread's unit, or what it does up to where it waits or ends. The machine's thread it stays until the end. */
  step(thread: Thread): void {
    const machine = this.#machine;
    machine.thread = thread;
    this.running = thread;
    thread.waitsFor = null;
    const before = machine.step;
    if (!thread.call) {
      thread.call = this.#start(thread);
      this.#inFlight.add(thread);
    } else thread.call = this.#back(thread, thread.call);
    machine.undivided = this.#order.undivided;
    const { value, done, error } = next(thread.call);
    machine.undivided = false;
    if (machine.step === before) this.#order.idled(thread);
    else {
      thread.lastStep = machine.step;
      this.#order.stepped(thread);
    }
    if (!done) return;
    thread.call = null;
    this.#inFlight.delete(thread);
    machine.thread = null;
    if (error !== undefined) {
      this.#crashed(thread, error);
      return;
    }
    // Interrupts are no units: plain calls do them on the way.
    if (isInterrupt(thread)) return;
    machine.units++;
    this.#program.end(thread, value, 1);
  }

  /** Calls in flight are gone: nobody is in the middle of anything. */
  drop(): void {
    for (const thread of this.#inFlight) {
      thread.call = null;
      thread.waitsFor = null;
    }
    this.#inFlight.clear();
  }

  #crashed(thread: Thread, error: unknown): void {
    if (isInterrupt(thread) || !this.#program.crashed(thread, error)) throw error;
    this.#machine.units++;
  }

  #start(thread: Thread): Steps<unknown> {
    if (isInterrupt(thread)) return this.#platform.interrupt(thread).stepping();
    return whole(this.#platform.switchIn(thread), this.#program.begin(thread));
  }

  /** Another task may have got its CPU since its last step. */
  #back(thread: Thread, call: Steps<unknown>): Steps<unknown> {
    const switchIn = isInterrupt(thread) ? null : this.#platform.switchIn(thread);
    if (!switchIn) return call;
    // Two who share a CPU may take turns at every step: what has been switched before is not carried along.
    return new Switched(switchIn.stepping(), call instanceof Switched && call.isBack ? call.call : call);
  }
}

const isInterrupt = (thread: Thread): boolean => thread.id < 0;

function* whole(before: Unit | null, unit: Unit): Steps<unknown> {
  if (before) yield* before.stepping();
  return yield* unit.stepping();
}

/** The next step of a call, or the exception with which it ends. */
function next(call: Steps<unknown>): { readonly value: unknown; readonly done: boolean; readonly error?: unknown } {
  try {
    const { value, done } = call.next();
    return { value, done: done === true };
  } catch (error) {
    return { value: undefined, done: true, error };
  }
}

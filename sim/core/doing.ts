// What threads are in the middle of, and how they go on: by a whole unit as a plain call, or by one step.

import { Call, type CallState } from "./call.ts";
import { type Copies, copied } from "./frames.ts";
import { type Machine, UNWIND } from "./machine.ts";
import type { Order } from "./order.ts";
import type { Platform, Program } from "./program.ts";
import type { Schedule } from "./schedule.ts";
import type { Thread } from "./thread.ts";

/** Threads in the middle of their calls, as data. */
export interface HalfDone {
  readonly threads: readonly ThreadState[];
  /** Who did the last step. */
  readonly running: Thread | null;
  /** What the program knows of their units. */
  readonly program: unknown;
}

/** The same, and what decides until the next boundary who goes on. */
export interface Midway extends HalfDone {
  readonly schedule: Schedule;
}

interface ThreadState {
  readonly thread: Thread;
  readonly call: CallState;
  readonly cpu: number;
  readonly waits: boolean;
  readonly lastStep: number;
}

export class Doing {
  /** Who did the last step, or unit; null after a jump in time to a boundary. */
  running: Thread | null = null;
  readonly #machine: Machine;
  readonly #program: Program;
  readonly #platform: Platform;
  readonly #order: Order;
  readonly #calls = new Map<Thread, Call>();

  constructor(machine: Machine, program: Program, platform: Platform, order: Order) {
    this.#machine = machine;
    this.#program = program;
    this.#platform = platform;
    this.#order = order;
  }

  /** Threads that are in the middle of a unit. */
  get inFlight(): readonly Thread[] {
    return [...this.#calls.keys()];
  }

  /** No thread is. */
  get atBoundary(): boolean {
    return this.#calls.size === 0;
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

  /**
   * One step of the thread's unit, or what it does up to where it waits or ends. The machine's thread it stays until the end.
   * `until`: where nobody else comes in, it goes on up to this step.
   */
  step(thread: Thread, until: number): void {
    const machine = this.#machine;
    machine.thread = thread;
    this.running = thread;
    thread.waitsFor = null;
    const before = machine.step;
    let call = this.#calls.get(thread);
    if (call) this.#back(thread, call);
    else this.#set(thread, (call = this.#start(thread)));
    machine.undivided = this.#order.undivided;
    if (machine.undivided && this.#order.choices === null) machine.goOnUntil = until;
    const { value, done, error } = next(call);
    machine.undivided = false;
    machine.goOnUntil = 0;
    if (machine.step === before) this.#order.idled(thread);
    else {
      thread.lastStep = machine.step;
      this.#order.stepped(thread);
    }
    if (!done) return;
    thread.call = null;
    this.#calls.delete(thread);
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

  /** What everybody is in the middle of; null where somebody's call cannot be taken apart. Changes nothing. */
  halfDone(): HalfDone | null {
    const calls = [...this.#calls];
    if (!calls.every(([, call]) => call.isRestartable)) return null;
    const copies: Copies = new Map();
    const threads = calls.map(([thread, begun]): ThreadState => {
      const { cpu, lastStep, waitsFor, waitReason } = thread;
      this.#machine.thread = thread;
      const call = begun.state(copies);
      Object.assign(thread, { waitsFor, waitReason });
      return { thread, call, cpu, lastStep, waits: waitsFor !== null };
    });
    this.#machine.thread = null;
    return { threads, running: this.running, program: copied(this.#program.halfDone, copies) };
  }

  /** After `drop`, with the store as it was: everybody is in the middle of that again. */
  enter({ threads, running, program }: HalfDone): void {
    const copies: Copies = new Map();
    for (const { thread, call, cpu, lastStep, waits } of threads) {
      this.#machine.thread = thread;
      thread.cpu = cpu;
      thread.lastStep = lastStep;
      thread.waitsFor = null;
      this.#set(thread, Call.from(call, copies));
      if (!waits) thread.waitsFor = null;
    }
    this.#machine.thread = null;
    this.running = running;
    this.#program.halfDone = copied(program, copies);
  }

  /** Calls in flight are gone: nobody is in the middle of anything. */
  drop(): void {
    for (const thread of this.#calls.keys()) {
      thread.call = null;
      thread.waitsFor = null;
    }
    this.#calls.clear();
  }

  #set(thread: Thread, call: Call): void {
    thread.call = call;
    this.#calls.set(thread, call);
  }

  #crashed(thread: Thread, error: unknown): void {
    if (isInterrupt(thread) || !this.#program.crashed(thread, error)) throw error;
    this.#machine.units++;
  }

  #start(thread: Thread): Call {
    if (isInterrupt(thread)) return new Call(this.#platform.interrupt(thread));
    const switchIn = this.#platform.switchIn(thread);
    const call = new Call(this.#program.begin(thread));
    if (switchIn) call.switchIn(switchIn);
    return call;
  }

  /** Another task may have got its CPU since its last step. */
  #back(thread: Thread, call: Call): void {
    const switchIn = isInterrupt(thread) ? null : this.#platform.switchIn(thread);
    if (switchIn) call.switchIn(switchIn);
  }
}

const isInterrupt = (thread: Thread): boolean => thread.id < 0;

/** The next step of a call, or the exception with which it ends. */
function next(call: Call): { readonly value: unknown; readonly done: boolean; readonly error?: unknown } {
  try {
    const { value, done } = call.next();
    return { value, done: done === true };
  } catch (error) {
    return { value: undefined, done: true, error };
  }
}

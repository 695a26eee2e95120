// The way forward: plain calls where nobody could tell the difference, step by step where somebody looks or threads
// interleave; what people changed on the way is changed again.
import type { ByHand } from "./by_hand.ts";
import { Doing } from "./doing.ts";
import type { Machine, MachineSnapshot } from "./machine.ts";
import { Order } from "./order.ts";
import type { Platform, Program } from "./program.ts";
import type { Recording } from "./recording.ts";
import { sequential } from "./schedule.ts";
import type { Thread } from "./thread.ts";

/** Goes at a step, one after the other, of which none was one. */
const MOST_IDLE = 1_000_000;

export type Outcome = "target" | "stopped" | "budget" | "done";

export class Forward {
  readonly order: Order;
  readonly doing: Doing;
  /** Steps that a plain call may take beyond a budget before it goes on step by step, so that even one very long call can be paused. */
  patience = Number.POSITIVE_INFINITY;
  readonly #machine: Machine;
  readonly #program: Program;
  readonly #platform: Platform;
  readonly #recording: Recording;
  readonly #byHand: ByHand;
  /** How far the present way is to go, about. */
  #pauseAt = Number.POSITIVE_INFINITY;
  /** A unit that was done step by step, and a step in its middle: to steps before that it is not done as a plain call first. */
  #inside: { readonly unit: number; readonly to: number } | null = null;

  constructor(machine: Machine, program: Program, platform: Platform, recording: Recording, byHand: ByHand) {
    this.#machine = machine;
    this.#program = program;
    this.#platform = platform;
    this.#recording = recording;
    this.#byHand = byHand;
    this.order = new Order(machine, program, platform, byHand);
    this.doing = new Doing(machine, program, platform, this.order);
  }

  /** To `target`, a stop, or the end; gives "budget" after about `budget` steps. */
  run(target: number, budget: number): Outcome {
    const machine = this.#machine;
    const pauseAt = machine.step + budget;
    for (;;) {
      const change = this.#byHand.nextChange(machine.step, target);
      const outcome = this.#runPlain(change ?? target, pauseAt);
      if (outcome !== "target") return outcome;
      this.#byHand.applyChanges(machine.step);
      if (change === undefined) return outcome;
      // Somebody wanted to stop here anyway.
      if (machine.stopWanted) return "stopped";
    }
  }

  /** To the state of a checkpoint: calls in flight are gone. */
  restore(snapshot: MachineSnapshot): void {
    const machine = this.#machine;
    const { step, units } = machine;
    if (this.#inside?.unit === units && !this.doing.atBoundary && step > this.#inside.to)
      this.#inside = { unit: units, to: step };
    this.doing.drop();
    this.doing.running = null;
    machine.restore(snapshot);
  }

  /** What comes after the current step is not what happens any more. */
  forgetFuture(): void {
    this.#inside = null;
  }

  #runPlain(target: number, pauseAt: number): Outcome {
    const machine = this.#machine;
    machine.target = target;
    machine.unwindAt = pauseAt + this.patience;
    this.#pauseAt = pauseAt;
    machine.rearm();
    machine.stopping = false;
    machine.stopWanted = false;
    let outcome = this.#blocked(target, pauseAt);
    let idle = 0;
    while (!outcome) {
      const before = machine.step;
      if (!this.#once()) outcome = "done";
      else outcome = this.#blocked(target, pauseAt);
      idle = machine.step === before ? idle + 1 : 0;
      // Threads that are woken for nothing for ever: a mistake in the simulation, which must not look like a long run.
      if (idle > MOST_IDLE) throw new Error(`nothing happens after step ${before}`);
    }
    return outcome;
  }

  #blocked(target: number, pauseAt: number): Outcome | undefined {
    const machine = this.#machine;
    if (machine.step >= target) return "target";
    if (machine.stopping) return "stopped";
    return machine.step >= pauseAt ? "budget" : undefined;
  }

  /** One unit as plain calls, up to `most` like ones at once, or one step. False when there is nothing to do. */
  #once(most = Number.POSITIVE_INFINITY): boolean {
    const machine = this.#machine;
    const boundary = this.doing.atBoundary;
    const known = boundary ? null : this.order.schedule.known?.();
    if (known?.call) {
      this.#go(known);
      return true;
    }
    const threads = this.#program.threads();
    const interrupts = this.#platform.interrupts();
    if (threads.length === 0 && interrupts.length === 0) return false;
    if (boundary) {
      this.order.atBoundary(threads);
      this.#recording.offer();
      const [first] = threads;
      if (first && interrupts.length === 0 && this.#goesStraight(first)) {
        const begun = machine.units;
        if (!this.doing.straight(first, most)) this.#again(begun, machine.step);
        return true;
      }
    }
    const thread = this.order.choose([...interrupts, ...threads], this.doing.running);
    if (thread) this.#go(thread);
    else this.#endStuck(threads);
    return true;
  }

  /** Whether nobody could come between, or wants to see, the steps of the next unit. */
  #goesStraight(thread: Thread): boolean {
    const machine = this.#machine;
    const inside = this.#inside?.unit === machine.units && machine.target <= this.#inside.to;
    return !inside && this.order.choices === null && this.order.undivided && this.#platform.available(thread);
  }

  #go(thread: Thread): void {
    this.doing.step(thread);
    this.order.schedule.over?.(thread);
    this.#machine.thread = null;
  }

  /** Nobody can go on: neither who is in the middle of a unit, nor who has not begun and never gets its CPU. */
  #endStuck(threads: readonly Thread[]): void {
    const { inFlight } = this.doing;
    this.#program.stuck([...new Set([...inFlight, ...threads])]);
    this.#machine.units += inFlight.size;
    this.doing.drop();
  }

  /** The unit could not go on as plain calls: back to its beginning, then step by step to where it was. */
  #again(unit: number, step: number): void {
    const machine = this.#machine;
    const { target, observedUpTo, stopping } = machine;
    this.restore(this.#recording.beforeUnit(unit));
    machine.observedUpTo = Number.POSITIVE_INFINITY;
    while (machine.units < unit) {
      const change = this.#byHand.nextChange(machine.step, Number.POSITIVE_INFINITY);
      machine.target = change ?? Number.POSITIVE_INFINITY;
      machine.rearm();
      machine.stopping = false;
      this.#once(unit - machine.units);
      if (change !== undefined && machine.step >= change) this.#byHand.applyChanges(change);
    }
    const threads = this.#program.threads();
    const [thread] = threads;
    this.order.atBoundary(threads);
    const { schedule } = this.order;
    this.#recording.take();
    this.#inside = { unit, to: step };
    // Where nobody has stopped it: no further than it was to go.
    const until = machine.stopWanted ? step : Math.min(step, Math.max(this.#pauseAt, machine.step + 1));
    machine.target = step;
    machine.rearm();
    this.order.schedule = sequential;
    do {
      const before = machine.step;
      this.doing.step(this.order.choose([...this.#platform.interrupts(), thread!], this.doing.running)!);
      if (machine.step > before && machine.step < step) this.#byHand.applyChanges(machine.step);
    } while (machine.step < until);
    this.order.schedule = schedule;
    machine.thread = null;
    machine.observedUpTo = observedUpTo;
    machine.target = target;
    machine.stopping = stopping && until === step;
    machine.rearm();
  }
}

// The way forward: plain calls where nobody could tell the difference, step by step where somebody looks or threads
// interleave; what people changed on the way is changed again.
import type { ByHand } from "./by_hand.ts";
import { Doing, type Midway } from "./doing.ts";
import type { Machine } from "./machine.ts";
import { Order } from "./order.ts";
import type { Platform, Program } from "./program.ts";
import type { Recording, RunSnapshot } from "./recording.ts";
import { sequential } from "./schedule.ts";
import type { Thread } from "./thread.ts";

/** Goes at a step, one after the other, of which none was one. */
const MOST_IDLE = 1_000_000;

/** A unit of more work than this is long. */
const LONG = 4000;

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
  /** Long units, with the furthest step in each that is known: to steps before that they are not done as plain calls first. */
  readonly #long = new Map<number, number>();

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

  /** A checkpoint here, where calls that are in flight can be taken apart. */
  keep(): void {
    const midway = this.midway();
    if (midway || this.doing.atBoundary) this.#recording.take(midway);
  }

  /** What threads are in the middle of, if it can be told. */
  midway(): Midway | null {
    const halfDone = this.doing.atBoundary ? null : this.doing.halfDone();
    return halfDone && { ...halfDone, schedule: this.order.schedule };
  }

  /** To the state of a checkpoint: calls in flight are those that were then. */
  restore(snapshot: RunSnapshot): void {
    const machine = this.#machine;
    this.doing.drop();
    this.doing.running = null;
    machine.restore(snapshot);
    if (!snapshot.midway) return;
    this.order.schedule = snapshot.midway.schedule;
    this.doing.enter(snapshot.midway);
  }

  /** What comes after the current step is not what happens any more. */
  forgetFuture(): void {
    this.#long.clear();
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
    if (!boundary && this.#recording.isDue) this.keep();
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
        const { units, work } = machine;
        if (!this.doing.straight(first, most)) this.#again(units, machine.step);
        else if (machine.units === units + 1 && machine.work > work + LONG) this.#long.set(units, machine.step);
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
    const isInside = this.#machine.target <= (this.#long.get(this.#machine.units) ?? 0);
    return !isInside && this.order.choices === null && this.order.undivided && this.#platform.available(thread);
  }

  #go(thread: Thread): void {
    this.doing.step(thread, Math.min(this.#pauseAt, this.#recording.dueAt));
    this.order.schedule.over?.(thread);
    this.#machine.thread = null;
  }

  /** Nobody can go on: neither who is in the middle of a unit, nor who has not begun and never gets its CPU. */
  #endStuck(threads: readonly Thread[]): void {
    const { inFlight } = this.doing;
    this.#program.stuck([...new Set([...inFlight, ...threads])]);
    this.#machine.units += inFlight.length;
    this.doing.drop();
  }

  /** The unit could not go on as plain calls: back to the last checkpoint, then step by step to where it was. */
  #again(unit: number, step: number): void {
    const machine = this.#machine;
    const { target, observedUpTo, stopping } = machine;
    this.restore(this.#recording.beforeUnit(unit, step));
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
    const thread = this.doing.inFlight[0] ?? threads[0]!;
    if (this.doing.atBoundary) this.order.atBoundary(threads);
    const { schedule } = this.order;
    this.keep();
    this.#long.set(unit, Math.max(step, this.#long.get(unit) ?? 0));
    // Where nobody has stopped it: no further than it was to go.
    const until = machine.stopWanted ? step : Math.min(step, Math.max(this.#pauseAt, machine.step + 1));
    machine.target = step;
    machine.rearm();
    this.order.schedule = sequential;
    do {
      const before = machine.step;
      if (this.#recording.isDue) {
        this.order.schedule = schedule;
        this.keep();
        this.order.schedule = sequential;
      }
      const change = this.#byHand.nextChange(before, step) ?? step;
      const next = this.order.choose([...this.#platform.interrupts(), thread], this.doing.running)!;
      this.doing.step(next, Math.min(until, change, this.#recording.dueAt));
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

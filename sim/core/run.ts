// Runs a machine: forward as plain calls where nobody could tell the difference, step by step where somebody looks or
// threads interleave; to any step, forward or back, by re-execution from a checkpoint.
import { ByHand } from "./by_hand.ts";
import { type Machine, type MachineSnapshot, UNWIND } from "./machine.ts";
import type { Platform, Program, Unit } from "./program.ts";
import type { Recording } from "./recording.ts";
import { type Schedule, sequential } from "./schedule.ts";
import { Switched } from "./switched.ts";
import type { Steps, Thread } from "./thread.ts";
import { Turns, type TurnTaken } from "./turns.ts";

/** Steps before the end of a jump at which it makes sure of a checkpoint. */
export const NEAR = 200;

/** Goes at a step, one after the other, of which none was one. */
const MOST_IDLE = 1_000_000;

export type Outcome = "target" | "stopped" | "budget" | "done";

export class Run {
  readonly machine: Machine;
  readonly recording: Recording;
  readonly #program: Program;
  readonly #platform: Platform;
  /** Threads that are in the middle of a unit. */
  #inFlight = new Set<Thread>();
  #running: Thread | null = null;
  /** What decides until the next boundary: who is alone there does a whole unit, as a plain call does. */
  #schedule: Schedule = sequential;
  /** Steps that a plain call may take beyond a budget before it goes on step by step, so that even one very long call can be paused. */
  patience = Number.POSITIVE_INFINITY;
  /** Only this thread does steps that have not been done yet, as far as it can. */
  #alone: Thread | null = null;
  readonly #byHand = new ByHand();
  readonly #turns = new Turns();
  /** How far the present way forward is to go, about. */
  #pauseAt = Number.POSITIVE_INFINITY;
  /** A unit that was done step by step, and a step in its middle: to steps before that it is not done as a plain call first. */
  #inside: { readonly unit: number; readonly to: number } | null = null;
  /** Who could go on after a step, by step: noted while this is not null. Units are then done step by step. */
  choices: Map<number, readonly Thread[]> | null = null;
  /** Furthest step done so far, and whether that is the end. */
  last = 0;
  ended = false;

  constructor(machine: Machine, program: Program, platform: Platform, recording: Recording) {
    this.machine = machine;
    this.#program = program;
    this.#platform = platform;
    this.recording = recording;
    recording.take();
  }

  /** Runs to `target`, a stop, or the end; gives "budget" after about `budget` steps. */
  forward(target: number, budget: number): Outcome {
    const { machine } = this;
    const pauseAt = machine.step + budget;
    let outcome: Outcome | undefined;
    for (;;) {
      const change = this.#byHand.nextChange(machine.step, target);
      outcome = this.#forwardPlain(change ?? target, pauseAt);
      if (outcome !== "target") break;
      this.#byHand.applyChanges(machine.step);
      if (change === undefined) break;
      // Somebody wanted to stop here anyway.
      if (machine.stopWanted) {
        outcome = "stopped";
        break;
      }
    }
    if (machine.step > this.last) this.last = machine.step;
    if (outcome === "done") this.ended = true;
    return outcome;
  }

  #forwardPlain(target: number, pauseAt: number): Outcome {
    const { machine } = this;
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
    const { machine } = this;
    if (machine.step >= target) return "target";
    if (machine.stopping) return "stopped";
    return machine.step >= pauseAt ? "budget" : undefined;
  }

  /** To the state after `step` (0: before anything), wherever the machine is now. */
  goto(step: number): void {
    const { machine } = this;
    if (step === machine.step) return;
    if (step < machine.step || this.#fartherThanACheckpoint(step)) this.#restore(this.recording.before(step));
    if (step > 0) this.#forwardSilently(step);
  }

  /** Who had which goes where threads took turns, as far as the run has come. */
  get turns(): readonly TurnTaken[] {
    return this.#turns.taken;
  }

  /** Steps that have to be done to come to the state after `step`. */
  distance(step: number): number {
    const from = this.recording.before(step).step;
    return step - (this.machine.step < step ? Math.max(from, this.machine.step) : from);
  }

  /** To the state of the last checkpoint before `step`. Returns the checkpoint's step. */
  rewind(step: number): number {
    const snapshot = this.recording.before(step);
    this.#restore(snapshot);
    return snapshot.step;
  }

  /** To a state that was kept at a boundary, to go another way from there: what was recorded after it is forgotten. */
  restart(snapshot: MachineSnapshot): void {
    this.#restore(snapshot);
    this.#forgetFuture();
  }

  /** Whether a unit is half done: then no checkpoint can be taken here. */
  get atBoundary(): boolean {
    return this.#inFlight.size === 0;
  }

  /**
   * From here on only this thread does steps, as far as it can; null: whom the schedule names. What was recorded after the
   * current step is forgotten where a thread is named.
   */
  letOnly(thread: Thread | null): void {
    if (thread && this.machine.step < this.last) this.#forgetFuture();
    else if (thread) this.#turns.forgetAfter(this.machine.step, this.machine.idle);
    this.#alone = thread;
  }

  /** Something was changed by hand at the current step: what was recorded after it is forgotten. */
  intervene(again: () => unknown): void {
    const { step } = this.machine;
    this.#forgetFuture();
    this.#program.changed();
    this.#byHand.change(step, () => {
      again();
      this.#program.changed();
    });
    if (step === 0) this.recording.restart();
  }

  #forgetFuture(): void {
    const { step } = this.machine;
    this.#inside = null;
    this.last = step;
    this.ended = false;
    this.recording.forgetAfter(step);
    this.#byHand.forgetAfter(step);
    this.#turns.forgetAfter(step, this.machine.idle);
  }

  #fartherThanACheckpoint(step: number): boolean {
    return this.recording.before(step).step > this.machine.step;
  }

  #restore(snapshot: Parameters<Machine["restore"]>[0]): void {
    const { step, units } = this.machine;
    if (this.#inside?.unit === units && !this.atBoundary && step > this.#inside.to)
      this.#inside = { unit: units, to: step };
    this.#dropCalls();
    this.#running = null;
    this.machine.restore(snapshot);
  }

  #dropCalls(): void {
    for (const thread of this.#inFlight) {
      thread.call = null;
      thread.waitsFor = null;
    }
    this.#inFlight.clear();
  }

  #forwardSilently(step: number): void {
    const { machine } = this;
    const observed = machine.observedUpTo;
    machine.observedUpTo = Number.POSITIVE_INFINITY;
    // A step in the middle of a unit is reached from the unit's beginning: a checkpoint near it makes that short.
    const near = step - NEAR;
    if (step - machine.step > 2 * NEAR) {
      const outcome = this.forward(step, near - machine.step);
      if (outcome === "budget" && this.atBoundary) this.recording.take();
    }
    while (machine.step < step && this.forward(step, Number.POSITIVE_INFINITY) !== "done");
    machine.observedUpTo = observed;
  }

  /** One unit as plain calls, up to `most` like ones at once, or one step. False when there is nothing to do. */
  #once(most = Number.POSITIVE_INFINITY): boolean {
    const { machine } = this;
    const boundary = this.#inFlight.size === 0;
    const known = boundary ? null : this.#schedule.known?.();
    if (known?.call) {
      this.#go(known);
      return true;
    }
    const threads = this.#program.threads();
    const interrupts = this.#platform.interrupts();
    if (threads.length === 0 && interrupts.length === 0) return false;
    if (boundary) {
      const schedule = this.#program.schedule();
      this.#schedule = threads.length === 1 && !schedule.everyStep ? sequential : schedule;
      this.recording.offer();
      const [first] = threads;
      const plain = interrupts.length === 0 && !this.#isChosen && this.choices === null;
      const inside = this.#inside?.unit === machine.units && machine.target <= this.#inside.to;
      if (first && plain && !inside && this.#schedule.sequential && this.#platform.available(first))
        return this.#straight(first, most);
    }
    const thread = this.#choose([...interrupts, ...threads]);
    if (!thread) {
      // Also who has not begun and never gets its CPU.
      this.#program.stuck([...new Set([...this.#inFlight, ...threads])]);
      machine.units += this.#inFlight.size;
      this.#dropCalls();
      return true;
    }
    this.#go(thread);
    return true;
  }

  #go(thread: Thread): void {
    this.#step(thread);
    this.#schedule.over?.(thread);
    this.machine.thread = null;
  }

  /** Somebody chooses, or has chosen, who does a step that comes: it may be in the middle of a call. */
  get #isChosen(): boolean {
    return this.#only !== null || this.#byHand.choosesFrom(this.machine.step);
  }

  /** What is done once more is done by those who did it. */
  get #only(): Thread | null {
    return this.machine.step >= this.last ? this.#alone : null;
  }

  /** Who could do the next step. The program may come to its next units by that, and so change. */
  able(): readonly Thread[] {
    return this.#ableOf([...this.#platform.interrupts(), ...this.#program.threads()]);
  }

  #ableOf(threads: readonly Thread[]): readonly Thread[] {
    return threads.filter((thread) => (!thread.waitsFor || thread.waitsFor()) && this.#platform.available(thread));
  }

  #choose(threads: readonly Thread[]): Thread | null {
    const able = this.#ableOf(threads);
    if (this.choices && !this.choices.has(this.machine.step)) this.choices.set(this.machine.step, able);
    if (able.length === 0) return null;
    const chosen = this.#byHand.chosen(this.machine.step) ?? this.#only;
    if (chosen && able.includes(chosen)) {
      this.#byHand.choose(this.machine.step, chosen);
      return chosen;
    }
    const { thread, memory } = this.#schedule.next(able, this.#running, this.#program.memory);
    this.#program.memory = memory;
    return thread;
  }

  #straight(thread: Thread, most: number): true {
    const { machine } = this;
    const begun = machine.units;
    machine.straight = true;
    machine.thread = thread;
    this.#running = thread;
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
      if (reason === UNWIND) this.#again(begun, machine.step);
      else this.#crashed(thread, reason);
    }
    return true;
  }

  /** The unit could not go on as plain calls: back to its beginning, then step by step to where it was. */
  #again(unit: number, step: number): void {
    const { machine } = this;
    const { target, observedUpTo, stopping } = machine;
    this.#restore(this.recording.beforeUnit(unit));
    machine.observedUpTo = Number.POSITIVE_INFINITY;
    while (machine.units < unit) {
      const change = this.#byHand.nextChange(machine.step, Number.POSITIVE_INFINITY);
      machine.target = change ?? Number.POSITIVE_INFINITY;
      machine.rearm();
      machine.stopping = false;
      this.#once(unit - machine.units);
      if (change !== undefined && machine.step >= change) this.#byHand.applyChanges(change);
    }
    const thread = this.#program.threads()[0]!;
    this.recording.take();
    this.#inside = { unit, to: step };
    // Where nobody has stopped it: no further than it was to go.
    const until = machine.stopWanted ? step : Math.min(step, Math.max(this.#pauseAt, machine.step + 1));
    machine.target = step;
    machine.rearm();
    this.#schedule = sequential;
    do {
      const before = machine.step;
      this.#step(this.#choose([...this.#platform.interrupts(), thread])!);
      if (machine.step > before && machine.step < step) this.#byHand.applyChanges(machine.step);
    } while (machine.step < until);
    machine.thread = null;
    machine.observedUpTo = observedUpTo;
    machine.target = target;
    machine.stopping = stopping && until === step;
    machine.rearm();
  }

  #step(thread: Thread): void {
    const { machine } = this;
    machine.thread = thread;
    this.#running = thread;
    thread.waitsFor = null;
    const before = machine.step;
    if (!thread.call) {
      thread.call = this.#start(thread);
      this.#inFlight.add(thread);
    } else thread.call = this.#back(thread, thread.call);
    machine.undivided = this.#schedule.sequential && !this.#isChosen;
    const { value, done, error } = next(thread.call);
    machine.undivided = false;
    if (machine.step !== before) this.#stepped(thread);
    else if (!this.#schedule.sequential) {
      machine.countIdle();
      this.#turns.noteIdle(thread, before, machine.idle);
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
    if (this.#isInterrupt(thread)) return;
    machine.units++;
    this.#program.end(thread, value, 1);
  }

  #crashed(thread: Thread, error: unknown): void {
    if (this.#isInterrupt(thread) || !this.#program.crashed(thread, error)) throw error;
    this.machine.units++;
  }

  #stepped(thread: Thread): void {
    const { machine } = this;
    thread.lastStep = machine.step;
    const { after } = this.#schedule;
    if (after) this.#program.memory = after(thread, this.#program.memory);
    if (!this.#schedule.sequential) this.#turns.note(thread, machine.step);
  }

  #isInterrupt(thread: Thread): boolean {
    return thread.id < 0;
  }

  #start(thread: Thread): Steps<unknown> {
    if (this.#isInterrupt(thread)) return this.#platform.interrupt(thread).stepping();
    return this.#whole(this.#platform.switchIn(thread), this.#program.begin(thread));
  }

  /** Another task may have got its CPU since its last step. */
  #back(thread: Thread, call: Steps<unknown>): Steps<unknown> {
    const switchIn = this.#isInterrupt(thread) ? null : this.#platform.switchIn(thread);
    if (!switchIn) return call;
    // Two who share a CPU may take turns at every step: what has been switched before is not carried along.
    return new Switched(switchIn.stepping(), call instanceof Switched && call.isBack ? call.call : call);
  }

  *#whole(before: Unit | null, unit: Unit): Steps<unknown> {
    if (before) yield* before.stepping();
    return yield* unit.stepping();
  }

  /** What a thread is doing; for views. */
  inFlight(): readonly Thread[] {
    return [...this.#inFlight];
  }
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

// A run of a machine: on, and to any step, forward or back, by re-execution from a checkpoint. Where people change something
// or choose who goes on, another future begins.
import { ByHand } from "./by_hand.ts";
import type { Doing } from "./doing.ts";
import { Forward, type Outcome } from "./forward.ts";
import type { Machine } from "./machine.ts";
import type { Order } from "./order.ts";
import type { Platform, Program } from "./program.ts";
import type { Recording, RunSnapshot } from "./recording.ts";
import type { Thread } from "./thread.ts";
import type { TurnTaken } from "./turns.ts";

/** Steps before the end of a jump at which it makes sure of a checkpoint. */
export const NEAR = 200;

export class Run {
  readonly machine: Machine;
  readonly recording: Recording;
  readonly #program: Program;
  readonly #byHand = new ByHand();
  readonly #forward: Forward;
  readonly #order: Order;
  readonly #doing: Doing;
  /** The end has been reached: `last` is the last step there is. */
  ended = false;

  constructor(machine: Machine, program: Program, platform: Platform, recording: Recording) {
    this.machine = machine;
    this.#program = program;
    this.recording = recording;
    this.#forward = new Forward(machine, program, platform, recording, this.#byHand);
    this.#order = this.#forward.order;
    this.#doing = this.#forward.doing;
    recording.take(null);
  }

  /** See Forward. */
  set patience(steps: number) {
    this.#forward.patience = steps;
  }

  /** Furthest step done so far. */
  get last(): number {
    return this.#order.last;
  }

  /** Runs to `target`, a stop, or the end; gives "budget" after about `budget` steps. */
  forward(target: number, budget: number): Outcome {
    const outcome = this.#forward.run(target, budget);
    if (this.machine.step > this.last) this.#order.last = this.machine.step;
    if (outcome === "done") this.ended = true;
    return outcome;
  }

  /** To the state after `step` (0: before anything), wherever the machine is now. */
  goto(step: number): void {
    const { machine } = this;
    if (step === machine.step) return;
    if (step < machine.step || this.#fartherThanACheckpoint(step)) this.#forward.restore(this.recording.before(step));
    if (step > 0) this.#forwardSilently(step);
  }

  /** Who had which goes where threads took turns, as far as the run has come. */
  get turns(): readonly TurnTaken[] {
    return this.#order.turns.taken;
  }

  /** Steps that have to be done to come to the state after `step`. */
  distance(step: number): number {
    const from = this.recording.before(step).step;
    return step - (this.machine.step < step ? Math.max(from, this.machine.step) : from);
  }

  /** To the state of the last checkpoint before `step`. Returns the checkpoint's step. */
  rewind(step: number): number {
    const snapshot = this.recording.before(step);
    this.#forward.restore(snapshot);
    return snapshot.step;
  }

  /** A checkpoint here, where there can be one. */
  keep(): void {
    this.#forward.keep();
  }

  /** The present state; null where it cannot be kept. */
  snapshot(): RunSnapshot | null {
    const midway = this.#forward.midway();
    return midway || this.atBoundary ? { ...this.machine.snapshot(), midway } : null;
  }

  /** To a state that was kept, to go another way from there: what was recorded after it is forgotten. */
  restart(snapshot: RunSnapshot): void {
    this.#forward.restore(snapshot);
    this.#forgetFuture();
  }

  /** Whether no unit is half done. */
  get atBoundary(): boolean {
    return this.#doing.atBoundary;
  }

  /**
   * From here on only this thread does steps, as far as it can; null: whom the schedule names. What was recorded after the
   * current step is forgotten where a thread is named.
   */
  letOnly(thread: Thread | null): void {
    if (thread && this.machine.step < this.last) this.#forgetFuture();
    else if (thread) this.#order.forgetFuture();
    this.#order.alone = thread;
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
    this.#forward.forgetFuture();
    this.ended = false;
    this.recording.forgetAfter(step);
    this.#byHand.forgetAfter(step);
    this.#order.forgetFuture();
  }

  #fartherThanACheckpoint(step: number): boolean {
    return this.recording.before(step).step > this.machine.step;
  }

  #forwardSilently(step: number): void {
    const { machine } = this;
    const observed = machine.observedUpTo;
    machine.observedUpTo = Number.POSITIVE_INFINITY;
    // In the middle of a unit that was done as plain calls there is no checkpoint: one near the step makes the next way short.
    const near = step - NEAR;
    if (step - machine.step > 2 * NEAR) {
      const outcome = this.forward(step, near - machine.step);
      if (outcome === "budget") this.keep();
    }
    while (machine.step < step && this.forward(step, Number.POSITIVE_INFINITY) !== "done");
    machine.observedUpTo = observed;
  }

  /** Who could do the next step. The program may come to its next units by that, and so change. */
  able(): readonly Thread[] {
    return this.#order.able();
  }

  /** Who could go on after a step, by step: noted while this is not null. Units are then done step by step. */
  get choices(): Map<number, readonly Thread[]> | null {
    return this.#order.choices;
  }

  set choices(noted: Map<number, readonly Thread[]> | null) {
    this.#order.choices = noted;
  }

  /** Threads that are in the middle of a unit. */
  inFlight(): readonly Thread[] {
    return this.#doing.inFlight;
  }
}

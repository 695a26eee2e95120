// Who does the next step: whoever was chosen by hand there, the one thread that is let go on, or whom the schedule names.
import type { ByHand } from "./by_hand.ts";
import type { Machine } from "./machine.ts";
import type { Platform, Program } from "./program.ts";
import { type Schedule, sequential } from "./schedule.ts";
import type { Thread } from "./thread.ts";
import { Turns } from "./turns.ts";

export class Order {
  readonly turns = new Turns();
  /** What decides until the next boundary: who is alone there does a whole unit, as a plain call does. */
  schedule: Schedule = sequential;
  /** Only this thread does steps that have not been done yet, as far as it can. */
  alone: Thread | null = null;
  /** Who could go on after a step, by step: noted while this is not null. */
  choices: Map<number, readonly Thread[]> | null = null;
  /** Furthest step done so far: up to there steps are done once more by those who did them. */
  last = 0;
  readonly #machine: Machine;
  readonly #program: Program;
  readonly #platform: Platform;
  readonly #byHand: ByHand;

  constructor(machine: Machine, program: Program, platform: Platform, byHand: ByHand) {
    this.#machine = machine;
    this.#program = program;
    this.#platform = platform;
    this.#byHand = byHand;
  }

  /** Whoever is alone at a boundary needs no schedule. */
  atBoundary(threads: readonly Thread[]): void {
    const schedule = this.#program.schedule();
    this.schedule = threads.length === 1 && !schedule.everyStep ? sequential : schedule;
  }

  /** Who could do the next step. The program may come to its next units by that, and so change. */
  able(): readonly Thread[] {
    return this.#ableOf([...this.#platform.interrupts(), ...this.#program.threads()]);
  }

  /** One of `threads`, or null where none can go on. `running`: who did the last step, if that is known. */
  choose(threads: readonly Thread[], running: Thread | null): Thread | null {
    const { step } = this.#machine;
    const able = this.#ableOf(threads);
    if (this.choices && !this.choices.has(step)) this.choices.set(step, able);
    if (able.length === 0) return null;
    const chosen = this.#byHand.chosen(step) ?? this.#only;
    if (chosen && able.includes(chosen)) {
      this.#byHand.choose(step, chosen);
      return chosen;
    }
    const { thread, memory } = this.schedule.next(able, running, this.#program.memory);
    this.#program.memory = memory;
    return thread;
  }

  /** Somebody chooses, or has chosen, who does a step that comes: it may be in the middle of a call. */
  get isChosen(): boolean {
    return this.#only !== null || this.#byHand.choosesFrom(this.#machine.step);
  }

  /** Nobody else comes in before the running thread's unit ends or waits. */
  get undivided(): boolean {
    return this.schedule.sequential && !this.isChosen;
  }

  /** `thread` has done the step at which the machine is. */
  stepped(thread: Thread): void {
    const { after, sequential } = this.schedule;
    if (after) this.#program.memory = after(thread, this.#program.memory);
    if (!sequential) this.turns.note(thread, this.#machine.step);
  }

  /** `thread` has had a go in which it came to no step. */
  idled(thread: Thread): void {
    if (this.schedule.sequential) return;
    const machine = this.#machine;
    machine.countIdle();
    this.turns.noteIdle(thread, machine.step, machine.idle);
  }

  /** What comes after the current step is not what happens any more. */
  forgetFuture(): void {
    const { step, idle } = this.#machine;
    this.last = step;
    this.turns.forgetAfter(step, idle);
  }

  /** What is done once more is done by those who did it. */
  get #only(): Thread | null {
    return this.#machine.step >= this.last ? this.alone : null;
  }

  #ableOf(threads: readonly Thread[]): readonly Thread[] {
    return threads.filter((thread) => (!thread.waitsFor || thread.waitsFor()) && this.#platform.available(thread));
  }
}

// Runs of like steps that are done at once where nobody can tell: the state, the counts, and what detectors remember are then
// as if the steps had been done one by one. Whoever could tell opens a batch: the elements are done singly.
import type { Machine } from "./machine.ts";

/** A kind of run: what one element does. */
export interface BatchSpec {
  readonly name: string;
  /** The events of one element, in order. */
  readonly events: readonly string[];
  /** So many of them, the last, must have been the last steps before a batch: an element was done singly as is known here. */
  readonly tail: number;
  /** The kernel functions that do an element singly. Where a design replaces one of them there are no batches. */
  readonly functions: readonly string[];
}

/** Who listens to an event that a run consists of, and can be told of the run instead. `R`: what there is to know of a run. */
export interface BatchListener<R> {
  /** How many of the run's first `count` elements it would let pass without a word. Changes nothing. */
  fits(run: R, count: number): number;
  /** Remembers the first `count` elements, all of them done. */
  take(run: R, count: number): void;
}

/** By the name of the batch. */
export type BatchListeners = Readonly<Record<string, BatchListener<never>>>;

/** For whom the run's steps make no difference that the element before it has not made. */
export const unconcerned: BatchListener<unknown> = { fits: (_, count) => count, take() {} };

/** Fewer are done singly. */
const FEWEST = 2;

export class Batch<R> {
  readonly name: string;
  readonly ids: readonly number[];
  readonly #tail: readonly number[];
  readonly #machine: Machine;
  readonly #listeners: BatchListener<R>[] = [];
  #refused = false;

  constructor(machine: Machine, spec: BatchSpec) {
    this.#machine = machine;
    this.name = spec.name;
    this.ids = spec.events.map((event) => machine.events.id(event)!);
    this.#tail = this.ids.slice(-spec.tail);
  }

  /** There are no batches of this kind in this machine: something concerns their steps that knows of no batches. */
  refuse(): void {
    this.#refused = true;
  }

  listen(listener: BatchListener<R>): void {
    if (listener !== unconcerned && !this.#listeners.includes(listener)) this.#listeners.push(listener);
  }

  /**
   * How many elements may be done at once now as far as steps go, 0 where none. The element before them must have been done
   * with just these steps: whatever adds a step of its own is not passed over.
   */
  room(): number {
    if (this.#refused) return 0;
    const room = this.#machine.lastWere(this.#tail) ? this.#machine.room(this.ids) : 0;
    return room < FEWEST ? 0 : room;
  }

  /** How many of the run's first `count` elements may be done at once. */
  fits(run: R, count: number): number {
    let fitting = count;
    for (const listener of this.#listeners) {
      if (fitting < FEWEST) return 0;
      fitting = listener.fits(run, fitting);
    }
    return fitting < FEWEST ? 0 : fitting;
  }

  /** The first `count` elements are done; `args` are those of the last event. */
  done(run: R, count: number, ...args: readonly unknown[]): void {
    for (const listener of this.#listeners) listener.take(run, count);
    for (let i = 0; i < this.#machine.args.length; i++) this.#machine.args[i] = args[i];
    this.#machine.pass(this.ids, count);
  }
}

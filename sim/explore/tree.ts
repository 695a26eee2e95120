// All ways through the parallel blocks that are known: each leaves an earlier one at some step. Ways that wait to be taken
// are ordered by how often a thread is interrupted, so that the simplest failing one is found first.
import type { Footprint } from "./footprint.ts";
import type { Passage } from "./passage.ts";

/** A way that was taken. Its first steps, up to `from`, are its parent's. */
export interface Way {
  readonly parent: Way | null;
  readonly from: number;
  /** Threads by step, from `from` on. */
  readonly threads: number[];
  /** By step: where other ways leave this one. */
  readonly branches: Map<number, Branch>;
}

/** Whose turns were tried at one step, in order; those that came before need not be tried again below one that came later. */
export interface Branch {
  readonly tried: { readonly thread: number; footprint: Footprint | null }[];
  /** Threads that are tried or wait to be; a set. */
  chosen: number;
}

/** A way that is to be taken: like `way` up to step `at`, which `thread` does. */
export interface Detour {
  readonly way: Way;
  readonly at: number;
  readonly thread: number;
}

/** Of more than `most` ways those with the most switches are forgotten. */
export class Tree {
  readonly #most: number;
  /** By switches from threads that seemed able to go on, as the last steps of a thread do too; the latest of a kind first, so that what lies near is done while it is known. */
  readonly #waiting: Detour[][] = [];
  #count = 0;
  #hasForgotten = false;

  constructor(most: number) {
    this.#most = most;
  }

  /** Ways that are known and were not taken, at least. */
  get waiting(): number {
    return this.#count + (this.#hasForgotten ? 1 : 0);
  }

  /** Some ways will never be taken. */
  get hasForgotten(): boolean {
    return this.#hasForgotten;
  }

  /** What was tried and is to be tried at a step of a way, where that is more than what the way itself does there. */
  known(way: Way, at: number): Branch | undefined {
    return ownerOf(way, at).branches.get(at);
  }

  /** `thread` is to do step `at` of a way that has `passage`, unless too many ways wait. */
  add(way: Way, at: number, thread: number, passage: Passage): void {
    const switches = passage.switchesWith(at, thread);
    if (this.#count >= this.#most && switches >= this.#waiting.length - 1) {
      this.#hasForgotten = true;
      return;
    }
    this.#branch(way, at, passage).chosen |= 1 << thread;
    while (this.#waiting.length <= switches) this.#waiting.push([]);
    this.#waiting[switches]!.push({ way, at, thread });
    this.#count++;
    if (this.#count > this.#most) this.#forgetLast();
  }

  next(): Detour | undefined {
    const detour = this.#waiting.find((some) => some.length > 0)?.pop();
    if (detour) this.#count--;
    return detour;
  }

  #branch(way: Way, at: number, passage: Passage): Branch {
    const { branches } = ownerOf(way, at);
    let branch = branches.get(at);
    if (!branch) {
      const thread = passage.threads[at]!;
      branch = { tried: [{ thread, footprint: passage.footprintOf(at) }], chosen: 1 << thread };
      branches.set(at, branch);
    }
    return branch;
  }

  #forgetLast(): void {
    while (this.#waiting.at(-1)!.length === 0) this.#waiting.pop();
    this.#waiting.at(-1)!.pop();
    this.#count--;
    this.#hasForgotten = true;
  }
}

/** The way that came first to where a way's step `at` is to be done: its branches are kept there. */
export function ownerOf(way: Way, at: number): Way {
  let owner = way;
  while (owner.parent && at <= owner.from) owner = owner.parent;
  return owner;
}

/** The threads of a way's first `count` steps. */
export function beginningOf(way: Way, count: number): number[] {
  const threads: number[] = new Array(count);
  let end = count;
  for (let part: Way | null = way; part; part = part.parent) {
    for (let at = part.from; at < end; at++) threads[at] = part.threads[at - part.from]!;
    end = Math.min(end, part.from);
  }
  return threads;
}

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
  /** From threads that seemed able to go on; the last steps of a thread look like that too. */
  readonly switches: number;
}

export class Tree {
  /** By switches; the latest of a kind first, so that what lies near is done while it is known. */
  readonly #waiting: Detour[][] = [];
  #count = 0;

  get waiting(): number {
    return this.#count;
  }

  /** The branch at a step of a way; `passage`: what the way itself does there. */
  branch(way: Way, at: number, passage: Passage): Branch {
    const owner = ownerOf(way, at);
    let branch = owner.branches.get(at);
    if (!branch) {
      const thread = passage.threads[at]!;
      branch = { tried: [{ thread, footprint: passage.footprintOf(at) }], chosen: 1 << thread };
      owner.branches.set(at, branch);
    }
    return branch;
  }

  add(detour: Detour): void {
    (this.#waiting[detour.switches] ??= []).push(detour);
    this.#count++;
  }

  next(): Detour | undefined {
    const detour = this.#waiting.find((some) => some && some.length > 0)?.pop();
    if (detour) this.#count--;
    return detour;
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

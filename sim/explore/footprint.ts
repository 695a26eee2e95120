// What steps read and write. Places in the store become small numbers, so that a step's accesses are short lists and a
// question about a place is one look into an array.
import type { Storage } from "../core/storage.ts";
import { type AccessTrace, type Handle, HEADER } from "../core/struct.ts";

/** What one step, or an attempt at one, has accessed: numbers of places, each once. A place that is written is in `writes` only. */
export interface Footprint {
  readonly reads: readonly number[];
  readonly writes: readonly number[];
}

/** The same while it lies where the next one will: the first so many of each. */
export interface Accesses {
  readonly reads: Int32Array;
  readonly readCount: number;
  readonly writes: Int32Array;
  readonly writeCount: number;
}

export interface Rules {
  /** Structures whose accesses make no difference to anybody: what observers remember. */
  readonly unseen: ReadonlySet<string>;
  /** Structures that count as one place each object: who reads one of them searches all of it. */
  readonly whole: ReadonlySet<string>;
}

/** What is known of one storage. */
interface Known {
  /** By chunk: the number that its first number's place has; 0: none has been accessed. */
  readonly first: number[];
  readonly isWhole: boolean;
}

export class Footprints implements AccessTrace, Accesses {
  /** Whether accesses count now. */
  on = false;
  reads: Int32Array = new Int32Array(256);
  readCount = 0;
  writes: Int32Array = new Int32Array(256);
  writeCount = 0;
  readonly #rules: Rules;
  /** By storage; null: accesses to it are not looked at. */
  readonly #known = new Map<Storage, Known | null>();
  /** The storage that was asked for last: most are asked for again. */
  #storage: Storage | null = null;
  #its: Known | null = null;
  /** Places have numbers below this; they count from 1. */
  #end = 1;
  /** By place: the footprint in which it was last read, and written. */
  #readIn: Int32Array = new Int32Array(4096);
  #writtenIn: Int32Array = new Int32Array(4096);
  #current = 1;

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  /** Places have numbers below this. */
  get size(): number {
    return this.#end;
  }

  /** Begins a footprint. */
  begin(): void {
    this.#current++;
    this.readCount = 0;
    this.writeCount = 0;
    this.on = true;
  }

  /** Ends it: until the next begins it is what this object says. */
  take(): Accesses {
    this.on = false;
    const { reads, readCount } = this;
    const writtenIn = this.#writtenIn;
    let kept = 0;
    for (let i = 0; i < readCount; i++) if (writtenIn[reads[i]!] !== this.#current) reads[kept++] = reads[i]!;
    this.readCount = kept;
    return this;
  }

  /** Whether the footprint that was taken last and this one touch a place that one of them writes: their order matters. */
  conflictsWithLast({ reads, writes }: Footprint): boolean {
    const last = this.#current;
    const writtenIn = this.#writtenIn;
    for (let i = 0; i < reads.length; i++) if (writtenIn[reads[i]!] === last) return true;
    const readIn = this.#readIn;
    for (let i = 0; i < writes.length; i++)
      if (writtenIn[writes[i]!] === last || readIn[writes[i]!] === last) return true;
    return false;
  }

  read(handle: Handle, index: number): void {
    if (!this.on) return;
    const first = this.#firstOf(handle);
    if (first === 0) return;
    if (handle.gen > 0) this.#noteRead(first + handle.genAt);
    this.#noteRead(first + (this.#its!.isWhole ? handle.genAt + HEADER : index));
  }

  write(handle: Handle, index: number): void {
    if (!this.on) return;
    const first = this.#firstOf(handle);
    if (first === 0) return;
    if (handle.gen > 0) this.#noteRead(first + handle.genAt);
    this.#noteWrite(first + (this.#its!.isWhole ? handle.genAt + HEADER : index));
  }

  readAll(handle: Handle): void {
    if (!this.on) return;
    if (this.#rules.whole.has(handle.$.type.name)) this.read(handle, handle.base);
    else for (let i = 0; i < handle.layout.numbers; i++) this.read(handle, handle.base + i);
  }

  free(handle: Handle): void {
    if (!this.on) return;
    const first = this.#firstOf(handle);
    if (first !== 0) this.#noteWrite(first + handle.genAt);
  }

  #noteRead(place: number): void {
    if (this.#readIn[place] === this.#current) return;
    this.#readIn[place] = this.#current;
    if (this.readCount === this.reads.length) this.reads = grown(this.reads, 2 * this.reads.length);
    this.reads[this.readCount++] = place;
  }

  #noteWrite(place: number): void {
    if (this.#writtenIn[place] === this.#current) return;
    this.#writtenIn[place] = this.#current;
    if (this.writeCount === this.writes.length) this.writes = grown(this.writes, 2 * this.writes.length);
    this.writes[this.writeCount++] = place;
  }

  /** The place of the first number of an object's chunk; 0: of no interest. */
  #firstOf(handle: Handle): number {
    if (handle.$ !== this.#storage) {
      this.#storage = handle.$;
      this.#its = this.#knownOf(handle.$);
    }
    const its = this.#its;
    return its === null ? 0 : its.first[handle.chunk] || this.#number(its, handle);
  }

  #knownOf(storage: Storage): Known | null {
    let known = this.#known.get(storage);
    if (known === undefined) {
      const { name } = storage.type;
      known = this.#rules.unseen.has(name) ? null : { first: [], isWhole: this.#rules.whole.has(name) };
      this.#known.set(storage, known);
    }
    return known;
  }

  /** Gives all places of a chunk their numbers: values, which have negative indexes, and numbers behind them. */
  #number(its: Known, { $, chunk }: Handle): number {
    const first = this.#end + (($.type.values || 1) << $.shift);
    this.#end = first + $.chunks[chunk]!.length;
    for (let i = its.first.length; i < chunk; i++) its.first[i] = 0;
    its.first[chunk] = first;
    if (this.#end > this.#readIn.length) {
      const size = Math.max(2 * this.#readIn.length, this.#end);
      this.#readIn = grown(this.#readIn, size);
      this.#writtenIn = grown(this.#writtenIn, size);
    }
    return first;
  }
}

/** A longer array that begins with the same. */
export function grown(array: Int32Array, length: number): Int32Array {
  const larger = new Int32Array(length);
  larger.set(array);
  return larger;
}

/** Footprints stay when the next one is taken. */
export const copyOf = ({ reads, readCount, writes, writeCount }: Accesses): Footprint => ({
  reads: Array.from(reads.subarray(0, readCount)),
  writes: Array.from(writes.subarray(0, writeCount)),
});

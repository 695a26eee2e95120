// What steps read and write. Places in the store become small numbers, so that a step's accesses are short lists and a
// question about a place is one look into an array.
import type { Storage } from "../core/storage.ts";
import { type AccessTrace, type Handle, HEADER } from "../core/struct.ts";

/** What one step, or an attempt at one, has accessed: numbers of places, each once. A place that is written is in `writes` only. */
export interface Footprint {
  readonly reads: number[];
  readonly writes: number[];
}

export interface Rules {
  /** Structures whose accesses make no difference to anybody: what observers remember. */
  readonly unseen: ReadonlySet<string>;
  /** Structures that count as one place each object: who reads one of them searches all of it. */
  readonly whole: ReadonlySet<string>;
}

/** Half of the indexes in a chunk are those of values, which are negative. */
const LARGEST_INDEX = 2 ** 13;

export class Footprints implements AccessTrace {
  /** Whether accesses count now. */
  on = false;
  readonly #rules: Rules;
  /** By storage and chunk; null: accesses to that storage are not looked at. */
  readonly #places = new Map<Storage, (Int32Array | undefined)[] | null>();
  /** How many places have numbers; they count from 1. */
  #known = 0;
  /** By place: the footprint in which it was last read, and written. */
  #readIn: Int32Array = new Int32Array(1024);
  #writtenIn: Int32Array = new Int32Array(1024);
  #current = 1;
  #reads: number[] = [];
  #writes: number[] = [];

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  /** Places have numbers below this. */
  get size(): number {
    return this.#known + 1;
  }

  /** Begins a footprint; what was gathered before and not taken is forgotten. */
  begin(): void {
    this.#current++;
    this.#reads = [];
    this.#writes = [];
    this.on = true;
  }

  /** Ends it. */
  take(): Footprint {
    this.on = false;
    const reads = this.#reads.filter((place) => this.#writtenIn[place] !== this.#current);
    return { reads, writes: this.#writes };
  }

  /** Whether the footprint that was taken last and this one touch a place that one of them writes: their order matters. */
  conflictsWithLast({ reads, writes }: Footprint): boolean {
    const [readIn, writtenIn, last] = [this.#readIn, this.#writtenIn, this.#current];
    return (
      reads.some((place) => writtenIn[place] === last) ||
      writes.some((place) => writtenIn[place] === last || readIn[place] === last)
    );
  }

  read(handle: Handle, index: number): void {
    if (!this.on) return;
    if (handle.gen > 0) this.#noteRead(this.#place(handle, handle.genAt));
    this.#noteRead(this.#place(handle, index));
  }

  write(handle: Handle, index: number): void {
    if (!this.on) return;
    if (handle.gen > 0) this.#noteRead(this.#place(handle, handle.genAt));
    this.#noteWrite(this.#place(handle, index));
  }

  readAll(handle: Handle): void {
    if (!this.on) return;
    if (this.#rules.whole.has(handle.$.type.name)) this.read(handle, handle.base);
    else for (let i = 0; i < handle.layout.numbers; i++) this.read(handle, handle.base + i);
  }

  free(handle: Handle): void {
    if (this.on) this.#noteWrite(this.#place(handle, handle.genAt));
  }

  #noteRead(place: number): void {
    if (place === 0 || this.#readIn[place] === this.#current) return;
    this.#readIn[place] = this.#current;
    this.#reads.push(place);
  }

  #noteWrite(place: number): void {
    if (place === 0 || this.#writtenIn[place] === this.#current) return;
    this.#writtenIn[place] = this.#current;
    this.#writes.push(place);
  }

  /** 0: of no interest. */
  #place(handle: Handle, index: number): number {
    const storage = handle.$;
    let chunks = this.#places.get(storage);
    if (chunks === undefined) {
      chunks = this.#rules.unseen.has(storage.type.name) ? null : [];
      this.#places.set(storage, chunks);
    }
    if (chunks === null) return 0;
    const places = (chunks[handle.chunk] ??= new Int32Array(2 * LARGEST_INDEX));
    const at = this.#rules.whole.has(storage.type.name) ? handle.genAt + HEADER : index;
    const known = places[at + LARGEST_INDEX]!;
    if (known !== 0) return known;
    places[at + LARGEST_INDEX] = ++this.#known;
    if (this.#known >= this.#readIn.length) {
      this.#readIn = grown(this.#readIn);
      this.#writtenIn = grown(this.#writtenIn);
    }
    return this.#known;
  }
}

function grown(array: Int32Array): Int32Array {
  const larger = new Int32Array(2 * array.length);
  larger.set(array);
  return larger;
}

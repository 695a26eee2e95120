// Objects of a fixed structure (frames), many at once: their numbers where they lie. What is written here goes past the
// accessors, so only while nobody watches the store, and only fields of the object's own. Make one for each run of objects,
// and do not keep it: after a snapshot it would read and write what the snapshot has.
import type { Storage } from "./storage.ts";
import { HEADER, type StructType } from "./struct.ts";

export class Rows {
  /** Where the numbers are of the object that `read` or `write` was called for last. */
  numbers: Float64Array = NOTHING;
  readonly #storage: Storage;
  readonly #shift: number;
  readonly #mask: number;
  readonly #stride: number;
  #chunk = -1;
  #own = false;

  constructor(storage: Storage) {
    this.#storage = storage;
    this.#shift = storage.shift;
    this.#mask = (1 << storage.shift) - 1;
    this.#stride = storage.stride;
  }

  /** The object's first number is at this index of `numbers`. */
  read(slot: number): number {
    const chunk = slot >> this.#shift;
    if (chunk !== this.#chunk) this.#go(chunk, slot, false);
    return (slot & this.#mask) * this.#stride + HEADER;
  }

  /** The same, and `numbers` may be written. */
  write(slot: number): number {
    const chunk = slot >> this.#shift;
    if (chunk !== this.#chunk || !this.#own) this.#go(chunk, slot, true);
    return (slot & this.#mask) * this.#stride + HEADER;
  }

  /** An immutable value of the object. */
  value(slot: number, at: number): unknown {
    const { values, type } = this.#storage;
    return values[slot >> this.#shift]![(slot & this.#mask) * type.values + at];
  }

  #go(chunk: number, slot: number, own: boolean): void {
    if (chunk >= this.#storage.chunks.length) this.#storage.fixed(slot);
    this.numbers = own ? this.#storage.writable(chunk) : this.#storage.chunks[chunk]!;
    this.#chunk = chunk;
    this.#own = own;
  }
}

const NOTHING = new Float64Array(0);

/** Where fields of a structure are, from an object's first number (or value) on. */
export const places = <const N extends string>(type: StructType, ...names: readonly N[]): Readonly<Record<N, number>> =>
  Object.fromEntries(names.map((name) => [name, type.byName.get(name)!.at])) as Record<N, number>;

// Objects of a fixed structure (frames), many at once: their numbers where they lie. What is written here goes past the
// accessors, so only while nobody watches the store, and only fields of the object's own.
import type { Storage } from "./storage.ts";
import { HEADER, type StructType } from "./struct.ts";

export class Rows {
  readonly #storage: Storage;
  readonly #shift: number;
  readonly #mask: number;
  readonly #stride: number;

  constructor(storage: Storage) {
    this.#storage = storage;
    this.#shift = storage.shift;
    this.#mask = (1 << storage.shift) - 1;
    this.#stride = storage.stride;
  }

  /** The numbers among which those of this object are, from `base(slot)` on. */
  read(slot: number): Readonly<Float64Array> {
    return this.#storage.chunks[slot >> this.#shift] ?? this.#covered(slot);
  }

  write(slot: number): Float64Array {
    const chunk = slot >> this.#shift;
    if (chunk >= this.#storage.chunks.length) this.#covered(slot);
    return this.#storage.writable(chunk);
  }

  base(slot: number): number {
    return (slot & this.#mask) * this.#stride + HEADER;
  }

  get(slot: number, at: number): number {
    return this.read(slot)[this.base(slot) + at]!;
  }

  set(slot: number, at: number, value: number): void {
    this.write(slot)[this.base(slot) + at] = value;
  }

  #covered(slot: number): Readonly<Float64Array> {
    this.#storage.fixed(slot);
    return this.#storage.chunks[slot >> this.#shift]!;
  }
}

/** Where fields of a structure are, from an object's base on. */
export const places = <const N extends string>(type: StructType, ...names: readonly N[]): Readonly<Record<N, number>> =>
  Object.fromEntries(names.map((name) => [name, type.byName.get(name)!.at])) as Record<N, number>;

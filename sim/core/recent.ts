// The last so many items of a list that grows: immutable; adding copies a small part.
import type { Hashed } from "./hash.ts";

const BLOCK = 32;

export class Recent<T> implements Hashed {
  readonly length: number;
  readonly #most: number;
  readonly #blocks: readonly (readonly T[])[];
  /** Items of the first block that are forgotten. */
  readonly #skip: number;

  private constructor(most: number, blocks: readonly (readonly T[])[], skip: number, length: number) {
    this.#most = most;
    this.#blocks = blocks;
    this.#skip = skip;
    this.length = length;
  }

  static upTo<T>(most: number): Recent<T> {
    return new Recent<T>(most, [], 0, 0);
  }

  add(item: T): Recent<T> {
    const last = this.#blocks.at(-1);
    const fits = last !== undefined && last.length < BLOCK;
    const blocks = fits ? [...this.#blocks.slice(0, -1), [...last, item]] : [...this.#blocks, [item]];
    if (this.length < this.#most) return new Recent(this.#most, blocks, this.#skip, this.length + 1);
    return this.#skip + 1 < BLOCK
      ? new Recent(this.#most, blocks, this.#skip + 1, this.length)
      : new Recent(this.#most, blocks.slice(1), 0, this.length);
  }

  /** The newest; undefined where there is none. */
  get last(): T | undefined {
    return this.#blocks.at(-1)?.at(-1);
  }

  all(): readonly T[] {
    return this.#blocks.flat().slice(this.#skip);
  }

  hashParts(): Iterable<unknown> {
    return this.all();
  }
}

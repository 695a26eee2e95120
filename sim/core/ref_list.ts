// An immutable ordered list of pointers, as kept in a `refs` field. Changing it makes a new one.
import type { Storage } from "./storage.ts";
import { type Handle, idOf } from "./struct.ts";

export class RefList<T extends Handle> {
  readonly #storage: Storage;
  readonly ids: readonly number[];

  constructor(storage: Storage, ids: readonly number[]) {
    this.#storage = storage;
    this.ids = ids;
  }

  get length(): number {
    return this.ids.length;
  }

  at(index: number): T | undefined {
    const id = this.ids[index];
    return id === undefined ? undefined : (this.#storage.deref(id) as T);
  }

  indexOf(handle: T): number {
    return this.ids.indexOf(idOf(handle));
  }

  /** A list in which `remove` elements from `start` on are replaced. */
  splice(start: number, remove: number, ...insert: T[]): RefList<T> {
    return new RefList(this.#storage, this.ids.toSpliced(start, remove, ...insert.map(idOf)));
  }

  add(handle: T): RefList<T> {
    return new RefList(this.#storage, [...this.ids, idOf(handle)]);
  }

  without(handle: T): RefList<T> {
    const index = this.indexOf(handle);
    return index < 0 ? this : this.splice(index, 1);
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (let i = 0; i < this.ids.length; i++) yield this.at(i)!;
  }
}

// All state of a machine that can change. Everything else follows from it: views, watchpoints, snapshots, hashes.

import type { Fields } from "./fields.ts";
import { Hasher } from "./hash.ts";
import { Storage, type StorageSnapshot } from "./storage.ts";
import { type Handle, type HandleOf, type StructType, structId } from "./struct.ts";

/** A state of the whole store. Holding one costs what is written after it was taken. */
export interface StoreSnapshot {
  readonly storages: readonly StorageSnapshot[];
}

/** Bytes that the older of two snapshots holds alone: chunks that were written between them. */
export function bytesBetween(older: StoreSnapshot, newer: StoreSnapshot): number {
  let bytes = 0;
  older.storages.forEach(({ chunks, values }, i) => {
    const { chunks: later, values: laterValues } = newer.storages[i]!;
    for (let chunk = 0; chunk < chunks.length; chunk++) {
      if (chunks[chunk] !== later[chunk]) bytes += chunks[chunk]!.byteLength;
      if (values[chunk] !== laterValues[chunk]) bytes += 8 * values[chunk]!.length;
    }
  });
  return bytes;
}

export type StaleUse = (handle: Handle, field: string, how: "read" | "written" | "freed again") => void;

export class Store {
  /** Changes with every snapshot and restore: chunks of older epochs are shared and must be copied before a write. */
  epoch = 1;
  /** Bytes copied because of snapshots, so far. */
  copiedBytes = 0;
  /** Told of every use of a freed object. */
  onStale: StaleUse = () => {};
  /** The current step, for the birth and death dates of objects. */
  now: () => number = () => 0;
  /** Somebody watches writes to some place. */
  get watched(): boolean {
    return this.#storages.some((storage) => storage.watched);
  }
  readonly #storages: Storage[] = [];
  /** By `structId`. */
  readonly byId: Storage[] = [];

  // biome-ignore lint/suspicious/noExplicitAny: any structure may be defined
  define(type: StructType<any>): Storage {
    const storage = new Storage(this, type);
    this.#storages.push(storage);
    this.byId[structId(type.name)] = storage;
    return storage;
  }

  get storages(): readonly Storage[] {
    return this.#storages;
  }

  storage(name: string): Storage {
    const found = this.byId[structId(name)];
    if (!found) throw new Error(`structure ${name} is not defined in this machine`);
    return found;
  }

  alloc<F extends Fields>(type: StructType<F>): HandleOf<F> {
    return this.byId[structId(type.name)]!.alloc() as HandleOf<F>;
  }

  /** `step`: its date. */
  free(handle: Handle, step = this.now()): void {
    handle.$.free(handle, step);
  }

  all<F extends Fields>(type: StructType<F>): IterableIterator<HandleOf<F>> {
    return this.storage(type.name).all() as IterableIterator<HandleOf<F>>;
  }

  snapshot(): StoreSnapshot {
    this.epoch++;
    return { storages: this.#storages.map((storage) => storage.snapshot()) };
  }

  restore(snapshot: StoreSnapshot): void {
    const before = this.epoch++;
    snapshot.storages.forEach((kept, i) => {
      this.#storages[i]!.restore(kept, before);
    });
  }

  /** Equal for equal states, whatever way led to them. */
  hash(): string {
    const hasher = new Hasher();
    for (const storage of this.#storages) hasher.storage(storage);
    return hasher.digest();
  }
}

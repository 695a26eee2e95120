// All objects of one structure type in one machine: numbers in typed arrays, immutable values beside them, both in
// chunks that are copied when first written after a snapshot.
import { RefList } from "./ref_list.ts";
import type { Store } from "./store.ts";
import { genOf, Handle, HEADER, type Place, type StructType, slotOf, tracing } from "./struct.ts";

/** What a watchpoint sees: the place written, before the write. */
export interface Watch {
  readonly chunk: number;
  readonly index: number;
  hit(before: number, after: number): void;
}

/** What a snapshot keeps of a storage. */
export interface StorageSnapshot {
  readonly chunks: readonly Float64Array[];
  readonly values: readonly (readonly unknown[])[];
  readonly top: number;
  readonly firstFree: number;
  readonly live: number;
}

/** What is written together should lie together; what is not should not be copied with it. */
const CHUNK_NUMBERS = { allocated: 256, numbered: 2048 };

interface Blank {
  readonly numbers: Float64Array;
  readonly values: readonly unknown[];
}

/** What a new chunk holds; never written, so that all machines share it. */
const blanks = new WeakMap<StructType, Blank>();

function blankOf(type: StructType, numbers: number, objects: number): Blank {
  let blank = blanks.get(type);
  if (!blank) {
    const values = Object.freeze(Array.from({ length: objects }, () => type.initial).flat());
    blank = { numbers: new Float64Array(numbers), values };
    blanks.set(type, blank);
  }
  return blank;
}

export class Storage {
  readonly store: Store;
  readonly type: StructType;
  /**
   * Numbers by chunk; within a chunk objects follow each other, `stride` numbers each. Numbered objects never end: one header, of
   * zeros, stands before all of a chunk.
   */
  readonly chunks: Float64Array[] = [];
  readonly values: unknown[][] = [];
  /**
   * By chunk: the store's epoch if the chunk is our own, the negative epoch if it is our own and somebody watches it;
   * anything else: shared with a snapshot, to be copied before a write.
   */
  readonly epochs: number[] = [];
  /** By chunk: the store's epoch if its values are our own too. */
  readonly #valueEpochs: number[] = [];
  readonly stride: number;
  readonly shift: number;
  /** Slots in use so far, free ones among them. */
  top = 0;
  live = 0;
  readonly #numbered: boolean;
  #firstFree = -1;
  #handles: (Handle | undefined)[] = [];
  #watches: Watch[] = [];
  /** By chunk: one that was our own when the storage went back in time, to be written over by the next copy. */
  readonly #spares: (Float64Array | undefined)[] = [];
  /** A snapshot of what is here now, if there is one: nothing was written since. */
  #kept: StorageSnapshot | null = null;
  readonly #blank: Float64Array;
  readonly #blankValues: readonly unknown[];

  constructor(store: Store, type: StructType) {
    this.store = store;
    this.type = type;
    this.#numbered = type.population === "numbered";
    // A freed object links to the next one where its first number was.
    this.stride = this.#numbered ? type.numbers : Math.max(1, type.numbers) + HEADER;
    this.shift = Math.max(0, Math.floor(Math.log2(CHUNK_NUMBERS[type.population] / this.stride)));
    const numbers = (this.stride << this.shift) + (this.#numbered ? HEADER : 0);
    const blank = blankOf(type, numbers, 1 << this.shift);
    this.#blank = blank.numbers;
    this.#blankValues = blank.values;
  }

  /** A new object, every field 0, null or its initial value. */
  alloc(): Handle {
    this.#checkAllocated();
    let slot = this.#firstFree;
    if (slot < 0) {
      slot = this.top++;
      this.#cover(slot);
    }
    const { chunk, genAt, valueBase } = this.place(slot);
    this.#own(chunk);
    const numbers = this.chunks[chunk]!;
    const gen = numbers[genAt]! + 1;
    if (slot === this.#firstFree) this.#firstFree = numbers[genAt + HEADER]! - 1;
    numbers.fill(0, genAt, genAt + this.stride);
    numbers[genAt] = gen;
    numbers[genAt + 1] = this.store.now();
    if (this.type.values > 0) this.#ownValues(chunk);
    const values = this.values[chunk]!;
    for (let i = 0; i < this.type.values; i++) values[valueBase + i] = this.type.initial[i];
    this.live++;
    return this.handle(slot, gen);
  }

  /** Ends an object's life. Later reads and writes through pointers to it are reported. */
  free(handle: Handle, step: number): void {
    this.#checkAllocated();
    const { chunk, genAt } = handle;
    if (this.chunks[chunk]![genAt] !== handle.gen) {
      this.stale(handle, "", "freed again");
      return;
    }
    tracing()?.free(handle);
    this.#own(chunk);
    const numbers = this.chunks[chunk]!;
    numbers[genAt] = handle.gen + 1;
    numbers[genAt + 2] = step;
    // Poison: what is read through a stale pointer is recognisable. The first number links the free slots.
    numbers.fill(POISON, genAt + HEADER, genAt + this.stride);
    numbers[genAt + HEADER] = this.#firstFree + 1;
    this.#firstFree = handle.slot;
    this.live--;
  }

  /** Numbered objects share a header: none of them could end alone. */
  #checkAllocated(): void {
    if (this.#numbered) throw new Error(`objects of ${this.type.name} are numbered: they are always there`);
  }

  /** The object of a fixed structure (frames): slot = number of the frame; never allocated nor freed here. */
  fixed(slot: number): Handle {
    const known = this.#handles[slot];
    if (known) return known;
    if (slot >= this.top) {
      this.top = slot + 1;
      this.#kept = null;
      this.#cover(slot);
    }
    return this.handle(slot, 0);
  }

  isAlive(handle: Handle): boolean {
    return this.chunks[handle.chunk]![handle.genAt] === handle.gen;
  }

  /** Steps at which the object that now is, or last was, in this slot was allocated and freed; 0: never. */
  bornAt(handle: Handle): number {
    return this.chunks[handle.chunk]![handle.genAt + 1]!;
  }

  diedAt(handle: Handle): number {
    return this.chunks[handle.chunk]![handle.genAt + 2]!;
  }

  /** Generation of the object that is in a slot, odd, or what the last one left, even; it only grows. */
  lifeAt(slot: number): number {
    const { chunk, genAt } = this.place(slot);
    return this.chunks[chunk]?.[genAt] ?? 0;
  }

  deref(id: number): Handle {
    return this.handle(slotOf(id), genOf(id));
  }

  handle(slot: number, gen: number): Handle {
    const known = this.#handles[slot];
    if (known && known.gen === gen) return known;
    const place = this.place(slot);
    const made = new Handle(this, this.type, slot, gen, place);
    if (this.chunks[place.chunk]?.[place.genAt] === gen) this.#handles[slot] = made;
    return made;
  }

  /** From now on this is the pointer to its object. For who has kept it while the store went to another time and back. */
  adopt({ whole }: Handle): void {
    if (!this.#numbered && this.isAlive(whole)) this.#handles[whole.slot] = whole;
  }

  list(ids: readonly number[]): RefList<Handle> {
    return new RefList(this, ids);
  }

  /** The storage that the field with this name number points to. */
  target(type: StructType, nameId: number): Storage {
    return this.store.byId[type.to[nameId]!]!;
  }

  place(slot: number): Place {
    const chunk = slot >> this.shift;
    const within = slot - (chunk << this.shift);
    const base = within * this.stride + HEADER;
    return { chunk, genAt: this.#numbered ? 0 : base - HEADER, base, valueBase: within * this.type.values };
  }

  /** Where an embedded object's first number is in the object that `handle` is a part of. */
  offset({ base, genAt }: Handle): number {
    return this.#numbered ? (base - HEADER) % this.stride : base - HEADER - genAt;
  }

  /** Living objects in order of their slots. */
  *all(): IterableIterator<Handle> {
    for (let slot = 0; slot < this.top; slot++) {
      const { chunk, genAt } = this.place(slot);
      const gen = this.chunks[chunk]![genAt]!;
      if (gen % 2 === 1) yield this.handle(slot, gen);
    }
  }

  stale(handle: Handle, field: string, how: "read" | "written" | "freed again"): void {
    this.store.onStale(handle, field, how);
  }

  /** Slow path of every write: the chunk is shared with a snapshot, or somebody watches it. */
  beforeWrite(chunk: number, index: number, after: number): void {
    this.#own(chunk);
    for (const watch of this.#watches) {
      if (watch.chunk !== chunk) continue;
      this.epochs[chunk] = -this.store.epoch;
      if (watch.index === index) watch.hit(this.chunks[chunk]![index]!, after);
    }
  }

  setValue(handle: Handle, field: string, index: number, v: unknown): void {
    const { chunk } = handle;
    if (this.epochs[chunk] !== this.store.epoch) this.beforeWrite(chunk, -1 - index, 0);
    if (this.chunks[chunk]![handle.genAt] !== handle.gen) this.stale(handle, field, "written");
    this.#ownValues(chunk);
    this.values[chunk]![index] = v;
  }

  /** From now on writes to these places are told before they happen. Values have negative indexes: -1 - index. */
  watch(watches: readonly Watch[]): void {
    this.#watches = [...watches];
    for (const { chunk } of watches)
      if (this.epochs[chunk] === this.store.epoch) this.epochs[chunk] = -this.store.epoch;
  }

  /** One place more, until `watch` is called again. */
  alsoWatch(watch: Watch): void {
    this.watch([...this.#watches, watch]);
  }

  get watched(): boolean {
    return this.#watches.length > 0;
  }

  /** A chunk's numbers, to be written where they lie. For who does many objects at once, while nobody watches. */
  writable(chunk: number): Float64Array {
    this.#own(chunk);
    return this.chunks[chunk]!;
  }

  snapshot(): StorageSnapshot {
    this.#kept ??= {
      chunks: this.chunks.slice(),
      values: this.values.slice(),
      top: this.top,
      firstFree: this.#firstFree,
      live: this.live,
    };
    return this.#kept;
  }

  /** `epoch`: the store's, before it goes back. */
  restore(snapshot: StorageSnapshot, epoch: number): void {
    if (snapshot === this.#kept) return;
    const { length } = snapshot.chunks;
    for (let i = 0; i < length; i++) {
      if (this.chunks[i] === snapshot.chunks[i] && this.values[i] === snapshot.values[i]) continue;
      if (Math.abs(this.epochs[i]!) === epoch) this.#spares[i] = this.chunks[i]!;
      this.chunks[i] = snapshot.chunks[i]!;
      this.values[i] = snapshot.values[i] as unknown[];
    }
    // Handles of fixed objects stay valid: chunks that came later are blank again, not gone.
    for (let i = length; i < this.chunks.length; i++) this.#clear(i);
    this.top = snapshot.top;
    this.live = snapshot.live;
    this.#firstFree = snapshot.firstFree;
    // Unless it has fewer chunks than there are by now.
    this.#kept = snapshot.chunks.length === this.chunks.length ? snapshot : null;
  }

  /** Chunks that hold something, for hashes: never-written ones are all the same. */
  *written(): IterableIterator<{ chunk: number; numbers: Float64Array; values: readonly unknown[]; shared: boolean }> {
    for (let chunk = 0; chunk < this.chunks.length; chunk++) {
      const numbers = this.chunks[chunk]!;
      const values = this.values[chunk]!;
      const shared = Math.abs(this.epochs[chunk]!) !== this.store.epoch;
      if (numbers !== this.#blank || values !== this.#blankValues) yield { chunk, numbers, values, shared };
    }
  }

  #cover(slot: number): void {
    for (let chunk = this.chunks.length; chunk <= slot >> this.shift; chunk++) {
      this.#kept = null;
      this.#clear(chunk);
    }
  }

  #clear(chunk: number): void {
    this.chunks[chunk] = this.#blank;
    this.values[chunk] = this.#blankValues as unknown[];
    this.epochs[chunk] = 0;
    this.#valueEpochs[chunk] = 0;
  }

  #own(chunk: number): void {
    if (Math.abs(this.epochs[chunk]!) === this.store.epoch) return;
    this.#kept = null;
    const copy = this.#copy(chunk);
    this.chunks[chunk] = copy;
    // An allocation makes a chunk our own too: the writes that follow must not slip past who watches it.
    const watched = this.#watches.some((watch) => watch.chunk === chunk);
    this.epochs[chunk] = watched ? -this.store.epoch : this.store.epoch;
    this.store.copiedBytes += copy.byteLength;
  }

  #copy(chunk: number): Float64Array {
    const spare = this.#spares[chunk];
    if (!spare) return this.chunks[chunk]!.slice();
    this.#spares[chunk] = undefined;
    spare.set(this.chunks[chunk]!);
    return spare;
  }

  /** After the chunk's numbers. */
  #ownValues(chunk: number): void {
    if (this.#valueEpochs[chunk] === this.store.epoch) return;
    const copy = this.values[chunk]!.slice();
    this.values[chunk] = copy;
    this.#valueEpochs[chunk] = this.store.epoch;
    this.store.copiedBytes += 8 * copy.length;
  }
}

/** 0x6b6b6b6b, the byte with which Linux poisons freed objects. */
export const POISON = 0x6b6b6b6b;

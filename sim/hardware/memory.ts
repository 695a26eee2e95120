// Physical memory: frames of 4096 bytes. Most frames are all zero or hold one word; only what is really used takes room.
// A frame that was freed keeps its contents until it is written again, and a frame may be read as data or as a page table.
import { array, number, oneOf, ref } from "../core/fields.ts";
import type { Store } from "../core/store.ts";
import { type Handle, numberedStruct, numbersOf, type Of, struct } from "../core/struct.ts";
import { fromRaw, PTRS_PER_TABLE, toRaw } from "./entry.ts";

export const ZERO = 0;
export const ONE_WORD = 1;
export const PAGE_TABLE = 2;
const DATA = 3;

/** 512 entries in the encoding of entry.ts. */
export const table_words = struct("table_words", { entries: array(PTRS_PER_TABLE, "hex") });
/** 512 words of 64 bits, low half first. */
export const data_words = struct("data_words", { halves: array(2 * PTRS_PER_TABLE, "hex") });
/** The contents of one frame; slot = frame number. */
export const frame = numberedStruct("frame", {
  contents: oneOf({ [ZERO]: "zero", [ONE_WORD]: "one word", [PAGE_TABLE]: "page table", [DATA]: "data" }),
  word_at: number(),
  word_low: number("hex"),
  word_high: number("hex"),
  table: ref<TableWords>("table_words"),
  data: ref<DataWords>("data_words"),
});

export interface TableWords extends Of<typeof table_words> {}
export interface DataWords extends Of<typeof data_words> {}
export interface Frame extends Of<typeof frame> {}

export class Memory {
  readonly #store: Store;
  readonly #frames: { fixed(slot: number): Handle };
  /** The two halves of the word that `readWord` read last. */
  low = 0;
  high = 0;

  constructor(store: Store) {
    this.#store = store;
    store.define(table_words);
    store.define(data_words);
    this.#frames = store.define(frame);
  }

  frame(pfn: number): Frame {
    return this.#frames.fixed(pfn) as Frame;
  }

  /** Makes the frame all zero; `step`: which step that belongs to. */
  clear(pfn: number, step = this.#store.now()): void {
    const f = this.frame(pfn);
    if (f.contents !== ZERO) this.#drop(f, ZERO, step);
  }

  copy(from: number, to: number): void {
    const f = this.frame(from);
    this.clear(to);
    if (f.contents === ONE_WORD) this.writeWord(to, f.word_at, f.word_low, f.word_high);
    if (f.contents === ZERO || f.contents === ONE_WORD) return;
    for (let i = 0; i < PTRS_PER_TABLE; i++) {
      this.readWord(from, i);
      if (this.low !== 0 || this.high !== 0) this.writeWord(to, i, this.low, this.high);
    }
  }

  /** Entry `index` of a frame read as a page table. */
  readEntry(pfn: number, index: number): number {
    const f = this.frame(pfn);
    if (f.contents === PAGE_TABLE) return f.table!.entries(index);
    if (f.contents === ZERO) return 0;
    this.readWord(pfn, index);
    return fromRaw((BigInt(this.high) << 32n) | BigInt(this.low));
  }

  /** The same for many entries of one frame. */
  entryReader(pfn: number): (index: number) => number {
    const { contents, table } = this.frame(pfn);
    if (contents === PAGE_TABLE) return (index) => table!.entries(index);
    return contents === ZERO ? () => 0 : (index) => this.readEntry(pfn, index);
  }

  /** Whether a frame read as a page table has no entry. */
  isEmptyTable(pfn: number): boolean {
    const { contents, table } = this.frame(pfn);
    if (contents === PAGE_TABLE) {
      const numbers = numbersOf(table!);
      const end = table!.base + PTRS_PER_TABLE;
      for (let i = table!.base; i < end; i++) if (numbers[i] !== 0) return false;
      return true;
    }
    for (let i = 0; i < PTRS_PER_TABLE; i++) if (this.readEntry(pfn, i) !== 0) return false;
    return true;
  }

  writeEntry(pfn: number, index: number, entry: number): void {
    const f = this.frame(pfn);
    if (f.contents === ZERO) this.#becomeTable(f);
    if (f.contents === PAGE_TABLE) f.table!.set_entries(index, entry);
    else this.#writeRaw(pfn, index, toRaw(entry));
  }

  /** Word `index` (8 bytes each) into `low` and `high`. */
  readWord(pfn: number, index: number): void {
    const f = this.frame(pfn);
    this.low = 0;
    this.high = 0;
    if (f.contents === ONE_WORD && f.word_at === index) {
      this.low = f.word_low;
      this.high = f.word_high;
    } else if (f.contents === DATA) {
      this.low = f.data!.halves(2 * index);
      this.high = f.data!.halves(2 * index + 1);
    } else if (f.contents === PAGE_TABLE) {
      const raw = toRaw(f.table!.entries(index));
      this.low = Number(raw & 0xffff_ffffn);
      this.high = Number(raw >> 32n);
    }
  }

  writeWord(pfn: number, index: number, low: number, high: number): void {
    const f = this.frame(pfn);
    if (f.contents === PAGE_TABLE) {
      const raw = (BigInt(high) << 32n) | BigInt(low);
      const entry = fromRaw(raw);
      if (toRaw(entry) === raw) {
        f.table!.set_entries(index, entry);
        return;
      }
      this.#tableBecomesData(f);
    }
    if (f.contents === ZERO || (f.contents === ONE_WORD && f.word_at === index)) {
      f.contents = ONE_WORD;
      f.word_at = index;
      f.word_low = low;
      f.word_high = high;
      return;
    }
    if (f.contents === ONE_WORD) this.#becomeData(f);
    f.data!.set_halves(2 * index, low);
    f.data!.set_halves(2 * index + 1, high);
  }

  #writeRaw(pfn: number, index: number, raw: bigint): void {
    this.writeWord(pfn, index, Number(raw & 0xffff_ffffn), Number(raw >> 32n));
  }

  #becomeTable(f: Frame): void {
    const table = this.#store.alloc(table_words) as TableWords;
    this.#drop(f, PAGE_TABLE);
    f.table = table;
  }

  /** No entry of a page table is lost when it is used as other memory is. */
  #tableBecomesData(f: Frame): void {
    const data = this.#store.alloc(data_words) as DataWords;
    for (let i = 0; i < PTRS_PER_TABLE; i++) {
      const raw = toRaw(f.table!.entries(i));
      if (raw === 0n) continue;
      data.set_halves(2 * i, Number(raw & 0xffff_ffffn));
      data.set_halves(2 * i + 1, Number(raw >> 32n));
    }
    this.#drop(f, DATA);
    f.data = data;
  }

  #becomeData(f: Frame): void {
    const data = this.#store.alloc(data_words) as DataWords;
    data.set_halves(2 * f.word_at, f.word_low);
    data.set_halves(2 * f.word_at + 1, f.word_high);
    this.#drop(f, DATA);
    f.data = data;
  }

  #drop(f: Frame, contents: number, step = this.#store.now()): void {
    if (f.table) this.#store.free(f.table, step);
    if (f.data) this.#store.free(f.data, step);
    f.table = null;
    f.data = null;
    f.word_at = 0;
    f.word_low = 0;
    f.word_high = 0;
    f.contents = contents;
  }
}

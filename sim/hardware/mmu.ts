// The MMU: translates an address through the TLB or by a walk of four or five levels, sets accessed and dirty bits, and says why
// when it cannot (SDM vol. 3, 4.5 to 4.10).
import {
  _PAGE_ACCESSED,
  _PAGE_DIRTY,
  _PAGE_PRESENT,
  _PAGE_PSE,
  _PAGE_RW,
  _PAGE_USER,
  entryFlag,
  entryNx,
  entryPfn,
  withFlags,
} from "./entry.ts";
import type { Memory } from "./memory.ts";
import { type Tlb, tlbFill, tlbLookup } from "./tlb.ts";

/** Bits of the page-fault error code. */
export const X86_PF_PROT = 1;
export const X86_PF_WRITE = 2;
export const X86_PF_USER = 4;
export const X86_PF_INSTR = 16;

export type Access = "read" | "write" | "exec";

/** What happened on the way; the MMU's results, valid until its next translation. */
export class Mmu {
  readonly #memory: Memory;
  /** Level of the top-level table: 4, or 5 with LA57. */
  readonly #top: number;
  /** Frame of the address, where the translation succeeded. */
  pfn = 0;
  /** Error code of the page fault, where it failed; whether it was in user mode (X86_PF_USER) the CPU knows. */
  error = 0;
  /** Whether it came from the TLB, and the entry used, with its level. */
  hit = false;
  entry = 0;
  level = 0;
  /** Tables that were read by the walk, top level first. */
  readonly walked: number[] = [0, 0, 0, 0, 0];
  steps = 0;

  constructor(memory: Memory, levels: number) {
    this.#memory = memory;
    this.#top = levels;
  }

  /** Whether the access is allowed; fills the TLB. `root` is the frame of the top-level table. */
  translate(tlb: Tlb, pcid: number, root: number, address: number, access: Access): boolean {
    this.steps = 0;
    const cached = this.#cached(tlb, pcid, address);
    if (cached && permits(this.entry, access) && (access !== "write" || entryFlag(this.entry, _PAGE_DIRTY))) {
      this.hit = true;
      this.pfn = entryPfn(this.entry) + pageWithin(address, this.level);
      return true;
    }
    this.hit = false;
    return this.#walk(tlb, pcid, root, address, access);
  }

  /** An address where programs have nothing: no table of theirs is read. */
  refuse(access: Access): false {
    this.steps = 0;
    return this.#fault(access, 0);
  }

  #cached(tlb: Tlb, pcid: number, address: number): boolean {
    this.level = 1;
    this.entry = tlbLookup(tlb, address, 1, pcid);
    if (this.entry !== 0) return true;
    this.level = 2;
    this.entry = tlbLookup(tlb, address, 2, pcid);
    return this.entry !== 0 && entryFlag(this.entry, _PAGE_PSE);
  }

  /** From the lowest paging-structure cache entry that covers the address, else from the root. */
  #walk(tlb: Tlb, pcid: number, root: number, address: number, access: Access): boolean {
    let table = root;
    const top = this.#top;
    let level = top;
    let allowed = _PAGE_RW | _PAGE_USER;
    for (let cachedLevel = 2; cachedLevel <= top; cachedLevel++) {
      const upper = tlbLookup(tlb, address, cachedLevel, pcid);
      if (upper === 0 || entryFlag(upper, _PAGE_PSE)) continue;
      table = entryPfn(upper);
      level = cachedLevel - 1;
      allowed &= upper;
      break;
    }
    let nx = false;
    for (; ; level--) {
      this.walked[this.steps++] = table;
      const index = indexAt(address, level);
      const entry = this.#memory.readEntry(table, index);
      if (!entryFlag(entry, _PAGE_PRESENT)) return this.#fault(access, 0);
      allowed &= entry;
      nx ||= entryNx(entry);
      const leaf = level === 1 || entryFlag(entry, _PAGE_PSE);
      if (leaf) return this.#leaf(tlb, pcid, address, access, { table, index, level, entry, allowed, nx });
      if (!entryFlag(entry, _PAGE_ACCESSED)) this.#memory.writeEntry(table, index, withFlags(entry, _PAGE_ACCESSED));
      tlbFill(tlb, address, level, pcid, entry);
      table = entryPfn(entry);
    }
  }

  #leaf(tlb: Tlb, pcid: number, address: number, access: Access, at: Leaf): boolean {
    const { table, index, level, entry, allowed, nx } = at;
    if (!(allowed & _PAGE_USER) || (access === "write" && !(allowed & _PAGE_RW)) || (access === "exec" && nx))
      return this.#fault(access, X86_PF_PROT);
    const used = withFlags(entry, access === "write" ? _PAGE_ACCESSED | _PAGE_DIRTY : _PAGE_ACCESSED);
    if (used !== entry) this.#memory.writeEntry(table, index, used);
    // The TLB keeps the rights of the whole way down, not those of the leaf alone.
    const effective = allowed & _PAGE_RW ? used : used - (used & _PAGE_RW);
    tlbFill(tlb, address, level, pcid, effective);
    this.entry = effective;
    this.level = level;
    this.pfn = entryPfn(entry) + pageWithin(address, level);
    return true;
  }

  #fault(access: Access, protection: number): false {
    this.error = protection | (access === "write" ? X86_PF_WRITE : 0) | (access === "exec" ? X86_PF_INSTR : 0);
    return false;
  }
}

interface Leaf {
  table: number;
  index: number;
  level: number;
  entry: number;
  allowed: number;
  nx: boolean;
}

/** Index of an address in the table of a level (1: PTE table … 4: P4D, or PGD with four levels, 5: PGD). */
export const indexAt = (address: number, level: number): number => Math.floor(address / SPAN[level]!) & 511;

/** Bytes that an entry of a level covers. */
const SPAN = [0, 2 ** 12, 2 ** 21, 2 ** 30, 2 ** 39, 2 ** 48];

/** Page of an address within a leaf of a level, in frames. */
const pageWithin = (address: number, level: number): number =>
  level === 1 ? 0 : Math.floor((address % 2 ** (12 + 9 * (level - 1))) / 4096);

const permits = (entry: number, access: Access): boolean =>
  entryFlag(entry, _PAGE_USER) &&
  (access !== "write" || entryFlag(entry, _PAGE_RW)) &&
  (access !== "exec" || !entryNx(entry));

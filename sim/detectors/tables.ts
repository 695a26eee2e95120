// Page tables as detectors read them: without steps, and without any function that a design could replace.
import { _PAGE_PRESENT, _PAGE_PSE, _PAGE_RW, entryNx, entryPfn } from "../hardware/entry.ts";
import { indexAt } from "../hardware/mmu.ts";
import type { Context } from "./context.ts";

const LEVEL_NAMES = ["", "PTE", "PMD", "PUD", "P4D", "PGD"] as const;

/** By level: 1 PTE … 4 P4D, 5 PGD; with four levels 4 is the PGD. */
export const levelName = (context: Context, level: number): string =>
  LEVEL_NAMES[level === topLevel(context) ? 5 : level]!;
export const topLevel = (context: Context): number => context.system.config.levels;

/** Bytes that one entry of a table of this level covers. */
export const levelSize = (level: number): number => 2 ** (12 + 9 * (level - 1));

/** Entries of a table that are not empty. */
export function* presentEntries(context: Context, pfn: number): IterableIterator<{ index: number; entry: number }> {
  const words = wordsOf(context, pfn);
  if (!words) return;
  const { numbers, base } = words;
  for (let index = 0; index < 512; index++) {
    const entry = numbers[base + index]!;
    if (entry !== 0) yield { index, entry };
  }
}

/** Whether a table has an entry that is not empty. */
export function hasEntries(context: Context, pfn: number): boolean {
  const words = wordsOf(context, pfn);
  if (!words) return false;
  const { numbers, base } = words;
  for (let i = base; i < base + 512; i++) if (numbers[i] !== 0) return true;
  return false;
}

function wordsOf(context: Context, pfn: number): { numbers: Float64Array; base: number } | null {
  const { table } = context.system.straight.memory.frame(pfn);
  return table && { numbers: table.$.chunks[table.chunk]!, base: table.base };
}

/** The table of `level` in which the entry for an address is, from the top-level table in frame `root`; 0: there is none. */
export function tableAt(context: Context, root: number, address: number, level: number): number {
  const { memory } = context.system.straight;
  let table = root;
  for (let at = topLevel(context); at > level; at--) {
    const entry = memory.readEntry(table, indexAt(address, at));
    if (!(entry & _PAGE_PRESENT) || entry & _PAGE_PSE) return 0;
    table = entryPfn(entry);
  }
  return table;
}

/** What a walk from `root` gives: the leaf with the rights of the whole way, and its level; entry 0: nothing. */
export const walked = { entry: 0, level: 0 };

/** Walks from the top-level table in frame `root` as the MMU would, with nothing cached. Result in `walked`. */
export function walk(context: Context, root: number, address: number): void {
  const { memory } = context.system.straight;
  let table = root;
  let writable = true;
  let nx = false;
  for (let level = topLevel(context); level > 0; level--) {
    const entry = memory.readEntry(table, indexAt(address, level));
    if (!(entry & _PAGE_PRESENT)) break;
    writable &&= (entry & _PAGE_RW) !== 0;
    nx ||= entryNx(entry);
    if (level === 1 || entry & _PAGE_PSE) {
      walked.level = level;
      walked.entry = withRights(entry, writable, nx);
      return;
    }
    table = entryPfn(entry);
  }
  walked.entry = 0;
  walked.level = 0;
}

function withRights(entry: number, writable: boolean, nx: boolean): number {
  const limited = writable ? entry : entry - (entry & _PAGE_RW);
  return nx && !entryNx(limited) ? limited + 2 ** 52 : limited;
}

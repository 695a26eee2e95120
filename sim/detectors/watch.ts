// What detectors remember, declared like all structures: it lives in the store and goes back in time with it.
import { array, bool, number, value } from "../core/fields.ts";
import { numberedStruct, type Of, struct } from "../core/struct.ts";
import type { Debt } from "./debt.ts";
import { LockOrder } from "./lock_order.ts";

/** Locks that one thread can hold at a time. Linux's lockdep gives up at 48. */
export const MOST_LOCKS = 48;

const NONE: readonly number[] = [];

/** Of each thread. */
export const thread_watch = struct("thread_watch", {
  /** Locks held, in the order of taking. */
  held: number(),
  lock_ids: array(MOST_LOCKS, "hex"),
  /** Class, place and mode in one number (held_locks.ts). */
  lock_kinds: array(MOST_LOCKS, "hex"),
  /** In how many system calls it is. */
  in_syscall: number(),
  /** Stale translations that it has to have flushed until it returns to user space. */
  owed: value<Debt | null>(null),
  /** The range in which it unlinked VMAs since it took mmap_lock, and of which mm. */
  unlinked_mm: number("hex"),
  unlinked_from: number("address"),
  unlinked_to: number("address"),
  /** PMD tables of hugetlb that it has taken from address spaces, under locks that it still holds: frame and mm in turn. */
  unshared: value<readonly number[]>(NONE),
  /** The VMA of its last access, while `vma_epoch` is the machine's. */
  vma_epoch: number(),
  vma_mm: number("hex"),
  vma_from: number("address"),
  vma_to: number("address"),
  vma_flags: number("hex"),
  vma_pgoff: number(),
  /** What the VMA maps (accesses.ts), and the file's page cache. */
  vma_kind: number(),
  vma_mapping: number("hex"),
});

export const NO_FILLS = NONE;

/** Of each frame. */
export const frame_watch = numberedStruct("frame_watch", {
  /** FRAME_UNKNOWN, FRAME_IN_USE, FRAME_FREE */
  state: number(),
  /** Translations to it that were put into TLBs, and may be there still (tlb_watch.ts); the rest in `fills`. */
  fill: number("hex"),
  fills: value<readonly number[]>(NO_FILLS),
  /** Entries of guests' stage-2 tables that lead to it. */
  guests: number(),
  /** The word that was stored last: its index plus 1, 0 for none; its two halves. */
  word: number(),
  word_low: number("hex"),
  word_high: number("hex"),
});

/** Of each frame that is a page table, or was one. */
export const table_watch = numberedStruct("table_watch", {
  /** Entries that lead to it; its level and the address of the first, the other addresses. */
  links: number(),
  link_level: number(),
  link_address: number("address"),
  link_others: value<readonly number[]>([]),
  /** It still had entries when it was unlinked. */
  unlinked_full: bool(),
  /** The mm that had it as a PMD table of hugetlb last, and gave it up; 0: nobody did. */
  given_up_by: number("hex"),
  /** It is a page table, and its destructor has not run. */
  is_table: bool(),
});

export const FRAME_UNKNOWN = 0;
export const FRAME_IN_USE = 1;
export const FRAME_FREE = 2;

/** Of the machine. */
export const machine_watch = struct("machine_watch", {
  /** Moves on whenever a VMA changes. */
  vma_epoch: number(),
  /** Names of the lock classes that were seen; a class is its index. */
  lock_classes: value<readonly string[]>([]),
  lock_order: value<LockOrder>(LockOrder.empty),
  /** Stale translations whose flush is overdue (tlb_watch.ts). */
  overdue: number(),
  /** Entries of guests' stage-2 tables. */
  guests: number(),
  /** Somebody hangs in a call for ever, and still has what the call took. */
  hung: bool(),
});

/** A cached translation that grants more than the page tables do, and whose flush is overdue. */
export const stale_watch = struct("stale_watch", {
  /** Where it is cached (tlb_watch.ts) and what it leads to. */
  fill: number("hex"),
  pfn: number("pfn"),
});

export interface ThreadWatch extends Of<typeof thread_watch> {}
export interface TableWatch extends Of<typeof table_watch> {}
export interface FrameWatch extends Of<typeof frame_watch> {}
export interface MachineWatch extends Of<typeof machine_watch> {}
export interface StaleWatch extends Of<typeof stale_watch> {}

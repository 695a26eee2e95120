// Gathering what an unmap frees until the TLBs have been flushed (mm/mmu_gather.c): first unhook, then flush, then free.
import { value } from "../../core/fields.ts";
import { type Of, struct } from "../../core/struct.ts";
import type { Steps } from "../../core/thread.ts";
import { alignDown, PMD_SIZE, PUD_SIZE } from "../arch/x86/mm/pgtable.ts";
import { TLB_FLUSH_ALL } from "../arch/x86/mm/tlb.ts";
import type { Kernel } from "../kernel.ts";
import type { Mm, Page, Vma } from "../mm_types.ts";

/** Pages in the first batch of a gather, which is in the structure itself, and in each of 19 more: one place of each stays free. */
const FIRST_BATCH = 8 - 1;
const NEXT_BATCH = 510 - 1;
/** Pages that fit into all batches of a gather; then it has to flush. */
export const GATHER_LIMIT = FIRST_BATCH + 19 * NEXT_BATCH;
/** Page tables that wait together for a grace period. */
const MAX_TABLE_BATCH = 509;

/** Tables that wait for a grace period together. */
export const mmu_table_batch = struct("mmu_table_batch", { tables: value<readonly number[]>([]) });
export interface MmuTableBatch extends Of<typeof mmu_table_batch> {}

/**
 * Whether tables are freed by a callback of RCU: always since 6.14, as who walks them may hold nothing but `rcu_read_lock`. 6.12
 * on bare metal frees them after their flush: its IPIs wait for those who walk with interrupts off.
 */
const frees_tables_by_rcu = ({ config }: Kernel): boolean => config.version !== "6.12" || config.ptReclaim;

/** struct mmu_gather */
export interface MmuGather {
  readonly mm: Mm;
  /** The whole address space goes: ranges do not matter. */
  readonly fullmm: boolean;
  start: number;
  end: number;
  freed_tables: boolean;
  cleared_ptes: boolean;
  cleared_pmds: boolean;
  cleared_puds: boolean;
  cleared_p4ds: boolean;
  /** Shared PMD tables were unlinked; some of them have one user left. */
  unshared_tables: boolean;
  fully_unshared_tables: boolean;
  /** Pages and tables to be given back after the flush. */
  pages: Page[];
  tables: number[];
  /** Dirty pages of files whose mapping is to be uncounted after the flush, before the PTE lock is released. */
  delayed_rmaps: Page[];
}

const EMPTY_START = Number.MAX_SAFE_INTEGER;

export function tlb_gather_mmu(_k: Kernel, mm: Mm): MmuGather {
  mm.tlb_flush_pending++;
  return gather(mm, false);
}

export function tlb_gather_mmu_fullmm(_k: Kernel, mm: Mm): MmuGather {
  mm.tlb_flush_pending++;
  return gather(mm, true);
}

const gather = (mm: Mm, fullmm: boolean): MmuGather => ({
  mm,
  fullmm,
  start: fullmm ? 0 : EMPTY_START,
  end: fullmm ? TLB_FLUSH_ALL : 0,
  freed_tables: false,
  cleared_ptes: false,
  cleared_pmds: false,
  cleared_puds: false,
  cleared_p4ds: false,
  unshared_tables: false,
  fully_unshared_tables: false,
  pages: [],
  tables: [],
  delayed_rmaps: [],
});

function adjust(tlb: MmuGather, address: number, bytes: number): void {
  tlb.start = Math.min(tlb.start, address);
  tlb.end = Math.max(tlb.end, address + bytes);
}

/** A PTE was cleared. */
export function tlb_remove_tlb_entry(_k: Kernel, tlb: MmuGather, address: number): void {
  adjust(tlb, address, 4096);
  tlb.cleared_ptes = true;
}

/** A PMD entry that mapped a huge page was cleared. */
export function tlb_remove_huge_tlb_entry(_k: Kernel, tlb: MmuGather, address: number): void {
  adjust(tlb, address, PMD_SIZE);
  tlb.cleared_pmds = true;
}

/** A PMD table that others keep was unlinked: all that it maps must be flushed, before they may change it. */
export function tlb_unshare_pmd_ptdesc(k: Kernel, tlb: MmuGather, table: number, address: number): void {
  adjust(tlb, alignDown(address, PUD_SIZE), PUD_SIZE);
  tlb.cleared_pmds = true;
  tlb.unshared_tables = true;
  if (!k.ptdesc_pmd_is_shared(table)) tlb.fully_unshared_tables = true;
}

/** Flushes for tables that were unshared. Who was inside one without a lock has left when this returns. */
export function* tlb_flush_unshared_tables(k: Kernel, tlb: MmuGather): Steps<void> {
  if (tlb.unshared_tables) yield* k.tlb_flush_mmu_tlbonly(tlb);
  if (!tlb.fully_unshared_tables) return;
  // Until 6.16 (CVE-2025-38085) nobody waited for them but a flush that interrupts.
  if (!k.unfixed("hugetlb-unshare-sync")) yield* k.tlb_remove_table_sync_one();
  tlb.fully_unshared_tables = false;
}

/** Interrupts all other CPUs: those that walk page tables do so with interrupts off, and have left once they answer. */
export function* tlb_remove_table_sync_one(k: Kernel): Steps<void> {
  const me = k.cpu;
  const others = Array.from({ length: k.config.cpus }, (_, id) => k.cpuOf(id)).filter((cpu) => cpu !== me);
  for (const cpu of others) {
    k.queue_ipi(cpu, "sync");
    yield k.trace.ipi(cpu.id, null, me.id);
  }
  if (others.length > 0) yield* k.wait_for_cpus(others);
}

/** A PTE, PMD, PUD or P4D table was unlinked; `address` lies in what it mapped. */
export function* pte_free_tlb(k: Kernel, tlb: MmuGather, pfn: number, address: number): Steps<void> {
  adjust(tlb, address, 4096);
  tlb.freed_tables = true;
  tlb.cleared_pmds = true;
  yield* k.tlb_remove_table(tlb, pfn);
}

export function* pmd_free_tlb(k: Kernel, tlb: MmuGather, pfn: number, address: number): Steps<void> {
  adjust(tlb, address, 4096);
  tlb.freed_tables = true;
  tlb.cleared_puds = true;
  yield* k.tlb_remove_table(tlb, pfn);
}

export function* pud_free_tlb(k: Kernel, tlb: MmuGather, pfn: number, address: number): Steps<void> {
  adjust(tlb, address, 4096);
  tlb.freed_tables = true;
  tlb.cleared_p4ds = true;
  yield* k.tlb_remove_table(tlb, pfn);
}

/** The flush of freed tables takes all that CPUs have cached of the way down. */
export function* p4d_free_tlb(k: Kernel, tlb: MmuGather, pfn: number, address: number): Steps<void> {
  adjust(tlb, address, 4096);
  tlb.freed_tables = true;
  yield* k.tlb_remove_table(tlb, pfn);
}

/**
 * Keeps a table until the flush, and until nobody walks in it any more. Before 6.14 it waits with the pages, and counts as a
 * table no more from now on; since then with up to 508 others, and counts until it is freed.
 */
export function* tlb_remove_table(k: Kernel, tlb: MmuGather, pfn: number): Steps<void> {
  if (k.unfixed("pt-reclaim-semi-rcu")) {
    yield* k.tlb_flush_mmu_tlbonly(tlb);
    yield* k.tlb_remove_table_one(pfn);
    return;
  }
  const with_pages = !frees_tables_by_rcu(k);
  if (with_pages) yield k.pagetable_dtor(pfn);
  tlb.tables.push(pfn);
  if (!with_pages && tlb.tables.length === MAX_TABLE_BATCH) yield* k.tlb_table_flush(tlb);
  if (with_pages && tlb.pages.length + tlb.tables.length >= GATHER_LIMIT) yield* k.tlb_flush_mmu(tlb);
}

/** A table that found no room in a batch, freed at once: nobody walks it with interrupts off, but somebody may with `rcu_read_lock`. */
export function* tlb_remove_table_one(k: Kernel, pfn: number): Steps<void> {
  yield* k.tlb_remove_table_sync_one();
  yield* k.__tlb_remove_table(pfn);
}

/** Flushes, then leaves the tables that wait to RCU. */
export function* tlb_table_flush(k: Kernel, tlb: MmuGather): Steps<void> {
  if (tlb.tables.length === 0) return;
  yield* k.tlb_flush_mmu_tlbonly(tlb);
  const { tables } = tlb;
  tlb.tables = [];
  yield* k.tlb_remove_table_free(tables);
}

export function* tlb_remove_table_free(k: Kernel, tables: readonly number[]): Steps<void> {
  if (!frees_tables_by_rcu(k)) {
    for (const pfn of tables) yield* k.__tlb_remove_table(pfn);
    return;
  }
  const batch = k.store.alloc(mmu_table_batch);
  batch.tables = tables;
  yield k.call_rcu(batch, "tlb_remove_table_rcu");
}

/** After the grace period: whoever was in one of these tables has left it. */
export function* tlb_remove_table_rcu(k: Kernel, batch: MmuTableBatch): Steps<void> {
  yield* k.__tlb_remove_table_free(batch);
}

export function* __tlb_remove_table_free(k: Kernel, batch: MmuTableBatch): Steps<void> {
  const { tables } = batch;
  k.store.free(batch);
  for (const pfn of tables) yield* k.__tlb_remove_table(pfn);
}

export function* __tlb_remove_table(k: Kernel, pfn: number): Steps<void> {
  if (frees_tables_by_rcu(k)) yield* k.pagetable_dtor_free(pfn);
  else yield* k.put_page(k.page(pfn));
}

/** Keeps a page until the flush. True when no more fit: the caller must flush. */
export function __tlb_remove_page(k: Kernel, tlb: MmuGather, page: Page): boolean {
  tlb.pages.push(page);
  const kept = tlb.pages.length + (frees_tables_by_rcu(k) ? 0 : tlb.tables.length);
  // Pages whose mapping is still counted lie in two batches at most.
  const full = kept > FIRST_BATCH && (kept - FIRST_BATCH) % NEXT_BATCH === 0;
  return kept >= GATHER_LIMIT || (full && tlb.delayed_rmaps.length > 0);
}

/** The TLBs have been flushed: nobody can write to these pages through this mapping any more. */
export function tlb_flush_rmaps(k: Kernel, tlb: MmuGather, vma: Vma): void {
  for (const page of tlb.delayed_rmaps) k.folio_remove_rmap_pte(page, vma);
  tlb.delayed_rmaps = [];
}

export function* tlb_flush_mmu_tlbonly(k: Kernel, tlb: MmuGather): Steps<void> {
  if (
    !(
      tlb.freed_tables ||
      tlb.cleared_ptes ||
      tlb.cleared_pmds ||
      tlb.cleared_puds ||
      tlb.cleared_p4ds ||
      tlb.unshared_tables
    )
  )
    return;
  yield* k.tlb_flush(tlb);
  tlb.start = tlb.fullmm ? 0 : EMPTY_START;
  tlb.end = tlb.fullmm ? TLB_FLUSH_ALL : 0;
  tlb.freed_tables = false;
  tlb.cleared_ptes = false;
  tlb.cleared_pmds = false;
  tlb.cleared_puds = false;
  tlb.cleared_p4ds = false;
  tlb.unshared_tables = false;
}

/** How this architecture flushes what was gathered (arch/x86/include/asm/tlb.h). */
export function* tlb_flush(k: Kernel, tlb: MmuGather): Steps<void> {
  const shift = tlb.cleared_ptes
    ? 12
    : tlb.cleared_pmds
      ? Math.log2(PMD_SIZE)
      : tlb.cleared_puds
        ? Math.log2(PUD_SIZE)
        : 39;
  const end = tlb.fullmm ? TLB_FLUSH_ALL : tlb.end;
  yield* k.flush_tlb_mm_range(
    tlb.mm,
    tlb.fullmm ? 0 : tlb.start,
    end,
    shift,
    tlb.freed_tables ? "freed tables" : "no tables",
  );
}

export function* tlb_flush_mmu(k: Kernel, tlb: MmuGather): Steps<void> {
  yield* k.tlb_flush_mmu_tlbonly(tlb);
  yield* k.tlb_flush_mmu_free(tlb);
}

/** Gives back what was kept. */
export function* tlb_flush_mmu_free(k: Kernel, tlb: MmuGather): Steps<void> {
  yield* k.tlb_table_flush(tlb);
  yield* k.tlb_batch_pages_flush(tlb);
}

export function* tlb_batch_pages_flush(k: Kernel, tlb: MmuGather): Steps<void> {
  const { pages } = tlb;
  tlb.pages = [];
  yield* k.__tlb_batch_free_encoded_pages(pages);
}

export function* __tlb_batch_free_encoded_pages(k: Kernel, pages: readonly Page[]): Steps<void> {
  yield* k.free_pages_and_swap_cache(pages);
}

export function* tlb_finish_mmu(k: Kernel, tlb: MmuGather): Steps<void> {
  // Two unmaps at once: each may have skipped entries that the other had cleared but not yet flushed.
  if (tlb.mm.tlb_flush_pending > 1) {
    tlb.start = 0;
    tlb.end = TLB_FLUSH_ALL;
    tlb.freed_tables = true;
    tlb.cleared_ptes = true;
  }
  yield* k.tlb_flush_mmu(tlb);
  tlb.mm.tlb_flush_pending--;
}

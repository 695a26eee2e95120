// What the TLBs are told (RFC v2 4/4, mm/memory.c, and what it leaves out).
// - A guest that unlinks the host's tables frees none, but marks the flush as if it did, so that it reaches the caches of
//   upper entries and CPUs that are lazy. Option `freed_tables: unmarked` is the series without that line, bug
//   "freed-tables-mark".
// - Left as posted ("flush-sharers"): a change of the shared entries flushes the CPUs of the one mm through which it was made;
//   of a host mm there are none.
import type { Steps } from "../../core/thread.ts";
import { PMD_SIZE } from "../../kernel/arch/x86/mm/pgtable.ts";
import * as tlbflush from "../../kernel/arch/x86/mm/tlb.ts";
import type { MmuGather } from "../../kernel/mm/mmu_gather.ts";
import type { Mm } from "../../kernel/mm_types.ts";
import { type PtshareKernel, ptshare_data, vma_is_shared } from "./structures.ts";

/** An entry that covered `size` bytes and led to a table of the host was cleared. As posted one address is flushed. */
export function tlb_unlink_table(k: PtshareKernel, tlb: MmuGather, address: number, size: number): void {
  tlb.start = Math.min(tlb.start, address);
  tlb.end = Math.max(tlb.end, address + (k.fixed("host-accounting") ? size : 4096));
  if (size === PMD_SIZE) tlb.cleared_pmds = true;
  else tlb.cleared_puds = true;
  // What the table maps was not zapped before: each page of it may be in a TLB.
  if (k.fixed("host-accounting")) tlb.cleared_ptes = true;
  if (k.option("freed_tables") !== "unmarked" || k.fixed("freed-tables-mark")) tlb.freed_tables = true;
}

/** Option `tlb_flush: all` and the mend: every CPU forgets what may be an entry of shared tables. */
export function* flush_tlb_mm_range(
  k: PtshareKernel,
  mm: Mm,
  start: number,
  end: number,
  stride_shift: number,
  freed: "freed tables" | "no tables",
): Steps<void> {
  yield* tlbflush.flush_tlb_mm_range(k, mm, start, end, stride_shift, freed);
  const mended = k.option("tlb_flush") === "all" || k.fixed("flush-sharers");
  if (mended && shares_tables(k, mm, start, end)) yield* k.flush_tlb_all(tlbflush.TLB_REMOTE_SHOOTDOWN);
}

function shares_tables(k: PtshareKernel, mm: Mm, start: number, end: number): boolean {
  for (const info of k.store.all(ptshare_data)) if (info.mm === mm) return true;
  for (const vma of mm.mm_mt) if (vma.vm_start < end && vma.vm_end > start && vma_is_shared(vma)) return true;
  return false;
}

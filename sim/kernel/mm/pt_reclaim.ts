// PTE tables that MADV_DONTNEED has emptied go with the pages (mm/pt_reclaim.c, CONFIG_PT_RECLAIM, since 6.14).
import type { Steps } from "../../core/thread.ts";
import { entryPfn } from "../../hardware/entry.ts";
import { none, PMD_SIZE } from "../arch/x86/mm/pgtable.ts";
import type { Kernel } from "../kernel.ts";
import type { Mm } from "../mm_types.ts";
import type { ZapDetails } from "./memory_zap.ts";
import type { MmuGather } from "./mmu_gather.ts";
import { PTE_LOCK } from "./pte_range.ts";

/** The range covers all that a table maps. */
export function reclaim_pt_is_enabled(_k: Kernel, start: number, end: number, details: ZapDetails): boolean {
  return details.reclaim_pt && end - start >= PMD_SIZE;
}

/**
 * Unlinks a table that has just been emptied, whose lock is held since. Who has the lock above is not waited for.
 * @returns its frame, 0 if it is still linked
 */
export function* try_get_and_clear_pmd(k: Kernel, mm: Mm, pmdp: number, address: number): Steps<number> {
  const pml = k.pmd_lockptr(pmdp);
  if (!k.spin_trylock(pml)) return 0;
  yield k.trace.lock(pml, PTE_LOCK, "exclusive", 1);
  const pmd = k.read_entry(pmdp);
  yield k.set_pmd(mm, address, pmdp, 0);
  yield k.spin_unlock(pml, PTE_LOCK);
  return entryPfn(pmd);
}

export function* free_pte(k: Kernel, tlb: MmuGather, table: number, address: number): Steps<void> {
  yield* k.pte_free_tlb(tlb, table, address);
  tlb.mm.pgtables_bytes -= 4096;
}

/** The same once its lock was released: with both locks held it is looked through again. */
export function* try_to_free_pte(k: Kernel, tlb: MmuGather, pmdp: number, address: number): Steps<void> {
  const pml = k.pmd_lockptr(pmdp);
  yield* k.spin_lock(pml, PTE_LOCK);
  const pmd = k.read_entry(pmdp);
  if (none(pmd)) {
    yield k.spin_unlock(pml, PTE_LOCK);
    return;
  }
  const ptl = k.pte_lockptr(pmd);
  yield* k.spin_lock(ptl, `${PTE_LOCK}/1`);
  const empty = table_is_empty(k, entryPfn(pmd));
  if (empty) yield k.set_pmd(tlb.mm, address, pmdp, 0);
  yield k.spin_unlock(ptl, `${PTE_LOCK}/1`);
  yield k.spin_unlock(pml, PTE_LOCK);
  if (empty) yield* k.free_pte(tlb, entryPfn(pmd), address);
}

/** Its first entry is read as the kernel reads entries, which is watched. */
const table_is_empty = (k: Kernel, pfn: number): boolean => none(k.read_entry(pfn * 512)) && k.memory.isEmptyTable(pfn);

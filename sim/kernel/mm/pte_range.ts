// Going through the PTE tables of a range, for who changes entries: madvise, mprotect, reclaim.
import type { Steps } from "../../core/thread.ts";
import { _PAGE_PRESENT, _PAGE_PSE } from "../../hardware/entry.ts";
import {
  addr_end,
  P4D_SIZE,
  PMD_SIZE,
  PUD_SIZE,
  p4d_offset,
  pgd_none,
  pgd_offset,
  pgdir_size,
  pmd_offset,
  pte_offset,
  pud_offset,
} from "../arch/x86/mm/pgtable.ts";
import type { Kernel } from "../kernel.ts";
import type { Mm, Vma } from "../mm_types.ts";

/** Class of the locks of PTE tables, and of PMD tables. */
export const PTE_LOCK = "ptlock_ptr(ptdesc)";

/**
 * Locks the PTE table below a PMD entry. It may be unlinked while the lock is waited for (PT_RECLAIM), but not freed: then the entry
 * is looked at again. Linux is in a read-side section of RCU until pte_unmap; here the lock, which keeps preemption off, takes over.
 * @returns pointer to the PTE of `address`; 0 when there is no table, and nothing is locked
 */
export function* pte_offset_map_lock(k: Kernel, pmdp: number, address: number): Steps<number> {
  for (;;) {
    const pmd = k.read_entry(pmdp);
    if (!leads_down(pmd)) return 0;
    const ptl = k.pte_lockptr(pmd);
    k.rcu_read_lock();
    yield* k.spin_lock(ptl, PTE_LOCK);
    k.rcu_read_unlock();
    if (k.read_entry(pmdp) === pmd) return pte_offset(pmd, address);
    yield k.spin_unlock(ptl, PTE_LOCK);
  }
}

/** Unlocks the PTE table below a PMD entry, which cannot have changed meanwhile. Returns the event. */
export function pte_unmap_unlock(k: Kernel, pmdp: number): number {
  return k.spin_unlock(k.pte_lockptr(k.read_entry(pmdp)), PTE_LOCK);
}

/** The part of a range that one PTE table maps, and the PMD entry that leads to the table. */
export interface PteRange {
  readonly pmdp: number;
  readonly start: number;
  readonly end: number;
}

const leads_down = (entry: number): boolean => (entry & _PAGE_PRESENT) !== 0 && !(entry & _PAGE_PSE);

/** The first part of [start, end) for which there is a PTE table, or null. Go on from its `end`. */
export function next_pte_range(k: Kernel, mm: Mm, start: number, end: number): PteRange | null {
  for (let address = start; address < end; ) {
    const pgdp = pgd_offset(k, mm, address);
    if (pgd_none(k, pgdp)) {
      address = addr_end(address, end, pgdir_size(k));
      continue;
    }
    const p4d = k.read_entry(p4d_offset(k, pgdp, address));
    if (!leads_down(p4d)) {
      address = addr_end(address, end, P4D_SIZE);
      continue;
    }
    const pud = k.read_entry(pud_offset(p4d, address));
    if (!leads_down(pud)) {
      address = addr_end(address, end, PUD_SIZE);
      continue;
    }
    const pmdp = pmd_offset(pud, address);
    const next = addr_end(address, end, PMD_SIZE);
    if (leads_down(k.read_entry(pmdp))) return { pmdp, start: address, end: next };
    address = next;
  }
  return null;
}

/** Calls `pmd_entry` for each PTE table of a range of one VMA (mm/pagewalk.c, whose functions for each level are one here). */
export function* walk_page_range_vma(
  k: Kernel,
  vma: Vma,
  start: number,
  end: number,
  pmd_entry: (pmdp: number, start: number, end: number) => Steps<void>,
): Steps<void> {
  const mm = vma.vm_mm!;
  for (let at = k.next_pte_range(mm, start, end); at; at = k.next_pte_range(mm, at.end, end))
    yield* pmd_entry(at.pmdp, at.start, at.end);
}

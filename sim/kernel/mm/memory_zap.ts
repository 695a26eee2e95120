// Taking mappings away (mm/memory.c): zap_page_range and friends. Their tables: memory_free.ts.
import type { Steps } from "../../core/thread.ts";
import { entryPfn, isPresent, swapOffset } from "../../hardware/entry.ts";
import {
  addr_end,
  none,
  P4D_SIZE,
  PMD_SIZE,
  PUD_SIZE,
  p4d_offset,
  pgd_none,
  pgd_offset,
  pgdir_size,
  pmd_offset,
  pte_dirty,
  pte_offset,
  pte_young,
  pud_offset,
} from "../arch/x86/mm/pgtable.ts";
import { PG_dirty, VM_HUGETLB, VM_RAND_READ, VM_SEQ_READ } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Vma } from "../mm_types.ts";
import { is_pte_marker } from "./madvise_guard.ts";
import { init_rss_vec, mm_counter, type RssVec } from "./memory_rss.ts";
import { is_migration_entry } from "./migrate.ts";
import type { MmuGather } from "./mmu_gather.ts";
import { PAGE_TYPE } from "./page_alloc.ts";
import { PTE_LOCK } from "./pte_range.ts";

/** struct zap_details */
export interface ZapDetails {
  /** Zap private copies too, not only pages of the file. */
  readonly even_cows: boolean;
  /** Free PTE tables that this empties (PT_RECLAIM; MADV_DONTNEED). */
  readonly reclaim_pt: boolean;
  /** The mapping itself goes: markers in its entries too. */
  readonly drop_markers?: true;
}

const ALL: ZapDetails = { even_cows: true, reclaim_pt: false, drop_markers: true };

/** Zaps what `vmas` map within [start, end). */
export function* unmap_vmas(k: Kernel, tlb: MmuGather, vmas: readonly Vma[], start: number, end: number): Steps<void> {
  const { mm } = tlb;
  yield* k.mmu_notifier_invalidate_range_start(mm, start, end, "MMU_NOTIFY_UNMAP");
  for (const vma of vmas) {
    // Without a file where hugetlbfs has refused to map it.
    const huge = (vma.vm_flags & VM_HUGETLB) !== 0 && vma.vm_file !== null;
    if (huge) yield* k.hugetlb_zap_begin(vma);
    yield* k.unmap_single_vma(tlb, vma, start, end, ALL);
    if (huge) yield* k.hugetlb_zap_end(vma, ALL);
  }
  yield* k.mmu_notifier_invalidate_range_end(mm, start, end);
}

export function* unmap_single_vma(
  k: Kernel,
  tlb: MmuGather,
  vma: Vma,
  from: number,
  to: number,
  details: ZapDetails,
): Steps<void> {
  const start = Math.max(vma.vm_start, from);
  const end = Math.min(vma.vm_end, to);
  if (start >= end) return;
  if (vma.vm_flags & VM_HUGETLB) {
    if (vma.vm_file) yield* k.__unmap_hugepage_range(tlb, vma, start, end, null);
  } else yield* k.unmap_page_range(tlb, vma, start, end, details);
}

export function* zap_page_range_single(
  k: Kernel,
  vma: Vma,
  address: number,
  size: number,
  details: ZapDetails,
): Steps<void> {
  const mm = vma.vm_mm!;
  const tlb = k.tlb_gather_mmu(mm);
  yield* k.zap_page_range_single_batched(tlb, vma, address, size, details);
  yield* k.tlb_finish_mmu(tlb);
}

/** The same for a caller that gathers more than this. */
export function* zap_page_range_single_batched(
  k: Kernel,
  tlb: MmuGather,
  vma: Vma,
  address: number,
  size: number,
  details: ZapDetails,
): Steps<void> {
  const mm = vma.vm_mm!;
  k.update_hiwater_rss(mm);
  if (vma.vm_flags & VM_HUGETLB) {
    yield* k.hugetlb_zap_range(tlb, vma, address, address + size, details);
    return;
  }
  yield* k.mmu_notifier_invalidate_range_start(mm, address, address + size, "MMU_NOTIFY_CLEAR");
  yield* k.unmap_single_vma(tlb, vma, address, address + size, details);
  yield* k.mmu_notifier_invalidate_range_end(mm, address, address + size);
}

export function* unmap_page_range(
  k: Kernel,
  tlb: MmuGather,
  vma: Vma,
  from: number,
  to: number,
  details: ZapDetails,
): Steps<void> {
  const mm = vma.vm_mm!;
  const size = pgdir_size(k);
  for (let address = from; address < to; address = addr_end(address, to, size)) {
    const pgdp = pgd_offset(k, mm, address);
    if (pgd_none(k, pgdp)) continue;
    yield* k.zap_p4d_range(tlb, vma, pgdp, address, addr_end(address, to, size), details);
  }
}

export function* zap_p4d_range(
  k: Kernel,
  tlb: MmuGather,
  vma: Vma,
  pgdp: number,
  from: number,
  to: number,
  details: ZapDetails,
): Steps<void> {
  for (let address = from; address < to; address = addr_end(address, to, P4D_SIZE)) {
    const p4d = k.read_entry(p4d_offset(k, pgdp, address));
    if (none(p4d)) continue;
    yield* k.zap_pud_range(tlb, vma, p4d, address, addr_end(address, to, P4D_SIZE), details);
  }
}

export function* zap_pud_range(
  k: Kernel,
  tlb: MmuGather,
  vma: Vma,
  p4d: number,
  from: number,
  to: number,
  details: ZapDetails,
): Steps<void> {
  for (let address = from; address < to; address = addr_end(address, to, PUD_SIZE)) {
    const pud = k.read_entry(pud_offset(p4d, address));
    if (none(pud)) continue;
    yield* k.zap_pmd_range(tlb, vma, pud, address, addr_end(address, to, PUD_SIZE), details);
  }
}

export function* zap_pmd_range(
  k: Kernel,
  tlb: MmuGather,
  vma: Vma,
  pud: number,
  from: number,
  to: number,
  details: ZapDetails,
): Steps<void> {
  for (let address = from; address < to; address = addr_end(address, to, PMD_SIZE)) {
    const pmdp = pmd_offset(pud, address);
    if (none(k.read_entry(pmdp))) continue;
    yield* k.zap_pte_range(tlb, vma, pmdp, address, addr_end(address, to, PMD_SIZE), details);
  }
}

/** Zaps the PTEs of one table; may free the table if the range covers all that it maps. */
export function* zap_pte_range(
  k: Kernel,
  tlb: MmuGather,
  vma: Vma,
  pmdp: number,
  from: number,
  end: number,
  details: ZapDetails,
): Steps<void> {
  let address = from;
  let can_reclaim_pt = k.reclaim_pt_is_enabled(from, end, details);
  // As long as its lock is not released nobody can put something into the table again.
  let direct_reclaim = can_reclaim_pt;
  let freed = 0;
  while (address < end) {
    if ((yield* k.pte_offset_map_lock(pmdp, address)) === 0) return;
    const pmd = k.read_entry(pmdp);
    const ptl = k.pte_lockptr(pmd);
    yield* k.flush_tlb_batched_pending(tlb.mm);
    const rss = init_rss_vec();
    let full = false;
    for (; address < end && !full; address += 4096) {
      const ptep = pte_offset(pmd, address);
      const pte = k.read_entry(ptep);
      if (none(pte)) continue;
      if (isPresent(pte)) full = yield* k.zap_present_pte(tlb, vma, ptep, pte, address, details, rss);
      else yield* k.zap_nonpresent_pte(tlb, vma, ptep, pte, address, details, rss);
      if (can_reclaim_pt && !none(k.read_entry(ptep))) can_reclaim_pt = false;
      address += k.zap_anon_run(tlb, vma, pmd, address + 4096, end, details, rss) * 4096;
    }
    if (full) direct_reclaim = false;
    if (can_reclaim_pt && direct_reclaim) freed = yield* k.try_get_and_clear_pmd(tlb.mm, pmdp, from);
    k.add_mm_rss_vec(tlb.mm, rss);
    const flush = full || tlb.delayed_rmaps.length > 0;
    if (flush) {
      yield* k.tlb_flush_mmu_tlbonly(tlb);
      k.tlb_flush_rmaps(tlb, vma);
    }
    yield k.spin_unlock(ptl, PTE_LOCK);
    if (flush) yield* k.tlb_flush_mmu(tlb);
  }
  if (!can_reclaim_pt) return;
  if (freed !== 0) yield* k.free_pte(tlb, freed, from);
  else yield* k.try_to_free_pte(tlb, pmdp, from);
}

/** True when the gather is full. */
export function* zap_present_pte(
  k: Kernel,
  tlb: MmuGather,
  vma: Vma,
  ptep: number,
  pte: number,
  address: number,
  details: ZapDetails,
  rss: RssVec,
): Steps<boolean> {
  const pfn = entryPfn(pte);
  const page = pfn === k.zero_pfn ? null : k.page(pfn);
  if (page && !details.even_cows && page.type === PAGE_TYPE.anon) return false;
  const mm = vma.vm_mm!;
  yield k.set_pte(mm, address, ptep, 0);
  k.tlb_remove_tlb_entry(tlb, address);
  if (!page) return false;
  rss[mm_counter(page)]--;
  // What the entry knew of the page's use, the page keeps.
  if (page.type !== PAGE_TYPE.anon && pte_young(pte) && vma_has_recency(vma)) k.folio_mark_accessed(page);
  if (page.type !== PAGE_TYPE.anon && pte_dirty(pte)) {
    page.flags |= PG_dirty;
    // Others may still write through their TLBs: until these are flushed the page counts as mapped, so that nobody
    // thinks it clean.
    tlb.delayed_rmaps.push(page);
  } else k.folio_remove_rmap_pte(page, vma);
  return k.__tlb_remove_page(tlb, page);
}

/** Whether having been used says that it will be used again. */
export const vma_has_recency = (vma: Vma): boolean => (vma.vm_flags & (VM_SEQ_READ | VM_RAND_READ)) === 0;

export function* zap_nonpresent_pte(
  k: Kernel,
  _tlb: MmuGather,
  vma: Vma,
  ptep: number,
  pte: number,
  address: number,
  details: ZapDetails,
  rss: RssVec,
): Steps<void> {
  const mm = vma.vm_mm!;
  if (is_pte_marker(pte)) {
    if (details.drop_markers) yield k.set_pte(mm, address, ptep, 0);
    return;
  }
  if (is_migration_entry(pte)) {
    const page = k.page(swapOffset(pte));
    if (!details.even_cows && page.type === PAGE_TYPE.anon) return;
    rss[mm_counter(page)]--;
    yield k.set_pte(mm, address, ptep, 0);
    return;
  }
  if (!details.even_cows) return;
  rss.swap--;
  yield* k.free_swap_and_cache_nr(pte);
  yield k.set_pte(mm, address, ptep, 0);
}

// Taking mappings and tables away (mm/memory.c): zap_page_range and friends, free_pgtables.
import type { Steps } from "../../core/thread.ts";
import { _PAGE_PRESENT, entryPfn, isPresent, swapOffset } from "../../hardware/entry.ts";
import {
  addr_end,
  alignDown,
  none,
  PGDIR_SIZE,
  PMD_SIZE,
  PUD_SIZE,
  pgd_offset,
  pmd_offset,
  pte_dirty,
  pte_offset,
  pte_young,
  pud_offset,
} from "../arch/x86/mm/pgtable.ts";
import { PG_dirty, VM_HUGETLB, VM_RAND_READ, VM_SEQ_READ } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { AddressSpace, Vma } from "../mm_types.ts";
import { is_pte_marker } from "./madvise_guard.ts";
import { PTE_LOCK } from "./memory.ts";
import { is_migration_entry } from "./migrate.ts";
import type { MmuGather } from "./mmu_gather.ts";
import { PAGE_TYPE } from "./page_alloc.ts";

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
    const huge = (vma.vm_flags & VM_HUGETLB) !== 0;
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
  if (vma.vm_flags & VM_HUGETLB) yield* k.__unmap_hugepage_range(tlb, vma, start, end, null);
  else yield* k.unmap_page_range(tlb, vma, start, end, details);
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
  for (let address = from; address < to; address = addr_end(address, to, PGDIR_SIZE)) {
    const pgd = k.read_entry(pgd_offset(mm, address));
    if (none(pgd)) continue;
    yield* k.zap_pud_range(tlb, vma, pgd, address, addr_end(address, to, PGDIR_SIZE), details);
  }
}

export function* zap_pud_range(
  k: Kernel,
  tlb: MmuGather,
  vma: Vma,
  pgd: number,
  from: number,
  to: number,
  details: ZapDetails,
): Steps<void> {
  for (let address = from; address < to; address = addr_end(address, to, PUD_SIZE)) {
    const pud = k.read_entry(pud_offset(pgd, address));
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
  const may_free_table = details.reclaim_pt && end - from === PMD_SIZE;
  while (address < end) {
    if ((yield* k.pte_offset_map_lock(pmdp, address)) === 0) return;
    const pmd = k.read_entry(pmdp);
    yield* k.flush_tlb_batched_pending(tlb.mm);
    let full = false;
    for (; address < end && !full; address += 4096) {
      const ptep = pte_offset(pmd, address);
      const pte = k.read_entry(ptep);
      if (none(pte)) continue;
      if (isPresent(pte)) full = yield* k.zap_present_pte(tlb, vma, ptep, pte, address, details);
      else yield* k.zap_nonpresent_pte(tlb, vma, ptep, pte, address, details);
      address += k.zap_anon_run(tlb, vma, pmd, address + 4096, end, details) * 4096;
    }
    const flush = full || tlb.delayed_rmaps.length > 0;
    if (flush) {
      yield* k.tlb_flush_mmu_tlbonly(tlb);
      k.tlb_flush_rmaps(tlb, vma);
    }
    yield k.pte_unmap_unlock(pmdp);
    if (flush) yield* k.tlb_flush_mmu(tlb);
  }
  if (may_free_table) yield* k.try_to_free_pte(tlb, vma, pmdp, from);
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
): Steps<boolean> {
  const pfn = entryPfn(pte);
  const page = pfn === k.zero_pfn ? null : k.page(pfn);
  if (page && !details.even_cows && page.type === PAGE_TYPE.anon) return false;
  const mm = vma.vm_mm!;
  yield k.set_pte(mm, address, ptep, 0);
  k.tlb_remove_tlb_entry(tlb, address);
  if (!page) return false;
  k.mm_counter_add(mm, page, -1);
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
const vma_has_recency = (vma: Vma): boolean => (vma.vm_flags & (VM_SEQ_READ | VM_RAND_READ)) === 0;

export function* zap_nonpresent_pte(
  k: Kernel,
  _tlb: MmuGather,
  vma: Vma,
  ptep: number,
  pte: number,
  address: number,
  details: ZapDetails,
): Steps<void> {
  const mm = vma.vm_mm!;
  if (is_pte_marker(pte)) {
    if (details.drop_markers) yield k.set_pte(mm, address, ptep, 0);
    return;
  }
  if (is_migration_entry(pte)) {
    const page = k.page(swapOffset(pte));
    if (!details.even_cows && page.type === PAGE_TYPE.anon) return;
    k.mm_counter_add(mm, page, -1);
    yield k.set_pte(mm, address, ptep, 0);
    return;
  }
  if (!details.even_cows) return;
  mm.rss_swap--;
  yield k.set_pte(mm, address, ptep, 0);
  yield* k.free_swap_and_cache(pte);
}

/** PT_RECLAIM: unlinks a PTE table without entries. */
export function* try_to_free_pte(k: Kernel, tlb: MmuGather, vma: Vma, pmdp: number, address: number): Steps<void> {
  const mm = vma.vm_mm!;
  const lock = k.pmd_lockptr(pmdp);
  yield* k.spin_lock(lock, PTE_LOCK);
  const pmd = k.read_entry(pmdp);
  if (none(pmd)) {
    yield k.spin_unlock(lock, PTE_LOCK);
    return;
  }
  // With its own lock held too nobody can be about to put something into it.
  const ptl = k.pte_lockptr(pmd);
  yield* k.spin_lock(ptl, `${PTE_LOCK}/1`);
  const empty = table_is_empty(k, entryPfn(pmd));
  if (empty) yield k.set_pmd(mm, address, pmdp, 0);
  yield k.spin_unlock(ptl, `${PTE_LOCK}/1`);
  yield k.spin_unlock(lock, PTE_LOCK);
  if (!empty) return;
  mm.pgtables_bytes -= 4096;
  yield k.pte_free_tlb(tlb, entryPfn(pmd), address);
}

/** Its first entry is read as the kernel reads entries, which is watched. */
const table_is_empty = (k: Kernel, pfn: number): boolean => none(k.read_entry(pfn * 512)) && k.memory.isEmptyTable(pfn);

/**
 * Frees the tables that no VMA but `vmas` (being unmapped, in order) needs. `floor` and `ceiling` are the ends of the
 * neighbours that stay; 0 as ceiling: none above.
 */
export function* free_pgtables(
  k: Kernel,
  tlb: MmuGather,
  vmas: readonly Vma[],
  floor: number,
  ceiling: number,
): Steps<void> {
  for (let i = 0; i < vmas.length; ) {
    const first = vmas[i]!;
    yield* k.vma_start_write(first);
    yield* k.unlink_anon_vmas(first);
    yield* k.unlink_file_vma(first);
    let last = first;
    // Neighbours whose tables may be shared go together.
    const together = (next: Vma | undefined) =>
      next !== undefined && next.vm_start <= last.vm_end + PMD_SIZE && !((first.vm_flags | next.vm_flags) & VM_HUGETLB);
    while (together(vmas[i + 1])) {
      last = vmas[++i]!;
      yield* k.vma_start_write(last);
      yield* k.unlink_anon_vmas(last);
      yield* k.unlink_file_vma(last);
    }
    i++;
    yield* k.free_pgd_range(tlb, first.vm_start, last.vm_end, floor, vmas[i]?.vm_start ?? ceiling);
  }
}

/** `end` − 1 and `ceiling` − 1 compare as unsigned numbers in Linux: a ceiling of 0 is the top. */
const top = (ceiling: number): number => (ceiling === 0 ? Number.POSITIVE_INFINITY : ceiling);

export function* free_pgd_range(
  k: Kernel,
  tlb: MmuGather,
  from: number,
  to: number,
  floor: number,
  ceiling: number,
): Steps<void> {
  let address = alignDown(from, PMD_SIZE);
  if (address < floor) address += PMD_SIZE;
  let limit = top(ceiling);
  if (Number.isFinite(limit)) limit = alignDown(limit, PMD_SIZE);
  if (limit === 0) return;
  let end = to;
  if (end > limit) end -= PMD_SIZE;
  if (address >= end) return;
  for (; address < end; address = addr_end(address, end, PGDIR_SIZE)) {
    const pgdp = pgd_offset(tlb.mm, address);
    if (none(k.read_entry(pgdp))) continue;
    yield* k.free_pud_range(tlb, pgdp, address, addr_end(address, end, PGDIR_SIZE), floor, limit);
  }
}

/** Whether the table of the `size`-aligned region around [start, end) lies within floor and ceiling. */
function covers(start: number, end: number, size: number, floor: number, ceiling: number): boolean {
  if (alignDown(start, size) < floor) return false;
  const limit = Number.isFinite(ceiling) ? alignDown(ceiling, size) : ceiling;
  return limit !== 0 && end - 1 <= limit - 1;
}

export function* free_pud_range(
  k: Kernel,
  tlb: MmuGather,
  p4dp: number,
  start: number,
  end: number,
  floor: number,
  ceiling: number,
): Steps<void> {
  const p4d = k.read_entry(p4dp);
  for (let address = start; address < end; address = addr_end(address, end, PUD_SIZE)) {
    const pudp = pud_offset(p4d, address);
    if (none(k.read_entry(pudp))) continue;
    yield* k.free_pmd_range(tlb, pudp, address, addr_end(address, end, PUD_SIZE), floor, ceiling);
  }
  if (!covers(start, end, PGDIR_SIZE, floor, ceiling)) return;
  yield k.set_p4d(tlb.mm, start, p4dp, 0);
  yield k.pud_free_tlb(tlb, entryPfn(p4d), start);
  tlb.mm.pgtables_bytes -= 4096;
}

export function* free_pmd_range(
  k: Kernel,
  tlb: MmuGather,
  pudp: number,
  start: number,
  end: number,
  floor: number,
  ceiling: number,
): Steps<void> {
  const pud = k.read_entry(pudp);
  for (let address = start; address < end; address = addr_end(address, end, PMD_SIZE)) {
    const pmdp = pmd_offset(pud, address);
    const pmd = k.read_entry(pmdp);
    if (none(pmd) || !(pmd & _PAGE_PRESENT)) continue;
    yield k.set_pmd(tlb.mm, address, pmdp, 0);
    yield k.pte_free_tlb(tlb, entryPfn(pmd), address);
    tlb.mm.pgtables_bytes -= 4096;
  }
  if (!covers(start, end, PUD_SIZE, floor, ceiling)) return;
  yield k.set_pud(tlb.mm, start, pudp, 0);
  yield k.pmd_free_tlb(tlb, entryPfn(pud), start);
  tlb.mm.pgtables_bytes -= 4096;
}

/** Zaps what all processes map of `nr` pages of a file from `start` on: truncation, hole punching. */
export function* unmap_mapping_range(
  k: Kernel,
  mapping: AddressSpace,
  start: number,
  nr: number,
  cows: "even cows" | "file pages",
): Steps<void> {
  yield* k.i_mmap_lock_read(mapping);
  for (const vma of mapping.i_mmap) {
    const first = Math.max(start, vma.vm_pgoff);
    const after = Math.min(start + nr, vma.vm_pgoff + (vma.vm_end - vma.vm_start) / 4096);
    if (first >= after) continue;
    const address = vma.vm_start + (first - vma.vm_pgoff) * 4096;
    const details = { even_cows: cows === "even cows", reclaim_pt: false };
    yield* k.zap_page_range_single(vma, address, (after - first) * 4096, details);
  }
  yield k.i_mmap_unlock_read(mapping);
}

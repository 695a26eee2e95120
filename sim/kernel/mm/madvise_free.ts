// Advice that gives memory back (mm/madvise.c): dropping pages, punching holes in files, making pages easy to reclaim.
import type { Steps } from "../../core/thread.ts";
import { _PAGE_ACCESSED, _PAGE_DIRTY, entryPfn, isPresent, withoutFlags } from "../../hardware/entry.ts";
import { alignDown, none, PMD_SIZE, pte_dirty, pte_offset, pte_young } from "../arch/x86/mm/pgtable.ts";
import {
  PG_active,
  PG_dirty,
  PG_lru,
  PG_referenced,
  PG_swapbacked,
  PG_swapcache,
  PG_unevictable,
  VM_HUGETLB,
  VM_LOCKED,
  VM_MAYSHARE,
  VM_MAYWRITE,
  VM_PFNMAP,
  VM_SHARED,
} from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Page, Vma } from "../mm_types.ts";
import { EACCES, EINVAL } from "../uapi/errno.ts";
import { FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE } from "../uapi/fcntl.ts";
import { MADV_DONTNEED_LOCKED, MADV_FREE } from "../uapi/mman.ts";
import { init_rss_vec } from "./memory_rss.ts";
import { is_migration_entry } from "./migrate.ts";
import type { MmuGather } from "./mmu_gather.ts";

/** Whether reclaim may be advised of the VMA's pages. */
const can_madv_lru_vma = (vma: Vma): boolean => !(vma.vm_flags & (VM_LOCKED | VM_PFNMAP | VM_HUGETLB));

export function* madvise_dontneed_free(
  k: Kernel,
  vma: Vma,
  start: number,
  end_asked: number,
  advice: number,
  tlb: MmuGather | null,
): Steps<number> {
  let end = end_asked;
  if (vma.vm_flags & VM_HUGETLB) {
    if (advice === MADV_FREE || start % PMD_SIZE !== 0) return -EINVAL;
    end = alignDown(end, PMD_SIZE);
  } else if (vma.vm_flags & (advice === MADV_DONTNEED_LOCKED ? VM_PFNMAP : VM_PFNMAP | VM_LOCKED)) return -EINVAL;
  if (start >= end) return 0;
  // Before 6.17 each VMA was flushed by itself.
  const mm = vma.vm_mm!;
  const gather = tlb ?? k.tlb_gather_mmu(mm);
  const error =
    advice === MADV_FREE
      ? yield* k.madvise_free_single_vma(gather, vma, start, end)
      : yield* k.madvise_dontneed_single_vma(gather, vma, start, end);
  if (!tlb) yield* k.tlb_finish_mmu(gather);
  return error;
}

/** The next touch finds what the file has, or zeroes. With PT_RECLAIM also PTE tables go that lie in the range. */
export function* madvise_dontneed_single_vma(
  k: Kernel,
  tlb: MmuGather,
  vma: Vma,
  start: number,
  end: number,
): Steps<number> {
  const details = { even_cows: true, reclaim_pt: k.config.ptReclaim };
  yield* k.zap_page_range_single_batched(tlb, vma, start, end - start, details);
  return 0;
}

/** MADV_FREE: the pages stay until memory is needed or they are written to. */
export function* madvise_free_single_vma(
  k: Kernel,
  tlb: MmuGather,
  vma: Vma,
  start: number,
  end: number,
): Steps<number> {
  if (vma.vm_ops !== "") return -EINVAL;
  const mm = vma.vm_mm!;
  k.update_hiwater_rss(mm);
  yield* k.mmu_notifier_invalidate_range_start(mm, start, end, "MMU_NOTIFY_CLEAR");
  yield* k.walk_page_range_vma(vma, start, end, (pmdp, from, to) => k.madvise_free_pte_range(tlb, vma, pmdp, from, to));
  yield* k.mmu_notifier_invalidate_range_end(mm, start, end);
  return 0;
}

export function* madvise_free_pte_range(
  k: Kernel,
  tlb: MmuGather,
  vma: Vma,
  pmdp: number,
  start: number,
  end: number,
): Steps<void> {
  const mm = vma.vm_mm!;
  if ((yield* k.pte_offset_map_lock(pmdp, start)) === 0) return;
  const pmd = k.read_entry(pmdp);
  yield* k.flush_tlb_batched_pending(mm);
  const rss = init_rss_vec();
  for (let address = start; address < end; address += 4096) {
    const ptep = pte_offset(pmd, address);
    const pte = k.read_entry(ptep);
    if (none(pte)) continue;
    if (is_migration_entry(pte)) continue;
    if (!isPresent(pte)) {
      // Reading it back would cost more than a new page.
      yield* k.zap_nonpresent_pte(tlb, vma, ptep, pte, address, { even_cows: true, reclaim_pt: false }, rss);
      continue;
    }
    const page = k.vm_normal_page(pte);
    if (!page || !(yield* k.madvise_free_page(page))) continue;
    if (pte_young(pte) || pte_dirty(pte)) {
      yield k.set_pte(mm, address, ptep, withoutFlags(k.read_entry(ptep), _PAGE_ACCESSED | _PAGE_DIRTY));
      k.tlb_remove_tlb_entry(tlb, address);
    }
    k.folio_mark_lazyfree(page);
  }
  k.add_mm_rss_vec(mm, rss);
  yield k.pte_unmap_unlock(pmdp);
}

/** Forgets that the page has contents worth keeping. False when others have it too. */
export function* madvise_free_page(k: Kernel, page: Page): Steps<boolean> {
  if (!(page.flags & (PG_swapcache | PG_dirty))) return true;
  if (!k.folio_trylock(page)) return false;
  const freed = page.mapcount === 1 && (!(page.flags & PG_swapcache) || (yield* k.folio_free_swap(page)));
  if (freed) page.flags &= ~PG_dirty;
  k.folio_unlock(page);
  return freed;
}

/** An anonymous page that nobody needs unless it is written to again: reclaim drops it without swap. */
export function folio_mark_lazyfree(k: Kernel, page: Page): void {
  if (!(page.flags & PG_lru) || !(page.flags & PG_swapbacked)) return;
  if (page.flags & (PG_swapcache | PG_unevictable)) return;
  k.folio_change_lru(page, 0, PG_active | PG_referenced | PG_swapbacked, "head");
}

/** MADV_REMOVE: punches a hole into the shared file. mmap_lock is dropped meanwhile. */
export function* madvise_remove(k: Kernel, vma: Vma, start: number, end: number): Steps<number> {
  if (vma.vm_flags & VM_LOCKED) return -EINVAL;
  const file = vma.vm_file;
  if (!file?.f_inode?.i_mapping) return -EINVAL;
  if ((vma.vm_flags & (VM_SHARED | VM_MAYWRITE)) !== (VM_SHARED | VM_MAYWRITE)) return -EACCES;
  const mm = vma.vm_mm!;
  const offset = start - vma.vm_start + vma.vm_pgoff * 4096;
  k.get_file(file);
  yield k.mmap_read_unlock(mm);
  const error = yield* k.vfs_fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, end - start);
  yield* k.fput(file);
  yield* k.mmap_read_lock(mm);
  return error;
}

/** MADV_COLD: nobody will need the pages soon. */
export function* madvise_cold(k: Kernel, vma: Vma, start: number, end: number): Steps<number> {
  if (!can_madv_lru_vma(vma)) return -EINVAL;
  const mm = vma.vm_mm!;
  const tlb = k.tlb_gather_mmu(mm);
  yield* k.walk_page_range_vma(vma, start, end, (pmdp, from, to) =>
    k.madvise_cold_or_pageout_pte_range(tlb, vma, pmdp, from, to, "cold"),
  );
  yield* k.tlb_finish_mmu(tlb);
  return 0;
}

/** MADV_PAGEOUT: the pages go to swap now. Pages of files that the caller could not write to are left alone. */
export function* madvise_pageout(k: Kernel, vma: Vma, start: number, end: number): Steps<number> {
  if (!can_madv_lru_vma(vma)) return -EINVAL;
  if (vma.vm_ops !== "" && !k.can_do_file_pageout(vma) && vma.vm_flags & VM_MAYSHARE) return 0;
  const mm = vma.vm_mm!;
  const tlb = k.tlb_gather_mmu(mm);
  yield* k.walk_page_range_vma(vma, start, end, (pmdp, from, to) =>
    k.madvise_cold_or_pageout_pte_range(tlb, vma, pmdp, from, to, "pageout"),
  );
  yield* k.tlb_finish_mmu(tlb);
  return 0;
}

/** Everybody here is root, who owns or may write every file. */
export function can_do_file_pageout(_k: Kernel, vma: Vma): boolean {
  return vma.vm_file !== null;
}

export function* madvise_cold_or_pageout_pte_range(
  k: Kernel,
  tlb: MmuGather,
  vma: Vma,
  pmdp: number,
  start: number,
  end: number,
  how: "cold" | "pageout",
): Steps<void> {
  const mm = vma.vm_mm!;
  const isolated: Page[] = [];
  if ((yield* k.pte_offset_map_lock(pmdp, start)) === 0) return;
  const pmd = k.read_entry(pmdp);
  yield* k.flush_tlb_batched_pending(mm);
  for (let address = start; address < end; address += 4096) {
    const ptep = pte_offset(pmd, address);
    const pte = k.read_entry(ptep);
    const page = isPresent(pte) ? k.vm_normal_page(pte) : null;
    // What others map too is none of this caller's business.
    if (!page || !(page.flags & PG_lru) || page.mapcount !== 1) continue;
    if (how === "cold" && pte_young(pte)) {
      yield k.set_pte(mm, address, ptep, withoutFlags(k.read_entry(ptep), _PAGE_ACCESSED));
      k.tlb_remove_tlb_entry(tlb, address);
    }
    page.flags &= ~PG_referenced;
    if (how === "cold" && page.flags & PG_active) k.folio_change_lru(page, 0, PG_active, "head");
    if (how === "pageout" && k.folio_isolate_lru(page)) isolated.push(page);
  }
  yield k.pte_unmap_unlock(pmdp);
  yield* k.reclaim_pages(isolated);
}

/** The page of a PTE that has one with a count; null for the zero page. */
export function vm_normal_page(k: Kernel, pte: number): Page | null {
  const pfn = entryPfn(pte);
  return pfn === k.zero_pfn ? null : k.page(pfn);
}

/** MADV_WILLNEED: reads ahead from swap what the range has there. */
export function* madvise_willneed(k: Kernel, vma: Vma, start: number, end: number): Steps<number> {
  const mapping = vma.vm_file?.f_inode?.i_mapping;
  if (vma.vm_flags & VM_HUGETLB) return 0;
  if (mapping) {
    const pgoff = vma.vm_pgoff - vma.vm_start / 4096;
    yield* k.shmem_swapin_range(mapping, pgoff + start / 4096, pgoff + end / 4096);
    return 0;
  }
  yield* k.walk_page_range_vma(vma, start, end, k.swapin_walk_pmd_entry);
  return 0;
}

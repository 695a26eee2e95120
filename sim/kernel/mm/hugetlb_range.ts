// What is done to all huge pages of a range (mm/hugetlb.c): copying at fork, moving, unmapping, changing protection. Whoever
// meets a shared PMD table gives it up instead of changing it, but for fork, which finds it again by faults.
import type { Steps } from "../../core/thread.ts";
import { _PAGE_PSE, _PAGE_RW, entryPfn, withFlags, withoutFlags } from "../../hardware/entry.ts";
import { none, pte_dirty, pte_modify } from "../arch/x86/mm/pgtable.ts";
import { PG_anon_exclusive, PG_dirty, VM_MAYWRITE, VM_SHARED } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Page, Vma } from "../mm_types.ts";
import { ENOMEM } from "../uapi/errno.ts";
import { HPAGE_PAGES, HPAGE_SIZE } from "./hugetlb.ts";
import { HPAGE_RESV_UNMAPPED, is_private_owner } from "./hugetlb_resv.ts";
import { next_pud } from "./hugetlb_tables.ts";
import type { ZapDetails } from "./memory_zap.ts";
import type { MmuGather } from "./mmu_gather.ts";
import { PTE_LOCK } from "./pte_range.ts";

/** fork: copies what faults could not bring back. Returns 0 or -ENOMEM. */
export function* copy_hugetlb_page_range(k: Kernel, dst: Vma, src: Vma): Steps<number> {
  const cow = (src.vm_flags & (VM_SHARED | VM_MAYWRITE)) === VM_MAYWRITE;
  const mm = src.vm_mm!;
  if (cow) yield* k.mmu_notifier_invalidate_range_start(mm, src.vm_start, src.vm_end, "MMU_NOTIFY_CLEAR");
  else yield* k.hugetlb_vma_lock_read(src);
  let error = 0;
  for (let address = src.vm_start; address < src.vm_end && !error; ) {
    const src_pte = k.hugetlb_walk(src.vm_mm!, address);
    if (src_pte === 0) {
      address = next_pud(address);
      continue;
    }
    const dst_pte = yield* k.huge_pte_alloc(dst.vm_mm!, dst, address);
    if (dst_pte === 0) error = -ENOMEM;
    // A table that both have now needs nothing copied into it.
    else if (k.ptdesc_pmd_is_shared(Math.floor(dst_pte / 512))) address = next_pud(address);
    else {
      yield* k.copy_huge_pte(dst, src, dst_pte, src_pte, address, cow ? "copy on write" : "shared");
      address += HPAGE_SIZE;
    }
  }
  if (cow) yield* k.mmu_notifier_invalidate_range_end(mm, src.vm_start, src.vm_end);
  else yield* k.hugetlb_vma_unlock_read(src);
  return error;
}

export function* copy_huge_pte(
  k: Kernel,
  dst: Vma,
  src: Vma,
  dst_pte: number,
  src_pte: number,
  address: number,
  how: "copy on write" | "shared",
): Steps<void> {
  const dst_ptl = k.pmd_lockptr(dst_pte);
  const src_ptl = k.pmd_lockptr(src_pte);
  yield* k.spin_lock(dst_ptl, PTE_LOCK);
  yield* k.spin_lock(src_ptl, `${PTE_LOCK}/1`);
  let entry = k.read_entry(src_pte);
  if (!none(entry)) {
    const page = k.page(entryPfn(entry));
    yield k.get_page(page);
    page.mapcount++;
    if (page.anon_vma) page.flags &= ~PG_anon_exclusive;
    if (how === "copy on write") {
      const readable = withoutFlags(entry, _PAGE_RW);
      if (readable !== entry) yield k.set_pmd(src.vm_mm!, address, src_pte, readable);
      entry = readable;
    }
    dst.vm_mm!.hugetlb_usage += HPAGE_PAGES;
    yield k.set_pmd(dst.vm_mm!, address, dst_pte, entry);
  }
  yield k.spin_unlock(src_ptl, `${PTE_LOCK}/1`);
  yield k.spin_unlock(dst_ptl, PTE_LOCK);
}

/** mremap: moves the entries of [old_addr, old_addr + len). Returns how many bytes were done: less than `len` without memory. */
export function* move_hugetlb_page_tables(
  k: Kernel,
  vma: Vma,
  new_vma: Vma,
  old_addr: number,
  new_addr: number,
  len: number,
): Steps<number> {
  const mm = vma.vm_mm!;
  const mapping = vma.vm_file!.f_inode!.i_mapping!;
  const old_end = old_addr + len;
  const told = k.adjust_range_if_pmd_sharing_possible(vma, old_addr, old_end);
  const tlb = k.tlb_gather_mmu(mm);
  yield* k.mmu_notifier_invalidate_range_start(mm, told.start, told.end, "MMU_NOTIFY_CLEAR");
  yield* k.hugetlb_vma_lock_write(vma);
  yield* k.i_mmap_lock_write(mapping);
  let from = old_addr;
  for (let to = new_addr; from < old_end; ) {
    const src_pte = k.hugetlb_walk(mm, from);
    let step = HPAGE_SIZE;
    if (src_pte === 0) step = next_pud(from) - from;
    else if (none(k.read_entry(src_pte))) step = HPAGE_SIZE;
    else if (yield* k.huge_pmd_unshare(tlb, vma, from, src_pte)) step = next_pud(from) - from;
    else {
      // A place that could share its table looks for one with i_mmap_rwsem, which is held here: Linux waits for itself.
      const dst_pte = yield* k.huge_pte_alloc(mm, new_vma, to);
      if (dst_pte === 0) break;
      yield* k.move_huge_pte(vma, from, to, src_pte, dst_pte);
      k.tlb_remove_huge_tlb_entry(tlb, from);
    }
    from += step;
    to += step;
  }
  yield* k.tlb_flush_mmu_tlbonly(tlb);
  yield* k.huge_pmd_unshare_flush(tlb);
  yield* k.mmu_notifier_invalidate_range_end(mm, told.start, told.end);
  yield k.i_mmap_unlock_write(mapping);
  yield* k.hugetlb_vma_unlock_write(vma);
  yield* k.tlb_finish_mmu(tlb);
  return Math.max(0, len + Math.min(from, old_end) - old_end);
}

export function* move_huge_pte(
  k: Kernel,
  vma: Vma,
  from: number,
  to: number,
  src_pte: number,
  dst_pte: number,
): Steps<void> {
  const mm = vma.vm_mm!;
  const src_ptl = k.pmd_lockptr(src_pte);
  const dst_ptl = k.pmd_lockptr(dst_pte);
  const apart = Math.floor(src_pte / 512) !== Math.floor(dst_pte / 512);
  yield* k.spin_lock(dst_ptl, PTE_LOCK);
  if (apart) yield* k.spin_lock(src_ptl, `${PTE_LOCK}/1`);
  const entry = k.read_entry(src_pte);
  yield k.set_pmd(mm, from, src_pte, 0);
  yield k.set_pmd(mm, to, dst_pte, entry);
  if (apart) yield k.spin_unlock(src_ptl, `${PTE_LOCK}/1`);
  yield k.spin_unlock(dst_ptl, PTE_LOCK);
}

/** Before huge pages of a VMA are zapped: faults in it wait, and nobody shares its tables. */
export function* hugetlb_zap_begin(k: Kernel, vma: Vma): Steps<void> {
  yield* k.hugetlb_vma_lock_write(vma);
  yield* k.i_mmap_lock_write(vma.vm_file!.f_inode!.i_mapping!);
}

/** A VMA that is unmapped for good loses its lock, so that nobody shares its tables while they are taken apart. */
export function* hugetlb_zap_end(k: Kernel, vma: Vma, details: ZapDetails): Steps<void> {
  const mapping = vma.vm_file!.f_inode!.i_mapping!;
  if (details.drop_markers) yield* k.hugetlb_vma_unlock_write_free(vma);
  else yield* k.hugetlb_vma_unlock_write(vma);
  yield k.i_mmap_unlock_write(mapping);
}

/** What zap_page_range_single_batched does for huge pages: they are in the pool again before faults can ask for others. */
export function* hugetlb_zap_range(
  k: Kernel,
  tlb: MmuGather,
  vma: Vma,
  start: number,
  end: number,
  details: ZapDetails,
): Steps<void> {
  const mm = vma.vm_mm!;
  const told = k.adjust_range_if_pmd_sharing_possible(vma, start, end);
  yield* k.hugetlb_zap_begin(vma);
  yield* k.mmu_notifier_invalidate_range_start(mm, told.start, told.end, "MMU_NOTIFY_CLEAR");
  yield* k.unmap_single_vma(tlb, vma, start, end, details);
  yield* k.mmu_notifier_invalidate_range_end(mm, told.start, told.end);
  yield* k.tlb_finish_mmu(tlb);
  yield* k.hugetlb_zap_end(vma, details);
  // The caller goes on with the same gather.
  mm.tlb_flush_pending++;
}

/** Takes away what a range maps, or one page of it (`ref_page`). Caller holds i_mmap_rwsem for writing. */
export function* unmap_hugepage_range(
  k: Kernel,
  vma: Vma,
  start: number,
  end: number,
  ref_page: Page | null,
): Steps<void> {
  const mm = vma.vm_mm!;
  const told = k.adjust_range_if_pmd_sharing_possible(vma, start, end);
  yield* k.mmu_notifier_invalidate_range_start(mm, told.start, told.end, "MMU_NOTIFY_CLEAR");
  const tlb = k.tlb_gather_mmu(mm);
  yield* k.__unmap_hugepage_range(tlb, vma, start, end, ref_page);
  yield* k.mmu_notifier_invalidate_range_end(mm, told.start, told.end);
  yield* k.tlb_finish_mmu(tlb);
}

export function* __unmap_hugepage_range(
  k: Kernel,
  tlb: MmuGather,
  vma: Vma,
  start: number,
  end: number,
  ref_page: Page | null,
): Steps<void> {
  const mm = vma.vm_mm!;
  const flush_for = k.unfixed("hugetlb-unshare-flush") ? null : tlb;
  for (let address = start; address < end; ) {
    const ptep = k.hugetlb_walk(mm, address);
    if (ptep === 0) {
      address = next_pud(address);
      continue;
    }
    yield* k.huge_pte_lock(ptep);
    const unshared = yield* k.huge_pmd_unshare(flush_for, vma, address, ptep);
    const entry = unshared ? 0 : k.read_entry(ptep);
    const page = none(entry) ? null : k.page(entryPfn(entry));
    if (page && (!ref_page || page === ref_page)) {
      if (ref_page) vma.vm_resv_flags |= HPAGE_RESV_UNMAPPED;
      yield* k.zap_huge_pte(tlb, vma, address, ptep, page);
      if (ref_page) break;
    } else yield k.huge_pte_unlock(ptep);
    address = unshared ? next_pud(address) : address + HPAGE_SIZE;
  }
  yield* k.huge_pmd_unshare_flush(tlb);
}

/** One entry, whose table is locked, and unlocked here. */
export function* zap_huge_pte(
  k: Kernel,
  tlb: MmuGather,
  vma: Vma,
  address: number,
  ptep: number,
  page: Page,
): Steps<void> {
  const mm = vma.vm_mm!;
  const old = k.read_entry(ptep);
  yield k.set_pmd(mm, address, ptep, 0);
  k.tlb_remove_huge_tlb_entry(tlb, address);
  if (pte_dirty(old)) page.flags |= PG_dirty;
  mm.hugetlb_usage -= HPAGE_PAGES;
  page.mapcount--;
  yield k.huge_pte_unlock(ptep);
  // The owner of a private mapping may fault it in again: its page stays promised to it. 6.18.44 does so too where a child
  // still has the page: the promise is given back when the VMA closes, and made again when the child's page is freed (seen).
  const last = page.mapcount === 0 || k.config.version !== "6.12";
  if (is_private_owner(vma) && last && page.anon_vma) {
    k.folio_set_hugetlb_restore_reserve(page);
    if (k.vma_needs_reservation(vma, address)) k.vma_add_reservation(vma, address);
  }
  if (k.__tlb_remove_page(tlb, page)) yield* k.tlb_flush_mmu(tlb);
}

/** Gives the present entries of a range the VMA's protection, and flushes. */
export function* hugetlb_change_protection(k: Kernel, vma: Vma, start: number, end: number): Steps<void> {
  const mm = vma.vm_mm!;
  const mapping = vma.vm_file!.f_inode!.i_mapping!;
  const told = k.adjust_range_if_pmd_sharing_possible(vma, start, end);
  const tlb = k.tlb_gather_mmu(mm);
  yield* k.mmu_notifier_invalidate_range_start(mm, told.start, told.end, "MMU_NOTIFY_PROTECTION_VMA");
  yield* k.hugetlb_vma_lock_write(vma);
  yield* k.i_mmap_lock_write(mapping);
  for (let address = start; address < end; ) {
    const ptep = k.hugetlb_walk(mm, address);
    if (ptep === 0) {
      address = next_pud(address);
      continue;
    }
    yield* k.huge_pte_lock(ptep);
    const unshared = yield* k.huge_pmd_unshare(tlb, vma, address, ptep);
    if (!unshared && !none(k.read_entry(ptep))) {
      // Taken out while it changes, so that no CPU sets accessed or dirty in what is written over.
      const old = k.read_entry(ptep);
      yield k.set_pmd(mm, address, ptep, 0);
      yield k.set_pmd(mm, address, ptep, withFlags(pte_modify(old, vma.vm_page_prot), _PAGE_PSE));
      k.tlb_remove_huge_tlb_entry(tlb, address);
    }
    yield k.huge_pte_unlock(ptep);
    address = unshared ? next_pud(address) : address + HPAGE_SIZE;
  }
  yield* k.tlb_flush_mmu_tlbonly(tlb);
  yield* k.huge_pmd_unshare_flush(tlb);
  yield k.i_mmap_unlock_write(mapping);
  yield* k.hugetlb_vma_unlock_write(vma);
  yield* k.mmu_notifier_invalidate_range_end(mm, told.start, told.end);
  yield* k.tlb_finish_mmu(tlb);
}

// Copying page tables at fork (mm/memory.c): what the child cannot find again by faults is copied, the rest is left out.
import type { Steps } from "../../core/thread.ts";
import {
  _PAGE_DIRTY,
  _PAGE_RW,
  _PAGE_UFFD_WP,
  entryPfn,
  isPresent,
  swapOffset,
  withoutFlags,
} from "../../hardware/entry.ts";
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
  pte_offset,
  pte_write,
  pud_offset,
} from "../arch/x86/mm/pgtable.ts";
import { VM_HUGETLB, VM_MAYBE_GUARD, VM_MAYWRITE, VM_MIXEDMAP, VM_PFNMAP, VM_SHARED, VM_UFFD_WP } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Vma } from "../mm_types.ts";
import { ENOMEM } from "../uapi/errno.ts";
import { is_pte_marker } from "./madvise_guard.ts";
import { init_rss_vec, mm_counter, type RssVec } from "./memory_rss.ts";
import { SWP_EXCLUSIVE, SWP_UFFD_WP } from "./memory_swap.ts";
import { is_migration_entry, make_readable_migration_entry } from "./migrate.ts";
import { PAGE_TYPE } from "./page_alloc.ts";
import { PTE_LOCK } from "./pte_range.ts";

const is_cow_mapping = (vma: Vma): boolean => (vma.vm_flags & (VM_SHARED | VM_MAYWRITE)) === VM_MAYWRITE;

/** Pages that a later fault can find again need no copy, but what a userfaultfd of the child would have to know. */
const vma_needs_copy = (dst: Vma, src: Vma): boolean =>
  (dst.vm_flags & VM_UFFD_WP) !== 0 ||
  (src.vm_flags & (VM_PFNMAP | VM_MIXEDMAP | VM_MAYBE_GUARD)) !== 0 ||
  src.anon_vma !== null;

/** @returns 0 or -ENOMEM */
export function* copy_page_range(k: Kernel, dst: Vma, src: Vma): Steps<number> {
  if (!vma_needs_copy(dst, src)) return 0;
  if (src.vm_flags & VM_HUGETLB) return yield* k.copy_hugetlb_page_range(dst, src);
  if (!is_cow_mapping(src)) return yield* k.copy_pgd_range(dst, src);
  // Pages that are written to by one side alone from now on: write protection is what changes.
  const { vm_mm: mm, vm_start, vm_end } = src;
  yield* k.mmu_notifier_invalidate_range_start(mm!, vm_start, vm_end, "MMU_NOTIFY_PROTECTION_PAGE");
  const error = yield* k.copy_pgd_range(dst, src);
  yield* k.mmu_notifier_invalidate_range_end(mm!, vm_start, vm_end);
  return error;
}

/** The part of copy_page_range that goes through the top-level table. */
export function* copy_pgd_range(k: Kernel, dst: Vma, src: Vma): Steps<number> {
  const size = pgdir_size(k);
  for (let address = src.vm_start; address < src.vm_end; address = addr_end(address, src.vm_end, size)) {
    const src_pgdp = pgd_offset(k, src.vm_mm!, address);
    if (pgd_none(k, src_pgdp)) continue;
    const error = yield* k.copy_p4d_range(dst, src, src_pgdp, address, addr_end(address, src.vm_end, size));
    if (error) return error;
  }
  return 0;
}

export function* copy_p4d_range(
  k: Kernel,
  dst: Vma,
  src: Vma,
  src_pgdp: number,
  from: number,
  end: number,
): Steps<number> {
  const dst_mm = dst.vm_mm!;
  const dst_pgdp = pgd_offset(k, dst_mm, from);
  if ((yield* k.p4d_alloc(dst_mm, dst_pgdp, from)) === 0) return -ENOMEM;
  for (let address = from; address < end; address = addr_end(address, end, P4D_SIZE)) {
    const p4d = k.read_entry(p4d_offset(k, src_pgdp, address));
    if (none(p4d)) continue;
    const dst_p4dp = p4d_offset(k, dst_pgdp, address);
    const error = yield* k.copy_pud_range(dst, src, dst_p4dp, p4d, address, addr_end(address, end, P4D_SIZE));
    if (error) return error;
  }
  return 0;
}

export function* copy_pud_range(
  k: Kernel,
  dst: Vma,
  src: Vma,
  dst_p4dp: number,
  p4d: number,
  from: number,
  end: number,
): Steps<number> {
  if ((yield* k.pud_alloc(dst.vm_mm!, dst_p4dp, from)) === 0) return -ENOMEM;
  const dst_p4d = k.read_entry(dst_p4dp);
  for (let address = from; address < end; address = addr_end(address, end, PUD_SIZE)) {
    const pud = k.read_entry(pud_offset(p4d, address));
    if (none(pud)) continue;
    const dst_pudp = pud_offset(dst_p4d, address);
    const error = yield* k.copy_pmd_range(dst, src, dst_pudp, pud, address, addr_end(address, end, PUD_SIZE));
    if (error) return error;
  }
  return 0;
}

export function* copy_pmd_range(
  k: Kernel,
  dst: Vma,
  src: Vma,
  dst_pudp: number,
  pud: number,
  from: number,
  end: number,
): Steps<number> {
  if ((yield* k.pmd_alloc(dst.vm_mm!, dst_pudp, from)) === 0) return -ENOMEM;
  const dst_pud = k.read_entry(dst_pudp);
  for (let address = from; address < end; address = addr_end(address, end, PMD_SIZE)) {
    const pmd = k.read_entry(pmd_offset(pud, address));
    if (none(pmd)) continue;
    const dst_pmdp = pmd_offset(dst_pud, address);
    const error = yield* k.copy_pte_range(dst, src, dst_pmdp, pmd, address, addr_end(address, end, PMD_SIZE));
    if (error) return error;
  }
  return 0;
}

export function* copy_pte_range(
  k: Kernel,
  dst: Vma,
  src: Vma,
  dst_pmdp: number,
  src_pmd: number,
  from: number,
  end: number,
): Steps<number> {
  const dst_mm = dst.vm_mm!;
  if ((yield* k.pte_alloc(dst_mm, dst_pmdp, from)) !== 0) return -ENOMEM;
  const dst_pmd = k.read_entry(dst_pmdp);
  const dst_ptl = k.pte_lockptr(dst_pmd);
  const src_ptl = k.pte_lockptr(src_pmd);
  yield* k.spin_lock(dst_ptl, PTE_LOCK);
  yield* k.spin_lock(src_ptl, "ptlock_ptr(ptdesc)/1");
  const rss = init_rss_vec();
  for (let address = from; address < end; address += 4096) {
    const src_ptep = pte_offset(src_pmd, address);
    const pte = k.read_entry(src_ptep);
    if (none(pte)) continue;
    const dst_ptep = pte_offset(dst_pmd, address);
    if (isPresent(pte)) yield* k.copy_present_ptes(dst, src, dst_ptep, src_ptep, pte, address, rss);
    else yield* k.copy_nonpresent_pte(dst, src, dst_ptep, src_ptep, pte, address, rss);
  }
  yield k.spin_unlock(src_ptl, "ptlock_ptr(ptdesc)/1");
  k.add_mm_rss_vec(dst_mm, rss);
  yield k.spin_unlock(dst_ptl, PTE_LOCK);
  return 0;
}

export function* copy_present_ptes(
  k: Kernel,
  dst: Vma,
  src: Vma,
  dst_ptep: number,
  src_ptep: number,
  src_pte: number,
  address: number,
  rss: RssVec,
): Steps<void> {
  let pte = src_pte;
  const pfn = entryPfn(pte);
  const dst_mm = dst.vm_mm!;
  if (pfn !== k.zero_pfn) {
    const page = k.page(pfn);
    yield k.get_page(page);
    if (page.type === PAGE_TYPE.anon) k.folio_try_dup_anon_rmap_pte(page);
    else k.folio_add_file_rmap_pte(page, dst);
    rss[mm_counter(page)]++;
  }
  if (is_cow_mapping(src) && pte_write(pte)) {
    pte = withoutFlags(pte, _PAGE_RW);
    yield k.set_pte(src.vm_mm!, address, src_ptep, pte);
  }
  if (src.vm_flags & VM_SHARED) pte = withoutFlags(pte, _PAGE_DIRTY);
  if (!(dst.vm_flags & VM_UFFD_WP)) pte = withoutFlags(pte, _PAGE_UFFD_WP);
  yield k.set_pte(dst_mm, address, dst_ptep, withoutFlags(pte, 0x20));
}

/** A swap entry: one more user of the slot, which is nobody's alone any more. */
export function* copy_nonpresent_pte(
  k: Kernel,
  dst: Vma,
  src: Vma,
  dst_ptep: number,
  src_ptep: number,
  pte: number,
  address: number,
  rss: RssVec,
): Steps<void> {
  if (is_pte_marker(pte)) {
    yield k.set_pte(dst.vm_mm!, address, dst_ptep, pte);
    return;
  }
  if (is_migration_entry(pte)) {
    const readable = make_readable_migration_entry(pte);
    if (is_cow_mapping(src) && readable !== pte) yield k.set_pte(src.vm_mm!, address, src_ptep, readable);
    rss[mm_counter(k.page(swapOffset(pte)))]++;
    yield k.set_pte(dst.vm_mm!, address, dst_ptep, is_cow_mapping(src) ? readable : pte);
    return;
  }
  yield k.swap_duplicate(pte);
  const shared = withoutFlags(pte, SWP_EXCLUSIVE);
  const copy = dst.vm_flags & VM_UFFD_WP ? shared : withoutFlags(shared, SWP_UFFD_WP);
  if (shared !== pte) yield k.set_pte(src.vm_mm!, address, src_ptep, shared);
  rss.swap++;
  yield k.set_pte(dst.vm_mm!, address, dst_ptep, copy);
}

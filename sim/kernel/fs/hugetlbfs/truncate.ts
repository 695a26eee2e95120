// What a file of huge pages gives up: its end, a hole in it, all of it (fs/hugetlbfs/inode.c).
import type { Steps } from "../../../core/thread.ts";
import { entryPfn } from "../../../hardware/entry.ts";
import type { Kernel } from "../../kernel.ts";
import { HPAGE_PAGES, HPAGE_SIZE } from "../../mm/hugetlb.ts";
import { VMA_LOCK } from "../../mm/hugetlb_resv.ts";
import { PAGEVEC_SIZE } from "../../mm/swap.ts";
import type { AddressSpace, Dentry, HugetlbVmaLock, Inode, Page, Vma } from "../../mm_types.ts";
import { EINVAL, EPERM } from "../../uapi/errno.ts";
import { F_SEAL_FUTURE_WRITE, F_SEAL_GROW, F_SEAL_SHRINK, F_SEAL_WRITE } from "../../uapi/fcntl.ts";
import type { Attributes } from "../operations.ts";

/** inode_operations.setattr: the size is a whole number of huge pages. Caller holds i_rwsem. */
export function* hugetlbfs_setattr(k: Kernel, dentry: Dentry, attributes: Attributes): Steps<number> {
  const inode = dentry.d_inode!;
  const error = k.setattr_prepare(dentry, attributes);
  if (error) return error;
  const { size } = attributes;
  if (size !== undefined) {
    if (size % HPAGE_SIZE !== 0) return -EINVAL;
    if (size < inode.i_size && inode.seals & F_SEAL_SHRINK) return -EPERM;
    if (size > inode.i_size && inode.seals & F_SEAL_GROW) return -EPERM;
    yield* k.hugetlb_vmtruncate(inode, size);
  }
  k.setattr_copy(inode, attributes);
  return 0;
}

export function* hugetlb_vmtruncate(k: Kernel, inode: Inode, size: number): Steps<void> {
  const mapping = inode.i_mapping!;
  yield k.i_size_write(inode, size);
  yield* k.i_mmap_lock_write(mapping);
  yield* k.hugetlb_vmdelete_list(mapping, size / 4096, Number.POSITIVE_INFINITY);
  yield k.i_mmap_unlock_write(mapping);
  yield* k.remove_inode_hugepages(inode, size, Number.POSITIVE_INFINITY);
}

/** The part of a VMA that maps [start, end) of its file, in pages. */
function part_of(vma: Vma, start: number, end: number): { from: number; to: number } {
  const from = vma.vm_start + Math.max(0, start - vma.vm_pgoff) * 4096;
  const to = Number.isFinite(end) ? Math.min(vma.vm_end, vma.vm_start + (end - vma.vm_pgoff) * 4096) : vma.vm_end;
  return { from, to };
}

/** Unmaps [start, end) of the file, in pages, from all who map it and are not busy with it. Caller holds i_mmap_rwsem. */
export function* hugetlb_vmdelete_list(k: Kernel, mapping: AddressSpace, start: number, end: number): Steps<void> {
  for (const vma of mapping.i_mmap) {
    const { from, to } = part_of(vma, start, end);
    if (from >= to) continue;
    if (!(yield* k.hugetlb_vma_trylock_write(vma))) continue;
    yield* k.unmap_hugepage_range(vma, from, to, null);
    yield* k.hugetlb_vma_unlock_write(vma);
  }
}

/** Removes the huge pages of [start, end) in bytes. To the end of all: truncation, which also ends what was reserved. */
export function* remove_inode_hugepages(k: Kernel, inode: Inode, start: number, end: number): Steps<void> {
  const mapping = inode.i_mapping!;
  const truncates = !Number.isFinite(end);
  let freed = 0;
  for (let next = start / 4096; ; ) {
    const pages = yield* k.filemap_get_huge_folios(mapping, next, end / 4096);
    if (pages.length === 0) break;
    next = pages.at(-1)!.index + HPAGE_PAGES;
    for (const page of pages) {
      const mutex = k.hugetlb_fault_mutex_of(mapping, page.index / HPAGE_PAGES);
      yield* k.hugetlb_fault_mutex_lock(mutex);
      freed += yield* k.remove_inode_single_folio(inode, mapping, page, truncates ? "truncation" : "hole");
      yield k.hugetlb_fault_mutex_unlock(mutex);
    }
    yield* k.folios_put_refs(pages, 0, pages.length);
  }
  if (truncates) k.hugetlb_unreserve_pages(inode, start / HPAGE_SIZE, Number.POSITIVE_INFINITY, freed);
}

/** Huge pages of a file from an index on, as many as a batch takes, each with a reference. Indices in pages of 4 KiB. */
export function* filemap_get_huge_folios(
  k: Kernel,
  mapping: AddressSpace,
  start: number,
  end: number,
): Steps<readonly Page[]> {
  const pages: Page[] = [];
  for (const [, entry] of mapping.i_pages.entries(start, end)) {
    pages.push(k.page(entry - 1));
    if (pages.length === PAGEVEC_SIZE) break;
  }
  for (const page of pages) yield k.get_page(page);
  return pages;
}

/** Caller holds the page's fault mutex, and a reference. Returns how many pages went: 0 where somebody was faster. */
export function* remove_inode_single_folio(
  k: Kernel,
  inode: Inode,
  mapping: AddressSpace,
  page: Page,
  why: "truncation" | "hole",
): Steps<number> {
  const index = page.index / HPAGE_PAGES;
  yield* k.folio_lock(page);
  const there = page.mapping === mapping;
  if (there) {
    if (page.mapcount > 0) yield* k.hugetlb_unmap_file_folio(mapping, page, index);
    yield* k.hugetlb_delete_from_page_cache(page);
    if (why === "hole") k.hugetlb_unreserve_pages(inode, index, index + 1, 1);
  }
  k.folio_unlock(page);
  return there ? 1 : 0;
}

/** Unmaps one page from those who were busy, or faulted it in again. The page's fault mutex is held: no more can come. */
export function* hugetlb_unmap_file_folio(k: Kernel, mapping: AddressSpace, page: Page, index: number): Steps<void> {
  const start = index * HPAGE_PAGES;
  yield* k.i_mmap_lock_write(mapping);
  for (let i = 0; i < mapping.i_mmap.length; i++) {
    const vma = mapping.i_mmap.at(i)!;
    const { from, to } = part_of(vma, start, start + HPAGE_PAGES);
    if (from >= to || !k.hugetlb_vma_maps_page(vma, from, page)) continue;
    if (yield* k.hugetlb_vma_trylock_write(vma)) {
      yield* k.unmap_hugepage_range(vma, from, to, null);
      yield* k.hugetlb_vma_unlock_write(vma);
      continue;
    }
    // The VMA's lock comes before i_mmap_rwsem: wait for it without that, and look at all of them again afterwards.
    const lock = vma.vm_private_data as HugetlbVmaLock;
    lock.refs++;
    yield k.i_mmap_unlock_write(mapping);
    yield* k.down_write(lock.rw_sema, VMA_LOCK);
    yield* k.i_mmap_lock_write(mapping);
    // The VMA may be gone, and the lock with it but for our reference.
    const still = lock.vma;
    const at = still ? part_of(still, start, start + HPAGE_PAGES) : { from: 0, to: 0 };
    if (still && at.from < at.to && k.hugetlb_vma_maps_page(still, at.from, page))
      yield* k.unmap_hugepage_range(still, at.from, at.to, null);
    yield k.up_write(lock.rw_sema, VMA_LOCK);
    k.hugetlb_vma_lock_put(lock);
    i = -1;
  }
  yield k.i_mmap_unlock_write(mapping);
}

export function hugetlb_vma_maps_page(k: Kernel, vma: Vma, address: number, page: Page): boolean {
  const ptep = k.hugetlb_walk(vma.vm_mm!, address);
  if (ptep === 0) return false;
  const entry = k.read_entry(ptep);
  return entry !== 0 && k.page(entryPfn(entry)) === page;
}

/** Whole huge pages of the range go; parts of others become zero. */
export function* hugetlbfs_punch_hole(k: Kernel, inode: Inode, offset: number, length: number): Steps<number> {
  if (inode.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) return -EPERM;
  const mapping = inode.i_mapping!;
  const end = offset + length;
  const hole_start = Math.ceil(offset / HPAGE_SIZE) * HPAGE_SIZE;
  const hole_end = Math.floor(end / HPAGE_SIZE) * HPAGE_SIZE;
  yield* k.i_mmap_lock_write(mapping);
  if (offset < hole_start) yield* k.hugetlbfs_zero_partial_page(mapping, offset, Math.min(end, hole_start));
  if (hole_end > hole_start) yield* k.hugetlb_vmdelete_list(mapping, hole_start / 4096, hole_end / 4096);
  if (end > hole_end && end > hole_start) yield* k.hugetlbfs_zero_partial_page(mapping, hole_end, end);
  yield k.i_mmap_unlock_write(mapping);
  if (hole_end > hole_start) yield* k.remove_inode_hugepages(inode, hole_start, hole_end);
  return 0;
}

/** Zeroes [start, end) in bytes, within one huge page, if the file has it. */
export function* hugetlbfs_zero_partial_page(
  k: Kernel,
  mapping: AddressSpace,
  start: number,
  end: number,
): Steps<void> {
  const page = yield* k.filemap_lock_hugetlb_folio(mapping, Math.floor(start / HPAGE_SIZE));
  if (!page) return;
  const base = start - (start % HPAGE_SIZE);
  for (let at = start; at < end; at += 4096 - (at % 4096)) {
    const length = Math.min(4096 - (at % 4096), end - at);
    k.write_frame(page.slot + Math.floor((at - base) / 4096), at % 4096, new Uint8Array(length));
  }
  k.folio_unlock(page);
  yield* k.put_page(page);
}

/** super_operations.evict_inode: nobody uses the file any more. */
export function* hugetlbfs_evict_inode(k: Kernel, inode: Inode): Steps<void> {
  const map = k.inode_resv_map(inode);
  yield* k.remove_inode_hugepages(inode, 0, Number.POSITIVE_INFINITY);
  if (map) k.resv_map_put(map);
  inode.i_mapping!.i_private_data = null;
}

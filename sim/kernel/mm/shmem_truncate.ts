// Sizes of shared memory files (mm/shmem.c): what they reserve, and truncation.
import type { Steps } from "../../core/thread.ts";
import { PG_dirty, PG_uptodate, VM_NORESERVE } from "../flags.ts";
import type { Attributes } from "../fs/operations.ts";
import type { Kernel } from "../kernel.ts";
import type { Dentry, Inode, Page } from "../mm_types.ts";
import { EPERM } from "../uapi/errno.ts";
import { F_SEAL_GROW, F_SEAL_SHRINK, S_IFMT, S_IFREG } from "../uapi/fcntl.ts";

/** setattr of a file or directory: size and mode. Caller holds i_rwsem. */
export function* shmem_setattr(k: Kernel, dentry: Dentry, attributes: Attributes): Steps<number> {
  const inode = dentry.d_inode!;
  const error = k.setattr_prepare(dentry, attributes);
  if (error) return error;
  if (attributes.size !== undefined && (inode.i_mode & S_IFMT) === S_IFREG) {
    const failed = yield* k.shmem_set_size(inode, attributes.size);
    if (failed) return failed;
  }
  k.setattr_copy(inode, attributes);
  return 0;
}

export function* shmem_set_size(k: Kernel, inode: Inode, size: number): Steps<number> {
  const old = inode.i_size;
  if (size < old && inode.seals & F_SEAL_SHRINK) return -EPERM;
  if (size > old && inode.seals & F_SEAL_GROW) return -EPERM;
  if (size !== old) {
    const error = k.shmem_reacct_size(inode, old, size);
    if (error) return error;
    yield k.i_size_write(inode, size);
  }
  if (size > old) return 0;
  const mapping = inode.i_mapping!;
  const holebegin = size_pages(size) * 4096;
  if (old > holebegin) yield* k.unmap_mapping_range(mapping, holebegin, 0, "even cows");
  if (inode.alloced) yield* k.shmem_truncate_range(inode, size, Number.POSITIVE_INFINITY);
  if (old > holebegin) yield* k.unmap_mapping_range(mapping, holebegin, 0, "even cows");
  return 0;
}

const size_pages = (bytes: number): number => Math.ceil(bytes / 4096);

/** A file that reserves its whole size ahead: 0 or -ENOMEM. */
export function shmem_acct_size(k: Kernel, flags: number, bytes: number): number {
  return flags & VM_NORESERVE ? 0 : k.security_vm_enough_memory_mm(k.current.mm!, size_pages(bytes));
}

export function shmem_unacct_size(k: Kernel, flags: number, bytes: number): void {
  if (!(flags & VM_NORESERVE)) k.vm_unacct_memory(size_pages(bytes));
}

export function shmem_reacct_size(k: Kernel, inode: Inode, old: number, size: number): number {
  if (inode.shmem_flags & VM_NORESERVE) return 0;
  const more = size_pages(size) - size_pages(old);
  if (more > 0) return k.security_vm_enough_memory_mm(k.current.mm!, more);
  if (more < 0) k.vm_unacct_memory(-more);
  return 0;
}

/** Removes the bytes `start` to `end` (not included) of the file: whole pages go, parts of pages become zero. */
export function* shmem_truncate_range(k: Kernel, inode: Inode, start: number, end: number): Steps<void> {
  yield* k.shmem_undo_range(inode, start, end, "truncate");
}

/** "undo fallocate": only pages that were reserved and never filled go. */
export function* shmem_undo_range(
  k: Kernel,
  inode: Inode,
  start: number,
  end: number,
  what: "truncate" | "undo fallocate",
): Steps<void> {
  const mapping = inode.i_mapping!;
  const first = Math.ceil(start / 4096);
  const after = Math.floor(end / 4096);
  const goes = (page: Page): boolean => what === "truncate" || !(page.flags & PG_uptodate);
  let swaps_freed = 0;
  // First what nobody has locked.
  for (let index = first; ; ) {
    const found = k.find_lock_entries(mapping, index, after);
    if (found.length === 0) break;
    for (const [at, entry] of found) {
      if (entry > 0) {
        const page = k.page(entry - 1);
        if (goes(page)) yield* k.truncate_inode_folio(mapping, page);
        k.folio_unlock(page);
      } else if (what === "truncate" && (yield* k.shmem_free_swap(inode, at, entry))) swaps_freed++;
    }
    const pages = found.flatMap(([, entry]) => (entry > 0 ? [k.page(entry - 1)] : []));
    yield* k.folios_put_refs(pages, 0, pages.length);
    index = found.at(-1)![0] + 1;
  }
  if (what === "truncate") yield* k.shmem_truncate_partial_folios(inode, start, end);
  for (let index = first; ; ) {
    const [one] = mapping.i_pages.entries(index, after);
    if (!one) {
      // Truncation goes on until nothing is left, whoever puts pages back meanwhile; a hole is not guarded like that.
      if (index === first || Number.isFinite(end)) break;
      index = first;
      continue;
    }
    const [at, entry] = one;
    index = at + 1;
    // What was looked up may have gone to swap by the time, or come from there: then it is looked up again.
    if (entry > 0) {
      if (!(yield* k.shmem_remove_page(inode, k.page(entry - 1), what))) index = at;
    } else if (what === "truncate" && !(yield* k.shmem_free_swap(inode, at, entry))) index = at;
    else if (what === "truncate") swaps_freed++;
  }
  k.shmem_recalc_inode(inode, 0, -swaps_freed);
}

/** Waits for a page's lock and takes it out of the file. False: it is not there any more. */
export function* shmem_remove_page(
  k: Kernel,
  inode: Inode,
  page: Page,
  what: "truncate" | "undo fallocate",
): Steps<boolean> {
  const mapping = inode.i_mapping!;
  yield k.get_page(page);
  yield* k.folio_lock(page);
  const there = page.mapping === mapping;
  if (there && (what === "truncate" || !(page.flags & PG_uptodate))) yield* k.truncate_inode_folio(mapping, page);
  k.folio_unlock(page);
  yield* k.put_page(page);
  return there;
}

/** Gives back the swap slot of a page that is not in memory. `entry` is negative, as in the page cache. False: it is not there. */
export function* shmem_free_swap(k: Kernel, inode: Inode, index: number, entry: number): Steps<boolean> {
  const mapping = inode.i_mapping!;
  if (mapping.i_pages.get(index) !== entry) return false;
  mapping.i_pages = mapping.i_pages.delete(index);
  yield* k.free_swap_and_cache_nr(-entry);
  return true;
}

/** The first and the last page of a range of bytes: what they have of it becomes zero, or they go if somebody kept them so far. */
export function* shmem_truncate_partial_folios(k: Kernel, inode: Inode, start: number, end: number): Steps<void> {
  const first = yield* k.shmem_get_partial_folio(inode, Math.floor(start / 4096));
  let same_folio = Math.floor(start / 4096) === Math.floor((end - 1) / 4096);
  if (first) {
    same_folio = end <= (first.index + 1) * 4096;
    yield* k.shmem_truncate_partial(first, start, end);
  }
  if (same_folio || !Number.isFinite(end)) return;
  const last = yield* k.shmem_get_partial_folio(inode, Math.floor((end - 1) / 4096));
  if (last) yield* k.shmem_truncate_partial(last, start, end);
}

/** Of one locked page with a reference, both of which go. */
export function* shmem_truncate_partial(k: Kernel, page: Page, start: number, end: number): Steps<void> {
  page.flags |= PG_dirty;
  yield* k.truncate_inode_partial_folio(page, start, end);
  k.folio_unlock(page);
  yield* k.put_page(page);
}

/** The page at an index, locked and with a reference; one that is in swap only within the file's size. */
export function* shmem_get_partial_folio(k: Kernel, inode: Inode, index: number): Steps<Page | null> {
  const entry = inode.i_mapping!.i_pages.get(index) ?? 0;
  if (entry === 0) return null;
  if (entry > 0) {
    const page = k.page(entry - 1);
    yield k.get_page(page);
    yield* k.folio_lock(page);
    if (page.mapping === inode.i_mapping) return page;
    k.folio_unlock(page);
    yield* k.put_page(page);
  }
  const found = yield* k.shmem_get_folio(inode, index, "read");
  return typeof found === "number" ? null : found;
}

/** super_operations.evict_inode: nobody uses the file any more. */
export function* shmem_evict_inode(k: Kernel, inode: Inode): Steps<void> {
  if ((inode.i_mode & S_IFMT) !== S_IFREG) return;
  k.shmem_unacct_size(inode.shmem_flags, inode.i_size);
  inode.i_size = 0;
  yield* k.shmem_truncate_range(inode, 0, Number.POSITIVE_INFINITY);
}

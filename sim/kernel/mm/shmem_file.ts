// read, write and fallocate of shared memory files (mm/shmem.c).
import type { Steps } from "../../core/thread.ts";
import { PG_dirty, PG_uptodate } from "../flags.ts";
import { MAX_LFS_FILESIZE } from "../fs/inode.ts";
import type { UserBuffer } from "../fs/read_write.ts";
import type { Kernel } from "../kernel.ts";
import type { AddressSpace, File, Inode, Page } from "../mm_types.ts";
import { EFAULT, EFBIG, EINTR, EINVAL, ENOMEM, ENOSPC, ENXIO, EOPNOTSUPP, EPERM } from "../uapi/errno.ts";
import {
  F_SEAL_FUTURE_WRITE,
  F_SEAL_GROW,
  F_SEAL_WRITE,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  SEEK_DATA,
  SEEK_HOLE,
} from "../uapi/fcntl.ts";

/** Reads page by page; holes read as zero and stay holes. */
export function* shmem_file_read_iter(
  k: Kernel,
  file: File,
  address: number,
  count: number,
  pos: number,
): Steps<number> {
  const inode = file.f_inode!;
  let done = 0;
  // Also who reads nothing has the page brought in where he would have read it.
  while (pos + done < inode.i_size) {
    const index = Math.floor((pos + done) / 4096);
    const offset = (pos + done) % 4096;
    const page = yield* k.shmem_get_folio(inode, index, "read");
    if (typeof page === "number") return done || (page === -EINVAL ? 0 : page);
    if (page) k.folio_unlock(page);
    // Reading the beginning of a page counts as using it.
    if (page && offset === 0) k.folio_mark_accessed(page);
    const length = Math.min(4096 - offset, count - done, Math.max(0, inode.i_size - pos - done));
    const from = page ? { pfn: page.slot, offset } : new Uint8Array(length);
    const copied = length > 0 ? yield* k.copy_page_to_iter(address + done, from, length) : 0;
    if (page) yield* k.put_page(page);
    done += copied;
    if (copied < length) return done || -EFAULT;
    if (length === 0 || done >= count) break;
  }
  return done;
}

/** Returns how many bytes were written, or a negative errno. */
export function* shmem_file_write_iter(
  k: Kernel,
  file: File,
  from: UserBuffer,
  count: number,
  pos: number,
): Steps<number> {
  const inode = file.f_inode!;
  yield* k.inode_lock(inode);
  const written =
    count > 0 && pos >= MAX_LFS_FILESIZE - 1
      ? -EFBIG
      : yield* k.generic_perform_write(inode.i_mapping!, from, count, pos);
  yield k.inode_unlock(inode);
  return written;
}

/** address_space_operations.write_begin */
export function* shmem_write_begin(k: Kernel, mapping: AddressSpace, pos: number, len: number): Steps<Page | number> {
  const inode = mapping.host!;
  if (inode.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) return -EPERM;
  if (inode.seals & F_SEAL_GROW && pos + len > inode.i_size) return -EPERM;
  return (yield* k.shmem_get_folio(inode, Math.floor(pos / 4096), "write")) ?? -ENOSPC;
}

/** address_space_operations.write_end: the file reaches up to `pos` also where nothing came to it. */
export function* shmem_write_end(
  k: Kernel,
  mapping: AddressSpace,
  pos: number,
  copied: number,
  page: Page,
): Steps<void> {
  const inode = mapping.host!;
  if (pos + copied > inode.i_size) yield k.i_size_write(inode, pos + copied);
  if (!(page.flags & PG_uptodate)) {
    const from = pos % 4096;
    k.zero_user_segments(page, 0, from, from + copied, 4096);
    page.flags |= PG_uptodate;
  }
  page.flags |= PG_dirty;
  k.folio_unlock(page);
  yield* k.put_page(page);
}

export function* shmem_file_llseek(k: Kernel, file: File, offset: number, whence: number): Steps<number> {
  if (whence !== SEEK_DATA && whence !== SEEK_HOLE) return yield* k.generic_file_llseek(file, offset, whence);
  const inode = file.f_inode!;
  if (offset < 0 || offset >= inode.i_size) return -ENXIO;
  yield* k.inode_lock(inode);
  const pos = seek_hole_data(k, inode, offset, whence);
  if (pos >= 0) file.f_pos = pos;
  yield k.inode_unlock(inode);
  return pos;
}

/** The first byte from `offset` on that is in a page with data (SEEK_DATA) or in none (SEEK_HOLE). */
function seek_hole_data(k: Kernel, inode: Inode, offset: number, whence: number): number {
  const first = Math.floor(offset / 4096);
  const after = Math.ceil(inode.i_size / 4096);
  let hole = first;
  for (const [index, entry] of inode.i_mapping!.i_pages.entries(first, after)) {
    // What was reserved and never filled is no data; what is in swap is.
    if (entry > 0 && !(k.page(entry - 1).flags & PG_uptodate)) continue;
    if (whence === SEEK_DATA) return Math.max(offset, index * 4096);
    if (index > hole) break;
    hole = index + 1;
  }
  return whence === SEEK_DATA ? -ENXIO : Math.min(Math.max(offset, hole * 4096), inode.i_size);
}

/** `offset` and `length` in bytes. */
export function* shmem_fallocate(k: Kernel, file: File, mode: number, offset: number, length: number): Steps<number> {
  if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)) return -EOPNOTSUPP;
  const inode = file.f_inode!;
  yield* k.inode_lock(inode);
  const error =
    mode & FALLOC_FL_PUNCH_HOLE
      ? yield* k.shmem_punch_hole(inode, offset, length)
      : yield* k.shmem_reserve(inode, mode, offset, length);
  yield k.inode_unlock(inode);
  return error;
}

/** Takes the pages of a range away, from mappings too but for private copies. Faults into it wait until that is done. */
export function* shmem_punch_hole(k: Kernel, inode: Inode, offset: number, length: number): Steps<number> {
  if (inode.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) return -EPERM;
  const first = Math.ceil(offset / 4096);
  const after = Math.floor((offset + length) / 4096);
  inode.falloc_start = first;
  inode.falloc_next = after;
  inode.falloc_punching = 1;
  // The end of a hole that ends in the first page is taken for one before it, which is the end of everything (a length of 0).
  const holelen = after === 0 ? 0 : (after - first) * 4096;
  if (after === 0 || holelen > 0) yield* k.unmap_mapping_range(inode.i_mapping!, first * 4096, holelen, "file pages");
  yield* k.shmem_truncate_range(inode, offset, offset + length);
  inode.falloc_punching = 0;
  return 0;
}

/** Allocates the pages of a range ahead. What it made itself goes again if there is no room for all. */
export function* shmem_reserve(k: Kernel, inode: Inode, mode: number, offset: number, length: number): Steps<number> {
  const end = offset + length;
  if (end >= MAX_LFS_FILESIZE) return -EFBIG;
  if (inode.seals & F_SEAL_GROW && end > inode.i_size) return -EPERM;
  const first = Math.floor(offset / 4096);
  const after = Math.ceil(end / 4096);
  const sb = inode.i_sb!;
  if (sb.max_blocks > 0 && after - first > sb.max_blocks) return -ENOSPC;
  inode.falloc_start = first;
  inode.falloc_next = first;
  inode.falloc_nr_falloced = 0;
  inode.falloc_nr_unswapped = 0;
  inode.falloc_allocating = 1;
  let error = 0;
  for (let index = first; index < after && !error; index++) {
    const page = yield* k.shmem_falloc_page(inode, index);
    if (page === null || typeof page === "number") {
      error = page ?? -ENOSPC;
      if (index > first) yield* k.shmem_undo_range(inode, first * 4096, index * 4096, "undo fallocate");
      continue;
    }
    // From here on shmem_writeout leaves it alone until it is filled.
    if (!(page.flags & PG_uptodate)) inode.falloc_nr_falloced++;
    inode.falloc_next = index + 1;
    page.flags |= PG_dirty;
    k.folio_unlock(page);
    yield* k.put_page(page);
  }
  if (!error && !(mode & FALLOC_FL_KEEP_SIZE) && end > inode.i_size) yield k.i_size_write(inode, end);
  inode.falloc_allocating = 0;
  return error;
}

/** A page ahead; -EINTR for who was killed; -ENOMEM where reclaim meets more pages of this call than are new. */
export function* shmem_falloc_page(k: Kernel, inode: Inode, index: number): Steps<Page | null | number> {
  if (k.current.signal) return -EINTR;
  if (inode.falloc_nr_unswapped > inode.falloc_nr_falloced) return -ENOMEM;
  return yield* k.shmem_get_folio(inode, index, "falloc");
}

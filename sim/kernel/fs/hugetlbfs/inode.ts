// hugetlbfs (fs/hugetlbfs/inode.c): files of huge pages. There is no write: they are filled through mappings.
import type { Steps } from "../../../core/thread.ts";
import { entryPfn } from "../../../hardware/entry.ts";
import { VM_DONTEXPAND, VM_HUGETLB, VM_MAYSHARE, VM_SHARED, VM_WRITE, withVmFlags } from "../../flags.ts";
import type { Kernel } from "../../kernel.ts";
import { HPAGE_PAGES, HPAGE_SIZE } from "../../mm/hugetlb.ts";
import { VMA_LOCK } from "../../mm/hugetlb_resv.ts";
import { PAGEVEC_SIZE } from "../../mm/swap.ts";
import {
  type AddressSpace,
  type Dentry,
  type File,
  type HugetlbVmaLock,
  type Inode,
  type Page,
  type SuperBlock,
  type Vma,
  vm_area_struct,
} from "../../mm_types.ts";
import { EFAULT, EINTR, EINVAL, ENODEV, ENOMEM, ENOSPC, EOPNOTSUPP, EPERM } from "../../uapi/errno.ts";
import {
  F_SEAL_FUTURE_WRITE,
  F_SEAL_GROW,
  F_SEAL_SEAL,
  F_SEAL_SHRINK,
  F_SEAL_WRITE,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  O_RDWR,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
} from "../../uapi/fcntl.ts";
import { alloc_file } from "../file.ts";
import { MAX_LFS_FILESIZE } from "../inode.ts";
import type { Attributes } from "../operations.ts";

const HUGETLBFS_FILE = "hugetlbfs_file_operations";

export const is_file_hugepages = (file: File | null): boolean => file?.f_op === HUGETLBFS_FILE;

/** Whether there are huge pages of 2^log bytes; 0: the default size. Others of the machine's are not modelled. */
export const is_huge_page_log = (log: number): boolean => log === 0 || log === 21;

export function hugetlbfs_get_inode(k: Kernel, sb: SuperBlock, mode: number): Inode {
  const inode = k.new_inode(sb, mode);
  inode.seals = F_SEAL_SEAL;
  const type = mode & S_IFMT;
  if (type === S_IFDIR) {
    inode.i_nlink++;
    inode.i_op = "hugetlbfs_dir_inode_operations";
    inode.i_fop = "simple_dir_operations";
    return inode;
  }
  inode.i_op = "hugetlbfs_inode_operations";
  if (type === S_IFREG) inode.i_fop = HUGETLBFS_FILE;
  if (type === S_IFREG || type === S_IFLNK) inode.i_mapping!.i_private_data = k.resv_map_alloc();
  return inode;
}

export function* hugetlbfs_mknod(k: Kernel, dir: Inode, dentry: Dentry, mode: number): Steps<number> {
  const inode = k.hugetlbfs_get_inode(dir.i_sb!, mode);
  yield k.trace.inode_alloc(inode);
  yield k.d_add_pinned(dentry, inode);
  return 0;
}

export function* hugetlbfs_mkdir(k: Kernel, dir: Inode, dentry: Dentry, mode: number): Steps<number> {
  const error = yield* k.hugetlbfs_mknod(dir, dentry, mode);
  if (!error) dir.i_nlink++;
  return error;
}

export function* hugetlbfs_fill_super(k: Kernel, sb: SuperBlock): Steps<number> {
  sb.s_op = "hugetlbfs_ops";
  sb.s_maxbytes = MAX_LFS_FILESIZE;
  const inode = k.hugetlbfs_get_inode(sb, S_IFDIR | 0o755);
  yield k.trace.inode_alloc(inode);
  sb.s_root = k.d_alloc_anon(sb, inode, "/");
  return 0;
}

/** At boot: the mount behind files without a name. */
export function* init_hugetlbfs_fs(k: Kernel): Steps<void> {
  const mnt = yield* k.vfs_kern_mount("hugetlbfs");
  if (typeof mnt !== "number") k.hstate.hugetlbfs_vfsmount = mnt;
}

/** An open file of huge pages without a name: memfd, MAP_HUGETLB. `log`: size of its pages. Returns it or a negative errno. */
export function* hugetlb_file_setup(
  k: Kernel,
  name: string,
  size: number,
  flags: number,
  log: number,
): Steps<File | number> {
  if (!is_huge_page_log(log)) return -ENODEV;
  const mnt = k.hstate.hugetlbfs_vfsmount!;
  const inode = k.hugetlbfs_get_inode(mnt.mnt_sb!, S_IFREG | 0o777);
  inode.i_size = size;
  inode.i_nlink = 0;
  inode.name = name;
  yield k.trace.inode_alloc(inode);
  if (!(yield* k.hugetlb_reserve_pages(inode, 0, size / HPAGE_SIZE, null, flags))) {
    yield* k.iput(inode);
    return -ENOMEM;
  }
  const dentry = k.d_alloc_anon(mnt.mnt_sb!, inode, name);
  mnt.mnt_count++;
  return alloc_file(k, { mnt, dentry }, O_RDWR);
}

/** file_operations.mmap */
export function* hugetlbfs_file_mmap(k: Kernel, file: File, vma: Vma): Steps<number> {
  const sealed = k.seal_check_write(file, vma);
  if (sealed) return sealed;
  vma.vm_flags = withVmFlags(vma.vm_flags, VM_HUGETLB | VM_DONTEXPAND);
  vma.vm_ops = "hugetlb_vm_ops";
  const first = vma.vm_pgoff / HPAGE_PAGES;
  if (!Number.isInteger(first)) return -EINVAL;
  const end = first + (vma.vm_end - vma.vm_start) / HPAGE_SIZE;
  const inode = file.f_inode!;
  yield* k.inode_lock(inode);
  const reserved = yield* k.hugetlb_reserve_pages(inode, first, end, vma, vma.vm_flags);
  if (reserved && vma.vm_flags & VM_WRITE && inode.i_size < end * HPAGE_SIZE)
    yield k.i_size_write(inode, end * HPAGE_SIZE);
  yield k.inode_unlock(inode);
  return reserved ? 0 : -ENOMEM;
}

/** file_operations.read: holes read as zero and stay holes. */
export function* hugetlbfs_read_iter(
  k: Kernel,
  file: File,
  address: number,
  count: number,
  pos: number,
): Steps<number> {
  const inode = file.f_inode!;
  let done = 0;
  while (done < count && pos + done < inode.i_size) {
    const at = pos + done;
    const length = Math.min(4096 - (at % 4096), count - done, inode.i_size - at);
    const page = yield* k.filemap_lock_hugetlb_folio(inode.i_mapping!, Math.floor(at / HPAGE_SIZE));
    if (page) k.folio_unlock(page);
    const frame = page ? page.slot + Math.floor((at % HPAGE_SIZE) / 4096) : 0;
    const from = page ? { pfn: frame, offset: at % 4096 } : new Uint8Array(length);
    const copied = yield* k.copy_page_to_iter(address + done, from, length);
    if (page) yield* k.put_page(page);
    done += copied;
    if (copied < length) return done || -EFAULT;
  }
  return done;
}

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

/** file_operations.fallocate; `offset` and `length` in bytes. */
export function* hugetlbfs_fallocate(
  k: Kernel,
  file: File,
  mode: number,
  offset: number,
  length: number,
): Steps<number> {
  if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)) return -EOPNOTSUPP;
  const inode = file.f_inode!;
  yield* k.inode_lock(inode);
  const error =
    mode & FALLOC_FL_PUNCH_HOLE
      ? yield* k.hugetlbfs_punch_hole(inode, offset, length)
      : yield* k.hugetlbfs_preallocate(file, mode, offset, length);
  yield k.inode_unlock(inode);
  return error;
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

/** Allocates the huge pages that the range touches. What was made before an error stays. */
export function* hugetlbfs_preallocate(
  k: Kernel,
  file: File,
  mode: number,
  offset: number,
  length: number,
): Steps<number> {
  const inode = file.f_inode!;
  const mapping = inode.i_mapping!;
  const end = offset + length;
  const refused = k.inode_newsize_ok(inode, end);
  if (refused) return refused;
  if (inode.seals & F_SEAL_GROW && end > inode.i_size) return -EPERM;
  // Who allocates huge pages needs a VMA.
  const pseudo_vma = k.store.alloc(vm_area_struct) as Vma;
  pseudo_vma.vm_mm = k.current.mm;
  pseudo_vma.vm_flags = VM_HUGETLB + VM_MAYSHARE + VM_SHARED;
  pseudo_vma.vm_file = file;
  let error = 0;
  for (let index = Math.floor(offset / HPAGE_SIZE); index < Math.ceil(end / HPAGE_SIZE) && !error; index++) {
    if (k.current.signal) error = -EINTR;
    else error = yield* k.hugetlbfs_preallocate_page(mapping, index, pseudo_vma);
  }
  k.store.free(pseudo_vma);
  const sized = (!error || error === -EINTR) && !(mode & FALLOC_FL_KEEP_SIZE);
  if (sized && end > inode.i_size) yield k.i_size_write(inode, end);
  return error;
}

/** One huge page of the file, unless it is there. Returns 0 or -ENOSPC. */
export function* hugetlbfs_preallocate_page(
  k: Kernel,
  mapping: AddressSpace,
  index: number,
  pseudo_vma: Vma,
): Steps<number> {
  const mutex = k.hugetlb_fault_mutex_of(mapping, index);
  yield* k.hugetlb_fault_mutex_lock(mutex);
  const known = k.filemap_hugetlb_page(mapping, index) !== null;
  const page = known ? null : yield* k.alloc_hugetlb_folio(pseudo_vma, index * HPAGE_SIZE, "use reservation");
  if (!page) {
    yield k.hugetlb_fault_mutex_unlock(mutex);
    return known ? 0 : -ENOSPC;
  }
  k.folio_zero_user(page);
  yield* k.hugetlb_add_to_page_cache(page, mapping, index);
  yield k.hugetlb_fault_mutex_unlock(mutex);
  k.folio_unlock(page);
  yield* k.put_page(page);
  return 0;
}

/** super_operations.evict_inode: nobody uses the file any more. */
export function* hugetlbfs_evict_inode(k: Kernel, inode: Inode): Steps<void> {
  const map = k.inode_resv_map(inode);
  yield* k.remove_inode_hugepages(inode, 0, Number.POSITIVE_INFINITY);
  if (map) k.resv_map_put(map);
  inode.i_mapping!.i_private_data = null;
}

// hugetlbfs (fs/hugetlbfs/inode.c): files of huge pages. There is no write: they are filled through mappings.
import type { Steps } from "../../../core/thread.ts";
import { VM_DONTEXPAND, VM_HUGETLB, VM_MAYSHARE, VM_SHARED, VM_WRITE, withVmFlags } from "../../flags.ts";
import type { Kernel } from "../../kernel.ts";
import { HPAGE_PAGES, HPAGE_SIZE } from "../../mm/hugetlb.ts";
import {
  type AddressSpace,
  type Dentry,
  type File,
  type Inode,
  type SuperBlock,
  type Vma,
  vm_area_struct,
} from "../../mm_types.ts";
import { EFAULT, EINTR, EINVAL, ENODEV, ENOMEM, ENOSPC, EOPNOTSUPP, EPERM } from "../../uapi/errno.ts";
import {
  F_SEAL_GROW,
  F_SEAL_SEAL,
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

// tmpfs and the nameless files of shared memory (mm/shmem.c): inodes and names.
import type { Steps } from "../../core/thread.ts";
import { VM_NORESERVE } from "../flags.ts";
import { alloc_file } from "../fs/file.ts";
import { MAX_LFS_FILESIZE } from "../fs/inode.ts";
import type { Kernel } from "../kernel.ts";
import type { Dentry, File, Inode, Mount, SuperBlock, Vma } from "../mm_types.ts";
import { EINVAL, ENAMETOOLONG, ENOMEM } from "../uapi/errno.ts";
import { F_SEAL_SEAL, O_RDWR, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from "../uapi/fcntl.ts";

/** The mount that nobody sees, for files without a name: the second that is made at boot. */
export function shm_mnt(k: Kernel): Mount {
  return k.store.storage("mount").handle(1, 1) as Mount;
}

/** A new inode with one reference. `flags`: VM_NORESERVE for files that are charged page by page. */
export function shmem_get_inode(k: Kernel, sb: SuperBlock, mode: number, flags: number): Inode {
  const inode = k.new_inode(sb, mode);
  inode.seals = F_SEAL_SEAL;
  inode.shmem_flags = flags & VM_NORESERVE;
  const type = mode & S_IFMT;
  if (type === S_IFDIR) {
    inode.i_nlink++;
    inode.i_op = "shmem_dir_inode_operations";
    inode.i_fop = "simple_dir_operations";
  } else {
    inode.i_op = type === S_IFREG ? "shmem_inode_operations" : "shmem_special_inode_operations";
    inode.i_fop = type === S_IFREG ? "shmem_file_operations" : "";
    if (type === S_IFREG) inode.i_mapping!.a_ops = "shmem_aops";
  }
  return inode;
}

export function* shmem_mknod(k: Kernel, dir: Inode, dentry: Dentry, mode: number): Steps<number> {
  const inode = k.shmem_get_inode(dir.i_sb!, mode, VM_NORESERVE);
  yield k.trace.inode_alloc(inode);
  yield k.d_add_pinned(dentry, inode);
  return 0;
}

export function* shmem_mkdir(k: Kernel, dir: Inode, dentry: Dentry, mode: number): Steps<number> {
  const error = yield* k.shmem_mknod(dir, dentry, mode);
  if (!error) dir.i_nlink++;
  return error;
}

export function* shmem_symlink(k: Kernel, dir: Inode, dentry: Dentry, target: string): Steps<number> {
  if (target.length >= 4096) return -ENAMETOOLONG;
  const inode = k.shmem_get_inode(dir.i_sb!, S_IFLNK | 0o777, VM_NORESERVE);
  inode.i_link = target;
  inode.i_size = target.length;
  yield k.trace.inode_alloc(inode);
  yield k.d_add_pinned(dentry, inode);
  return 0;
}

/** O_TMPFILE: a file without a name. */
export function* shmem_tmpfile(k: Kernel, dir: Inode, dentry: Dentry, mode: number): Steps<number> {
  const inode = k.shmem_get_inode(dir.i_sb!, mode, VM_NORESERVE);
  inode.i_nlink = 0;
  dentry.d_inode = inode;
  yield k.trace.inode_alloc(inode);
  return 0;
}

/** file_operations.mmap */
// biome-ignore lint/correctness/useYield: operations are generators, steps or not
export function* shmem_mmap(k: Kernel, file: File, vma: Vma): Steps<number> {
  const error = k.seal_check_write(file, vma);
  if (error) return error;
  vma.vm_ops = file.f_inode!.i_nlink ? "shmem_vm_ops" : "shmem_anon_vm_ops";
  return 0;
}

/** An open file in memory without a name, `size` in bytes. Returns it or a negative errno. */
export function* shmem_file_setup(k: Kernel, name: string, size: number, flags: number): Steps<File | number> {
  if (size < 0 || size >= MAX_LFS_FILESIZE) return -EINVAL;
  if (k.shmem_acct_size(flags, size)) return -ENOMEM;
  const mnt = k.shm_mnt();
  const inode = k.shmem_get_inode(mnt.mnt_sb!, S_IFREG | 0o777, flags);
  inode.i_size = size;
  inode.i_nlink = 0;
  inode.name = name;
  yield k.trace.inode_alloc(inode);
  const dentry = k.d_alloc_anon(mnt.mnt_sb!, inode, name);
  mnt.mnt_count++;
  return alloc_file(k, { mnt, dentry }, O_RDWR);
}

/** A tmpfs that users see holds at most half of the memory; the kernel's own is not limited. */
export function* shmem_fill_super(k: Kernel, sb: SuperBlock): Steps<number> {
  sb.s_op = "shmem_ops";
  sb.s_maxbytes = MAX_LFS_FILESIZE;
  sb.max_blocks = Math.floor(k.vmstat.totalram_pages / 2);
  const inode = k.shmem_get_inode(sb, S_IFDIR | 0o1777, VM_NORESERVE);
  yield k.trace.inode_alloc(inode);
  sb.s_root = k.d_alloc_anon(sb, inode, "/");
  return 0;
}

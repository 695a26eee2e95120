// What file systems in memory have in common (fs/libfs.c). Each name of theirs has one reference of its own (`dget` when it
// is made), so that it stays until it is removed.
import type { Steps } from "../../core/thread.ts";
import type { Kernel } from "../kernel.ts";
import type { Dentry, File, Inode } from "../mm_types.ts";
import { EFAULT, EINVAL, EISDIR, ENOTEMPTY } from "../uapi/errno.ts";
import { SEEK_CUR, SEEK_END, SEEK_SET } from "../uapi/fcntl.ts";
import { is_dir, MAX_LFS_FILESIZE } from "./inode.ts";
import type { Attributes } from "./operations.ts";

export function simple_empty(_k: Kernel, dentry: Dentry): boolean {
  return dentry.d_children.length === 0;
}

/** Gives a new name its inode, and the reference that keeps it. Returns the event. */
export function d_add_pinned(k: Kernel, dentry: Dentry, inode: Inode): number {
  k.dget(dentry);
  return k.d_instantiate(dentry, inode);
}

export function* simple_link(k: Kernel, old: Dentry, _dir: Inode, dentry: Dentry): Steps<number> {
  const inode = old.d_inode!;
  inode.i_nlink++;
  k.ihold(inode);
  yield k.d_add_pinned(dentry, inode);
  return 0;
}

export function* simple_unlink(k: Kernel, _dir: Inode, dentry: Dentry): Steps<number> {
  dentry.d_inode!.i_nlink--;
  yield* k.dput(dentry);
  return 0;
}

export function* simple_rmdir(k: Kernel, dir: Inode, dentry: Dentry): Steps<number> {
  if (!k.simple_empty(dentry)) return -ENOTEMPTY;
  dentry.d_inode!.i_nlink--;
  yield* k.simple_unlink(dir, dentry);
  dir.i_nlink--;
  return 0;
}

export function* simple_rename(
  k: Kernel,
  oldDir: Inode,
  old: Dentry,
  newDir: Inode,
  target: Dentry,
  flags: number,
): Steps<number> {
  if (flags !== 0) return -EINVAL;
  if (!k.simple_empty(target)) return -ENOTEMPTY;
  const directory = is_dir(old.d_inode!);
  if (target.d_inode) {
    yield* k.simple_unlink(newDir, target);
    if (directory) {
      target.d_inode.i_nlink--;
      oldDir.i_nlink--;
    }
  } else if (directory) {
    oldDir.i_nlink--;
    newDir.i_nlink++;
  }
  return 0;
}

export function* simple_setattr(k: Kernel, dentry: Dentry, attributes: Attributes): Steps<number> {
  const inode = dentry.d_inode!;
  const error = k.setattr_prepare(dentry, attributes);
  if (error) return error;
  if (attributes.size !== undefined) yield* k.truncate_setsize(inode, attributes.size);
  k.setattr_copy(inode, attributes);
  return 0;
}

/** Copies a text that the kernel made to the user. */
export function* simple_read_from_buffer(
  k: Kernel,
  address: number,
  count: number,
  pos: number,
  text: string,
): Steps<number> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const part = bytes.subarray(Math.min(pos, bytes.length), Math.min(pos + count, bytes.length));
  if (part.length === 0) return 0;
  const left = yield* k.raw_copy_to_user(address, part, part.length);
  return left === part.length ? -EFAULT : part.length - left;
}

/** A directory cannot be read as a file. */
// biome-ignore lint/correctness/useYield: operations are generators, steps or not
export function* generic_read_dir(
  _k: Kernel,
  _file: File,
  _address: number,
  _count: number,
  _pos: number,
): Steps<number> {
  return -EISDIR;
}

/** fsync of what lives in memory only. */
// biome-ignore lint/correctness/useYield: operations are generators, steps or not
export function* noop_fsync(_k: Kernel, _file: File): Steps<number> {
  return 0;
}

// biome-ignore lint/correctness/useYield: operations are generators, steps or not
export function* noop_llseek(_k: Kernel, file: File, _offset: number, _whence: number): Steps<number> {
  return file.f_pos;
}

// biome-ignore lint/correctness/useYield: operations are generators, steps or not
export function* generic_file_llseek(_k: Kernel, file: File, offset: number, whence: number): Steps<number> {
  const from = whence === SEEK_CUR ? file.f_pos : whence === SEEK_END ? file.f_inode!.i_size : 0;
  if (whence !== SEEK_SET && whence !== SEEK_CUR && whence !== SEEK_END) return -EINVAL;
  const to = from + offset;
  if (to < 0 || to >= MAX_LFS_FILESIZE) return -EINVAL;
  file.f_pos = to;
  return to;
}

/** Positions in a directory are no bytes: there is nothing to count from its end (fs/libfs.c). */
// biome-ignore lint/correctness/useYield: operations are generators, steps or not
export function* dcache_dir_lseek(_k: Kernel, file: File, offset: number, whence: number): Steps<number> {
  const to = whence === SEEK_CUR ? file.f_pos + offset : offset;
  if ((whence !== SEEK_CUR && whence !== SEEK_SET) || to < 0 || to >= MAX_LFS_FILESIZE) return -EINVAL;
  file.f_pos = to;
  return to;
}

/** The inode goes: drops its page cache. */
export function* simple_evict_inode(k: Kernel, inode: Inode): Steps<void> {
  yield* k.truncate_inode_pages_range(inode.i_mapping!, 0);
}

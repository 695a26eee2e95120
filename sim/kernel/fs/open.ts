// open and what sets sizes and modes (fs/open.c, and the last step of look-up for open in fs/namei.c).
import type { Steps } from "../../core/thread.ts";
import { FMODE_WRITE } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Dentry, File, Inode } from "../mm_types.ts";
import {
  EACCES,
  EBADF,
  EEXIST,
  EFBIG,
  EINVAL,
  EISDIR,
  ELOOP,
  ENODEV,
  ENOENT,
  ENOTDIR,
  EOPNOTSUPP,
} from "../uapi/errno.ts";
import {
  FALLOC_FL_COLLAPSE_RANGE,
  FALLOC_FL_INSERT_RANGE,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_UNSHARE_RANGE,
  FALLOC_FL_ZERO_RANGE,
  O_ACCMODE,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_PATH,
  O_TMPFILE,
  O_TRUNC,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
} from "../uapi/fcntl.ts";
import { alloc_file, FMODE_PATH } from "./file.ts";
import { is_dir, MAX_LFS_FILESIZE } from "./inode.ts";
import type { Parent, Path } from "./namei.ts";
import { createMode } from "./namei_change.ts";
import { file_op, inode_op } from "./operations.ts";

/** `mode` counts with O_CREAT only. Returns the descriptor or a negative errno. */
export function* sys_open(k: Kernel, pathname: string, flags: number, mode?: number): Steps<number> {
  const invalid = check_open_flags(flags);
  if (invalid) return invalid;
  const fd = k.get_unused_fd();
  if (fd < 0) return fd;
  const file = yield* k.do_filp_open(pathname, flags, createMode(mode));
  if (typeof file === "number") return file;
  yield k.fd_install(fd, file);
  return fd;
}

export function* sys_creat(k: Kernel, pathname: string, mode?: number): Steps<number> {
  return yield* k.sys_open(pathname, O_CREAT | O_TRUNC | 1, mode);
}

function check_open_flags(flags: number): number {
  if (flags & O_PATH) return 0;
  if ((flags & (O_DIRECTORY | O_CREAT)) === (O_DIRECTORY | O_CREAT)) return -EINVAL;
  if (!(flags & O_TMPFILE & ~O_DIRECTORY)) return 0;
  return flags & O_DIRECTORY && flags & O_ACCMODE ? 0 : -EINVAL;
}

/** An open file with a reference for the caller, or an error. */
export function* do_filp_open(k: Kernel, pathname: string, flags: number, mode: number): Steps<File | number> {
  if ((flags & O_TMPFILE) === O_TMPFILE) return yield* k.do_tmpfile(pathname, flags, mode);
  if (flags & O_PATH) return yield* k.do_o_path(pathname, flags);
  if (flags & O_CREAT) return yield* k.do_open_creat(pathname, flags, mode);
  const path = k.kern_path_follow(pathname, flags & O_NOFOLLOW ? "nofollow" : "follow");
  if (typeof path === "number") return path;
  return yield* k.do_open(path, flags, "found");
}

/** O_CREAT: the file is made if it does not exist. */
export function* do_open_creat(k: Kernel, pathname: string, flags: number, mode: number): Steps<File | number> {
  const at = k.filename_parentat(pathname);
  if (typeof at === "number") return at;
  if (at.type !== "norm" || at.trailingSlash) return -EISDIR;
  const found = k.kern_path_follow(pathname, flags & (O_NOFOLLOW | O_EXCL) ? "nofollow" : "follow");
  if (typeof found !== "number") return yield* k.do_open(found, flags, "found");
  if (found !== -ENOENT) return found;
  const { path, created } = yield* k.open_create(at, mode);
  if (typeof path === "number") return path;
  return yield* k.do_open(path, flags, created ? "created" : "found");
}

/** The last component did not exist: makes the file, unless somebody was faster. */
export function* open_create(k: Kernel, at: Parent, mode: number): Steps<{ path: Path | number; created: boolean }> {
  const dir = at.parent.dentry.d_inode!;
  k.path_get(at.parent);
  yield* k.inode_lock(dir);
  const made = yield* k.lookup_open(dir, at, mode);
  yield k.inode_unlock(dir);
  yield* k.path_put(at.parent);
  return made;
}

export function* lookup_open(
  k: Kernel,
  dir: Inode,
  at: Parent,
  mode: number,
): Steps<{ path: Path | number; created: boolean }> {
  const { mnt } = at.parent;
  const known = k.lookup_one(at.parent.dentry, at.last);
  if (known) return { path: k.path_get({ mnt, dentry: known }), created: false };
  const create = inode_op(k, dir, "create");
  if (!create) return { path: -EACCES, created: false };
  const dentry = k.d_alloc(at.parent.dentry, at.last);
  const error = yield* create(dir, dentry, mode | S_IFREG);
  if (error) {
    yield* k.dput(dentry);
    return { path: error, created: false };
  }
  mnt.mnt_count++;
  return { path: { mnt, dentry }, created: true };
}

/** Checks what the flags ask of the file and opens it. Takes over the references of `path`. */
export function* do_open(k: Kernel, path: Path, flags: number, how: "created" | "found"): Steps<File | number> {
  const inode = path.dentry.d_inode!;
  const error = how === "created" ? 0 : may_open(inode, flags);
  if (error) {
    yield* k.path_put(path);
    return error;
  }
  const file = yield* k.vfs_open(path, flags);
  if (typeof file === "number" || how === "created" || !(flags & O_TRUNC)) return file;
  const truncated = (inode.i_mode & S_IFMT) === S_IFREG ? yield* k.do_truncate(path.dentry, 0) : 0;
  if (!truncated) return file;
  yield* k.fput(file);
  return truncated;
}

function may_open(inode: Inode, flags: number): number {
  const directory = is_dir(inode);
  if (flags & O_CREAT) {
    if (flags & O_EXCL) return -EEXIST;
    if (directory) return -EISDIR;
  }
  if (flags & O_DIRECTORY && !directory) return -ENOTDIR;
  if ((inode.i_mode & S_IFMT) === S_IFLNK) return -ELOOP;
  return directory && (flags & O_ACCMODE || flags & O_TRUNC) ? -EISDIR : 0;
}

/** Makes the open file. Takes over the references of `path`. */
export function* vfs_open(k: Kernel, path: Path, flags: number): Steps<File | number> {
  const file = alloc_file(k, path, flags & ~(O_CREAT | O_EXCL | O_TRUNC));
  const open = file_op(k, file, "open");
  const error = open ? yield* open(file.f_inode!, file) : 0;
  if (!error) return file;
  k.store.free(file);
  yield* k.path_put(path);
  return error;
}

/** O_PATH: only the place, for calls that take a directory's descriptor. */
export function* do_o_path(k: Kernel, pathname: string, flags: number): Steps<File | number> {
  const path = k.kern_path_follow(pathname, flags & O_NOFOLLOW ? "nofollow" : "follow");
  if (typeof path === "number") return path;
  if (flags & O_DIRECTORY && !is_dir(path.dentry.d_inode!)) {
    yield* k.path_put(path);
    return -ENOTDIR;
  }
  const file = alloc_file(k, path, O_PATH);
  file.f_mode = FMODE_PATH;
  file.f_op = "";
  return file;
}

/** O_TMPFILE: a file without a name in the file system of a directory. */
export function* do_tmpfile(k: Kernel, pathname: string, flags: number, mode: number): Steps<File | number> {
  const path = k.kern_path(pathname);
  if (typeof path === "number") return path;
  const dir = path.dentry.d_inode!;
  const tmpfile = inode_op(k, dir, "tmpfile");
  let error = !is_dir(dir) ? -ENOTDIR : !tmpfile ? -EOPNOTSUPP : 0;
  const dentry = k.d_alloc(path.dentry, "#tmp");
  if (!error) error = yield* tmpfile!(dir, dentry, mode | S_IFREG);
  const { mnt } = path;
  if (!error) mnt.mnt_count++;
  else yield* k.dput(dentry);
  yield* k.path_put(path);
  return error || (yield* k.vfs_open({ mnt, dentry }, flags & ~O_TMPFILE));
}

/** Sets a file's size in bytes. */
export function* do_truncate(k: Kernel, dentry: Dentry, sizeBytes: number): Steps<number> {
  if (sizeBytes < 0) return -EINVAL;
  const inode = dentry.d_inode!;
  yield* k.inode_lock(inode);
  const error = yield* k.notify_change(dentry, { size: sizeBytes });
  yield k.inode_unlock(inode);
  return error;
}

export function* sys_truncate(k: Kernel, pathname: string, sizeBytes: number): Steps<number> {
  if (sizeBytes < 0) return -EINVAL;
  const path = k.kern_path(pathname);
  if (typeof path === "number") return path;
  const inode = path.dentry.d_inode!;
  let error = is_dir(inode) ? -EISDIR : (inode.i_mode & S_IFMT) !== S_IFREG ? -EINVAL : 0;
  if (!error) error = yield* k.do_truncate(path.dentry, sizeBytes);
  yield* k.path_put(path);
  return error;
}

export function* sys_ftruncate(k: Kernel, fd: number, sizeBytes: number): Steps<number> {
  return yield* k.do_sys_ftruncate(fd, sizeBytes);
}

export function* do_sys_ftruncate(k: Kernel, fd: number, sizeBytes: number): Steps<number> {
  if (sizeBytes < 0) return -EINVAL;
  const file = k.fdget(fd);
  if (!file) return -EBADF;
  const error = yield* k.do_ftruncate(file, sizeBytes);
  k.fdput(file);
  return error;
}

export function* do_ftruncate(k: Kernel, file: File, sizeBytes: number): Steps<number> {
  const regular = (file.f_inode!.i_mode & S_IFMT) === S_IFREG;
  return regular && file.f_mode & FMODE_WRITE ? yield* k.do_truncate(file.f_dentry!, sizeBytes) : -EINVAL;
}

export function* sys_chmod(k: Kernel, pathname: string, mode: number): Steps<number> {
  const path = k.kern_path(pathname);
  if (typeof path === "number") return path;
  const inode = path.dentry.d_inode!;
  yield* k.inode_lock(inode);
  const error = yield* k.notify_change(path.dentry, { mode: mode & 0o7777 });
  yield k.inode_unlock(inode);
  yield* k.path_put(path);
  return error;
}

export function* sys_fallocate(k: Kernel, fd: number, mode: number, offset: number, length: number): Steps<number> {
  const file = k.fdget(fd);
  if (!file) return -EBADF;
  const error = yield* k.vfs_fallocate(file, mode, offset, length);
  k.fdput(file);
  return error;
}

/** `offset` and `length` in bytes. */
export function* vfs_fallocate(k: Kernel, file: File, mode: number, offset: number, length: number): Steps<number> {
  const inode = file.f_inode!;
  if (offset < 0 || length <= 0) return -EINVAL;
  const error = check_fallocate_mode(mode);
  if (error) return error;
  if (!(file.f_mode & FMODE_WRITE)) return -EBADF;
  if (is_dir(inode)) return -EISDIR;
  if ((inode.i_mode & S_IFMT) !== S_IFREG) return -ENODEV;
  if (offset > 0 && offset + length >= MAX_LFS_FILESIZE) return -EFBIG;
  if (offset + length > inode.i_sb!.s_maxbytes) return -EFBIG;
  const fallocate = file_op(k, file, "fallocate");
  if (!fallocate) return -EOPNOTSUPP;
  return yield* fallocate(file, mode, offset, length);
}

/** Modes exclude each other, though they look like bits; KEEP_SIZE goes with some. */
function check_fallocate_mode(mode: number): number {
  const keepSize = (mode & FALLOC_FL_KEEP_SIZE) !== 0;
  switch (mode & ~FALLOC_FL_KEEP_SIZE) {
    case 0:
    case FALLOC_FL_UNSHARE_RANGE:
    case FALLOC_FL_ZERO_RANGE:
      return 0;
    case FALLOC_FL_PUNCH_HOLE:
      return keepSize ? 0 : -EOPNOTSUPP;
    case FALLOC_FL_COLLAPSE_RANGE:
    case FALLOC_FL_INSERT_RANGE:
      return keepSize ? -EOPNOTSUPP : 0;
    default:
      return -EOPNOTSUPP;
  }
}

// Making, removing and moving names (fs/namei.c).
import type { Steps } from "../../core/thread.ts";
import type { Kernel } from "../kernel.ts";
import type { Dentry, Inode } from "../mm_types.ts";
import { EBUSY, EEXIST, EINVAL, EISDIR, ENOENT, ENOTDIR, ENOTEMPTY, EPERM, EXDEV } from "../uapi/errno.ts";
import { AT_SYMLINK_FOLLOW, S_IFDIR, S_IFMT, S_IFREG } from "../uapi/fcntl.ts";
import { I_MUTEX_PARENT, I_MUTEX_PARENT2, is_dir } from "./inode.ts";
import type { Parent, Path } from "./namei.ts";
import { inode_op } from "./operations.ts";

const UMASK = 0o022;
const S_IALLUGO = 0o7777;

/** Files that are made lose what the umask forbids. */
export const createMode = (mode: number | undefined): number => (mode ?? 0) & S_IALLUGO & ~UMASK;

/** The existing name in a directory whose i_rwsem the caller holds, with a reference; or an error. */
function victim(k: Kernel, parent: Path, last: string): Dentry | number {
  const dentry = k.lookup_one(parent.dentry, last);
  return dentry ? k.dget(dentry) : -ENOENT;
}

/** Whether a name may be removed: 0 or an error. */
function may_delete(dentry: Dentry, kind: "directory" | "file"): number {
  const directory = is_dir(dentry.d_inode!);
  if (kind === "directory" && !directory) return -ENOTDIR;
  if (kind === "file" && directory) return -EISDIR;
  return 0;
}

export function* sys_unlink(k: Kernel, pathname: string): Steps<number> {
  const at = k.filename_parentat(pathname);
  if (typeof at === "number") return at;
  if (at.type !== "norm") return -EISDIR;
  const dir = at.parent.dentry.d_inode!;
  k.path_get(at.parent);
  yield* k.inode_lock_nested(dir, I_MUTEX_PARENT);
  const dentry = victim(k, at.parent, at.last);
  let error = typeof dentry === "number" ? dentry : 0;
  let inode: Inode | null = null;
  if (typeof dentry !== "number") {
    inode = dentry.d_inode!;
    k.ihold(inode);
    error = at.trailingSlash ? (is_dir(inode) ? -EISDIR : -ENOTDIR) : yield* k.vfs_unlink(dir, dentry);
  }
  yield k.inode_unlock(dir);
  if (typeof dentry !== "number") yield* k.dput(dentry);
  // The file's contents go here, with no lock held.
  if (inode) yield* k.iput(inode);
  yield* k.path_put(at.parent);
  return error;
}

/** Removes a name that is no directory. Caller holds the directory's i_rwsem. */
export function* vfs_unlink(k: Kernel, dir: Inode, dentry: Dentry): Steps<number> {
  let error = may_delete(dentry, "file");
  if (error) return error;
  const unlink = inode_op(k, dir, "unlink");
  if (!unlink) return -EPERM;
  const target = dentry.d_inode!;
  yield* k.inode_lock(target);
  error = dentry.d_mounted ? -EBUSY : yield* unlink(dir, dentry);
  yield k.inode_unlock(target);
  if (!error) yield k.d_delete(dentry);
  return error;
}

export function* sys_rmdir(k: Kernel, pathname: string): Steps<number> {
  const at = k.filename_parentat(pathname);
  if (typeof at === "number") return at;
  if (at.type === "..") return -ENOTEMPTY;
  if (at.type === ".") return -EINVAL;
  if (at.type === "/") return -EBUSY;
  const dir = at.parent.dentry.d_inode!;
  k.path_get(at.parent);
  yield* k.inode_lock_nested(dir, I_MUTEX_PARENT);
  const dentry = victim(k, at.parent, at.last);
  const error = typeof dentry === "number" ? dentry : yield* k.vfs_rmdir(dir, dentry);
  yield k.inode_unlock(dir);
  if (typeof dentry !== "number") yield* k.dput(dentry);
  yield* k.path_put(at.parent);
  return error;
}

export function* vfs_rmdir(k: Kernel, dir: Inode, dentry: Dentry): Steps<number> {
  let error = may_delete(dentry, "directory");
  if (error) return error;
  const rmdir = inode_op(k, dir, "rmdir");
  if (!rmdir) return -EPERM;
  const target = dentry.d_inode!;
  yield* k.inode_lock(target);
  error = dentry.d_mounted ? -EBUSY : yield* rmdir(dir, dentry);
  yield k.inode_unlock(target);
  if (!error) yield k.d_delete(dentry);
  return error;
}

/** What makes the new file below `dir` under the new name. */
type Make = "mkdir" | "mknod" | "symlink";

export function* sys_mkdir(k: Kernel, pathname: string, mode?: number): Steps<number> {
  return yield* k.filename_create(pathname, "mkdir", createMode(mode ?? 0o777) | S_IFDIR, "");
}

/** `mode` with its S_IF bits; without them a regular file. */
export function* sys_mknod(k: Kernel, pathname: string, mode: number): Steps<number> {
  const type = mode & S_IFMT;
  if (type === S_IFDIR) return -EPERM;
  return yield* k.filename_create(pathname, "mknod", createMode(mode) | (type || S_IFREG), "");
}

export function* sys_symlink(k: Kernel, target: string, pathname: string): Steps<number> {
  if (target === "") return -ENOENT;
  return yield* k.filename_create(pathname, "symlink", 0o777, target);
}

/** Makes a file of a kind under a name that must not exist yet. */
export function* filename_create(k: Kernel, pathname: string, make: Make, mode: number, target: string): Steps<number> {
  const at = k.filename_parentat(pathname);
  if (typeof at === "number") return at;
  if (at.type !== "norm") return -EEXIST;
  const dir = at.parent.dentry.d_inode!;
  k.path_get(at.parent);
  yield* k.inode_lock_nested(dir, I_MUTEX_PARENT);
  let error = may_create(k, at, make === "mkdir" ? "directory" : "file");
  if (!error) {
    const dentry = k.d_alloc(at.parent.dentry, at.last);
    error = yield* k.vfs_make(dir, dentry, make, mode, target);
    yield* k.dput(dentry);
  }
  yield k.inode_unlock(dir);
  yield* k.path_put(at.parent);
  return error;
}

function may_create(k: Kernel, at: Parent, kind: "directory" | "file"): number {
  if (k.lookup_one(at.parent.dentry, at.last)) return -EEXIST;
  return at.trailingSlash && kind === "file" ? -ENOENT : 0;
}

export function* vfs_make(
  k: Kernel,
  dir: Inode,
  dentry: Dentry,
  make: Make,
  mode: number,
  target: string,
): Steps<number> {
  if (make === "symlink") {
    const symlink = inode_op(k, dir, "symlink");
    if (!symlink) return -EPERM;
    return yield* symlink(dir, dentry, target);
  }
  const operation = inode_op(k, dir, make === "mknod" && (mode & S_IFMT) === S_IFREG ? "create" : make);
  if (!operation) return -EPERM;
  return yield* operation(dir, dentry, mode);
}

export function* sys_link(k: Kernel, oldname: string, newname: string, flags = 0): Steps<number> {
  const old = k.kern_path_follow(oldname, flags & AT_SYMLINK_FOLLOW ? "follow" : "nofollow");
  if (typeof old === "number") return old;
  const at = k.filename_parentat(newname);
  let error = typeof at === "number" ? at : at.type !== "norm" ? -EEXIST : 0;
  if (typeof at !== "number" && !error) {
    const dir = at.parent.dentry.d_inode!;
    k.path_get(at.parent);
    yield* k.inode_lock_nested(dir, I_MUTEX_PARENT);
    error = may_create(k, at, "file");
    if (!error && old.mnt !== at.parent.mnt) error = -EXDEV;
    if (!error) {
      const dentry = k.d_alloc(at.parent.dentry, at.last);
      error = yield* k.vfs_link(old.dentry, dir, dentry);
      yield* k.dput(dentry);
    }
    yield k.inode_unlock(dir);
    yield* k.path_put(at.parent);
  }
  yield* k.path_put(old);
  return error;
}

export function* vfs_link(k: Kernel, old: Dentry, dir: Inode, dentry: Dentry): Steps<number> {
  const inode = old.d_inode!;
  const link = inode_op(k, dir, "link");
  if (!link || is_dir(inode)) return -EPERM;
  yield* k.inode_lock(inode);
  const error = inode.i_nlink === 0 ? -ENOENT : yield* link(old, dir, dentry);
  yield k.inode_unlock(inode);
  return error;
}

export function* sys_rename(k: Kernel, oldname: string, newname: string): Steps<number> {
  const from = k.filename_parentat(oldname);
  if (typeof from === "number") return from;
  const to = k.filename_parentat(newname);
  if (typeof to === "number") return to;
  if (from.parent.mnt !== to.parent.mnt) return -EXDEV;
  if (from.type !== "norm" || to.type !== "norm") return -EBUSY;
  k.path_get(from.parent);
  k.path_get(to.parent);
  yield* k.lock_rename(from.parent.dentry, to.parent.dentry);
  const old = victim(k, from.parent, from.last);
  let error = typeof old === "number" ? old : 0;
  if (typeof old !== "number") {
    const known = k.lookup_one(to.parent.dentry, to.last);
    const target = known ? k.dget(known) : k.d_alloc(to.parent.dentry, to.last);
    error = may_rename(k, from, to, old, target);
    if (!error) error = yield* k.vfs_rename(from.parent.dentry.d_inode!, old, to.parent.dentry.d_inode!, target);
    yield* k.dput(target);
    yield* k.dput(old);
  }
  yield* k.unlock_rename(from.parent.dentry, to.parent.dentry);
  yield* k.path_put(to.parent);
  yield* k.path_put(from.parent);
  return error;
}

function may_rename(k: Kernel, from: Parent, to: Parent, old: Dentry, target: Dentry): number {
  if (!is_dir(old.d_inode!)) {
    if (from.trailingSlash) return -ENOTDIR;
    if (!target.d_inode && to.trailingSlash) return -ENOTDIR;
  }
  if (k.is_subdir(to.parent.dentry, old)) return -EINVAL;
  return k.is_subdir(from.parent.dentry, target) ? -ENOTEMPTY : 0;
}

/** Parents are locked from the root down; of strangers the one whose inode is older. */
export function* lock_rename(k: Kernel, a: Dentry, b: Dentry): Steps<void> {
  if (a === b) {
    yield* k.inode_lock_nested(a.d_inode!, I_MUTEX_PARENT);
    return;
  }
  const first = k.is_subdir(a, b) || (!k.is_subdir(b, a) && b.d_inode!.i_ino < a.d_inode!.i_ino) ? b : a;
  const second = first === a ? b : a;
  yield* k.inode_lock_nested(first.d_inode!, I_MUTEX_PARENT);
  yield* k.inode_lock_nested(second.d_inode!, I_MUTEX_PARENT2);
}

export function* unlock_rename(k: Kernel, a: Dentry, b: Dentry): Steps<void> {
  yield k.inode_unlock(a.d_inode!);
  if (a !== b) yield k.inode_unlock(b.d_inode!);
}

/** Moves `old` to the name `target`, whose file, if it has one, loses it. Caller holds both directories' i_rwsem. */
export function* vfs_rename(k: Kernel, oldDir: Inode, old: Dentry, newDir: Inode, target: Dentry): Steps<number> {
  const source = old.d_inode!;
  const replaced = target.d_inode;
  if (source === replaced) return 0;
  if (replaced) {
    const error = may_delete(target, is_dir(source) ? "directory" : "file");
    if (error) return error;
  }
  const rename = inode_op(k, oldDir, "rename");
  if (!rename) return -EPERM;
  if (replaced) yield* k.inode_lock(replaced);
  const error = old.d_mounted || target.d_mounted ? -EBUSY : yield* rename(oldDir, old, newDir, target, 0);
  if (replaced) yield k.inode_unlock(replaced);
  if (!error) yield k.d_move(old, target);
  return error;
}

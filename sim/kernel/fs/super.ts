// Mounted file systems (fs/super.c, fs/namespace.c).
import type { Steps } from "../../core/thread.ts";
import type { Kernel } from "../kernel.ts";
import { type Dentry, type Mount, mount as mount_struct, type SuperBlock, super_block } from "../mm_types.ts";
import { EBUSY, EINVAL, ENODEV, ENOTDIR } from "../uapi/errno.ts";
import { is_dir, MAX_NON_LFS } from "./inode.ts";
import type { Path } from "./namei.ts";
import { file_system_op } from "./operations.ts";

/** A new instance of a file system, with its root directory. Returns it or a negative errno. */
export function* get_tree(k: Kernel, type: string): Steps<SuperBlock | number> {
  const fill_super = file_system_op(k, type, "fill_super");
  if (!fill_super) return -ENODEV;
  const sb = k.store.alloc(super_block);
  sb.s_type = type;
  sb.s_maxbytes = MAX_NON_LFS;
  const error = yield* fill_super(sb);
  if (!error) return sb;
  k.store.free(sb);
  return error;
}

/** A mount of a new instance; attached nowhere yet. */
export function* vfs_kern_mount(k: Kernel, type: string): Steps<Mount | number> {
  const sb = yield* k.get_tree(type);
  if (typeof sb === "number") return sb;
  const mnt = k.store.alloc(mount_struct);
  mnt.mnt_sb = sb;
  mnt.mnt_root = sb.s_root;
  mnt.mnt_count = 1;
  return mnt;
}

/** Mounts a new instance of a file system on a directory. The mount keeps the references of `path`. */
export function* do_new_mount(k: Kernel, type: string, path: Path): Steps<number> {
  if (!is_dir(path.dentry.d_inode!)) {
    yield* k.path_put(path);
    return -ENOTDIR;
  }
  const mnt = yield* k.vfs_kern_mount(type);
  if (typeof mnt === "number") {
    yield* k.path_put(path);
    return mnt;
  }
  mnt.mnt_parent = path.mnt;
  mnt.mnt_mountpoint = path.dentry;
  path.dentry.d_mounted = mnt;
  yield k.trace.attach_mnt(mnt, path.dentry);
  return 0;
}

/** The system call, for file systems that need no device. */
export function* sys_mount(k: Kernel, _source: string, target: string, type: string): Steps<number> {
  const path = k.kern_path(target);
  if (typeof path === "number") return path;
  return yield* k.do_new_mount(type, path);
}

/** Unmounts what is mounted on `target`, if nobody uses it. */
export function* sys_umount2(k: Kernel, target: string, _flags = 0): Steps<number> {
  const path = k.kern_path(target);
  if (typeof path === "number") return path;
  const { mnt, dentry } = path;
  const error = dentry !== mnt.mnt_root || !mnt.mnt_mountpoint ? -EINVAL : mount_busy(k, mnt) ? -EBUSY : 0;
  yield* k.path_put(path);
  if (error) return error;
  const parent = { mnt: mnt.mnt_parent!, dentry: mnt.mnt_mountpoint! };
  parent.dentry.d_mounted = null;
  yield k.trace.umount(mnt);
  const sb = mnt.mnt_sb!;
  k.store.free(mnt);
  yield* k.path_put(parent);
  yield* k.deactivate_super(sb);
  return 0;
}

/** Besides the mount itself and the caller's path somebody refers to it: an open file, or a mount below it. */
function mount_busy(_k: Kernel, mnt: Mount): boolean {
  return mnt.mnt_count > 2;
}

/** The last mount of a file system is gone. */
export function* deactivate_super(k: Kernel, sb: SuperBlock): Steps<void> {
  const kill_sb = file_system_op(k, sb.s_type, "kill_sb");
  if (kill_sb) yield* kill_sb(sb);
  else yield* k.kill_litter_super(sb);
}

/** Removes all names of a file system in memory, and with them its files. */
export function* kill_litter_super(k: Kernel, sb: SuperBlock): Steps<void> {
  const root = sb.s_root!;
  yield* k.d_genocide(root);
  root.d_unhashed = 1;
  yield* k.dput(root);
  k.store.free(sb);
}

/** Takes away the reference that keeps each name below `parent`. */
export function* d_genocide(k: Kernel, parent: Dentry): Steps<void> {
  for (const child of parent.d_children) {
    yield* k.d_genocide(child);
    k.d_drop(child);
    yield* k.dput(child);
  }
}

/** At boot: a directory and what leads to it. */
export function* make_directory(k: Kernel, pathname: string): Steps<void> {
  let path = "";
  for (const part of pathname.split("/").filter((name) => name !== "")) {
    path += `/${part}`;
    yield* k.sys_mkdir(path, 0o755);
  }
}

/** At boot: the root, the mount behind memory without a name, and the file systems that scenarios find. */
export function* init_filesystems(k: Kernel): Steps<void> {
  yield* k.vfs_kern_mount("rootfs");
  const shm = yield* k.vfs_kern_mount("tmpfs");
  if (typeof shm !== "number") shm.mnt_sb!.max_blocks = 0;
  yield* k.mount_at("tmpfs", "/tmp");
  yield* k.mount_at("devtmpfs", "/dev");
  yield* k.mount_at("tmpfs", "/dev/shm");
  yield* k.mount_at("proc", "/proc");
  yield* k.mount_at("sysfs", "/sys");
  yield* k.init_hugetlbfs_fs();
  yield* k.mount_at("hugetlbfs", "/dev/hugepages");
  yield* k.mount_at("cgroup2", "/sys/fs/cgroup");
}

/** At boot: mounts a file system on a directory, made if need be. */
export function* mount_at(k: Kernel, type: string, pathname: string): Steps<void> {
  yield* k.make_directory(pathname);
  yield* k.sys_mount("none", pathname, type);
}

// stat (fs/stat.c): what a file is, as fields of a structure that the scenario reads.
import type { Steps } from "../../core/thread.ts";
import type { Kernel } from "../kernel.ts";
import type { Inode } from "../mm_types.ts";
import { EBADF } from "../uapi/errno.ts";
import type { IoctlArg, Layout } from "./ioctl.ts";

/** The fields of struct stat that a file system in memory fills. Sizes in bytes, blocks of 512 bytes. */
const STAT: Layout = [
  ["st_ino", 8],
  ["st_nlink", 8],
  ["st_mode", 8],
  ["st_size", 8],
  ["st_blksize", 8],
  ["st_blocks", 8],
];

function statOf(inode: Inode): Record<string, bigint> {
  return {
    st_ino: BigInt(inode.i_ino),
    st_nlink: BigInt(inode.i_nlink),
    st_mode: BigInt(inode.i_mode),
    st_size: BigInt(inode.i_size),
    st_blksize: 4096n,
    st_blocks: BigInt(8 * inode.i_blocks),
  };
}

export function* sys_stat(k: Kernel, pathname: string, buffer: IoctlArg): Steps<number> {
  const path = k.kern_path(pathname);
  if (typeof path === "number") return path;
  const error = yield* k.copy_stat_to_user(path.dentry.d_inode!, buffer);
  yield* k.path_put(path);
  return error;
}

export function* sys_fstat(k: Kernel, fd: number, buffer: IoctlArg): Steps<number> {
  const file = k.fget_raw(fd);
  if (!file) return -EBADF;
  return yield* k.copy_stat_to_user(file.f_inode!, buffer);
}

export function* copy_stat_to_user(k: Kernel, inode: Inode, buffer: IoctlArg): Steps<number> {
  return yield* k.copy_struct_to_user(buffer, STAT, statOf(inode));
}

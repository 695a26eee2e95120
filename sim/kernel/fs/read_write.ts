// read, write and their relatives (fs/read_write.c, fs/sync.c). A transfer is at most 2 GiB less a page, as in Linux.
import type { Steps } from "../../core/thread.ts";
import { task_size_max } from "../arch/x86/mm/pgtable.ts";
import { FMODE_READ, FMODE_WRITE } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { File } from "../mm_types.ts";
import { EBADF, EFAULT, EINVAL, ESPIPE } from "../uapi/errno.ts";
import { O_APPEND } from "../uapi/fcntl.ts";
import { file_op } from "./operations.ts";

const MAX_RW_COUNT = 0x7ffff000;

/** What a program hands over to be read: an address of its memory, or a string that it has as a constant. */
export type UserBuffer = number | string;

/** The buffer from its byte `offset` on. */
export const buffer_from = (buffer: UserBuffer, offset: number): UserBuffer =>
  typeof buffer === "string" ? buffer.slice(offset) : buffer + offset;

/** Whether a user's buffer lies in user addresses at all. */
export const access_ok = (k: Kernel, address: number, bytes: number): boolean =>
  bytes <= task_size_max(k) && address <= task_size_max(k) - bytes;

export function* sys_read(k: Kernel, fd: number, address: number, count: number): Steps<number> {
  const file = k.fdget(fd);
  if (!file) return -EBADF;
  const got = yield* k.vfs_read(file, address, count, file.f_pos);
  if (got > 0 && !reads_messages(file)) file.f_pos += got;
  k.fdput(file);
  return got;
}

/** Messages are no part of a file: who reads some stands where he stood. */
const reads_messages = (file: File): boolean => file.f_op === "userfaultfd_fops";

export function* sys_write(k: Kernel, fd: number, address: UserBuffer, count: number): Steps<number> {
  const file = k.fdget(fd);
  if (!file) return -EBADF;
  const from = file.f_flags & O_APPEND ? file.f_inode!.i_size : file.f_pos;
  const done = yield* k.vfs_write(file, address, count, from);
  if (done > 0) file.f_pos = from + done;
  k.fdput(file);
  return done;
}

export function* sys_pread64(k: Kernel, fd: number, address: number, count: number, pos: number): Steps<number> {
  if (pos < 0) return -EINVAL;
  const file = k.fdget(fd);
  if (!file) return -EBADF;
  const got = file_op(k, file, "llseek") ? yield* k.vfs_read(file, address, count, pos) : -ESPIPE;
  k.fdput(file);
  return got;
}

export function* sys_pwrite64(k: Kernel, fd: number, address: UserBuffer, count: number, pos: number): Steps<number> {
  if (pos < 0) return -EINVAL;
  const file = k.fdget(fd);
  if (!file) return -EBADF;
  const done = file_op(k, file, "llseek") ? yield* k.vfs_write(file, address, count, pos) : -ESPIPE;
  k.fdput(file);
  return done;
}

/** Reads at `pos` into the user's buffer. Returns bytes or a negative errno. */
export function* vfs_read(k: Kernel, file: File, address: number, count: number, pos: number): Steps<number> {
  if (!(file.f_mode & FMODE_READ)) return -EBADF;
  const read = file_op(k, file, "read");
  if (!read) return -EINVAL;
  if (!access_ok(k, address, count)) return -EFAULT;
  return yield* read(file, address, Math.min(count, MAX_RW_COUNT), pos);
}

export function* vfs_write(k: Kernel, file: File, address: UserBuffer, count: number, pos: number): Steps<number> {
  if (!(file.f_mode & FMODE_WRITE)) return -EBADF;
  const write = file_op(k, file, "write");
  if (!write) return -EINVAL;
  if (typeof address !== "string" && !access_ok(k, address, count)) return -EFAULT;
  return yield* write(file, address, Math.min(count, MAX_RW_COUNT), pos);
}

/** Returns the new position in bytes. */
export function* sys_lseek(k: Kernel, fd: number, offset: number, whence: number): Steps<number> {
  const file = k.fdget(fd);
  if (!file) return -EBADF;
  const llseek = file_op(k, file, "llseek");
  const known = whence >= 0 && whence <= 4;
  const pos = !known ? -EINVAL : llseek ? yield* llseek(file, offset, whence) : -ESPIPE;
  k.fdput(file);
  return pos;
}

export function* sys_fsync(k: Kernel, fd: number): Steps<number> {
  const file = k.fdget(fd);
  if (!file) return -EBADF;
  const fsync = file_op(k, file, "fsync");
  const error = fsync ? yield* fsync(file) : -EINVAL;
  k.fdput(file);
  return error;
}

// Open files and descriptors (fs/file.c, fs/file_table.c). Descriptors count from 3: 0 to 2 are taken and of no interest.
// The last fput of a file that a process drops inside the kernel closes it only when the process leaves the kernel, with
// no lock held (task_work).

import { idOf } from "../../core/struct.ts";
import type { Steps } from "../../core/thread.ts";
import { FMODE_READ, FMODE_WRITE } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import { type File, type Files, file as file_struct, files_struct, type Task } from "../mm_types.ts";
import { EBADF, EMFILE } from "../uapi/errno.ts";
import type { Path } from "./namei.ts";
import { file_op } from "./operations.ts";

/** Opened with O_PATH: a place in the tree, not a file to use. */
export const FMODE_PATH = 0x4000;

const FIRST_FD = 3;
/** /proc/sys/fs/nr_open: where "unlimited" ends. */
const NR_OPEN = 1024 * 1024;

/** O_RDONLY, O_WRONLY, O_RDWR as FMODE bits; access mode 3 is neither. */
export const openFmode = (flags: number): number => ((flags & 3) + 1) & (FMODE_READ | FMODE_WRITE);

/** An open file with one reference. Takes over the references of `path`. */
export function alloc_file(k: Kernel, path: Path, flags: number): File {
  const inode = path.dentry.d_inode!;
  const file = k.store.alloc(file_struct);
  file.f_count = 1;
  file.f_mode = openFmode(flags);
  file.f_flags = flags;
  file.f_inode = inode;
  file.f_dentry = path.dentry;
  file.f_mnt = path.mnt;
  file.f_op = inode.i_fop;
  file.path = k.d_path(path);
  return file;
}

/** One more reference. */
export function get_file(_k: Kernel, file: File): void {
  file.f_count++;
}

/** Drops a reference. */
export function* fput(k: Kernel, file: File): Steps<void> {
  const left = --file.f_count;
  yield k.trace.fput(file, left);
  if (left === 0) k.task_work_add(file);
}

/** The open file closes when the task leaves the kernel. */
export function task_work_add(k: Kernel, file: File): void {
  k.current.task_works = k.current.task_works.add(file);
}

/** To be called when a task leaves the kernel, holding no lock, and when it exits. */
export function* task_work_run(k: Kernel): Steps<void> {
  while (k.current.task_works.length > 0) {
    const file = k.current.task_works.at(0)!;
    k.current.task_works = k.current.task_works.splice(0, 1);
    yield* k.__fput(file);
  }
}

/** Closes an open file that nobody refers to. */
export function* __fput(k: Kernel, file: File): Steps<void> {
  const release = file_op(k, file, "release");
  if (release) yield* release(file.f_inode!, file);
  const dentry = file.f_dentry!;
  const mnt = file.f_mnt!;
  k.store.free(file);
  yield* k.dput(dentry);
  mnt.mnt_count--;
}

function fileAt(k: Kernel, files: Files, fd: number): File | null {
  const id = files.fdt[fd] ?? 0;
  return id === 0 ? null : (k.store.storage("file").deref(id) as File);
}

/** The open file of a descriptor, or null: EBADF. Who uses it beyond its next step takes a reference. */
export function fget(k: Kernel, fd: number): File | null {
  const file = k.fget_raw(fd);
  return file && file.f_mode & FMODE_PATH ? null : file;
}

/** The same, also for what O_PATH opened. */
export function fget_raw(k: Kernel, fd: number): File | null {
  return fd >= 0 && Number.isInteger(fd) ? fileAt(k, k.current.files!, fd) : null;
}

/** The open file of a descriptor for the time of a call; `fdput` ends that. */
export function fdget(k: Kernel, fd: number): File | null {
  const file = k.fget(fd);
  if (file) file.f_count++;
  return file;
}

export function fdput(k: Kernel, file: File): void {
  file.f_count--;
  if (file.f_count === 0) k.task_work_add(file);
}

/** The lowest free descriptor, not taken yet; or an error. */
export function get_unused_fd(k: Kernel): number {
  const { fdt } = k.current.files!;
  let fd = FIRST_FD;
  while (fdt[fd]) fd++;
  return fd >= NR_OPEN ? -EMFILE : fd;
}

/** Gives the descriptor the file, with the caller's reference. Returns the event. */
export function fd_install(k: Kernel, fd: number, file: File): number {
  const files = k.current.files!;
  const fdt = [...files.fdt];
  while (fdt.length < fd) fdt.push(0);
  fdt[fd] = idOf(file);
  files.fdt = fdt;
  return k.trace.fd_install(fd, file, k.current);
}

/** Takes the descriptor away and gives its file, with the table's reference; null: EBADF. */
function pick_file(k: Kernel, files: Files, fd: number): File | null {
  const file = fileAt(k, files, fd);
  if (file) files.fdt = files.fdt.with(fd, 0);
  return file;
}

export function* sys_close(k: Kernel, fd: number): Steps<number> {
  const file = pick_file(k, k.current.files!, fd);
  if (!file) return -EBADF;
  yield k.trace.filp_close(fd, file, k.current);
  const left = --file.f_count;
  yield k.trace.fput(file, left);
  if (left === 0) yield* k.__fput(file);
  return 0;
}

export function* sys_dup(k: Kernel, fd: number): Steps<number> {
  const file = k.fget_raw(fd);
  if (!file) return -EBADF;
  const copy = k.get_unused_fd();
  if (copy < 0) return copy;
  k.get_file(file);
  yield k.fd_install(copy, file);
  return copy;
}

/** An empty table of descriptors for a new process. */
export function alloc_files(k: Kernel): Files {
  const files = k.store.alloc(files_struct);
  files.users = 1;
  return files;
}

/** fork: `task` gets a table of its own with the same open files. */
export function copy_files(k: Kernel, task: Task): void {
  const old = k.current.files!;
  const files = k.alloc_files();
  files.fdt = old.fdt;
  task.files = files;
  for (let fd = FIRST_FD; fd < files.fdt.length; fd++) {
    const file = fileAt(k, files, fd);
    if (file) k.get_file(file);
  }
}

/** The task has no descriptors any more; with its last user the table goes and closes what is open. */
export function* exit_files(k: Kernel, task: Task): Steps<void> {
  const { files } = task;
  if (!files) return;
  task.files = null;
  files.users--;
  if (files.users > 0) return;
  for (let fd = FIRST_FD; fd < files.fdt.length; fd++) {
    const file = pick_file(k, files, fd);
    if (!file) continue;
    yield k.trace.filp_close(fd, file, task);
    yield* k.fput(file);
  }
  k.store.free(files);
}

// Operation tables (include/linux/fs.h): what a file system does for a file, an inode, a mounted file system. A structure
// names its table by text, `file.f_op` is "shmem_file_operations"; a table names kernel functions, so that a design can add
// tables and replace the functions of others. An operation that a table does not name is a NULL pointer in Linux.
import type { Steps } from "../../core/thread.ts";
import type { Kernel } from "../kernel.ts";
import type { MmuNotifierOps } from "../mm/mmu_notifier.ts";
import type { VmOps } from "../mm/vm_ops.ts";
import type { AddressSpace, Dentry, File, Inode, Page, SuperBlock, Vma } from "../mm_types.ts";
import type { IoctlArg } from "./ioctl.ts";
import type { UserBuffer } from "./read_write.ts";

/** What notify_change is to set. */
export interface Attributes {
  readonly mode?: number;
  readonly size?: number;
}

export interface FileFunctions {
  open(inode: Inode, file: File): Steps<number>;
  /** The last reference to the open file is gone. */
  release(inode: Inode, file: File): Steps<void>;
  llseek(file: File, offset: number, whence: number): Steps<number>;
  /** `address`, `count`: the user's buffer in bytes; gives the number of bytes or an error. */
  read(file: File, address: number, count: number, pos: number): Steps<number>;
  write(file: File, address: UserBuffer, count: number, pos: number): Steps<number>;
  unlocked_ioctl(file: File, cmd: number, arg: IoctlArg): Steps<number>;
  mmap(file: File, vma: Vma): Steps<number>;
  fsync(file: File): Steps<number>;
  fallocate(file: File, mode: number, offset: number, length: number): Steps<number>;
}

export interface InodeFunctions {
  /** The name below a directory whose names are not all in the dentry cache; null: none. Makes no step. */
  lookup(dir: Inode, parent: Dentry, name: string): Dentry | null;
  create(dir: Inode, dentry: Dentry, mode: number): Steps<number>;
  mknod(dir: Inode, dentry: Dentry, mode: number): Steps<number>;
  mkdir(dir: Inode, dentry: Dentry, mode: number): Steps<number>;
  symlink(dir: Inode, dentry: Dentry, target: string): Steps<number>;
  link(old: Dentry, dir: Inode, dentry: Dentry): Steps<number>;
  unlink(dir: Inode, dentry: Dentry): Steps<number>;
  rmdir(dir: Inode, dentry: Dentry): Steps<number>;
  rename(oldDir: Inode, old: Dentry, newDir: Inode, dentry: Dentry, flags: number): Steps<number>;
  tmpfile(dir: Inode, dentry: Dentry, mode: number): Steps<number>;
  setattr(dentry: Dentry, attributes: Attributes): Steps<number>;
}

/** What a page cache asks of the file system whose pages it has. */
export interface AddressSpaceFunctions {
  /** The page that `len` bytes at `pos` go to, locked and with a reference; or a negative errno. */
  write_begin(mapping: AddressSpace, pos: number, len: number): Steps<Page | number>;
  /** `copied` bytes have come to `pos`, none perhaps. Unlocks the page and gives the reference back. */
  write_end(mapping: AddressSpace, pos: number, copied: number, page: Page): Steps<void>;
}

export interface SuperFunctions {
  /** Nobody uses the inode any more: frees what it has. */
  evict_inode(inode: Inode): Steps<void>;
}

export interface FileSystemFunctions {
  fill_super(sb: SuperBlock): Steps<number>;
  kill_sb(sb: SuperBlock): Steps<void>;
}

type Names<F> = { readonly [N in keyof F]?: string };
export type FileOperations = Names<FileFunctions>;
export type InodeOperations = Names<InodeFunctions>;
export type AddressSpaceOperations = Names<AddressSpaceFunctions>;
export type SuperOperations = Names<SuperFunctions>;
export type FileSystemType = Names<FileSystemFunctions>;

/** All tables of a kernel, unpatched Linux's and the design's. */
export interface OperationTables {
  readonly vm_ops: Readonly<Record<string, VmOps>>;
  readonly file_operations: Readonly<Record<string, FileOperations>>;
  readonly inode_operations: Readonly<Record<string, InodeOperations>>;
  readonly address_space_operations: Readonly<Record<string, AddressSpaceOperations>>;
  readonly super_operations: Readonly<Record<string, SuperOperations>>;
  readonly file_system_types: Readonly<Record<string, FileSystemType>>;
  readonly mmu_notifier_ops: Readonly<Record<string, MmuNotifierOps>>;
}

/** The kernel function that the file's table has for this, or undefined. */
export function file_op<N extends keyof FileFunctions>(k: Kernel, file: File, op: N): FileFunctions[N] | undefined {
  return kernelFunction(k, k.file_operations[file.f_op]?.[op]);
}

export function inode_op<N extends keyof InodeFunctions>(
  k: Kernel,
  inode: Inode,
  op: N,
): InodeFunctions[N] | undefined {
  return kernelFunction(k, k.inode_operations[inode.i_op]?.[op]);
}

export function address_space_op<N extends keyof AddressSpaceFunctions>(
  k: Kernel,
  mapping: AddressSpace,
  op: N,
): AddressSpaceFunctions[N] | undefined {
  return kernelFunction(k, k.address_space_operations[mapping.a_ops]?.[op]);
}

export function super_op<N extends keyof SuperFunctions>(
  k: Kernel,
  sb: SuperBlock,
  op: N,
): SuperFunctions[N] | undefined {
  return kernelFunction(k, k.super_operations[sb.s_op]?.[op]);
}

export function file_system_op<N extends keyof FileSystemFunctions>(
  k: Kernel,
  type: string,
  op: N,
): FileSystemFunctions[N] | undefined {
  return kernelFunction(k, k.file_system_types[type]?.[op]);
}

/** A kernel function by its name, bound to this kernel. */
export function kernelFunction<F>(k: Kernel, name: string | undefined): F | undefined {
  if (name === undefined) return undefined;
  const found = (k as unknown as Readonly<Record<string, F | undefined>>)[name];
  if (!found) throw new Error(`an operation table names ${name}, which is no kernel function`);
  return found;
}

// Inodes (fs/inode.c, fs/attr.c): their references, locks and end.
import type { Steps } from "../../core/thread.ts";
import type { Kernel } from "../kernel.ts";
import {
  type AddressSpace,
  address_space,
  type Dentry,
  type Inode,
  inode as inode_struct,
  type SuperBlock,
} from "../mm_types.ts";
import { EFBIG, EINVAL } from "../uapi/errno.ts";
import { S_IFDIR, S_IFMT } from "../uapi/fcntl.ts";
import { type Attributes, inode_op, super_op } from "./operations.ts";

/** One more than Linux's: a size of 2^63 - 1 bytes is no number here, and stands as this. */
export const MAX_LFS_FILESIZE = 2 ** 63;
/** What a file system gets that does not say how long its files can be. */
export const MAX_NON_LFS = 2 ** 31 - 1;

/** Nesting classes of i_rwsem: a directory that is locked before what is in it. */
export const I_MUTEX_NORMAL = 0;
export const I_MUTEX_PARENT = 1;
export const I_MUTEX_PARENT2 = 5;

export const is_dir = (inode: Inode): boolean => (inode.i_mode & S_IFMT) === S_IFDIR;

/** A new inode with one reference, one link and an empty page cache. The caller announces it once it is complete. */
export function new_inode(k: Kernel, sb: SuperBlock, mode: number): Inode {
  const inode = k.store.alloc(inode_struct);
  inode.i_sb = sb;
  inode.i_mode = mode;
  inode.i_count = 1;
  inode.i_nlink = 1;
  inode.i_ino = ++sb.next_ino;
  const mapping = k.store.alloc(address_space) as AddressSpace;
  mapping.host = inode;
  inode.i_mapping = mapping;
  return inode;
}

export function ihold(_k: Kernel, inode: Inode): void {
  inode.i_count++;
}

/** Drops a reference. File systems in memory keep an inode only as long as something refers to it: a name or a user. */
export function* iput(k: Kernel, inode: Inode): Steps<void> {
  inode.i_count--;
  if (inode.i_count === 0) yield* k.evict(inode);
}

/** Frees an inode and all that its file system keeps of it. */
export function* evict(k: Kernel, inode: Inode): Steps<void> {
  const evict_inode = super_op(k, inode.i_sb!, "evict_inode");
  if (evict_inode) yield* evict_inode(inode);
  else yield* k.truncate_inode_pages_range(inode.i_mapping!, 0);
  yield k.trace.inode_evict(inode);
  k.store.free(inode.i_mapping!);
  k.store.free(inode);
}

/** Lock class of i_rwsem, one a type of file system; directories have another than files. */
function i_rwsem_class(inode: Inode, subclass: number): string {
  const type = inode.i_sb!.s_type;
  const name = is_dir(inode) ? `&type->i_mutex_dir_key#${type}` : `&sb->s_type->i_mutex_key#${type}`;
  return subclass === I_MUTEX_NORMAL ? name : `${name}/${subclass}`;
}

export function* inode_lock(k: Kernel, inode: Inode): Steps<void> {
  yield* k.down_write(inode.i_rwsem, i_rwsem_class(inode, I_MUTEX_NORMAL));
}

export function* inode_lock_nested(k: Kernel, inode: Inode, subclass: number): Steps<void> {
  yield* k.down_write(inode.i_rwsem, i_rwsem_class(inode, subclass));
}

export function inode_unlock(k: Kernel, inode: Inode): number {
  return k.up_write(inode.i_rwsem, i_rwsem_class(inode, I_MUTEX_NORMAL));
}

/** Lock class of i_mmap_rwsem. Hugetlb's is another: it allocates page tables under it, and reclaim never needs it. */
function i_mmap_class(mapping: AddressSpace): string {
  const huge = mapping.host?.i_sb?.s_type === "hugetlbfs";
  return huge ? "&hugetlbfs_i_mmap_rwsem_key" : "&mapping->i_mmap_rwsem";
}

export function* i_mmap_lock_read(k: Kernel, mapping: AddressSpace): Steps<void> {
  yield* k.down_read(mapping.i_mmap_rwsem, i_mmap_class(mapping));
}

/** Without waiting: false where somebody has it. */
export function* i_mmap_trylock_read(k: Kernel, mapping: AddressSpace): Steps<boolean> {
  if (!k.down_read_trylock(mapping.i_mmap_rwsem)) return false;
  yield k.trace.lock(mapping.i_mmap_rwsem, i_mmap_class(mapping), "read", 1);
  return true;
}

export function i_mmap_unlock_read(k: Kernel, mapping: AddressSpace): number {
  return k.up_read(mapping.i_mmap_rwsem, i_mmap_class(mapping));
}

export function* i_mmap_lock_write(k: Kernel, mapping: AddressSpace): Steps<void> {
  yield* k.down_write(mapping.i_mmap_rwsem, i_mmap_class(mapping));
}

export function i_mmap_unlock_write(k: Kernel, mapping: AddressSpace): number {
  return k.up_write(mapping.i_mmap_rwsem, i_mmap_class(mapping));
}

export function i_size_write(k: Kernel, inode: Inode, sizeBytes: number): number {
  inode.i_size = sizeBytes;
  return k.trace.i_size_write(inode, sizeBytes);
}

/** Whether a file may get this size in bytes: 0 or an error. */
export function inode_newsize_ok(_k: Kernel, inode: Inode, sizeBytes: number): number {
  if (sizeBytes < 0) return -EINVAL;
  return inode.i_size < sizeBytes && sizeBytes > inode.i_sb!.s_maxbytes ? -EFBIG : 0;
}

/** Changes attributes of a file. Caller holds i_rwsem. */
export function* notify_change(k: Kernel, dentry: Dentry, attributes: Attributes): Steps<number> {
  const setattr = inode_op(k, dentry.d_inode!, "setattr");
  if (!setattr) return yield* k.simple_setattr(dentry, attributes);
  return yield* setattr(dentry, attributes);
}

/** What all file systems check first: 0 or an error. */
export function setattr_prepare(k: Kernel, dentry: Dentry, attributes: Attributes): number {
  if (attributes.size === undefined) return 0;
  return k.inode_newsize_ok(dentry.d_inode!, attributes.size);
}

export function setattr_copy(_k: Kernel, inode: Inode, attributes: Attributes): void {
  if (attributes.mode !== undefined) inode.i_mode = (inode.i_mode & S_IFMT) | (attributes.mode & 0o7777);
}

/** Sets the size and drops the page cache beyond it, from mappings first. */
export function* truncate_setsize(k: Kernel, inode: Inode, sizeBytes: number): Steps<void> {
  yield k.i_size_write(inode, sizeBytes);
  yield* k.truncate_pagecache(inode, sizeBytes);
}

// VMAs of an address space (mm/vma.c): find, link, split, take out; merging is in vma_merge.ts.
import type { Steps } from "../../core/thread.ts";
import { vm_get_page_prot } from "../arch/x86/mm/pgtable.ts";
import {
  VM_ACCOUNT,
  VM_EXEC,
  VM_GROWSDOWN,
  VM_HUGETLB,
  VM_LOCKED,
  VM_MAYWRITE,
  VM_SHARED,
  VM_STICKY,
  VM_WRITE,
  withoutVmFlags,
} from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import { type AddressSpace, type AnonVma, type Mm, type Vma, vm_area_struct } from "../mm_types.ts";
import { ENOMEM } from "../uapi/errno.ts";
import { vma_interval_tree_insert } from "./interval_tree.ts";

/** sysctl vm.max_map_count */
export const sysctl_max_map_count = 65530;

/** Index in mm_mt of the first VMA that ends above `address`; mm_mt.length if there is none. */
export function vma_index(_k: Kernel, mm: Mm, address: number): number {
  const list = mm.mm_mt;
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list.at(middle)!.vm_end > address) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The first VMA that ends above `address`: it covers it or lies above. */
export function find_vma(k: Kernel, mm: Mm, address: number): Vma | null {
  return mm.mm_mt.at(k.vma_index(mm, address)) ?? null;
}

/** The VMA that covers `address`. */
export function vma_lookup(k: Kernel, mm: Mm, address: number): Vma | null {
  const vma = k.find_vma(mm, address);
  return vma && vma.vm_start <= address ? vma : null;
}

export function find_vma_intersection(k: Kernel, mm: Mm, start: number, end: number): Vma | null {
  const vma = k.find_vma(mm, start);
  return vma && vma.vm_start < end ? vma : null;
}

export function vm_area_alloc(k: Kernel, mm: Mm, start: number, end: number, vm_flags: number, pgoff: number): Vma {
  const vma = k.store.alloc(vm_area_struct);
  vma.vm_mm = mm;
  vma.vm_start = start;
  vma.vm_end = end;
  vma.vm_pgoff = pgoff;
  vma.vm_lock_seq = -1;
  k.vm_flags_reset(vma, vm_flags);
  return vma;
}

/** A VMA like `orig`, in no tree and in no reverse map, and without a reference to its file yet. */
export function vm_area_dup(k: Kernel, orig: Vma): Vma {
  const vma = k.vm_area_alloc(orig.vm_mm!, orig.vm_start, orig.vm_end, orig.vm_flags, orig.vm_pgoff);
  vma.vm_page_prot = orig.vm_page_prot;
  vma.vm_file = orig.vm_file;
  vma.vm_ops = orig.vm_ops;
  vma.vm_private_data = orig.vm_private_data;
  vma.vm_resv_flags = orig.vm_resv_flags;
  vma.vm_userfaultfd_ctx = orig.vm_userfaultfd_ctx;
  vma.swap_readahead_info = orig.swap_readahead_info;
  vma.anon_vma = orig.anon_vma;
  return vma;
}

/** Sets the flags and the protection that follows from them. */
export function vm_flags_reset(_k: Kernel, vma: Vma, vm_flags: number): void {
  vma.vm_flags = vm_flags;
  vma.vm_page_prot = vm_get_page_prot(vm_flags);
}

/** Puts a new VMA into the tree and its file's reverse map. Caller holds mmap_lock for writing. */
export function* vma_link(k: Kernel, mm: Mm, vma: Vma): Steps<void> {
  yield* k.vma_start_write(vma);
  mm.mm_mt = mm.mm_mt.splice(k.vma_index(mm, vma.vm_start), 0, vma);
  mm.map_count++;
  yield* k.vma_link_file(vma);
  yield k.trace.vma_link(vma, mm, vma.vm_start, vma.vm_end);
}

export function* vma_link_file(k: Kernel, vma: Vma): Steps<void> {
  const mapping = vma.vm_file?.f_inode?.i_mapping;
  if (!mapping) return;
  yield* k.i_mmap_lock_write(mapping);
  k.__vma_link_file(vma, mapping);
  yield k.i_mmap_unlock_write(mapping);
}

/** Caller holds i_mmap_rwsem for writing; so it does of the next. */
export function __vma_link_file(_k: Kernel, vma: Vma, mapping: AddressSpace): void {
  if (vma_is_shared_maywrite(vma)) mapping.i_mmap_writable++;
  mapping.i_mmap = vma_interval_tree_insert(mapping.i_mmap, vma);
}

export function __remove_shared_vm_struct(_k: Kernel, vma: Vma, mapping: AddressSpace): void {
  if (vma_is_shared_maywrite(vma)) mapping.i_mmap_writable--;
  mapping.i_mmap = mapping.i_mmap.without(vma);
}

export function* unlink_file_vma(k: Kernel, vma: Vma): Steps<void> {
  const mapping = vma.vm_file?.f_inode?.i_mapping;
  if (!mapping) return;
  yield* k.i_mmap_lock_write(mapping);
  k.__remove_shared_vm_struct(vma, mapping);
  yield k.i_mmap_unlock_write(mapping);
}

/** struct unlink_vma_file_batch: neighbours of one file, which leave its reverse map together. */
export interface UnlinkVmaFileBatch {
  vmas: Vma[];
}
const UNLINK_BATCH = 8;

export function* unlink_file_vma_batch_add(k: Kernel, vb: UnlinkVmaFileBatch, vma: Vma): Steps<void> {
  if (!vma.vm_file) return;
  const other = vb.vmas.length > 0 && vb.vmas[0]!.vm_file !== vma.vm_file;
  if (other || vb.vmas.length === UNLINK_BATCH) yield* k.unlink_file_vma_batch_process(vb);
  vb.vmas.push(vma);
}

export function* unlink_file_vma_batch_final(k: Kernel, vb: UnlinkVmaFileBatch): Steps<void> {
  if (vb.vmas.length > 0) yield* k.unlink_file_vma_batch_process(vb);
}

export function* unlink_file_vma_batch_process(k: Kernel, vb: UnlinkVmaFileBatch): Steps<void> {
  const { vmas } = vb;
  vb.vmas = [];
  const mapping = vmas[0]!.vm_file!.f_inode?.i_mapping;
  if (!mapping) return;
  yield* k.i_mmap_lock_write(mapping);
  for (const vma of vmas) k.__remove_shared_vm_struct(vma, mapping);
  yield k.i_mmap_unlock_write(mapping);
}

/** Tells its owner that the mapping goes, once. */
export function* vma_close(k: Kernel, vma: Vma): Steps<void> {
  const close = k.vm_op(vma, "close");
  if (!close) return;
  yield* close(vma);
  vma.vm_ops = "vma_dummy_vm_ops";
}

/** Closes and frees a VMA that is in no tree any more. */
export function* remove_vma(k: Kernel, vma: Vma): Steps<void> {
  yield* k.vma_close(vma);
  if (vma.vm_file) yield* k.fput(vma.vm_file);
  k.store.free(vma);
}

/** Which part of a VMA that is split becomes a new VMA; the other one stays what it was. */
export type NewPart = "new below" | "new above";

/** Splits `vma` at `address`. Returns 0 or a negative errno. */
export function* split_vma(k: Kernel, vma: Vma, address: number, part: NewPart): Steps<number> {
  if (vma.vm_mm!.map_count >= sysctl_max_map_count) return -ENOMEM;
  return yield* k.__split_vma(vma, address, part);
}

export function* __split_vma(k: Kernel, vma: Vma, address: number, part: NewPart): Steps<number> {
  const may_split = k.vm_op(vma, "may_split");
  if (may_split) {
    const error = may_split(vma, address);
    if (error) return error;
  }
  const huge = (vma.vm_flags & VM_HUGETLB) !== 0;
  if (huge && k.unfixed("hugetlb-split-unshare")) yield* k.hugetlb_split_early(vma, address);
  const mm = vma.vm_mm!;
  const above = vma.vm_pgoff + (address - vma.vm_start) / 4096;
  const made = k.vm_area_dup(vma);
  if (part === "new below") made.vm_end = address;
  else {
    made.vm_start = address;
    made.vm_pgoff = above;
  }
  yield* k.anon_vma_clone(made, vma);
  if (made.vm_file) k.get_file(made.vm_file);
  const open = k.vm_op(made, "open");
  if (open) yield* open(made);
  yield* k.vma_start_write(vma);
  yield* k.vma_start_write(made);
  // The reverse map must find the pages of the new part in one of the two at any time.
  yield* k.vma_prepare(vma, null);
  if (huge && !k.unfixed("hugetlb-split-unshare")) yield* k.hugetlb_split(vma, address);
  if (part === "new below") {
    vma.vm_start = address;
    vma.vm_pgoff = above;
  } else vma.vm_end = address;
  mm.mm_mt = mm.mm_mt.splice(mm.mm_mt.indexOf(vma) + (part === "new below" ? 0 : 1), 0, made);
  mm.map_count++;
  const mapping = made.vm_file?.f_inode?.i_mapping;
  if (mapping) k.__vma_link_file(made, mapping);
  yield k.trace.vma_change(vma, mm, vma.vm_start, vma.vm_end);
  yield k.trace.vma_link(made, mm, made.vm_start, made.vm_end);
  yield* k.vma_complete(vma, null, []);
  return 0;
}

/** An anon_vma of a neighbour that `vma` may become one with later. */
export function find_mergeable_anon_vma(k: Kernel, vma: Vma): AnonVma | null {
  const mm = vma.vm_mm!;
  const at = mm.mm_mt.indexOf(vma);
  const next = mm.mm_mt.at(at + 1);
  if (next && reusable(k, vma, next, vma, next)) return next.anon_vma;
  const prev = at > 0 ? mm.mm_mt.at(at - 1) : undefined;
  return prev && reusable(k, prev, vma, vma, prev) ? prev.anon_vma : null;
}

/** Protection may differ, as mprotect may yet change it. */
function reusable(_k: Kernel, left: Vma, right: Vma, vma: Vma, neighbour: Vma): boolean {
  const ignored = VM_STICKY | 7;
  const same =
    withoutVmFlags(vma.vm_flags, ignored) === withoutVmFlags(neighbour.vm_flags, ignored) &&
    vma.vm_file === neighbour.vm_file;
  if (!same || left.vm_end !== right.vm_start) return false;
  if (left.vm_pgoff + (left.vm_end - left.vm_start) / 4096 !== right.vm_pgoff) return false;
  return neighbour.anon_vma !== null && neighbour.anon_vma_chain.length === 1;
}

/** total_vm and its parts; `pages` may be negative. */
export function vm_stat_account(_k: Kernel, mm: Mm, vm_flags: number, pages: number): void {
  mm.total_vm += pages;
  if (vm_flags & VM_EXEC && !(vm_flags & (VM_WRITE | VM_GROWSDOWN))) mm.exec_vm += pages;
  else if (vm_flags & VM_GROWSDOWN) mm.stack_vm += pages;
  else if ((vm_flags & (VM_WRITE | VM_SHARED | VM_GROWSDOWN)) === VM_WRITE) mm.data_vm += pages;
}

export function vm_unacct_memory(k: Kernel, pages: number): void {
  k.vmstat.vm_committed_as -= pages;
}

export const vma_pages = (vma: Vma): number => (vma.vm_end - vma.vm_start) / 4096;
/** Whether the file can be changed through it, now or after an mprotect. */
export const vma_is_shared_maywrite = (vma: Vma): boolean =>
  (vma.vm_flags & (VM_SHARED | VM_MAYWRITE)) === (VM_SHARED | VM_MAYWRITE);
export const is_accounted = (vma: Vma): boolean => (vma.vm_flags & VM_ACCOUNT) !== 0;
export const is_locked = (vma: Vma): boolean => (vma.vm_flags & VM_LOCKED) !== 0;

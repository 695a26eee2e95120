// VMAs that become one (mm/vma.c): a new mapping that continues its neighbours, and an old one, or part of it, that has
// become like them.
import type { Steps } from "../../core/thread.ts";
import { VM_SPECIAL, VM_STICKY, withoutVmFlags, withVmFlags } from "../flags.ts";
import type { UserfaultfdCtx } from "../fs/userfaultfd_ctx.ts";
import type { Kernel } from "../kernel.ts";
import type { AnonVma, File, Mm, Vma } from "../mm_types.ts";
import { vma_interval_tree_update } from "./interval_tree.ts";

/** struct vma_merge_struct: what [start, end) is to be. */
export interface VmaMerge {
  readonly mm: Mm;
  readonly start: number;
  readonly end: number;
  readonly pgoff: number;
  readonly vm_flags: number;
  readonly file: File | null;
  readonly anon_vma: AnonVma | null;
  /** The VMA whose range it is now; null: nothing is mapped there yet. */
  readonly middle: Vma | null;
  /** mremap: the VMA that the range is to be a copy of. */
  readonly copied_from?: Vma;
  /** The range's userfaultfd; where it is not said that of `middle`. */
  readonly uffd_ctx?: UserfaultfdCtx | null;
}

/** Same flags, file and operations; `pgoff_gap`: pages missing between the offsets. */
export function mergeable_with(k: Kernel, vma: Vma, vm_flags: number, file: File | null, pgoff_gap: number): boolean {
  if (pgoff_gap !== 0 || vma.vm_file !== file) return false;
  if (withoutVmFlags(vma.vm_flags, VM_STICKY) !== withoutVmFlags(vm_flags, VM_STICKY)) return false;
  return !(vm_flags & VM_SPECIAL) && !k.vm_op(vma, "close");
}

/** A VMA whose pages may be those of a parent or child: its anon_vmas would make others' reverse maps longer. */
const is_singular = (vma: Vma): boolean => vma.anon_vma_chain.length === 1;

/** Whether `neighbour` may take in a range with this anon_vma. */
export function is_mergeable_anon_vma(k: Kernel, merge: VmaMerge, neighbour: Vma): boolean {
  const mine = merge.anon_vma;
  const its = neighbour.anon_vma;
  if (k.config.version === "6.12") return ((!mine || !its) && is_singular(neighbour)) || mine === its;
  // Since 6.16 a VMA that nobody touched yet takes the other one's anon_vma.
  const origin = merge.middle ?? merge.copied_from;
  if (mine && !its) return !origin || is_singular(origin);
  if (!mine && its) return is_singular(neighbour);
  return mine === its;
}

/** Faults of both go to the same userfaultfd, or of both to none. */
function is_mergeable_uffd(merge: VmaMerge, neighbour: Vma): boolean {
  const ctx = merge.uffd_ctx === undefined ? (merge.middle?.vm_userfaultfd_ctx ?? null) : merge.uffd_ctx;
  return neighbour.vm_userfaultfd_ctx === ctx;
}

export function can_merge_left(k: Kernel, merge: VmaMerge, prev: Vma | null): boolean {
  if (prev?.vm_end !== merge.start || !is_mergeable_uffd(merge, prev)) return false;
  const gap = prev.vm_pgoff + (prev.vm_end - prev.vm_start) / 4096 - merge.pgoff;
  return k.mergeable_with(prev, merge.vm_flags, merge.file, gap) && k.is_mergeable_anon_vma(merge, prev);
}

export function can_merge_right(k: Kernel, merge: VmaMerge, next: Vma | null): boolean {
  if (next?.vm_start !== merge.end || !is_mergeable_uffd(merge, next)) return false;
  const gap = merge.pgoff + (merge.end - merge.start) / 4096 - next.vm_pgoff;
  return k.mergeable_with(next, merge.vm_flags, merge.file, gap) && k.is_mergeable_anon_vma(merge, next);
}

/** Whether both neighbours can become one with what is between them. */
function join(prev: Vma, next: Vma): boolean {
  return prev.anon_vma === next.anon_vma || !prev.anon_vma || !next.anon_vma;
}

/**
 * A mapping of a range where nothing is mapped: its neighbours grow instead. Caller holds mmap_lock for writing.
 * @returns the VMA that covers the range now, or null
 */
export function* vma_merge_new_range(k: Kernel, merge: VmaMerge): Steps<Vma | null> {
  if (merge.vm_flags & VM_SPECIAL) return null;
  const { mm, start, end } = merge;
  const index = k.vma_index(mm, start);
  const prev = index > 0 ? mm.mm_mt.at(index - 1)! : null;
  const next = mm.mm_mt.at(index) ?? null;
  const left = k.can_merge_left(merge, prev) ? prev : null;
  const right = k.can_merge_right(merge, next) ? next : null;
  if (left) {
    const both = right !== null && join(left, right);
    yield* k.vma_expand(left, left.vm_start, both ? right.vm_end : end, both ? right : null);
    return with_sticky_flags(left, merge);
  }
  if (!right) return null;
  yield* k.vma_expand(right, start, right.vm_end, null);
  return with_sticky_flags(right, merge);
}

/** `vma` grows to [start, end), over `next` where that is not null. Caller holds mmap_lock for writing. */
export function* vma_expand(k: Kernel, vma: Vma, start: number, end: number, next: Vma | null): Steps<void> {
  yield* k.vma_start_write(vma);
  if (next) {
    yield* k.vma_start_write(next);
    yield* k.dup_anon_vma(vma, next);
  }
  yield* k.commit_merge(vma, start, end, null, next ? [next] : []);
}

/**
 * [start, end) of a VMA gets new flags: its neighbours take it in if they are like it then.
 * @returns the VMA that covers the range now, or null with nothing changed
 */
export function* vma_merge_existing_range(k: Kernel, merge: VmaMerge): Steps<Vma | null> {
  const { mm, start, end } = merge;
  const vma = merge.middle!;
  const atStart = start === vma.vm_start;
  const atEnd = end === vma.vm_end;
  if (merge.vm_flags & VM_SPECIAL || !(atStart || atEnd)) return null;
  const at = mm.mm_mt.indexOf(vma);
  const prev = at > 0 ? mm.mm_mt.at(at - 1)! : null;
  const next = mm.mm_mt.at(at + 1) ?? null;
  const left = atStart && k.can_merge_left(merge, prev) ? prev : null;
  let right = atEnd && k.can_merge_right(merge, next) ? next : null;
  if (left && right && !join(left, right)) right = null;
  if (!left && !right) return null;
  yield* k.vma_start_write(vma);
  if (left) yield* k.vma_start_write(left);
  if (right) yield* k.vma_start_write(right);
  if (left) {
    yield* k.dup_anon_vma(left, right?.anon_vma ? right : vma);
    if (right) yield* k.commit_merge(left, left.vm_start, right.vm_end, null, [vma, right]);
    else if (atEnd) yield* k.commit_merge(left, left.vm_start, end, null, [vma]);
    else yield* k.commit_merge(left, left.vm_start, end, vma, []);
    return with_sticky_flags(left, merge);
  }
  yield* k.dup_anon_vma(right!, vma);
  if (atStart) yield* k.commit_merge(right!, start, right!.vm_end, null, [vma]);
  else yield* k.commit_merge(vma, vma.vm_start, start, right, []);
  return with_sticky_flags(right!, merge);
}

/** What takes in a range takes on the flags of the range that must not get lost. */
function with_sticky_flags(vma: Vma, merge: VmaMerge): Vma {
  vma.vm_flags = withVmFlags(vma.vm_flags, merge.vm_flags & VM_STICKY);
  return vma;
}

/** `to` gets the anon_vma of a VMA that it takes the pages of. */
export function* dup_anon_vma(k: Kernel, to: Vma, from: Vma): Steps<void> {
  if (!from.anon_vma || to.anon_vma) return;
  to.anon_vma = from.anon_vma;
  yield* k.anon_vma_clone(to, from);
}

/**
 * Makes `vma` cover [start, end). `adjust`: the neighbour above, which begins at `end` then; `removed`: VMAs that disappear in
 * `vma`. All of them are locked for writing, and their anon_vmas are as they have to be.
 */
export function* commit_merge(
  k: Kernel,
  vma: Vma,
  start: number,
  end: number,
  adjust: Vma | null,
  removed: readonly Vma[],
): Steps<void> {
  const mm = vma.vm_mm!;
  yield* k.vma_prepare(vma, adjust);
  vma.vm_pgoff += (start - vma.vm_start) / 4096;
  vma.vm_start = start;
  vma.vm_end = end;
  if (adjust) {
    adjust.vm_pgoff += (end - adjust.vm_start) / 4096;
    adjust.vm_start = end;
  }
  // One store to the tree: whoever looks finds each address in one of them.
  for (const gone of removed) {
    vma.vm_flags = withVmFlags(vma.vm_flags, gone.vm_flags & VM_STICKY);
    mm.mm_mt = mm.mm_mt.without(gone);
    mm.map_count--;
  }
  yield k.trace.vma_change(vma, mm, start, end);
  if (adjust) yield k.trace.vma_change(adjust, mm, end, adjust.vm_end);
  for (const gone of removed) yield k.trace.vma_unlink(gone, mm, gone.vm_start, gone.vm_end);
  yield* k.vma_complete(vma, adjust, removed);
}

/** Keeps the reverse maps out while the ranges of a VMA, and perhaps its neighbour's, change. */
export function* vma_prepare(k: Kernel, vma: Vma, adjust: Vma | null): Steps<void> {
  const mapping = vma.vm_file?.f_inode?.i_mapping;
  const anon_vma = vma.anon_vma ?? adjust?.anon_vma;
  if (mapping) yield* k.i_mmap_lock_write(mapping);
  if (anon_vma) yield* k.down_write(anon_vma.root!.rwsem, "&anon_vma->rwsem");
}

export function* vma_complete(k: Kernel, vma: Vma, adjust: Vma | null, removed: readonly Vma[]): Steps<void> {
  const mapping = vma.vm_file?.f_inode?.i_mapping;
  const anon_vma = vma.anon_vma ?? adjust?.anon_vma;
  k.vma_update_interval_trees(vma);
  if (adjust) k.vma_update_interval_trees(adjust);
  if (mapping) for (const gone of removed) k.__remove_shared_vm_struct(gone, mapping);
  if (anon_vma) yield k.up_write(anon_vma.root!.rwsem, "&anon_vma->rwsem");
  if (mapping) yield k.i_mmap_unlock_write(mapping);
  for (const gone of removed) {
    k.vma_mark_detached(gone);
    if (gone.vm_file) yield* k.fput(gone.vm_file);
    // Only now: the reverse map must find the pages in one of the two at any time.
    yield* k.unlink_anon_vmas(gone);
    k.store.free(gone);
  }
}

/** Its range has changed: the reverse maps have it where it begins now. */
export function vma_update_interval_trees(_k: Kernel, vma: Vma): void {
  const mapping = vma.vm_file?.f_inode?.i_mapping;
  if (mapping) mapping.i_mmap = vma_interval_tree_update(mapping.i_mmap, vma);
  for (const av of vma.anon_vma_chain) av.rb_root = vma_interval_tree_update(av.rb_root, vma);
}

/**
 * Makes [start, end) of `vma` a VMA that can have these flags, by merging or splitting. Changes no flags itself, but the VMA may have more of VM_STICKY than `vm_flags`.
 * @returns that VMA, or a negative errno
 */
export function* vma_modify_flags(
  k: Kernel,
  vma: Vma,
  start: number,
  end: number,
  vm_flags: number,
): Steps<Vma | number> {
  return yield* k.vma_modify_flags_uffd(vma, start, end, vm_flags, vma.vm_userfaultfd_ctx);
}

/** The same for a range whose faults are to go to `uffd_ctx`. */
export function* vma_modify_flags_uffd(
  k: Kernel,
  vma: Vma,
  start: number,
  end: number,
  vm_flags: number,
  uffd_ctx: UserfaultfdCtx | null,
): Steps<Vma | number> {
  const pgoff = vma.vm_pgoff + (start - vma.vm_start) / 4096;
  const { vm_mm, vm_file: file, anon_vma } = vma;
  return yield* k.vma_modify(vma, { mm: vm_mm!, start, end, pgoff, vm_flags, file, anon_vma, middle: vma, uffd_ctx });
}

export function* vma_modify(k: Kernel, vma: Vma, merge: VmaMerge): Steps<Vma | number> {
  const { start, end } = merge;
  const merged = yield* k.vma_merge_existing_range(merge);
  if (merged) return merged;
  if (vma.vm_start < start) {
    const error = yield* k.split_vma(vma, start, "new below");
    if (error) return error;
  }
  if (vma.vm_end > end) {
    const error = yield* k.split_vma(vma, end, "new above");
    if (error) return error;
  }
  return vma;
}

/** mremap: `vma` grows by `bytes` into free space, and becomes one with its next neighbour if it reaches it. */
export function* vma_merge_extend(k: Kernel, vma: Vma, bytes: number): Steps<Vma | null> {
  const { vm_mm, vm_end, vm_flags, vm_file, anon_vma } = vma;
  const pgoff = vma.vm_pgoff + (vm_end - vma.vm_start) / 4096;
  const merge = { mm: vm_mm!, start: vm_end, end: vm_end + bytes, pgoff, vm_flags, file: vm_file, anon_vma };
  return yield* k.vma_merge_new_range({ ...merge, middle: null, uffd_ctx: vma.vm_userfaultfd_ctx });
}

// MMU notifiers (mm/mmu_notifier.c): whoever keeps translations of an address space elsewhere, such as the tables of a
// guest, is told before the page tables change. With no subscriber none of this costs a step.
import { number, ref, text, value } from "../../core/fields.ts";
import { type Handle, type Of, struct } from "../../core/struct.ts";
import type { Steps } from "../../core/thread.ts";
import { kernelFunction } from "../fs/operations.ts";
import type { Kernel } from "../kernel.ts";
import type { Mm, Vma } from "../mm_types.ts";

/** One subscription to an address space. */
export const mmu_notifier = struct("mmu_notifier", {
  /** Name of its table of operations. */
  mn_ops: text(),
  mm: ref<Mm>("mm_struct"),
  /** The subscriber after it (hlist). */
  mn_next: ref<MmuNotifier>("mmu_notifier"),
  /** Still in the list: not released. */
  mn_hashed: number("bool"),
  /** What it belongs to; container_of finds that in Linux. */
  mn_private: value<Handle | null>(null),
});
export interface MmuNotifier extends Of<typeof mmu_notifier> {}

/** What a subscriber can be told. `start` and `end` are addresses of the mm. */
export interface MmuNotifierFunctions {
  /** Before entries change: the range must not be used any more, nor be filled again until the end. */
  invalidate_range_start(mn: MmuNotifier, start: number, end: number): Steps<void>;
  invalidate_range_end(mn: MmuNotifier, start: number, end: number): Steps<void>;
  /** For TLBs that walk the mm's own tables (an IOMMU): flush now. May be told with spinlocks held. */
  arch_invalidate_secondary_tlbs(mn: MmuNotifier, start: number, end: number): Steps<void>;
  /** Forgets that the range was used; gives whether it was. */
  clear_flush_young(mn: MmuNotifier, start: number, end: number): Steps<number>;
  /** The address space is about to go. */
  release(mn: MmuNotifier): Steps<void>;
}
export type MmuNotifierOps = { readonly [N in keyof MmuNotifierFunctions]?: string };

/** Why a range is invalidated (enum mmu_notifier_event). */
export type MmuNotifyEvent =
  | "MMU_NOTIFY_UNMAP"
  | "MMU_NOTIFY_CLEAR"
  | "MMU_NOTIFY_PROTECTION_VMA"
  | "MMU_NOTIFY_PROTECTION_PAGE";

/** The function that the subscriber's table has for this, or undefined. */
export function mmu_notifier_op<N extends keyof MmuNotifierFunctions>(
  k: Kernel,
  mn: MmuNotifier,
  op: N,
): MmuNotifierFunctions[N] | undefined {
  return kernelFunction(k, k.mmu_notifier_ops[mn.mn_ops]?.[op]);
}

export const mm_has_notifiers = (mm: Mm): boolean => mm.notifier_subscriptions !== null;

/** The subscribers, as they are now: one may leave while another is told. */
function subscribers(mm: Mm): MmuNotifier[] {
  const list: MmuNotifier[] = [];
  for (let mn = mm.notifier_subscriptions; mn; mn = mn.mn_next) list.push(mn);
  return list;
}

export function* mmu_notifier_invalidate_range_start(
  k: Kernel,
  mm: Mm,
  start: number,
  end: number,
  event: MmuNotifyEvent,
): Steps<void> {
  if (!mm_has_notifiers(mm)) return;
  yield k.trace.mmu_notifier_invalidate_range_start(mm, start, end, event);
  for (const mn of subscribers(mm)) {
    const told = mmu_notifier_op(k, mn, "invalidate_range_start");
    if (told) yield* told(mn, start, end);
  }
}

export function* mmu_notifier_invalidate_range_end(k: Kernel, mm: Mm, start: number, end: number): Steps<void> {
  if (!mm_has_notifiers(mm)) return;
  for (const mn of subscribers(mm)) {
    const told = mmu_notifier_op(k, mn, "invalidate_range_end");
    if (told) yield* told(mn, start, end);
  }
  yield k.trace.mmu_notifier_invalidate_range_end(mm, start, end);
}

/** The CPUs have been flushed: so are TLBs that are no CPU's. */
export function* mmu_notifier_arch_invalidate_secondary_tlbs(
  k: Kernel,
  mm: Mm,
  start: number,
  end: number,
): Steps<void> {
  if (!mm_has_notifiers(mm)) return;
  for (const mn of subscribers(mm)) {
    const told = mmu_notifier_op(k, mn, "arch_invalidate_secondary_tlbs");
    if (told) yield* told(mn, start, end);
  }
}

/** Whether a subscriber has used the range since it was last asked. */
export function* mmu_notifier_clear_flush_young(k: Kernel, mm: Mm, start: number, end: number): Steps<number> {
  if (!mm_has_notifiers(mm)) return 0;
  let young = 0;
  for (const mn of subscribers(mm)) {
    const told = mmu_notifier_op(k, mn, "clear_flush_young");
    if (told) young |= yield* told(mn, start, end);
  }
  return young;
}

/** Subscribes to an address space, whose structure stays as long. */
export function* mmu_notifier_register(k: Kernel, mn: MmuNotifier, mm: Mm): Steps<void> {
  yield* k.mmap_write_lock(mm);
  yield* k.mm_take_all_locks(mm);
  mm.mm_count++;
  mn.mm = mm;
  mn.mn_next = mm.notifier_subscriptions;
  mn.mn_hashed = 1;
  mm.notifier_subscriptions = mn;
  yield k.trace.mmu_notifier_register(mm, mn.mn_ops);
  yield k.mmap_write_unlock(mm);
}

/**
 * Who is told of the start of an invalidation must be told of its end, and the other way round: a new subscriber waits
 * until no fault is in a VMA and nobody goes
 * through a reverse map that may lead here. Subscribing is one step, so nothing stays locked for it.
 */
export function* mm_take_all_locks(k: Kernel, mm: Mm): Steps<void> {
  for (const vma of mm.mm_mt) yield* k.vma_start_write(vma);
  const idle = () => [...mm.mm_mt].every(reverse_maps_idle);
  while (!idle()) yield k.wait(idle, "the reverse maps of an address space");
}

function reverse_maps_idle(vma: Vma): boolean {
  const mapping = vma.vm_file?.f_inode?.i_mapping;
  if (mapping && mapping.i_mmap_rwsem.count !== 0) return false;
  return [...vma.anon_vma_chain].every((av) => av.root!.rwsem.count === 0);
}

/** Ends a subscription. A subscriber that the address space has outlived lets go of all that it has. */
export function* mmu_notifier_unregister(k: Kernel, mn: MmuNotifier): Steps<void> {
  const mm = mn.mm!;
  if (mn.mn_hashed) {
    const release = mmu_notifier_op(k, mn, "release");
    if (release) yield* release(mn);
    unhash(mm, mn);
    yield k.trace.mmu_notifier_unregister(mm, mn.mn_ops);
  }
  yield* k.mmdrop(mm);
}

/** The last user of the address space is gone: nobody may use translations of it from here on. */
export function* mmu_notifier_release(k: Kernel, mm: Mm): Steps<void> {
  while (mm.notifier_subscriptions) {
    const mn = mm.notifier_subscriptions;
    const release = mmu_notifier_op(k, mn, "release");
    if (release) yield* release(mn);
    unhash(mm, mn);
    yield k.trace.mmu_notifier_unregister(mm, mn.mn_ops);
  }
}

function unhash(mm: Mm, mn: MmuNotifier): void {
  mn.mn_hashed = 0;
  if (mm.notifier_subscriptions === mn) {
    mm.notifier_subscriptions = mn.mn_next;
    return;
  }
  for (let at = mm.notifier_subscriptions; at; at = at.mn_next) if (at.mn_next === mn) at.mn_next = mn.mn_next;
}

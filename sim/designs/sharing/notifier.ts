// The MMU notifier of a host mm. Two uses:
// - option `tlb_flush: mmu_notifier`: the CPUs of the sharers are to the host what an IOMMU is to a process, a TLB that walks
//   its tables; arch_invalidate_secondary_tlbs flushes them all (seed 003_0a3a0e7ddc0a762e.txt, Jann Horn, 2024-10-14;
//   Anthony Yznaga, 2024-10-08 and 2024-10-16);
// - the mend of "notify-guests": "it seems like the mshare mm needs notifiers that go through every mm that has mapped the
//   mshare region and calls its notifiers" (Anthony Yznaga, 2024-10-08).
import { address, ref } from "../../core/fields.ts";
import { type Of, struct } from "../../core/struct.ts";
import type { Steps } from "../../core/thread.ts";
import { TLB_REMOTE_SHOOTDOWN } from "../../kernel/arch/x86/mm/tlb.ts";
import * as notifiers from "../../kernel/mm/mmu_notifier.ts";
import { type MmuNotifier, type MmuNotifyEvent, mmu_notifier } from "../../kernel/mm/mmu_notifier.ts";
import type { Mm, Task, Vma } from "../../kernel/mm_types.ts";
import type { SharingKernel } from "./sharing_kernel.ts";

/**
 * An invalidation that is under way in a host, and each guest that was told of its start and must be told of its end, also
 * when it has unmapped the tables meanwhile. The one without a guest stands for the invalidation itself. `through`: the
 * guest by whose entries the host's are changed, which its own notifiers know; null: the host's own.
 */
export const host_invalidation = struct("host_invalidation", {
  host: ref<Mm>("mm_struct"),
  guest: ref<Mm>("mm_struct"),
  through: ref<Mm>("mm_struct"),
  task: ref<Task>("task_struct"),
  start: address(),
  end: address(),
});
interface HostInvalidation extends Of<typeof host_invalidation> {}

export const host_notifier_ops = {
  host_mmu_notifier_ops: {
    invalidate_range_start: "host_invalidate_range_start",
    invalidate_range_end: "host_invalidate_range_end",
    arch_invalidate_secondary_tlbs: "host_invalidate_secondary_tlbs",
    clear_flush_young: "host_clear_flush_young",
  },
};

/** Subscribes to a new host mm, if anybody wants to know. */
export function* host_notifier_register(k: SharingKernel, host: Mm): Steps<MmuNotifier | null> {
  if (k.flush_way() !== "mmu_notifier" && !k.fixed("notify-guests")) return null;
  const mn = k.store.alloc(mmu_notifier) as MmuNotifier;
  mn.mn_ops = "host_mmu_notifier_ops";
  yield* k.mmu_notifier_register(mn, host);
  return mn;
}

export function* host_notifier_unregister(k: SharingKernel, mn: MmuNotifier | null): Steps<void> {
  if (!mn) return;
  yield* k.mmu_notifier_unregister(mn);
  k.store.free(mn);
}

export function* host_invalidate_secondary_tlbs(k: SharingKernel): Steps<void> {
  if (k.flush_way() === "mmu_notifier") yield* k.flush_tlb_all(TLB_REMOTE_SHOOTDOWN);
}

/** A part of a host. */
interface HostRange {
  readonly host: Mm;
  readonly start: number;
  readonly end: number;
}

export function* host_invalidate_range_start(
  k: SharingKernel,
  mn: MmuNotifier,
  start: number,
  end: number,
): Steps<void> {
  if (k.fixed("notify-guests")) yield* k.host_changes_begin({ host: mn.mm!, start, end }, null);
}

export function* host_invalidate_range_end(k: SharingKernel, mn: MmuNotifier): Steps<void> {
  if (k.fixed("notify-guests")) yield* k.host_changes_end(mn.mm!, null);
}

export function* host_changes_begin(k: SharingKernel, range: HostRange, through: Mm | null): Steps<void> {
  const { host } = range;
  const task = k.current;
  under_way(k, { ...range, guest: null, through, task });
  // Who unmaps meanwhile tells its own notifiers: its VMA may be gone when its turn comes.
  for (const vma of k.guest_vmas(host))
    if (k.guest_vmas(host).includes(vma)) yield* k.tell_guest(vma, { ...range, through, task });
}

interface Change extends HostRange {
  readonly through: Mm | null;
  readonly task: Task;
}

function under_way(k: SharingKernel, { host, guest, through, task, start, end }: Change & { guest: Mm | null }): void {
  const record = k.store.alloc(host_invalidation);
  record.host = host;
  record.guest = guest;
  record.through = through;
  record.task = task;
  record.start = start;
  record.end = end;
  if (guest) guest.mm_count++;
}

/** Tells the notifiers of a guest that a part of the host changes from here on. */
export function* tell_guest(k: SharingKernel, vma: Vma, change: Change): Steps<void> {
  const start = Math.max(vma.vm_start, k.guest_address(vma, change.start));
  const end = Math.min(vma.vm_end, k.guest_address(vma, change.end));
  const guest = vma.vm_mm!;
  if (start >= end || guest === change.through) return;
  under_way(k, { ...change, guest, start, end });
  yield* notifiers.mmu_notifier_invalidate_range_start(k, guest, start, end, "MMU_NOTIFY_CLEAR");
}

export function* host_changes_end(k: SharingKernel, host: Mm, through: Mm | null): Steps<void> {
  const told: { readonly guest: Mm; readonly start: number; readonly end: number }[] = [];
  for (const record of [...all(k)]) {
    if (record.host !== host || record.task !== k.current || record.through !== through) continue;
    const { guest, start, end } = record;
    if (guest) told.push({ guest, start, end });
    k.store.free(record);
  }
  for (const { guest, start, end } of told) {
    yield* notifiers.mmu_notifier_invalidate_range_end(k, guest, start, end);
    yield* k.mmdrop(guest);
  }
}

/** As without sharing, and mended, where shared entries change through a guest's mm, to all who have them too. */
export function* mmu_notifier_invalidate_range_start(
  k: SharingKernel,
  mm: Mm,
  start: number,
  end: number,
  event: MmuNotifyEvent,
): Steps<void> {
  yield* notifiers.mmu_notifier_invalidate_range_start(k, mm, start, end, event);
  if (!k.fixed("notify-guests") || !k.changes_through_guest(event)) return;
  for (const range of k.shared_ranges(mm, start, end)) if (range.host !== mm) yield* k.host_changes_begin(range, mm);
}

export function* mmu_notifier_invalidate_range_end(k: SharingKernel, mm: Mm, start: number, end: number): Steps<void> {
  const hosts = new Set<Mm>();
  for (const { host, task, through } of all(k)) if (task === k.current && through === mm) hosts.add(host!);
  for (const host of hosts) yield* k.host_changes_end(host, mm);
  yield* notifiers.mmu_notifier_invalidate_range_end(k, mm, start, end);
}

const all = (k: SharingKernel) => k.store.all(host_invalidation) as Iterable<HostInvalidation>;

/** A guest is about to see the host's tables: it is told of what is under way in them. Caller holds its mmap_lock. */
export function* join_invalidations(k: SharingKernel, host: Mm, vma: Vma): Steps<void> {
  const records = [...all(k)].filter((record) => record.host === host);
  for (const { guest, through, task, start, end } of records) {
    if (guest) continue;
    const same = (other: HostInvalidation) => other.task === task && other.through === through;
    if (records.some((other) => same(other) && other.guest === vma.vm_mm)) continue;
    yield* k.tell_guest(vma, { host, through, task: task!, start, end });
  }
}

/**
 * Linked tables go as a whole, with all that they map, and after unmap_vmas has told of the end of its part: a secondary MMU
 * that walks tables without a lock (gup_fast) could have found a page in between.
 */
export function* unlink_begins(k: SharingKernel, vma: Vma): Steps<void> {
  if (!k.fixed("notify-guests")) return;
  yield* notifiers.mmu_notifier_invalidate_range_start(k, vma.vm_mm!, vma.vm_start, vma.vm_end, "MMU_NOTIFY_UNMAP");
}

export function* unlink_ends(k: SharingKernel, vma: Vma): Steps<void> {
  if (!k.fixed("notify-guests")) return;
  yield* notifiers.mmu_notifier_invalidate_range_end(k, vma.vm_mm!, vma.vm_start, vma.vm_end);
}

/** A new subscriber of a guest must not come between start and end of what its guest was told. */
export function* mm_take_all_locks(k: SharingKernel, mm: Mm): Steps<void> {
  const idle = () => ![...all(k)].some(({ guest }) => guest === mm);
  yield* notifiers.mm_take_all_locks(k, mm);
  while (!idle()) {
    yield k.wait(idle, "the end of an invalidation in a host mm");
    yield* notifiers.mm_take_all_locks(k, mm);
  }
}

/** Whether a guest has used the range since it was last asked. */
export function* host_clear_flush_young(k: SharingKernel, mn: MmuNotifier, start: number, end: number): Steps<number> {
  if (!k.fixed("notify-guests")) return 0;
  let young = 0;
  for (const vma of k.guest_vmas(mn.mm!)) {
    if (!k.guest_vmas(mn.mm!).includes(vma)) continue;
    const [from, to] = [k.guest_address(vma, start), k.guest_address(vma, end)];
    if (from >= vma.vm_start && to <= vma.vm_end)
      young |= yield* k.mmu_notifier_clear_flush_young(vma.vm_mm!, from, to);
  }
  return young;
}

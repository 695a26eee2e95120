// What a virtual machine is made of (include/linux/kvm_host.h): its memory slots, and the stage-2 table that leads from
// guest frames to frames of the machine. The table is one map here; the tables that Linux builds for it (EPT) are left out.
import { embed, number, ref, value } from "../../../core/fields.ts";
import { Radix } from "../../../core/radix.ts";
import { type Of, struct } from "../../../core/struct.ts";
import type { MmuNotifier } from "../../mm/mmu_notifier.ts";
import { type Mm, spinlock } from "../../mm_types.ts";

/** Guest frames base_gfn … base_gfn + npages - 1 are the process's memory from userspace_addr on. */
export interface MemorySlot {
  readonly id: number;
  readonly base_gfn: number;
  readonly npages: number;
  readonly userspace_addr: number;
  readonly flags: number;
}

export const kvm = struct("kvm", {
  /** Whose memory the guest's is. */
  mm: ref<Mm>("mm_struct"),
  mmu_notifier: ref<MmuNotifier>("mmu_notifier"),
  mmu_lock: embed(spinlock),
  memslots: value<readonly MemorySlot[]>([], (slots) => `${slots.length} slot${slots.length === 1 ? "" : "s"}`),
  /** Moves on with the end of every invalidation; how many are under way, and the guest frames that they are about. */
  mmu_invalidate_seq: number(),
  mmu_invalidate_in_progress: number(),
  mmu_invalidate_range_start: number(),
  mmu_invalidate_range_end: number(),
  /** Invalidations of the mm that are under way, whether the guest has memory there or not: the slots stay meanwhile. */
  mn_active_invalidate_count: number(),
  /** The stage-2 table: guest frame → entry. */
  spte: value<Radix<number>>(Radix.empty, ({ size }) => `${size} ${size === 1 ? "entry" : "entries"}`),
});
export interface Kvm extends Of<typeof kvm> {}

/** Bits of a stage-2 entry, as in Intel's EPT. */
export const EPT_READ = 1;
export const EPT_WRITE = 2;
export const EPT_EXEC = 4;
export const EPT_ACCESSED = 0x100;
export const EPT_DIRTY = 0x200;

/** The slot that has a guest frame. */
export const gfn_to_memslot = (vm: Kvm, gfn: number): MemorySlot | undefined =>
  vm.memslots.find(({ base_gfn, npages }) => gfn >= base_gfn && gfn < base_gfn + npages);

export const gfn_to_hva = (slot: MemorySlot, gfn: number): number => slot.userspace_addr + (gfn - slot.base_gfn) * 4096;

/** Guest frames that lie in [start, end) of the process: first, and one past the last; one range a slot. */
export function gfn_ranges(vm: Kvm, start: number, end: number): (readonly [number, number])[] {
  const ranges: (readonly [number, number])[] = [];
  for (const { base_gfn, npages, userspace_addr } of vm.memslots) {
    const first = Math.max(start, userspace_addr);
    const after = Math.min(end, userspace_addr + npages * 4096);
    if (first >= after) continue;
    const gfn = (address: number) => base_gfn + Math.floor((address - userspace_addr) / 4096);
    ranges.push([gfn(first), gfn(after + 4095)]);
  }
  return ranges;
}

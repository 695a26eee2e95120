// What the files of this folder ask of a design that shares page tables: which tables are whose, and who uses them.
import type { Bound, Kernel } from "../../kernel/kernel.ts";
import type { MmuNotifyEvent } from "../../kernel/mm/mmu_notifier.ts";
import type { Mm, Vma } from "../../kernel/mm_types.ts";
import type * as notifier from "./notifier.ts";
import type * as tlb_flush from "./tlb_flush.ts";

export interface SharingKernel
  extends Kernel,
    Omit<Bound<typeof tlb_flush>, keyof Kernel>,
    Omit<Bound<typeof notifier>, keyof Kernel> {
  /** The shared tables that a change of [start, end) of `mm`, a host or a guest, is in. */
  shared_ranges(mm: Mm, start: number, end: number): readonly tlb_flush.SharedRange[];
  /** The VMAs that use the host's tables: a superset, those that have not touched them yet among them. */
  guest_vmas(host: Mm): readonly Vma[];
  /** The hosts whose tables `guest` may use. */
  hosts_of(guest: Mm): readonly Mm[];
  /** Whether a change of this kind that is done in a guest's mm may change shared entries. */
  changes_through_guest(event: MmuNotifyEvent): boolean;
  /** Where a guest's VMA has what is at an address of the host. */
  guest_address(vma: Vma, host_address: number): number;
}

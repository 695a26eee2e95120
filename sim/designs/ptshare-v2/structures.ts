// What the series adds to the kernel's state (RFC v2 1/4 and 3/4, 2023-04-26: include/linux/mm.h, fs.h, mm/internal.h).
// The mails are against 6.3-rc1, where a VMA had no lock of its own; the nearest simulated Linux is 6.12.
import type { EventSpecs, Trace } from "../../core/events.ts";
import { address, bytes, number, ref } from "../../core/fields.ts";
import { type Of, struct } from "../../core/struct.ts";
import { hasHighFlag } from "../../kernel/flags.ts";
import type { Bound, Kernel } from "../../kernel/kernel.ts";
import type { MmuNotifier } from "../../kernel/mm/mmu_notifier.ts";
import type { AddressSpace, File, Mm, Vma } from "../../kernel/mm_types.ts";
import type { SharingKernel } from "../sharing/sharing_kernel.ts";
import type * as fault from "./fault.ts";
import type * as flush from "./flush.ts";
import type * as free_pgtables from "./free_pgtables.ts";
import type * as mmap from "./mmap.ts";
import type * as protect from "./protect.ts";
import type * as ptshare from "./ptshare.ts";

/**
 * One for each file that is shared: the host mm, the range that all must map, and how many mappings count. `mode` is the
 * protection that they must have; the series never sets it.
 */
export const ptshare_data = struct("ptshare_data", {
  mm: ref<Mm>("mm_struct"),
  refcnt: number(),
  start: address(),
  size: bytes(),
  mode: number("hex"),
  // Not in the series, for options and mends: the file's mapping, for its i_mmap, and what the host's notifiers are told by.
  mapping: ref<AddressSpace>("address_space"),
  host_notifier: ref<MmuNotifier>("mmu_notifier"),
});
export interface PtshareData extends Of<typeof ptshare_data> {}

export const events = {
  ptshare_new_mm: {
    args: ["file", "mm", "start", "size"],
    doc: "A file gets a host mm for shared page tables: `f_mapping->ptshare_data` is set.",
    says: "{file} gets a host mm, {mm}, for shared page tables of {size} bytes from {start}",
  },
  ptshare_del_mm: {
    args: ["file", "refcnt"],
    doc: "A mapping gives up its share of the host mm; at 0 the host mm is torn down.",
    says: "a mapping of {file} gives up its share of the host mm: {refcnt} left",
  },
  pmd_same: {
    args: ["mm", "address", "equal", "guest", "host"],
    doc: "A fault in a shared mapping compares the guest's PMD entry with the host's.",
    says: "the entry of {mm} for {address}, {guest}, is compared with the host's, {host}: equal: {equal}",
  },
  ptshare_switch_mm: {
    args: ["vma", "mm"],
    doc: "A fault points `vma->vm_mm` to the host mm, or back to the guest's.",
    says: "vm_mm of {vma} is {mm} now",
  },
  pr_warn: { args: ["text"], doc: "The kernel log gets a line that no detector counts as a bug.", says: "{text}" },
} as const satisfies EventSpecs;

/** The kernel with the series applied. */
export interface PtshareKernel
  extends SharingKernel,
    Omit<Bound<typeof ptshare>, keyof SharingKernel>,
    Omit<Bound<typeof fault>, keyof SharingKernel>,
    Omit<Bound<typeof mmap>, keyof SharingKernel>,
    Omit<Bound<typeof free_pgtables>, keyof SharingKernel>,
    Omit<Bound<typeof protect>, keyof SharingKernel>,
    Omit<Bound<typeof flush>, keyof SharingKernel> {}

export const traceOf = (k: Kernel): Trace<typeof events> => k.trace as unknown as Trace<typeof events>;

/**
 * The VMA's page tables are a host mm's. The series takes bit 37, which on x86-64 is VM_UFFD_MINOR's already: that is how
 * the kernel test robot's userfaultfd test came into its code. Here it is bit 41, as in the later series.
 */
export const VM_SHARED_PT = 2 ** 41;
/** mmap: share page tables with others that map the file. */
export const MAP_SHARED_PT = 0x200000;

export const vma_is_shared = (vma: Vma): boolean => hasHighFlag(vma.vm_flags, VM_SHARED_PT);

/**
 * The field that the series adds to struct address_space. Files that can be shared here keep nothing else in `i_private`,
 * and it lives as long.
 */
export const ptshare_data_of = (file: File | null): PtshareData | null =>
  (file?.f_inode?.i_private ?? null) as PtshareData | null;

export function set_ptshare_data(file: File, info: PtshareData | null): void {
  file.f_inode!.i_private = info;
}

// What the series adds to the kernel's state (RFC PATCH v3 04, 05, 02 and 06 of seed 003_0a3a0e7ddc0a762e.txt).
import type { EventSpecs, Trace } from "../../core/events.ts";
import { embed, ref, value } from "../../core/fields.ts";
import { type Of, struct } from "../../core/struct.ts";
import { hasHighFlag } from "../../kernel/flags.ts";
import type { Bound, Kernel } from "../../kernel/kernel.ts";
import type { MmuNotifier } from "../../kernel/mm/mmu_notifier.ts";
import { type Dentry, type Inode, type Mm, spinlock, type Task, type Vma } from "../../kernel/mm_types.ts";
import type { SharingKernel } from "../sharing/sharing_kernel.ts";
import type * as memory from "./memory.ts";
import type * as mshare from "./mshare.ts";
import type * as msharefs from "./msharefs.ts";
import type * as owner from "./owner.ts";
import type * as sharers from "./sharers.ts";
import type * as vm_ops from "./vm_ops.ts";

const hex = (n: bigint): string => `0x${n.toString(16)}`;

/** What a region's file keeps (`inode->i_private`): the host mm, start and size of the region as SET_SIZE gave them. */
export const mshare_data = struct("mshare_data", {
  mm: ref<Mm>("mm_struct"),
  m_lock: embed(spinlock),
  minfo_start: value<bigint>(0n, hex),
  minfo_size: value<bigint>(0n, hex),
  // Not in the series, for options and mends: the file, for its i_mmap, and the task that made it.
  host_inode: ref<Inode>("inode"),
  maker: ref<Task>("task_struct"),
  host_notifier: ref<MmuNotifier>("mmu_notifier"),
});

/** What a mounted msharefs keeps (`sb->s_fs_info`). */
export const msharefs_info = struct("msharefs_info", { info_dentry: ref<Dentry>("dentry") });

export interface MshareData extends Of<typeof mshare_data> {}
export interface MsharefsInfo extends Of<typeof msharefs_info> {}

export const events = {
  pgd_same: {
    args: ["mm", "address", "equal", "guest", "host"],
    doc: "A fault in a shared region compares the guest's top-level entry with the host's. Only the host's mmap_lock guards it.",
    says: "the entry of {mm} for {address}, {guest}, is compared with the host's, {host}: equal: {equal}",
  },
} as const satisfies EventSpecs;

/** The kernel with the series applied. */
export interface MshareKernel
  extends SharingKernel,
    Omit<Bound<typeof msharefs>, keyof SharingKernel>,
    Omit<Bound<typeof mshare>, keyof SharingKernel>,
    Omit<Bound<typeof memory>, keyof SharingKernel>,
    Omit<Bound<typeof sharers>, keyof SharingKernel>,
    Omit<Bound<typeof owner>, keyof SharingKernel>,
    Omit<Bound<typeof vm_ops>, keyof SharingKernel> {}

export const traceOf = (k: Kernel): Trace<typeof events> => k.trace as unknown as Trace<typeof events>;

/** Bit 41: the VMA's page tables are another address space's. */
export const VM_SHARED_PT = 2 ** 41;

export const vma_is_shared = (vma: Vma): boolean => hasHighFlag(vma.vm_flags, VM_SHARED_PT);

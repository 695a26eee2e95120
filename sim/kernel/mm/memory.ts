// The page-fault path (mm/memory.c): from handle_mm_fault down to the PTE. What is missing is in memory_anon.ts and
// memory_fault.ts, what is in swap in memory_swap.ts, copy on write in memory_cow.ts; tables are made, copied and freed in
// memory_tables.ts, memory_copy.ts and memory_free.ts, emptied in memory_zap.ts.
import type { Steps } from "../../core/thread.ts";
import { _PAGE_ACCESSED, _PAGE_DIRTY, isPresent, withFlags } from "../../hardware/entry.ts";
import { none, pgd_offset, pte_offset, pte_write } from "../arch/x86/mm/pgtable.ts";
import {
  FAULT_FLAG_TRIED,
  FAULT_FLAG_UNSHARE,
  FAULT_FLAG_VMA_LOCK,
  FAULT_FLAG_WRITE,
  is_droppable,
  VM_FAULT_ERROR,
  VM_FAULT_MAJOR,
  VM_FAULT_OOM,
  VM_FAULT_RETRY,
  VM_HUGETLB,
} from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Mm, Page, Vma } from "../mm_types.ts";

/** struct vm_fault: one fault on its way down. */
export interface VmFault {
  vma: Vma;
  /** Page-aligned. */
  address: number;
  flags: number;
  /** Offset in the file, in pages. */
  pgoff: number;
  /** Pointers to entries and the PTE as it was first seen; ptep 0: no PTE table yet. */
  pmdp: number;
  ptep: number;
  orig_pte: number;
  /** The page found by vm_ops->fault, and whether it came locked. */
  page: Page | null;
  cow_page: Page | null;
  /** A PTE table allocated ahead, its frame; 0 for none. */
  prealloc_pte: number;
  /** VM_FAULT_* bits that shmem_get_folio_gfp has for vm_ops->fault besides the page. */
  fault_type?: number;
  /** Where the access was, within the page too. */
  real_address?: number;
  /** Huge pages: somebody else has this page's lock; the fault waits for it when it has let go of its own locks. */
  need_wait_lock?: Page;
}

/**
 * Handles a fault of the current task in `vma`. Caller holds mmap_lock or the VMA's lock for reading; with RETRY or
 * COMPLETED it has been dropped.
 * @returns VM_FAULT_* bits
 */
export function* handle_mm_fault(k: Kernel, vma: Vma, address: number, flags: number): Steps<number> {
  const mm = vma.vm_mm!;
  const huge = (vma.vm_flags & VM_HUGETLB) !== 0;
  const droppable = is_droppable(vma.vm_flags);
  let ret = huge ? yield* k.hugetlb_fault(vma, address, flags) : yield* k.__handle_mm_fault(vma, address, flags);
  // Who can do without its pages is not killed for want of one.
  if (droppable) ret &= ~VM_FAULT_OOM;
  k.mm_account_fault(mm, address, flags, ret);
  return ret;
}

/** Counts a fault that is done: minor or major, for the task and the system. */
export function mm_account_fault(k: Kernel, mm: Mm, _address: number, flags: number, ret: number): void {
  if (ret & VM_FAULT_RETRY) return;
  k.vmstat.pgfault += 1;
  k.count_memcg_event_mm(mm, "pgfault");
  if (ret & VM_FAULT_ERROR) return;
  const major = (ret & VM_FAULT_MAJOR) !== 0 || (flags & FAULT_FLAG_TRIED) !== 0;
  const task = k.current;
  if (major) task.maj_flt++;
  else task.min_flt++;
}

/** Walks down, making the upper tables that are missing. */
export function* __handle_mm_fault(k: Kernel, vma: Vma, address: number, flags: number): Steps<number> {
  const mm = vma.vm_mm!;
  const p4dp = yield* k.p4d_alloc(mm, pgd_offset(k, mm, address), address);
  if (p4dp === 0) return VM_FAULT_OOM;
  const pudp = yield* k.pud_alloc(mm, p4dp, address);
  if (pudp === 0) return VM_FAULT_OOM;
  const pmdp = yield* k.pmd_alloc(mm, pudp, address);
  if (pmdp === 0) return VM_FAULT_OOM;
  const page_address = address - (address & 4095);
  const vmf: VmFault = {
    vma,
    address: page_address,
    flags,
    pgoff: linear_page_index(k, vma, page_address),
    pmdp,
    ptep: 0,
    orig_pte: 0,
    page: null,
    cow_page: null,
    prealloc_pte: 0,
    real_address: address,
  };
  return yield* k.handle_pte_fault(vmf);
}

/** Which page of its file a VMA has at an address. An address below the VMA wraps, as numbers without sign do. */
export function linear_page_index(_k: Kernel, vma: Vma, address: number): number {
  const pages = (address - vma.vm_start) / 4096;
  return vma.vm_pgoff + (pages < 0 ? pages + 2 ** 52 : pages);
}

export function* handle_pte_fault(k: Kernel, vmf: VmFault): Steps<number> {
  const pmd = k.read_entry(vmf.pmdp);
  if (!none(pmd)) {
    vmf.ptep = pte_offset(pmd, vmf.address);
    vmf.orig_pte = k.read_entry(vmf.ptep);
    if (none(vmf.orig_pte)) vmf.ptep = 0;
  }
  if (vmf.ptep === 0) return yield* k.do_pte_missing(vmf);
  if (!isPresent(vmf.orig_pte)) return yield* k.do_swap_page(vmf);
  const { vma } = vmf;
  const ptep = yield* k.pte_offset_map_lock(vmf.pmdp, vmf.address);
  let entry = vmf.orig_pte;
  if (ptep !== vmf.ptep || k.read_entry(ptep) !== entry) {
    if (ptep !== 0) yield k.pte_unmap_unlock(vmf.pmdp);
    return 0;
  }
  const write = (vmf.flags & (FAULT_FLAG_WRITE | FAULT_FLAG_UNSHARE)) !== 0;
  if (write && !pte_write(entry)) return yield* k.do_wp_page(vmf);
  const dirty = vmf.flags & FAULT_FLAG_WRITE;
  entry = withFlags(entry, dirty ? _PAGE_DIRTY | _PAGE_ACCESSED : _PAGE_ACCESSED);
  // An entry that allows the access already needs no flush on x86: a fault drops what the CPU has cached for its address.
  yield* k.ptep_set_access_flags(vma, vmf.address, vmf.ptep, entry, dirty);
  yield k.pte_unmap_unlock(vmf.pmdp);
  return 0;
}

export function* do_pte_missing(k: Kernel, vmf: VmFault): Steps<number> {
  if (vmf.vma.vm_ops === "") return yield* k.do_anonymous_page(vmf);
  return yield* k.do_fault(vmf);
}

export function* release_fault_lock(k: Kernel, vma: Vma, flags: number): Steps<void> {
  if (flags & FAULT_FLAG_VMA_LOCK) yield k.vma_end_read(vma);
  else yield k.mmap_read_unlock(vma.vm_mm!);
}

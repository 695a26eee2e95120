// Faults in mappings that have operations, those of files (mm/memory.c: do_fault): reading, writing to a private copy, writing to
// the shared page.
import type { Steps } from "../../core/thread.ts";
import { _PAGE_DIRTY, _PAGE_RW, withFlags } from "../../hardware/entry.ts";
import { mk_pte, none } from "../arch/x86/mm/pgtable.ts";
import {
  FAULT_FLAG_VMA_LOCK,
  FAULT_FLAG_WRITE,
  has_uffd_minor,
  PG_dirty,
  VM_FAULT_COMPLETED,
  VM_FAULT_ERROR,
  VM_FAULT_NOPAGE,
  VM_FAULT_OOM,
  VM_FAULT_RETRY,
  VM_FAULT_SIGBUS,
  VM_SHARED,
  VM_WRITE,
} from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Page } from "../mm_types.ts";
import type { VmFault } from "./memory.ts";
import { PAGE_TYPE } from "./page_alloc.ts";

/** A fault in a mapping that has operations: reading, writing to a private copy, writing to the shared page. */
export function* do_fault(k: Kernel, vmf: VmFault): Steps<number> {
  const { vma } = vmf;
  if (!k.vm_op(vma, "fault")) return yield* k.no_fault_handler(vmf);
  const ret = !(vmf.flags & FAULT_FLAG_WRITE)
    ? yield* k.do_read_fault(vmf)
    : vma.vm_flags & VM_SHARED
      ? yield* k.do_shared_fault(vmf)
      : yield* k.do_cow_fault(vmf);
  if (vmf.prealloc_pte !== 0) {
    yield* k.pte_free(vmf.prealloc_pte);
    vmf.prealloc_pte = 0;
  }
  return ret;
}

/** Nobody can say what is there, unless the entry was only away while it changes: that is sure under its lock. */
export function* no_fault_handler(k: Kernel, vmf: VmFault): Steps<number> {
  const ptep = yield* k.pte_offset_map_lock(vmf.pmdp, vmf.address);
  if (ptep === 0) return VM_FAULT_SIGBUS;
  const missing = none(k.read_entry(ptep));
  yield k.pte_unmap_unlock(vmf.pmdp);
  return missing ? VM_FAULT_SIGBUS : VM_FAULT_NOPAGE;
}

/** A fault that a userfaultfd must be told of is not to be had together with its neighbour's. */
export function should_fault_around(k: Kernel, vmf: VmFault): boolean {
  return k.vm_op(vmf.vma, "map_pages") !== undefined && !has_uffd_minor(vmf.vma.vm_flags);
}

/** Operations that map nothing ahead want mmap_lock: with the VMA's lock alone the fault is tried again. */
export function* vmf_can_call_fault(k: Kernel, vmf: VmFault): Steps<number> {
  const { vma } = vmf;
  if (k.vm_op(vma, "map_pages") || !(vmf.flags & FAULT_FLAG_VMA_LOCK)) return 0;
  yield k.vma_end_read(vma);
  return VM_FAULT_RETRY;
}

/** Maps what is there already of the pages around; a PTE table for it is made ahead. */
export function* do_fault_around(k: Kernel, vmf: VmFault): Steps<number> {
  if (none(k.read_entry(vmf.pmdp))) {
    vmf.prealloc_pte = yield* k.pte_alloc_one(vmf.vma.vm_mm!);
    if (vmf.prealloc_pte === 0) return VM_FAULT_OOM;
  }
  return yield* k.vm_op(vmf.vma, "map_pages")!(vmf);
}

export function* do_read_fault(k: Kernel, vmf: VmFault): Steps<number> {
  if (k.should_fault_around(vmf)) {
    const around = yield* k.do_fault_around(vmf);
    if (around !== 0) return around;
  }
  const retry = yield* k.vmf_can_call_fault(vmf);
  if (retry !== 0) return retry;
  const ret = yield* k.__do_fault(vmf);
  if (ret & NO_PAGE) return ret;
  const finished = ret | (yield* k.finish_fault(vmf));
  k.folio_unlock(vmf.page!);
  if (finished & NO_PAGE) yield* k.put_page(vmf.page!);
  return finished;
}

/** The fault is over, or has to be tried again, without a page. */
const NO_PAGE = VM_FAULT_ERROR | VM_FAULT_NOPAGE | VM_FAULT_RETRY;

/** Asks the file system for the page. It comes locked, so that truncation waits, and with a reference. */
export function* __do_fault(k: Kernel, vmf: VmFault): Steps<number> {
  if (none(k.read_entry(vmf.pmdp)) && vmf.prealloc_pte === 0) {
    vmf.prealloc_pte = yield* k.pte_alloc_one(vmf.vma.vm_mm!);
    if (vmf.prealloc_pte === 0) return VM_FAULT_OOM;
  }
  return yield* k.vm_op(vmf.vma, "fault")!(vmf);
}

export function* do_cow_fault(k: Kernel, vmf: VmFault): Steps<number> {
  const prepared = (yield* k.vmf_can_call_fault(vmf)) || (yield* k.vmf_anon_prepare(vmf));
  if (prepared !== 0) return prepared;
  const copy = yield* k.alloc_page(PAGE_TYPE.anon);
  if (!copy) return VM_FAULT_OOM;
  if (yield* k.mem_cgroup_charge(copy, vmf.vma.vm_mm!)) {
    yield* k.put_page(copy);
    return VM_FAULT_OOM;
  }
  vmf.cow_page = copy;
  const ret = yield* k.__do_fault(vmf);
  if (ret & NO_PAGE) {
    yield* k.put_page(copy);
    return ret;
  }
  const original = vmf.page!;
  k.copy_highpage(copy, original);
  const finished = ret | (yield* k.finish_fault(vmf));
  k.folio_unlock(original);
  yield* k.put_page(original);
  if (finished & NO_PAGE) yield* k.put_page(copy);
  return finished;
}

export function* do_shared_fault(k: Kernel, vmf: VmFault): Steps<number> {
  const retry = yield* k.vmf_can_call_fault(vmf);
  if (retry !== 0) return retry;
  const ret = yield* k.__do_fault(vmf);
  if (ret & NO_PAGE) return ret;
  const finished = ret | (yield* k.finish_fault(vmf));
  if (finished & NO_PAGE) {
    k.folio_unlock(vmf.page!);
    yield* k.put_page(vmf.page!);
    return finished;
  }
  return finished | (yield* k.fault_dirty_shared_page(vmf));
}

/** Installs the PTE for the page that was found, if nobody did meanwhile. */
export function* finish_fault(k: Kernel, vmf: VmFault): Steps<number> {
  const { vma, address } = vmf;
  const mm = vma.vm_mm!;
  if (!(vma.vm_flags & VM_SHARED) && !k.check_stable_address_space(mm)) return VM_FAULT_SIGBUS;
  if (none(k.read_entry(vmf.pmdp))) {
    if (vmf.prealloc_pte === 0) {
      if ((yield* k.pte_alloc(mm, vmf.pmdp, address)) !== 0) return VM_FAULT_OOM;
    } else vmf.prealloc_pte = yield* k.pmd_install(mm, vmf.pmdp, address, vmf.prealloc_pte);
  }
  vmf.ptep = yield* k.pte_offset_map_lock(vmf.pmdp, address);
  if (vmf.ptep === 0) return VM_FAULT_NOPAGE;
  const raced = k.read_entry(vmf.ptep) !== vmf.orig_pte;
  if (!raced) {
    const page = vmf.cow_page ?? vmf.page!;
    yield k.set_pte_range(vmf, page, vmf.ptep, address);
    k.mm_counter_add(mm, page, 1);
  }
  yield k.pte_unmap_unlock(vmf.pmdp);
  // The mapping keeps the reference; after a race the caller puts it.
  return raced ? VM_FAULT_NOPAGE : 0;
}

/** Maps `page` at `ptep`: the PTE and the reverse map. Returns the event. */
export function set_pte_range(k: Kernel, vmf: VmFault, page: Page, ptep: number, address: number): number {
  const { vma } = vmf;
  const write = (vmf.flags & FAULT_FLAG_WRITE) !== 0;
  let entry = mk_pte(page.slot, vma.vm_page_prot);
  if (write) entry = withFlags(entry, _PAGE_DIRTY | (vma.vm_flags & VM_WRITE ? _PAGE_RW : 0));
  if (write && !(vma.vm_flags & VM_SHARED)) {
    k.folio_add_new_anon_rmap(page, vma, address);
    k.folio_add_lru_vma(page, vma);
  } else k.folio_add_file_rmap_pte(page, vma);
  return k.set_pte(vma.vm_mm!, address, ptep, entry);
}

/** A shared page was made writable: it is dirty. The first time, locks are dropped to throttle the writer. Unlocks the page. */
export function* fault_dirty_shared_page(k: Kernel, vmf: VmFault): Steps<number> {
  const page = vmf.page!;
  const dirtied = !(page.flags & PG_dirty);
  page.flags |= PG_dirty;
  const { mapping } = page;
  k.folio_unlock(page);
  if (!dirtied || !mapping) return 0;
  const file = yield* k.maybe_unlock_mmap_for_io(vmf);
  if (!file) return 0;
  yield* k.fput(file);
  return VM_FAULT_COMPLETED;
}

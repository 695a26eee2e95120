// The page-fault path (mm/memory.c): from handle_mm_fault down to the PTE. Making, copying and
// freeing of tables are in memory_tables.ts, memory_copy.ts and memory_zap.ts, copy on write in memory_cow.ts.
import type { Steps } from "../../core/thread.ts";
import { _PAGE_ACCESSED, _PAGE_DIRTY, _PAGE_RW, _PAGE_SPECIAL, isPresent, withFlags } from "../../hardware/entry.ts";
import { mk_pte, none, pgd_offset, pte_offset, pte_write } from "../arch/x86/mm/pgtable.ts";
import {
  FAULT_FLAG_TRIED,
  FAULT_FLAG_UNSHARE,
  FAULT_FLAG_VMA_LOCK,
  FAULT_FLAG_WRITE,
  has_uffd_minor,
  is_droppable,
  PG_dirty,
  VM_FAULT_COMPLETED,
  VM_FAULT_ERROR,
  VM_FAULT_MAJOR,
  VM_FAULT_NOPAGE,
  VM_FAULT_OOM,
  VM_FAULT_RETRY,
  VM_FAULT_SIGBUS,
  VM_HUGETLB,
  VM_SHARED,
  VM_UFFD_MISSING,
  VM_WRITE,
} from "../flags.ts";
import type { UffdReason } from "../fs/userfaultfd.ts";
import type { Kernel } from "../kernel.ts";
import type { Mm, Page, Vma } from "../mm_types.ts";
import { PAGE_TYPE } from "./page_alloc.ts";

export const PTE_LOCK = "ptlock_ptr(ptdesc)";

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
  /** What vm_ops->fault has found a userfaultfd must be told of. */
  uffd?: UffdReason;
  /** Where the access was, within the page too. */
  real_address?: number;
  /** The page had to be read from swap. */
  major?: boolean;
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

/** A first touch of private anonymous memory: the zero page for a read, a new page for a write. */
export function* do_anonymous_page(k: Kernel, vmf: VmFault): Steps<number> {
  const { vma, address } = vmf;
  const mm = vma.vm_mm!;
  if (vma.vm_flags & VM_SHARED) return VM_FAULT_SIGBUS;
  if ((yield* k.pte_alloc(mm, vmf.pmdp, address)) !== 0) return VM_FAULT_OOM;
  if (!(vmf.flags & FAULT_FLAG_WRITE)) return yield* k.map_zero_page(vmf);
  const prepared = yield* k.vmf_anon_prepare(vmf);
  if (prepared !== 0) return prepared;
  const page = yield* k.alloc_page(PAGE_TYPE.anon);
  if (!page) return VM_FAULT_OOM;
  if (yield* k.mem_cgroup_charge(page, mm)) {
    yield* k.put_page(page);
    return VM_FAULT_OOM;
  }
  k.clear_highpage(page);
  let entry = withFlags(mk_pte(page.slot, vma.vm_page_prot), 0);
  if (vma.vm_flags & VM_WRITE) entry = withFlags(entry, _PAGE_RW | _PAGE_DIRTY);
  const ptep = yield* k.pte_offset_map_lock(vmf.pmdp, address);
  const raced = ptep === 0 || !none(k.read_entry(ptep));
  if (raced || !k.check_stable_address_space(mm)) {
    if (ptep !== 0) yield k.pte_unmap_unlock(vmf.pmdp);
    yield* k.put_page(page);
    return raced ? 0 : VM_FAULT_SIGBUS;
  }
  if (vma.vm_flags & VM_UFFD_MISSING) {
    yield k.pte_unmap_unlock(vmf.pmdp);
    yield* k.put_page(page);
    return yield* k.handle_userfault(vmf, "missing");
  }
  mm.rss_anon++;
  k.folio_add_new_anon_rmap(page, vma, address);
  k.folio_add_lru_vma(page, vma);
  yield k.set_pte(mm, address, ptep, entry);
  yield k.pte_unmap_unlock(vmf.pmdp);
  return 0;
}

export function* map_zero_page(k: Kernel, vmf: VmFault): Steps<number> {
  const { vma, address } = vmf;
  const ptep = yield* k.pte_offset_map_lock(vmf.pmdp, address);
  if (ptep === 0) return 0;
  let ret = 0;
  if (none(k.read_entry(ptep))) {
    if (!k.check_stable_address_space(vma.vm_mm!)) ret = VM_FAULT_SIGBUS;
    else if (vma.vm_flags & VM_UFFD_MISSING) {
      yield k.pte_unmap_unlock(vmf.pmdp);
      return yield* k.handle_userfault(vmf, "missing");
    } else yield k.set_pte(vma.vm_mm!, address, ptep, withFlags(mk_pte(k.zero_pfn, vma.vm_page_prot), _PAGE_SPECIAL));
  }
  yield k.pte_unmap_unlock(vmf.pmdp);
  return ret;
}

/** An anon_vma for the VMA, before its first anonymous page. With only the VMA's lock held this may need mmap_lock too. */
export function* vmf_anon_prepare(k: Kernel, vmf: VmFault): Steps<number> {
  const ret = yield* k.__vmf_anon_prepare(vmf);
  if (ret & VM_FAULT_RETRY) yield k.vma_end_read(vmf.vma);
  return ret;
}

/** The same; with VM_FAULT_RETRY the VMA is still locked. */
export function* __vmf_anon_prepare(k: Kernel, vmf: VmFault): Steps<number> {
  const { vma } = vmf;
  if (vma.anon_vma) return 0;
  if (!(vmf.flags & FAULT_FLAG_VMA_LOCK)) return (yield* k.__anon_vma_prepare(vma)) < 0 ? VM_FAULT_OOM : 0;
  const mm = vma.vm_mm!;
  if (!k.down_read_trylock(mm.mmap_lock)) return VM_FAULT_RETRY;
  yield k.trace.lock(mm.mmap_lock, "&mm->mmap_lock", "read", 1);
  const error = yield* k.__anon_vma_prepare(vma);
  yield k.mmap_read_unlock(mm);
  return error < 0 ? VM_FAULT_OOM : 0;
}

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

export function* release_fault_lock(k: Kernel, vma: Vma, flags: number): Steps<void> {
  if (flags & FAULT_FLAG_VMA_LOCK) yield k.vma_end_read(vma);
  else yield k.mmap_read_unlock(vma.vm_mm!);
}

/** Changes of rss_stat that are made together, once a table is done: MM_FILEPAGES, MM_ANONPAGES, MM_SWAPENTS, MM_SHMEMPAGES. */
export interface RssVec {
  file: number;
  anon: number;
  swap: number;
  shmem: number;
}

export const init_rss_vec = (): RssVec => ({ file: 0, anon: 0, swap: 0, shmem: 0 });

export function add_mm_rss_vec(_k: Kernel, mm: Mm, rss: RssVec): void {
  if (rss.file !== 0) mm.rss_file += rss.file;
  if (rss.anon !== 0) mm.rss_anon += rss.anon;
  if (rss.swap !== 0) mm.rss_swap += rss.swap;
  if (rss.shmem !== 0) mm.rss_shmem += rss.shmem;
}

/** Which of them a page counts in. */
export const mm_counter = ({ type }: Page): "anon" | "shmem" | "file" =>
  type === PAGE_TYPE.anon ? "anon" : type === PAGE_TYPE.shmem ? "shmem" : "file";

/** Which RSS counter a page counts in (mm_counter). */
export function mm_counter_add(_k: Kernel, mm: Mm, page: Page, n: number): void {
  if (page.type === PAGE_TYPE.anon) mm.rss_anon += n;
  else if (page.type === PAGE_TYPE.shmem) mm.rss_shmem += n;
  else mm.rss_file += n;
}

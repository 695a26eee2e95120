// Faults on huge pages (mm/hugetlb.c): a page that is missing, a private one that is written to, a pool that has none.
import type { Steps } from "../../core/thread.ts";
import { _PAGE_ACCESSED, _PAGE_DIRTY, _PAGE_PSE, _PAGE_RW, entryPfn, withFlags } from "../../hardware/entry.ts";
import { none, pte_write } from "../arch/x86/mm/pgtable.ts";
import {
  FAULT_FLAG_UNSHARE,
  FAULT_FLAG_WRITE,
  PG_anon_exclusive,
  PG_locked,
  VM_FAULT_OOM,
  VM_FAULT_RETRY,
  VM_FAULT_SIGBUS,
  VM_FAULT_SIGSEGV,
  VM_SHARED,
  VM_WRITE,
} from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { AddressSpace, HugetlbFaultMutex, Page, Vma } from "../mm_types.ts";
import { HPAGE_PAGES, HPAGE_SIZE } from "./hugetlb.ts";
import { HPAGE_RESV_OWNER, HPAGE_RESV_UNMAPPED, is_shareable } from "./hugetlb_resv.ts";
import type { VmFault } from "./memory.ts";

const FAULT_MUTEX = "&hugetlb_fault_mutex_table[i]";

/** The mutex of a huge page of a file: faults on it come one after the other. */
export function hugetlb_fault_mutex_of(k: Kernel, mapping: AddressSpace, index: number): HugetlbFaultMutex {
  const table = k.hugetlb_fault_mutex_table;
  return table[(mapping.slot * 31 + index) % table.length]!;
}

export function* hugetlb_fault_mutex_lock(k: Kernel, mutex: HugetlbFaultMutex): Steps<void> {
  yield* k.down_write(mutex.mutex, FAULT_MUTEX);
}

export function hugetlb_fault_mutex_unlock(k: Kernel, mutex: HugetlbFaultMutex): number {
  return k.up_write(mutex.mutex, FAULT_MUTEX);
}

/** A fault in a hugetlb VMA. Locks as for handle_mm_fault. */
export function* hugetlb_fault(k: Kernel, vma: Vma, real_address: number, flags: number): Steps<number> {
  const mapping = vma.vm_file!.f_inode!.i_mapping!;
  const address = real_address - (real_address % HPAGE_SIZE);
  const pgoff = k.vma_hugecache_offset(vma, address);
  const mutex = k.hugetlb_fault_mutex_of(mapping, pgoff);
  yield* k.hugetlb_fault_mutex_lock(mutex);
  // Keeps the PMD table from being unshared under us.
  yield* k.hugetlb_vma_lock_read(vma);
  const ptep = yield* k.huge_pte_alloc(vma.vm_mm!, vma, address);
  let ret = VM_FAULT_OOM;
  let need_wait_lock: Page | undefined;
  if (ptep !== 0) {
    const orig_pte = k.read_entry(ptep);
    const vmf: VmFault = {
      vma,
      address,
      flags,
      pgoff,
      pmdp: ptep,
      ptep,
      orig_pte,
      page: null,
      cow_page: null,
      prealloc_pte: 0,
    };
    ret = none(orig_pte) ? yield* k.hugetlb_no_page(mapping, vmf) : yield* k.hugetlb_present(vmf);
    need_wait_lock = vmf.need_wait_lock;
  }
  yield* k.hugetlb_vma_unlock_read(vma);
  if (ret & VM_FAULT_RETRY) yield k.vma_end_read(vma);
  yield k.hugetlb_fault_mutex_unlock(mutex);
  // Its holder may be about to take the mutex again (hugetlb_wp drops it, and keeps the page locked).
  if (need_wait_lock) yield* k.folio_wait_locked(need_wait_lock);
  return ret;
}

/** The rest of hugetlb_fault for an entry that is there: it does not allow the write, or somebody else was faster. */
export function* hugetlb_present(k: Kernel, vmf: VmFault): Steps<number> {
  const { vma, ptep, flags } = vmf;
  const orig = vmf.orig_pte;
  yield* k.huge_pte_lock(ptep);
  if (k.read_entry(ptep) !== orig) {
    yield k.huge_pte_unlock(ptep);
    return 0;
  }
  let entry = orig;
  if (flags & (FAULT_FLAG_WRITE | FAULT_FLAG_UNSHARE)) {
    if (!pte_write(orig)) return yield* k.hugetlb_write_protected(vmf);
    if (flags & FAULT_FLAG_WRITE) entry = withFlags(entry, _PAGE_DIRTY);
  }
  entry = withFlags(entry, _PAGE_ACCESSED);
  // As ptep_set_access_flags of x86: the entry is written only for who writes.
  if (entry !== orig && flags & FAULT_FLAG_WRITE) yield k.set_pmd(vma.vm_mm!, vmf.address, ptep, entry);
  yield k.huge_pte_unlock(ptep);
  return 0;
}

/** Called with the table locked, which it unlocks. */
export function* hugetlb_write_protected(k: Kernel, vmf: VmFault): Steps<number> {
  const page = k.page(entryPfn(vmf.orig_pte));
  const anon = page.anon_vma !== null;
  if (anon && !k.folio_trylock(page)) {
    vmf.need_wait_lock = page;
    yield k.huge_pte_unlock(vmf.ptep);
    return 0;
  }
  yield k.get_page(page);
  const ret = yield* k.hugetlb_wp(vmf);
  if (anon) k.folio_unlock(page);
  yield* k.put_page(page);
  yield k.huge_pte_unlock(vmf.ptep);
  return ret;
}

/** No entry yet: the file's page, or a new one. */
export function* hugetlb_no_page(k: Kernel, mapping: AddressSpace, vmf: VmFault): Steps<number> {
  const { vma, address, ptep, pgoff } = vmf;
  // Its owner took the page away for want of another.
  if (vma.vm_resv_flags & HPAGE_RESV_UNMAPPED) return VM_FAULT_SIGBUS;
  let page = yield* k.filemap_lock_hugetlb_folio(mapping, pgoff);
  const fresh = page === null;
  const anon = fresh && !is_shareable(vma);
  if (!page) {
    if (pgoff >= Math.floor(mapping.host!.i_size / HPAGE_SIZE)) return VM_FAULT_SIGBUS;
    const prepared = anon ? yield* k.__vmf_anon_prepare(vmf) : 0;
    if (prepared !== 0) return prepared;
    page = yield* k.alloc_hugetlb_folio(vma, address, "use reservation");
    // A page that is migrated meanwhile has no entry for a moment.
    if (!page) return (yield* k.hugetlb_pte_stable(ptep, vmf.orig_pte)) ? VM_FAULT_SIGBUS : 0;
    k.folio_zero_user(page);
    if (anon) page.flags |= PG_locked;
    else yield* k.hugetlb_add_to_page_cache(page, mapping, pgoff);
  }
  return yield* k.hugetlb_map_page(vmf, page, anon ? "anonymous" : "of the file");
}

/** Whether an entry that was read without its lock has not changed. */
export function* hugetlb_pte_stable(k: Kernel, ptep: number, orig_pte: number): Steps<boolean> {
  yield* k.huge_pte_lock(ptep);
  const same = k.read_entry(ptep) === orig_pte;
  yield k.huge_pte_unlock(ptep);
  return same;
}

/** Maps the locked page, if the entry is still empty. A private mapping that is written to gets its copy at once. */
export function* hugetlb_map_page(
  k: Kernel,
  vmf: VmFault,
  page: Page,
  what: "anonymous" | "of the file",
): Steps<number> {
  const { vma, address, ptep, flags } = vmf;
  const mm = vma.vm_mm!;
  yield* k.huge_pte_lock(ptep);
  if (k.read_entry(ptep) !== vmf.orig_pte) {
    yield k.huge_pte_unlock(ptep);
    if (what === "anonymous") k.restore_reserve_on_error(vma, address, page);
    k.folio_unlock(page);
    yield* k.put_page(page);
    return 0;
  }
  if (what === "anonymous") k.hugetlb_add_new_anon_rmap(page, vma, address);
  else page.mapcount++;
  const writable = (vma.vm_flags & (VM_WRITE | VM_SHARED)) === (VM_WRITE | VM_SHARED);
  mm.hugetlb_usage += HPAGE_PAGES;
  vmf.orig_pte = k.make_huge_pte(vma, page, writable ? "writable" : "read-only");
  yield k.set_pmd(mm, address, ptep, vmf.orig_pte);
  let ret = 0;
  if (flags & FAULT_FLAG_WRITE && !(vma.vm_flags & VM_SHARED)) {
    if (what === "of the file") k.folio_unlock(page);
    ret = yield* k.hugetlb_wp(vmf);
    if (what === "anonymous") k.folio_unlock(page);
  } else k.folio_unlock(page);
  yield k.huge_pte_unlock(ptep);
  return ret;
}

/** A new page of a private mapping, mapped by one entry. */
export function hugetlb_add_new_anon_rmap(k: Kernel, page: Page, vma: Vma, address: number): void {
  k.folio_clear_hugetlb_restore_reserve(page);
  page.flags |= PG_anon_exclusive;
  page.anon_vma = vma.anon_vma;
  page.index = vma.vm_pgoff + (address - vma.vm_start) / 4096;
  page.mapcount = 1;
}

/** Makes an entry writable, and dirty. Caller holds the table's lock. Returns the event. */
export function set_huge_ptep_writable(k: Kernel, vma: Vma, address: number, ptep: number): number {
  return k.set_pmd(vma.vm_mm!, address, ptep, withFlags(k.read_entry(ptep), _PAGE_RW | _PAGE_DIRTY | _PAGE_PSE));
}

/** A write to a read-only entry. Called with the table locked and gives it back so, unlocked in between. */
export function* hugetlb_wp(k: Kernel, vmf: VmFault): Steps<number> {
  const { vma, address, flags } = vmf;
  const unshare = (flags & FAULT_FLAG_UNSHARE) !== 0;
  if (!unshare && !(vma.vm_flags & VM_WRITE)) return VM_FAULT_SIGSEGV;
  if (is_shareable(vma)) {
    yield k.set_huge_ptep_writable(vma, address, vmf.ptep);
    return 0;
  }
  const pte = k.read_entry(vmf.ptep);
  const old = k.page(entryPfn(pte));
  for (;;) {
    const anon = old.anon_vma !== null;
    if (old.mapcount === 1 && anon) {
      if (!(old.flags & PG_anon_exclusive)) old.anon_vma = vma.anon_vma;
      old.flags |= PG_anon_exclusive;
      if (!unshare) yield k.set_huge_ptep_writable(vma, address, vmf.ptep);
      return 0;
    }
    // The reservation for this address was spent on the page that parent and child have.
    const owner = anon && (vma.vm_resv_flags & HPAGE_RESV_OWNER) !== 0;
    yield k.get_page(old);
    yield k.huge_pte_unlock(vmf.ptep);
    const copy = yield* k.alloc_hugetlb_folio(vma, address, owner ? "cow from owner" : "use reservation");
    if (copy) return yield* k.hugetlb_copy_page(vmf, pte, old, copy);
    if (!owner) {
      yield* k.put_page(old);
      yield* k.huge_pte_lock(vmf.ptep);
      return VM_FAULT_SIGBUS;
    }
    yield* k.put_page(old);
    if (!(yield* k.hugetlb_take_from_children(vmf, old, pte))) return 0;
  }
}

/** The rest of hugetlb_wp once there is a page for the copy. Caller holds no table's lock, and gets it. */
export function* hugetlb_copy_page(k: Kernel, vmf: VmFault, pte: number, old: Page, copy: Page): Steps<number> {
  const { vma, address } = vmf;
  const mm = vma.vm_mm!;
  let unused = copy;
  const ret = yield* k.__vmf_anon_prepare(vmf);
  if (ret === 0) {
    k.copy_user_large_folio(copy, old);
    yield* k.mmu_notifier_invalidate_range_start(mm, address, address + HPAGE_SIZE, "MMU_NOTIFY_CLEAR");
    yield* k.huge_pte_lock(vmf.ptep);
    const ptep = k.hugetlb_walk(mm, address);
    if (ptep === vmf.ptep && k.read_entry(ptep) === pte) {
      const unshare = (vmf.flags & FAULT_FLAG_UNSHARE) !== 0;
      yield* k.huge_ptep_clear_flush(vma, address, ptep);
      old.mapcount--;
      k.hugetlb_add_new_anon_rmap(copy, vma, address);
      yield k.set_pmd(mm, address, ptep, k.make_huge_pte(vma, copy, unshare ? "read-only" : "writable"));
      unused = old;
    }
    yield k.huge_pte_unlock(vmf.ptep);
    yield* k.mmu_notifier_invalidate_range_end(mm, address, address + HPAGE_SIZE);
  }
  if (unused === copy) k.restore_reserve_on_error(vma, address, copy);
  yield* k.put_page(unused);
  yield* k.put_page(old);
  yield* k.huge_pte_lock(vmf.ptep);
  return ret;
}

/**
 * The owner of a private mapping has no page for its copy: its children lose theirs, so that it can keep this one. Locks the
 * table again. False: the entry has changed meanwhile.
 */
export function* hugetlb_take_from_children(k: Kernel, vmf: VmFault, page: Page, pte: number): Steps<boolean> {
  const { vma, address } = vmf;
  const mutex = k.hugetlb_fault_mutex_of(vma.vm_file!.f_inode!.i_mapping!, vmf.pgoff);
  yield* k.hugetlb_vma_unlock_read(vma);
  yield k.hugetlb_fault_mutex_unlock(mutex);
  yield* k.unmap_ref_private(vma, page, address);
  yield* k.hugetlb_fault_mutex_lock(mutex);
  yield* k.hugetlb_vma_lock_read(vma);
  yield* k.huge_pte_lock(vmf.ptep);
  const ptep = k.hugetlb_walk(vma.vm_mm!, address);
  return ptep === vmf.ptep && k.read_entry(ptep) === pte;
}

/** Takes the page away from all private mappings of it but its owner's. They get a signal when they touch it. */
export function* unmap_ref_private(k: Kernel, vma: Vma, page: Page, address: number): Steps<void> {
  const mapping = vma.vm_file!.f_inode!.i_mapping!;
  const pgoff = vma.vm_pgoff + (address - vma.vm_start) / 4096;
  yield* k.i_mmap_lock_write(mapping);
  for (const other of mapping.i_mmap) {
    const end = other.vm_pgoff + (other.vm_end - other.vm_start) / 4096;
    if (other === vma || is_shareable(other) || other.vm_resv_flags & HPAGE_RESV_OWNER) continue;
    if (pgoff < other.vm_pgoff || pgoff >= end) continue;
    // As in Linux: the address of the owner's mapping, which a child has at the same place.
    yield* k.unmap_hugepage_range(other, address, address + HPAGE_SIZE, page);
  }
  yield k.i_mmap_unlock_write(mapping);
}

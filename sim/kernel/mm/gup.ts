// Populating mappings ahead of use (mm/gup.c).
import type { Steps } from "../../core/thread.ts";
import { _PAGE_PSE, _PAGE_RW, isPresent } from "../../hardware/entry.ts";
import { pte_dirty } from "../arch/x86/mm/pgtable.ts";
import {
  FAULT_FLAG_ALLOW_RETRY,
  FAULT_FLAG_TRIED,
  FAULT_FLAG_WRITE,
  PG_dirty,
  VM_ACCESS_FLAGS,
  VM_FAULT_COMPLETED,
  VM_FAULT_ERROR,
  VM_FAULT_OOM,
  VM_FAULT_RETRY,
  VM_IO,
  VM_LOCKONFAULT,
  VM_PFNMAP,
  VM_READ,
  VM_SHARED,
  VM_WRITE,
} from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import { LIVELOCK_FAULTS } from "../livelock.ts";
import type { Mm, Vma } from "../mm_types.ts";
import { EFAULT, EINTR, EINVAL, ENOMEM } from "../uapi/errno.ts";

/** MAP_POPULATE, mlockall: makes the pages of [start, start + len) present as far as that works. */
export function* mm_populate(k: Kernel, start: number, len: number): Steps<void> {
  yield* k.__mm_populate(start, len, "ignore errors");
}

/** Returns 0 or the first error; holes end it, as an error only for who wants errors. */
export function* __mm_populate(
  k: Kernel,
  start: number,
  len: number,
  errors: "ignore errors" | "stop at errors",
): Steps<number> {
  const mm = k.current.mm!;
  const end = start + len;
  let error = 0;
  k.mlock_drain_local();
  for (let address = start; address < end; ) {
    yield* k.mmap_read_lock(mm);
    const vma = k.find_vma_intersection(mm, address, end);
    if (!vma) {
      yield k.mmap_read_unlock(mm);
      break;
    }
    const from = Math.max(address, vma.vm_start);
    const to = Math.min(end, vma.vm_end);
    address = to;
    if (vma.vm_flags & (VM_IO | VM_PFNMAP)) yield k.mmap_read_unlock(mm);
    else error = yield* k.populate_vma_page_range(mm, vma, from, to);
    if (error && errors === "stop at errors") return error;
  }
  return errors === "ignore errors" ? 0 : error;
}

/** Faults in every page of a VMA's range. Caller holds mmap_lock for reading; it is dropped. Returns 0 or a negative errno. */
export function* populate_vma_page_range(k: Kernel, mm: Mm, vma: Vma, start: number, end: number): Steps<number> {
  if (vma.vm_flags & VM_LOCKONFAULT || !(vma.vm_flags & VM_ACCESS_FLAGS)) {
    yield k.mmap_read_unlock(mm);
    return vma.vm_flags & VM_LOCKONFAULT ? 0 : -EFAULT;
  }
  const write = populate_writes(vma);
  let locked = true;
  for (let address = start; address < end; address += 4096) {
    if (!locked) yield* k.mmap_read_lock(mm);
    const result = yield* k.faultin_page(mm, address, write);
    locked = result >= 0 && result !== UNLOCKED;
    if (result < 0) return result;
  }
  if (locked) yield k.mmap_read_unlock(mm);
  return 0;
}

/** Private writable memory is written to at once, so that it needs no copy later. */
const populate_writes = (vma: Vma): number =>
  (vma.vm_flags & (VM_WRITE | VM_SHARED)) === VM_WRITE ? FAULT_FLAG_WRITE : 0;

/** What faultin_page gives when the page is there, but mmap_lock was dropped for it. */
export const UNLOCKED = 1;

/**
 * Makes one page present, for writing if `write` is FAULT_FLAG_WRITE. Caller holds mmap_lock for reading.
 * @returns 0; UNLOCKED; or an errno, and mmap_lock has been dropped
 */
export function* faultin_page(k: Kernel, mm: Mm, address: number, write: number): Steps<number> {
  for (let tried = 0, faults = 0; ; tried = FAULT_FLAG_TRIED, faults++) {
    const vma = k.vma_lookup(mm, address);
    if (!vma) {
      yield k.mmap_read_unlock(mm);
      return -ENOMEM;
    }
    if (k.follow_page_touch(mm, address, write)) return 0;
    // Linux goes on until a signal kills the task.
    if (faults >= LIVELOCK_FAULTS) {
      yield k.trace.livelock(address, mm, k.current);
      yield k.mmap_read_unlock(mm);
      return -EINTR;
    }
    const fault = yield* k.handle_mm_fault(vma, address, write | FAULT_FLAG_ALLOW_RETRY | tried);
    if (fault & VM_FAULT_COMPLETED) {
      if (k.follow_page_touch(mm, address, write)) return UNLOCKED;
      yield* k.mmap_read_lock(mm);
      continue;
    }
    if (fault & VM_FAULT_RETRY) {
      yield* k.mmap_read_lock(mm);
      continue;
    }
    if (fault & VM_FAULT_ERROR) {
      yield k.mmap_read_unlock(mm);
      return fault & VM_FAULT_OOM ? -ENOMEM : -EFAULT;
    }
  }
}

/** Faults in a locked VMA's range for a caller that keeps mmap_lock for writing. As far as it works. */
export function* populate_locked(k: Kernel, vma: Vma, start: number, end: number): Steps<void> {
  const mm = vma.vm_mm!;
  if (vma.vm_flags & VM_LOCKONFAULT || !(vma.vm_flags & VM_ACCESS_FLAGS)) return;
  k.mlock_drain_local();
  const write = populate_writes(vma);
  for (let address = start; address < end; address += 4096) {
    if (k.follow_page_touch(mm, address, write)) continue;
    if ((yield* k.handle_mm_fault(vma, address, write)) & VM_FAULT_ERROR) return;
    k.follow_page_touch(mm, address, write);
  }
}

/** MADV_POPULATE_READ and _WRITE. Caller holds mmap_lock for reading and gets it back. Returns 0 or a negative errno. */
export function* faultin_page_range(k: Kernel, mm: Mm, start: number, end: number, write: number): Steps<number> {
  for (let address = start; address < end; address += 4096) {
    const vma = k.vma_lookup(mm, address);
    if (!vma) return -ENOMEM;
    if (!allows(vma, write)) return -EINVAL;
    const result = yield* k.faultin_page(mm, address, write);
    if (result !== 0) yield* k.mmap_read_lock(mm);
    if (result < 0) return result;
  }
  return 0;
}

function allows(vma: Vma, write: number): boolean {
  if (vma.vm_flags & (VM_IO | VM_PFNMAP)) return false;
  return (vma.vm_flags & (write ? VM_WRITE : VM_READ)) !== 0;
}

/** The entry that maps an address: a PTE, or the PMD entry of a huge page; 0: nothing does. */
export function leaf_entry(k: Kernel, mm: Mm, address: number): number {
  const [, , pmd, pte] = k.walk_entries(mm, address);
  return pmd & _PAGE_PSE ? pmd : pte;
}

/** Whether a walk finds the page with the rights needed. */
export function page_is_mapped(k: Kernel, mm: Mm, address: number, write: number): boolean {
  const pte = k.leaf_entry(mm, address);
  return (pte & 1) !== 0 && (write === 0 || (pte & 2) !== 0);
}

/** The same, and the page counts as used (FOLL_TOUCH): the page itself, not its entry, and for writing as dirty. */
export function follow_page_touch(k: Kernel, mm: Mm, address: number, write: number): boolean {
  const pte = k.leaf_entry(mm, address);
  // An entry of PROT_NONE has a page, too: whether it may be used the VMA says, and behind shared tables that may be another.
  if (!isPresent(pte) || (write !== 0 && !(pte & _PAGE_RW))) return false;
  // Huge pages are on no list: it does not matter when they were used.
  if (pte & _PAGE_PSE) return true;
  const page = k.vm_normal_page(pte);
  if (!page) return true;
  if (write !== 0 && !pte_dirty(pte)) page.flags |= PG_dirty;
  k.folio_mark_accessed(page);
  return true;
}

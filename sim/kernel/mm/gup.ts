// Getting at pages of a process as the kernel needs them (mm/gup.c), and populating mappings ahead of use.
import type { Steps } from "../../core/thread.ts";
import { _PAGE_PSE, _PAGE_RW, isPresent } from "../../hardware/entry.ts";
import { none, pmd_offset, pte_dirty, pud_offset, read_p4d } from "../arch/x86/mm/pgtable.ts";
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
  VM_MAYREAD,
  VM_PFNMAP,
  VM_READ,
  VM_SHARED,
  VM_WRITE,
} from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import { LIVELOCK_FAULTS } from "../livelock.ts";
import type { Mm, Vma } from "../mm_types.ts";
import { EAGAIN, EBUSY, EFAULT, EINTR, EINVAL, ENOMEM } from "../uapi/errno.ts";

export const FOLL_WRITE = 0x1;
/** Also where the VMA does not allow it: what is only executable can be read so. */
export const FOLL_FORCE = 0x8;
/** The second time, after mmap_lock was dropped. */
export const FOLL_TRIED = 0x2_0000;
/** Faults may drop mmap_lock. */
export const FOLL_UNLOCKABLE = 0x20_0000;
/** MADV_POPULATE_*: holes are -ENOMEM, what the VMA forbids -EINVAL. */
export const FOLL_MADV_POPULATE = 0x40_0000;

/** Whether mmap_lock is still held for reading, which a fault may have dropped (`int *locked`), and faults without progress. */
export interface MmapLocked {
  held: boolean;
  faults: number;
}

export const mmap_locked = (): MmapLocked => ({ held: true, faults: 0 });

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
  const locked: MmapLocked = { held: false, faults: 0 };
  k.mlock_drain_local();
  let error = 0;
  for (let address = start; address < end; ) {
    if (!locked.held) yield* k.mmap_read_lock(mm);
    locked.held = true;
    const vma = k.find_vma_intersection(mm, address, end);
    if (!vma) break;
    const from = Math.max(address, vma.vm_start);
    const to = Math.min(end, vma.vm_end);
    address = to;
    if (vma.vm_flags & (VM_IO | VM_PFNMAP)) continue;
    const pages = yield* k.populate_vma_page_range(vma, from, to, locked);
    if (pages >= 0) address = from + pages * 4096;
    else if (errors === "stop at errors") {
      error = pages;
      break;
    }
  }
  if (locked.held) yield k.mmap_read_unlock(mm);
  return error;
}

/**
 * Faults in every page of a VMA's range. Caller holds mmap_lock; `locked` null: for writing, and it stays so.
 * @returns how many pages are there, from the first on, less where mmap_lock was dropped; or a negative errno
 */
export function* populate_vma_page_range(
  k: Kernel,
  vma: Vma,
  start: number,
  end: number,
  locked: MmapLocked | null,
): Steps<number> {
  const pages = (end - start) / 4096;
  if (vma.vm_flags & VM_LOCKONFAULT) return pages;
  if (!(vma.vm_flags & VM_ACCESS_FLAGS)) return -EFAULT;
  // Private writable memory is written to at once, so that it needs no copy later.
  const how = (vma.vm_flags & (VM_WRITE | VM_SHARED)) === VM_WRITE ? FOLL_WRITE : FOLL_FORCE;
  const flags = how | (locked ? FOLL_UNLOCKABLE : 0);
  return yield* k.__get_user_pages(vma.vm_mm!, start, pages, flags, locked ?? mmap_locked());
}

/** MADV_POPULATE_READ and _WRITE. Caller holds mmap_lock for reading. Returns pages, or a negative errno. */
export function* faultin_page_range(
  k: Kernel,
  mm: Mm,
  start: number,
  end: number,
  write: number,
  locked: MmapLocked,
): Steps<number> {
  const flags = FOLL_UNLOCKABLE | FOLL_MADV_POPULATE | write;
  return yield* k.__get_user_pages_locked(mm, start, (end - start) / 4096, flags, locked);
}

/** Where a fault drops mmap_lock it is taken again, and the fault tried once more. Returns pages, or a negative errno. */
export function* __get_user_pages_locked(
  k: Kernel,
  mm: Mm,
  start: number,
  nr_pages: number,
  flags: number,
  locked: MmapLocked,
): Steps<number> {
  let done = 0;
  let dropped = false;
  while (done < nr_pages) {
    const got = yield* k.__get_user_pages(mm, start + done * 4096, nr_pages - done, flags, locked);
    if (got > 0) done += got;
    if (locked.held) {
      done ||= got;
      break;
    }
    if (done >= nr_pages) break;
    dropped = true;
    // The page for whose fault it was dropped.
    let again = 0;
    while (!locked.held) {
      if (k.current.signal) return done || -EINTR;
      yield* k.mmap_read_lock(mm);
      locked.held = true;
      again = yield* k.__get_user_pages(mm, start + done * 4096, 1, flags | FOLL_TRIED, locked);
    }
    if (again !== 1) {
      done ||= again;
      break;
    }
    done++;
  }
  if (dropped && locked.held) {
    yield k.mmap_read_unlock(mm);
    locked.held = false;
  }
  return done;
}

/** Page after page, by faults where it is not there. Returns pages, or a negative errno; 0 also where mmap_lock was dropped. */
export function* __get_user_pages(
  k: Kernel,
  mm: Mm,
  start: number,
  nr_pages: number,
  flags: number,
  locked: MmapLocked,
): Steps<number> {
  let vma: Vma | null = null;
  for (let done = 0; done < nr_pages; ) {
    const address = start + done * 4096;
    if (!vma || address >= vma.vm_end) {
      vma = k.vma_lookup(mm, address);
      const populate = (flags & FOLL_MADV_POPULATE) !== 0;
      if (!vma) return done || (populate ? -ENOMEM : -EFAULT);
      if (check_vma_flags(vma, flags) !== 0) return done || (populate ? -EINVAL : -EFAULT);
    }
    // Who is killed needs no more pages.
    if (k.current.signal) return done || -EINTR;
    if (yield* k.follow_page_mask(vma, address, flags)) {
      done++;
      locked.faults = 0;
      continue;
    }
    // Linux goes on until a signal kills the task.
    if (locked.faults >= LIVELOCK_FAULTS) {
      yield k.trace.livelock(address, mm, k.current);
      return done || -EINTR;
    }
    locked.faults++;
    const error = yield* k.faultin_page(vma, address, flags, locked);
    if (error === -EBUSY || error === -EAGAIN) return done;
    if (error !== 0) return done || error;
  }
  return nr_pages;
}

/** Whether pages of this VMA may be had so: 0 or -EFAULT. */
function check_vma_flags({ vm_flags }: Vma, flags: number): number {
  if (vm_flags & (VM_IO | VM_PFNMAP)) return -EFAULT;
  if (flags & FOLL_WRITE) return vm_flags & VM_WRITE ? 0 : -EFAULT;
  return vm_flags & VM_READ || (flags & FOLL_FORCE && vm_flags & VM_MAYREAD) ? 0 : -EFAULT;
}

/**
 * A fault of the kernel's own.
 * @returns 0; -EAGAIN or -EBUSY with mmap_lock dropped, after a fault that is done or has to be tried again; or another errno
 */
export function* faultin_page(k: Kernel, vma: Vma, address: number, flags: number, locked: MmapLocked): Steps<number> {
  let fault_flags = flags & FOLL_WRITE ? FAULT_FLAG_WRITE : 0;
  if (flags & FOLL_UNLOCKABLE) fault_flags |= FAULT_FLAG_ALLOW_RETRY;
  if (flags & FOLL_TRIED) fault_flags |= FAULT_FLAG_TRIED;
  const fault = yield* k.handle_mm_fault(vma, address, fault_flags);
  if (fault & VM_FAULT_COMPLETED) {
    locked.held = false;
    return -EAGAIN;
  }
  if (fault & VM_FAULT_ERROR) return fault & VM_FAULT_OOM ? -ENOMEM : -EFAULT;
  if (!(fault & VM_FAULT_RETRY)) return 0;
  locked.held = false;
  return -EBUSY;
}

/** Whether the page is there with the rights needed; then it counts as used (FOLL_TOUCH). */
export function* follow_page_mask(k: Kernel, vma: Vma, address: number, flags: number): Steps<boolean> {
  const mm = vma.vm_mm!;
  const p4d = read_p4d(k, mm, address);
  if (none(p4d)) return false;
  const pud = k.read_entry(pud_offset(p4d, address));
  if (none(pud)) return false;
  const pmdp = pmd_offset(pud, address);
  const pmd = k.read_entry(pmdp);
  if (none(pmd)) return false;
  // Huge pages are on no list: it does not matter when they were used.
  if (pmd & _PAGE_PSE) return isPresent(pmd) && (!(flags & FOLL_WRITE) || (pmd & _PAGE_RW) !== 0);
  return yield* k.follow_page_pte(pmdp, address, flags);
}

/** The page itself counts as used, not its entry; for writing as dirty. */
export function* follow_page_pte(k: Kernel, pmdp: number, address: number, flags: number): Steps<boolean> {
  const ptep = yield* k.pte_offset_map_lock(pmdp, address);
  if (ptep === 0) return false;
  const pte = k.read_entry(ptep);
  const write = flags & FOLL_WRITE;
  // An entry of PROT_NONE has a page, too: whether it may be used the VMA says, and behind shared tables that may be another.
  const found = isPresent(pte) && (!write || (pte & _PAGE_RW) !== 0);
  const page = found ? k.vm_normal_page(pte) : null;
  if (page) {
    if (write && !pte_dirty(pte)) page.flags |= PG_dirty;
    k.folio_mark_accessed(page);
  }
  yield k.pte_unmap_unlock(pmdp);
  return found;
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

/** Reads a byte of each page of a program's memory, so that it is there. Returns how many of `size` bytes are after one that cannot be read. */
export function* fault_in_readable(k: Kernel, address: number, size: number): Steps<number> {
  for (let at = address; at < address + size; at = (Math.floor(at / 4096) + 1) * 4096)
    if ((yield* k.user_access(at, "read", 0)) !== 0) return address + size - at;
  return 0;
}

// Locking memory (mm/mlock.c). Everybody here is root: there is no limit.
import type { Steps } from "../../core/thread.ts";
import { isPresent } from "../../hardware/entry.ts";
import { alignDown, PAGE_ALIGN, pte_offset, task_size_max } from "../arch/x86/mm/pgtable.ts";
import {
  is_droppable,
  PG_active,
  PG_mlocked,
  PG_unevictable,
  VM_HUGETLB,
  VM_LOCKED,
  VM_LOCKED_MASK,
  VM_LOCKONFAULT,
  VM_SPECIAL,
  VM_STICKY,
  withoutVmFlags,
  withVmFlags,
} from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Mm, Page, Vma } from "../mm_types.ts";
import { EAGAIN, EFAULT, EINVAL, ENOMEM } from "../uapi/errno.ts";
import { MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT, MLOCK_ONFAULT } from "../uapi/mman.ts";
import { PAGEVEC_SIZE } from "./swap.ts";

export function* sys_mlock(k: Kernel, addr: number, len: number): Steps<number> {
  return yield* k.do_mlock(addr, len, VM_LOCKED);
}

export function* sys_mlock2(k: Kernel, addr: number, len: number, flags: number): Steps<number> {
  if (flags !== 0 && flags !== MLOCK_ONFAULT) return -EINVAL;
  return yield* k.do_mlock(addr, len, flags === 0 ? VM_LOCKED : VM_LOCKED_MASK);
}

/** A range in whole pages; a length that overflows counts as Linux's arithmetic makes it. */
function whole_pages(addr: number, len: number): { start: number; end: number } {
  const start = alignDown(addr, 4096);
  return { start, end: start + (PAGE_ALIGN(len + (addr - start)) % 2 ** 64) };
}

export function* do_mlock(k: Kernel, addr: number, len: number, flags: number): Steps<number> {
  const mm = k.current.mm!;
  const { start, end } = whole_pages(addr, len);
  yield* k.mmap_write_lock(mm);
  const error = yield* k.apply_vma_lock_flags(mm, start, end, flags);
  yield k.mmap_write_unlock(mm);
  if (error) return error;
  const missing = yield* k.__mm_populate(start, end - start, "stop at errors");
  if (missing === -EFAULT) return -ENOMEM;
  return missing === -ENOMEM ? -EAGAIN : missing;
}

export function* sys_munlock(k: Kernel, addr: number, len: number): Steps<number> {
  const mm = k.current.mm!;
  const { start, end } = whole_pages(addr, len);
  yield* k.mmap_write_lock(mm);
  const error = yield* k.apply_vma_lock_flags(mm, start, end, 0);
  yield k.mmap_write_unlock(mm);
  return error;
}

/** Returns 0 or a negative errno; what comes before a hole is done. */
export function* apply_vma_lock_flags(k: Kernel, mm: Mm, start: number, end: number, flags: number): Steps<number> {
  if (end >= 2 ** 64) return -EINVAL;
  for (let done = start; done < end; ) {
    const vma = k.vma_lookup(mm, done);
    if (!vma) return -ENOMEM;
    const stop = Math.min(vma.vm_end, end);
    const error = yield* k.mlock_fixup(vma, done, stop, flags);
    if (error) return error;
    done = stop;
  }
  return 0;
}

/** Special mappings and huge pages are there anyway; what may be dropped cannot be kept. */
export const vma_supports_mlock = ({ vm_flags }: Vma): boolean =>
  !(vm_flags & (VM_SPECIAL | VM_HUGETLB)) && !is_droppable(vm_flags);

export function* mlock_fixup(k: Kernel, old: Vma, start: number, end: number, lock_flags: number): Steps<number> {
  const oldflags = old.vm_flags;
  const newflags = withVmFlags(withoutVmFlags(oldflags, VM_LOCKED_MASK), lock_flags);
  if (newflags === oldflags || !vma_supports_mlock(old)) return 0;
  const vma = yield* k.vma_modify_flags(old, start, end, newflags);
  if (typeof vma === "number") return vma;
  const mm = vma.vm_mm!;
  const pages = (end - start) / 4096;
  if (!(newflags & VM_LOCKED)) mm.locked_vm -= pages;
  else if (!(oldflags & VM_LOCKED)) mm.locked_vm += pages;
  yield* k.vma_start_write(vma);
  vma.vm_flags = withVmFlags(newflags, vma.vm_flags & VM_STICKY);
  yield k.trace.vma_change(vma, mm, vma.vm_start, vma.vm_end);
  if ((oldflags ^ newflags) & VM_LOCKED) yield* k.mlock_vma_pages_range(vma, start, end);
  return 0;
}

/** Pages that are there already become locked, or are locked no more by this VMA. */
export function* mlock_vma_pages_range(k: Kernel, vma: Vma, start: number, end: number): Steps<void> {
  const mm = vma.vm_mm!;
  k.mlock_drain_local();
  for (let at = k.next_pte_range(mm, start, end); at; at = k.next_pte_range(mm, at.end, end)) {
    if ((yield* k.pte_offset_map_lock(at.pmdp, at.start)) === 0) continue;
    const pmd = k.read_entry(at.pmdp);
    for (let address = at.start; address < at.end; address += 4096) {
      const pte = k.read_entry(pte_offset(pmd, address));
      const page = isPresent(pte) ? k.vm_normal_page(pte) : null;
      if (page && vma.vm_flags & VM_LOCKED) k.mlock_folio(page);
      else if (page) k.munlock_folio(page);
    }
    yield k.pte_unmap_unlock(at.pmdp);
  }
}

/** One more locked VMA maps the page: reclaim leaves it alone. */
export function mlock_folio(k: Kernel, page: Page): void {
  page.mlock_count++;
  if (page.flags & PG_mlocked) return;
  k.folio_change_lru(page, PG_mlocked | PG_unevictable, PG_active, "head");
  k.vmstat.nr_mlock += 1;
}

export function munlock_folio(k: Kernel, page: Page): void {
  if (!(page.flags & PG_mlocked)) return;
  page.mlock_count--;
  if (page.mlock_count > 0) return;
  k.folio_change_lru(page, 0, PG_mlocked | PG_unevictable, "head");
  k.vmstat.nr_mlock -= 1;
}

const is_locked_vma = (vma: Vma): boolean => (vma.vm_flags & VM_LOCKED) !== 0 && !(vma.vm_flags & VM_SPECIAL);

/** The page gets, or loses, a mapping in this VMA. */
export function mlock_vma_folio(k: Kernel, page: Page, vma: Vma): void {
  if (!is_locked_vma(vma)) return;
  const { mlock_fbatch } = k.cpu;
  k.cpu.mlock_fbatch = mlock_fbatch.length < PAGEVEC_SIZE - 1 ? [...mlock_fbatch, page.slot] : [];
  k.mlock_folio(page);
}

/**
 * What faults have locked on this CPU gets to its new list. Linux does this whenever a CPU is busy with lists; here locking and
 * populating do it when they begin.
 */
export function mlock_drain_local(k: Kernel): void {
  if (k.cpu.mlock_fbatch.length > 0) k.cpu.mlock_fbatch = [];
}

export function munlock_vma_folio(k: Kernel, page: Page, vma: Vma): void {
  if (is_locked_vma(vma)) k.munlock_folio(page);
}

export function* sys_mlockall(k: Kernel, flags: number): Steps<number> {
  if (flags === 0 || flags > (MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) || flags === MCL_ONFAULT) return -EINVAL;
  const mm = k.current.mm!;
  yield* k.mmap_write_lock(mm);
  yield* k.apply_mlockall_flags(mm, flags);
  yield k.mmap_write_unlock(mm);
  if (flags & MCL_CURRENT) yield* k.mm_populate(0, task_size_max(k));
  return 0;
}

export function* sys_munlockall(k: Kernel): Steps<number> {
  const mm = k.current.mm!;
  yield* k.mmap_write_lock(mm);
  yield* k.apply_mlockall_flags(mm, 0);
  yield k.mmap_write_unlock(mm);
  return 0;
}

export function* apply_mlockall_flags(k: Kernel, mm: Mm, flags: number): Steps<void> {
  const locked = VM_LOCKED | (flags & MCL_ONFAULT ? VM_LOCKONFAULT : 0);
  mm.def_flags = withoutVmFlags(mm.def_flags, VM_LOCKED_MASK);
  if (flags & MCL_FUTURE) mm.def_flags = withVmFlags(mm.def_flags, locked);
  if (flags & MCL_FUTURE && !(flags & MCL_CURRENT)) return;
  for (let vma = k.find_vma(mm, 0); vma; ) {
    const { vm_start, vm_end }: { vm_start: number; vm_end: number } = vma;
    yield* k.mlock_fixup(vma, vm_start, vm_end, flags & MCL_CURRENT ? locked : 0);
    vma = k.find_vma(mm, vm_end);
  }
}

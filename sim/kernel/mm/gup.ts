// Populating mappings ahead of use (mm/gup.c).
import type { Steps } from "../../core/thread.ts";
import {
  FAULT_FLAG_ALLOW_RETRY,
  FAULT_FLAG_TRIED,
  FAULT_FLAG_WRITE,
  VM_FAULT_COMPLETED,
  VM_FAULT_ERROR,
  VM_FAULT_OOM,
  VM_FAULT_RETRY,
  VM_LOCKED,
  VM_SHARED,
  VM_WRITE,
} from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Mm, Vma } from "../mm_types.ts";
import { EFAULT, ENOMEM } from "../uapi/errno.ts";

/** MAP_POPULATE, mlock: makes all pages of [start, start + len) present as far as it goes; errors end it silently. */
export function* mm_populate(k: Kernel, start: number, len: number): Steps<void> {
  const mm = k.current.mm!;
  const end = start + len;
  for (let address = start; address < end; ) {
    yield* k.mmap_read_lock(mm);
    const vma = k.find_vma_intersection(mm, address, end);
    if (!vma) {
      yield k.mmap_read_unlock(mm);
      return;
    }
    const from = Math.max(address, vma.vm_start);
    const to = Math.min(end, vma.vm_end);
    const done = yield* k.populate_vma_page_range(mm, vma, from, to);
    // On an error the lock has been kept or dropped: populate_vma_page_range says by the sign whether to go on.
    if (done < 0) return;
    address = to;
  }
}

/** Faults in every page of a VMA's range. Caller holds mmap_lock for reading; it is dropped. Returns 0 or a negative errno. */
export function* populate_vma_page_range(k: Kernel, mm: Mm, vma: Vma, start: number, end: number): Steps<number> {
  const write = (vma.vm_flags & (VM_WRITE | VM_SHARED)) === VM_WRITE ? FAULT_FLAG_WRITE : 0;
  if (!(vma.vm_flags & 7)) {
    yield k.mmap_read_unlock(mm);
    return vma.vm_flags & VM_LOCKED ? 0 : -EFAULT;
  }
  let locked = true;
  let current = vma;
  for (let address = start; address < end; address += 4096) {
    for (let tried = 0; ; tried = FAULT_FLAG_TRIED) {
      if (!locked) {
        yield* k.mmap_read_lock(mm);
        locked = true;
        const again = k.vma_lookup(mm, address);
        if (!again) {
          yield k.mmap_read_unlock(mm);
          return -EFAULT;
        }
        current = again;
      }
      if (k.page_is_mapped(mm, address, write)) break;
      const fault = yield* k.handle_mm_fault(current, address, write | FAULT_FLAG_ALLOW_RETRY | tried);
      if (fault & (VM_FAULT_RETRY | VM_FAULT_COMPLETED)) {
        locked = false;
        if (fault & VM_FAULT_RETRY) continue;
      }
      if (fault & VM_FAULT_ERROR) {
        if (locked) yield k.mmap_read_unlock(mm);
        return fault & VM_FAULT_OOM ? -ENOMEM : -EFAULT;
      }
    }
  }
  if (locked) yield k.mmap_read_unlock(mm);
  return 0;
}

/** Whether a walk finds the page with the rights needed. */
export function page_is_mapped(k: Kernel, mm: Mm, address: number, write: number): boolean {
  const pte = k.walk_entries(mm, address)[3];
  return (pte & 1) !== 0 && (write === 0 || (pte & 2) !== 0);
}

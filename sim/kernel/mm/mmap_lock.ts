// mmap_lock and the per-VMA locks (include/linux/mmap_lock.h, mm.h). A VMA is write-locked while its number equals its mm's
// sequence number, which the end of every write section of mmap_lock moves on.
import type { Steps } from "../../core/thread.ts";
import { VM_GROWSDOWN } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Mm, Vma } from "../mm_types.ts";

const MMAP_LOCK = "&mm->mmap_lock";
export const VMA_LOCK = "vm_lock";

export function* mmap_read_lock(k: Kernel, mm: Mm): Steps<void> {
  yield* k.down_read(mm.mmap_lock, MMAP_LOCK);
}

export function mmap_read_unlock(k: Kernel, mm: Mm): number {
  return k.up_read(mm.mmap_lock, MMAP_LOCK);
}

export function* mmap_write_lock(k: Kernel, mm: Mm): Steps<void> {
  yield* k.down_write(mm.mmap_lock, MMAP_LOCK);
}

export function mmap_write_unlock(k: Kernel, mm: Mm): number {
  mm.mm_lock_seq++;
  return k.up_write(mm.mmap_lock, MMAP_LOCK);
}

export function mmap_write_downgrade(k: Kernel, mm: Mm): number {
  mm.mm_lock_seq++;
  return k.downgrade_write(mm.mmap_lock, MMAP_LOCK);
}

/** Takes mmap_lock for reading and finds the VMA, which may have to grow down to the address. Null: not locked. */
export function* lock_mm_and_find_vma(k: Kernel, mm: Mm, address: number): Steps<Vma | null> {
  yield* k.mmap_read_lock(mm);
  let vma = k.find_vma(mm, address);
  if (vma && vma.vm_start <= address) return vma;
  const grows_down = vma !== null && (vma.vm_flags & VM_GROWSDOWN) !== 0;
  yield k.mmap_read_unlock(mm);
  if (!grows_down) return null;
  // A reader cannot become the writer: others may have come before it.
  yield* k.mmap_write_lock(mm);
  vma = k.find_vma(mm, address);
  const found = vma !== null && (vma.vm_start <= address || (yield* k.expand_stack_locked(vma, address)) === 0);
  if (found) yield k.mmap_write_downgrade(mm);
  else yield k.mmap_write_unlock(mm);
  return found ? vma : null;
}

/** The VMA at `address`, locked for reading without mmap_lock; null where that needs mmap_lock after all. */
export function* lock_vma_under_rcu(k: Kernel, mm: Mm, address: number): Steps<Vma | null> {
  for (;;) {
    const vma = k.vma_lookup(mm, address);
    if (!vma || !vma_start_read(k, mm, vma)) break;
    yield k.trace.lock(vma.vm_lock, VMA_LOCK, "read", 1);
    if (!vma.detached && address >= vma.vm_start && address < vma.vm_end) return vma;
    const { detached } = vma;
    yield k.vma_end_read(vma);
    if (!detached) break;
    // Another one may have come in its place.
    k.vmstat.vma_lock_miss += 1;
  }
  k.vmstat.vma_lock_abort += 1;
  return null;
}

function vma_start_read(k: Kernel, mm: Mm, vma: Vma): boolean {
  return vma.vm_lock_seq !== mm.mm_lock_seq && k.down_read_trylock(vma.vm_lock);
}

/** The same for who holds mmap_lock: nobody can have the VMA locked for writing. */
export function* vma_start_read_locked(k: Kernel, vma: Vma): Steps<void> {
  yield* k.down_read(vma.vm_lock, VMA_LOCK);
}

export function vma_end_read(k: Kernel, vma: Vma): number {
  return k.up_read(vma.vm_lock, VMA_LOCK);
}

/** Keeps faults out of `vma` until mmap_lock is released; waits for those that are in it. Caller holds mmap_lock for writing. */
export function* vma_start_write(k: Kernel, vma: Vma): Steps<void> {
  const seq = vma.vm_mm!.mm_lock_seq;
  if (vma.vm_lock_seq === seq) return;
  yield* k.down_write(vma.vm_lock, VMA_LOCK);
  vma.vm_lock_seq = seq;
  yield k.up_write(vma.vm_lock, VMA_LOCK);
}

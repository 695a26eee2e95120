// The end of an address space (mm/mmap.c: exit_mmap).
import type { Steps } from "../../core/thread.ts";
import { VM_ACCOUNT } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Mm, Vma } from "../mm_types.ts";
import { vma_pages } from "./vma.ts";

/** Unmaps everything. Nobody uses the address space any more. */
export function* exit_mmap(k: Kernel, mm: Mm): Steps<void> {
  yield* k.mmu_notifier_release(mm);
  yield* k.mmap_read_lock(mm);
  const vmas: Vma[] = [...mm.mm_mt];
  if (vmas.length === 0) {
    yield k.mmap_read_unlock(mm);
    yield* k.mmap_write_lock(mm);
    yield k.mmap_write_unlock(mm);
    return;
  }
  const tlb = k.tlb_gather_mmu_fullmm(mm);
  yield* k.unmap_vmas(tlb, vmas, 0, Number.POSITIVE_INFINITY);
  yield k.mmap_read_unlock(mm);
  // Its memory is free: the OOM killer need not wait for it.
  mm.oom_skip = 1;
  yield* k.mmap_write_lock(mm);
  yield* k.free_pgtables(tlb, vmas, 0, 0, "mmap_lock for writing");
  yield* k.tlb_finish_mmu(tlb);
  let nr_accounted = 0;
  for (const vma of vmas) {
    if (vma.vm_flags & VM_ACCOUNT) nr_accounted += vma_pages(vma);
    mm.mm_mt = mm.mm_mt.without(vma);
    mm.map_count--;
    yield k.trace.vma_unlink(vma, mm, vma.vm_start, vma.vm_end);
    yield* k.remove_vma(vma);
  }
  mm.total_vm = 0;
  yield k.mmap_write_unlock(mm);
  k.vm_unacct_memory(nr_accounted);
}

// When memory has run out (mm/oom_kill.c).
import type { Steps } from "../../core/thread.ts";
import { OOM } from "../arch/x86/mm/fault.ts";
import { VM_HUGETLB, VM_PFNMAP, VM_SHARED } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Mm, Task } from "../mm_types.ts";
import { SIGKILL } from "../uapi/signal.ts";

/** A page fault got no memory, even after reclaim. The access ends as if the task had been killed for it. */
export function* pagefault_out_of_memory(k: Kernel): Steps<number> {
  k.vmstat.oom_kill += 1;
  yield k.trace.signal(OOM, 0, k.current);
  return OOM;
}

/**
 * The killer chooses a process: it and everybody who shares its memory gets SIGKILL, and what only they have is taken away at
 * once, without waiting for them to exit. Faults on it end with SIGBUS from then on.
 */
export function* kernel_oom_kill(k: Kernel, victim: Task): Steps<number> {
  const { mm } = victim;
  if (!mm) return 0;
  k.vmstat.oom_kill += 1;
  for (const task of k.tasks()) {
    if (task.mm !== mm) continue;
    task.signal = SIGKILL;
    yield k.trace.signal(SIGKILL, 0, task);
  }
  yield* k.oom_reap_task_mm(mm);
  return 0;
}

/** Drops private memory. Shared memory would not become free by it. */
export function* oom_reap_task_mm(k: Kernel, mm: Mm): Steps<void> {
  yield* k.mmap_read_lock(mm);
  mm.oom_reaped = 1;
  for (const vma of [...mm.mm_mt]) {
    if (vma.vm_flags & (VM_HUGETLB | VM_PFNMAP) || (vma.vm_ops !== "" && vma.vm_flags & VM_SHARED)) continue;
    const details = { even_cows: true, reclaim_pt: false };
    yield* k.zap_page_range_single(vma, vma.vm_start, vma.vm_end - vma.vm_start, details);
  }
  yield k.mmap_read_unlock(mm);
}

/** Memory that the reaper has taken must not come back as zeroes. */
export function check_stable_address_space(_k: Kernel, mm: Mm): boolean {
  return !mm.oom_reaped;
}

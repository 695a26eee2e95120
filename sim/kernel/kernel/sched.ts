// Task switches (kernel/sched/core.c), as far as memory management sees them: which address space a CPU has loaded.
import type { Steps } from "../../core/thread.ts";
import type { Kernel } from "../kernel.ts";
import type { Cpu, Task } from "../mm_types.ts";

/** Gives `cpu` to `next`. */
export function* context_switch(k: Kernel, cpu: Cpu, next: Task): Steps<void> {
  const prev = cpu.curr;
  if (prev === next) return;
  cpu.curr = next;
  yield k.trace.sched_switch(next, cpu.id);
  if (next.mm) {
    next.active_mm = next.mm;
    yield* k.switch_mm(cpu, next.mm, next);
  } else {
    // A kernel thread borrows the tables of whoever ran before.
    next.active_mm = cpu.loaded_mm;
    k.enter_lazy_tlb(cpu);
  }
}

// Task switches (kernel/sched/core.c), as far as memory management sees them: which address space a CPU has loaded.
import type { Steps } from "../../core/thread.ts";
import type { Kernel } from "../kernel.ts";
import type { Cpu, Mm, Task } from "../mm_types.ts";
import { EBUSY, ESRCH } from "../uapi/errno.ts";

/** Gives `cpu` to `next`. */
export function* context_switch(k: Kernel, cpu: Cpu, next: Task): Steps<void> {
  const prev = cpu.curr;
  if (prev === next) return;
  if (prev) k.rcu_note_context_switch(prev);
  cpu.curr = next;
  // A kernel thread borrows the tables of whoever ran before.
  next.active_mm = next.mm ?? cpu.loaded_mm;
  if (!next.mm) k.enter_lazy_tlb(cpu);
  yield k.trace.sched_switch(next, cpu.id);
  if (next.mm) yield* k.switch_mm_irqs_off(cpu, next.mm, next);
}

/**
 * An address space is about to be freed: CPUs that still borrow its tables, as no flush has reached them, load the kernel's.
 * On x86-64 the structure would stay as long as they borrow it (mmgrab_lazy_tlb); other architectures do it this way.
 */
export function* cleanup_lazy_tlbs(k: Kernel, mm: Mm): Steps<void> {
  for (const task of k.tasks()) if (task.active_mm === mm && task.mm !== mm) task.active_mm = null;
  for (let id = 0; id < k.config.cpus; id++) {
    const cpu = k.cpuOf(id);
    if (cpu.loaded_mm === mm) yield* k.switch_mm(cpu, k.init_mm, cpu.curr!);
  }
}

/** `cpu N: switch_to(task)`: the task moves to this CPU and runs there; where it ran before, the idle task does. */
export function* cpu_switch_to(k: Kernel, id: number, task: Task): Steps<number> {
  if (!task.mm) return -ESRCH;
  const from = k.cpuOf(task.cpu);
  if (from.id !== id && from.curr === task) yield* k.context_switch(from, from.idle!);
  task.cpu = id;
  yield* k.context_switch(k.cpuOf(id), task);
  return 0;
}

/** `cpu N: idle()`: the idle task runs, on the tables that are loaded. */
export function* cpu_idle(k: Kernel, id: number): Steps<number> {
  const cpu = k.cpuOf(id);
  yield* k.context_switch(cpu, cpu.idle!);
  return 0;
}

/** `kernel: exit_idle(cpu)`: a CPU that goes offline leaves the address space that it borrows (idle_task_exit). */
export function* kernel_exit_idle(k: Kernel, id: number): Steps<number> {
  const cpu = k.cpuOf(id);
  if (cpu.curr!.mm) return -EBUSY;
  if (cpu.loaded_mm !== k.init_mm) yield* k.switch_mm(cpu, k.init_mm, cpu.curr!);
  return 0;
}

// The end of a process (kernel/exit.c).
import type { Steps } from "../../core/thread.ts";
import type { Kernel } from "../kernel.ts";
import type { Task } from "../mm_types.ts";
import { ECHILD, EINTR } from "../uapi/errno.ts";

/** The system call; `code` is what wait gives to the parent. */
export function* sys_exit(k: Kernel, code: number): Steps<number> {
  yield* k.do_exit(k.current, code);
  return 0;
}

export function* do_exit(k: Kernel, task: Task, code: number): Steps<void> {
  yield* k.exit_mm(task);
  yield* k.exit_files(task);
  yield* k.task_work_run();
  task.memdie = 0;
  task.exit_state = 1;
  task.exit_code = code;
  yield k.trace.exit(task);
}

/** The end of a task that was killed, when it would return to its program. */
export function* do_group_exit(k: Kernel, signal: number): Steps<number> {
  yield* k.do_exit(k.current, signal);
  return signal;
}

/** Leaves the address space; the last user takes it down. The CPU keeps its tables loaded, lazily, as a kernel thread does. */
export function* exit_mm(k: Kernel, task: Task): Steps<void> {
  const { mm } = task;
  if (!mm) return;
  yield* k.mmap_read_lock(mm);
  task.mm = null;
  task.active_mm = mm;
  if (k.cpu.curr === task) k.enter_lazy_tlb(k.cpu);
  yield k.mmap_read_unlock(mm);
  k.mm_update_next_owner(task, mm);
  yield* k.mmput(mm);
}

/** An address space whose owner ends belongs to another of its users from then on (CONFIG_MEMCG). */
export function mm_update_next_owner(k: Kernel, task: Task, mm: { owner: Task | null }): void {
  if (mm.owner !== task) return;
  mm.owner = null;
  for (const other of k.tasks()) if (other !== task && other.mm === mm && other.exit_state === 0) mm.owner = other;
}

/** The system call: waits for a child of any thread of the caller's process to end, for `who` if it names one. Returns its pid, -ECHILD, or -EINTR. */
export function* sys_wait(k: Kernel, who: Task | null): Steps<number> {
  const children = k.tasks().filter((task) => task.parent?.tgid === k.current.tgid && task.exit_state !== 2);
  const mine = who ? children.filter((task) => task === who) : children;
  if (mine.length === 0) return -ECHILD;
  const ended = () => mine.find((task) => task.exit_state === 1);
  const { current } = k;
  const over = () => ended() !== undefined || current.signal !== 0;
  while (!over()) yield k.wait(over, "a child to end");
  const child = ended();
  if (!child) return -EINTR;
  child.exit_state = 2;
  yield k.trace.sys_exit("wait", k.current, child.pid);
  return child.pid;
}

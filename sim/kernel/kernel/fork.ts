// Making processes and their address spaces (kernel/fork.c). What is in an address space is copied in mm/mmap_dup.ts and taken
// down in mm/mmap_exit.ts.
import type { Steps } from "../../core/thread.ts";
import { task_size_max } from "../arch/x86/mm/pgtable.ts";
import { VM_LOCKED_MASK, withoutVmFlags } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import { MMAP_BASE } from "../mm/unmapped_area.ts";
import { type Mm, mm_struct, type Task } from "../mm_types.ts";
import { ENOMEM } from "../uapi/errno.ts";

/** A new, empty address space with one user. `name`: what people call it. Null without memory. */
export function* mm_alloc(k: Kernel, name: string): Steps<Mm | null> {
  return yield* k.mm_init(k.store.alloc(mm_struct), name);
}

/** Makes an address space of the structure; without memory it frees it and returns null. */
export function* mm_init(k: Kernel, mm: Mm, name: string): Steps<Mm | null> {
  mm.name = name;
  mm.mm_users = 1;
  mm.mm_count = 1;
  mm.mm_lock_seq = 1;
  mm.task_size = task_size_max(k);
  mm.mmap_base = MMAP_BASE;
  mm.ctx_id = k.next_ctx_id();
  mm.pgd = yield* k.pgd_alloc(mm);
  if (mm.pgd === 0) {
    k.store.free(mm);
    return null;
  }
  yield k.trace.mm_alloc(mm);
  return mm;
}

/** Address spaces are told apart by a number that is never used again. */
export function next_ctx_id(k: Kernel): number {
  k.init_mm.last_mm_ctx_id++;
  return k.init_mm.last_mm_ctx_id;
}

/** Drops a user; with the last one all mappings go. */
export function* mmput(k: Kernel, mm: Mm): Steps<void> {
  mm.mm_users--;
  if (mm.mm_users === 0) yield* k.__mmput(mm);
}

export function* __mmput(k: Kernel, mm: Mm): Steps<void> {
  yield* k.exit_mmap(mm);
  yield* k.mmdrop(mm);
}

/** Drops a reference to the structure; with the last one it is freed, with its top-level table. */
export function* mmdrop(k: Kernel, mm: Mm): Steps<void> {
  mm.mm_count--;
  if (mm.mm_count === 0) yield* k.__mmdrop(mm);
}

export function* __mmdrop(k: Kernel, mm: Mm): Steps<void> {
  yield* k.cleanup_lazy_tlbs(mm);
  yield* k.pgd_free(mm.pgd);
  yield k.trace.mm_free(mm);
  k.store.free(mm);
}

/**
 * The system call: starts the declared process `child` as a copy of the caller. Returns its pid.
 * `threads`: what the child has beside its first thread; it makes them before it does anything else.
 */
export function* sys_fork(k: Kernel, child: Task, threads: readonly Task[] = []): Steps<number> {
  return yield* k.kernel_clone(child, threads);
}

export function* kernel_clone(k: Kernel, child: Task, threads: readonly Task[]): Steps<number> {
  const error = yield* k.copy_process(child, threads);
  if (error) return error;
  yield k.trace.fork(k.current, child);
  return child.pid;
}

/** Makes the child, which may run from then on. Returns 0 or -ENOMEM. */
export function* copy_process(k: Kernel, child: Task, threads: readonly Task[]): Steps<number> {
  const parent = k.current;
  k.copy_files(child);
  const error = yield* k.copy_mm(child, parent.mm!);
  if (error) {
    yield* k.exit_files(child);
    return error;
  }
  child.parent = parent;
  child.cgroup = parent.cgroup;
  child.oom_score_adj = parent.oom_score_adj;
  child.signal = 0;
  child.memdie = 0;
  child.started = 1;
  // The CPU on which a former process of this name has ended idles since then.
  const cpu = k.cpuOf(child.cpu);
  if (cpu.curr === child) cpu.curr = cpu.idle;
  child.exit_state = 0;
  child.exit_code = 0;
  child.min_flt = 0;
  child.maj_flt = 0;
  for (const thread of threads) copy_thread(child, thread);
  return 0;
}

/** A thread shares address space and descriptors with its process. */
function copy_thread(leader: Task, thread: Task): void {
  thread.tgid = leader.tgid;
  thread.mm = leader.mm;
  thread.active_mm = leader.mm;
  thread.files = leader.files;
  thread.cgroup = leader.cgroup;
  thread.oom_score_adj = leader.oom_score_adj;
  thread.signal = 0;
  leader.mm!.mm_users++;
  leader.files!.users++;
  thread.started = 1;
  thread.exit_state = 0;
}

export function* copy_mm(k: Kernel, child: Task, oldmm: Mm): Steps<number> {
  const mm = yield* k.dup_mm(oldmm, child.comm);
  if (!mm) return -ENOMEM;
  mm.owner = child;
  child.mm = mm;
  child.active_mm = mm;
  return 0;
}

export function* dup_mm(k: Kernel, oldmm: Mm, name: string): Steps<Mm | null> {
  const mm = yield* k.mm_init(k.store.alloc(mm_struct), name);
  if (!mm) return null;
  mm.mmap_base = oldmm.mmap_base;
  mm.def_flags = withoutVmFlags(oldmm.def_flags, VM_LOCKED_MASK);
  const error = yield* k.dup_mmap(mm, oldmm);
  if (error === 0) return mm;
  yield* k.mmput(mm);
  return null;
}

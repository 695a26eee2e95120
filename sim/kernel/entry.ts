// The way into the kernel and back (arch/x86/entry): what every system call begins and ends with.
import type { Steps } from "../core/thread.ts";
import type { Kernel } from "./kernel.ts";

type SystemCalls = Readonly<Record<string, (...args: readonly unknown[]) => Steps<number | bigint>>>;

/** System call `name` of the current task, with its arguments converted. Returns its result or a negative errno. */
export function* do_syscall(k: Kernel, name: string, args: readonly unknown[]): Steps<number | bigint> {
  yield k.trace.sys_enter(name, k.current);
  const result = yield* (k as unknown as SystemCalls)[`sys_${name}`]!(...args);
  yield* k.resume_user_mode_work();
  yield k.trace.sys_exit(name, k.current, result);
  return result;
}

/** What is left to do before a task goes on in its program, after system calls and faults (include/linux/resume_user_mode.h). */
export function* resume_user_mode_work(k: Kernel): Steps<void> {
  if (k.current.task_works.length > 0) yield* k.task_work_run();
  if (k.current.memcg_nr_pages_over_high > 0) yield* k.mem_cgroup_handle_over_high();
}

/** A unit with which a statement of the scenario begins: that is a step of its own, before anything is done. */
export function* begin_statement(k: Kernel, line: number, name: string, args: readonly unknown[]): Steps<unknown> {
  yield k.trace.statement(k.current, line);
  return yield* (k as unknown as Readonly<Record<string, (...args: readonly unknown[]) => Steps<unknown>>>)[name]!(
    ...args,
  );
}

/** What a call does that has nothing to do. */
export function* nothing(k: Kernel): Steps<number> {
  yield* k.task_work_run();
  return 0;
}

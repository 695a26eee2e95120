// When a task is back in user space: its system call has ended, or its code has done something itself.
import type { BatchListener } from "../core/batch.ts";
import type { Context } from "./context.ts";

/** Calls `checks` whenever a task has left the kernel. */
export function onReturnToUser(context: Context, checks: readonly (() => void)[]): void {
  const { machine } = context;
  const check = () => {
    for (const each of checks) each();
  };
  machine.listen("sys_enter", () => {
    context.mine().in_syscall++;
  });
  machine.listen("sys_exit", () => {
    const thread = context.mine();
    if (thread.in_syscall > 0) thread.in_syscall--;
    if (thread.in_syscall === 0) check();
  });
  // Inside a call the kernel reaches into user memory on the task's behalf.
  const byUser = () => {
    const thread = context.mine();
    if ((thread.held !== 0 || thread.owed !== null) && thread.in_syscall === 0) check();
  };
  const clean: BatchListener<unknown> = {
    fits(_, count) {
      const thread = context.mine();
      return thread.held === 0 && thread.owed === null ? count : 0;
    },
    take() {},
  };
  for (const event of ["load", "store", "exec"]) machine.listen(event, byUser, { anon_faults: clean });
}

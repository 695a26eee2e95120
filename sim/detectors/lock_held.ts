// lock-held: a task returns to user space or exits with no lock held.
// Observes the ends of system calls and every access of user code. Reports the locks that are still held then.
import type { Context } from "./context.ts";
import type { HeldLocks } from "./held_locks.ts";
import { object } from "./report.ts";

export function lockHeld(context: Context, locks: () => HeldLocks): () => void {
  return () => {
    const thread = context.mine();
    if (thread.held === 0) return;
    const names: string[] = [];
    for (let i = 0; i < thread.held; i++) names.push(locks().className(locks().classAt(thread, i)));
    const holder = locks().holder(thread, 0);
    context.raise({
      kind: "lock-held",
      key: `lock-held ${names.join(" ")}`,
      message: `lock held when returning to user space: ${context.runner()} is leaving the kernel with locks still held: ${names.join(", ")}`,
      objects: [object(holder)],
    });
  };
}

// lock-held: a task returns to user space or exits with no lock held.
// Observes the ends of system calls and every access of user code. Reports the locks that are still held then.
import type { Context } from "./context.ts";
import { heldBy } from "./held_list.ts";
import type { HeldLocks } from "./held_locks.ts";
import { object } from "./report.ts";

export function lockHeld(context: Context, locks: () => HeldLocks): () => void {
  return () => {
    const thread = context.mine();
    if (thread.held === 0) return;
    const held = Array.from({ length: thread.held }, (_, i) => i);
    const names = held.map((i) => locks().className(locks().classAt(thread, i)));
    context.raise({
      kind: "lock-held",
      key: `lock-held ${names.join(" ")}`,
      message: `WARNING: lock held when returning to user space: ${context.runner()} is leaving the kernel with locks still held; ${heldBy(context, locks(), thread)}`,
      objects: held.map((i) => object(locks().holder(thread, i))),
    });
  };
}

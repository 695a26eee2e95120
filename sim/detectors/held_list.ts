// The locks of a thread in words, as lockdep lists them below its reports.
import type { Context } from "./context.ts";
import type { HeldLocks } from "./held_locks.ts";
import type { ThreadWatch } from "./watch.ts";

/** "1 lock held by writer: (&mm->mmap_lock) of mm_struct 1#1 (writer)" */
export function heldBy(context: Context, locks: HeldLocks, thread: ThreadWatch): string {
  const name = context.threadName(context.threads.indexOf(thread));
  if (thread.held === 0) return `no locks held by ${name}`;
  const list = Array.from({ length: thread.held }, (_, i) => {
    const lock = locks.className(locks.classAt(thread, i));
    return `(${lock}) of ${context.describe(locks.holder(thread, i))}`;
  });
  return `${thread.held} ${thread.held === 1 ? "lock" : "locks"} held by ${name}: ${list.join(", ")}`;
}

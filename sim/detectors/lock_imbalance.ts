// lock-imbalance: a lock is released by who holds it.
// Observes every unlock. Reports one of a lock that the thread does not hold, with who does.
import { type Context, nameOf } from "./context.ts";
import { heldBy } from "./held_list.ts";
import type { HeldLocks, LockListener } from "./held_locks.ts";
import { object } from "./report.ts";

export function lockImbalance(context: Context, locks: () => HeldLocks): LockListener {
  const { threads } = context;
  return {
    unheld(thread, lock, name) {
      const holder = threads.findIndex((other) => other !== thread && locks().find(other, lock) >= 0);
      const held = holder >= 0 ? `; it is held by ${context.threadName(holder)}` : "";
      context.raise({
        kind: "lock-imbalance",
        key: `lock-imbalance ${name} ${nameOf(lock)}`,
        message:
          `WARNING: bad unlock balance detected: ${context.runner()} is trying to release lock (${name}) of ${context.describe(lock)}; ` +
          `${thread.held === 0 ? "but there are no more locks to release" : heldBy(context, locks(), thread)}${held}`,
        objects: [object(lock)],
      });
    },
  };
}

// lock-inversion: the order of lock classes has no cycle.
// Observes every lock that a thread could have waited for while it held others, and learns pairs of classes from it. A pair
// that closes a cycle of known ones is reported, whether or not two threads ever met there.
import type { Context } from "./context.ts";
import { heldBy } from "./held_list.ts";
import type { HeldLocks, LockListener } from "./held_locks.ts";
import { object } from "./report.ts";
import type { MachineWatch } from "./watch.ts";

export function lockInversion(context: Context, state: MachineWatch, locks: () => HeldLocks): LockListener {
  return {
    nesting(thread, lock, lockClass) {
      for (let i = 0; i < thread.held; i++) {
        const held = locks().classAt(thread, i);
        if (held === lockClass || state.lock_order.has(held, lockClass)) continue;
        const cycle = state.lock_order.path(lockClass, held);
        state.lock_order = state.lock_order.with(held, lockClass);
        if (!cycle) continue;
        const names = cycle.map((each) => locks().className(each));
        context.raise({
          kind: "lock-inversion",
          key: `lock-inversion ${[...names].sort().join(" ")}`,
          message:
            `WARNING: possible circular locking dependency detected: ${context.runner()} is trying to acquire lock (${names[0]}) of ${context.describe(lock)}; ` +
            `but task is already holding lock (${names.at(-1)}), which already depends on the new lock; ` +
            `the existing dependency chain (in reverse order) is: ${[...names].reverse().join(" <- ")}; ${heldBy(context, locks(), thread)}`,
          objects: [object(lock)],
        });
      }
    },
  };
}

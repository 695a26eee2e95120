// lock-recursion: no class of lock is taken inside itself without a nesting annotation.
// Observes every lock that a thread could have waited for while it held others. Annotated nesting has a class of its own
// ("&mm->mmap_lock/1"), so equal names are enough. As lockdep, it reports a class once; unlike lockdep it goes on.
import type { Context } from "./context.ts";
import { heldBy } from "./held_list.ts";
import type { HeldLocks, LockListener } from "./held_locks.ts";
import { object } from "./report.ts";

export function lockRecursion(context: Context, locks: () => HeldLocks): LockListener {
  return {
    nesting(thread, lock, lockClass) {
      for (let i = 0; i < thread.held; i++) {
        if (locks().classAt(thread, i) !== lockClass) continue;
        const name = locks().className(lockClass);
        const held = locks().holder(thread, i);
        const same = held.$ === lock.$ && held.slot === lock.slot && held.gen === lock.gen;
        context.raise({
          kind: "lock-recursion",
          key: `lock-recursion ${name}`,
          message:
            `WARNING: possible recursive locking detected: ${context.runner()} is trying to acquire lock (${name}) of ${context.describe(lock)}; ` +
            `but task is already holding lock (${name}) of ${same ? "the same object" : context.describe(held)}; ` +
            `Possible unsafe locking scenario: lock(${name}); lock(${name}); *** DEADLOCK ***; ` +
            `May be due to missing lock nesting notation; ${heldBy(context, locks(), thread)}`,
          objects: same ? [object(lock)] : [object(lock), object(held)],
        });
        return;
      }
    },
  };
}

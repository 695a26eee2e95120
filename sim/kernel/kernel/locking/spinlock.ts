// Spinlocks (kernel/locking/spinlock.c). A CPU that holds one is not preempted.
import type { Steps } from "../../../core/thread.ts";
import type { Kernel } from "../../kernel.ts";
import type { Spinlock } from "../../mm_types.ts";

/** `name` is the lock's class: "ptlock_ptr(ptdesc)". */
export function* spin_lock(k: Kernel, lock: Spinlock, name: string): Steps<void> {
  const me = k.lock_ticket();
  if (lock.holder !== 0) {
    yield k.trace.contend(lock, name, "exclusive");
    while (lock.holder !== 0) yield k.wait(() => lock.holder === 0, name);
  }
  lock.holder = me;
  k.current.preempt_count++;
  yield k.trace.lock(lock, name, "exclusive");
}

/** Takes it if nobody has it. The caller yields the event of the lock. */
export function spin_trylock(k: Kernel, lock: Spinlock): boolean {
  if (lock.holder !== 0) return false;
  lock.holder = k.lock_ticket();
  k.current.preempt_count++;
  return true;
}

export function spin_unlock(k: Kernel, lock: Spinlock, name: string): number {
  lock.holder = 0;
  k.current.preempt_count--;
  return k.trace.unlock(lock, name, "exclusive");
}

// Reader-writer semaphores (kernel/locking/rwsem.c): first come first served, so that a waiting writer keeps new readers
// out, which is what makes nested read locks dangerous.
import type { Steps } from "../../../core/thread.ts";
import type { Kernel } from "../../kernel.ts";
import type { RwSemaphore } from "../../mm_types.ts";

const WRITER = -1;

/** Whether `ticket` (a thread number, negative for a writer) may have the lock now, by its turn and by who is inside. */
function may_take(sem: RwSemaphore, ticket: number): boolean {
  const first = sem.waiting[0];
  if (first !== undefined && first !== ticket) return false;
  return ticket < 0 ? sem.count === 0 : sem.count >= 0;
}

function take(sem: RwSemaphore, ticket: number): void {
  if (sem.waiting.length > 0) sem.waiting = sem.waiting.filter((waiting) => waiting !== ticket);
  if (ticket > 0) sem.count++;
  else {
    sem.count = WRITER;
    sem.holder = -ticket;
  }
}

/** Takes `sem` for reading; waits while a writer is inside or waits. `name` is its lock class: "&mm->mmap_lock". */
export function* down_read(k: Kernel, sem: RwSemaphore, name: string): Steps<void> {
  const ticket = k.lock_ticket();
  if (!may_take(sem, ticket)) {
    sem.waiting = [...sem.waiting, ticket];
    yield k.trace.contend(sem, name, "read");
    while (!may_take(sem, ticket)) yield k.wait(() => may_take(sem, ticket), `${name} for reading`);
  }
  take(sem, ticket);
  yield k.trace.lock(sem, name, "read");
}

/** Takes `sem` for reading if that needs no wait. The caller yields `lock_event` on success. */
export function down_read_trylock(k: Kernel, sem: RwSemaphore): boolean {
  const ticket = k.lock_ticket();
  if (!may_take(sem, ticket)) return false;
  take(sem, ticket);
  return true;
}

/** The same for writing. */
export function down_write_trylock(k: Kernel, sem: RwSemaphore): boolean {
  const ticket = -k.lock_ticket();
  if (!may_take(sem, ticket)) return false;
  take(sem, ticket);
  return true;
}

export function* down_write(k: Kernel, sem: RwSemaphore, name: string): Steps<void> {
  const ticket = -k.lock_ticket();
  if (!may_take(sem, ticket)) {
    sem.waiting = [...sem.waiting, ticket];
    yield k.trace.contend(sem, name, "write");
    while (!may_take(sem, ticket)) yield k.wait(() => may_take(sem, ticket), `${name} for writing`);
  }
  take(sem, ticket);
  yield k.trace.lock(sem, name, "write");
}

/** An unlock of what nobody holds is the caller's bug: the lock-imbalance detector sees the event, the count stays sane. */
export function up_read(k: Kernel, sem: RwSemaphore, name: string): number {
  if (sem.count > 0) sem.count--;
  return k.trace.unlock(sem, name, "read");
}

export function up_write(k: Kernel, sem: RwSemaphore, name: string): number {
  if (sem.count === WRITER) {
    sem.count = 0;
    sem.holder = 0;
  }
  return k.trace.unlock(sem, name, "write");
}

/** The writer becomes a reader without letting another writer in. */
export function downgrade_write(k: Kernel, sem: RwSemaphore, name: string): number {
  sem.count = 1;
  sem.holder = 0;
  return k.trace.unlock(sem, name, "downgrade");
}

/** Number of the running thread among those that can hold locks: from 1, also in interrupts. */
export function lock_ticket(k: Kernel): number {
  const { id } = k.thread;
  return id >= 0 ? id + 1 : 1_000_000 - id;
}

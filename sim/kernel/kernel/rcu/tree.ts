// Read-copy update (kernel/rcu/tree.c and tree_plugin.h, as with PREEMPT_RCU): what has been unlinked is freed by a callback
// after a grace period, when everybody has left who was in a read-side section as it began. In one is also who has preemption
// or interrupts off. Who comes later cannot find what was unlinked, and is not waited for.
import { embed, number, ref, refs, text, value } from "../../../core/fields.ts";
import { type Handle, type Of, struct } from "../../../core/struct.ts";
import type { Steps } from "../../../core/thread.ts";
import type { Kernel } from "../../kernel.ts";
import type { Cpu, Task } from "../../mm_types.ts";

/** A callback that waits: the kernel function `func` will be called with `object`, which Linux finds by where the head is in it. */
export const rcu_head = struct("rcu_head", {
  func: text(),
  object: value<Handle | null>(null),
  next: ref<RcuHead>("rcu_head"),
});

/** Callbacks in order, each linked to the next. */
export const rcu_cblist = struct("rcu_cblist", {
  head: ref<RcuHead>("rcu_head"),
  tail: ref<RcuHead>("rcu_head"),
  len: number(),
});

/** Linux keeps the callbacks of each CPU by itself; here all are together. */
export const rcu_state = struct("rcu_state", {
  /** Two low bits: 1 while a grace period is on. The others count the grace periods that are over. */
  gp_seq: number(),
  /** Tasks that were in a read-side section when another took their CPU. */
  blkd_tasks: refs<Task>("task_struct"),
  /** Readers whom the grace period that is on still waits for. */
  gp_tasks: refs<Task>("task_struct"),
  /** Callbacks for which this grace period has to end, and those that came later: they wait for the next one. */
  wait: embed(rcu_cblist),
  next_gp: embed(rcu_cblist),
  /** A reader hangs for ever, and so does the grace period. */
  stalled: number("bool"),
});

export interface RcuHead extends Of<typeof rcu_head> {}
export interface RcuCblist extends Of<typeof rcu_cblist> {}
export interface RcuState extends Of<typeof rcu_state> {}

/** Kernel functions that are callbacks. */
export type RcuCallback = "tlb_remove_table_rcu";

/** Nobody frees what the running task has found by now, until it has called `rcu_read_unlock` as often. No step: nobody sees it but a grace period. */
export function rcu_read_lock(k: Kernel): void {
  k.current.rcu_read_lock_nesting++;
}

export function rcu_read_unlock(k: Kernel): void {
  k.current.rcu_read_lock_nesting--;
}

/** `prev` loses its CPU, perhaps in the middle of a read-side section. */
export function rcu_note_context_switch(k: Kernel, prev: Task): void {
  if (prev.rcu_read_lock_nesting === 0) return;
  const { rcu_state } = k;
  if (rcu_state.blkd_tasks.indexOf(prev) < 0) rcu_state.blkd_tasks = rcu_state.blkd_tasks.add(prev);
}

/** Has `func` called with `object` when a grace period has passed. Returns the event. */
export function call_rcu(k: Kernel, object: Handle, func: RcuCallback): number {
  const head = k.store.alloc(rcu_head);
  head.func = func;
  head.object = object;
  const { next_gp } = k.rcu_state;
  enqueue(next_gp, head, head, 1);
  return k.trace.rcu_callback(func, object, next_gp.len);
}

function enqueue(list: RcuCblist, head: RcuHead, tail: RcuHead, len: number): void {
  if (list.tail) list.tail.next = head;
  else list.head = head;
  list.tail = tail;
  list.len += len;
}

/** One grace period, and the callbacks that have waited for it. */
export function* rcu_gp_kthread(k: Kernel): Steps<void> {
  yield* k.rcu_gp_init();
  yield* k.rcu_gp_fqs_loop();
  yield* k.rcu_gp_cleanup();
  yield* k.rcu_core();
}

export function* rcu_gp_init(k: Kernel): Steps<void> {
  const { rcu_state } = k;
  rcu_state.gp_seq++;
  const { wait, next_gp } = rcu_state;
  enqueue(wait, next_gp.head!, next_gp.tail!, next_gp.len);
  clear(next_gp);
  set_tasks(k, "blkd_tasks", [...rcu_state.blkd_tasks]);
  const running = Array.from({ length: k.config.cpus }, (_, id) => k.cpuOf(id).curr!);
  set_tasks(k, "gp_tasks", [...new Set([...rcu_state.blkd_tasks, ...running])]);
  yield k.trace.rcu_grace_period(rcu_state.gp_seq, "start");
}

/** Waits until each of those that were in a read-side section has been seen outside. */
export function* rcu_gp_fqs_loop(k: Kernel): Steps<void> {
  const { rcu_state } = k;
  const left = () => [...rcu_state.gp_tasks].some((task) => !is_reader(k, task));
  for (;;) {
    set_tasks(k, "gp_tasks", [...rcu_state.gp_tasks]);
    if (rcu_state.gp_tasks.length === 0) return;
    yield k.wait(left, "readers that were there before the grace period");
  }
}

export function* rcu_gp_cleanup(k: Kernel): Steps<void> {
  const { rcu_state } = k;
  rcu_state.gp_seq += 3;
  yield k.trace.rcu_grace_period(rcu_state.gp_seq, "end");
}

/** Linux does this in a softirq of the CPU that has called call_rcu. */
export function* rcu_core(k: Kernel): Steps<void> {
  yield* k.rcu_do_batch();
}

export function* rcu_do_batch(k: Kernel): Steps<void> {
  const { wait } = k.rcu_state;
  for (let head = wait.head; head; head = wait.head) {
    const { object } = head;
    const func = head.func as RcuCallback;
    wait.head = head.next;
    wait.len--;
    if (!wait.head) wait.tail = null;
    k.store.free(head);
    yield k.trace.rcu_invoke_callback(func, object);
    yield* k[func](object as never);
  }
}

/** Whether there is something to do for `rcu_gp_kthread`. */
export function rcu_pending(k: Kernel): boolean {
  return k.rcu_state.next_gp.head !== null && !k.rcu_state.stalled;
}

/** Whether a task is in a read-side section, of whatever kind. */
function is_reader(k: Kernel, task: Task): boolean {
  if (task.rcu_read_lock_nesting > 0 || task.preempt_count > 0) return true;
  const cpu: Cpu = k.cpuOf(task.cpu);
  return cpu.irqs_off > 0 && cpu.curr === task;
}

/** Keeps those of `tasks` that are readers, and writes only what is new: others may look at it. */
function set_tasks(k: Kernel, field: "blkd_tasks" | "gp_tasks", tasks: readonly Task[]): void {
  const { rcu_state } = k;
  const readers = tasks.filter((task) => is_reader(k, task));
  const list = rcu_state[field];
  if (readers.length !== list.length || readers.some((task, i) => list.at(i) !== task))
    rcu_state[field] = list.splice(0, list.length, ...readers);
}

function clear(list: RcuCblist): void {
  list.head = null;
  list.tail = null;
  list.len = 0;
}

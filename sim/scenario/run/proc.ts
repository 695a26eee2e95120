// /proc as expressions and reports see it: the kernel's own files, by field.
import type { System } from "../../kernel/boot.ts";
import type { MemCgroup } from "../../kernel/mm/memcontrol.ts";
import type { Task } from "../../kernel/mm_types.ts";

export type Fields = Readonly<Record<string, number | bigint | boolean>>;

/** /proc/PID/status; sizes in bytes. */
export function statusOf(system: System, task: Task): Fields {
  const { straight: k } = system;
  const threads = k.tasks().filter((other) => other.tgid === task.tgid && other.exit_state === 0).length;
  return { ...k.proc_status(task), Pid: task.pid, PPid: task.parent?.pid ?? 0, Threads: threads };
}

export function statOf(system: System, task: Task): Fields {
  const { minflt, majflt } = system.straight.proc_stat(task);
  return { minflt, majflt };
}

/** /proc/meminfo; sizes in bytes. */
export const meminfoOf = (system: System): Readonly<Record<string, number>> => system.straight.meminfo();

/** A memory control group: its limits, memory.stat and memory.events; sizes in bytes. */
export function memcgOf({ straight: k }: System, memcg: MemCgroup): Fields {
  const { memory, memory_peak, memory_max, swap } = memcg;
  const { max, oom, oom_kill } = k.memory_events(memcg);
  const sizes = { current: memory * 4096, peak: memory_peak * 4096, max: memory_max * 4096, swap: swap * 4096 };
  return { ...k.memory_stat(memcg), ...sizes, oom: oom!, oom_kill: oom_kill!, max_events: max! };
}

/** The entry of an address in /proc/PID/pagemap, taken apart. */
export function pagemapOf(system: System, task: Task, address: number): Fields {
  const found = system.straight.pagemap(task, address);
  return { ...found, swap: found.swapped };
}

/** The mapping that covers an address in /proc/PID/smaps, sizes in bytes; null where there is none. */
export function smapsOf(system: System, task: Task, address: number): Fields | null {
  if (!task.mm || !system.straight.vma_lookup(task.mm, address)) return null;
  return { ...system.straight.smaps(task, address) };
}

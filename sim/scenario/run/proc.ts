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

/** /proc/zoneinfo; in pages. */
export const zoneinfoOf = (system: System): Readonly<Record<string, number>> => system.straight.zoneinfo();

/** A memory control group: its limits, memory.stat and memory.events; sizes in bytes. */
export function memcgOf({ straight: k }: System, memcg: MemCgroup): Fields {
  const { memory, swap } = memcg;
  const pages = {
    ...{ current: memory.usage, peak: memory.watermark, min: memory.min, low: memory.low, high: memory.high },
    ...{ max: memory.max, swap: swap.usage, swap_peak: swap.watermark, swap_max: swap.max },
  };
  const sizes = Object.fromEntries(Object.entries(pages).map(([name, count]) => [name, count * 4096]));
  const { low, high, max, ...events } = k.memory_events(memcg);
  const same = { low_events: low, high_events: high, max_events: max };
  return { ...k.memory_stat(memcg), ...sizes, ...events, ...same };
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

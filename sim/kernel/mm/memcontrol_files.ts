// The files of the memory controller in a group's directory (mm/memcontrol.c: memory_files and swap_files).
import type { Steps } from "../../core/thread.ts";
import type { CgroupFile } from "../kernel/cgroup.ts";
import type { Kernel } from "../kernel.ts";
import { EAGAIN, EINTR, EINVAL } from "../uapi/errno.ts";
import { MAX_RECLAIM_RETRIES, type MemCgroup } from "./memcontrol.ts";
import { PAGE_COUNTER_MAX } from "./page_counter.ts";

const bytes = (pages: number): string => (pages >= PAGE_COUNTER_MAX ? "max\n" : `${pages * 4096}\n`);
const lines = (values: object): string =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${value}\n`)
    .join("");

export const MEMORY_FILES: Readonly<Record<string, CgroupFile<MemCgroup>>> = {
  "memory.current": { read: (_k, { memory }) => bytes(memory.usage) },
  "memory.peak": { read: (_k, { memory }) => bytes(memory.watermark) },
  "memory.min": { read: (_k, { memory }) => bytes(memory.min), write: "memory_min_write" },
  "memory.low": { read: (_k, { memory }) => bytes(memory.low), write: "memory_low_write" },
  "memory.high": { read: (_k, { memory }) => bytes(memory.high), write: "memory_high_write" },
  "memory.max": { read: (_k, { memory }) => bytes(memory.max), write: "memory_max_write" },
  "memory.reclaim": { write: "memory_reclaim" },
  "memory.stat": { read: (k, memcg) => lines(k.memory_stat(memcg)) },
  "memory.events": { read: (k, memcg) => lines(k.memory_events(memcg)) },
  "memory.events.local": { read: (k, memcg) => lines(k.memory_events_local(memcg)) },
  "memory.oom.group": { read: (_k, { oom_group }) => `${oom_group}\n`, write: "memory_oom_group_write" },
  "memory.swap.current": { read: (_k, { swap }) => bytes(swap.usage) },
  "memory.swap.peak": { read: (_k, { swap }) => bytes(swap.watermark) },
  "memory.swap.max": { read: (_k, { swap }) => bytes(swap.max), write: "swap_max_write" },
  "memory.swap.events": { read: (k, memcg) => lines(k.swap_events(memcg)) },
};

const UNITS = "kmgtpe";

/** A number at the start of a text, with K, M, G, T, P or E, as the kernel reads it: 0x… is hexadecimal, 0… octal. Null: none. */
function memparse(text: string): { readonly bytes: number; readonly rest: string } | null {
  const found = /^(0x[\da-f]+|0[0-7]*|[1-9]\d*)([kmgtpe]?)/i.exec(text);
  if (!found) return null;
  const digits = /^0[0-7]+$/.test(found[1]!) ? `0o${found[1]!.slice(1)}` : found[1]!;
  const unit = found[2] ? 1024 ** (UNITS.indexOf(found[2].toLowerCase()) + 1) : 1;
  return { bytes: Number(digits) * unit, rest: text.slice(found[0].length) };
}

/** A size as it is written to memory.max: bytes with a unit, or "max". In pages; a negative errno. */
function page_counter_memparse(text: string): number {
  if (text === "max") return PAGE_COUNTER_MAX;
  const found = memparse(text);
  if (found?.rest !== "") return -EINVAL;
  return Math.min(PAGE_COUNTER_MAX, Math.floor(found.bytes / 4096));
}

/** So much of the group is reclaimed only where everything else would end without memory: never. */
export function* memory_min_write(k: Kernel, memcg: MemCgroup, text: string): Steps<number> {
  const min = page_counter_memparse(text);
  if (min < 0) return min;
  memcg.memory.min = min;
  yield k.trace.memory_limit_write(memcg, "memory.min", min);
  return 0;
}

/** So much of the group is reclaimed only when there is nothing else. */
export function* memory_low_write(k: Kernel, memcg: MemCgroup, text: string): Steps<number> {
  const low = page_counter_memparse(text);
  if (low < 0) return low;
  memcg.memory.low = low;
  yield k.trace.memory_limit_write(memcg, "memory.low", low);
  return 0;
}

/** Beyond this the group's processes have to reclaim, but nobody is killed. A group that is above it is reclaimed now. */
export function* memory_high_write(k: Kernel, memcg: MemCgroup, text: string): Steps<number> {
  const high = page_counter_memparse(text);
  if (high < 0) return high;
  memcg.memory.high = high;
  yield k.trace.memory_limit_write(memcg, "memory.high", high);
  const asked = () => memcg.memory.high === high && memcg.memory.usage > high && !k.current.signal;
  for (let retries = MAX_RECLAIM_RETRIES; asked(); )
    if ((yield* k.try_to_free_mem_cgroup_pages(memcg, memcg.memory.usage - high)) === 0 && retries-- === 0) break;
  return 0;
}

/** A new limit. A group that is above it is reclaimed; where that is not enough, its processes are killed. */
export function* memory_max_write(k: Kernel, memcg: MemCgroup, text: string): Steps<number> {
  const max = page_counter_memparse(text);
  if (max < 0) return max;
  memcg.memory.max = max;
  yield k.trace.memory_max_write(memcg, max);
  const asked = () => memcg.memory.max === max && memcg.memory.usage > max && !k.current.signal;
  for (let retries = MAX_RECLAIM_RETRIES; asked(); ) {
    if (retries > 0) {
      if ((yield* k.try_to_free_mem_cgroup_pages(memcg, memcg.memory.usage - max)) === 0) retries--;
      continue;
    }
    yield k.count_mem_cgroup_oom(memcg);
    if ((yield* k.mem_cgroup_out_of_memory(memcg)) === "nobody") break;
  }
  return 0;
}

export function* swap_max_write(k: Kernel, memcg: MemCgroup, text: string): Steps<number> {
  const max = page_counter_memparse(text);
  if (max < 0) return max;
  memcg.swap.max = max;
  yield k.trace.memory_limit_write(memcg, "memory.swap.max", max);
  return 0;
}

/** Whether the processes of the group and of those below it are killed together. */
export function* memory_oom_group_write(k: Kernel, memcg: MemCgroup, text: string): Steps<number> {
  if (text !== "0" && text !== "1") return -EINVAL;
  memcg.oom_group = Number(text);
  yield k.trace.memory_limit_write(memcg, "memory.oom.group", memcg.oom_group);
  return 0;
}

/** memory.reclaim: so much is to be freed, a quarter of what is left at a time. -EAGAIN if it was less. */
export function* memory_reclaim(k: Kernel, memcg: MemCgroup, text: string): Steps<number> {
  const found = memparse(text);
  if (found?.rest.trim() !== "") return -EINVAL;
  const wanted = Math.floor(found.bytes / 4096);
  for (let freed = 0, retries = MAX_RECLAIM_RETRIES; freed < wanted; ) {
    if (k.current.signal) return -EINTR;
    const batch = Math.floor((wanted - freed) / 4);
    const now = yield* k.try_to_free_mem_cgroup_pages(memcg, batch, "proactive");
    if (now === 0 && retries-- === 0) return -EAGAIN;
    freed += now;
  }
  return 0;
}

// What a control group has and may have of something (mm/page_counter.c): counted for the group and all above it.
import { pages } from "../../core/fields.ts";
import { type Of, struct } from "../../core/struct.ts";
import type { Kernel } from "../kernel.ts";
import type { MemCgroup } from "./memcontrol.ts";

/** PAGE_COUNTER_MAX: no limit. */
export const PAGE_COUNTER_MAX = 2 ** 51;

export const page_counter = struct("page_counter", {
  usage: pages(),
  /** The most that `usage` has been. */
  watermark: pages(),
  min: pages(),
  low: pages(),
  high: pages(),
  max: pages(),
  /** What of `min` and `low` the groups above leave to it: worked out by whoever reclaims. */
  emin: pages(),
  elow: pages(),
});
export interface PageCounter extends Of<typeof page_counter> {}

/** The counters of a group. */
export type CounterName = "memory" | "swap" | "kmem";

/** The group and those above it, but for the root, which is charged nothing. */
export const self_and_above = (memcg: MemCgroup | null): MemCgroup[] => {
  const groups: MemCgroup[] = [];
  for (let at = memcg; at?.parent; at = at.parent) groups.push(at);
  return groups;
};

/** Counts `nr` pages more at every level. Returns the first group that may not have them, with nothing counted; null: done. */
export function page_counter_try_charge(
  k: Kernel,
  memcg: MemCgroup,
  counter: CounterName,
  nr: number,
): MemCgroup | null {
  for (const group of self_and_above(memcg)) if (group[counter].usage + nr > group[counter].max) return group;
  k.page_counter_charge(memcg, counter, nr);
  return null;
}

/** Counts `nr` pages more, whatever the limits. */
export function page_counter_charge(_k: Kernel, memcg: MemCgroup, counter: CounterName, nr: number): void {
  for (const group of self_and_above(memcg)) {
    const at = group[counter];
    at.usage += nr;
    if (at.usage > at.watermark) at.watermark = at.usage;
  }
}

/** How many pages more can be charged to the group before somebody has to do something about it. Null: the root. */
export function page_counter_room(_k: Kernel, memcg: MemCgroup | null): number {
  let room = Number.POSITIVE_INFINITY;
  for (const { memory } of self_and_above(memcg))
    room = Math.min(room, memory.max - memory.usage, memory.high - memory.usage);
  return Math.max(0, room);
}

export function page_counter_uncharge(_k: Kernel, memcg: MemCgroup, counter: CounterName, nr: number): void {
  for (const group of self_and_above(memcg)) group[counter].usage -= nr;
}

/**
 * How much of `memcg` is protected while the subtree of `root` is reclaimed: its own `min` and `low`, as far as the groups
 * between leave it that. Where children want more than their parent has, each gets its share; what of their parent's they do not
 * want protects them too, each as much as it has beyond its own (memory_recursiveprot, as systemd mounts it). To be called from
 * the top down.
 */
export function page_counter_calculate_protection(k: Kernel, root: MemCgroup, memcg: MemCgroup): void {
  const { memory, parent } = memcg;
  if (memcg === root || !parent || memory.usage === 0) return;
  if (parent === root || parent === k.root_mem_cgroup) {
    memory.emin = memory.min;
    memory.elow = memory.low;
    return;
  }
  memory.emin = effective_protection(memcg, "min", parent.memory.emin);
  memory.elow = effective_protection(memcg, "low", parent.memory.elow);
}

const used_of = ({ memory }: MemCgroup, setting: "min" | "low"): number => Math.min(memory.usage, memory[setting]);

function effective_protection(memcg: MemCgroup, setting: "min" | "low", parent_effective: number): number {
  const wanted = used_of(memcg, setting);
  const parent = memcg.parent!;
  const siblings = [...parent.children].reduce((sum, one) => sum + used_of(one, setting), 0);
  if (siblings > parent_effective) return Math.floor((wanted * parent_effective) / siblings);
  const [more, of] = [memcg.memory.usage - wanted, parent.memory.usage - siblings];
  return more > 0 && of > 0 ? wanted + Math.floor(((parent_effective - siblings) * more) / of) : wanted;
}

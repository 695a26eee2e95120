// Memory control groups (mm/memcontrol.c): who is charged for pages, and how much a group may have. A page is charged where it
// is first used, and stays charged there whoever uses it later; what a group has counts for all groups above it too. With no
// group beside the root nothing is charged. Linux charges in batches of 64 pages a CPU; here memory.current is exact.
import { array, embed, number, ref, refs, text } from "../../core/fields.ts";
import { idOf, type Of, struct } from "../../core/struct.ts";
import type { Steps } from "../../core/thread.ts";
import { swapOffset } from "../../hardware/entry.ts";
import type { Kernel } from "../kernel.ts";
import type { Mm, Page, Task } from "../mm_types.ts";
import { ENOMEM } from "../uapi/errno.ts";
import type { OomOutcome } from "./oom_kill.ts";
import { PAGE_TYPE } from "./page_alloc.ts";
import { PAGE_COUNTER_MAX, page_counter, self_and_above } from "./page_counter.ts";
import type { Lruvec } from "./swap.ts";
import { lruvec } from "./swap.ts";

export const MAX_RECLAIM_RETRIES = 16;
/** Pages beyond memory.high that a task may take before it has to reclaim on the spot (MEMCG_CHARGE_BATCH). */
const CHARGE_BATCH = 64;

/** Indices of `memory_events`, in the order of memory.events; then those of memory.swap.events. */
export const MEMCG_LOW = 0;
export const MEMCG_HIGH = 1;
export const MEMCG_MAX = 2;
export const MEMCG_OOM = 3;
export const MEMCG_OOM_KILL = 4;
export const MEMCG_OOM_GROUP_KILL = 5;
export const MEMCG_SWAP_MAX = 6;
export const MEMCG_SWAP_FAIL = 7;
const EVENTS = 8;

/** Events that memory.stat shows. */
export type MemcgStatEvent =
  | "pgfault"
  | "pgmajfault"
  | "pgscan_kswapd"
  | "pgscan_direct"
  | "pgscan_proactive"
  | "pgsteal_kswapd"
  | "pgsteal_direct"
  | "pgsteal_proactive"
  | "pgactivate"
  | "pgdeactivate"
  | "pswpin"
  | "pswpout";

export const mem_cgroup = struct("mem_cgroup", {
  /** Its directory's path below the mount point: "/a/b"; "" for the root. */
  name: text(),
  parent: ref<MemCgroup>("mem_cgroup"),
  /** In order of their making, also those that were removed and have something left that is charged to them. */
  children: refs<MemCgroup>("mem_cgroup"),
  /** Groups below it. Those of the root say whether anything is charged at all. */
  nr_descendants: number(),
  /** Its directory is there. Groups that were removed stay as long as something is charged to them. */
  online: number("bool"),
  memory: embed(page_counter),
  /** Of `memory` what the kernel has for it: page tables. */
  kmem: embed(page_counter),
  swap: embed(page_counter),
  /** The pages that are charged to it, in the order in which reclaim looks at them. */
  lruvec: ref<Lruvec>("lruvec"),
  /** memory.oom.group: its processes are killed together. */
  oom_group: number("bool"),
  /** Where reclaim of its subtree goes on: the group that was looked at last. */
  reclaim_position: ref<MemCgroup>("mem_cgroup"),
  /** memory.events with those of the groups below it; its own alone. */
  memory_events: array(EVENTS),
  memory_events_local: array(EVENTS),
  // memory.stat, with those of the groups below it
  pgfault: number(),
  pgmajfault: number(),
  pgscan_kswapd: number(),
  pgscan_direct: number(),
  pgscan_proactive: number(),
  pgsteal_kswapd: number(),
  pgsteal_direct: number(),
  pgsteal_proactive: number(),
  pgactivate: number(),
  pgdeactivate: number(),
  pswpin: number(),
  pswpout: number(),
});
export interface MemCgroup extends Of<typeof mem_cgroup> {}

/** No group beside the root: whoever wants to know whether charging can be left out asks this. */
export const mem_cgroup_disabled = (k: Kernel): boolean => k.root_mem_cgroup.nr_descendants === 0;

/** The group that a task's memory is charged to; null: the root, which is charged nothing. */
export function mem_cgroup_from_task(k: Kernel, task: Task | null): MemCgroup | null {
  return task ? k.cgroup_e_memcg(task.cgroup) : null;
}

/** Whom a page of an address space is charged to: its owner's group. */
export function get_mem_cgroup_from_mm(k: Kernel, mm: Mm | null): MemCgroup | null {
  const charged = mm ?? k.current.mm;
  return charged ? k.mem_cgroup_from_task(charged.owner) : null;
}

/** Whether `memcg` is `root` or a group below it; null is the root of all. */
export function mem_cgroup_is_descendant(_k: Kernel, memcg: MemCgroup | null, root: MemCgroup): boolean {
  for (const group of self_and_above(memcg)) if (group === root) return true;
  return !root.parent;
}

/** Charges a new page of user memory; `mm` null: to the running process. Returns 0, or -ENOMEM with nothing charged. */
export function* mem_cgroup_charge(k: Kernel, page: Page, mm: Mm | null): Steps<number> {
  return mem_cgroup_disabled(k) ? 0 : yield* k.__mem_cgroup_charge(page, mm);
}

export function* __mem_cgroup_charge(k: Kernel, page: Page, mm: Mm | null): Steps<number> {
  return yield* k.charge_memcg(page, k.get_mem_cgroup_from_mm(mm));
}

export function* charge_memcg(k: Kernel, page: Page, memcg: MemCgroup | null): Steps<number> {
  if (!memcg) return 0;
  const error = yield* k.try_charge_memcg(memcg, 1);
  if (error) return error;
  page.memcg = memcg;
  yield k.trace.mem_cgroup_charge(page.slot, memcg, memcg.memory.usage);
  return 0;
}

/** A page table (__GFP_ACCOUNT): charged to the group of whoever asks for it, whatever address space it is for. */
export function* __memcg_kmem_charge_page(k: Kernel, page: Page): Steps<number> {
  if (mem_cgroup_disabled(k) || k.current.kthread) return 0;
  const memcg = k.mem_cgroup_from_task(k.current);
  return memcg ? yield* k.obj_cgroup_charge_pages(page, memcg) : 0;
}

/** Memory that the kernel itself has for a group: counted as such besides. */
export function* obj_cgroup_charge_pages(k: Kernel, page: Page, memcg: MemCgroup): Steps<number> {
  const error = yield* k.try_charge_memcg(memcg, 1);
  if (error) return error;
  k.page_counter_charge(memcg, "kmem", 1);
  page.memcg = memcg;
  yield k.trace.mem_cgroup_charge(page.slot, memcg, memcg.memory.usage);
  return 0;
}

/** A page comes back from swap: charged to the group that had it before, if that is still there. */
export function* mem_cgroup_swapin_charge_folio(k: Kernel, page: Page, mm: Mm | null, entry: number): Steps<number> {
  if (mem_cgroup_disabled(k)) return 0;
  const before = k.lookup_swap_cgroup(entry);
  return yield* k.charge_memcg(page, before?.online ? before : k.get_mem_cgroup_from_mm(mm));
}

/**
 * Charges `nr` pages to a group and those above it. Where one of them is full, it first gives up what it and the groups
 * below it can do without, then a process.
 * @returns 0 or -ENOMEM
 */
export function* try_charge_memcg(k: Kernel, memcg: MemCgroup, nr: number): Steps<number> {
  let retries = MAX_RECLAIM_RETRIES;
  let drained = false;
  let passed_oom = false;
  for (;;) {
    const over = k.page_counter_try_charge(memcg, "memory", nr);
    if (!over) break;
    // The reaper has been at its memory already: it need not have more to end.
    if (k.current.oom_victim && k.current.mm?.oom_skip) return -ENOMEM;
    k.memcg_memory_event(over, MEMCG_MAX);
    const freed = yield* k.try_to_free_mem_cgroup_pages(over, nr);
    if (k.mem_cgroup_margin(over) >= nr) continue;
    if (!drained) {
      // What CPUs have charged ahead would go back now: here they have nothing.
      drained = true;
      continue;
    }
    if (freed > 0 || retries-- > 0) continue;
    if (passed_oom && k.current.signal) return -ENOMEM;
    if ((yield* k.mem_cgroup_oom(over)) === "nobody") return -ENOMEM;
    passed_oom = true;
    retries = MAX_RECLAIM_RETRIES;
  }
  for (const { memory } of self_and_above(memcg)) {
    if (memory.usage <= memory.high) continue;
    // Who is above memory.high reclaims on the way back to its program, or here when it has taken much.
    k.current.memcg_nr_pages_over_high += nr;
    if (k.current.memcg_nr_pages_over_high > CHARGE_BATCH) yield* k.mem_cgroup_handle_over_high();
    break;
  }
  return 0;
}

/** A group is full, and reclaim does not help: one of its processes is killed. */
export function* mem_cgroup_oom(k: Kernel, memcg: MemCgroup): Steps<OomOutcome> {
  yield k.count_mem_cgroup_oom(memcg);
  return yield* k.mem_cgroup_out_of_memory(memcg);
}

/** Counts that a group is out of memory. Returns the event. */
export function count_mem_cgroup_oom(k: Kernel, memcg: MemCgroup): number {
  k.memcg_memory_event(memcg, MEMCG_OOM);
  return k.trace.mem_cgroup_oom(memcg, memcg.memory.usage);
}

export function* mem_cgroup_out_of_memory(k: Kernel, memcg: MemCgroup): Steps<OomOutcome> {
  // Somebody has made room meanwhile, or who asks ends anyway: nobody need be killed.
  const needless = k.mem_cgroup_margin(memcg) >= 1 || k.current.signal !== 0;
  return needless ? "killed" : yield* k.out_of_memory(memcg);
}

/** Pages that can be charged to a group before it is full. */
export function mem_cgroup_margin(_k: Kernel, { memory }: MemCgroup): number {
  return Math.max(0, memory.max - memory.usage);
}

/**
 * The task has taken pages beyond memory.high: it reclaims from each group that is above it. Linux makes it sleep as well
 * where that does not help; here time means nothing.
 */
export function* mem_cgroup_handle_over_high(k: Kernel): Steps<void> {
  const { current } = k;
  const nr = current.memcg_nr_pages_over_high;
  if (nr === 0) return;
  current.memcg_nr_pages_over_high = 0;
  // Nobody is killed for memory.high: who ends anyway need not make room first.
  if (current.signal) return;
  for (const group of self_and_above(k.mem_cgroup_from_task(current))) {
    if (group.memory.usage <= group.memory.high) continue;
    k.memcg_memory_event(group, MEMCG_HIGH);
    yield* k.try_to_free_mem_cgroup_pages(group, nr);
  }
}

/** The page is about to be free. Makes no step: its end is one. */
export function uncharge_folio(k: Kernel, page: Page): void {
  const { memcg } = page;
  if (!memcg) return;
  page.memcg = null;
  k.page_counter_uncharge(memcg, "memory", 1);
  if (is_table(page)) k.page_counter_uncharge(memcg, "kmem", 1);
  k.css_put(memcg);
}

const is_table = ({ type }: Page): boolean => type >= PAGE_TYPE.pte && type <= PAGE_TYPE.pgd;

/** A page moves to another frame, and its charge with it. */
export function mem_cgroup_migrate(_k: Kernel, src: Page, dst: Page): void {
  dst.memcg = src.memcg;
  src.memcg = null;
}

/** A slot of swap for a page, charged to its group, or the next above it that is there. False where that may have no more. */
export function __mem_cgroup_try_charge_swap(k: Kernel, page: Page, entry: number): boolean {
  if (!page.memcg) return true;
  const memcg = k.mem_cgroup_id_get_online(page.memcg);
  if (!memcg) return true;
  if (k.page_counter_try_charge(memcg, "swap", 1)) {
    k.memcg_memory_event(memcg, MEMCG_SWAP_MAX);
    k.memcg_memory_event(memcg, MEMCG_SWAP_FAIL);
    return false;
  }
  const si = k.swap_info;
  si.swap_cgroup = si.swap_cgroup.set(swapOffset(entry), idOf(memcg));
  return true;
}

/** The group itself if its directory is there, else the next above it that is; null: the root. */
export function mem_cgroup_id_get_online(_k: Kernel, memcg: MemCgroup): MemCgroup | null {
  for (const group of self_and_above(memcg)) if (group.online) return group;
  return null;
}

/** Slots that a group may still take; null: the root. */
export function mem_cgroup_get_nr_swap_pages(k: Kernel, memcg: MemCgroup | null): number {
  let left = k.vmstat.nr_swap_pages;
  for (const { swap } of self_and_above(memcg)) left = Math.min(left, swap.max - swap.usage);
  return left;
}

/** Swap is short, for all or for the page's group: pages in memory give up their slots when they can. */
export function mem_cgroup_swap_full(k: Kernel, page: Page): boolean {
  if (k.vm_swap_full()) return true;
  for (const { swap } of self_and_above(page.memcg)) if (swap.usage * 2 >= swap.max) return true;
  return false;
}

/** The group that a slot is charged to. */
export function lookup_swap_cgroup(k: Kernel, entry: number): MemCgroup | null {
  const id = k.swap_info.swap_cgroup.get(swapOffset(entry));
  return id === undefined ? null : (k.store.storage("mem_cgroup").deref(id) as MemCgroup);
}

/** A slot is free again. */
export function mem_cgroup_uncharge_swap(k: Kernel, entry: number): void {
  const memcg = k.lookup_swap_cgroup(entry);
  if (!memcg) return;
  const si = k.swap_info;
  si.swap_cgroup = si.swap_cgroup.delete(swapOffset(entry));
  k.page_counter_uncharge(memcg, "swap", 1);
  k.css_put(memcg);
}

/** A removed group goes with the last that is charged to it or to a group below it, and then perhaps those above. */
export function css_put(k: Kernel, memcg: MemCgroup): void {
  for (let at: MemCgroup | null = memcg; at?.parent; ) {
    if (at.online || at.memory.usage > 0 || at.swap.usage > 0 || at.children.length > 0) return;
    const { parent }: MemCgroup = at;
    const gone = at;
    for (let above: MemCgroup | null = parent; above; above = above.parent) {
      above.nr_descendants--;
      if (above.reclaim_position === gone) above.reclaim_position = null;
    }
    parent!.children = parent!.children.without(gone);
    k.store.free(gone.lruvec!);
    k.store.free(gone);
    at = parent;
  }
}

/** A new group below `parent`. */
export function mem_cgroup_css_alloc(k: Kernel, parent: MemCgroup, name: string): MemCgroup {
  const memcg = k.store.alloc(mem_cgroup) as MemCgroup;
  memcg.name = name;
  memcg.parent = parent;
  memcg.lruvec = k.store.alloc(lruvec) as Lruvec;
  for (const counter of [memcg.memory, memcg.swap, memcg.kmem]) {
    counter.high = PAGE_COUNTER_MAX;
    counter.max = PAGE_COUNTER_MAX;
  }
  memcg.online = 1;
  parent.children = parent.children.add(memcg);
  for (let above: MemCgroup | null = parent; above; above = above.parent) above.nr_descendants++;
  return memcg;
}

/**
 * The group's directory goes. What the kernel has for it is its parent's from now on; pages of users stay charged to it,
 * and to those above it, until they are free.
 */
export function mem_cgroup_css_offline(k: Kernel, memcg: MemCgroup): void {
  memcg.memory.min = 0;
  memcg.memory.low = 0;
  memcg.online = 0;
  const tables = k.charged_pages(memcg).filter(is_table);
  // The root is charged nothing.
  for (const table of tables) table.memcg = memcg.parent!.parent ? memcg.parent : null;
  memcg.memory.usage -= tables.length;
  memcg.kmem.usage -= tables.length;
  k.css_put(memcg);
}

/** The address space has had a fault that its owner's group counts. */
export function count_memcg_event_mm(k: Kernel, mm: Mm, event: "pgfault" | "pgmajfault"): void {
  if (!mem_cgroup_disabled(k)) k.count_memcg_events(k.get_mem_cgroup_from_mm(mm), event, 1);
}

/** Counts for memory.stat of a group and of those above it. */
export function count_memcg_events(_k: Kernel, memcg: MemCgroup | null, event: MemcgStatEvent, nr: number): void {
  for (const group of self_and_above(memcg)) group[event] += nr;
}

/** Counts for memory.events of a group and of those above it. */
export function memcg_memory_event(_k: Kernel, memcg: MemCgroup | null, event: number): void {
  if (memcg?.parent) memcg.set_memory_events_local(event, memcg.memory_events_local(event) + 1);
  for (const group of self_and_above(memcg)) group.set_memory_events(event, group.memory_events(event) + 1);
}

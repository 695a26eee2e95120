// Memory control groups (mm/memcontrol.c): who is charged for pages, and how much a group may have. A page is charged where it
// is first used, and stays charged there whoever uses it later. With no group beside the root nothing is charged.
// Linux charges in batches of 64 pages a CPU; here memory.current is exact.
import { number, pages, ref, text } from "../../core/fields.ts";
import { idOf, type Of, struct } from "../../core/struct.ts";
import type { Steps } from "../../core/thread.ts";
import { swapOffset } from "../../hardware/entry.ts";
import type { Kernel } from "../kernel.ts";
import type { Mm, Page, Task } from "../mm_types.ts";
import { ENOMEM } from "../uapi/errno.ts";

/** PAGE_COUNTER_MAX: no limit. */
export const PAGE_COUNTER_MAX = 2 ** 51;
const MAX_RECLAIM_RETRIES = 16;

export const mem_cgroup = struct("mem_cgroup", {
  /** Its directory's name; "" for the root. */
  name: text(),
  parent: ref<MemCgroup>("mem_cgroup"),
  /** Groups below it. Those of the root say whether anything is charged at all. */
  nr_descendants: number(),
  /** Its directory is there. Groups that were removed stay as long as something is charged to them. */
  online: number("bool"),
  /** memory.current, memory.peak, memory.max; of memory.current what is page tables. */
  memory: pages(),
  memory_peak: pages(),
  memory_max: pages(),
  kmem: pages(),
  /** memory.swap.current, memory.swap.max */
  swap: pages(),
  swap_max: pages(),
  // memory.events
  event_max: number(),
  event_oom: number(),
  event_oom_kill: number(),
  // memory.stat
  pgfault: number(),
  pgmajfault: number(),
  pgscan: number(),
  pgsteal: number(),
  pgactivate: number(),
  pswpin: number(),
  pswpout: number(),
});
export interface MemCgroup extends Of<typeof mem_cgroup> {}

/** No group beside the root: whoever wants to know whether charging can be left out asks this. */
export const mem_cgroup_disabled = (k: Kernel): boolean => k.root_mem_cgroup.nr_descendants === 0;

/** The group of a task; null: the root, which is charged nothing. */
export function mem_cgroup_from_task(_k: Kernel, task: Task | null): MemCgroup | null {
  return task ? task.memcg : null;
}

/** Whom a page of an address space is charged to: its owner's group. */
export function get_mem_cgroup_from_mm(k: Kernel, mm: Mm | null): MemCgroup | null {
  const charged = mm ?? k.current.mm;
  return charged ? k.mem_cgroup_from_task(charged.owner) : null;
}

/** Charges a new page of user memory; `mm` null: to the running process. Returns 0, or -ENOMEM with nothing charged. */
export function* mem_cgroup_charge(k: Kernel, page: Page, mm: Mm | null): Steps<number> {
  if (mem_cgroup_disabled(k)) return 0;
  return yield* k.charge_memcg(page, k.get_mem_cgroup_from_mm(mm));
}

export function* charge_memcg(k: Kernel, page: Page, memcg: MemCgroup | null): Steps<number> {
  if (!memcg) return 0;
  const error = yield* k.try_charge(memcg, 1);
  if (error) return error;
  page.memcg = memcg;
  yield k.trace.mem_cgroup_charge(page.slot, memcg, memcg.memory);
  return 0;
}

/** A page table (__GFP_ACCOUNT): charged to the group of whoever asks for it, whatever address space it is for. */
export function* __memcg_kmem_charge_page(k: Kernel, page: Page): Steps<number> {
  if (mem_cgroup_disabled(k) || k.current.kthread) return 0;
  const memcg = k.mem_cgroup_from_task(k.current);
  const error = yield* k.charge_memcg(page, memcg);
  if (!error && memcg) memcg.kmem++;
  return error;
}

/** A page comes back from swap: charged to the group that had it before, if that is still there. */
export function* mem_cgroup_swapin_charge_folio(k: Kernel, page: Page, mm: Mm | null, entry: number): Steps<number> {
  if (mem_cgroup_disabled(k)) return 0;
  const before = k.lookup_swap_cgroup(entry);
  return yield* k.charge_memcg(page, before?.online ? before : k.get_mem_cgroup_from_mm(mm));
}

/**
 * Charges `nr` pages. A group that is full first gives up what it can do without, then a process.
 * @returns 0 or -ENOMEM
 */
export function* try_charge(k: Kernel, memcg: MemCgroup, nr: number): Steps<number> {
  let retries = MAX_RECLAIM_RETRIES;
  for (;;) {
    if (memcg.memory + nr <= memcg.memory_max) {
      memcg.memory += nr;
      memcg.memory_peak = Math.max(memcg.memory_peak, memcg.memory);
      return 0;
    }
    memcg.event_max++;
    const freed = yield* k.try_to_free_mem_cgroup_pages(memcg, nr);
    if (memcg.memory + nr <= memcg.memory_max || freed > 0) continue;
    if (retries-- > 0 && k.vmstat.nr_swap_pages > 0) continue;
    if (k.current.signal) return -ENOMEM;
    memcg.event_oom++;
    yield k.trace.mem_cgroup_oom(memcg, memcg.memory);
    if ((yield* k.out_of_memory(memcg)) !== "killed") return -ENOMEM;
    retries = MAX_RECLAIM_RETRIES;
  }
}

/** The page is about to be free. Makes no step: its end is one. */
export function uncharge_folio(k: Kernel, page: Page): void {
  const { memcg } = page;
  if (!memcg) return;
  page.memcg = null;
  memcg.memory--;
  if (page.type >= 4 && page.type <= 8) memcg.kmem--;
  k.css_put(memcg);
}

/** A page moves to another frame, and its charge with it. */
export function mem_cgroup_migrate(_k: Kernel, src: Page, dst: Page): void {
  dst.memcg = src.memcg;
  src.memcg = null;
}

/** A slot of swap for a page of the group: false when the group may have no more. */
export function __mem_cgroup_try_charge_swap(k: Kernel, page: Page, entry: number): boolean {
  const { memcg } = page;
  if (!memcg) return true;
  if (memcg.swap >= memcg.swap_max) return false;
  memcg.swap++;
  const si = k.swap_info;
  si.swap_cgroup = si.swap_cgroup.set(swapOffset(entry), idOf(memcg));
  return true;
}

/** Whether the page's group may have one more slot. */
export function mem_cgroup_swap_full(_k: Kernel, page: Page): boolean {
  const { memcg } = page;
  return memcg !== null && memcg.swap >= memcg.swap_max;
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
  memcg.swap--;
  k.css_put(memcg);
}

/** A removed group goes with the last that is charged to it. */
export function css_put(k: Kernel, memcg: MemCgroup): void {
  if (memcg.online || memcg.memory > 0 || memcg.swap > 0) return;
  if (k.tasks().some((task) => task.memcg === memcg)) return;
  k.root_mem_cgroup.nr_descendants--;
  k.store.free(memcg);
}

/** A new group below the root. */
export function mem_cgroup_css_alloc(k: Kernel, name: string): MemCgroup {
  const memcg = k.store.alloc(mem_cgroup) as MemCgroup;
  memcg.name = name;
  memcg.parent = k.root_mem_cgroup;
  memcg.memory_max = PAGE_COUNTER_MAX;
  memcg.swap_max = PAGE_COUNTER_MAX;
  memcg.online = 1;
  k.root_mem_cgroup.nr_descendants++;
  return memcg;
}

/** The address space has had a fault that its owner's group counts. */
export function count_memcg_event_mm(k: Kernel, mm: Mm, event: "pgfault" | "pgmajfault"): void {
  if (mem_cgroup_disabled(k)) return;
  const memcg = k.get_mem_cgroup_from_mm(mm);
  if (memcg) memcg[event]++;
}

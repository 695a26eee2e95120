// What memory.stat, memory.events and memory.swap.events show of a group and those below it (mm/memcontrol.c). Linux keeps the
// sizes as counters; here they are taken from the pages that are charged, which is the same and costs nothing until somebody
// reads. Nothing here makes a step.
import { PG_active, PG_lru, PG_swapbacked, PG_swapcache, PG_unevictable } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Page } from "../mm_types.ts";
import { MEMCG_SWAP_FAIL, MEMCG_SWAP_MAX, type MemCgroup } from "./memcontrol.ts";
import { PAGE_TYPE } from "./page_alloc.ts";

/** Lines of memory.stat, sizes in bytes. */
export interface MemoryStat {
  anon: number;
  /** Page cache, shared memory and pages that are in swap as well included. */
  file: number;
  kernel: number;
  pagetables: number;
  shmem: number;
  file_mapped: number;
  swapcached: number;
  inactive_anon: number;
  active_anon: number;
  inactive_file: number;
  active_file: number;
  unevictable: number;
  pswpin: number;
  pswpout: number;
  pgscan: number;
  pgsteal: number;
  pgscan_kswapd: number;
  pgscan_direct: number;
  pgscan_proactive: number;
  pgsteal_kswapd: number;
  pgsteal_direct: number;
  pgsteal_proactive: number;
  pgfault: number;
  pgmajfault: number;
  pgactivate: number;
  pgdeactivate: number;
}

/** Pages that are charged to a group itself, in order of their frames. */
export function charged_pages(k: Kernel, memcg: MemCgroup): Page[] {
  return pages_of(k, new Set([memcg]));
}

function pages_of(k: Kernel, groups: ReadonlySet<MemCgroup>): Page[] {
  const found: Page[] = [];
  for (let pfn = 0; pfn < k.zone.fresh; pfn++) {
    const page = k.page(pfn);
    if (page.memcg && groups.has(page.memcg)) found.push(page);
  }
  return found;
}

/** A group and all below it, those that were removed too, each before the groups below it (mem_cgroup_iter). */
export function mem_cgroup_tree(k: Kernel, root: MemCgroup): MemCgroup[] {
  const groups = [root];
  for (const child of root.children) groups.push(...k.mem_cgroup_tree(child));
  return groups;
}

export function memory_stat(k: Kernel, memcg: MemCgroup): MemoryStat {
  const bytes = (of: (page: Page) => boolean) => 4096 * all.filter(of).length;
  const all = pages_of(k, new Set(k.mem_cgroup_tree(memcg)));
  const listed = (page: Page, swapbacked: number, active: number) =>
    (page.flags & (PG_lru | PG_unevictable)) === PG_lru &&
    (page.flags & PG_swapbacked) === swapbacked &&
    (page.flags & PG_active) === active;
  const cached = (page: Page) => page.mapping !== null || (page.flags & PG_swapcache) !== 0;
  const { pgscan_kswapd, pgscan_direct, pgscan_proactive, pgsteal_kswapd, pgsteal_direct, pgsteal_proactive } = memcg;
  return {
    anon: bytes((page) => page.type === PAGE_TYPE.anon && page.mapcount > 0),
    file: bytes(cached),
    kernel: 4096 * memcg.kmem.usage,
    pagetables: bytes((page) => page.type >= PAGE_TYPE.pte && page.type <= PAGE_TYPE.pgd),
    shmem: bytes((page) => page.type === PAGE_TYPE.shmem && page.mapping !== null),
    file_mapped: bytes((page) => page.type === PAGE_TYPE.shmem && page.mapcount > 0),
    swapcached: bytes((page) => (page.flags & PG_swapcache) !== 0),
    inactive_anon: bytes((page) => listed(page, PG_swapbacked, 0)),
    active_anon: bytes((page) => listed(page, PG_swapbacked, PG_active)),
    inactive_file: bytes((page) => listed(page, 0, 0)),
    active_file: bytes((page) => listed(page, 0, PG_active)),
    unevictable: bytes((page) => (page.flags & PG_unevictable) !== 0),
    pswpin: memcg.pswpin,
    pswpout: memcg.pswpout,
    pgscan: pgscan_kswapd + pgscan_direct + pgscan_proactive,
    pgsteal: pgsteal_kswapd + pgsteal_direct + pgsteal_proactive,
    ...{ pgscan_kswapd, pgscan_direct, pgscan_proactive },
    ...{ pgsteal_kswapd, pgsteal_direct, pgsteal_proactive },
    pgfault: memcg.pgfault,
    pgmajfault: memcg.pgmajfault,
    pgactivate: memcg.pgactivate,
    pgdeactivate: memcg.pgdeactivate,
  };
}

/** The lines of memory.events; `count` gives the event of a number. */
const EVENT_LINES = ["low", "high", "max", "oom", "oom_kill", "oom_group_kill"] as const;

export type MemoryEvents = Readonly<Record<(typeof EVENT_LINES)[number], number>>;

const lines = (count: (event: number) => number): MemoryEvents =>
  Object.fromEntries(EVENT_LINES.map((name, event) => [name, count(event)])) as Record<keyof MemoryEvents, number>;

/** The lines of memory.events: of the group and those below it. */
export function memory_events(_k: Kernel, memcg: MemCgroup): MemoryEvents {
  return lines((event) => memcg.memory_events(event));
}

/** The lines of memory.events.local: of the group alone. */
export function memory_events_local(_k: Kernel, memcg: MemCgroup): MemoryEvents {
  return lines((event) => memcg.memory_events_local(event));
}

/** The lines of memory.swap.events. There is no memory.swap.high. */
export function swap_events(_k: Kernel, memcg: MemCgroup): Readonly<Record<string, number>> {
  return { high: 0, max: memcg.memory_events(MEMCG_SWAP_MAX), fail: memcg.memory_events(MEMCG_SWAP_FAIL) };
}

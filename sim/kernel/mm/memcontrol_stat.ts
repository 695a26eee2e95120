// What memory.stat and memory.events show of a group (mm/memcontrol.c). Linux keeps these counters; here they are taken from
// the pages that are charged, which is the same and costs nothing until somebody reads. Nothing here makes a step.
import { PG_active, PG_lru, PG_swapbacked, PG_swapcache, PG_unevictable } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Page } from "../mm_types.ts";
import type { MemCgroup } from "./memcontrol.ts";
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
  pgscan: number;
  pgsteal: number;
  pswpin: number;
  pswpout: number;
  pgfault: number;
  pgmajfault: number;
  pgactivate: number;
}

/** Pages that are charged to a group, in order of their frames. */
export function charged_pages(k: Kernel, memcg: MemCgroup): Page[] {
  const found: Page[] = [];
  for (let pfn = 0; pfn < k.zone.fresh; pfn++) {
    const page = k.page(pfn);
    if (page.memcg === memcg) found.push(page);
  }
  return found;
}

export function memory_stat(k: Kernel, memcg: MemCgroup): MemoryStat {
  const bytes = (of: (page: Page) => boolean) => 4096 * all.filter(of).length;
  const all = k.charged_pages(memcg);
  const listed = (page: Page, swapbacked: number, active: number) =>
    (page.flags & (PG_lru | PG_unevictable)) === PG_lru &&
    (page.flags & PG_swapbacked) === swapbacked &&
    (page.flags & PG_active) === active;
  const cached = (page: Page) => page.mapping !== null || (page.flags & PG_swapcache) !== 0;
  return {
    anon: bytes((page) => page.type === PAGE_TYPE.anon && page.mapcount > 0),
    file: bytes(cached),
    kernel: 4096 * memcg.kmem,
    pagetables: bytes((page) => page.type >= PAGE_TYPE.pte && page.type <= PAGE_TYPE.pgd),
    shmem: bytes((page) => page.type === PAGE_TYPE.shmem && page.mapping !== null),
    file_mapped: bytes((page) => page.type === PAGE_TYPE.shmem && page.mapcount > 0),
    swapcached: bytes((page) => (page.flags & PG_swapcache) !== 0),
    inactive_anon: bytes((page) => listed(page, PG_swapbacked, 0)),
    active_anon: bytes((page) => listed(page, PG_swapbacked, PG_active)),
    inactive_file: bytes((page) => listed(page, 0, 0)),
    active_file: bytes((page) => listed(page, 0, PG_active)),
    unevictable: bytes((page) => (page.flags & PG_unevictable) !== 0),
    pgscan: memcg.pgscan,
    pgsteal: memcg.pgsteal,
    pswpin: memcg.pswpin,
    pswpout: memcg.pswpout,
    pgfault: memcg.pgfault,
    pgmajfault: memcg.pgmajfault,
    pgactivate: memcg.pgactivate,
  };
}

/** The lines of memory.events. */
export function memory_events(_k: Kernel, memcg: MemCgroup): Readonly<Record<string, number>> {
  const { event_max, event_oom, event_oom_kill } = memcg;
  return { low: 0, high: 0, max: event_max, oom: event_oom, oom_kill: event_oom_kill, oom_group_kill: 0 };
}

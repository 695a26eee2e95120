// Reclaim (mm/vmscan.c): pages that nobody has used for long go, to swap where they have no other place. A simplification
// is how much of each list is looked at: Linux weighs its lists by what reclaim has cost so far, here the inactive list
// is gone through from its end, refilled from the active one whenever it is the shorter one.
import type { Steps } from "../../core/thread.ts";
import {
  PG_active,
  PG_dirty,
  PG_mlocked,
  PG_referenced,
  PG_swapbacked,
  PG_swapcache,
  PG_unevictable,
} from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Page } from "../mm_types.ts";
import type { MemCgroup } from "./memcontrol.ts";
import { PAGE_TYPE } from "./page_alloc.ts";
import { LRU_ACTIVE_ANON, LRU_INACTIVE_ANON, LRU_INACTIVE_FILE } from "./swap.ts";

/** Pages that reclaim takes at a time (SWAP_CLUSTER_MAX). */
const CLUSTER = 32;
/** Rounds of direct reclaim, each looking at twice as much of the lists as the one before. */
const DEF_PRIORITY = 12;

/** MADV_PAGEOUT: reclaims isolated pages, used or not. What cannot go is put back. Returns how many went. */
export function* reclaim_pages(k: Kernel, pages: readonly Page[]): Steps<number> {
  if (pages.length === 0) return 0;
  return yield* k.shrink_folio_list(pages, "ignore references");
}

/** What becomes of a page that reclaim looks at. */
type Fate = "free" | "keep" | "activate";

/** Tries to free isolated pages; puts back the others. Returns how many were freed. */
export function* shrink_folio_list(
  k: Kernel,
  pages: readonly Page[],
  references: "ignore references" | "heed references",
): Steps<number> {
  const free: Page[] = [];
  for (const page of pages) {
    k.vmstat.pgscan += 1;
    if (page.memcg) page.memcg.pgscan++;
    const locked = k.folio_trylock(page);
    const fate: Fate = locked ? yield* k.shrink_folio(page, references) : "keep";
    if (locked) k.folio_unlock(page);
    if (fate === "free") {
      free.push(page);
      continue;
    }
    if (fate === "activate") k.activate_locked(page);
    k.folio_putback_lru(page);
    yield* k.put_page(page);
  }
  // Nobody may reach the frames any more when they are given back.
  yield* k.try_to_unmap_flush();
  for (const page of free) {
    k.lruvec.nr_isolated--;
    k.vmstat.pgsteal += 1;
    if (page.memcg) page.memcg.pgsteal++;
    yield* k.put_page(page);
  }
  return free.length;
}

/** It has resisted: it will not be looked at again soon, and gives up its slot if swap is short. */
export function activate_locked(k: Kernel, page: Page): void {
  if (page.flags & PG_mlocked) return;
  page.flags |= PG_active;
  k.vmstat.pgactivate += 1;
}

/** Unmaps, writes and detaches one locked page. After "free" the caller's reference is the last one. */
export function* shrink_folio(k: Kernel, page: Page, references: "ignore references" | "heed references"): Steps<Fate> {
  if (page.flags & (PG_mlocked | PG_unevictable)) return "activate";
  if (references === "heed references") {
    const fate = yield* k.folio_check_references(page);
    if (fate !== "free") return fate;
  }
  const anon = page.type === PAGE_TYPE.anon;
  if (anon && page.flags & PG_swapbacked && !(page.flags & PG_swapcache) && !(yield* k.add_to_swap(page)))
    return "activate";
  const was_swapbacked = page.flags & PG_swapbacked;
  if (page.mapcount > 0) {
    yield* k.try_to_unmap(page, "batch flushes");
    if (page.mapcount > 0 || (!was_swapbacked && page.flags & PG_swapbacked)) return "activate";
  }
  if (page.flags & PG_dirty) {
    // Truncated meanwhile: nobody will want what is in it.
    if (!page.mapping && !(page.flags & PG_swapcache)) return "keep";
    // The page must not change while it is written.
    yield* k.try_to_unmap_flush_dirty();
    const written = yield* k.pageout(page);
    if (!written) return "activate";
  }
  return (yield* k.__remove_mapping(page)) ? "free" : "keep";
}

/** Used pages stay: active after the second time, or where several processes use them. */
export function* folio_check_references(k: Kernel, page: Page): Steps<Fate> {
  const ptes = yield* k.folio_referenced(page);
  const before = page.flags & PG_referenced;
  page.flags &= ~PG_referenced;
  if (ptes < 0) return "activate";
  if (ptes === 0) return "free";
  page.flags |= PG_referenced;
  return before || ptes > 1 ? "activate" : "keep";
}

/** Writes a dirty page to swap. False when that is not possible. */
export function* pageout(k: Kernel, page: Page): Steps<boolean> {
  if (page.flags & PG_swapcache) {
    yield k.swap_writepage(page);
    return true;
  }
  return page.type === PAGE_TYPE.shmem && (yield* k.shmem_writepage(page));
}

/** Takes the page out of swap cache or page cache, unless somebody uses it. True: the caller's reference is the last. */
export function* __remove_mapping(k: Kernel, page: Page): Steps<boolean> {
  const { mapping } = page;
  const cached = (page.flags & PG_swapcache) !== 0;
  if (page.refcount !== 1 + (cached || mapping ? 1 : 0) || page.flags & PG_dirty) return false;
  if (cached) yield k.__delete_from_swap_cache(page);
  else if (mapping) yield k.page_cache_delete(page, 0);
  else return true;
  page.refcount--;
  if (mapping?.host) k.shmem_recalc_inode(mapping.host, 0, 0);
  return true;
}

/** No frame is free: makes room for `nr` pages. Returns how many it has freed. */
export function* try_to_free_pages(k: Kernel, nr: number): Steps<number> {
  return yield* k.do_try_to_free_pages(nr, null);
}

/** A control group is full: frees pages that are charged to it, a cluster at least. Returns how many. */
export function* try_to_free_mem_cgroup_pages(k: Kernel, memcg: MemCgroup, nr: number): Steps<number> {
  return yield* k.do_try_to_free_pages(Math.max(nr, CLUSTER), memcg);
}

/** `memcg`: whose pages are looked at; null: everybody's. */
export function* do_try_to_free_pages(k: Kernel, nr: number, memcg: MemCgroup | null): Steps<number> {
  let freed = 0;
  for (let priority = DEF_PRIORITY; priority >= 0 && freed < nr; priority--) {
    for (const list of [LRU_INACTIVE_FILE, LRU_INACTIVE_ANON]) {
      const scan = Math.floor(k.lruvec_lru_size(list, memcg) / 2 ** priority);
      for (let seen = 0; seen < scan && freed < nr; seen += CLUSTER)
        freed += yield* k.shrink_inactive_list(list, Math.min(CLUSTER, scan - seen), memcg);
    }
    const active = k.lruvec_lru_size(LRU_ACTIVE_ANON, memcg);
    if (k.lruvec_lru_size(LRU_INACTIVE_ANON, memcg) < active)
      yield* k.shrink_active_list(Math.max(CLUSTER, Math.floor(active / 2 ** priority)), memcg);
  }
  return freed;
}

/** Pages on a list, of a control group or all. Linux has lists for each group; their order is that of the one here. */
export function lruvec_lru_size(k: Kernel, list: number, memcg: MemCgroup | null): number {
  if (!memcg) return k.lruvec.lru_size(list);
  let size = 0;
  for (let at = k.lruvec.lru_last(list); at !== 0; at = k.page(at - 1).lru_prev)
    if (k.page(at - 1).memcg === memcg) size++;
  return size;
}

/** Takes up to `nr` pages from the end of a list. Each has a reference then. */
export function isolate_lru_folios(k: Kernel, list: number, nr: number, memcg: MemCgroup | null): Page[] {
  const taken: Page[] = [];
  for (let at = k.lruvec.lru_last(list); at !== 0 && taken.length < nr; ) {
    const page = k.page(at - 1);
    at = page.lru_prev;
    if (memcg && page.memcg !== memcg) continue;
    if (k.folio_isolate_lru(page)) taken.push(page);
  }
  return taken;
}

export function* shrink_inactive_list(k: Kernel, list: number, nr: number, memcg: MemCgroup | null): Steps<number> {
  // Anonymous pages have no place to go without a free slot; those of shared memory neither.
  const no_swap = k.vmstat.nr_swap_pages === 0 || (memcg !== null && memcg.swap >= memcg.swap_max);
  if (list === LRU_INACTIVE_ANON && no_swap) return 0;
  return yield* k.shrink_folio_list(k.isolate_lru_folios(list, nr, memcg), "heed references");
}

/** Moves the end of the active list to the inactive one. That they were used does not help them, but is forgotten. */
export function* shrink_active_list(k: Kernel, nr: number, memcg: MemCgroup | null): Steps<void> {
  for (const page of k.isolate_lru_folios(LRU_ACTIVE_ANON, nr, memcg)) {
    yield* k.folio_referenced(page);
    page.flags &= ~(PG_active | PG_referenced);
    k.vmstat.pgdeactivate += 1;
    k.folio_putback_lru(page);
    yield* k.put_page(page);
  }
}

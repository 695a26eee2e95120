// Reclaim of pages (mm/vmscan.c): those that nobody has used for long go, to swap where they have no other place. Which are
// looked at, and for whom, is in vmscan_node.ts.
import type { Steps } from "../../core/thread.ts";
import {
  PG_active,
  PG_dirty,
  PG_mlocked,
  PG_reclaim,
  PG_referenced,
  PG_swapbacked,
  PG_swapcache,
  PG_unevictable,
} from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Page } from "../mm_types.ts";
import type { MemCgroup } from "./memcontrol.ts";
import { PAGE_TYPE } from "./page_alloc.ts";
import { PAGEVEC_SIZE } from "./swap.ts";

/** MADV_PAGEOUT: reclaims isolated pages, used or not. What cannot go is put back. Returns how many went. */
export function* reclaim_pages(k: Kernel, pages: readonly Page[]): Steps<number> {
  if (pages.length === 0) return 0;
  for (const page of pages) page.flags &= ~PG_active;
  return yield* k.reclaim_folio_list(pages);
}

export function* reclaim_folio_list(k: Kernel, pages: readonly Page[]): Steps<number> {
  const { nr_reclaimed, kept } = yield* k.shrink_folio_list(pages, null, "ignore references");
  for (const page of kept) yield* k.putback_kept(page);
  yield k.trace.mm_vmscan_reclaim_pages(pages.length, nr_reclaimed);
  return nr_reclaimed;
}

/** What became of a list: how many pages are free, and those that are not, still isolated. */
export interface Shrunk {
  readonly nr_reclaimed: number;
  readonly kept: readonly Page[];
}

/** What becomes of a page that reclaim looks at. */
type Fate = "free" | "keep" | "activate";

type References = "ignore references" | "heed references";

/** Tries to free isolated pages. `memcg`: for whose limit; only what that group uses counts as used. Null: for everybody. */
export function* shrink_folio_list(
  k: Kernel,
  pages: readonly Page[],
  memcg: MemCgroup | null,
  references: References,
): Steps<Shrunk> {
  let free: Page[] = [];
  let nr_reclaimed = 0;
  const kept: Page[] = [];
  for (const page of pages) {
    if (!k.folio_trylock(page)) {
      kept.push(page);
      continue;
    }
    const fate = yield* k.shrink_folio(page, memcg, references);
    if (fate === "activate") yield* k.activate_locked(page);
    k.folio_unlock(page);
    (fate === "free" ? free : kept).push(page);
    if (fate === "free") nr_reclaimed++;
    if (free.length < PAGEVEC_SIZE) continue;
    // Nobody may reach the frames any more when they are given back.
    yield* k.try_to_unmap_flush();
    yield* k.free_unref_folios(free);
    free = [];
  }
  yield* k.try_to_unmap_flush();
  yield* k.free_unref_folios(free);
  return { nr_reclaimed, kept };
}

/** Gives back isolated pages whose last reference is the caller's. */
export function* free_unref_folios(k: Kernel, pages: readonly Page[]): Steps<void> {
  for (const page of pages) {
    k.lruvec.nr_isolated--;
    yield* k.put_page(page);
  }
}

/** Back onto its list, and the caller's reference with it. */
export function* putback_kept(k: Kernel, page: Page): Steps<void> {
  k.folio_putback_lru(page);
  if (page.flags & PG_reclaim) k.folio_rotate_reclaimable(page);
  yield* k.put_page(page);
}

/** It has resisted: it will not be looked at again soon, and gives up its slot if swap is short. */
export function* activate_locked(k: Kernel, page: Page): Steps<void> {
  const mlocked = (page.flags & PG_mlocked) !== 0;
  if (page.flags & PG_swapcache && (mlocked || k.mem_cgroup_swap_full(page))) yield* k.folio_free_swap(page);
  if (mlocked) return;
  page.flags |= PG_active;
  k.count_activation(page);
}

/** Unmaps, writes and detaches one locked page. After "free" the caller's reference is the last one. */
export function* shrink_folio(k: Kernel, page: Page, memcg: MemCgroup | null, references: References): Steps<Fate> {
  if (page.flags & (PG_mlocked | PG_unevictable)) return "activate";
  if (references === "heed references") {
    const fate = yield* k.folio_check_references(page, memcg);
    if (fate !== "free") return fate;
  }
  const anon = page.type === PAGE_TYPE.anon;
  if (anon && page.flags & PG_swapbacked && !(page.flags & PG_swapcache)) {
    if (!(yield* k.folio_alloc_swap(page))) return "activate";
    // Whoever has only read it since it came from zeroes: it was never written to the device.
    page.flags |= PG_dirty;
  }
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
    const fate = yield* k.pageout(page);
    if (fate) return fate;
    // On a disk that takes until later: the page stays in the swap cache, and is free memory when somebody looks again.
    if (!k.swap_is_synchronous()) {
      page.flags |= PG_reclaim;
      return "keep";
    }
  }
  return (yield* k.__remove_mapping(page)) ? "free" : "keep";
}

/** Used pages stay: active after the second time, or where several processes use them. */
export function* folio_check_references(k: Kernel, page: Page, memcg: MemCgroup | null): Steps<Fate> {
  const { ptes, locked } = yield* k.folio_referenced(page, memcg);
  const before = page.flags & PG_referenced;
  page.flags &= ~PG_referenced;
  if (locked) return "activate";
  if (ptes < 0) return "keep";
  if (ptes === 0) return "free";
  page.flags |= PG_referenced;
  return before || ptes > 1 ? "activate" : "keep";
}

/** Writes a dirty page to swap. Null when it is there; else what becomes of the page. */
export function* pageout(k: Kernel, page: Page): Steps<Fate | null> {
  // Somebody else holds it, and may go on writing to it: it could not be freed.
  if (page.refcount !== 2) return "keep";
  if (page.flags & PG_swapcache) {
    yield k.swap_writeout(page);
    return null;
  }
  return page.type === PAGE_TYPE.shmem && (yield* k.shmem_writeout(page)) ? null : "activate";
}

/** Takes the page out of swap cache or page cache, unless somebody uses it. True: the caller's reference is the last. */
export function* __remove_mapping(k: Kernel, page: Page): Steps<boolean> {
  const { mapping } = page;
  const cached = (page.flags & PG_swapcache) !== 0;
  if (page.refcount !== 1 + (cached || mapping ? 1 : 0) || page.flags & PG_dirty) return false;
  if (cached) yield k.__swap_cache_del_folio(page);
  else if (mapping) yield k.page_cache_delete(page, 0);
  else return true;
  page.refcount--;
  if (mapping?.host) k.shmem_recalc_inode(mapping.host, 0, 0);
  return true;
}

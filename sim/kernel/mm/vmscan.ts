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
import { PAGE_TYPE } from "./page_alloc.ts";

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
    const locked = k.folio_trylock(page);
    const fate: Fate = locked ? yield* k.shrink_folio(page, references) : "keep";
    if (locked) k.folio_unlock(page);
    if (fate === "free") {
      free.push(page);
      continue;
    }
    if (fate === "activate") k.activate_locked(page);
    k.folio_putback_lru(page);
    // It has been written: the next who looks for pages finds it first (folio_rotate_reclaimable).
    if (page.flags & PG_reclaim) k.folio_change_lru(page, 0, PG_reclaim, "tail");
    yield* k.put_page(page);
  }
  // Nobody may reach the frames any more when they are given back.
  yield* k.try_to_unmap_flush();
  for (const page of free) {
    k.lruvec.nr_isolated--;
    yield* k.put_page(page);
  }
  return free.length;
}

/** It has resisted: it will not be looked at again soon, and gives up its slot if swap is short. */
export function activate_locked(k: Kernel, page: Page): void {
  if (page.flags & PG_mlocked) return;
  page.flags |= PG_active;
  k.count_activation(page);
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
    // On a disk that takes until later: the page stays in the swap cache, and is free memory when somebody looks again.
    if (!k.swap_is_synchronous()) {
      page.flags |= PG_reclaim;
      return "keep";
    }
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

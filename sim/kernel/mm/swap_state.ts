// The swap cache, and reading and writing pages (mm/swap_state.c, mm/page_io.c). A page is on the device, or back, when the
// call returns, as with a disk in memory; on others a page that was written stays in the swap cache, as if that had taken
// longer. What is read ahead is in swap_readahead.ts.
import type { Steps } from "../../core/thread.ts";
import { makeSwapEntry, swapOffset } from "../../hardware/entry.ts";
import { PG_dirty, PG_locked, PG_swapbacked, PG_swapcache, PG_uptodate } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { AddressSpace, Page } from "../mm_types.ts";
import { EEXIST, ENOENT } from "../uapi/errno.ts";
import { is_migration_entry } from "./migrate.ts";
import { PAGEVEC_SIZE } from "./swap.ts";

/** The page in memory of a slot, without a reference; null: only on the device. */
export function swap_cache_get_folio(k: Kernel, entry: number): Page | null {
  const cached = k.swap_info.swap_cache.get(swapOffset(entry));
  return cached === undefined ? null : k.page(cached - 1);
}

/** A locked page joins the swap cache, which takes a reference. Its slot has SWAP_HAS_CACHE. Returns the event. */
export function swap_cache_add_folio(k: Kernel, page: Page, entry: number): number {
  const si = k.swap_info;
  page.refcount++;
  page.flags |= PG_swapcache;
  page.private = swapOffset(entry);
  si.swap_cache = si.swap_cache.set(page.private, page.slot + 1);
  k.vmstat.nr_swapcached += 1;
  k.vmstat.nr_file_pages += 1;
  return k.trace.add_to_swap_cache(page.slot, page.private);
}

/** Takes a locked page out of the swap cache; the cache's reference passes to the caller. Returns the event. */
export function __swap_cache_del_folio(k: Kernel, page: Page): number {
  const si = k.swap_info;
  const slot = page.private;
  si.swap_cache = si.swap_cache.delete(slot);
  page.flags &= ~PG_swapcache;
  page.private = 0;
  k.vmstat.nr_swapcached -= 1;
  k.vmstat.nr_file_pages -= 1;
  k.put_swap_folio(makeSwapEntry(0, slot));
  return k.trace.delete_from_swap_cache(page.slot, slot);
}

export function* swap_cache_del_folio(k: Kernel, page: Page): Steps<void> {
  yield k.__swap_cache_del_folio(page);
  yield* k.put_page(page);
}

/** Drops references to pages, of each 31 first those places in the swap cache that nobody needs any more. */
export function* free_pages_and_swap_cache(k: Kernel, pages: readonly Page[]): Steps<void> {
  let looked = 0;
  for (let i = 0; i < pages.length; ) {
    for (const end = i + PAGEVEC_SIZE - (i % PAGEVEC_SIZE); looked < Math.min(end, pages.length); looked++)
      if (pages[looked]!.flags & PG_swapcache) yield* k.free_swap_cache(pages[looked]!);
    i = yield* k.folios_put_refs(pages, i, looked);
    looked = Math.max(looked, i);
  }
}

/** A page that has lost a mapping: with the last one it needs its slot no more, unless others refer to that. */
export function* free_swap_cache(k: Kernel, page: Page): Steps<void> {
  if (!(page.flags & PG_swapcache) || page.mapcount > 0 || !k.folio_trylock(page)) return;
  yield* k.folio_free_swap(page);
  k.folio_unlock(page);
}

/** Where a slot's contents are: frames behind the last one of the machine's memory. */
export const swap_block = (k: Kernel, slot: number): number => k.config.memory / 4096 + slot;

/** Writes a locked page of the swap cache to its slot. Returns the event. */
export function swap_writeout(k: Kernel, page: Page): number {
  page.flags &= ~PG_dirty;
  k.memory.copy(page.slot, swap_block(k, page.private));
  k.vmstat.pswpout += 1;
  k.count_memcg_events(page.memcg, "pswpout", 1);
  return k.trace.swap_writepage(page.slot, page.private);
}

/** Reads a slot into a locked page. Returns the event. */
export function swap_read_folio(k: Kernel, page: Page, entry: number): number {
  const slot = swapOffset(entry);
  k.memory.copy(swap_block(k, slot), page.slot);
  page.flags |= PG_uptodate;
  k.vmstat.pswpin += 1;
  k.count_memcg_events(page.memcg, "pswpin", 1);
  return k.trace.swap_read_folio(page.slot, slot);
}

/** A slot's page, read into the swap cache unless it is there, with a reference and not locked; null without memory. */
export function* read_swap_cache_async(k: Kernel, entry: number, type: number): Steps<Page | null> {
  const { page, allocated } = yield* k.__read_swap_cache_async(entry, type);
  if (page && allocated) yield* k.swap_read_unlock(page, entry);
  return page;
}

/** Reads a slot into a new page of the swap cache. Whoever waits for the page's lock finds it read. */
export function* swap_read_unlock(k: Kernel, page: Page, entry: number): Steps<void> {
  yield k.swap_read_folio(page, entry);
  k.folio_unlock(page);
}

/** The page of a slot with a reference; `allocated`: it is a new one, locked, and the caller is to read it. Null without memory. */
export function* __read_swap_cache_async(
  k: Kernel,
  entry: number,
  type: number,
): Steps<{ readonly page: Page | null; readonly allocated: boolean }> {
  let page: Page | null = null;
  for (;;) {
    const known = k.swap_cache_get_folio(entry);
    if (known) {
      yield k.get_page(known);
      if (page) yield* k.put_page(page);
      return { page: known, allocated: false };
    }
    // Nobody refers to it any more: there is nothing to read.
    const unused = k.swp_swapcount(entry) === 0;
    if (!unused) page ??= yield* k.alloc_page(type);
    if (!page) return { page: null, allocated: false };
    const error = unused ? -ENOENT : k.swapcache_prepare(entry);
    if (error === 0) break;
    if (error !== -EEXIST) {
      yield* k.put_page(page);
      return { page: null, allocated: false };
    }
    yield* k.swapcache_wq(entry);
  }
  page.flags = PG_locked | PG_swapbacked;
  if (yield* k.mem_cgroup_swapin_charge_folio(page, k.current.mm, entry)) {
    k.put_swap_folio(entry);
    page.flags = 0;
    yield* k.put_page(page);
    return { page: null, allocated: false };
  }
  yield k.swap_cache_add_folio(page, entry);
  k.folio_add_lru(page);
  return { page, allocated: true };
}

/** mincore: whether the page of a file is in memory, also if it is on its way to swap. */
export function mincore_page(k: Kernel, mapping: AddressSpace, index: number): boolean {
  const entry = mapping.i_pages.get(index);
  if (entry === undefined) return false;
  const page = entry > 0 ? k.page(entry - 1) : k.swap_cache_get_folio(-entry);
  return page !== null && (page.flags & PG_uptodate) !== 0;
}

/** mincore: the same of a page-table entry that is not present. */
export function swap_entry_in_memory(k: Kernel, pte: number): boolean {
  // On its way to another frame it is in memory.
  if (is_migration_entry(pte)) return true;
  const page = k.swap_cache_get_folio(pte);
  return page !== null && (page.flags & PG_uptodate) !== 0;
}

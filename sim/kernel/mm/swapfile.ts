// The swap device's slots (mm/swapfile.c): one, as large as the machine's `swap` option. A slot holds one page; a swap entry
// names it. Its count says how many page-table entries and shared memory files refer to it. Block 0 would hold the header.
import { mapOf, number, pages, value } from "../../core/fields.ts";
import { Radix } from "../../core/radix.ts";
import { type Of, struct } from "../../core/struct.ts";
import type { Steps } from "../../core/thread.ts";
import { makeSwapEntry, swapOffset } from "../../hardware/entry.ts";
import { PG_dirty, PG_swapcache } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import { cachedText, type Page } from "../mm_types.ts";
import { EEXIST, ENOENT } from "../uapi/errno.ts";
import { MEMCG_SWAP_FAIL } from "./memcontrol.ts";

/** In a slot's entry of the swap map: the page is in the swap cache too. */
const SWAP_HAS_CACHE = 0x40;

export const swap_info_struct = struct("swap_info_struct", {
  /** Slots, the header's among them; in use. */
  max: pages(),
  inuse_pages: pages(),
  /** Where the search for a free slot begins. */
  cluster_next: number(),
  /** By slot: count of references, plus SWAP_HAS_CACHE; absent: free. */
  swap_map: value<Radix<number>>(Radix.empty),
  /** The swap cache: by slot, frame + 1 of the page that is in memory as well. */
  swap_cache: mapOf<Radix<number>>(Radix.empty, cachedText),
  /** Reading ahead by slot: pages that were used since the last time, where that was, how many pages it was. */
  readahead_hits: number(),
  readahead_prev_offset: number(),
  last_readahead_pages: pages(),
  /** By slot: the control group that it is charged to (`idOf`). */
  swap_cgroup: value<Radix<number>>(Radix.empty),
});
export interface SwapInfo extends Of<typeof swap_info_struct> {}

/** swapon at boot. */
export function init_swap(k: Kernel): void {
  const slots = Math.floor(k.config.swap / 4096);
  if (slots < 2) return;
  k.swap_info.max = slots;
  k.swap_info.cluster_next = 1;
  k.swap_info.readahead_hits = 4;
  k.vmstat.total_swap_pages = slots - 1;
  k.vmstat.nr_swap_pages = slots - 1;
}

/** Gives a locked page a slot, and the page to the swap cache. False when there is none. */
export function* folio_alloc_swap(k: Kernel, page: Page): Steps<boolean> {
  const entry = k.swap_alloc_slow(page);
  if (entry === 0) return false;
  yield k.swap_cache_add_folio(page, entry);
  return true;
}

/** A free slot, charged to the page's group, as an entry; 0: the device is full, or the group may have no more. */
export function swap_alloc_slow(k: Kernel, page: Page): number {
  const si = k.swap_info;
  if (si.inuse_pages >= si.max - 1 || si.max === 0) {
    if (page.memcg) k.memcg_memory_event(page.memcg, MEMCG_SWAP_FAIL);
    return 0;
  }
  let slot = si.cluster_next;
  while (si.swap_map.get(slot) !== undefined) slot = slot + 1 < si.max ? slot + 1 : 1;
  const entry = makeSwapEntry(0, slot);
  if (!k.__mem_cgroup_try_charge_swap(page, entry)) return 0;
  si.cluster_next = slot + 1 < si.max ? slot + 1 : 1;
  si.swap_map = si.swap_map.set(slot, SWAP_HAS_CACHE);
  si.inuse_pages++;
  k.vmstat.nr_swap_pages -= 1;
  return entry;
}

/** References to a slot besides the swap cache's. */
export function swp_swapcount(k: Kernel, entry: number): number {
  return (k.swap_info.swap_map.get(swapOffset(entry)) ?? 0) & ~SWAP_HAS_CACHE;
}

/** One more reference to a slot in use. */
export function swap_duplicate(k: Kernel, entry: number): number {
  const si = k.swap_info;
  const slot = swapOffset(entry);
  const count = si.swap_map.get(slot);
  if (count === undefined) return k.trace.kernel_warning(`swap_dup: bad swap entry 0x${entry.toString(16)}`);
  si.swap_map = si.swap_map.set(slot, count + 1);
  return k.trace.swap_duplicate(slot, (count & ~SWAP_HAS_CACHE) + 1);
}

/** A reference goes; with the last one and without a page in the cache the slot is free. */
export function swap_free(k: Kernel, entry: number): number {
  const slot = swapOffset(entry);
  const count = k.swap_info.swap_map.get(slot);
  if (count === undefined || (count & ~SWAP_HAS_CACHE) === 0)
    return k.trace.kernel_warning(`swap_free: unused swap entry 0x${entry.toString(16)}`);
  set_or_free(k, slot, count - 1);
  return k.trace.swap_free(slot, (count & ~SWAP_HAS_CACHE) - 1);
}

function set_or_free(k: Kernel, slot: number, count: number): void {
  const si = k.swap_info;
  si.swap_map = count === 0 ? si.swap_map.delete(slot) : si.swap_map.set(slot, count);
  if (count !== 0) return;
  si.inuse_pages--;
  k.vmstat.nr_swap_pages += 1;
  k.mem_cgroup_uncharge_swap(makeSwapEntry(0, slot));
}

/** The page has left the swap cache. */
export function put_swap_folio(k: Kernel, entry: number): void {
  const slot = swapOffset(entry);
  set_or_free(k, slot, (k.swap_info.swap_map.get(slot) ?? 0) & ~SWAP_HAS_CACHE);
}

/**
 * Whoever reads a slot marks it first: nobody else reads it then, and it cannot be given to another page before that is done.
 * Returns 0; -EEXIST: somebody else is at it; -ENOENT: nobody refers to the slot any more.
 */
export function swapcache_prepare(k: Kernel, entry: number): number {
  const si = k.swap_info;
  const slot = swapOffset(entry);
  const count = si.swap_map.get(slot);
  if (count === undefined) return -ENOENT;
  if (count & SWAP_HAS_CACHE) return -EEXIST;
  si.swap_map = si.swap_map.set(slot, count | SWAP_HAS_CACHE);
  return 0;
}

/** Who read a slot past the swap cache is done with it. */
export function swapcache_clear(k: Kernel, entry: number): void {
  k.put_swap_folio(entry);
}

/**
 * Somebody else reads the slot into a page that is not in the swap cache (yet). Linux sleeps for a moment and looks again: here
 * that is when there is something else to see. Who is killed meanwhile waits no more.
 */
export function* swapcache_wq(k: Kernel, entry: number): Steps<void> {
  const { swap_info, current } = k;
  const slot = swapOffset(entry);
  const reading = () => ((swap_info.swap_map.get(slot) ?? 0) & SWAP_HAS_CACHE) !== 0 && !swap_info.swap_cache.get(slot);
  const over = () => !reading() || current.signal !== 0;
  while (!over()) yield k.wait(over, "a page that comes from swap");
}

/** A page-table entry that referred to a slot is gone: so are the slot and its cached page if nobody else needs them. */
export function* free_swap_and_cache_nr(k: Kernel, entry: number): Steps<void> {
  yield k.swap_free(entry);
  if (k.swp_swapcount(entry) === 0) yield* k.__try_to_reclaim_swap(entry);
}

/** Nobody refers to the slot but perhaps the swap cache: its page leaves that, unless it is mapped and swap is not short. */
export function* __try_to_reclaim_swap(k: Kernel, entry: number): Steps<void> {
  const page = k.swap_cache_get_folio(entry);
  if (!page) return;
  yield k.get_page(page);
  if (k.folio_trylock(page)) {
    const needless = page.mapcount === 0 || k.mem_cgroup_swap_full(page);
    if (page.flags & PG_swapcache && page.private === swapOffset(entry) && needless) {
      yield* k.swap_cache_del_folio(page);
      page.flags |= PG_dirty;
    }
    k.folio_unlock(page);
  }
  yield* k.put_page(page);
}

/** A page in memory whose slot nobody refers to leaves the swap cache. Caller holds its lock. True if it did. */
export function* folio_free_swap(k: Kernel, page: Page): Steps<boolean> {
  if (!(page.flags & PG_swapcache)) return false;
  if (k.swp_swapcount(makeSwapEntry(0, page.private)) > 0) return false;
  yield* k.swap_cache_del_folio(page);
  page.flags |= PG_dirty;
  return true;
}

/** More than half of the device is in use: pages give up their slots when they can. */
export function vm_swap_full(k: Kernel): boolean {
  return k.vmstat.nr_swap_pages * 2 < k.vmstat.total_swap_pages;
}

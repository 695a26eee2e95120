// Shared memory in swap (mm/shmem.c): a page's place in the page cache then holds its swap entry, as a negative number.
import type { Steps } from "../../core/thread.ts";
import { makeSwapEntry, swapOffset } from "../../hardware/entry.ts";
import { PG_dirty, PG_locked, PG_swapbacked, PG_swapcache } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { AddressSpace, Inode, Mm, Page } from "../mm_types.ts";
import { EEXIST, ENOMEM } from "../uapi/errno.ts";
import { PAGE_TYPE } from "./page_alloc.ts";

/** Moves a locked page from its file to the swap cache and writes it. False without a free slot. */
export function* shmem_writeout(k: Kernel, page: Page): Steps<boolean> {
  const inode = page.mapping!.host!;
  if (!(yield* k.folio_alloc_swap(page))) return false;
  const entry = makeSwapEntry(0, page.private);
  // Accounts for pages that were removed unnoticed before the count of swapped ones changes.
  k.shmem_recalc_inode(inode, 0, 1);
  yield k.swap_duplicate(entry);
  yield* k.shmem_delete_from_page_cache(page, -entry);
  yield k.swap_writeout(page);
  return true;
}

/** Takes a locked page out of its file, where `entry` stays for it. Caller holds a reference. */
export function* shmem_delete_from_page_cache(k: Kernel, page: Page, entry: number): Steps<void> {
  yield k.page_cache_delete(page, entry);
  page.refcount--;
}

/** A file's page that is in swap comes back, locked and with a reference. */
export interface SwappedIn {
  readonly page: Page;
  /** Whether it had to be read. */
  readonly major: boolean;
}

/** @returns -EEXIST when the file's page is not there any more (look again), -ENOMEM */
export function* shmem_swapin_folio(
  k: Kernel,
  inode: Inode,
  index: number,
  entry: number,
  mm: Mm | null,
): Steps<SwappedIn | number> {
  const mapping = inode.i_mapping!;
  const cached = k.swap_cache_get_folio(entry);
  const major = cached === null;
  if (cached) k.swap_update_readahead(cached, null, 0);
  // As in do_swap_page: a device as fast as memory needs no swap cache. 6.12 does not ask that.
  const alone = major && k.swap_is_synchronous() && k.config.version !== "6.12";
  const page = alone ? yield* k.shmem_swap_alloc_folio(entry, mm) : yield* k.shmem_swapin_cluster(entry);
  if (!page) return mapping.i_pages.get(index) === -entry ? -ENOMEM : -EEXIST;
  // What a call reads is no fault.
  if (major && mm) {
    k.vmstat.pgmajfault += 1;
    k.count_memcg_event_mm(mm, "pgmajfault");
  }
  if (!alone) yield* k.folio_lock(page);
  const mine = alone || (page.flags & PG_swapcache && page.private === swapOffset(entry));
  if (!mine || mapping.i_pages.get(index) !== -entry) {
    k.folio_unlock(page);
    yield* k.put_page(page);
    return -EEXIST;
  }
  // Whoever read it ahead could not know.
  page.type = PAGE_TYPE.shmem;
  yield* k.shmem_add_to_page_cache(page, mapping, index);
  k.shmem_recalc_inode(inode, 0, -1);
  if (!alone) yield* k.swap_cache_del_folio(page);
  page.flags |= PG_dirty;
  yield k.swap_free(entry);
  return { page, major };
}

/** A new page with what a slot has, locked, which nobody else can find yet. Null without memory. */
export function* shmem_swap_alloc_folio(k: Kernel, entry: number, mm: Mm | null): Steps<Page | null> {
  const page = yield* k.alloc_page(PAGE_TYPE.shmem);
  if (!page) return null;
  if (yield* k.mem_cgroup_swapin_charge_folio(page, mm, entry)) {
    yield* k.put_page(page);
    return null;
  }
  page.flags = PG_locked | PG_swapbacked;
  k.folio_add_lru(page);
  yield k.swap_read_folio(page, entry);
  return page;
}

/** A file's page, with a reference: from the swap cache, else read into it, with what lies beside it. */
export function* shmem_swapin_cluster(k: Kernel, entry: number): Steps<Page | null> {
  return k.swap_cache_get_folio(entry)
    ? yield* k.read_swap_cache_async(entry, PAGE_TYPE.shmem)
    : yield* k.swap_cluster_readahead(entry, PAGE_TYPE.shmem);
}

/** MADV_WILLNEED: reads pages of a file that are in swap into the swap cache. */
export function* shmem_swapin_range(k: Kernel, mapping: AddressSpace, first: number, after: number): Steps<void> {
  for (const [index, entry] of mapping.i_pages.entries(first, after)) {
    if (entry >= 0 || mapping.i_pages.get(index) !== entry) continue;
    const page = yield* k.read_swap_cache_async(-entry, PAGE_TYPE.shmem);
    if (page) yield* k.put_page(page);
  }
}

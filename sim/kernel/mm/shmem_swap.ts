// Shared memory in swap (mm/shmem.c): a page's place in the page cache then holds its swap entry, as a negative number.
import type { Steps } from "../../core/thread.ts";
import { swapOffset } from "../../hardware/entry.ts";
import { PG_dirty, PG_swapcache } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { AddressSpace, Inode, Page } from "../mm_types.ts";
import { EEXIST, ENOMEM } from "../uapi/errno.ts";
import { PAGE_TYPE } from "./page_alloc.ts";

/** Moves a locked page from its file to the swap cache and writes it. False without a free slot. */
export function* shmem_writepage(k: Kernel, page: Page): Steps<boolean> {
  const inode = page.mapping!.host!;
  const entry = k.folio_alloc_swap(page);
  if (entry === 0) return false;
  // Accounts for pages that were removed unnoticed before the count of swapped ones changes.
  k.shmem_recalc_inode(inode, 0, 1);
  yield k.add_to_swap_cache(page, entry);
  yield k.swap_duplicate(entry);
  yield k.page_cache_delete(page, -entry);
  page.refcount--;
  yield k.swap_writepage(page);
  return true;
}

/** A file's page that is in swap comes back, locked and with a reference. */
export interface SwappedIn {
  readonly page: Page;
  /** Whether it had to be read. */
  readonly major: boolean;
}

/** @returns -EEXIST when the file's page is not there any more (look again), -ENOMEM */
export function* shmem_swapin_folio(k: Kernel, inode: Inode, index: number, entry: number): Steps<SwappedIn | number> {
  const mapping = inode.i_mapping!;
  const cached = k.swap_cache_get_folio(entry);
  const major = cached === null;
  if (major) k.vmstat.pgmajfault += 1;
  else k.swap_update_readahead(cached, null, 0);
  const page = yield* k.shmem_swapin_cluster(entry);
  if (!page) return mapping.i_pages.get(index) === -entry ? -ENOMEM : -EEXIST;
  yield* k.folio_lock(page);
  const mine = page.flags & PG_swapcache && page.private === swapOffset(entry);
  if (!mine || mapping.i_pages.get(index) !== -entry) {
    k.folio_unlock(page);
    yield* k.put_page(page);
    return -EEXIST;
  }
  // Whoever read it ahead could not know.
  page.type = PAGE_TYPE.shmem;
  yield k.page_cache_add(mapping, index, page);
  k.shmem_recalc_inode(inode, 0, -1);
  yield* k.delete_from_swap_cache(page);
  page.flags |= PG_dirty;
  yield k.swap_free(entry);
  return { page, major };
}

/** Reads a file's page, and what lies beside it, unless the device is as fast as memory: 6.12 does not ask that. */
export function* shmem_swapin_cluster(k: Kernel, entry: number): Steps<Page | null> {
  const alone = k.swap_cache_get_folio(entry) !== null || (k.swap_is_synchronous() && k.config.version !== "6.12");
  return alone
    ? yield* k.read_swap_cache(entry, PAGE_TYPE.shmem)
    : yield* k.swap_cluster_readahead(entry, PAGE_TYPE.shmem);
}

/** MADV_WILLNEED: reads pages of a file that are in swap into the swap cache. */
export function* shmem_swapin_range(k: Kernel, mapping: AddressSpace, first: number, after: number): Steps<void> {
  for (const [index, entry] of mapping.i_pages.entries(first, after)) {
    if (entry >= 0 || mapping.i_pages.get(index) !== entry) continue;
    const page = yield* k.read_swap_cache(-entry, PAGE_TYPE.shmem);
    if (page) yield* k.put_page(page);
  }
}

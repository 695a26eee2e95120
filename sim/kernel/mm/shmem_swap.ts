// Shared memory in swap (mm/shmem.c): a page's place in the page cache then holds its swap entry, as a negative number.
import type { Steps } from "../../core/thread.ts";
import { makeSwapEntry, swapOffset } from "../../hardware/entry.ts";
import { PG_dirty, PG_locked, PG_swapbacked, PG_swapcache, PG_uptodate, VM_FAULT_MAJOR } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { AddressSpace, Inode, Page } from "../mm_types.ts";
import { EEXIST, ENOMEM } from "../uapi/errno.ts";
import type { VmFault } from "./memory.ts";
import { PAGE_TYPE } from "./page_alloc.ts";
import type { Sgp } from "./shmem.ts";

/**
 * Moves a locked page from its file to the swap cache and writes it. False without a free slot, and while fallocate is about
 * the page: it may have to take it back, and sees that there is no room.
 */
export function* shmem_writeout(k: Kernel, page: Page): Steps<boolean> {
  const inode = page.mapping!.host!;
  if (!(page.flags & PG_uptodate)) {
    if (inode.falloc_allocating && page.index >= inode.falloc_start && page.index < inode.falloc_next) {
      inode.falloc_nr_unswapped++;
      return false;
    }
    // Allocated ahead, and never filled: in swap it must read as zeroes.
    k.clear_highpage(page);
    page.flags |= PG_uptodate;
  }
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

/**
 * A file's page that is in swap comes back, locked and with a reference. `vmf`: the fault that it is for, if it is for one.
 * @returns -EEXIST when the file's page is not there any more (look again), -ENOMEM
 */
export function* shmem_swapin_folio(
  k: Kernel,
  inode: Inode,
  index: number,
  entry: number,
  sgp: Sgp,
  vmf: VmFault | null,
): Steps<Page | number> {
  const mapping = inode.i_mapping!;
  const cached = k.swap_cache_get_folio(entry);
  // As in do_swap_page: a device as fast as memory needs no swap cache. 6.12 does not ask that.
  const skip_swapcache = !cached && k.swap_is_synchronous() && k.config.version !== "6.12";
  if (cached) {
    k.swap_update_readahead(cached, null, 0);
    yield k.get_page(cached);
  } else if (k.config.version === "6.12") count_major(k, vmf);
  let page = cached;
  if (!page) {
    const read = skip_swapcache
      ? yield* k.shmem_swap_alloc_folio(entry, vmf)
      : ((yield* k.shmem_swapin_cluster(entry)) ?? -ENOMEM);
    if (typeof read === "number") return mapping.i_pages.get(index) === -entry ? read : -EEXIST;
    if (k.config.version !== "6.12") count_major(k, vmf);
    page = read;
  }
  if (!skip_swapcache) yield* k.folio_lock(page);
  return yield* k.shmem_swap_to_page_cache(inode, index, page, entry, sgp, skip_swapcache ? "alone" : "cached");
}

/** What a call reads is no fault. */
function count_major(k: Kernel, vmf: VmFault | null): void {
  if (!vmf) return;
  vmf.fault_type = (vmf.fault_type ?? 0) | VM_FAULT_MAJOR;
  k.vmstat.pgmajfault += 1;
  k.count_memcg_event_mm(vmf.vma.vm_mm!, "pgmajfault");
}

/** The rest of shmem_swapin_folio: the locked page, which has been read, takes the place of its entry in the file. */
export function* shmem_swap_to_page_cache(
  k: Kernel,
  inode: Inode,
  index: number,
  page: Page,
  entry: number,
  sgp: Sgp,
  where: "alone" | "cached",
): Steps<Page | number> {
  const mapping = inode.i_mapping!;
  const same_slot = where === "alone" || (page.flags & PG_swapcache && page.private === swapOffset(entry));
  if (!same_slot || mapping.i_pages.get(index) !== -entry) {
    if (where === "alone") k.swapcache_clear(entry);
    k.folio_unlock(page);
    yield* k.put_page(page);
    return -EEXIST;
  }
  // Whoever read it ahead could not know.
  page.type = PAGE_TYPE.shmem;
  yield* k.shmem_add_to_page_cache(page, mapping, index, -entry);
  k.shmem_recalc_inode(inode, 0, -1);
  if (sgp === "write") k.folio_mark_accessed(page);
  if (where === "alone") k.swapcache_clear(entry);
  else yield* k.swap_cache_del_folio(page);
  page.flags |= PG_dirty;
  yield k.swap_free(entry);
  return page;
}

/** A new page with what a slot has, locked, which nobody else can find yet; -ENOMEM, or -EEXIST where somebody else reads it. */
export function* shmem_swap_alloc_folio(k: Kernel, entry: number, vmf: VmFault | null): Steps<Page | number> {
  const page = yield* k.alloc_page(PAGE_TYPE.shmem);
  if (!page) return -ENOMEM;
  if (yield* k.mem_cgroup_swapin_charge_folio(page, vmf ? vmf.vma.vm_mm : null, entry)) {
    yield* k.put_page(page);
    return -ENOMEM;
  }
  if (k.swapcache_prepare(entry) !== 0) {
    yield* k.put_page(page);
    yield* k.swapcache_wq(entry);
    return -EEXIST;
  }
  page.flags = PG_locked | PG_swapbacked;
  k.folio_add_lru(page);
  yield k.swap_read_folio(page, entry);
  return page;
}

/** A file's page, with a reference: read into the swap cache, with what lies beside it. */
export function* shmem_swapin_cluster(k: Kernel, entry: number): Steps<Page | null> {
  return yield* k.swap_cluster_readahead(entry, PAGE_TYPE.shmem);
}

/** MADV_WILLNEED: reads pages of a file that are in swap into the swap cache. */
export function* shmem_swapin_range(k: Kernel, mapping: AddressSpace, first: number, after: number): Steps<void> {
  for (const [index, entry] of mapping.i_pages.entries(first, after)) {
    if (entry >= 0 || mapping.i_pages.get(index) !== entry) continue;
    const page = yield* k.read_swap_cache_async(-entry, PAGE_TYPE.shmem);
    if (page) yield* k.put_page(page);
  }
}

// The pool of huge pages (mm/hugetlb.c): taking pages from it, giving them back, promising them. All huge pages are of
// 2 MiB, 512 frames; struct page of the first one speaks for them. Reservations are in hugetlb_resv.ts, faults in
// hugetlb_fault.ts, page tables in hugetlb_tables.ts and hugetlb_range.ts.
import type { Steps } from "../../core/thread.ts";
import { PMD_SIZE } from "../arch/x86/mm/pgtable.ts";
import { PG_dirty, PG_locked, PG_uptodate } from "../flags.ts";
import type { Config, Kernel } from "../kernel.ts";
import type { AddressSpace, Hstate, Page, Vma } from "../mm_types.ts";
import { ENOMEM } from "../uapi/errno.ts";
import { FIRST_FRAME, PAGE_TYPE, type Zone } from "./page_alloc.ts";

export const HPAGE_SIZE = PMD_SIZE;
/** Frames of a huge page. */
export const HPAGE_PAGES = HPAGE_SIZE / 4096;
/** Mutexes of hugetlb_fault_mutex_table for each CPU. */
export const FAULT_MUTEXES = 8;

/** Bit of `page.private` of a huge page in use: it was promised before, and will be again when it is freed. */
const HPG_restore_reserve = 1;

/** At boot: huge pages off the end of memory, as many as asked for and as there are. */
export function hugetlb_init(hstate: Hstate, zone: Zone, config: Config): void {
  const end = Math.floor(config.memory / HPAGE_SIZE) * HPAGE_PAGES;
  const most = Math.max(0, Math.floor((end - FIRST_FRAME) / HPAGE_PAGES) - 1);
  const count = Math.min(config.hugepages, most);
  hstate.nr_huge_pages = count;
  hstate.free_huge_pages = count;
  hstate.start_pfn = end - count * HPAGE_PAGES;
  hstate.fresh = hstate.start_pfn;
  if (count > 0) zone.nr_free = hstate.start_pfn - FIRST_FRAME;
}

/** First frame of the huge page that a frame belongs to; the frame itself where it is none of the pool. */
export function compound_head(k: Kernel, pfn: number): number {
  const { start_pfn, nr_huge_pages } = k.hstate;
  const within = pfn - start_pfn;
  return within < 0 || within >= nr_huge_pages * HPAGE_PAGES ? pfn : pfn - (within % HPAGE_PAGES);
}

/** Takes a huge page from the pool: the one freed last, else the first that was never used. */
export function dequeue_hugetlb_folio(k: Kernel): Page | null {
  const { hstate } = k;
  if (hstate.free_huge_pages === 0) return null;
  hstate.free_huge_pages--;
  const used = hstate.hugepage_freelists > 0;
  const page = k.page(used ? hstate.hugepage_freelists - 1 : hstate.fresh);
  if (used) hstate.hugepage_freelists = page.private;
  else hstate.fresh += HPAGE_PAGES;
  page.type = PAGE_TYPE.hugetlb;
  page.refcount = 1;
  page.private = 0;
  return page;
}

/** The last reference is gone: back to the pool. What was promised before is promised again. */
export function* free_huge_folio(k: Kernel, page: Page): Steps<void> {
  const { hstate } = k;
  const restore = (page.private & HPG_restore_reserve) !== 0;
  page.mapping = null;
  page.anon_vma = null;
  page.index = 0;
  page.flags = 0;
  if (restore) hstate.resv_huge_pages++;
  page.private = hstate.hugepage_freelists;
  hstate.hugepage_freelists = page.slot + 1;
  hstate.free_huge_pages++;
  yield k.trace.free_huge_folio(page.slot, restore ? 1 : 0);
}

export function available_huge_pages(k: Kernel): number {
  return k.hstate.free_huge_pages - k.hstate.resv_huge_pages;
}

/** Promises `delta` more huge pages, or takes promises back (negative). Returns 0 or -ENOMEM. */
export function hugetlb_acct_memory(k: Kernel, delta: number): number {
  // Surplus pages could be allocated here; /proc/sys/vm/nr_overcommit_hugepages is 0.
  if (delta > 0 && delta > k.available_huge_pages()) return -ENOMEM;
  k.hstate.resv_huge_pages += delta;
  return 0;
}

export function folio_restores_reserve(_k: Kernel, page: Page): boolean {
  return (page.private & HPG_restore_reserve) !== 0;
}

export function folio_set_hugetlb_restore_reserve(_k: Kernel, page: Page): void {
  page.private |= HPG_restore_reserve;
}

export function folio_clear_hugetlb_restore_reserve(_k: Kernel, page: Page): void {
  page.private &= ~HPG_restore_reserve;
}

/**
 * A huge page for an address, with one reference, its contents as they were. `cow`: the owner of a private mapping copies a
 * page that its reservation was spent on: it must not spend others.
 * @returns null when the pool has none to give: a bus error
 */
export function* alloc_hugetlb_folio(
  k: Kernel,
  vma: Vma,
  address: number,
  cow: "use reservation" | "cow from owner",
): Steps<Page | null> {
  const enforced = cow === "cow from owner";
  const unreserved = enforced || k.vma_needs_reservation(vma, address);
  const page = yield* k.take_huge_page(unreserved ? "unreserved" : "reserved");
  if (page && !enforced) k.vma_commit_reservation(vma, address);
  return page;
}

/** A huge page of those that are promised to the caller, or of those that are promised to nobody. */
export function* take_huge_page(k: Kernel, which: "reserved" | "unreserved"): Steps<Page | null> {
  if (which === "unreserved" && k.available_huge_pages() <= 0) return null;
  const page = k.dequeue_hugetlb_folio();
  if (!page) return null;
  if (which === "reserved") {
    k.folio_set_hugetlb_restore_reserve(page);
    k.hstate.resv_huge_pages--;
  }
  yield k.trace.alloc_hugetlb_folio(page.slot, which === "reserved" ? 1 : 0);
  return page;
}

/** Makes the whole huge page zero. */
export function folio_zero_user(k: Kernel, page: Page): void {
  for (let i = 0; i < HPAGE_PAGES; i++) k.clear_highpage(k.page(page.slot + i));
  page.flags |= PG_uptodate;
}

export function copy_user_large_folio(k: Kernel, to: Page, from: Page): void {
  for (let i = 0; i < HPAGE_PAGES; i++) k.copy_highpage(k.page(to.slot + i), k.page(from.slot + i));
  to.flags |= PG_uptodate;
}

/** Index in the page cache, in pages of 4 KiB, of a huge page of the file. */
const cache_index = (index: number): number => index * HPAGE_PAGES;

/** The huge page of a file at an index in huge pages, without a reference. */
export function filemap_hugetlb_page(k: Kernel, mapping: AddressSpace, index: number): Page | null {
  return k.filemap_page(mapping, cache_index(index));
}

/** The same, locked and with a reference. */
export function* filemap_lock_hugetlb_folio(k: Kernel, mapping: AddressSpace, index: number): Steps<Page | null> {
  for (;;) {
    const page = k.filemap_hugetlb_page(mapping, index);
    if (!page) return null;
    yield k.get_page(page);
    yield* k.folio_lock(page);
    if (page.mapping === mapping) return page;
    k.folio_unlock(page);
    yield* k.put_page(page);
  }
}

/** Puts a huge page into the file, locked; the file has a reference of its own. */
export function* hugetlb_add_to_page_cache(k: Kernel, page: Page, mapping: AddressSpace, index: number): Steps<void> {
  page.flags |= PG_locked;
  k.folio_clear_hugetlb_restore_reserve(page);
  yield* k.__filemap_add_folio(mapping, page, cache_index(index));
  page.flags |= PG_dirty;
  mapping.host!.i_blocks += HPAGE_PAGES;
}

/** Takes a locked huge page out of its file. Caller holds a reference. */
export function* hugetlb_delete_from_page_cache(k: Kernel, page: Page): Steps<void> {
  page.flags &= ~(PG_dirty | PG_uptodate);
  yield* k.filemap_remove_folio(page);
}

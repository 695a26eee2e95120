// Frames (mm/page_alloc.c). Free ones form a stack: what was freed last is given out first, with its old contents. Some are
// kept free, see watermarks.ts.
import { array, bool, number, pages } from "../../core/fields.ts";
import { type Of, struct } from "../../core/struct.ts";
import type { Steps } from "../../core/thread.ts";
import { PG_lru, PG_mlocked } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Page } from "../mm_types.ts";
import { MAX_RECLAIM_RETRIES } from "./memcontrol.ts";
import { SWAP_CLUSTER_MAX } from "./vmscan_node.ts";
import { WMARK_LOW, WMARK_MIN } from "./watermarks.ts";

/** Frames below this one belong to the kernel image: 1 MiB. */
export const FIRST_FRAME = 256;

export const PAGE_TYPE = {
  free: 0,
  anon: 1,
  file: 2,
  shmem: 3,
  pte: 4,
  pmd: 5,
  pud: 6,
  p4d: 7,
  pgd: 8,
  zero: 9,
  kernel: 10,
  hugetlb: 11,
} as const;

/** The free list. Frames that were never used are counted, not listed. */
export const zone = struct("zone", {
  managed_pages: pages(),
  nr_free: pages(),
  /** First frame that was never used. */
  fresh: number("pfn"),
  /** Top of the stack of freed frames, plus 1; each links to the next through `page.private`. */
  free_list: number("pfn"),
  /** Marks of free pages: min, low, high. */
  _watermark: array(3, "pages"),
  /** kswapd has been woken; how often it has found nothing in a row. */
  kswapd_awake: bool(),
  kswapd_failures: number(),
});
export interface Zone extends Of<typeof zone> {}

/**
 * A frame with one reference, contents as they were. `type` is one of PAGE_TYPE.
 * @returns null when there is none left, after reclaim
 */
export function* alloc_page(k: Kernel, type: number): Steps<Page | null> {
  const page = k.get_page_from_freelist(WMARK_LOW) ?? (yield* k.__alloc_pages_slowpath());
  if (!page) return null;
  page.type = type;
  page.refcount = 1;
  yield k.trace.alloc_page(page.slot, 0);
  return page;
}

/**
 * Little is free: kswapd is to do something about it. Where too little is left, who asks reclaims by itself, and where that
 * finds nothing, the OOM killer is asked. Null: who asks has to do without.
 */
export function* __alloc_pages_slowpath(k: Kernel): Steps<Page | null> {
  let no_progress_loops = 0;
  for (;;) {
    yield* k.wakeup_kswapd();
    const page = k.get_page_from_freelist(WMARK_MIN);
    if (page) return page;
    const freed = yield* k.try_to_free_pages(SWAP_CLUSTER_MAX);
    const late = k.get_page_from_freelist(WMARK_MIN);
    if (late) return late;
    no_progress_loops = freed > 0 ? 0 : no_progress_loops + 1;
    if (freed > 0 || (no_progress_loops <= MAX_RECLAIM_RETRIES && k.should_reclaim_retry())) continue;
    // Who is about to die need not have more.
    if (k.current.signal || k.current.kthread) return null;
    if ((yield* k.out_of_memory(null)) !== "killed") return null;
    no_progress_loops = 0;
  }
}

/** Whether there would be enough if all pages went that reclaim could find. */
export function should_reclaim_retry(k: Kernel): boolean {
  const { vmstat, zone } = k;
  let pages = vmstat.nr_inactive_file + vmstat.nr_active_file;
  if (vmstat.nr_swap_pages > 0) pages += vmstat.nr_inactive_anon + vmstat.nr_active_anon;
  return zone.nr_free + pages > zone._watermark(WMARK_MIN);
}

/** A frame, where more of them than a watermark asks for are free. */
export function get_page_from_freelist(k: Kernel, mark: number): Page | null {
  return k.zone.nr_free > k.zone._watermark(mark) ? k.take_free_page() : null;
}

/** Takes the frame freed last, else a fresh one. */
export function take_free_page(k: Kernel): Page | null {
  const { zone } = k;
  if (zone.nr_free === 0) return null;
  zone.nr_free--;
  if (zone.free_list === 0) return k.page(zone.fresh++);
  const page = k.page(zone.free_list - 1);
  zone.free_list = page.private;
  page.private = 0;
  return page;
}

export function get_page(k: Kernel, page: Page): number {
  page.refcount++;
  return k.trace.get_page(page.slot, page.refcount);
}

/** Drops a reference; with the last one the frame is free. */
export function* put_page(k: Kernel, page: Page): Steps<void> {
  // Decrement and test are one: whoever saw 0 frees, whatever happens to the count later.
  const left = --page.refcount;
  yield k.trace.put_page(page.slot, left);
  if (left !== 0) return;
  if (page.type === PAGE_TYPE.hugetlb) yield* k.free_huge_folio(page);
  else yield* k.free_page(page);
}

/** Puts a frame on the free list whose last reference is gone. */
export function* free_page(k: Kernel, page: Page): Steps<void> {
  const { zone } = k;
  if (page.flags & PG_lru) k.lruvec_del_folio(page);
  if (page.flags & PG_mlocked) k.vmstat.nr_mlock -= 1;
  if (page.memcg) k.uncharge_folio(page);
  page.mlock_count = 0;
  page.type = PAGE_TYPE.free;
  page.flags = 0;
  page.mapping = null;
  page.anon_vma = null;
  page.index = 0;
  page.mapcount = 0;
  page.private = zone.free_list;
  zone.free_list = page.slot + 1;
  zone.nr_free++;
  yield k.trace.free_page(page.slot, 0);
}

/** Makes the page all zero. */
export function clear_highpage(k: Kernel, page: Page): void {
  k.memory.clear(page.slot);
}

/** Zeroes the bytes of a page from `start1` to before `end1`, and from `start2` to before `end2`. */
export function zero_user_segments(
  k: Kernel,
  page: Page,
  start1: number,
  end1: number,
  start2: number,
  end2: number,
): void {
  k.write_frame(page.slot, start1, new Uint8Array(end1 - start1));
  k.write_frame(page.slot, start2, new Uint8Array(end2 - start2));
}

export function copy_highpage(k: Kernel, to: Page, from: Page): void {
  k.memory.copy(from.slot, to.slot);
}

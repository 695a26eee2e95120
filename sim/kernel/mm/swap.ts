// The LRU lists (mm/swap.c): in which order reclaim looks at pages. New pages come to the head of their list, reclaim
// takes from the tail. Linux adds in small batches for each CPU; here a page is on its list at once.
import { array, pages } from "../../core/fields.ts";
import { type Of, struct } from "../../core/struct.ts";
import type { Steps } from "../../core/thread.ts";
import {
  PG_active,
  PG_lru,
  PG_reclaim,
  PG_referenced,
  PG_swapbacked,
  PG_unevictable,
  VM_LOCKED,
  VM_SPECIAL,
} from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Page, Vma } from "../mm_types.ts";

export const LRU_INACTIVE_ANON = 0;
export const LRU_ACTIVE_ANON = 1;
/** Of this machine's pages only anonymous ones after MADV_FREE count as file pages: they need no swap. */
export const LRU_INACTIVE_FILE = 2;
export const LRU_ACTIVE_FILE = 3;
export const LRU_UNEVICTABLE = 4;
const LISTS = 5;
/** Pages that are handled together. */
export const PAGEVEC_SIZE = 31;

/** The lists, of all pages that are charged to nobody, or of those of a control group: first and last frame + 1, and length. */
export const lruvec = struct("lruvec", {
  lru_first: array(LISTS, "pfn"),
  lru_last: array(LISTS, "pfn"),
  lru_size: array(LISTS, "pages"),
  /** Pages taken off for reclaim, to be put back or freed; all of them are counted in the machine's own. */
  nr_isolated: pages(),
});
export interface Lruvec extends Of<typeof lruvec> {}

/** The list that a page belongs to by its flags. */
export function folio_lru_list(_k: Kernel, page: Page): number {
  if (page.flags & PG_unevictable) return LRU_UNEVICTABLE;
  const base = page.flags & PG_swapbacked ? LRU_INACTIVE_ANON : LRU_INACTIVE_FILE;
  return base + (page.flags & PG_active ? 1 : 0);
}

/** The lists of the group that a page is charged to; the machine's own where there is none. */
export function folio_lruvec(k: Kernel, page: Page): Lruvec {
  return page.memcg?.lruvec ?? k.lruvec;
}

export function lruvec_add_folio(k: Kernel, page: Page, where: "head" | "tail"): void {
  const lru = k.folio_lruvec(page);
  const list = k.folio_lru_list(page);
  const first = lru.lru_first(list);
  const last = lru.lru_last(list);
  const me = page.slot + 1;
  page.lru_prev = where === "head" ? 0 : last;
  page.lru_next = where === "head" ? first : 0;
  if (page.lru_next) k.page(first - 1).lru_prev = me;
  else lru.set_lru_last(list, me);
  if (page.lru_prev) k.page(last - 1).lru_next = me;
  else lru.set_lru_first(list, me);
  count(k, lru, list, 1);
}

export function lruvec_del_folio(k: Kernel, page: Page): void {
  const lru = k.folio_lruvec(page);
  const list = k.folio_lru_list(page);
  const { lru_prev, lru_next } = page;
  if (lru_prev) k.page(lru_prev - 1).lru_next = lru_next;
  else lru.set_lru_first(list, lru_next);
  if (lru_next) k.page(lru_next - 1).lru_prev = lru_prev;
  else lru.set_lru_last(list, lru_prev);
  page.lru_prev = 0;
  page.lru_next = 0;
  count(k, lru, list, -1);
}

function count(k: Kernel, lru: Lruvec, list: number, by: 1 | -1): void {
  lru.set_lru_size(list, lru.lru_size(list) + by);
  if (list === LRU_INACTIVE_ANON) k.vmstat.nr_inactive_anon += by;
  else if (list === LRU_ACTIVE_ANON) k.vmstat.nr_active_anon += by;
  else if (list === LRU_INACTIVE_FILE) k.vmstat.nr_inactive_file += by;
  else if (list === LRU_UNEVICTABLE) k.vmstat.nr_unevictable += by;
  else k.vmstat.nr_active_file += by;
}

/** A page that is on no list goes to the head of its own. */
export function folio_add_lru(k: Kernel, page: Page): void {
  if (page.flags & PG_lru) return;
  page.flags |= PG_lru;
  k.lruvec_add_folio(page, "head");
}

/** A new page that is mapped in `vma` only: locked mappings' pages are not reclaimed. */
export function folio_add_lru_vma(k: Kernel, page: Page, vma: Vma): void {
  if ((vma.vm_flags & (VM_LOCKED | VM_SPECIAL)) === VM_LOCKED) k.mlock_folio(page);
  k.folio_add_lru(page);
}

/** Changes flags that decide on which list a page is, and moves it there. */
export function folio_change_lru(k: Kernel, page: Page, set: number, clear: number, where: "head" | "tail"): void {
  const listed = (page.flags & PG_lru) !== 0;
  if (listed) k.lruvec_del_folio(page);
  page.flags = (page.flags & ~clear) | set;
  if (listed) k.lruvec_add_folio(page, where);
}

/** Drops references to `pages[from]` to `pages[to - 1]`. Returns how far it came: like ones behind them may go with them. */
export function* folios_put_refs(k: Kernel, pages: readonly Page[], from: number, to: number): Steps<number> {
  let i = from;
  while (i < to) {
    yield* k.put_page(pages[i]!);
    i += 1 + k.free_anon_run(pages, i + 1);
  }
  return i;
}

/** Takes a page off its list; the caller gets a reference. False when somebody has it off already, or is freeing it. */
export function folio_isolate_lru(k: Kernel, page: Page): boolean {
  if (!(page.flags & PG_lru) || page.refcount === 0) return false;
  k.lruvec_del_folio(page);
  page.flags &= ~PG_lru;
  page.refcount++;
  k.lruvec.nr_isolated++;
  return true;
}

/** Puts an isolated page back. The caller still has its reference. */
export function folio_putback_lru(k: Kernel, page: Page): void {
  k.lruvec.nr_isolated--;
  k.folio_add_lru(page);
}

/** It has been written: the next who looks for pages finds it first. */
export function folio_rotate_reclaimable(k: Kernel, page: Page): void {
  k.folio_change_lru(page, 0, PG_reclaim, "tail");
}

/** The page has been used: on the second time it becomes active. */
export function folio_mark_accessed(k: Kernel, page: Page): void {
  if (!(page.flags & PG_referenced)) page.flags |= PG_referenced;
  else if (k.cpu.mlock_fbatch.includes(page.slot)) {
    // Not on its new list yet: it becomes active, which it is no more once it is there.
    page.flags &= ~PG_referenced;
    k.count_activation(page);
  } else if (!(page.flags & PG_active) && !(page.flags & PG_unevictable)) {
    k.folio_change_lru(page, PG_active, PG_referenced, "head");
    k.count_activation(page);
  }
}

/** A page has become active. */
export function count_activation(k: Kernel, page: Page): void {
  k.vmstat.pgactivate += 1;
  k.count_memcg_events(page.memcg, "pgactivate", 1);
}

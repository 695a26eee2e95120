// Runs of anonymous pages that lose their last reference, done at once: see folios_put_refs and core/batch.ts.
import type { BatchSpec } from "../../core/batch.ts";
import { places, Rows } from "../../core/rows.ts";
import { PG_lru, PG_mlocked, PG_swapcache, PG_unevictable } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import { type Page, page } from "../mm_types.ts";
import { PAGE_TYPE } from "./page_alloc.ts";
import { LRU_ACTIVE_ANON, LRU_INACTIVE_ANON, type Lruvec } from "./swap.ts";

/** A page on an LRU list loses its last reference and goes back to the free list. */
export const page_frees: BatchSpec = {
  name: "page_frees",
  events: ["put_page", "free_page"],
  tail: 2,
  functions: ["folios_put_refs", "put_page", "free_page", "uncharge_folio", "lruvec_del_folio", "folio_lru_list"],
};

export interface PageFrees {
  readonly pfns: readonly number[];
}

const P = places(
  page,
  ...(["type", "flags", "refcount", "mapcount", "mapping", "anon_vma", "index", "private"] as const),
  ...(["memcg", "lru_prev", "lru_next", "mlock_count"] as const),
);
const NOT_PLAIN = PG_swapcache | PG_mlocked | PG_unevictable;

/** Puts the pages from `pages[from]` on. Returns how many, before any other. */
export function free_anon_run(k: Kernel, pages: readonly Page[], from: number): number {
  const { frees } = k.batches;
  const room = frees.room();
  if (room === 0) return 0;
  const list = from < pages.length ? k.folio_lru_list(pages[from]!) : -1;
  if (list !== LRU_INACTIVE_ANON && list !== LRU_ACTIVE_ANON) return 0;
  const rows = new Rows(k.store.storage("page"));
  const memcg = pages[from]!.memcg;
  const run: PageFrees = { pfns: last_references(k, rows, pages, from, Math.min(pages.length, from + room), list) };
  const count = frees.fits(run, run.pfns.length);
  if (count === 0) return 0;
  take_off_list(k, rows, memcg?.lruvec ?? k.lruvec, list, run.pfns, count);
  let { free_list } = k.zone;
  for (let i = 0; i < count; i++) {
    const pfn = run.pfns[i]!;
    const at = rows.write(pfn);
    const { numbers } = rows;
    numbers[at + P.type] = PAGE_TYPE.free;
    numbers[at + P.flags] = 0;
    numbers[at + P.refcount] = 0;
    numbers[at + P.mapcount] = 0;
    numbers[at + P.mapping] = 0;
    numbers[at + P.anon_vma] = 0;
    numbers[at + P.index] = 0;
    numbers[at + P.memcg] = 0;
    numbers[at + P.mlock_count] = 0;
    numbers[at + P.private] = free_list;
    free_list = pfn + 1;
  }
  k.zone.free_list = free_list;
  k.zone.nr_free += count;
  if (memcg) {
    k.page_counter_uncharge(memcg, "memory", count);
    k.css_put(memcg);
  }
  frees.done(run, count, run.pfns[count - 1], 0);
  return count;
}

/**
 * Frames of the pages from `from` to `to` that are anonymous, on this list of one control group, and held by this reference
 * alone; before any other.
 */
function last_references(
  k: Kernel,
  rows: Rows,
  pages: readonly Page[],
  from: number,
  to: number,
  list: number,
): readonly number[] {
  const pfns: number[] = [];
  let group = 0;
  for (let i = from; i < to; i++) {
    const one = pages[i]!;
    const at = rows.read(one.slot);
    const { numbers } = rows;
    const flags = numbers[at + P.flags]!;
    if (i === from) group = numbers[at + P.memcg]!;
    if (numbers[at + P.memcg] !== group) break;
    if (numbers[at + P.type] !== PAGE_TYPE.anon || numbers[at + P.refcount] !== 1 || numbers[at + P.mapcount] !== 0)
      break;
    if (!(flags & PG_lru) || flags & NOT_PLAIN || k.folio_lru_list(one) !== list) break;
    pfns.push(one.slot);
  }
  return pfns;
}

function take_off_list(
  k: Kernel,
  rows: Rows,
  lruvec: Lruvec,
  list: number,
  pfns: readonly number[],
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const pfn = pfns[i]!;
    const at = rows.write(pfn);
    const prev = rows.numbers[at + P.lru_prev]!;
    const next = rows.numbers[at + P.lru_next]!;
    rows.numbers[at + P.lru_prev] = 0;
    rows.numbers[at + P.lru_next] = 0;
    link(rows, next, P.lru_prev, prev);
    link(rows, prev, P.lru_next, next);
    if (prev === 0) lruvec.set_lru_first(list, next);
    if (next === 0) lruvec.set_lru_last(list, prev);
  }
  lruvec.set_lru_size(list, lruvec.lru_size(list) - count);
  if (list === LRU_INACTIVE_ANON) k.vmstat.nr_inactive_anon -= count;
  else k.vmstat.nr_active_anon -= count;
}

/** Writes a link of a neighbour on the list; frame + 1, 0: there is none. */
function link(rows: Rows, frame: number, field: number, to: number): void {
  if (frame === 0) return;
  const at = rows.write(frame - 1) + field;
  rows.numbers[at] = to;
}

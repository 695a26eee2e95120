// How reclaim finds its pages (mm/vmscan.c): who reclaims, from which control groups, how much of their lists. A simplification
// is how much of each list is looked at: Linux weighs its lists by what reclaim has cost so far, here the inactive list
// is gone through from its end, refilled from the active one whenever it is the shorter one.
import type { Steps } from "../../core/thread.ts";
import { PG_active, PG_referenced } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Page } from "../mm_types.ts";
import { MEMCG_LOW, type MemCgroup } from "./memcontrol.ts";
import { LRU_ACTIVE_ANON, LRU_ACTIVE_FILE, LRU_INACTIVE_ANON, LRU_INACTIVE_FILE, type Lruvec } from "./swap.ts";

/** Pages that reclaim takes at a time. */
export const SWAP_CLUSTER_MAX = 32;
/** Rounds of reclaim, each looking at twice as much of the lists as the one before. */
export const DEF_PRIORITY = 12;

/** What reclaim is for, and what came of it so far (struct scan_control). */
export interface ScanControl {
  readonly nr_to_reclaim: number;
  /** Whose limit it is about: only pages of this group and of those below it are looked at. Null: everybody's. */
  readonly target_mem_cgroup: MemCgroup | null;
  /** Who reclaims: the name in /proc/vmstat and memory.stat. */
  readonly reclaimer: "kswapd" | "direct" | "proactive";
  priority: number;
  nr_scanned: number;
  nr_reclaimed: number;
  /** All groups are looked at in each round, not only until there is enough. */
  memcg_full_walk: boolean;
  /** Groups below memory.low are reclaimed too; some were left out. */
  memcg_low_reclaim: boolean;
  memcg_low_skipped: boolean;
}

export const scan_control = (
  nr_to_reclaim: number,
  target_mem_cgroup: MemCgroup | null,
  reclaimer: ScanControl["reclaimer"],
): ScanControl => ({
  ...{ nr_to_reclaim, target_mem_cgroup, reclaimer },
  ...{ priority: DEF_PRIORITY, nr_scanned: 0, nr_reclaimed: 0 },
  ...{ memcg_full_walk: reclaimer === "kswapd", memcg_low_reclaim: false, memcg_low_skipped: false },
});

/** Direct reclaim: makes room for `nr` pages. Returns how many it has freed. */
export function* try_to_free_pages(k: Kernel, nr: number): Steps<number> {
  k.vmstat.allocstall += 1;
  yield k.trace.mm_vmscan_direct_reclaim_begin(nr, k.current);
  const freed = yield* k.do_try_to_free_pages(scan_control(nr, null, "direct"));
  yield k.trace.mm_vmscan_direct_reclaim_end(freed, k.current);
  return freed;
}

/** A control group is full: frees pages that are charged to it or below it, a cluster at least. Returns how many. */
export function* try_to_free_mem_cgroup_pages(
  k: Kernel,
  memcg: MemCgroup,
  nr: number,
  why: "direct" | "proactive" = "direct",
): Steps<number> {
  // Because somebody wrote to memory.reclaim: 6.12 does not count that by itself.
  const reclaimer = k.config.version === "6.12" ? "direct" : why;
  yield k.trace.mm_vmscan_memcg_reclaim_begin(nr, memcg);
  const freed = yield* k.do_try_to_free_pages(scan_control(Math.max(nr, SWAP_CLUSTER_MAX), memcg, reclaimer));
  yield k.trace.mm_vmscan_memcg_reclaim_end(freed, memcg);
  return freed;
}

/** Round after round, until there is enough. Where nothing is found, once more with less respect. Returns how many went. */
export function* do_try_to_free_pages(k: Kernel, sc: ScanControl): Steps<number> {
  for (;;) {
    for (sc.priority = DEF_PRIORITY; sc.priority >= 0 && sc.nr_reclaimed < sc.nr_to_reclaim; sc.priority--)
      yield* k.shrink_zones(sc);
    if (sc.nr_reclaimed > 0) return sc.nr_reclaimed;
    if (!sc.memcg_full_walk) sc.memcg_full_walk = true;
    else if (sc.memcg_low_skipped) {
      sc.memcg_low_reclaim = true;
      sc.memcg_low_skipped = false;
    } else return 0;
  }
}

/** One round over the memory's nodes: here there is one. */
export function* shrink_zones(k: Kernel, sc: ScanControl): Steps<void> {
  yield* k.shrink_node(sc);
}

export function* shrink_node(k: Kernel, sc: ScanControl): Steps<void> {
  const before = sc.nr_reclaimed;
  yield* k.shrink_node_memcgs(sc);
  if (sc.nr_reclaimed > before) k.zone.kswapd_failures = 0;
}

/**
 * One round over the target's groups. Whoever needs memory now stops when there is enough, and the next goes on behind that
 * group, so that it is not always the first ones that pay.
 */
export function* shrink_node_memcgs(k: Kernel, sc: ScanControl): Steps<void> {
  const target = sc.target_mem_cgroup ?? k.root_mem_cgroup;
  const groups = k.mem_cgroup_tree(target);
  let at = sc.memcg_full_walk || !target.reclaim_position ? 0 : groups.indexOf(target.reclaim_position) + 1;
  if (at >= groups.length) at = 0;
  for (; at < groups.length; at++) {
    const memcg = groups[at]!;
    k.page_counter_calculate_protection(target, memcg);
    if (!may_shrink(k, target, memcg, sc)) continue;
    yield* k.shrink_lruvec(memcg, sc);
    if (!sc.memcg_full_walk && sc.nr_reclaimed >= sc.nr_to_reclaim) break;
  }
  if (!sc.memcg_full_walk && groups.length > 1) target.reclaim_position = groups[at] ?? null;
}

/** Whether memory.min and memory.low of a group allow it. */
function may_shrink(k: Kernel, target: MemCgroup, memcg: MemCgroup, sc: ScanControl): boolean {
  if (memcg === target || !memcg.parent) return true;
  const { usage, emin, elow } = memcg.memory;
  if (emin >= usage) return false;
  if (elow < usage) return true;
  if (!sc.memcg_low_reclaim) {
    sc.memcg_low_skipped = true;
    return false;
  }
  k.memcg_memory_event(memcg, MEMCG_LOW);
  return true;
}

const LISTS = [
  [LRU_INACTIVE_FILE, LRU_ACTIVE_FILE],
  [LRU_INACTIVE_ANON, LRU_ACTIVE_ANON],
] as const;

/** One round over the lists of one group. */
export function* shrink_lruvec(k: Kernel, memcg: MemCgroup, sc: ScanControl): Steps<void> {
  const lruvec = memcg.lruvec!;
  for (const [inactive] of LISTS) {
    const scan = pages_to_scan(memcg, lruvec.lru_size(inactive), sc);
    for (let seen = 0; seen < scan && sc.nr_reclaimed < sc.nr_to_reclaim; seen += SWAP_CLUSTER_MAX)
      yield* k.shrink_list(memcg, inactive, Math.min(SWAP_CLUSTER_MAX, scan - seen), sc);
  }
  for (const [inactive, active] of LISTS) {
    const size = lruvec.lru_size(active);
    if (lruvec.lru_size(inactive) < size)
      yield* k.shrink_active_list(lruvec, active, Math.max(SWAP_CLUSTER_MAX, Math.floor(size / 2 ** sc.priority)), sc);
  }
}

/** A part of an inactive list. Active ones are shortened by themselves, see shrink_lruvec. */
export function* shrink_list(k: Kernel, memcg: MemCgroup, list: number, nr: number, sc: ScanControl): Steps<void> {
  yield* k.shrink_inactive_list(memcg, list, nr, sc);
}

/** How much of a list of `size` pages a round looks at. A group that has protection is looked at as far as it has more. */
function pages_to_scan(memcg: MemCgroup, size: number, sc: ScanControl): number {
  const { usage, emin, elow } = memcg.memory;
  const shielded =
    memcg === sc.target_mem_cgroup || !memcg.parent ? 0 : Math.max(emin, sc.memcg_low_reclaim ? 0 : elow);
  const open = shielded === 0 ? size : Math.max(SWAP_CLUSTER_MAX, size - Math.floor((size * shielded) / (usage + 1)));
  const scan = Math.floor(Math.min(open, size) / 2 ** sc.priority);
  // Of a group that was removed something goes in every round.
  return scan === 0 && memcg.parent && !memcg.online ? Math.min(size, SWAP_CLUSTER_MAX) : scan;
}

/** Takes up to `nr` pages from the end of a list. Each has a reference then. */
export function isolate_lru_folios(k: Kernel, lruvec: Lruvec, list: number, nr: number): Page[] {
  const taken: Page[] = [];
  for (let at = lruvec.lru_last(list); at !== 0 && taken.length < nr; ) {
    const page = k.page(at - 1);
    at = page.lru_prev;
    if (k.folio_isolate_lru(page)) taken.push(page);
  }
  return taken;
}

export function* shrink_inactive_list(
  k: Kernel,
  memcg: MemCgroup,
  list: number,
  nr: number,
  sc: ScanControl,
): Steps<void> {
  // Anonymous pages have no place to go without a free slot; those of shared memory neither.
  if (list === LRU_INACTIVE_ANON && k.mem_cgroup_get_nr_swap_pages(memcg) <= 0) return;
  const pages = k.isolate_lru_folios(memcg.lruvec!, list, nr);
  const kind = list === LRU_INACTIVE_ANON ? "anon" : "file";
  sc.nr_scanned += pages.length;
  if (!sc.target_mem_cgroup) count_reclaim(k, "pgscan", sc, pages.length);
  k.vmstat[`pgscan_${kind}`] += pages.length;
  k.count_memcg_events(memcg, `pgscan_${sc.reclaimer}`, pages.length);
  if (pages.length === 0) return;
  const { nr_reclaimed: freed, kept } = yield* k.shrink_folio_list(pages, sc.target_mem_cgroup, "heed references");
  yield* k.move_folios_to_lru(kept);
  sc.nr_reclaimed += freed;
  if (!sc.target_mem_cgroup) count_reclaim(k, "pgsteal", sc, freed);
  k.vmstat[`pgsteal_${kind}`] += freed;
  k.count_memcg_events(memcg, `pgsteal_${sc.reclaimer}`, freed);
  yield k.trace.mm_vmscan_lru_shrink_inactive(pages.length, freed, kind);
}

/** Puts back what could not be freed. */
export function* move_folios_to_lru(k: Kernel, pages: readonly Page[]): Steps<void> {
  for (const page of pages) yield* k.putback_kept(page);
}

/** On demand only control groups are reclaimed. */
function count_reclaim(k: Kernel, what: "pgscan" | "pgsteal", { reclaimer }: ScanControl, nr: number): void {
  if (reclaimer !== "proactive") k.vmstat[`${what}_${reclaimer}`] += nr;
}

/** Moves the end of an active list to the inactive one. That they were used does not help them, but is forgotten. */
export function* shrink_active_list(k: Kernel, lruvec: Lruvec, list: number, nr: number, sc: ScanControl): Steps<void> {
  const pages = k.isolate_lru_folios(lruvec, list, nr);
  for (const page of pages) {
    yield* k.folio_referenced(page, sc.target_mem_cgroup);
    page.flags &= ~(PG_active | PG_referenced);
    k.vmstat.pgdeactivate += 1;
    k.count_memcg_events(page.memcg, "pgdeactivate", 1);
  }
  yield* k.move_folios_to_lru(pages);
  yield k.trace.mm_vmscan_lru_shrink_active(pages.length, list === LRU_ACTIVE_ANON ? "anon" : "file");
}

// Counters of the whole system (mm/vmstat.c): what /proc/meminfo and /proc/vmstat show. Items count pages or events;
// a kernel function changes them directly, `k.vmstat.nr_pagetable += 1`, at the step to which the change belongs.
// Linux keeps them per CPU and folds them now and then; here they are exact at once, as after vm/stat_refresh.
import { number, pages } from "../../core/fields.ts";
import { type Of, struct } from "../../core/struct.ts";

export const vmstat = struct("vmstat", {
  // Pages in a state
  nr_free_pages: pages(),
  nr_anon_mapped: pages(),
  nr_file_mapped: pages(),
  /** Page cache, shared memory included. */
  nr_file_pages: pages(),
  nr_shmem: pages(),
  nr_file_dirty: pages(),
  nr_writeback: pages(),
  nr_inactive_anon: pages(),
  nr_active_anon: pages(),
  nr_inactive_file: pages(),
  nr_active_file: pages(),
  nr_unevictable: pages(),
  nr_mlock: pages(),
  nr_pagetable: pages(),
  /** Tables of secondary MMUs (KVM): never any here. */
  nr_secondary_pagetable: pages(),
  nr_anon_transparent_hugepages: pages(),
  nr_shmem_hugepages: pages(),
  nr_shmem_pmdmapped: pages(),
  nr_swapcached: pages(),
  /** Swap: its size and what is free of it. */
  total_swap_pages: pages(),
  nr_swap_pages: pages(),
  /** Memory promised to mappings without MAP_NORESERVE: Committed_AS. */
  vm_committed_as: pages(),
  totalram_pages: pages(),
  // Events since boot
  pgfault: number(),
  pgmajfault: number(),
  pgalloc: number(),
  pgfree: number(),
  pgactivate: number(),
  pgdeactivate: number(),
  /** Pages that reclaim has looked at and freed, by who wanted it; what control groups' limits made it do is not counted. */
  pgsteal_kswapd: number(),
  pgsteal_direct: number(),
  pgscan_kswapd: number(),
  pgscan_direct: number(),
  /** The same for all reclaim, by the lists that it looked at. */
  pgscan_anon: number(),
  pgscan_file: number(),
  pgsteal_anon: number(),
  pgsteal_file: number(),
  /** How often somebody who needed memory had to reclaim it; how often kswapd was woken. */
  allocstall: number(),
  pageoutrun: number(),
  pswpin: number(),
  pswpout: number(),
  /** Pages that came from swap because a neighbour was wanted; those of them that were used. */
  swap_ra: number(),
  swap_ra_hit: number(),
  pgmigrate_success: number(),
  pgmigrate_fail: number(),
  oom_kill: number(),
  vma_lock_success: number(),
  vma_lock_abort: number(),
  vma_lock_retry: number(),
  vma_lock_miss: number(),
  nr_tlb_local_flush_all: number(),
  nr_tlb_local_flush_one: number(),
  nr_tlb_remote_flush: number(),
  nr_tlb_remote_flush_received: number(),
  thp_fault_alloc: number(),
  thp_fault_fallback: number(),
  thp_split_pmd: number(),
  thp_collapse_alloc: number(),
});

export interface Vmstat extends Of<typeof vmstat> {}

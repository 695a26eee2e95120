// How true the simulated Linux is, topic by topic: the one table from which docs/fidelity.md, `mshare designs` and the
// debugger speak. "exact": random programs and measured facts agree with a real kernel, see docs/conform.md.

export type FidelityLevel = "exact" | "simplified" | "absent";

export interface Fidelity {
  readonly topic: string;
  readonly level: FidelityLevel;
  /** What that means for who reads results. */
  readonly means: string;
  /** Kernel functions in which a simplification is at work: the debugger says so where it stops in one of them. */
  readonly where?: readonly string[];
}

export const fidelity: readonly Fidelity[] = [
  {
    topic: "calls about memory and memory files",
    level: "exact",
    means:
      "Results, errnos and what is left half done after an error are Linux's, for the calls of docs/scenario-language.md: some 900 edge cases, call by call, are compared with 6.18 besides the random programs (wrong alignments and lengths, holes, the end of the address space, file modes, seals, locks, every advice on every kind of mapping).",
  },
  {
    topic: "mappings",
    level: "exact",
    means: "Placement, merging, splitting, flags and every line of smaps agree after each call.",
  },
  {
    topic: "page faults",
    level: "exact",
    means:
      "Anonymous memory, zero page, copy on write and reuse, files in memory, fault-around (64 KiB; debugfs cannot change it): which fault is taken, how it counts, which page is there after it.",
  },
  {
    topic: "page tables",
    level: "exact",
    means:
      "When each table is made and freed, whole-table moves of mremap, what fork copies, PT_RECLAIM of 6.18: VmPTE and PageTables agree to the table.",
  },
  {
    topic: "counters",
    level: "exact",
    means:
      "VmRSS and its parts, VmSwap, VmLck, VmSize, VmData, VmStk, Pss, pagemap with its exclusive bit, what is in the pages, minor and major faults; of the whole machine what docs/conform.md lists. VmHWM and the VmPeak of a first process are there, but a program's own past is in Linux's: they are not compared. Linux's own mistakes are kept: since 6.17 a shrinking mremap to a given address leaves what it cut off in Committed_AS for good.",
  },
  {
    topic: "swapping by request",
    level: "exact",
    means:
      "MADV_PAGEOUT, the swap cache, private and shared pages coming back, what is read ahead with them: compared with swap on zram.",
  },
  {
    topic: "hugetlb",
    level: "exact",
    means:
      "Pools, reservations, faults and shared PMD tables of 2 MiB pages. HugetlbPages of status counts wrong once tables are shared, as Linux's does.",
  },
  {
    topic: "hugetlb within",
    level: "simplified",
    means:
      "hugetlb_lock is no step, the mutexes of faults are found by another hash than Linux's, and the frames of a huge page but the first say what the first says.",
    where: ["hugetlb_fault", "alloc_hugetlb_folio", "free_huge_folio"],
  },
  {
    topic: "more of hugetlb",
    level: "absent",
    means:
      "Pages of 1 GiB (MAP_HUGE_1GB is EINVAL), surplus pages (nr_overcommit_hugepages is 0), pools of a mount (size=, min_size=), the hugetlb cgroup, migration of huge pages.",
  },
  {
    topic: "TLB flushes",
    level: "exact",
    means:
      'Which CPU flushes which range or everything, who gets an IPI, lazy mode, the ceiling of 33 pages, what fits into a gather: as the tlb_flush tracepoint shows it. Its lines "flush on task switch" are the event switch_mm here, "remote IPI send" is ipi, and "remote wrong CPU" has none.',
  },
  {
    topic: "who has which tables loaded",
    level: "simplified",
    means:
      "A CPU that borrows tables lazily does not count in mm_count: when the last user is gone it loads the kernel's own. There is no clock, so a CPU that has moved on leaves the mask of an mm at its next flush, where 6.18 looks once a second. No flushes by broadcast (INVLPGB, Intel's RAR).",
    where: ["cleanup_lazy_tlbs", "flush_tlb_multi", "enter_lazy_tlb"],
  },
  {
    topic: "names on the call stack",
    level: "simplified",
    means:
      "Functions bear Linux's names and call each other as there, also those that a compiler inlines. Compared with 6.18.44, stack by stack and in order: paging out and in, reclaim for a control group and its OOM kill, first faults, fork, holes and truncation, huge pages with shared tables, VMAs that split and merge, userfaultfd with faults that wait, page tables that RCU frees, and TLB flushes of munmap, madvise, mprotect, mremap. What Linux does in one long function is sometimes in two or more here (shrink_folio, unmap_anon, hugetlb_copy_page, dup_vma, shmem_punch_hole and others), what it does in macros in none; walk_page_range_vma and alloc_page stand for several functions each. With version 6.12 too names are 6.18's where the two differ (madvise_do_behavior, copy_vma_and_data, shrink_vma, folio_alloc_swap, swap_writeout, shmem_writeout).",
  },
  {
    topic: "order of locks and steps",
    level: "simplified",
    means:
      "Locks are taken and given back where Linux does, but whoever waits gets them in order of arrival: no spinning, no stealing, no timeouts, and no wait that a fatal signal ends (Linux's killable locks). How long something takes means nothing; only the order does. The lock of a VMA is the rw_semaphore of 6.12 in 6.18 too, which counts readers in vm_refcnt. Entries of each PUD table are guarded by a lock of its own, where Linux has one for an mm (page_table_lock).",
    where: ["down_read", "down_write", "spin_lock", "lock_vma_under_rcu", "__pmd_alloc"],
  },
  {
    topic: "memory order",
    level: "simplified",
    means:
      "Every store is seen by all CPUs at once and in program order; a missing memory barrier cannot be found. A step is what another CPU could see, and code between two steps is never interrupted.",
  },
  {
    topic: "TLB hardware",
    level: "simplified",
    means:
      "1,024 entries, four-way, first in first out, and paging-structure caches, without speculation: real CPUs differ from one another. That an entry is still there is possible on hardware, not certain; that it is gone is certain in neither.",
  },
  {
    topic: "page allocator",
    level: "simplified",
    means:
      "Free frames are a stack, the last freed goes out first. No zones, nodes, orders, per-CPU lists or fragmentation: frame numbers and what MemFree is exactly mean nothing, which pages are the same frame does.",
    where: ["alloc_page", "take_free_page", "free_page"],
  },
  {
    topic: "batches for each CPU",
    level: "simplified",
    means:
      "Pages come onto their LRU list at once, counters are exact at once (RSS when a page table is done, as in Linux). Linux does both in batches, so that a real number may come late.",
    where: ["folio_add_lru", "folio_change_lru"],
  },
  {
    topic: "reclaim under pressure",
    level: "simplified",
    means:
      "Which page goes first follows the lists of each control group and the accessed bits, but how much of each list is looked at is not weighed by what reclaim has cost, nobody is made to sleep, and refaults count for nothing: which page it is and how many are looked at may differ from Linux.",
    where: ["shrink_node", "shrink_lruvec", "shrink_inactive_list", "shrink_active_list"],
  },
  {
    topic: "watermarks and kswapd",
    level: "simplified",
    means:
      "min, low and high are what Linux computes at boot for one zone of that size (a test holds them against /proc/zoneinfo). Below low kswapd is woken; it runs before the next statement or access, in a parallel block in turns with the others. Who finds no more than min free reclaims, and the OOM killer comes with min pages left: on 16 MiB that is half a MiB, on 4 MiB a fifth. No boost, no reserves for who may dip into them, no throttling.",
    where: ["wakeup_kswapd", "balance_pgdat", "__alloc_pages_slowpath"],
  },
  {
    topic: "swap read-ahead",
    level: "simplified",
    means:
      "Windows by address (zram, ssd) or slot (disk, files) as Linux computes them, exact on zram with any vm.page-cluster. Not by itself: `page_cluster` of `machine` is 0 where Linux begins with 3. On a disk a page that was written stays in the swap cache until reclaim looks again, reading takes no time, and which slot is next is simpler than Linux's clusters.",
    where: ["swap_vma_readahead", "swap_cluster_readahead"],
  },
  {
    topic: "RCU",
    level: "simplified",
    means:
      "Page tables of 6.18 are freed by callbacks, in batches, after a grace period that waits for everybody who was in a read-side section, had preemption off or interrupts off (gup_fast) when it began, and for nobody else: that is as early as RCU allows, and outside of parallel blocks before the next statement. All callbacks are run by one thread, rcu_preempt, which takes nobody's CPU, where Linux has a softirq on each CPU; a batch of tables takes no page, and there are no expedited grace periods. 6.12 is as on bare metal: it frees tables after the flush, whose IPIs wait for gup_fast. Other structures are freed at once, VMAs too (6.18 may give their memory to other VMAs at once, 6.12 waits), and to find a VMA or an anon_vma without a lock and to take its lock or a reference is one step: a race between the two cannot be found.",
    where: ["lock_vma_under_rcu", "tlb_remove_table_free", "rcu_gp_kthread"],
  },
  {
    topic: "signals and exec",
    level: "simplified",
    means:
      "A fatal signal ends the access, not the process, as with a handler that goes on behind it. Processes start with nothing mapped; there is no exec.",
  },
  {
    topic: "limits and users",
    level: "simplified",
    means: "Everybody is root and has no rlimits. Overcommit is the heuristic one (vm.overcommit_memory 0).",
  },
  {
    topic: "files",
    level: "simplified",
    means:
      "All files live in memory, as on tmpfs: no writeback, no block layer, no file system on a disk, and so nobody who wants to hear of the first write to a shared page (page_mkwrite) but userfaultfd. Sizes and positions above 2^53 bytes are rounded to what a double can say.",
  },
  {
    topic: "huge pages by themselves",
    level: "absent",
    means:
      "Transparent huge pages and khugepaged are off, as with transparent_hugepage=never. Their flags and advice are accepted.",
  },
  {
    topic: "five levels",
    level: "simplified",
    means:
      "P4D tables, hints above 47 bits and what is counted follow Linux's documents and source; no machine with five levels has judged them. Above 2^53 a byte within an 8-byte word has no address of its own.",
  },
  {
    topic: "NUMA, KSM",
    level: "absent",
    means: "Memory has one node; MADV_MERGEABLE marks a mapping and merges nothing.",
  },
  {
    topic: "memory cgroups",
    level: "simplified",
    means:
      "Version 2, mounted as systemd does it (memory_recursiveprot): groups within groups, who is charged for what, min, low, high, max, swap.max, events, OOM kills in a group or of a whole one, removed groups. Charges are exact where Linux charges in batches of 64 pages a CPU, memory.high makes nobody sleep, and there is no other controller, no memory.pressure, no zswap, no threads apart from their process. Who is charged for anonymous and shared pages, and who is killed in a full group, is compared with a real controller, by random programs too.",
    where: ["try_charge_memcg", "mem_cgroup_handle_over_high", "page_counter_calculate_protection"],
  },
  {
    topic: "placement at random, protection keys",
    level: "absent",
    means: "Addresses that the kernel chooses are those of a process without randomisation; there is no pkey_mprotect.",
  },
  {
    topic: "userfaultfd",
    level: "simplified",
    where: ["handle_userfault", "mfill_atomic"],
    means:
      "Missing pages of private and shared memory, minor faults of shared memory, write protection of anonymous memory, with API, REGISTER, UNREGISTER, WAKE, COPY, ZEROPAGE, CONTINUE, WRITEPROTECT: results, messages and fault counts as measured on 6.18. Left out, and refused with EINVAL: the events of fork, mremap, madvise and munmap, huge pages, write protection of files, MOVE and POISON.",
  },
];

/** Rows that are not exact, for a call stack of kernel functions: what is at work there is simpler than in Linux. */
export function simplificationsOf(functions: Iterable<string>): readonly Fidelity[] {
  const names = new Set(functions);
  return fidelity.filter(({ level, where }) => level !== "exact" && where?.some((name) => names.has(name)));
}

/** The table as Markdown. */
export function fidelityTable(): string {
  const rows = fidelity.map(({ topic, level, means }) => `| ${topic} | **${level}** | ${means} |`);
  return ["| topic | | what that means |", "| --- | --- | --- |", ...rows].join("\n");
}

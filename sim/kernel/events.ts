// The kernel's events, by the names of the functions and tracepoints that make them. An event has happened, with its
// effects, when it is announced.
import type { EventSpecs } from "../core/events.ts";

export const events = {
  // The scenario
  statement: { args: ["task", "line"], doc: "A task begins a statement of the scenario." },
  hung_task: { args: ["tasks", "reasons"], doc: "Nobody can go on: each of these tasks waits for another." },
  // System calls and accesses of processes
  sys_enter: { args: ["call", "task"], doc: "A task enters a system call." },
  sys_exit: { args: ["call", "task", "result"], doc: "A system call returns." },
  load: { args: ["address", "pfn", "mm"], doc: "A task has read memory." },
  store: { args: ["address", "pfn", "mm", "bytes"], doc: "A task has written memory." },
  exec: { args: ["address", "pfn", "mm"], doc: "A task has executed memory." },
  page_fault: {
    args: ["address", "error", "mm", "task"],
    doc: "A hardware page fault, also one that minflt does not count.",
    aliases: ["fault", "page fault user", "exception page fault"],
  },
  signal: { args: ["signal", "address", "task"], doc: "A task gets a fatal signal.", aliases: ["signal deliver"] },
  livelock: { args: ["address", "mm", "task"], doc: "The same access has faulted again and again without progress." },
  // Translation
  tlb_fill: {
    args: ["address", "pfn", "mm", "cpu", "flags"],
    doc: "A CPU walked the page tables and keeps the translation.",
  },
  tlb_flush: {
    args: ["reason", "pages", "mm", "cpu", "start"],
    doc: "A CPU drops translations because a mapping changed. `pages`: how many pages, -1 for all.",
    aliases: ["flush"],
  },
  ipi: { args: ["to", "mm", "from"], doc: "A CPU interrupts another one.", aliases: ["IPI send", "call function"] },
  gup_fast: {
    args: ["level", "address", "entry", "table", "mm"],
    doc: "get_user_pages_fast has read an entry of a page table, with interrupts off and without a lock.",
    aliases: ["get_user_pages_fast", "lockless walk"],
  },
  tlb_remove_table_smp_sync: {
    args: ["cpu"],
    doc: "A CPU answers that it is in no page table without a lock.",
  },
  ipi_done: { args: ["cpu"], doc: "The interrupted CPU has done what was asked." },
  switch_mm: { args: ["mm", "cpu", "task"], doc: "A CPU loads another address space." },
  sched_switch: { args: ["task", "cpu"], doc: "A CPU runs another task." },
  // Entries
  set_pgd: {
    args: ["mm", "address", "entry", "old", "pfn", "table"],
    does: { entry: "links", old: "unlinks" },
    doc: "A top-level entry is written.",
  },
  set_p4d: {
    args: ["mm", "address", "entry", "old", "pfn", "table"],
    does: { entry: "links", old: "unlinks" },
    doc: "A P4D entry is written (with 4 levels: in the top-level table).",
  },
  set_pud: {
    args: ["mm", "address", "entry", "old", "pfn", "table"],
    does: { entry: "links", old: "unlinks" },
    doc: "A PUD entry is written.",
  },
  set_pmd: {
    args: ["mm", "address", "entry", "old", "pfn", "table"],
    does: { entry: "links", old: "unlinks" },
    doc: "A PMD entry is written.",
  },
  set_pte: {
    args: ["mm", "address", "entry", "old", "pfn", "table"],
    does: { entry: "links", old: "unlinks" },
    doc: "A PTE is written.",
  },
  pgd_populate: {
    args: ["mm", "address", "table"],
    does: { table: "links" },
    doc: "A P4D table is linked into the top level (5 levels).",
  },
  p4d_populate: { args: ["mm", "address", "table"], does: { table: "links" }, doc: "A PUD table is linked." },
  pud_populate: { args: ["mm", "address", "table"], does: { table: "links" }, doc: "A PMD table is linked." },
  pmd_populate: { args: ["mm", "address", "table"], does: { table: "links" }, doc: "A PTE table is linked." },
  handle_userfault: {
    args: ["address", "reason", "mm", "task"],
    doc: "A fault waits for a userfaultfd: `missing`, `minor` or `wp`.",
  },
  userfaultfd_wake: { args: ["start", "len", "mm"], doc: "Faults of a range that wait for a userfaultfd may go on." },
  pmd_share: {
    args: ["table", "sharers", "mm"],
    does: { table: "links" },
    doc: "One more address space is about to link a PMD table of hugetlb. `sharers`: how many have it besides the first.",
    aliases: ["huge_pmd_share"],
  },
  pmd_unshare: {
    args: ["table", "sharers", "mm"],
    does: { table: "unlinks" },
    doc: "An address space has given up a PMD table of hugetlb that others keep.",
    aliases: ["huge_pmd_unshare"],
  },
  // Frames
  alloc_page: {
    args: ["pfn", "order"],
    does: { pfn: "makes" },
    doc: "A frame is taken from the free list.",
    aliases: ["mm_page_alloc"],
  },
  free_page: {
    args: ["pfn", "order"],
    does: { pfn: "ends" },
    doc: "A frame goes back to the free list.",
    aliases: ["mm_page_free"],
  },
  alloc_table: {
    args: ["pfn", "level", "mm"],
    does: { pfn: "makes" },
    doc: "A frame becomes a page table of a level: pte, pmd, pud, p4d, pgd.",
  },
  free_table: {
    args: ["pfn", "level", "mm"],
    doc: "A page table is freed.",
    aliases: ["free of table"],
  },
  alloc_hugetlb_folio: {
    args: ["pfn", "reserved"],
    does: { pfn: "makes" },
    doc: "A huge page is taken from the pool. `reserved`: 1 if it had been promised.",
    aliases: ["dequeue_hugetlb_folio"],
  },
  free_huge_folio: {
    args: ["pfn", "reserved"],
    does: { pfn: "ends" },
    doc: "A huge page goes back to the pool. `reserved`: 1 if it stays promised.",
  },
  get_page: { args: ["pfn", "refcount"], doc: "A page gets one more reference." },
  put_page: { args: ["pfn", "refcount"], doc: "A page loses a reference; at 0 it is freed." },
  // Swap
  add_to_swap_cache: {
    args: ["pfn", "slot"],
    doc: "A page in memory gets a slot of the swap device.",
    aliases: ["swap_cache_add_folio"],
  },
  delete_from_swap_cache: {
    args: ["pfn", "slot"],
    doc: "A page in memory has its slot no more.",
    aliases: ["swap_cache_del_folio"],
  },
  swap_duplicate: { args: ["slot", "count"], doc: "One more page-table entry or file refers to a slot." },
  swap_free: { args: ["slot", "count"], doc: "A reference to a slot goes; the last one frees it." },
  swap_writepage: {
    args: ["pfn", "slot"],
    doc: "A page is written to swap.",
    aliases: ["swap out", "pageout", "swap_writeout", "mm_vmscan_write_folio"],
  },
  swap_read_folio: { args: ["pfn", "slot"], doc: "A page is read from swap.", aliases: ["swap in", "swap_readpage"] },
  // Reclaim
  mm_vmscan_wakeup_kswapd: {
    args: ["free", "task"],
    doc: "So few pages are free that kswapd is woken.",
    aliases: ["wakeup_kswapd"],
  },
  mm_vmscan_direct_reclaim_begin: {
    args: ["nr_to_reclaim", "task"],
    doc: "Who needs memory has to reclaim it.",
    aliases: ["direct reclaim"],
  },
  mm_vmscan_direct_reclaim_end: { args: ["nr_reclaimed", "task"], doc: "Who needed memory has reclaimed so much." },
  mm_vmscan_memcg_reclaim_begin: {
    args: ["nr_to_reclaim", "memcg"],
    doc: "A control group has to give up pages.",
  },
  mm_vmscan_memcg_reclaim_end: { args: ["nr_reclaimed", "memcg"], doc: "A control group has given up so many pages." },
  mm_vmscan_lru_shrink_inactive: {
    args: ["nr_scanned", "nr_reclaimed", "list"],
    doc: "Reclaim has looked at pages of an inactive list: `anon` or `file`.",
  },
  mm_vmscan_lru_shrink_active: {
    args: ["nr_taken", "list"],
    doc: "Reclaim has moved pages from an active list to its inactive one.",
  },
  mm_vmscan_reclaim_pages: {
    args: ["nr_scanned", "nr_reclaimed"],
    doc: "MADV_PAGEOUT has tried to free pages.",
  },
  mm_vmscan_kswapd_wake: { args: ["free"], doc: "kswapd begins to reclaim." },
  mm_vmscan_kswapd_sleep: { args: ["free"], doc: "kswapd has nothing to do any more, or finds nothing." },
  // Control groups and the OOM killer
  cgroup_mkdir: { args: ["cgrp"], does: { cgrp: "makes" }, doc: "A control group is made." },
  cgroup_rmdir: { args: ["cgrp"], does: { cgrp: "ends" }, doc: "A control group is removed." },
  cgroup_attach_task: { args: ["task", "cgrp"], doc: "A process moves to another control group." },
  cgroup_subtree_control: {
    args: ["cgrp", "memory"],
    doc: "The groups below a control group get the memory controller (1), or lose it (0).",
  },
  memory_max_write: { args: ["memcg", "pages"], doc: "A control group gets another limit." },
  memory_limit_write: {
    args: ["memcg", "file", "pages"],
    doc: "Another setting of a control group: `file` says which, such as memory.high.",
  },
  mem_cgroup_charge: {
    args: ["pfn", "memcg", "pages"],
    doc: "A page is charged to a control group, which has so many then.",
    aliases: ["charge"],
  },
  mem_cgroup_oom: { args: ["memcg", "pages"], doc: "A control group is full, and reclaim frees nothing." },
  mark_victim: {
    args: ["task", "mm", "points"],
    doc: "The OOM killer chooses a process.",
    aliases: ["oom kill", "oom victim"],
  },
  // Secondary MMUs
  mmu_notifier_register: { args: ["mm", "ops"], doc: "Somebody will be told before page tables of an mm change." },
  mmu_notifier_unregister: { args: ["mm", "ops"], doc: "A subscriber is told no more." },
  mmu_notifier_invalidate_range_start: {
    args: ["mm", "start", "end", "event"],
    doc: "Subscribers are told that entries of a range are about to change, before they do.",
    aliases: ["notifier", "invalidate_range_start"],
  },
  mmu_notifier_invalidate_range_end: {
    args: ["mm", "start", "end"],
    doc: "Subscribers have been told that the change is over.",
    aliases: ["invalidate_range_end"],
  },
  set_spte: { args: ["kvm", "gfn", "entry", "old", "pfn"], doc: "An entry of a guest's stage-2 table is written." },
  ept_violation: { args: ["gpa", "access", "kvm"], doc: "A guest accesses what its stage-2 table does not give." },
  guest_load: { args: ["gpa", "pfn", "kvm"], doc: "A guest has read memory." },
  guest_store: { args: ["gpa", "pfn", "kvm"], doc: "A guest has written memory." },
  kvm_flush_remote_tlbs: { args: ["kvm"], doc: "A guest's CPUs forget what their stage-2 table has given them." },
  kvm_set_memory_region: {
    args: ["kvm", "slot", "base_gfn", "npages", "userspace_addr"],
    doc: "A memory slot of a guest is made, moved or removed.",
  },
  // Structures
  mm_alloc: { args: ["mm"], does: { mm: "makes" }, doc: "An address space is made." },
  mm_free: { args: ["mm"], does: { mm: "ends" }, doc: "An address space is freed.", aliases: ["mmdrop", "__mmdrop"] },
  vma_link: { args: ["vma", "mm", "start", "end"], does: { vma: "links" }, doc: "A VMA joins an address space." },
  vma_unlink: { args: ["vma", "mm", "start", "end"], does: { vma: "unlinks" }, doc: "A VMA leaves its address space." },
  vma_change: { args: ["vma", "mm", "start", "end"], doc: "A VMA's range or flags change." },
  inode_alloc: { args: ["inode"], does: { inode: "makes" }, doc: "A file comes into being." },
  inode_evict: {
    args: ["inode"],
    does: { inode: "ends" },
    doc: "The last user of a deleted file is gone.",
    aliases: ["evict_inode"],
  },
  page_cache_add: { args: ["inode", "index", "pfn"], does: { pfn: "links" }, doc: "A page joins a file's page cache." },
  page_cache_delete: {
    args: ["inode", "index", "pfn"],
    does: { pfn: "unlinks" },
    doc: "A page leaves a file's page cache.",
  },
  // Files
  d_instantiate: { args: ["dentry", "inode"], does: { inode: "links" }, doc: "A name gets its file." },
  d_delete: { args: ["dentry", "inode"], does: { inode: "unlinks" }, doc: "A name is removed.", aliases: ["unlink"] },
  d_move: { args: ["dentry", "parent", "name"], doc: "A file gets another name." },
  fd_install: { args: ["fd", "file", "task"], does: { file: "links" }, doc: "A descriptor gets an open file." },
  filp_close: { args: ["fd", "file", "task"], does: { file: "unlinks" }, doc: "A descriptor is closed." },
  fput: {
    args: ["file", "f_count"],
    doc: "An open file loses a reference; at 0 it is closed when the task leaves the kernel.",
  },
  i_size_write: { args: ["inode", "size"], doc: "A file's size changes." },
  attach_mnt: { args: ["mount", "dentry"], does: { mount: "links" }, doc: "A file system is mounted." },
  umount: { args: ["mount"], does: { mount: "unlinks" }, doc: "A file system is unmounted." },
  // Locks
  lock: {
    args: ["lock", "name", "mode", "trylock"],
    doc: "A lock is taken; mode: read, write, exclusive. `trylock`: without waiting, so that no order follows from it.",
  },
  unlock: { args: ["lock", "name", "mode"], doc: "A lock is released." },
  contend: { args: ["lock", "name", "mode"], doc: "A task starts to wait for a lock.", aliases: ["contention_begin"] },
  // RCU
  rcu_callback: {
    args: ["func", "rhp", "qlen"],
    doc: "What has been unlinked will be freed by a function that is called after a grace period. `qlen`: how many wait for the same one.",
    aliases: ["call_rcu"],
  },
  rcu_grace_period: {
    args: ["gp_seq", "gpevent"],
    doc: "A grace period begins or is over, `start` or `end`: by then all readers have left that were there when it began.",
    aliases: ["grace period"],
  },
  rcu_invoke_callback: {
    args: ["func", "rhp"],
    doc: "A grace period has passed: what waited for it is freed now.",
    aliases: ["RCU callback"],
  },
  // Life of processes
  fork: {
    args: ["parent", "child"],
    does: { child: "makes" },
    doc: "A process is copied.",
    aliases: ["sched_process_fork"],
  },
  exit: { args: ["task"], does: { task: "ends" }, doc: "A process ends.", aliases: ["sched_process_exit"] },
  kernel_warning: { args: ["text"], doc: "A WARN or BUG of the kernel itself." },
} as const satisfies EventSpecs;

export type KernelEvents = typeof events;

// The defects of the series as posted, by the id that mends each.
import type { KnownBug } from "../design.ts";

const SEED = "000_4c93ba9e9f52bbb5.txt";
const CODE = `${SEED}, patch`;

export const knownBugs: readonly KnownBug[] = [
  {
    id: "fault-unlock",
    title: "A fault unlocks what it does not hold, and keeps what its caller thinks unlocked",
    kinds: ["lock-imbalance", "lock-held", "deadlock"],
    source: `${SEED}, kernel test robot, 2023-04-29; ${CODE} 4/4, handle_mm_fault`,
  },
  {
    id: "null-ptshare-data",
    title: "Mappings and unmappings of one file race for f_mapping->ptshare_data",
    kinds: ["null-deref", "use-after-free", "kernel-warning"],
    source: `${SEED}, kernel test robot ("VM_SHARED_PT vma with NULL ptshare_data"); Karim Manaouil on patch 3/4, 2023-06-26`,
  },
  {
    id: "link-reference",
    title: "Nothing but munmap gives the host mm up, and that too early: it is freed under who is linked to it",
    kinds: ["use-after-free", "missing-tlb-flush", "kernel-warning", "lock-imbalance"],
    source: `${CODE} 4/4, ptshare_copy_pmd; patch 3/4, do_vmi_munmap`,
  },
  {
    id: "vm-mm-swap",
    title: "While one thread faults, all threads see the host mm as the VMA's",
    kinds: ["lock-imbalance", "lock-held", "use-after-free", "missing-lock"],
    source: `${CODE} 4/4, find_shared_vma`,
  },
  {
    id: "host-accounting",
    title:
      "Pages count in the host when they come and in a guest when they go; a guest's exit takes the host's entries",
    kinds: ["rss-mismatch", "page-table-leak", "missing-tlb-flush"],
    source: `${SEED}, cover letter: "Accounting … is not quite accurate yet"; patch 4/4, free_pmd_range`,
  },
  {
    id: "dontneed",
    title: "One process' MADV_DONTNEED empties the tables of all",
    kinds: ["missing-tlb-flush", "stale-tlb-access"],
    source: `${SEED}, Khalid Aziz, 2023-04-27; Peter Xu, 2023-06-12`,
  },
  {
    id: "freed-tables-mark",
    title:
      "Without the mark that tables went, lazy CPUs keep the way to the host's tables (option `freed_tables: unmarked`)",
    kinds: ["missing-tlb-flush", "use-after-free"],
    source: `${CODE} 4/4, free_pte_range: tlb->freed_tables`,
  },
  {
    id: "flush-sharers",
    title: "A change of shared entries flushes only the process that made it",
    kinds: ["missing-tlb-flush", "stale-tlb-access"],
    source: `${SEED}, cover letter: mprotect affects all processes; the series has no flush for them`,
  },
  {
    id: "notify-guests",
    title: "Secondary MMUs of guests are not told when the shared entries change, but at most one guest's",
    kinds: ["notifier-missed", "data-mismatch", "use-after-free"],
    source: `${CODE} 4/4; said of the later series by David Hildenbrand, 2024-10-07`,
  },
  {
    id: "nested-mmap-lock",
    title: "The host's mmap_lock is taken inside the guest's without a nesting annotation",
    kinds: ["lock-recursion"],
    source: `${CODE} 4/4, find_shared_vma`,
  },
  {
    id: "host-mmap-lock",
    title: "The host's VMA is inserted without the host's mmap_lock",
    kinds: ["missing-lock"],
    source: `${CODE} 3/4, ptshare_insert_vma`,
  },
  {
    id: "permission-mode",
    title: "The protection of the first mapping is not kept: mappings with other rights share its tables",
    kinds: ["permission-bypass"],
    source: `${CODE} 3/4, ptshare_new_mm: ptshare_data.mode is compared and never set`,
  },
  {
    id: "mprotect-host",
    title: "mprotect changes one VMA and everybody's entries; the next fault of another process gives them back",
    kinds: ["permission-bypass"],
    source: `${SEED}, cover letter: "mprotect() call made by one process affects all processes"`,
  },
  {
    id: "file-offset",
    title: "Mappings of different parts of a file share tables, if only they lie at the same address",
    kinds: ["data-mismatch"],
    source: `${CODE} 3/4, do_mmap: compares start and size`,
  },
  {
    id: "vma-split",
    title: "mprotect, mremap and munmap from below split a shared mapping; faults in the upper part go astray",
    kinds: ["livelock", "lock-imbalance"],
    source: `${SEED}, cover letter: no partial unmapping; ${CODE} 4/4: host_addr counts from vm_start`,
  },
  {
    id: "merged-vma",
    title: "A mapping that merges with its neighbour shares the neighbour's range too, whose tables are lost",
    kinds: ["refcount-leak", "page-table-leak", "rss-mismatch"],
    source: `${CODE} 3/4, do_mmap: find_vma(mm, addr)`,
  },
  {
    id: "pud-link",
    title: "The first process' PUD entry links the host's PMD table for its other mappings in that GiB, too",
    kinds: ["use-after-free", "page-table-leak"],
    source: `${CODE} 4/4, ptshare_copy_pmd`,
  },
  {
    id: "private-mapping",
    title: "Private mappings share page tables",
    kinds: ["data-mismatch", "rss-mismatch"],
    source: `${CODE} 2/4: flags & (MAP_SHARED | MAP_SHARED_VALIDATE) is true for MAP_PRIVATE`,
  },
  {
    id: "mmap-error",
    title: "An mmap with MAP_SHARED_PT that fails follows a null pointer",
    kinds: ["null-deref"],
    source: `${CODE} 3/4, do_mmap: find_vma of an error`,
  },
];

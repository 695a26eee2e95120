// Bugs that Linux once had around shared page tables and their relatives. The simulated kernel is mended, as 6.18 is;
// `kernel linux { unfixed: [ID] }` puts one back. Each has a page in docs/bugs.
import type { KnownBug } from "../design.ts";

export const historicBugs: readonly KnownBug[] = [
  {
    id: "hugetlb-unshare-flush",
    title: "Unmapping a shared PMD table of hugetlb flushes no TLB",
    kinds: ["missing-tlb-flush", "stale-tlb-access"],
    source: "CVE-2021-4002, until 5.16",
    historic: true,
  },
  {
    id: "hugetlb-split-unshare",
    title: "A hugetlb VMA unshares its PMD table before it is split, not while it is",
    kinds: ["dangling-page-table"],
    source: "CVE-2025-38084, until 6.16",
    historic: true,
  },
  {
    id: "hugetlb-unshare-sync",
    title: "Nobody waits for lockless walkers of a PMD table that hugetlb shares no more",
    kinds: ["use-after-free"],
    source: "CVE-2025-38085, until 6.16",
    historic: true,
  },
  {
    id: "hugetlb-share-count",
    title: "References to a PMD table of hugetlb count as address spaces that share it",
    kinds: ["page-table-leak", "refcount-leak", "accounting-mismatch"],
    source: "CVE-2024-57883, until 6.13",
    historic: true,
  },
  {
    id: "pt-reclaim-semi-rcu",
    title: "A page table that PT_RECLAIM takes away is freed after an interrupt, not after a grace period of RCU",
    kinds: ["use-after-free"],
    source: 'what "x86: mm: free page table pages by RCU instead of semi RCU" sees to, since 6.14',
    historic: true,
  },
  {
    id: "mremap-flush",
    title: "mremap flushes the old address only after it has let go of the page table's lock",
    kinds: ["missing-tlb-flush", "stale-tlb-access"],
    source: "CVE-2018-18281, until 4.19",
    historic: true,
  },
];

// The defects of the series as posted, by the id that mends each.
import type { KnownBug } from "../design.ts";

const SEED = "003_0a3a0e7ddc0a762e.txt";

export const knownBugs: readonly KnownBug[] = [
  {
    id: "unlink-on-munmap",
    title: "munmap of a region leaves its page tables linked",
    kinds: ["dangling-page-table", "permission-bypass", "use-after-free", "missing-tlb-flush", "stale-tlb-access"],
    source: `${SEED}, patch 08/10: "kept intact and not unlinked from a process when an mshare region is explicitly unmapped which is bug to be addressed"`,
  },
  {
    id: "flush-sharers",
    title: "Changes of the shared tables flush no CPU of the sharers",
    kinds: ["missing-tlb-flush", "stale-tlb-access", "data-mismatch"],
    source: `${SEED}, cover letter; Dave Hansen, 2024-10-02`,
  },
  {
    id: "nested-mmap-lock",
    title: "The host's mmap_lock is taken inside the guest's without a nesting annotation",
    kinds: ["lock-recursion"],
    source: `${SEED}, patch 08/10, Kirill Shutemov, 2024-10-07`,
  },
  {
    id: "host-permissions",
    title: "Faults are checked against the guest's VMA only, not against the mapping in the region",
    kinds: ["permission-bypass", "livelock"],
    source: `${SEED}, patch 08/10, Anthony Yznaga, 2024-10-07`,
  },
  {
    id: "guest-permissions",
    title: "A read-only mapping of a region can be written through the shared tables",
    kinds: ["permission-bypass"],
    source: "facts/mshare-v3.md C4: a write with hw=0 although the VMA is read-only",
  },
  {
    id: "host-owner",
    title: "The region's memory is charged to the task that created it, also after its end",
    kinds: ["accounting-mismatch", "use-after-free"],
    source: `${SEED}, patch 08/10, Anthony Yznaga, 2024-10-07`,
  },
  {
    id: "set-size-once",
    title: "A region that starts at 0 can be set up again; size 0 becomes 2^64 - 1",
    kinds: [],
    source: `${SEED}, patch 05/10, Jann Horn, 2024-10-14`,
  },
  {
    id: "same-address",
    title: "A mapping of a later part of a region shows its first part",
    kinds: ["data-mismatch", "permission-bypass"],
    source: `${SEED}, patch 08/10: host_addr counts from the guest VMA's start`,
  },
  {
    id: "guest-mprotect",
    title: "mprotect of a whole region edits everybody's entries; the next fault of another process gives them back",
    kinds: ["permission-bypass", "missing-tlb-flush", "stale-tlb-access"],
    source: "facts/mshare-v3.md C4, mprotect of the whole VMA",
  },
  {
    id: "guest-mremap",
    title: "mremap of a region takes the host's tables along",
    kinds: ["page-table-leak", "rss-mismatch", "use-after-free", "missing-tlb-flush", "missing-lock", "kernel-warning"],
    source: `${SEED}, patch 07/10: of a region's VMA only may_split is refused`,
  },
  {
    id: "private-mapping",
    title: "A MAP_PRIVATE mapping of a region writes for everybody",
    kinds: ["data-mismatch"],
    source: `${SEED}, patch 07/10, msharefs_mmap; patch 08/10`,
  },
  {
    id: "oom-owner",
    title: "No process can be killed for a region's memory",
    kinds: ["oom-stuck"],
    source: `${SEED}, Kirill Shutemov and David Hildenbrand, 2024-10-07`,
  },
  {
    id: "sharing-visible",
    title: "mapcount, Pss and pagemap's exclusive bit say that a shared page is one process's own",
    kinds: [],
    source: "facts/mshare-v3.md A: mapcount 1, exclusive 1, Rss = Pss = Private_Dirty in every process",
  },
  {
    id: "notify-guests",
    title: "Secondary MMUs of the guests are not told when the host's page tables change",
    kinds: ["notifier-missed", "data-mismatch", "use-after-free"],
    source: `${SEED}, Sean Christopherson, 2024-10-07; Anthony Yznaga, 2024-10-08`,
  },
  {
    id: "lock-handover",
    title: "A completed fault unlocks what it does not hold (option `lock_handover: retry`)",
    kinds: ["lock-imbalance", "lock-held", "deadlock"],
    source: `${SEED}, patch 08/10, handle_mm_fault: what the forerunner left out`,
  },
  {
    id: "set-size-range",
    title: "A region can be set up where no process can map it",
    kinds: [],
    source: "facts/mshare-v3.md B1: SET_SIZE start=256T",
  },
  {
    id: "ioctl-permissions",
    title: "Who may only read a region's file may set it up and map memory in it",
    kinds: [],
    source: "facts/mshare-v3.md B1: SET_SIZE and CREATE_MAPPING through an O_RDONLY descriptor",
  },
  {
    id: "create-flags",
    title: "CREATE_MAPPING takes MAP_POPULATE, MAP_LOCKED and MAP_HUGETLB, and does nothing of it",
    kinds: [],
    source: "facts/mshare-v3.md B1",
  },
  {
    id: "info-file",
    title: "mshare_info cannot be unlinked, but a second name of it can be made and taken away",
    kinds: [],
    source: "facts/mshare-v3.md B3",
  },
];

// The kinds of bug that detectors report, in the words that `expect bug` and `allow bug` take.

export interface BugKind {
  readonly name: string;
  /** The rule that was broken. */
  readonly doc: string;
  /** What one would see on a real Linux. */
  readonly seenAs: string;
}

export const bugKinds: readonly BugKind[] = [
  {
    name: "use-after-free",
    doc: "Nothing reads, writes or walks a freed page, page table, VMA, mm_struct, inode or file.",
    seenAs: "a KASAN report",
  },
  { name: "double-free", doc: "An object is freed once.", seenAs: "`Bad page state`, list corruption" },
  {
    name: "refcount-underflow",
    doc: "A reference count never goes below zero, nor up from zero.",
    seenAs: "`refcount_t: underflow`",
  },
  { name: "refcount-leak", doc: "When the last user is gone the object is freed.", seenAs: "a leak that nobody sees" },
  {
    name: "page-table-leak",
    doc: "An mm that is freed has no page table left that is its own.",
    seenAs: "`BUG: non-zero pgtables_bytes on freeing mm`",
  },
  {
    name: "dangling-page-table",
    doc: "Every present upper-level entry leads to a table that a VMA of that mm still covers.",
    seenAs: "reads that succeed after munmap",
  },
  {
    name: "rss-mismatch",
    doc: "The RSS counters equal what the page tables map.",
    seenAs: "`BUG: Bad rss-counter state`",
  },
  {
    name: "accounting-mismatch",
    doc: "Page-table bytes, memcg charges and fault counts go to who owns them.",
    seenAs: "a wrong VmPTE, charges to a dead owner",
  },
  {
    name: "missing-tlb-flush",
    doc: "No frame or page table is freed or reused, and no permission taken away, while a CPU may still use the old translation.",
    seenAs: "silent corruption",
  },
  {
    name: "stale-tlb-access",
    doc: "No access goes through a translation that should have been flushed.",
    seenAs: "corruption, an information leak",
  },
  {
    name: "lock-imbalance",
    doc: "A lock is released by who holds it.",
    seenAs: "`WARNING: bad unlock balance detected!`",
  },
  {
    name: "lock-recursion",
    doc: "No class of lock is taken inside itself without a nesting annotation.",
    seenAs: "`possible recursive locking detected`",
  },
  {
    name: "lock-inversion",
    doc: "The order in which lock classes are taken has no cycle.",
    seenAs: "`possible circular locking dependency detected`",
  },
  {
    name: "lock-held",
    doc: "A task returns to user space, or exits, with no lock held.",
    seenAs: "`lock held when returning to user space`",
  },
  {
    name: "missing-lock",
    doc: "Page tables, VMAs and counters are touched only under the lock that guards them.",
    seenAs: "KCSAN, `lockdep_assert_held`",
  },
  { name: "deadlock", doc: "Some task can always go on.", seenAs: "a hung task" },
  { name: "livelock", doc: "A fault or a retry makes progress.", seenAs: "a task at 100 %, an RCU stall" },
  { name: "null-deref", doc: "No null pointer is followed.", seenAs: "an Oops" },
  {
    name: "permission-bypass",
    doc: "An access succeeds only where the process's own VMA and the mapping allow it.",
    seenAs: "a security hole",
  },
  {
    name: "notifier-missed",
    doc: "A secondary MMU is told before a page that it maps goes away.",
    seenAs: "corrupted guest memory",
  },
  {
    name: "data-mismatch",
    doc: "A load returns the value last stored to that object and offset.",
    seenAs: "lost user data",
  },
  {
    name: "oom-stuck",
    doc: "Memory that nobody can reach can be freed by the OOM killer.",
    seenAs: "a machine that dies",
  },
  {
    name: "kernel-warning",
    doc: "The design's own WARN and BUG checks hold.",
    seenAs: "`WARNING:`, `kernel BUG at`",
  },
];

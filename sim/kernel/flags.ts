// Kernel-internal flags that user programs never see: of VMAs, pages, faults. Values are x86-64 Linux's where it fixes them.

export const VM_NONE = 0;
export const VM_READ = 0x1;
export const VM_WRITE = 0x2;
export const VM_EXEC = 0x4;
export const VM_SHARED = 0x8;
export const VM_MAYREAD = 0x10;
export const VM_MAYWRITE = 0x20;
export const VM_MAYEXEC = 0x40;
export const VM_MAYSHARE = 0x80;
export const VM_GROWSDOWN = 0x100;
export const VM_UFFD_MISSING = 0x200;
export const VM_PFNMAP = 0x400;
/** Guard regions may be in it: they are copied by fork, and the flag stays (6.18). */
export const VM_MAYBE_GUARD = 0x800;
export const VM_UFFD_WP = 0x1000;
/** Above 32 bits: `has_uffd_minor` tells. */
export const VM_UFFD_MINOR = 2 ** 38;
/** Above 32 bits: `is_droppable` tells. */
export const VM_DROPPABLE = 2 ** 40;
export const VM_LOCKED = 0x2000;
export const VM_IO = 0x4000;
export const VM_SEQ_READ = 0x8000;
export const VM_RAND_READ = 0x10000;
export const VM_DONTCOPY = 0x20000;
export const VM_DONTEXPAND = 0x40000;
export const VM_LOCKONFAULT = 0x80000;
export const VM_ACCOUNT = 0x100000;
export const VM_NORESERVE = 0x200000;
export const VM_HUGETLB = 0x400000;
export const VM_SYNC = 0x800000;
export const VM_WIPEONFORK = 0x2000000;
export const VM_DONTDUMP = 0x4000000;
export const VM_SOFTDIRTY = 0x8000000;
export const VM_MIXEDMAP = 0x10000000;
export const VM_HUGEPAGE = 0x20000000;
export const VM_NOHUGEPAGE = 0x40000000;
export const VM_MERGEABLE = 0x80000000;
export const VM_ACCESS_FLAGS = VM_READ | VM_WRITE | VM_EXEC;
export const VM_LOCKED_MASK = VM_LOCKED | VM_LOCKONFAULT;
/** Flags that do not keep VMAs apart: what two VMAs become has those of both (6.18). */
export const VM_STICKY = VM_SOFTDIRTY | VM_MAYBE_GUARD;
/** VMAs with these flags never merge. */
export const VM_SPECIAL = VM_IO | VM_DONTEXPAND | VM_PFNMAP | VM_MIXEDMAP;

/** Names as in /proc/PID/smaps and mm tracepoints, upper case for readers. */
export const VM_FLAGS: Readonly<Record<number, string>> = {
  [VM_READ]: "READ",
  [VM_WRITE]: "WRITE",
  [VM_EXEC]: "EXEC",
  [VM_SHARED]: "SHARED",
  [VM_MAYREAD]: "MAYREAD",
  [VM_MAYWRITE]: "MAYWRITE",
  [VM_MAYEXEC]: "MAYEXEC",
  [VM_MAYSHARE]: "MAYSHARE",
  [VM_GROWSDOWN]: "GROWSDOWN",
  [VM_MAYBE_GUARD]: "MAYBE_GUARD",
  [VM_UFFD_MISSING]: "UFFD_MISSING",
  [VM_PFNMAP]: "PFNMAP",
  [VM_UFFD_WP]: "UFFD_WP",
  [VM_UFFD_MINOR]: "UFFD_MINOR",
  [VM_LOCKED]: "LOCKED",
  [VM_IO]: "IO",
  [VM_SEQ_READ]: "SEQ_READ",
  [VM_RAND_READ]: "RAND_READ",
  [VM_DONTCOPY]: "DONTCOPY",
  [VM_DONTEXPAND]: "DONTEXPAND",
  [VM_LOCKONFAULT]: "LOCKONFAULT",
  [VM_ACCOUNT]: "ACCOUNT",
  [VM_NORESERVE]: "NORESERVE",
  [VM_HUGETLB]: "HUGETLB",
  [VM_SYNC]: "SYNC",
  [VM_WIPEONFORK]: "WIPEONFORK",
  [VM_DONTDUMP]: "DONTDUMP",
  [VM_SOFTDIRTY]: "SOFTDIRTY",
  [VM_MIXEDMAP]: "MIXEDMAP",
  [VM_HUGEPAGE]: "HUGEPAGE",
  [VM_NOHUGEPAGE]: "NOHUGEPAGE",
  [VM_MERGEABLE]: "MERGEABLE",
  [VM_DROPPABLE]: "DROPPABLE",
  // Bit 41 belongs to mshare and ptshare.
  [2 ** 41]: "SHARED_PT",
};

/** For flags above bit 31, which JavaScript's `&` cannot see. */
export const hasHighFlag = (flags: number, flag: number): boolean => Math.floor(flags / flag) % 2 === 1;

/** `flags` with the low bits of `more` set, or of `gone` cleared; bits above 31 stay as they are. */
export const withVmFlags = (flags: number, more: number): number => flags + ((more & ~flags) >>> 0);
export const withoutVmFlags = (flags: number, gone: number): number => flags - ((flags & gone) >>> 0);

/** Whether any of the flags of a userfaultfd is set, and the flags without them. */
export const has_uffd_minor = (flags: number): boolean => Math.floor(flags / VM_UFFD_MINOR) % 2 === 1;
export const without_uffd_flags = (flags: number): number =>
  withoutVmFlags(has_uffd_minor(flags) ? flags - VM_UFFD_MINOR : flags, VM_UFFD_MISSING | VM_UFFD_WP);

/** Memory that may be dropped when it is short, whatever is in it: MAP_DROPPABLE. */
export const is_droppable = (flags: number): boolean => hasHighFlag(flags, VM_DROPPABLE);

export const PG_locked = 0x1;
export const PG_referenced = 0x2;
export const PG_uptodate = 0x4;
export const PG_dirty = 0x8;
export const PG_lru = 0x10;
export const PG_active = 0x20;
export const PG_swapbacked = 0x40;
export const PG_swapcache = 0x80;
export const PG_writeback = 0x100;
export const PG_anon_exclusive = 0x200;
export const PG_reclaim = 0x400;
export const PG_reserved = 0x800;
export const PG_unevictable = 0x1000;
export const PG_mlocked = 0x2000;
/** In the swap cache because a neighbour was wanted. Linux has one bit for this and for PG_reclaim. */
export const PG_readahead = 0x4000;

export const PAGE_FLAGS: Readonly<Record<number, string>> = {
  [PG_locked]: "locked",
  [PG_referenced]: "referenced",
  [PG_uptodate]: "uptodate",
  [PG_dirty]: "dirty",
  [PG_lru]: "lru",
  [PG_active]: "active",
  [PG_swapbacked]: "swapbacked",
  [PG_swapcache]: "swapcache",
  [PG_writeback]: "writeback",
  [PG_anon_exclusive]: "anon_exclusive",
  [PG_reclaim]: "reclaim",
  [PG_reserved]: "reserved",
  [PG_unevictable]: "unevictable",
  [PG_mlocked]: "mlocked",
  [PG_readahead]: "readahead",
};

export const FAULT_FLAG_WRITE = 0x1;
export const FAULT_FLAG_MKWRITE = 0x2;
export const FAULT_FLAG_ALLOW_RETRY = 0x4;
export const FAULT_FLAG_RETRY_NOWAIT = 0x8;
export const FAULT_FLAG_KILLABLE = 0x10;
export const FAULT_FLAG_TRIED = 0x20;
export const FAULT_FLAG_USER = 0x40;
export const FAULT_FLAG_REMOTE = 0x80;
export const FAULT_FLAG_INSTRUCTION = 0x100;
export const FAULT_FLAG_INTERRUPTIBLE = 0x200;
export const FAULT_FLAG_UNSHARE = 0x400;
export const FAULT_FLAG_VMA_LOCK = 0x1000;
export const FAULT_FLAG_DEFAULT = FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_KILLABLE | FAULT_FLAG_INTERRUPTIBLE;

export const VM_FAULT_OOM = 0x1;
export const VM_FAULT_SIGBUS = 0x2;
export const VM_FAULT_MAJOR = 0x4;
export const VM_FAULT_HWPOISON = 0x10;
export const VM_FAULT_SIGSEGV = 0x40;
export const VM_FAULT_NOPAGE = 0x100;
export const VM_FAULT_LOCKED = 0x200;
export const VM_FAULT_RETRY = 0x400;
export const VM_FAULT_FALLBACK = 0x800;
export const VM_FAULT_DONE_COW = 0x1000;
export const VM_FAULT_NEEDDSYNC = 0x2000;
export const VM_FAULT_COMPLETED = 0x4000;
export const VM_FAULT_ERROR = VM_FAULT_OOM | VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV | VM_FAULT_HWPOISON | VM_FAULT_FALLBACK;

export const FMODE_READ = 1;
export const FMODE_WRITE = 2;

// Advice about memory (mm/madvise.c): the system call, its checks, and advice that only changes flags. What gives memory
// back is in madvise_free.ts.
import type { Steps } from "../../core/thread.ts";
import { PAGE_ALIGN } from "../arch/x86/mm/pgtable.ts";
import {
  has_uffd_minor,
  is_droppable,
  VM_DONTCOPY,
  VM_DONTDUMP,
  VM_HUGEPAGE,
  VM_HUGETLB,
  VM_IO,
  VM_MERGEABLE,
  VM_MIXEDMAP,
  VM_NOHUGEPAGE,
  VM_PFNMAP,
  VM_RAND_READ,
  VM_SEQ_READ,
  VM_SHARED,
  VM_SPECIAL,
  VM_STICKY,
  VM_UFFD_MISSING,
  VM_UFFD_WP,
  VM_WIPEONFORK,
  withoutVmFlags,
  withVmFlags,
} from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Mm, Vma } from "../mm_types.ts";
import { EAGAIN, EINVAL, ENOMEM } from "../uapi/errno.ts";
import * as uapi from "../uapi/mman.ts";
import { FOLL_WRITE, mmap_locked } from "./gup.ts";
import type { MmuGather } from "./mmu_gather.ts";

/** Flags that an advice sets and clears in a VMA; a function refuses with an errno where it is not possible. */
interface FlagAdvice {
  readonly set: number;
  readonly clear: number;
  refuse?(vma: Vma): boolean;
}

const unmergeable = VM_SHARED | 0x80 | VM_PFNMAP | VM_IO | VM_MIXEDMAP | VM_HUGETLB | 0x40000;

const flagAdvice: Readonly<Record<number, FlagAdvice>> = {
  [uapi.MADV_NORMAL]: { set: 0, clear: VM_RAND_READ | VM_SEQ_READ },
  [uapi.MADV_SEQUENTIAL]: { set: VM_SEQ_READ, clear: VM_RAND_READ },
  [uapi.MADV_RANDOM]: { set: VM_RAND_READ, clear: VM_SEQ_READ },
  [uapi.MADV_DONTFORK]: { set: VM_DONTCOPY, clear: 0 },
  [uapi.MADV_DOFORK]: { set: 0, clear: VM_DONTCOPY, refuse: (vma) => (vma.vm_flags & VM_IO) !== 0 },
  [uapi.MADV_WIPEONFORK]: {
    set: VM_WIPEONFORK,
    clear: 0,
    refuse: (vma) => vma.vm_file !== null || (vma.vm_flags & VM_SHARED) !== 0,
  },
  [uapi.MADV_KEEPONFORK]: { set: 0, clear: VM_WIPEONFORK, refuse: (vma) => is_droppable(vma.vm_flags) },
  [uapi.MADV_DONTDUMP]: { set: VM_DONTDUMP, clear: 0 },
  [uapi.MADV_DODUMP]: {
    set: 0,
    clear: VM_DONTDUMP,
    refuse: ({ vm_flags }) => (!(vm_flags & VM_HUGETLB) && (vm_flags & VM_SPECIAL) !== 0) || is_droppable(vm_flags),
  },
  [uapi.MADV_HUGEPAGE]: { set: VM_HUGEPAGE, clear: VM_NOHUGEPAGE },
  [uapi.MADV_NOHUGEPAGE]: { set: VM_NOHUGEPAGE, clear: VM_HUGEPAGE },
};

const KSM: readonly number[] = [uapi.MADV_MERGEABLE, uapi.MADV_UNMERGEABLE];
/** Since 6.17 these gather what they free over all VMAs of a call. */
const BATCHED: readonly number[] = [uapi.MADV_DONTNEED, uapi.MADV_DONTNEED_LOCKED, uapi.MADV_FREE];
const POPULATE: readonly number[] = [uapi.MADV_POPULATE_READ, uapi.MADV_POPULATE_WRITE];

/** Advice that acts on pages: the kernel function that does it, `(vma, start, end, advice)` → 0 or an errno. */
const actions: Readonly<Record<number, string>> = {
  [uapi.MADV_REMOVE]: "madvise_remove",
  [uapi.MADV_WILLNEED]: "madvise_willneed",
  [uapi.MADV_COLD]: "madvise_cold",
  [uapi.MADV_PAGEOUT]: "madvise_pageout",
  [uapi.MADV_FREE]: "madvise_dontneed_free",
  [uapi.MADV_DONTNEED]: "madvise_dontneed_free",
  [uapi.MADV_DONTNEED_LOCKED]: "madvise_dontneed_free",
  [uapi.MADV_GUARD_INSTALL]: "madvise_guard_install",
  [uapi.MADV_GUARD_REMOVE]: "madvise_guard_remove",
};

const GUARD: readonly number[] = [uapi.MADV_GUARD_INSTALL, uapi.MADV_GUARD_REMOVE];

const is_known = (advice: number): boolean =>
  advice in flagAdvice ||
  advice in actions ||
  KSM.includes(advice) ||
  POPULATE.includes(advice) ||
  advice === uapi.MADV_COLLAPSE;

export function* sys_madvise(k: Kernel, addr: number, len: number, advice: number): Steps<number> {
  return yield* k.do_madvise(addr, len, advice);
}

/** What keeps the mappings in place meanwhile. A single VMA's lock may turn out not to do. */
interface MadviseLock {
  mode: "mmap_lock for writing" | "mmap_lock for reading" | "the VMA's for reading";
}

function get_lock_mode(k: Kernel, advice: number): MadviseLock {
  if (advice in flagAdvice || KSM.includes(advice)) return { mode: "mmap_lock for writing" };
  if (k.config.version !== "6.12" && BATCHED.includes(advice)) return { mode: "the VMA's for reading" };
  return { mode: "mmap_lock for reading" };
}

/** What can be done of the range is done, also where -ENOMEM tells of holes in it. */
export function* do_madvise(k: Kernel, addr: number, len: number, advice: number): Steps<number> {
  if (!is_known(advice) || addr % 4096 !== 0) return -EINVAL;
  if (k.config.version === "6.12" && GUARD.includes(advice)) return -EINVAL;
  const end = addr + PAGE_ALIGN(len);
  if (end >= 2 ** 64) return -EINVAL;
  if (end === addr) return 0;
  const mm = k.current.mm!;
  const lock = get_lock_mode(k, advice);
  if (lock.mode === "mmap_lock for writing") yield* k.mmap_write_lock(mm);
  else if (lock.mode === "mmap_lock for reading") yield* k.mmap_read_lock(mm);
  // Since 6.17 there is one flush for all VMAs of the range.
  const tlb = k.config.version !== "6.12" && BATCHED.includes(advice) ? k.tlb_gather_mmu(mm) : null;
  const error = yield* k.madvise_do_behavior(mm, addr, end, advice, tlb, lock);
  if (tlb) yield* k.tlb_finish_mmu(tlb);
  if (lock.mode === "mmap_lock for writing") yield k.mmap_write_unlock(mm);
  else if (lock.mode === "mmap_lock for reading") yield k.mmap_read_unlock(mm);
  return error;
}

export function* madvise_do_behavior(
  k: Kernel,
  mm: Mm,
  start: number,
  end: number,
  advice: number,
  tlb: MmuGather | null,
  lock: MadviseLock,
): Steps<number> {
  if (!POPULATE.includes(advice)) return yield* k.madvise_walk_vmas(mm, start, end, advice, tlb, lock);
  return yield* k.madvise_populate(mm, start, end, advice);
}

/** Caller holds mmap_lock for reading, and gets it back. */
export function* madvise_populate(k: Kernel, mm: Mm, start: number, end: number, advice: number): Steps<number> {
  const write = advice === uapi.MADV_POPULATE_WRITE ? FOLL_WRITE : 0;
  const locked = mmap_locked();
  for (let address = start; address < end; ) {
    const pages = yield* k.faultin_page_range(mm, address, end, write, locked);
    if (!locked.held) yield* k.mmap_read_lock(mm);
    locked.held = true;
    if (pages < 0) return pages;
    address += pages * 4096;
  }
  return 0;
}

/** The VMA that has the whole range, locked for reading; else null, and mmap_lock is taken. */
export function* try_vma_read_lock(
  k: Kernel,
  mm: Mm,
  start: number,
  end: number,
  lock: MadviseLock,
): Steps<Vma | null> {
  const vma = yield* k.lock_vma_under_rcu(mm, start);
  const armed = vma !== null && (vma.vm_flags & (VM_UFFD_MISSING | VM_UFFD_WP) || has_uffd_minor(vma.vm_flags));
  if (vma && end <= vma.vm_end && !armed) return vma;
  if (vma) yield k.vma_end_read(vma);
  yield* k.mmap_read_lock(mm);
  lock.mode = "mmap_lock for reading";
  return null;
}

/** Goes through the VMAs of the range, over holes; an error other than for a hole ends it. */
export function* madvise_walk_vmas(
  k: Kernel,
  mm: Mm,
  from: number,
  end: number,
  advice: number,
  tlb: MmuGather | null,
  lock: MadviseLock,
): Steps<number> {
  if (lock.mode === "the VMA's for reading") {
    const locked = yield* k.try_vma_read_lock(mm, from, end, lock);
    if (locked) {
      const error = yield* k.madvise_vma_behavior(locked, from, end, advice, tlb);
      yield k.vma_end_read(locked);
      return error;
    }
  }
  let hole = 0;
  for (let start = from; start < end; ) {
    const vma = k.find_vma(mm, start);
    if (!vma) return -ENOMEM;
    if (start < vma.vm_start) {
      hole = -ENOMEM;
      start = vma.vm_start;
      continue;
    }
    const stop = Math.min(end, vma.vm_end);
    const error = yield* k.madvise_vma_behavior(vma, start, stop, advice, tlb);
    if (error) return error;
    start = stop;
  }
  return hole;
}

/** Does it to the part [start, end) of one VMA. */
export function* madvise_vma_behavior(
  k: Kernel,
  vma: Vma,
  start: number,
  end: number,
  advice: number,
  tlb: MmuGather | null,
): Steps<number> {
  // No huge page can be made of what is mapped: there are none but those of hugetlb.
  if (advice === uapi.MADV_COLLAPSE) return -EINVAL;
  const action = actions[advice];
  if (action) return yield* (k as unknown as Readonly<Record<string, Action>>)[action]!(vma, start, end, advice, tlb);
  const flags = flagAdvice[advice];
  if (flags?.refuse?.(vma)) return -EINVAL;
  const wanted = flags ? withVmFlags(withoutVmFlags(vma.vm_flags, flags.clear), flags.set) : ksm_flags(vma, advice);
  const error = yield* k.madvise_update_vma(vma, start, end, wanted);
  return error === -ENOMEM ? -EAGAIN : error;
}

type Action = (vma: Vma, start: number, end: number, advice: number, tlb: MmuGather | null) => Steps<number>;

/** Same-page merging only takes note of its advice: no daemon runs. What cannot merge ignores it. */
function ksm_flags(vma: Vma, advice: number): number {
  if (vma.vm_flags & unmergeable || is_droppable(vma.vm_flags)) return vma.vm_flags;
  return advice === uapi.MADV_MERGEABLE
    ? withVmFlags(vma.vm_flags, VM_MERGEABLE)
    : withoutVmFlags(vma.vm_flags, VM_MERGEABLE);
}

export function* madvise_update_vma(k: Kernel, vma: Vma, start: number, end: number, flags: number): Steps<number> {
  if (flags === vma.vm_flags) return 0;
  const changed = yield* k.vma_modify_flags(vma, start, end, flags);
  if (typeof changed === "number") return changed;
  yield* k.vma_start_write(changed);
  changed.vm_flags = withVmFlags(flags, changed.vm_flags & VM_STICKY);
  yield k.trace.vma_change(changed, changed.vm_mm, changed.vm_start, changed.vm_end);
  return 0;
}

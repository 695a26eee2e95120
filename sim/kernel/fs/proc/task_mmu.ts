// What /proc shows of an address space (fs/proc/task_mmu.c): status, smaps, maps, pagemap. Nothing here makes a step.
import {
  _PAGE_ACCESSED,
  _PAGE_DIRTY,
  _PAGE_PSE,
  _PAGE_SOFT_DIRTY,
  _PAGE_SPECIAL,
  _PAGE_UFFD_WP,
  entryPfn,
  isPresent,
  swapOffset,
  swapType,
} from "../../../hardware/entry.ts";
import { PG_dirty, PG_referenced, PG_swapbacked, VM_HUGETLB, VM_LOCKED, VM_SOFTDIRTY } from "../../flags.ts";
import type { Kernel } from "../../kernel.ts";
import { HPAGE_SIZE } from "../../mm/hugetlb.ts";
import { is_guard_pte, is_pte_marker } from "../../mm/madvise_guard.ts";
import { PAGE_TYPE } from "../../mm/page_alloc.ts";
import type { Mm, Page, Task, Vma } from "../../mm_types.ts";
import { shmem_swap_usage, shmem_swapped_holes } from "./shmem_swapped.ts";

const KIB = 1024;
const wholeKib = (bytes: number): number => Math.floor(bytes / KIB) * KIB;

/** The memory lines of /proc/PID/status, in bytes. */
export interface Status {
  readonly VmPeak: number;
  readonly VmSize: number;
  readonly VmLck: number;
  readonly VmPin: number;
  readonly VmHWM: number;
  readonly VmRSS: number;
  readonly RssAnon: number;
  readonly RssFile: number;
  readonly RssShmem: number;
  readonly VmData: number;
  readonly VmStk: number;
  readonly VmExe: number;
  readonly VmLib: number;
  readonly VmPTE: number;
  readonly VmSwap: number;
  readonly HugetlbPages: number;
}

/** An address space's lines; null (a process that has ended, a kernel thread) has none in Linux, here all 0. */
export function proc_status(k: Kernel, task: Task): Status {
  return task_mem(k, task.mm);
}

export function task_mem(_k: Kernel, mm: Mm | null): Status {
  if (!mm) return NO_MEMORY;
  // A counter that has gone below zero reads 0 (percpu_counter_sum_positive).
  const [anon, file, shmem, swap] = [mm.rss_anon, mm.rss_file, mm.rss_shmem, mm.rss_swap].map((n) => Math.max(0, n));
  const rss = anon! + file! + shmem!;
  return {
    VmPeak: 4096 * Math.max(mm.hiwater_vm, mm.total_vm),
    VmSize: 4096 * mm.total_vm,
    VmLck: 4096 * mm.locked_vm,
    VmPin: 4096 * mm.pinned_vm,
    VmHWM: 4096 * Math.max(mm.hiwater_rss, rss),
    VmRSS: 4096 * rss,
    RssAnon: 4096 * anon!,
    RssFile: 4096 * file!,
    RssShmem: 4096 * shmem!,
    VmData: 4096 * mm.data_vm,
    VmStk: 4096 * mm.stack_vm,
    // A process here has no program: all that is executable counts as library.
    VmExe: 0,
    VmLib: 4096 * mm.exec_vm,
    VmPTE: mm.pgtables_bytes,
    VmSwap: 4096 * swap!,
    HugetlbPages: 4096 * mm.hugetlb_usage,
  };
}

const NO_MEMORY: Status = {
  VmPeak: 0,
  VmSize: 0,
  VmLck: 0,
  VmPin: 0,
  VmHWM: 0,
  VmRSS: 0,
  RssAnon: 0,
  RssFile: 0,
  RssShmem: 0,
  VmData: 0,
  VmStk: 0,
  VmExe: 0,
  VmLib: 0,
  VmPTE: 0,
  VmSwap: 0,
  HugetlbPages: 0,
};

/** A VMA's lines of /proc/PID/smaps, in bytes: what the file says in KiB, so rounded down to whole KiB. */
export interface Smaps {
  Size: number;
  KernelPageSize: number;
  MMUPageSize: number;
  Rss: number;
  Pss: number;
  Pss_Dirty: number;
  Shared_Clean: number;
  Shared_Dirty: number;
  Private_Clean: number;
  Private_Dirty: number;
  Referenced: number;
  Anonymous: number;
  KSM: number;
  LazyFree: number;
  AnonHugePages: number;
  ShmemPmdMapped: number;
  FilePmdMapped: number;
  Shared_Hugetlb: number;
  Private_Hugetlb: number;
  Swap: number;
  SwapPss: number;
  Locked: number;
}

/** The lines of the VMA that covers `address`; all 0 where there is none. */
export function smaps(k: Kernel, task: Task, address: number): Smaps {
  const vma = task.mm ? k.vma_lookup(task.mm, address) : null;
  return vma ? smaps_of(k, vma) : nothing(0);
}

function nothing(size: number): Smaps {
  return {
    Size: size,
    KernelPageSize: size ? 4096 : 0,
    MMUPageSize: size ? 4096 : 0,
    Rss: 0,
    Pss: 0,
    Pss_Dirty: 0,
    Shared_Clean: 0,
    Shared_Dirty: 0,
    Private_Clean: 0,
    Private_Dirty: 0,
    Referenced: 0,
    Anonymous: 0,
    KSM: 0,
    LazyFree: 0,
    AnonHugePages: 0,
    ShmemPmdMapped: 0,
    FilePmdMapped: 0,
    Shared_Hugetlb: 0,
    Private_Hugetlb: 0,
    Swap: 0,
    SwapPss: 0,
    Locked: 0,
  };
}

/** Fraction bits of a page's share. */
const PSS_ONE = 4096;

export function smaps_of(k: Kernel, vma: Vma): Smaps {
  const sums = nothing(vma.vm_end - vma.vm_start);
  if (vma.vm_flags & VM_HUGETLB) return smaps_hugetlb(k, vma, sums);
  sums.Swap = shmem_swap_usage(vma);
  const holes = shmem_swapped_holes(vma);
  k.walk_page_range(vma.vm_mm!, vma.vm_start, vma.vm_end, (entry, address, size) => {
    holes?.delete(vma.vm_pgoff + (address - vma.vm_start) / 4096);
    if (is_pte_marker(entry)) return;
    if (!isPresent(entry)) {
      sums.Swap += 4096;
      sums.SwapPss += Math.floor((4096 * PSS_ONE) / Math.max(1, k.swp_swapcount(entry)));
    } else if (!(entry & _PAGE_SPECIAL)) smaps_account(k, k.page(entryPfn(entry)), entry, size, vma, sums);
  });
  sums.Swap += 4096 * (holes?.size ?? 0);
  sums.Pss = wholeKib(sums.Pss / PSS_ONE);
  sums.Pss_Dirty = wholeKib(sums.Pss_Dirty / PSS_ONE);
  sums.Locked = wholeKib(sums.Locked / PSS_ONE);
  sums.SwapPss = wholeKib(sums.SwapPss / PSS_ONE);
  return sums;
}

/** Huge pages count in nothing else. One is shared if several entries map it, or several processes have the table. */
function smaps_hugetlb(k: Kernel, vma: Vma, sums: Smaps): Smaps {
  sums.KernelPageSize = HPAGE_SIZE;
  sums.MMUPageSize = HPAGE_SIZE;
  k.walk_page_range(vma.vm_mm!, vma.vm_start, vma.vm_end, (entry, _address, _size, table) => {
    const shared = k.page(entryPfn(entry)).mapcount >= 2 || k.ptdesc_pmd_is_shared(table);
    if (shared) sums.Shared_Hugetlb += HPAGE_SIZE;
    else sums.Private_Hugetlb += HPAGE_SIZE;
  });
  return sums;
}

/** One mapped page. How it is shared is what its mapcount says: a page table that two processes use counts once. */
function smaps_account(k: Kernel, page: Page, entry: number, size: number, vma: Vma, sums: Smaps): void {
  const dirty = (entry & _PAGE_DIRTY) !== 0 || (page.flags & PG_dirty) !== 0;
  const mapcount = k.folio_precise_page_mapcount(page);
  if (page.type === PAGE_TYPE.anon) {
    sums.Anonymous += size;
    if (!(page.flags & PG_swapbacked) && !dirty) sums.LazyFree += size;
    if (entry & _PAGE_PSE && size > 4096) sums.AnonHugePages += size;
  }
  sums.Rss += size;
  if (entry & _PAGE_ACCESSED || page.flags & PG_referenced) sums.Referenced += size;
  const shared = mapcount >= 2;
  const pss = shared ? Math.floor((size * PSS_ONE) / mapcount) : size * PSS_ONE;
  sums.Pss += pss;
  if (dirty) sums.Pss_Dirty += pss;
  if (vma.vm_flags & VM_LOCKED) sums.Locked += pss;
  if (dirty) {
    if (shared) sums.Shared_Dirty += size;
    else sums.Private_Dirty += size;
  } else if (shared) sums.Shared_Clean += size;
  else sums.Private_Clean += size;
}

/** An entry of /proc/PID/pagemap, decoded. `raw`: the 64 bits. */
export interface Pagemap {
  readonly present: boolean;
  readonly swapped: boolean;
  /** A page of a file or of shared memory, not an anonymous one. */
  readonly file: boolean;
  /** Mapped by one entry only. */
  readonly exclusive: boolean;
  readonly soft_dirty: boolean;
  readonly uffd_wp: boolean;
  /** Frame of a present page, else 0. */
  readonly pfn: number;
  readonly raw: bigint;
}

const PM_SOFT_DIRTY = 1n << 55n;
const PM_MMAP_EXCLUSIVE = 1n << 56n;
const PM_UFFD_WP = 1n << 57n;
const PM_FILE = 1n << 61n;
const PM_GUARD_REGION = 1n << 58n;
const PM_SWAP = 1n << 62n;
const PM_PRESENT = 1n << 63n;
const PM_PFRAME_MASK = (1n << 55n) - 1n;

/** The entry of an address, read by root. Where no VMA is, it is 0, whatever the tables hold. */
export function pagemap(k: Kernel, task: Task, address: number): Pagemap {
  const raw = task.mm ? k.pagemap_entry(task.mm, address) : 0n;
  const has = (bit: bigint) => (raw & bit) !== 0n;
  return {
    present: has(PM_PRESENT),
    swapped: has(PM_SWAP),
    file: has(PM_FILE),
    exclusive: has(PM_MMAP_EXCLUSIVE),
    soft_dirty: has(PM_SOFT_DIRTY),
    uffd_wp: has(PM_UFFD_WP),
    pfn: has(PM_PRESENT) ? Number(raw & PM_PFRAME_MASK) : 0,
    raw,
  };
}

export function pagemap_entry(k: Kernel, mm: Mm, address: number): bigint {
  const vma = k.vma_lookup(mm, address);
  if (!vma) return 0n;
  let raw = vma.vm_flags & VM_SOFTDIRTY ? PM_SOFT_DIRTY : 0n;
  const page = address - (address % 4096);
  k.pagemap_range(mm, page, page + 4096, (_address, entry) => {
    raw |= entry;
  });
  return raw;
}

/** The entries of a range that are not empty, but for what the VMA adds to them. */
export function pagemap_range(
  k: Kernel,
  mm: Mm,
  start: number,
  end: number,
  use: (address: number, raw: bigint) => void,
): void {
  k.walk_page_range(mm, start, end, (entry, address, size, table) => {
    if (!isPresent(entry)) use(address, swapped_entry(entry));
    else if (size === 4096) use(address, present_entry(k, entry));
    else {
      const huge = hugetlb_entry(k, entry, table);
      const from = Math.max(address, start);
      for (let at = from; at < Math.min(address - (address % size) + size, end); at += 4096)
        use(at, huge + BigInt((at % size) / 4096));
    }
  });
}

/** Of the first 4096 bytes of a huge page; `table`: the PMD table that maps it. */
function hugetlb_entry(k: Kernel, entry: number, table: number): bigint {
  const page = k.page(entryPfn(entry));
  const file = page.anon_vma ? 0n : PM_FILE;
  const exclusive = page.mapcount === 1 && !k.ptdesc_pmd_is_shared(table);
  return PM_PRESENT | BigInt(page.slot) | file | (exclusive ? PM_MMAP_EXCLUSIVE : 0n);
}

function present_entry(k: Kernel, entry: number): bigint {
  const pfn = entryPfn(entry);
  let raw = PM_PRESENT | BigInt(pfn);
  if (entry & _PAGE_SOFT_DIRTY) raw |= PM_SOFT_DIRTY;
  if (entry & _PAGE_UFFD_WP) raw |= PM_UFFD_WP;
  if (entry & _PAGE_SPECIAL) return raw;
  const page = k.page(pfn);
  if (page.type !== PAGE_TYPE.anon) raw |= PM_FILE;
  return k.folio_precise_page_mapcount(page) === 1 ? raw | PM_MMAP_EXCLUSIVE : raw;
}

function swapped_entry(entry: number): bigint {
  return (
    (is_guard_pte(entry) ? PM_SWAP | PM_GUARD_REGION : PM_SWAP) |
    BigInt(swapType(entry)) |
    (BigInt(swapOffset(entry)) << 5n)
  );
}

/** The lines of /proc/PID/maps. */
export function proc_maps(k: Kernel, task: Task): string {
  if (!task.mm) return "";
  return [...task.mm.mm_mt].map((vma) => `${show_map_vma(k, vma)}\n`).join("");
}

export function show_map_vma(k: Kernel, vma: Vma): string {
  const hex = (n: number, digits: number) => n.toString(16).padStart(digits, "0");
  const bit = (flag: number, letter: string) => (vma.vm_flags & flag ? letter : "-");
  const shared = vma.vm_flags & 0x80 ? "s" : "p";
  const file = vma.vm_file;
  const range = `${hex(vma.vm_start, 8)}-${hex(vma.vm_end, 8)}`;
  const perms = `${bit(1, "r")}${bit(2, "w")}${bit(4, "x")}${shared}`;
  const place = `${hex(file ? vma.vm_pgoff * 4096 : 0, 8)} 00:00 ${file ? file.f_inode!.i_ino : 0}`;
  const head = `${range} ${perms} ${place} `;
  return file ? `${head.padEnd(73)}${k.d_path({ mnt: file.f_mnt!, dentry: file.f_dentry! })}` : head;
}

/** Two letters a flag, as in the VmFlags line of smaps. Flags that Linux has no letters for show as "??". */
export function vm_flags_letters(vm_flags: number): string {
  const letters: string[] = [];
  for (let bit = 0; bit < 53; bit++) {
    if (Math.floor(vm_flags / 2 ** bit) % 2 === 1) letters.push(VM_FLAG_LETTERS[bit] ?? "??");
  }
  return letters.join(" ");
}

const VM_FLAG_LETTERS: Readonly<Record<number, string>> = {
  0: "rd",
  1: "wr",
  2: "ex",
  3: "sh",
  4: "mr",
  5: "mw",
  6: "me",
  7: "ms",
  8: "gd",
  9: "um",
  10: "pf",
  11: "gu",
  12: "uw",
  13: "lo",
  14: "io",
  15: "sr",
  16: "rr",
  17: "dc",
  18: "de",
  19: "lf",
  20: "ac",
  21: "nr",
  22: "ht",
  23: "sf",
  25: "wf",
  26: "dd",
  27: "sd",
  28: "mm",
  29: "hg",
  30: "nh",
  31: "mg",
  38: "ui",
  40: "dp",
};

/** The address space that a design keeps behind a file; unpatched Linux keeps none. Makes no step. */
export function host_mm(_k: Kernel, _pathname: string): Mm | null {
  return null;
}

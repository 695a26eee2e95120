// Where a mapping goes when nobody says where (mm/mmap.c, arch/x86/kernel/sys_x86_64.c, arch/x86/mm/hugetlbpage.c): at the hint
// if it can be there, else top-down below mmap_base, else anywhere. With five levels addresses above 47 bits are given only
// to who hints at one: programs may keep something in the upper bits of their pointers.
import {
  alignDown,
  DEFAULT_MAP_WINDOW,
  PAGE_ALIGN,
  PAGE_SIZE,
  PMD_SIZE,
  task_size_max,
} from "../arch/x86/mm/pgtable.ts";
import { VM_GROWSDOWN } from "../flags.ts";
import { is_file_hugepages } from "../fs/hugetlbfs/inode.ts";
import type { Kernel } from "../kernel.ts";
import type { File, Mm, Vma } from "../mm_types.ts";
import { EINVAL, ENOMEM } from "../uapi/errno.ts";
import { MAP_32BIT, MAP_FIXED, MAP_SHARED } from "../uapi/mman.ts";
import { HPAGE_SIZE } from "./hugetlb.ts";

/** Where top-down placement begins without address randomisation: 128 MiB below the end. */
export const MMAP_BASE = DEFAULT_MAP_WINDOW - 2 ** 27;
/** Where bottom-up placement begins. */
const TASK_UNMAPPED_BASE = PAGE_ALIGN(DEFAULT_MAP_WINDOW / 3);

/** Where MAP_32BIT places. */
const LOW_START = 0x4000_0000;
const LOW_END = 0x8000_0000;

export const huge_align = (bytes: number): number => (Math.ceil(bytes / HPAGE_SIZE) * HPAGE_SIZE) % 2 ** 64;

/** Where a mapping of `len` bytes goes, or a negative errno. */
export function get_unmapped_area(
  k: Kernel,
  mm: Mm,
  file: File | null,
  hint: number,
  len: number,
  flags: number,
): number {
  const size = task_size_max(k);
  if (len > size) return -ENOMEM;
  const huge = is_file_hugepages(file);
  if (huge && (len % HPAGE_SIZE !== 0 || (flags & MAP_FIXED && hint % HPAGE_SIZE !== 0))) return -EINVAL;
  if (huge && !(flags & MAP_FIXED)) return hugetlb_place(k, mm, huge_align(hint), len, flags);
  const align = !file && !(flags & MAP_SHARED) && hint === 0 && len % PMD_SIZE === 0 ? PMD_SIZE : PAGE_SIZE;
  const find = flags & MAP_32BIT ? place_low : place;
  const addr = flags & MAP_FIXED ? hint : find(k, mm, hint, len, align);
  if (addr < 0) return addr;
  if (addr > size - len) return -ENOMEM;
  return addr % PAGE_SIZE === 0 ? addr : -EINVAL;
}

/**
 * Whether a hint may be followed. With five levels no mapping may cross the border of 47 bits that did not ask for what is
 * above.
 */
const mmap_address_hint_valid = (k: Kernel, addr: number, len: number): boolean =>
  addr <= task_size_max(k) - len && addr > DEFAULT_MAP_WINDOW === addr + len > DEFAULT_MAP_WINDOW;

function place(k: Kernel, mm: Mm, hint: number, len: number, align: number): number {
  if (hint !== 0) {
    const addr = PAGE_ALIGN(hint);
    const next = k.find_vma(mm, addr);
    if (mmap_address_hint_valid(k, addr, len) && (!next || addr + len <= vm_start_gap(next))) return addr;
  }
  const padded = align > PAGE_SIZE ? k.vm_unmapped_area(mm, hint, len + align, PAGE_SIZE) : -ENOMEM;
  return padded < 0 ? k.vm_unmapped_area(mm, hint, len, PAGE_SIZE) : alignWithin(padded, align);
}

/** A gap that only just holds the length is not taken, aligned or not: room for the alignment is asked for first. */
const alignWithin = (padded: number, align: number): number => padded + align - (padded % align);

/** Huge pages: aligned, and only where there is room for whatever alignment may cost. */
function hugetlb_place(k: Kernel, mm: Mm, hint: number, len: number, flags: number): number {
  const fits = flags & MAP_32BIT ? hint + len <= LOW_END : mmap_address_hint_valid(k, hint, len);
  const next = hint === 0 ? null : k.find_vma(mm, hint);
  if (hint !== 0 && fits && (!next || hint + len <= vm_start_gap(next))) return hint;
  if (flags & MAP_32BIT) {
    const padded = lowest_gap(mm, len + HPAGE_SIZE - PAGE_SIZE, LOW_START, LOW_END);
    return padded < 0 ? padded : huge_align(padded);
  }
  return k.vm_unmapped_area(mm, hint, len, HPAGE_SIZE);
}

/** Room that placement leaves below what may grow down. */
export const STACK_GUARD_GAP = 256 * PAGE_SIZE;

/** Where others may reach up to. */
const vm_start_gap = (vma: Vma): number =>
  vma.vm_flags & VM_GROWSDOWN ? Math.max(0, vma.vm_start - STACK_GUARD_GAP) : vma.vm_start;

/** MAP_32BIT: the lowest gap of the second gigabyte. */
function place_low(k: Kernel, mm: Mm, hint: number, len: number, align: number): number {
  const gap = (room: number) => lowest_gap(mm, room, LOW_START, LOW_END);
  if (hint !== 0) {
    const addr = PAGE_ALIGN(hint);
    const next = k.find_vma(mm, addr);
    if (addr <= LOW_END - len && (!next || addr + len <= vm_start_gap(next))) return addr;
  }
  if (align === PAGE_SIZE) return gap(len);
  const padded = gap(len + align);
  return padded < 0 ? gap(len) : alignWithin(padded, align);
}

/** The start of the lowest gap of `len` bytes in [start, end), or -ENOMEM. */
function lowest_gap(mm: Mm, len: number, start: number, end: number): number {
  let bottom = start;
  for (const vma of mm.mm_mt) {
    if (vma.vm_end <= bottom) continue;
    if (bottom + len <= vm_start_gap(vma)) break;
    bottom = vma.vm_end;
  }
  return bottom + len <= end ? bottom : -ENOMEM;
}

/**
 * The highest gap below mmap_base, or below the end of all addresses for who hints above 47 bits; where there is none, the
 * lowest from a third of them on. Returns an address that is a multiple of `align`, or -ENOMEM.
 */
export function vm_unmapped_area(k: Kernel, mm: Mm, hint: number, len: number, align: number): number {
  const above = hint > DEFAULT_MAP_WINDOW ? task_size_max(k) - DEFAULT_MAP_WINDOW : 0;
  // Room for whatever the alignment costs is asked for, also where it would cost less.
  const room = len + align - PAGE_SIZE;
  const list = mm.mm_mt;
  let high_limit = mm.mmap_base + above;
  for (let i = list.length; i >= 0; i--) {
    const floor = i > 0 ? list.at(i - 1)!.vm_end : PAGE_SIZE;
    const next = list.at(i);
    const ceiling = Math.min(high_limit, next?.vm_start ?? high_limit);
    if (ceiling - room < floor) continue;
    // What may grow down into a gap that is large enough keeps its distance, and nothing above that is looked at again.
    if (next && vm_start_gap(next) < ceiling) high_limit = vm_start_gap(next);
    const end = Math.min(high_limit, ceiling);
    if (end - room >= floor) return alignDown(end - len, align);
  }
  const lowest = lowest_gap(mm, room, TASK_UNMAPPED_BASE, DEFAULT_MAP_WINDOW + above);
  return lowest < 0 ? lowest : Math.ceil(lowest / align) * align;
}

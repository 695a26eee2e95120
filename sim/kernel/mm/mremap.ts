// Growing, shrinking and moving mappings (mm/mremap.c): the system call. The move itself is in mremap_move.ts.
import type { Steps } from "../../core/thread.ts";
import { PAGE_ALIGN, task_size_max } from "../arch/x86/mm/pgtable.ts";
import { VM_DONTEXPAND, VM_HUGETLB, VM_LOCKED, VM_MAYSHARE, VM_PFNMAP, VM_SHARED } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Mm, Vma } from "../mm_types.ts";
import { EFAULT, EINVAL, ENOMEM } from "../uapi/errno.ts";
import { MAP_FIXED, MAP_SHARED, MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE } from "../uapi/mman.ts";
import { HPAGE_SIZE } from "./hugetlb.ts";
import { is_accounted, sysctl_max_map_count } from "./vma.ts";
import type { Unlock } from "./vma_munmap.ts";

/** struct vma_remap_struct: one mremap on its way. */
export interface VmaRemap {
  readonly mm: Mm;
  addr: number;
  old_len: number;
  new_len: number;
  /** By how many bytes the lengths differ, up or down, as it was asked for. */
  readonly delta: number;
  readonly flags: number;
  new_addr: number;
  /** A part that grew belongs to a locked mapping: its pages are to be made at the end. */
  populate: boolean;
}

const moves_to = (r: VmaRemap): boolean => (r.flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) !== 0;

/** The system call. Returns the address or a negative errno. */
export function* sys_mremap(
  k: Kernel,
  addr: number,
  old_len: number,
  new_len: number,
  flags = 0,
  new_addr = 0,
): Steps<number> {
  const mm = k.current.mm!;
  const lengths = { old_len: PAGE_ALIGN(old_len) % 2 ** 64, new_len: PAGE_ALIGN(new_len) % 2 ** 64 };
  const delta = Math.abs(lengths.new_len - lengths.old_len);
  const r: VmaRemap = { mm, addr, ...lengths, delta, flags, new_addr, populate: false };
  const old = k.config.version === "6.12";
  const refused = old ? check_flags(r) : check_flags(r) || check_lengths(k, r);
  if (refused) return refused;
  yield* k.mmap_write_lock(mm);
  const result = yield* k.do_mremap(r);
  const lock_dropped = result >= 0 && !moves_to(r) && r.old_len > r.new_len;
  if (!lock_dropped) yield k.mmap_write_unlock(mm);
  if (result >= 0 && r.populate && r.new_len > r.old_len)
    yield* k.mm_populate(result + r.old_len, r.new_len - r.old_len);
  return result;
}

function check_flags(r: VmaRemap): number {
  const { flags } = r;
  if ((flags % 2 ** 32) >>> 3 !== 0 || flags >= 2 ** 32) return -EINVAL;
  if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) && !(flags & MREMAP_MAYMOVE)) return -EINVAL;
  if (flags & MREMAP_DONTUNMAP && r.old_len !== r.new_len) return -EINVAL;
  return r.addr % 4096 !== 0 || r.new_len === 0 ? -EINVAL : 0;
}

/** Before 6.17 these were looked at later, when part of the work may have been done. */
function check_lengths(k: Kernel, r: VmaRemap): number {
  if (r.new_len > task_size_max(k)) return -EINVAL;
  return moves_to(r) ? check_target(k, r) : 0;
}

function check_target(k: Kernel, r: VmaRemap): number {
  const size = task_size_max(k);
  if (r.new_addr % 4096 !== 0 || r.new_len > size || r.new_addr > size - r.new_len) return -EINVAL;
  if (r.addr + r.old_len > r.new_addr && r.new_addr + r.new_len > r.addr) return -EINVAL;
  return r.mm.map_count + 2 >= sysctl_max_map_count - 3 ? -ENOMEM : 0;
}

/** Caller holds mmap_lock for writing; a successful shrink in place drops it. */
export function* do_mremap(k: Kernel, r: VmaRemap): Steps<number> {
  if (k.config.version !== "6.12" && r.flags & MREMAP_FIXED && r.old_len === r.new_len) return yield* k.remap_move(r);
  const vma = k.vma_lookup(r.mm, r.addr);
  if (!vma) return -EFAULT;
  if (vma.vm_flags & VM_HUGETLB && !k.align_hugetlb(r)) return -EINVAL;
  if (!moves_to(r)) return yield* k.mremap_at(r, vma);
  const refused = k.config.version === "6.12" ? check_target(k, r) : k.vma_to_resize(r, vma);
  return refused || (yield* k.mremap_to(r));
}

/** Rounds the lengths to huge pages. False where that is not possible: unaligned addresses, growing. */
export function align_hugetlb(_k: Kernel, r: VmaRemap): boolean {
  r.old_len = Math.ceil(r.old_len / HPAGE_SIZE) * HPAGE_SIZE;
  r.new_len = Math.ceil(r.new_len / HPAGE_SIZE) * HPAGE_SIZE;
  return r.addr % HPAGE_SIZE === 0 && r.new_addr % HPAGE_SIZE === 0 && r.new_len <= r.old_len;
}

/** Whether this part of `vma` may have its new length. Returns 0 or a negative errno. */
export function vma_to_resize(_k: Kernel, r: VmaRemap, vma: Vma): number {
  const kept = Math.min(r.old_len, r.new_len);
  if (r.old_len === 0 && !(vma.vm_flags & (VM_SHARED | VM_MAYSHARE))) return -EINVAL;
  const fixed = (vma.vm_flags & (VM_DONTEXPAND | VM_PFNMAP)) !== 0;
  if (r.flags & MREMAP_DONTUNMAP && fixed) return -EINVAL;
  if (kept > vma.vm_end - r.addr) return -EFAULT;
  if (r.new_len <= r.old_len) return 0;
  return fixed ? -EFAULT : 0;
}

/** Since 6.17 a move that changes no length may take several VMAs along; gaps between them stay. */
export function* remap_move(k: Kernel, r: VmaRemap): Steps<number> {
  const { mm, new_addr } = r;
  const start = r.addr;
  const end = start + r.old_len;
  if (!k.vma_lookup(mm, start)) return -EFAULT;
  for (let done = start; done < end; ) {
    const vma = k.find_vma_intersection(mm, done, end);
    if (!vma) break;
    const from = Math.max(vma.vm_start, done);
    const len = Math.min(vma.vm_end, end) - from;
    // A userfaultfd is told of one move at a time.
    if (vma.vm_userfaultfd_ctx && (done > start || vma.vm_end < end)) return -EFAULT;
    const part: VmaRemap = { ...r, addr: from, new_addr: new_addr + from - start, old_len: len, new_len: len };
    if (vma.vm_flags & VM_HUGETLB && !k.align_hugetlb(part)) return -EINVAL;
    const refused = k.vma_to_resize(part, vma);
    const moved = refused || (yield* k.mremap_to(part));
    if (moved < 0) return moved;
    done = from + len;
  }
  return new_addr;
}

/** Without a new address given: as it is, shorter, longer, or elsewhere because it does not fit. */
export function* mremap_at(k: Kernel, r: VmaRemap, vma: Vma): Steps<number> {
  if (r.old_len === r.new_len) return r.addr;
  if (r.old_len < r.new_len) return yield* k.expand_vma(r, vma);
  return (yield* k.shrink_vma(r, "unlock")) || r.addr;
}

/** What is too long goes. */
export function* shrink_vma(k: Kernel, r: VmaRemap, unlock: Unlock): Steps<number> {
  return yield* k.do_vmi_munmap(r.mm, r.addr + r.new_len, r.old_len - r.new_len, unlock);
}

export function* expand_vma(k: Kernel, r: VmaRemap, vma: Vma): Steps<number> {
  const refused = k.vma_to_resize(r, vma);
  if (refused) return refused;
  const more = r.new_len - r.old_len;
  if (r.old_len === vma.vm_end - r.addr && k.vma_expandable(vma, more)) {
    const pages = more / 4096;
    const charged = is_accounted(vma) ? pages : 0;
    if (charged && k.security_vm_enough_memory_mm(r.mm, charged)) return -ENOMEM;
    const grown = yield* k.vma_merge_extend(vma, more);
    if (!grown) {
      k.vm_unacct_memory(charged);
      return -ENOMEM;
    }
    k.vm_stat_account(r.mm, grown.vm_flags, pages);
    if (grown.vm_flags & VM_LOCKED) {
      r.mm.locked_vm += pages;
      r.populate = true;
    }
    return r.addr;
  }
  if (!(r.flags & MREMAP_MAYMOVE)) return -ENOMEM;
  const target = k.get_unmapped_area(r.mm, vma.vm_file, 0, r.new_len, map_flags(vma));
  if (target < 0) return target;
  r.new_addr = target;
  return yield* k.move_vma(r, vma);
}

const map_flags = (vma: Vma): number => (vma.vm_flags & VM_MAYSHARE ? MAP_SHARED : 0);

/** Whether nothing is in the way behind `vma`. */
export function vma_expandable(k: Kernel, vma: Vma, bytes: number): boolean {
  const mm = vma.vm_mm!;
  const end = vma.vm_end + bytes;
  if (k.find_vma_intersection(mm, vma.vm_end, end)) return false;
  return k.get_unmapped_area(mm, null, vma.vm_start, end - vma.vm_start, MAP_FIXED) >= 0;
}

/** To a place of the caller's (MREMAP_FIXED), whose mappings go, or to a free one (MREMAP_DONTUNMAP alone). */
export function* mremap_to(k: Kernel, r: VmaRemap): Steps<number> {
  const { mm } = r;
  if (r.flags & MREMAP_FIXED) {
    const error = yield* k.do_vmi_munmap(mm, r.new_addr, r.new_len, "keep locked");
    if (error) return error;
  }
  if (r.old_len > r.new_len) {
    const error = yield* k.shrink_vma(r, "keep locked");
    if (error) return error;
    r.old_len = r.new_len;
  }
  const vma = k.vma_lookup(mm, r.addr);
  if (!vma) return -EFAULT;
  const refused = k.vma_to_resize(r, vma);
  if (refused) return refused;
  const fixed = r.flags & MREMAP_FIXED ? MAP_FIXED : 0;
  const target = k.get_unmapped_area(mm, vma.vm_file, r.new_addr, r.new_len, map_flags(vma) | fixed);
  if (target < 0) return target;
  r.new_addr = target;
  return yield* k.move_vma(r, vma);
}

// mmap and munmap (mm/mmap.c).
import type { Steps } from "../../core/thread.ts";
import { alignDown, PAGE_ALIGN, task_size_max } from "../arch/x86/mm/pgtable.ts";
import {
  FMODE_READ,
  FMODE_WRITE,
  VM_ACCOUNT,
  VM_DONTDUMP,
  VM_DROPPABLE,
  VM_GROWSDOWN,
  VM_LOCKED,
  VM_LOCKED_MASK,
  VM_MAYEXEC,
  VM_MAYREAD,
  VM_MAYSHARE,
  VM_MAYWRITE,
  VM_NORESERVE,
  VM_SHARED,
  VM_WIPEONFORK,
  VM_WRITE,
  withoutVmFlags,
  withVmFlags,
} from "../flags.ts";
import { is_file_hugepages, is_huge_page_log } from "../fs/hugetlbfs/inode.ts";
import { MAX_LFS_FILESIZE } from "../fs/inode.ts";
import { file_op } from "../fs/operations.ts";
import type { Kernel } from "../kernel.ts";
import type { File, Mm, Vma } from "../mm_types.ts";
import { EACCES, EBADF, EEXIST, EINVAL, ENODEV, ENOMEM, EOPNOTSUPP, EOVERFLOW } from "../uapi/errno.ts";
import { S_IFMT, S_IFREG } from "../uapi/fcntl.ts";
import {
  MAP_ANONYMOUS,
  MAP_DROPPABLE,
  MAP_FIXED,
  MAP_FIXED_NOREPLACE,
  MAP_HUGE_MASK,
  MAP_HUGE_SHIFT,
  MAP_HUGETLB,
  MAP_LOCKED,
  MAP_NONBLOCK,
  MAP_NORESERVE,
  MAP_POPULATE,
  MAP_PRIVATE,
  MAP_SHARED,
  MAP_SHARED_VALIDATE,
  MAP_TYPE,
} from "../uapi/mman.ts";
import { vma_supports_mlock } from "./mlock.ts";
import { calc_vm_flag_bits, calc_vm_prot_bits, LEGACY_MAP_MASK } from "./mman.ts";
import { huge_align } from "./unmapped_area.ts";
import { is_accounted, sysctl_max_map_count, vma_pages } from "./vma.ts";

/** sysctl vm.mmap_min_addr */
export const mmap_min_addr = 65536;
/** The system call. `offset` in bytes. Returns the address or a negative errno. */
export function* sys_mmap(
  k: Kernel,
  addr: number,
  bytes: number,
  prot: number,
  flags: number,
  fd: number,
  offset: number,
): Steps<number> {
  if (offset % 4096 !== 0) return -EINVAL;
  let file: File | null = null;
  if (!(flags & MAP_ANONYMOUS)) {
    file = k.fget(fd);
    if (!file) return -EBADF;
    if (flags & MAP_HUGETLB && !is_file_hugepages(file)) return -EINVAL;
    k.get_file(file);
  } else if (flags & MAP_HUGETLB) {
    const log = (flags >>> MAP_HUGE_SHIFT) & MAP_HUGE_MASK;
    if (!is_huge_page_log(log)) return -EINVAL;
    const made = yield* k.hugetlb_file_setup("anon_hugepage", huge_align(bytes), VM_NORESERVE, log);
    if (typeof made === "number") return made;
    file = made;
  }
  const len = is_file_hugepages(file) ? huge_align(bytes) : bytes;
  const mm = k.current.mm!;
  yield* k.mmap_write_lock(mm);
  const result = yield* k.__do_mmap(mm, file, addr, len, prot, flags, 0, page_of(offset));
  yield k.mmap_write_unlock(mm);
  if (file) yield* k.fput(file);
  const locked = (flags & MAP_LOCKED) !== 0 || (mm.def_flags & VM_LOCKED) !== 0;
  if (result >= 0 && (locked || (flags & (MAP_POPULATE | MAP_NONBLOCK)) === MAP_POPULATE))
    yield* k.mm_populate(result, PAGE_ALIGN(len));
  return result;
}

/** A negative offset is one beyond 2^63. */
const page_of = (offset: number): number => (offset < 0 ? offset + 2 ** 64 : offset) / 4096;

/** Maps in `mm`. Caller holds its mmap_lock for writing. `vm_flags`: flags that the caller wants besides. */
export function* __do_mmap(
  k: Kernel,
  mm: Mm,
  file: File | null,
  hint: number,
  bytes: number,
  prot: number,
  flags_asked: number,
  vm_flags_asked: number,
  pgoff_asked: number,
): Steps<number> {
  if (bytes === 0) return -EINVAL;
  let flags = flags_asked;
  if (flags & MAP_FIXED_NOREPLACE) flags |= MAP_FIXED;
  const wanted = flags & MAP_FIXED ? hint : round_hint_to_min(hint);
  const len = PAGE_ALIGN(bytes);
  if (len === 0 || len >= 2 ** 63) return -ENOMEM;
  if (mm.map_count > sysctl_max_map_count) return -ENOMEM;
  let vm_flags =
    vm_flags_asked |
    calc_vm_prot_bits(prot) |
    calc_vm_flag_bits(flags) |
    mm.def_flags |
    VM_MAYREAD |
    VM_MAYWRITE |
    VM_MAYEXEC;
  const addr = k.get_unmapped_area(mm, file, wanted, len, flags);
  if (addr < 0) return addr;
  if (flags & MAP_FIXED_NOREPLACE && k.find_vma_intersection(mm, addr, addr + len)) return -EEXIST;
  const kind = file
    ? k.file_mmap_flags(file, { prot, flags, vm_flags, len, pgoff: pgoff_asked })
    : anon_mmap_flags(flags, vm_flags);
  if (kind < 0) return kind;
  vm_flags = kind;
  const pgoff = file ? pgoff_asked : vm_flags & VM_SHARED ? 0 : addr / 4096;
  if (flags & MAP_NORESERVE) vm_flags = withVmFlags(vm_flags, VM_NORESERVE);
  return yield* k.mmap_region(mm, file, addr, len, vm_flags, pgoff);
}

function round_hint_to_min(hint: number): number {
  const page = alignDown(hint, 4096);
  return page !== 0 && page < mmap_min_addr ? mmap_min_addr : page;
}

/** What is asked of a mapping of a file. `pgoff` in pages. */
interface Asked {
  readonly prot: number;
  readonly flags: number;
  readonly vm_flags: number;
  readonly len: number;
  readonly pgoff: number;
}

/** Whether files of this kind can be so long. Drivers and directories do not say how long they are. */
function file_mmap_ok({ f_inode }: File, { len, pgoff }: Asked): boolean {
  return (f_inode!.i_mode & S_IFMT) !== S_IFREG || pgoff <= (MAX_LFS_FILESIZE - len) / 4096 - 1;
}

/** Flags of a mapping of `file`, or why there cannot be one. */
export function file_mmap_flags(k: Kernel, file: File, asked: Asked): number {
  const { prot, flags } = asked;
  let { vm_flags } = asked;
  if (!file_mmap_ok(file, asked)) return -EOVERFLOW;
  const type = flags & MAP_TYPE;
  if (type === MAP_SHARED || type === MAP_SHARED_VALIDATE) {
    if (type === MAP_SHARED_VALIDATE && flags & ~LEGACY_MAP_MASK) return -EOPNOTSUPP;
    if (prot & 2 && !(file.f_mode & FMODE_WRITE)) return -EACCES;
    vm_flags |= VM_SHARED | VM_MAYSHARE;
    if (!(file.f_mode & FMODE_WRITE)) vm_flags &= ~(VM_MAYWRITE | VM_SHARED);
  } else if (type !== MAP_PRIVATE) return -EINVAL;
  if (!(file.f_mode & FMODE_READ)) return -EACCES;
  if (!file_op(k, file, "mmap")) return -ENODEV;
  if (vm_flags & VM_GROWSDOWN) return -EINVAL;
  vm_flags >>>= 0;
  return k.config.version === "6.12" ? vm_flags : k.memfd_check_seals_mmap(file, vm_flags);
}

function anon_mmap_flags(flags: number, vm_flags: number): number {
  const type = flags & MAP_TYPE;
  if (type === MAP_SHARED) return vm_flags & VM_GROWSDOWN ? -EINVAL : (vm_flags | VM_SHARED | VM_MAYSHARE) >>> 0;
  if (type === MAP_DROPPABLE) return droppable_flags(flags, vm_flags);
  return type === MAP_PRIVATE ? vm_flags >>> 0 : -EINVAL;
}

/** What may go away at any time is promised to nobody, and neither copied by fork nor written to core files. */
function droppable_flags(flags: number, vm_flags: number): number {
  if (flags & (MAP_LOCKED | MAP_HUGETLB) || vm_flags & VM_GROWSDOWN) return -EINVAL;
  return VM_DROPPABLE + ((vm_flags | VM_NORESERVE | VM_WIPEONFORK | VM_DONTDUMP) >>> 0);
}

/** Puts the mapping in place; whatever was there is unmapped. */
export function* mmap_region(
  k: Kernel,
  mm: Mm,
  file: File | null,
  addr: number,
  len: number,
  flags: number,
  pgoff: number,
): Steps<number> {
  let vm_flags = flags;
  const old = k.find_vma_intersection(mm, addr, addr + len) ? yield* k.munmap_prepare(mm, addr, len) : null;
  if (typeof old === "number") return old;
  const accountable = (vm_flags & (VM_NORESERVE | VM_SHARED | VM_WRITE)) === VM_WRITE && !is_file_hugepages(file);
  if (accountable) {
    const freed = old ? old.vmas.filter(is_accounted).reduce((pages, vma) => pages + vma_pages(vma), 0) : 0;
    const error = k.security_vm_enough_memory(len / 4096 - freed);
    // What is mapped there stays, but for the splits at the edges.
    if (error) return error;
    // It gives its own back when it goes.
    k.vm_unacct_memory(-freed);
    vm_flags = withVmFlags(vm_flags, VM_ACCOUNT);
  }
  if (old) {
    yield* k.munmap_detach(old);
    yield* k.unmap_detached(mm, old);
  }
  if (!(!file && vm_flags & VM_SHARED)) {
    const merge = { mm, start: addr, end: addr + len, pgoff, vm_flags, file, anon_vma: null, middle: null };
    const merged = yield* k.vma_merge_new_range(merge);
    if (merged) {
      k.vm_stat_account(mm, merged.vm_flags, len / 4096);
      if (merged.vm_flags & VM_LOCKED) mm.locked_vm += len / 4096;
      return addr;
    }
  }
  const error = yield* k.mmap_new_vma(mm, file, addr, len, vm_flags, pgoff);
  if (error && accountable) k.vm_unacct_memory(len / 4096);
  return error || addr;
}

/** @returns 0 or a negative errno */
export function* mmap_new_vma(
  k: Kernel,
  mm: Mm,
  file: File | null,
  addr: number,
  len: number,
  vm_flags: number,
  pgoff: number,
): Steps<number> {
  const vma = k.vm_area_alloc(mm, addr, addr + len, vm_flags, pgoff);
  let error = 0;
  if (file) {
    k.get_file(file);
    vma.vm_file = file;
    error = yield* file_op(k, file, "mmap")!(file, vma);
  } else if (vm_flags & VM_SHARED) error = yield* k.shmem_zero_setup(vma);
  if (error) {
    if (vma.vm_file) yield* k.fput(vma.vm_file);
    vma.vm_file = null;
    if (file) yield* k.unmap_region(vma);
    k.store.free(vma);
    return error;
  }
  k.vm_stat_account(mm, vma.vm_flags, len / 4096);
  if (!vma_supports_mlock(vma)) vma.vm_flags = withoutVmFlags(vma.vm_flags, VM_LOCKED_MASK);
  if (vma.vm_flags & VM_LOCKED) mm.locked_vm += len / 4096;
  if (!(file && vma.vm_flags !== vm_flags && (yield* k.vma_merge_again(vma)))) yield* k.vma_link(mm, vma);
  return 0;
}

/** The file's mmap has changed the flags: the new VMA may now be like the one before it. Then it is gone. */
export function* vma_merge_again(k: Kernel, vma: Vma): Steps<boolean> {
  const { vm_mm, vm_start: start, vm_end: end, vm_pgoff: pgoff, vm_flags, vm_file: file } = vma;
  if (k.vma_index(vm_mm!, start) === 0) return false;
  const merge = { mm: vm_mm!, start, end, pgoff, vm_flags, file, anon_vma: null, middle: null };
  const merged = yield* k.vma_merge_new_range(merge);
  if (!merged) return false;
  yield* k.fput(file!);
  k.store.free(vma);
  return true;
}

export function* sys_munmap(k: Kernel, addr: number, len: number): Steps<number> {
  const mm = k.current.mm!;
  yield* k.mmap_write_lock(mm);
  const detached = yield* k.munmap_prepare(mm, addr, len);
  if (typeof detached === "number") {
    yield k.mmap_write_unlock(mm);
    return detached;
  }
  yield* k.munmap_detach(detached);
  yield k.mmap_write_downgrade(mm);
  yield* k.unmap_detached(mm, detached);
  yield k.mmap_read_unlock(mm);
  return 0;
}

/** Unmaps for a caller that keeps mmap_lock for writing. */
export function* do_vmi_munmap(k: Kernel, mm: Mm, addr: number, len: number): Steps<number> {
  const detached = yield* k.munmap_prepare(mm, addr, len);
  if (typeof detached === "number") return detached;
  yield* k.munmap_detach(detached);
  yield* k.unmap_detached(mm, detached);
  return 0;
}

/** VMAs that go out of the tree, and the ends of the neighbours that stay: floor and ceiling for their tables. */
export interface Detached {
  readonly vmas: readonly Vma[];
  readonly floor: number;
  readonly ceiling: number;
}

/** First phase: splits at the edges and finds the VMAs, locked for writing. A number is the result of the call: 0 or an errno. */
export function* munmap_prepare(k: Kernel, mm: Mm, addr: number, bytes: number): Steps<Detached | number> {
  const task_size = task_size_max(k);
  if (addr % 4096 !== 0 || addr > task_size || bytes > task_size - addr) return -EINVAL;
  const end = addr + PAGE_ALIGN(bytes);
  if (end === addr) return -EINVAL;
  const first = k.find_vma_intersection(mm, addr, end);
  if (!first) return 0;
  if (addr > first.vm_start) {
    if (end < first.vm_end && mm.map_count >= sysctl_max_map_count) return -ENOMEM;
    const upper = yield* k.__split_vma(first, addr);
    if (typeof upper === "number") return upper;
  }
  const vmas: Vma[] = [];
  for (let i = k.vma_index(mm, addr); ; i++) {
    const vma = mm.mm_mt.at(i);
    if (!vma || vma.vm_start >= end) break;
    if (vma.vm_end > end) {
      const upper = yield* k.__split_vma(vma, end);
      if (typeof upper === "number") return upper;
    }
    yield* k.vma_start_write(vma);
    vmas.push(vma);
  }
  const at = k.vma_index(mm, addr);
  const floor = at > 0 ? mm.mm_mt.at(at - 1)!.vm_end : 0;
  const ceiling = mm.mm_mt.at(at + vmas.length)?.vm_start ?? 0;
  return { vmas, floor, ceiling };
}

/** Second phase: the VMAs leave the tree. */
export function* munmap_detach(k: Kernel, { vmas }: Detached): Steps<void> {
  for (const vma of vmas) yield* k.vma_detach(vma);
}

/** Third phase: contents, then tables, then the flush; last the VMAs themselves. */
export function* unmap_detached(k: Kernel, mm: Mm, { vmas, floor, ceiling }: Detached): Steps<void> {
  const tlb = k.tlb_gather_mmu(mm);
  k.update_hiwater(mm);
  yield* k.unmap_vmas(tlb, vmas, vmas[0]!.vm_start, vmas.at(-1)!.vm_end);
  yield* k.free_pgtables(tlb, vmas, floor, ceiling);
  yield* k.tlb_finish_mmu(tlb);
  for (const vma of vmas) {
    const pages = vma_pages(vma);
    k.vm_stat_account(mm, vma.vm_flags, -pages);
    if (is_accounted(vma)) k.vm_unacct_memory(pages);
    if (vma.vm_flags & VM_LOCKED) mm.locked_vm -= pages;
    yield* k.remove_vma(vma);
  }
}

/** Takes out what a driver may have mapped in a VMA that is not in the tree, before it failed; tables too. */
export function* unmap_region(k: Kernel, vma: Vma): Steps<void> {
  const mm = vma.vm_mm!;
  const next = k.vma_index(mm, vma.vm_start);
  const floor = next > 0 ? mm.mm_mt.at(next - 1)!.vm_end : 0;
  const tlb = k.tlb_gather_mmu(mm);
  k.update_hiwater(mm);
  yield* k.unmap_vmas(tlb, [vma], vma.vm_start, vma.vm_end);
  yield* k.free_pgtables(tlb, [vma], floor, mm.mm_mt.at(next)?.vm_start ?? 0);
  yield* k.tlb_finish_mmu(tlb);
}

/** VmHWM and VmPeak, before something is taken away. */
export function update_hiwater(_k: Kernel, mm: Mm): void {
  mm.hiwater_rss = Math.max(mm.hiwater_rss, mm.rss_anon + mm.rss_file + mm.rss_shmem);
  mm.hiwater_vm = Math.max(mm.hiwater_vm, mm.total_vm);
}

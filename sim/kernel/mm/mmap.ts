// mmap (mm/mmap.c, mm/vma.c: mmap_region). munmap is in vma_munmap.ts.
import type { Steps } from "../../core/thread.ts";
import { alignDown, PAGE_ALIGN } from "../arch/x86/mm/pgtable.ts";
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
import { EACCES, EBADF, EEXIST, EINVAL, ENODEV, ENOMEM, EOPNOTSUPP, EOVERFLOW, EPERM } from "../uapi/errno.ts";
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
import { sysctl_max_map_count } from "./vma.ts";
import type { VmaMunmap } from "./vma_munmap.ts";

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
  return yield* k.ksys_mmap_pgoff(addr, bytes, prot, flags, fd, page_of(offset));
}

export function* ksys_mmap_pgoff(
  k: Kernel,
  addr: number,
  bytes: number,
  prot: number,
  flags: number,
  fd: number,
  pgoff: number,
): Steps<number> {
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
  const result = yield* k.vm_mmap_pgoff(file, addr, len, prot, flags, pgoff);
  if (file) yield* k.fput(file);
  return result;
}

export function* vm_mmap_pgoff(
  k: Kernel,
  file: File | null,
  addr: number,
  len: number,
  prot: number,
  flags: number,
  pgoff: number,
): Steps<number> {
  const mm = k.current.mm!;
  yield* k.mmap_write_lock(mm);
  const result = yield* k.do_mmap(mm, file, addr, len, prot, flags, 0, pgoff);
  yield k.mmap_write_unlock(mm);
  const locked = (flags & MAP_LOCKED) !== 0 || (mm.def_flags & VM_LOCKED) !== 0;
  if (result >= 0 && (locked || (flags & (MAP_POPULATE | MAP_NONBLOCK)) === MAP_POPULATE))
    yield* k.mm_populate(result, PAGE_ALIGN(len));
  return result;
}

/** A negative offset is one beyond 2^63. */
const page_of = (offset: number): number => (offset < 0 ? offset + 2 ** 64 : offset) / 4096;

/** Maps in `mm`. Caller holds its mmap_lock for writing. `vm_flags`: flags that the caller wants besides. */
export function* do_mmap(
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
  if (!file_op(k, file, "mmap")) return prot & 4 && path_noexec(k, file) ? -EPERM : -ENODEV;
  if (vm_flags & VM_GROWSDOWN) return -EINVAL;
  vm_flags >>>= 0;
  return k.config.version === "6.12" ? vm_flags : k.memfd_check_seals_mmap(file, vm_flags);
}

/** Whether nothing may be executed from where the file lies: kernel objects, which have no type, lie in such a place since 6.16. */
const path_noexec = (k: Kernel, { f_inode }: File): boolean =>
  (f_inode!.i_mode & S_IFMT) === 0 && k.config.version !== "6.12";

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

export function* mmap_region(
  k: Kernel,
  mm: Mm,
  file: File | null,
  addr: number,
  len: number,
  vm_flags: number,
  pgoff: number,
): Steps<number> {
  return yield* k.__mmap_region(mm, file, addr, len, vm_flags, pgoff);
}

/**
 * Puts the mapping in place of whatever was there. What can be refused is found out first; then the old mappings lose their
 * pages, but stay findable until the new one is there.
 */
export function* __mmap_region(
  k: Kernel,
  mm: Mm,
  file: File | null,
  addr: number,
  len: number,
  flags: number,
  pgoff: number,
): Steps<number> {
  let vm_flags = flags;
  const end = addr + len;
  const vms = k.init_vma_munmap(mm, addr, end, "keep locked");
  if (k.find_vma_intersection(mm, addr, end)) {
    const error = yield* k.vms_gather_munmap_vmas(vms);
    if (error) return error;
  }
  let charged = 0;
  if (accountable_mapping(file, vm_flags)) {
    // What the old mappings were promised is the new one's.
    charged = len / 4096 - vms.nr_accounted;
    const error = charged === 0 ? 0 : k.security_vm_enough_memory_mm(mm, charged);
    if (error) {
      yield* k.vms_abort_munmap_vmas(vms);
      return error;
    }
    vms.nr_accounted = 0;
    vm_flags = withVmFlags(vm_flags, VM_ACCOUNT);
  }
  yield* k.vms_clean_up_area(vms);
  yield* k.vma_iter_clear_gfp(vms);
  // Shared memory without a file gets one of its own: it continues nothing.
  const alone = !file && (vm_flags & VM_SHARED) !== 0;
  const merge = { mm, start: addr, end, pgoff, vm_flags, file, anon_vma: null, middle: null };
  const merged = alone ? null : yield* k.vma_merge_new_range(merge);
  const vma = merged ?? (yield* k.__mmap_new_vma(mm, file, addr, len, vm_flags, pgoff));
  if (typeof vma === "number") {
    k.vm_unacct_memory(charged);
    yield* k.vms_abort_munmap_vmas(vms);
    return vma;
  }
  yield* k.__mmap_complete(vma, vms, len / 4096);
  return addr;
}

/** Whether every page of the mapping may become one of its own. */
const accountable_mapping = (file: File | null, vm_flags: number): boolean =>
  (vm_flags & (VM_NORESERVE | VM_SHARED | VM_WRITE)) === VM_WRITE && !is_file_hugepages(file);

/** @returns the VMA in its place, which may be one that was there before it and has grown; or a negative errno */
export function* __mmap_new_vma(
  k: Kernel,
  mm: Mm,
  file: File | null,
  addr: number,
  len: number,
  vm_flags: number,
  pgoff: number,
): Steps<Vma | number> {
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
  if (file && vma.vm_flags !== vm_flags) {
    const merged = yield* k.vma_merge_again(vma);
    if (merged) return merged;
  }
  yield* k.vma_link(mm, vma);
  return vma;
}

/** The file's mmap has changed the flags: the new VMA may now be like the one before it, which then takes it in. */
export function* vma_merge_again(k: Kernel, vma: Vma): Steps<Vma | null> {
  const { vm_mm, vm_start: start, vm_end: end, vm_pgoff: pgoff, vm_flags, vm_file: file } = vma;
  if (k.vma_index(vm_mm!, start) === 0) return null;
  const merge = { mm: vm_mm!, start, end, pgoff, vm_flags, file, anon_vma: null, middle: null };
  const merged = yield* k.vma_merge_new_range(merge);
  if (!merged) return null;
  yield* k.fput(file!);
  k.store.free(vma);
  return merged;
}

/** The new mapping is there: what was in its place is freed, and it is counted. */
export function* __mmap_complete(k: Kernel, vma: Vma, vms: VmaMunmap, pages: number): Steps<void> {
  const { mm } = vms;
  yield* k.vms_complete_munmap_vmas(vms);
  k.vm_stat_account(mm, vma.vm_flags, pages);
  if (!vma_supports_mlock(vma)) vma.vm_flags = withoutVmFlags(vma.vm_flags, VM_LOCKED_MASK);
  if (vma.vm_flags & VM_LOCKED) mm.locked_vm += pages;
}

// RFC PATCH v3 05, 07, 08 and 10/10, mm/mshare.c: sizes of regions, mapping them, mapping memory into them, and the fault
// that links a guest's top-level entry to the host's.
// Left as posted:
// - "set-size-once": a region that starts at 0 counts as not set up, so SET_SIZE may come again; size 0 becomes 2^64 - 1
//   (Jann Horn, 2024-10-14);
// - "nested-mmap-lock": the host's mmap_lock inside the guest's, of the same class (Kirill Shutemov, 2024-10-07);
// - "same-address": a host address is counted from the start of the guest's VMA, wherever in the region that is;
// - "guest-permissions", "private-mapping": the linked tables give what the host's VMAs allow, and to all, whatever the
//   guest's VMA says;
// - "set-size-range": a region may lie where no process can map it;
// - "create-flags": CREATE_MAPPING takes flags that nobody heeds;
// - "ioctl-permissions": who may only read the file may set it up.
import type { Steps } from "../../core/thread.ts";
import { pgd_offset, pgdir_size, task_size_max } from "../../kernel/arch/x86/mm/pgtable.ts";
import { FMODE_WRITE, VM_FAULT_NOPAGE, VM_MAYSHARE, VM_NOHUGEPAGE, VM_WRITE } from "../../kernel/flags.ts";
import type { IoctlArg, Layout } from "../../kernel/fs/ioctl.ts";
import type { File, Inode, Mm, Vma } from "../../kernel/mm_types.ts";
import { EACCES, EBADF, EINVAL, ENOTTY } from "../../kernel/uapi/errno.ts";
import { _IOR, _IOW } from "../../kernel/uapi/ioctl.ts";
import { MAP_ANONYMOUS, MAP_FIXED, MAP_FIXED_NOREPLACE, MAP_NORESERVE, MAP_SHARED } from "../../kernel/uapi/mman.ts";
import { lock_is_annotated } from "../sharing/options.ts";
import { type MshareData, type MshareKernel, traceOf, VM_SHARED_PT } from "./structures.ts";

export const MSHAREFS_GET_SIZE = _IOR("x", 0, 16);
export const MSHAREFS_SET_SIZE = _IOW("x", 1, 16);
export const MSHAREFS_CREATE_MAPPING = _IOW("x", 2, 40);

const MSHARE_INFO: Layout = [
  ["start", 8],
  ["size", 8],
];
const MSHARE_CREATE: Layout = [
  ["addr", 8],
  ["size", 8],
  ["offset", 8],
  ["prot", 4],
  ["flags", 4],
  ["fd", 4],
];

type Struct = Readonly<Record<string, bigint>>;

/** `unsigned long` of x86-64. */
const ulong = (n: bigint): bigint => BigInt.asUintN(64, n);
const M_LOCK = "&m_data->m_lock";
/** The class of a host's mmap_lock that is taken inside a guest's. */
export const NESTED = "&mm->mmap_lock/1";

/** What find_shared_vma found: with `ret` 0 and a VMA, the host mm's lock is held for reading. */
export interface SharedVma {
  readonly ret: number;
  readonly vma: Vma | null;
  readonly address: number;
}

/**
 * Turns a fault in a guest's VMA into one in the host mm. If the guest's top-level entry is not the host's it becomes so,
 * and the access is tried again. Caller holds the guest's mmap_lock for reading.
 */
export function* find_shared_vma(k: MshareKernel, guest: Vma, address: number): Steps<SharedVma> {
  const guest_mm = guest.vm_mm!;
  const host_mm = (guest.vm_private_data as MshareData).mm!;
  if (lock_is_annotated(k)) yield* k.down_read(host_mm.mmap_lock, NESTED);
  else yield* k.mmap_read_lock(host_mm);
  const host_addr = k.host_address(guest, address);
  const pgd = k.read_entry(pgd_offset(k, host_mm, host_addr));
  const guest_pgdp = pgd_offset(k, guest_mm, address);
  const guest_pgd = k.read_entry(guest_pgdp);
  yield traceOf(k).pgd_same(guest_mm, address, guest_pgd === pgd, guest_pgd, pgd);
  if (guest_pgd !== pgd) {
    yield* k.join_invalidations(host_mm, guest);
    k.join_host_cpumask(host_mm, guest_mm);
    yield k.set_pgd(guest_mm, address, guest_pgdp, pgd);
    yield k.mmap_read_unlock(host_mm);
    return { ret: VM_FAULT_NOPAGE, vma: null, address };
  }
  const vma = k.vma_lookup(host_mm, host_addr);
  if (!vma) yield k.mmap_read_unlock(host_mm);
  return { ret: 0, vma, address: host_addr };
}

/** simple_open */
// biome-ignore lint/correctness/useYield: operations are generators, steps or not
export function* msharefs_open(_k: MshareKernel, inode: Inode, file: File): Steps<number> {
  file.private_data = inode.i_private;
  return 0;
}

/** Maps the region, or a part of it that is aligned as regions are. */
export function* msharefs_mmap(k: MshareKernel, file: File, vma: Vma): Steps<number> {
  const m_data = file.private_data as MshareData;
  yield* k.spin_lock(m_data.m_lock, M_LOCK);
  const mshare_start = m_data.minfo_start;
  const mshare_end = ulong(mshare_start + m_data.minfo_size);
  yield k.spin_unlock(m_data.m_lock, M_LOCK);
  if (mshare_start === 0n) return -EINVAL;
  if (vma.vm_start % pgdir_size(k) !== 0 || vma.vm_end % pgdir_size(k) !== 0) return -EINVAL;
  if (BigInt(vma.vm_start) < mshare_start || BigInt(vma.vm_end) > mshare_end) return -EINVAL;
  if (k.fixed("guest-permissions") && !(vma.vm_flags & VM_WRITE)) return -EACCES;
  if (k.fixed("private-mapping") && !(vma.vm_flags & VM_MAYSHARE)) return -EINVAL;
  vma.vm_private_data = m_data;
  vma.vm_flags += VM_SHARED_PT;
  vma.vm_ops = "msharefs_vm_ops";
  return 0;
}

export function* msharefs_ioctl(k: MshareKernel, file: File, cmd: number, arg: IoctlArg): Steps<number> {
  const m_data = file.private_data as MshareData;
  const changes = cmd === MSHAREFS_SET_SIZE || cmd === MSHAREFS_CREATE_MAPPING;
  if (k.fixed("ioctl-permissions") && changes && !(file.f_mode & FMODE_WRITE)) return -EBADF;
  switch (cmd) {
    case MSHAREFS_GET_SIZE:
      return yield* k.msharefs_get_size(m_data, arg);
    case MSHAREFS_SET_SIZE:
      return yield* k.msharefs_set_size_ioctl(m_data, arg);
    case MSHAREFS_CREATE_MAPPING:
      return yield* k.msharefs_create_mapping_ioctl(m_data, arg);
    default:
      return -ENOTTY;
  }
}

export function* msharefs_get_size(k: MshareKernel, m_data: MshareData, arg: IoctlArg): Steps<number> {
  yield* k.spin_lock(m_data.m_lock, M_LOCK);
  const minfo = { start: m_data.minfo_start, size: m_data.minfo_size };
  yield k.spin_unlock(m_data.m_lock, M_LOCK);
  return yield* k.copy_struct_to_user(arg, MSHARE_INFO, minfo);
}

export function* msharefs_set_size_ioctl(k: MshareKernel, m_data: MshareData, arg: IoctlArg): Steps<number> {
  const minfo = yield* k.copy_struct_from_user(arg, MSHARE_INFO);
  if (typeof minfo === "number") return minfo;
  yield* k.spin_lock(m_data.m_lock, M_LOCK);
  const set_up = m_data.minfo_start !== 0n || (k.fixed("set-size-once") && m_data.minfo_size !== 0n);
  const error = set_up ? -EINVAL : msharefs_set_size(k, m_data, minfo);
  yield k.spin_unlock(m_data.m_lock, M_LOCK);
  return error;
}

/** Caller holds m_lock. The sum of start and size wraps as in C. */
function msharefs_set_size(k: MshareKernel, m_data: MshareData, { start, size }: Struct): number {
  const end = ulong(start! + size!);
  if ((start! | end) & (BigInt(pgdir_size(k)) - 1n)) return -EINVAL;
  if (k.fixed("set-size-once") && (start === 0n || size === 0n || end < start!)) return -EINVAL;
  if (k.fixed("set-size-range") && end > BigInt(task_size_max(k) + 4096)) return -EINVAL;
  m_data.minfo_start = start!;
  m_data.minfo_size = size === 0n ? ulong(-1n) : size!;
  const mm = m_data.mm!;
  mm.mmap_base = Number(m_data.minfo_start);
  mm.task_size = Number(m_data.minfo_size);
  return 0;
}

export function* msharefs_create_mapping_ioctl(k: MshareKernel, m_data: MshareData, arg: IoctlArg): Steps<number> {
  const mcreate = yield* k.copy_struct_from_user(arg, MSHARE_CREATE);
  if (typeof mcreate === "number") return mcreate;
  yield* k.spin_lock(m_data.m_lock, M_LOCK);
  const set_up = m_data.minfo_start !== 0n;
  yield k.spin_unlock(m_data.m_lock, M_LOCK);
  if (!set_up) return -EINVAL;
  return yield* k.msharefs_create_mapping(m_data, mcreate);
}

/** Of the flags of mmap a region knows what these mean. */
const is_heeded = (flags: number): boolean =>
  (flags & MAP_ANONYMOUS) !== 0 && (flags & ~(MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS | MAP_NORESERVE)) === 0;

/** Maps shared anonymous memory in the host mm, at a fixed address where nothing is yet. */
export function* msharefs_create_mapping(k: MshareKernel, m_data: MshareData, mcreate: Struct): Steps<number> {
  const addr = mcreate["addr"]!;
  const size = mcreate["size"]!;
  const flags = Number(mcreate["flags"]!);
  const mshare_start = m_data.minfo_start;
  const mshare_end = ulong(mshare_start + m_data.minfo_size);
  if (addr < mshare_start || addr >= mshare_end || ulong(addr + size) > mshare_end) return -EINVAL;
  if ((flags & (MAP_SHARED | MAP_FIXED)) !== (MAP_SHARED | MAP_FIXED)) return -EINVAL;
  if (mcreate["fd"] !== 0xffffffffn) return -EINVAL;
  if (k.fixed("create-flags") && !is_heeded(flags)) return -EINVAL;
  const mm = m_data.mm!;
  yield* k.mmap_write_lock(mm);
  const mapped = yield* k.__do_mmap(
    mm,
    null,
    Number(addr),
    Number(size),
    Number(mcreate["prot"]!),
    flags | MAP_FIXED_NOREPLACE,
    VM_NOHUGEPAGE,
    0,
  );
  yield k.mmap_write_unlock(mm);
  return Math.min(mapped, 0);
}

/** Patch 09/10: do_mmap for an address space that need not be the caller's. Caller holds its mmap_lock for writing. */
export function* __do_mmap(
  k: MshareKernel,
  mm: Mm,
  file: File | null,
  addr: number,
  len: number,
  prot: number,
  flags: number,
  vm_flags: number,
  pgoff: number,
): Steps<number> {
  return yield* k.do_mmap(mm, file, addr, len, prot, flags, vm_flags, pgoff);
}

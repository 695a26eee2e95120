// userfaultfd (fs/userfaultfd.c): faults of a range wait until somebody who reads of them has done something about it. What that
// is: mm/userfaultfd.ts. Of anonymous memory and shared memory files; write protection of anonymous memory only.
import type { Steps } from "../../core/thread.ts";
import { task_size_max } from "../arch/x86/mm/pgtable.ts";
import {
  has_uffd_minor,
  is_droppable,
  VM_HUGETLB,
  VM_MAYWRITE,
  VM_STICKY,
  VM_UFFD_MINOR,
  VM_UFFD_MISSING,
  VM_UFFD_WP,
  without_uffd_flags,
  withVmFlags,
} from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import { mmap_min_addr } from "../mm/mmap.ts";
import type { File, Inode, Mm, Vma } from "../mm_types.ts";
import { EBUSY, EINVAL, ENOMEM, EPERM } from "../uapi/errno.ts";
import { O_CLOEXEC, O_NONBLOCK } from "../uapi/fcntl.ts";
import * as uffd from "../uapi/userfaultfd.ts";
import type { IoctlArg, Layout } from "./ioctl.ts";
import { type UserfaultfdCtx, userfaultfd_ctx } from "./userfaultfd_ctx.ts";

const FEATURE_INITIALIZED = 2 ** 31;
/** What there is: neither the events of other calls, nor huge pages, nor write protection of files. */
const FEATURES =
  uffd.UFFD_FEATURE_PAGEFAULT_FLAG_WP |
  uffd.UFFD_FEATURE_MISSING_SHMEM |
  uffd.UFFD_FEATURE_SIGBUS |
  uffd.UFFD_FEATURE_THREAD_ID |
  uffd.UFFD_FEATURE_MINOR_SHMEM |
  uffd.UFFD_FEATURE_EXACT_ADDRESS;

const bit = (request: number): bigint => 1n << BigInt(request % 256);
const API_IOCTLS = bit(uffd.UFFDIO_REGISTER) | bit(uffd.UFFDIO_UNREGISTER) | bit(uffd.UFFDIO_API);
const RANGE_IOCTLS = bit(uffd.UFFDIO_WAKE) | bit(uffd.UFFDIO_COPY) | bit(uffd.UFFDIO_ZEROPAGE);

export const range_layout: Layout = [
  ["start", 8],
  ["len", 8],
];
const api_layout: Layout = [
  ["api", 8],
  ["features", 8],
  ["ioctls", 8],
];
const register_layout: Layout = [...range_layout, ["mode", 8], ["ioctls", 8]];

/** The system call. Returns a descriptor or a negative errno. */
export function* sys_userfaultfd(k: Kernel, flags: number): Steps<number> {
  if (flags & ~(uffd.UFFD_USER_MODE_ONLY | O_CLOEXEC | O_NONBLOCK)) return -EINVAL;
  const ctx = k.store.alloc(userfaultfd_ctx) as UserfaultfdCtx;
  ctx.refcount = 1;
  ctx.flags = flags;
  ctx.mm = k.current.mm;
  ctx.mm!.mm_count++;
  const fd = yield* k.anon_inode_getfd("[userfaultfd]", "userfaultfd_fops", ctx, flags & O_NONBLOCK);
  if (fd < 0) yield* k.userfaultfd_ctx_put(ctx);
  return fd;
}

export function* userfaultfd_ctx_put(k: Kernel, ctx: UserfaultfdCtx): Steps<void> {
  if (--ctx.refcount > 0) return;
  const mm = ctx.mm!;
  k.store.free(ctx);
  yield* k.mmdrop(mm);
}

export function* userfaultfd_ioctl(k: Kernel, file: File, cmd: number, arg: IoctlArg): Steps<number> {
  const ctx = file.private_data as UserfaultfdCtx;
  if (cmd === uffd.UFFDIO_API) return yield* k.userfaultfd_api(ctx, arg);
  if (ctx.features === 0) return -EINVAL;
  switch (cmd) {
    case uffd.UFFDIO_REGISTER:
      return yield* k.userfaultfd_register(ctx, arg);
    case uffd.UFFDIO_UNREGISTER:
      return yield* k.userfaultfd_unregister(ctx, arg);
    case uffd.UFFDIO_WAKE:
      return yield* k.userfaultfd_wake(ctx, arg);
    case uffd.UFFDIO_COPY:
      return yield* k.userfaultfd_copy(ctx, arg);
    case uffd.UFFDIO_ZEROPAGE:
      return yield* k.userfaultfd_zeropage(ctx, arg);
    case uffd.UFFDIO_WRITEPROTECT:
      return yield* k.userfaultfd_writeprotect(ctx, arg);
    case uffd.UFFDIO_CONTINUE:
      return yield* k.userfaultfd_continue(ctx, arg);
    default:
      return -EINVAL;
  }
}

export function* userfaultfd_api(k: Kernel, ctx: UserfaultfdCtx, arg: IoctlArg): Steps<number> {
  const given = yield* k.copy_struct_from_user(arg, api_layout);
  if (typeof given === "number") return given;
  const unknown = given["api"] !== BigInt(uffd.UFFD_API) || (given["features"]! & ~BigInt(FEATURES)) !== 0n;
  if (unknown || ctx.features !== 0) {
    const error = yield* k.copy_struct_to_user(arg, api_layout, {});
    return error || -EINVAL;
  }
  const features = Number(given["features"]);
  const error = yield* k.copy_struct_to_user(arg, api_layout, {
    api: BigInt(uffd.UFFD_API),
    features: BigInt(FEATURES),
    ioctls: API_IOCTLS,
  });
  if (!error) ctx.features = features + FEATURE_INITIALIZED;
  return error;
}

/** Does something to the memory that is watched, which cannot go away meanwhile; null: all who had it have ended. */
export function* with_watched_mm(
  k: Kernel,
  ctx: UserfaultfdCtx,
  work: (mm: Mm) => Steps<number>,
): Steps<number | null> {
  const mm = ctx.mm!;
  if (mm.mm_users === 0) return null;
  mm.mm_users++;
  const result = yield* work(mm);
  yield* k.mmput(mm);
  return result;
}

/** Whether [start, start + len) can be a range at all: whole pages of user addresses. */
export const is_valid_range = (k: Kernel, start: number, len: number): boolean =>
  start % 4096 === 0 &&
  len % 4096 === 0 &&
  len > 0 &&
  start >= mmap_min_addr &&
  start < task_size_max(k) &&
  len <= task_size_max(k) - start;

const vma_can_userfault = (vma: Vma, vm_flags: number): boolean => {
  const anonymous = vma.vm_ops === "";
  const shmem = vma.vm_ops === "shmem_vm_ops" || vma.vm_ops === "shmem_anon_vm_ops";
  if (vma.vm_flags & VM_HUGETLB || is_droppable(vma.vm_flags) || !(anonymous || shmem)) return false;
  return !(has_uffd_minor(vm_flags) && !shmem) && !(vm_flags & VM_UFFD_WP && !anonymous);
};

export function* userfaultfd_register(k: Kernel, ctx: UserfaultfdCtx, arg: IoctlArg): Steps<number> {
  const given = yield* k.copy_struct_from_user(arg, register_layout);
  if (typeof given === "number") return given;
  const [start, len, mode] = [Number(given["start"]), Number(given["len"]), Number(given["mode"])];
  const known = uffd.UFFDIO_REGISTER_MODE_MISSING | uffd.UFFDIO_REGISTER_MODE_WP | uffd.UFFDIO_REGISTER_MODE_MINOR;
  if (mode === 0 || mode > known || !is_valid_range(k, start, len)) return -EINVAL;
  const vm_flags =
    (mode & uffd.UFFDIO_REGISTER_MODE_MISSING ? VM_UFFD_MISSING : 0) +
    (mode & uffd.UFFDIO_REGISTER_MODE_WP ? VM_UFFD_WP : 0) +
    (mode & uffd.UFFDIO_REGISTER_MODE_MINOR ? VM_UFFD_MINOR : 0);
  const error = yield* k.with_watched_mm(ctx, (mm) => register_watched(k, mm, ctx, start, start + len, vm_flags));
  if (error !== 0) return error ?? -ENOMEM;
  const more =
    (mode & uffd.UFFDIO_REGISTER_MODE_WP ? bit(uffd.UFFDIO_WRITEPROTECT) : 0n) |
    (mode & uffd.UFFDIO_REGISTER_MODE_MINOR ? bit(uffd.UFFDIO_CONTINUE) : 0n);
  return yield* k.copy_struct_to_user(arg, register_layout, { ...given, ioctls: RANGE_IOCTLS | more });
}

function* register_watched(
  k: Kernel,
  mm: Mm,
  ctx: UserfaultfdCtx,
  start: number,
  end: number,
  vm_flags: number,
): Steps<number> {
  yield* k.mmap_write_lock(mm);
  const refused = check_registrable(k, ctx, start, end, vm_flags);
  const failed = refused || (yield* k.userfaultfd_register_range(ctx, start, end, vm_flags));
  yield k.mmap_write_unlock(mm);
  return failed;
}

function check_registrable(k: Kernel, ctx: UserfaultfdCtx, start: number, end: number, vm_flags: number): number {
  const vmas = vmas_in(k, ctx.mm!, start, end);
  if (vmas.length === 0) return -EINVAL;
  for (const vma of vmas) {
    if (!vma_can_userfault(vma, vm_flags)) return -EINVAL;
    if (!(vma.vm_flags & VM_MAYWRITE)) return -EPERM;
    if (vma.vm_userfaultfd_ctx && vma.vm_userfaultfd_ctx !== ctx) return -EBUSY;
  }
  return 0;
}

export const vmas_in = (k: Kernel, mm: Mm, start: number, end: number): readonly Vma[] => {
  const found: Vma[] = [];
  for (let i = k.vma_index(mm, start); i < mm.mm_mt.length; i++) {
    const vma = mm.mm_mt.at(i)!;
    if (vma.vm_start >= end) break;
    if (vma.vm_end > start) found.push(vma);
  }
  return found;
};

const has_uffd_flags = (vm_flags: number, wanted: number): boolean =>
  (vm_flags & wanted & (VM_UFFD_MISSING | VM_UFFD_WP)) === (wanted & (VM_UFFD_MISSING | VM_UFFD_WP)) &&
  (has_uffd_minor(vm_flags) || !has_uffd_minor(wanted));

/** Faults of [start, end) go to `ctx` from now on. Caller holds mmap_lock for writing. Returns 0 or a negative errno. */
export function* userfaultfd_register_range(
  k: Kernel,
  ctx: UserfaultfdCtx,
  start: number,
  end: number,
  vm_flags: number,
): Steps<number> {
  const mm = ctx.mm!;
  for (let at = start; at < end; ) {
    const vma = vmas_in(k, mm, at, end)[0];
    if (!vma) break;
    const from = Math.max(at, vma.vm_start);
    const to = Math.min(end, vma.vm_end);
    at = to;
    const flags = without_uffd_flags(vma.vm_flags) + vm_flags;
    // Who watches for more already goes on doing so.
    if (vma.vm_userfaultfd_ctx === ctx && has_uffd_flags(vma.vm_flags, vm_flags)) continue;
    const part = yield* k.vma_modify_flags_uffd(vma, from, to, flags, ctx);
    if (typeof part === "number") return part;
    yield* k.userfaultfd_set_ctx(part, ctx, flags);
  }
  return 0;
}

/** `ctx` null: faults of the VMA go to nobody. What it has of VM_STICKY, perhaps from one that it was merged with, it keeps. */
export function* userfaultfd_set_ctx(k: Kernel, vma: Vma, ctx: UserfaultfdCtx | null, vm_flags: number): Steps<void> {
  yield* k.vma_start_write(vma);
  vma.vm_flags = withVmFlags(vm_flags, vma.vm_flags & VM_STICKY);
  vma.vm_userfaultfd_ctx = ctx;
  yield k.trace.vma_change(vma, vma.vm_mm!, vma.vm_start, vma.vm_end);
}

/** Faults of a part of a VMA go to nobody from now on. Caller holds mmap_lock for writing. Returns 0 or a negative errno. */
export function* userfaultfd_clear_vma(k: Kernel, vma: Vma, start: number, end: number): Steps<number> {
  if (vma.vm_flags & VM_UFFD_WP) yield* k.uffd_wp_range(vma, start, end, "clear uffd-wp");
  const flags = without_uffd_flags(vma.vm_flags);
  const part = yield* k.vma_modify_flags_uffd(vma, start, end, flags, null);
  if (typeof part === "number") return part;
  yield* k.userfaultfd_set_ctx(part, null, flags);
  return 0;
}

export function* userfaultfd_unregister(k: Kernel, ctx: UserfaultfdCtx, arg: IoctlArg): Steps<number> {
  const given = yield* k.copy_struct_from_user(arg, range_layout);
  if (typeof given === "number") return given;
  const [start, len] = [Number(given["start"]), Number(given["len"])];
  if (!is_valid_range(k, start, len)) return -EINVAL;
  const error = yield* k.with_watched_mm(ctx, (mm) => unregister_watched(k, mm, ctx, start, start + len));
  return error ?? -ENOMEM;
}

function* unregister_watched(k: Kernel, mm: Mm, ctx: UserfaultfdCtx, start: number, end: number): Steps<number> {
  const others = (vma: Vma) => vma.vm_userfaultfd_ctx !== null && vma.vm_userfaultfd_ctx !== ctx;
  yield* k.mmap_write_lock(mm);
  const vmas = vmas_in(k, mm, start, end);
  const refused = vmas.length === 0 || vmas.some((vma) => !vma_can_userfault(vma, vma.vm_flags) || others(vma));
  let failed = refused ? -EINVAL : 0;
  for (let at = start; !failed && at < end; ) {
    const vma = vmas_in(k, mm, at, end)[0];
    if (!vma) break;
    const from = Math.max(at, vma.vm_start);
    at = Math.min(end, vma.vm_end);
    if (!vma.vm_userfaultfd_ctx) continue;
    // Who waits would wait for ever.
    if (vma.vm_flags & VM_UFFD_MISSING) yield k.wake_userfault(ctx, from, at - from);
    failed = yield* k.userfaultfd_clear_vma(vma, from, at);
  }
  yield k.mmap_write_unlock(mm);
  return failed;
}

export function* userfaultfd_wake(k: Kernel, ctx: UserfaultfdCtx, arg: IoctlArg): Steps<number> {
  const given = yield* k.copy_struct_from_user(arg, range_layout);
  if (typeof given === "number") return given;
  const [start, len] = [Number(given["start"]), Number(given["len"])];
  if (!is_valid_range(k, start, len)) return -EINVAL;
  yield k.wake_userfault(ctx, start, len);
  return 0;
}

/** A mapping that moves takes its userfaultfd along only with UFFD_FEATURE_EVENT_REMAP. */
export function mremap_userfaultfd_prep(_k: Kernel, vma: Vma): void {
  if (!vma.vm_userfaultfd_ctx) return;
  vma.vm_userfaultfd_ctx = null;
  vma.vm_flags = without_uffd_flags(vma.vm_flags);
}

/** The last descriptor is closed: nobody is told of anything any more, and who waits tries again. */
export function* userfaultfd_release(k: Kernel, _inode: Inode, file: File): Steps<void> {
  const ctx = file.private_data as UserfaultfdCtx;
  ctx.released = 1;
  yield* k.with_watched_mm(ctx, (mm) => k.userfaultfd_release_all(mm, ctx));
  yield k.wake_userfault(ctx, 0, task_size_max(k));
  yield* k.userfaultfd_ctx_put(ctx);
}

export function* userfaultfd_release_all(k: Kernel, mm: Mm, ctx: UserfaultfdCtx): Steps<number> {
  yield* k.mmap_write_lock(mm);
  for (let vma = k.find_vma(mm, 0); vma; ) {
    const { vm_start, vm_end } = vma;
    if (vma.vm_userfaultfd_ctx === ctx) yield* k.userfaultfd_clear_vma(vma, vm_start, vm_end);
    vma = k.find_vma(mm, vm_end);
  }
  yield k.mmap_write_unlock(mm);
  return 0;
}

// Faults that wait for a userfaultfd (fs/userfaultfd.c): whoever reads of them does something about them, and they are woken.
import type { Steps } from "../../core/thread.ts";
import { isPresent } from "../../hardware/entry.ts";
import { none, pte_write } from "../arch/x86/mm/pgtable.ts";
import {
  FAULT_FLAG_ALLOW_RETRY,
  FAULT_FLAG_RETRY_NOWAIT,
  FAULT_FLAG_USER,
  FAULT_FLAG_WRITE,
  VM_FAULT_NOPAGE,
  VM_FAULT_RETRY,
  VM_FAULT_SIGBUS,
} from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import { is_pte_marker } from "../mm/madvise_guard.ts";
import type { VmFault } from "../mm/memory.ts";
import type { File, Mm } from "../mm_types.ts";
import { EAGAIN, EFAULT, EINVAL } from "../uapi/errno.ts";
import { O_NONBLOCK } from "../uapi/fcntl.ts";
import * as uffd from "../uapi/userfaultfd.ts";
import type { UserfaultfdCtx } from "./userfaultfd_ctx.ts";

/** Why a fault is somebody else's business: nothing is there, the file has it but the process not, a write is to be told of. */
export type UffdReason = "missing" | "minor" | "wp";

const PAGEFAULT_FLAG_WRITE = 1;
const PAGEFAULT_FLAG_WP = 2;
const PAGEFAULT_FLAG_MINOR = 4;
const MESSAGE_BYTES = 32;

/**
 * A fault that somebody else is to deal with: lets go of the lock that it holds and waits to be woken.
 * @returns VM_FAULT_RETRY, with the lock dropped; else a VM_FAULT_* with the lock still held
 */
export function* handle_userfault(k: Kernel, vmf: VmFault, reason: UffdReason): Steps<number> {
  const { vma, flags } = vmf;
  const ctx = vma.vm_userfaultfd_ctx;
  if (!ctx || ctx.features & uffd.UFFD_FEATURE_SIGBUS) return VM_FAULT_SIGBUS;
  if (!(flags & FAULT_FLAG_USER) && ctx.flags & uffd.UFFD_USER_MODE_ONLY) return VM_FAULT_SIGBUS;
  if (ctx.released) return VM_FAULT_NOPAGE;
  if (!(flags & FAULT_FLAG_ALLOW_RETRY)) return VM_FAULT_SIGBUS;
  if (flags & FAULT_FLAG_RETRY_NOWAIT) return VM_FAULT_RETRY;
  ctx.refcount++;
  const exact = (ctx.features & uffd.UFFD_FEATURE_EXACT_ADDRESS) !== 0;
  const told =
    (flags & FAULT_FLAG_WRITE ? PAGEFAULT_FLAG_WRITE : 0) |
    (reason === "wp" ? PAGEFAULT_FLAG_WP : 0) |
    (reason === "minor" ? PAGEFAULT_FLAG_MINOR : 0);
  const wait = ++ctx.last_wait;
  const { current } = k;
  const address = exact ? (vmf.real_address ?? vmf.address) : vmf.address;
  ctx.fault_wqh = [...ctx.fault_wqh, [wait, address, told, current.pid, 0]];
  const must_wait = userfaultfd_must_wait(k, vma.vm_mm!, vmf.address, reason);
  yield k.trace.handle_userfault(address, reason, vma.vm_mm, current);
  yield* k.release_fault_lock(vma, flags);
  const over = () => !ctx.fault_wqh.some(([id]) => id === wait) || current.signal !== 0;
  if (must_wait && !ctx.released) while (!over()) yield k.wait(over, "a userfaultfd to resolve its fault");
  ctx.fault_wqh = ctx.fault_wqh.filter(([id]) => id !== wait);
  yield* k.userfaultfd_ctx_put(ctx);
  return VM_FAULT_RETRY;
}

/** What was missing may have come meanwhile, from somebody who wakes nobody any more. */
function userfaultfd_must_wait(k: Kernel, mm: Mm, address: number, reason: UffdReason): boolean {
  const pte = k.walk_entries(mm, address)[3];
  return none(pte) || is_pte_marker(pte) || (reason === "wp" && isPresent(pte) && !pte_write(pte));
}

/** Lets the faults of a range go on that wait. Returns the event. */
export function wake_userfault(k: Kernel, ctx: UserfaultfdCtx, start: number, len: number): number {
  return k.__wake_userfault(ctx, start, len);
}

export function __wake_userfault(k: Kernel, ctx: UserfaultfdCtx, start: number, len: number): number {
  const inside = (address: number) => address >= start && address < start + len;
  ctx.fault_wqh = ctx.fault_wqh.filter(([, address]) => !inside(address! - (address! % 4096)));
  return k.trace.userfaultfd_wake(start, len, ctx.mm);
}

/** file_operations.read: messages of 32 bytes, one for each fault that nobody has been told of yet. */
export function* userfaultfd_read(k: Kernel, file: File, address: number, count: number): Steps<number> {
  const ctx = file.private_data as UserfaultfdCtx;
  if (ctx.features === 0) return -EINVAL;
  if (count < MESSAGE_BYTES) return -EINVAL;
  let done = 0;
  while (done + MESSAGE_BYTES <= count) {
    const pending = () => ctx.fault_wqh.find((fault) => fault[4] === 0);
    const { current } = k;
    if (!pending()) {
      if (done > 0) return done;
      if (file.f_flags & O_NONBLOCK) return -EAGAIN;
      const ready = () => pending() !== undefined || current.signal !== 0;
      while (!ready()) yield k.wait(ready, "a fault to read from a userfaultfd");
      if (current.signal) return -EAGAIN;
    }
    const fault = pending()!;
    ctx.fault_wqh = ctx.fault_wqh.map((one) => (one === fault ? [...one.slice(0, 4), 1] : one));
    if ((yield* k.copy_to_user(address + done, message(ctx, fault))) !== 0) return done || -EFAULT;
    done += MESSAGE_BYTES;
  }
  return done || -EAGAIN;
}

/** struct uffd_msg: the event, then flags, address and thread. */
function message(ctx: UserfaultfdCtx, [, address, flags, pid]: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(MESSAGE_BYTES);
  const view = new DataView(bytes.buffer);
  bytes[0] = uffd.UFFD_EVENT_PAGEFAULT;
  view.setBigUint64(8, BigInt(flags!), true);
  view.setBigUint64(16, BigInt(address!), true);
  if (ctx.features & uffd.UFFD_FEATURE_THREAD_ID) view.setUint32(24, pid!, true);
  return bytes;
}

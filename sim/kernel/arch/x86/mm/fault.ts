// Page faults of the hardware (arch/x86/mm/fault.c): what the CPU says of them, and what becomes of whoever made them.
import type { Steps } from "../../../../core/thread.ts";
import { X86_PF_INSTR, X86_PF_PROT, X86_PF_USER, X86_PF_WRITE } from "../../../../hardware/mmu.ts";
import {
  FAULT_FLAG_DEFAULT,
  FAULT_FLAG_INSTRUCTION,
  FAULT_FLAG_TRIED,
  FAULT_FLAG_USER,
  FAULT_FLAG_VMA_LOCK,
  FAULT_FLAG_WRITE,
  VM_FAULT_COMPLETED,
  VM_FAULT_ERROR,
  VM_FAULT_MAJOR,
  VM_FAULT_OOM,
  VM_FAULT_RETRY,
  VM_FAULT_SIGBUS,
  VM_WRITE,
} from "../../../flags.ts";
import type { Kernel } from "../../../kernel.ts";
import type { Mm, Vma } from "../../../mm_types.ts";
import { SIGBUS, SIGKILL, SIGSEGV } from "../../../uapi/signal.ts";
import { task_size_max } from "./pgtable.ts";

/** What an access may end with besides a signal: there was no memory, and nobody to kill for it. */
export const OOM = 1000;

/** `error`: bits X86_PF_*. Returns 0 when the access can be tried again, else the signal. */
export function* exc_page_fault(k: Kernel, address: number, error: number): Steps<number> {
  const signal = yield* k.handle_page_fault(address, error);
  if (error & X86_PF_USER) yield* k.resume_user_mode_work();
  return signal;
}

export function* handle_page_fault(k: Kernel, address: number, error: number): Steps<number> {
  if (address >= task_size_max(k)) return yield* k.do_kern_addr_fault(address, error);
  return yield* k.do_user_addr_fault(address, error);
}

/** An address of the kernel's, which is no program's business. */
export function* do_kern_addr_fault(k: Kernel, address: number, error: number): Steps<number> {
  return yield* k.bad_area_nosemaphore(error, address);
}

export function* do_user_addr_fault(k: Kernel, address: number, error: number): Steps<number> {
  const mm = k.current.mm!;
  const user_mode = (error & X86_PF_USER) !== 0;
  let flags = FAULT_FLAG_DEFAULT;
  if (user_mode) flags |= FAULT_FLAG_USER;
  if (error & X86_PF_WRITE) flags |= FAULT_FLAG_WRITE;
  if (error & X86_PF_INSTR) flags |= FAULT_FLAG_INSTRUCTION;
  let fault = 0;
  let done = false;
  // A program's own faults first with the VMA's lock alone.
  const locked = user_mode ? yield* k.lock_vma_under_rcu(mm, address) : null;
  if (locked) {
    if (access_error(error, locked)) {
      const signal = yield* k.bad_area_access_error(error, address, null, locked);
      k.vmstat.vma_lock_success += 1;
      return signal;
    }
    fault = yield* k.handle_mm_fault(locked, address, flags | FAULT_FLAG_VMA_LOCK);
    if (!(fault & (VM_FAULT_RETRY | VM_FAULT_COMPLETED))) yield k.vma_end_read(locked);
    done = !(fault & VM_FAULT_RETRY);
    if (done) k.vmstat.vma_lock_success += 1;
    else {
      k.vmstat.vma_lock_retry += 1;
      if (fault & VM_FAULT_MAJOR) flags |= FAULT_FLAG_TRIED;
      if (k.current.signal) return SIGKILL;
    }
  }
  while (!done) {
    const vma = yield* k.lock_mm_and_find_vma(mm, address);
    if (!vma) return yield* k.bad_area_nosemaphore(error, address);
    if (access_error(error, vma)) return yield* k.bad_area_access_error(error, address, mm, vma);
    fault = yield* k.handle_mm_fault(vma, address, flags);
    if (fault & VM_FAULT_COMPLETED) return 0;
    done = !(fault & VM_FAULT_RETRY);
    if (done) yield k.mmap_read_unlock(mm);
    // Who was killed while it waited tries nothing again.
    else if (k.current.signal) return SIGKILL;
    else flags |= FAULT_FLAG_TRIED;
  }
  if (!(fault & VM_FAULT_ERROR)) return 0;
  // Whatever went wrong: who was killed does not see it any more. Who was killed for this very access has it told so.
  const asked = (fault & VM_FAULT_OOM) !== 0 && k.current.oom_victim !== 0;
  if (k.current.signal && !asked) return SIGKILL;
  if (fault & VM_FAULT_OOM) return user_mode ? yield* k.pagefault_out_of_memory() : OOM;
  if (fault & VM_FAULT_SIGBUS) return yield* k.do_sigbus(error, address);
  return yield* k.bad_area_nosemaphore(error, address);
}

/** Whether the VMA forbids what the fault was about. */
function access_error(error: number, vma: Vma): boolean {
  if (error & X86_PF_WRITE) return !(vma.vm_flags & VM_WRITE);
  return (error & X86_PF_PROT) !== 0 || (vma.vm_flags & 7) === 0;
}

/** The VMA forbids it. Unlocks `mm`, or for null the VMA. */
export function* bad_area_access_error(
  k: Kernel,
  error: number,
  address: number,
  mm: Mm | null,
  vma: Vma,
): Steps<number> {
  if (mm) yield k.mmap_read_unlock(mm);
  else yield k.vma_end_read(vma);
  return yield* k.bad_area_nosemaphore(error, address);
}

/** Nothing is mapped there that could be used so. */
export function* bad_area_nosemaphore(k: Kernel, error: number, address: number): Steps<number> {
  return error & X86_PF_USER ? yield* k.force_sig_fault(SIGSEGV, address) : SIGSEGV;
}

/** What is mapped there has no page: behind the end of a file, for example. */
export function* do_sigbus(k: Kernel, error: number, address: number): Steps<number> {
  return error & X86_PF_USER ? yield* k.force_sig_fault(SIGBUS, address) : SIGBUS;
}

/** The task gets a signal. It has a handler that returns past the access. */
export function* force_sig_fault(k: Kernel, signal: number, address: number): Steps<number> {
  yield k.trace.signal(signal, address, k.current);
  return signal;
}

// What loads and stores of tasks do: they are translated, and where that fails the page fault is Linux's affair
// (arch/x86/mm/fault.ts). Copies between the kernel and a program's memory go the same way.
import type { Steps } from "../core/thread.ts";
import { type Access, X86_PF_USER } from "../hardware/mmu.ts";
import { tlbFault } from "../hardware/tlb.ts";
import { load_unaligned, store_unaligned } from "./access_unaligned.ts";
import { task_size_max } from "./arch/x86/mm/pgtable.ts";
import type { Kernel } from "./kernel.ts";
import { LIVELOCK_FAULTS } from "./livelock.ts";
import { SIGSEGV } from "./uapi/signal.ts";

/** Reads 8 bytes into the task's `load_low` and `load_high`. Returns 0, a signal's number, or OOM. */
export function* user_load(k: Kernel, address: number): Steps<number> {
  if (address % 8 !== 0) return yield* load_unaligned(k, address);
  const signal = yield* k.user_access(address, "read", X86_PF_USER);
  if (signal !== 0) return signal;
  const { pfn } = k.mmu;
  k.memory.readWord(pfn, Math.floor((address & 4095) / 8));
  const task = k.current;
  task.load_low = k.memory.low;
  task.load_high = k.memory.high;
  yield k.trace.load(address, pfn, task.mm);
  return 0;
}

/** Writes 8 bytes, given as two halves. */
export function* user_store(k: Kernel, address: number, low: number, high: number): Steps<number> {
  if (address % 8 !== 0) return yield* store_unaligned(k, address, low, high);
  const signal = yield* k.user_access(address, "write", X86_PF_USER);
  if (signal !== 0) return signal;
  const { pfn } = k.mmu;
  k.memory.writeWord(pfn, Math.floor((address & 4095) / 8), low, high);
  yield k.trace.store(address, pfn, k.current.mm, 8);
  return 0;
}

export function* user_exec(k: Kernel, address: number): Steps<number> {
  const signal = yield* k.user_access(address, "exec", X86_PF_USER);
  if (signal === 0) yield k.trace.exec(address, k.mmu.pfn, k.current.mm);
  return signal;
}

/**
 * An access to a program's memory. `mode`: X86_PF_USER where the program itself makes it, 0 where the kernel copies something on
 * its behalf: no signal comes of that, the copy ends.
 * @returns 0, and `k.mmu.pfn` is the frame then; or the signal that ends it
 */
export function* user_access(k: Kernel, address: number, access: Access, mode: number): Steps<number> {
  // A general protection fault: the MMU is not asked.
  if (!is_canonical(k, address)) return mode & X86_PF_USER ? yield* k.force_sig_fault(SIGSEGV, address) : SIGSEGV;
  for (let faults = 0; ; ) {
    if (k.translate(address, access)) {
      if (k.mmu.hit) return 0;
      const { pfn, entry } = k.mmu;
      yield k.trace.tlb_fill(address, pfn, k.current.mm, k.cpu.id, entry);
      // A flush between the walk and the access makes the CPU walk again. Plain calls know that nothing came between.
      if (k.machine.straight) return 0;
      continue;
    }
    const error = k.mmu.error | mode;
    if (faults >= LIVELOCK_FAULTS) {
      yield k.trace.livelock(address, k.current.mm, k.current);
      return SIGSEGV;
    }
    faults++;
    yield k.trace.page_fault(address, error, k.current.mm, k.current);
    const signal = yield* k.exc_page_fault(address, error);
    if (signal !== 0) return signal;
  }
}

/** Whether all bits above those of an address are the same: those of programs lie below the gap, the kernel's above it. */
function is_canonical(k: Kernel, address: number): boolean {
  const half = 2 ** (k.config.levels * 9 + 11);
  return address < half || address >= 2 ** 64 - half;
}

/** The MMU's answer for the running task on its CPU. */
export function translate(k: Kernel, address: number, access: Access): boolean {
  const { cpu } = k;
  if (address >= task_size_max(k) || address < 0) return k.mmu.refuse(access);
  const tlb = k.tlbOf(cpu.id);
  if (k.mmu.translate(tlb, cpu.loaded_mm_asid, cpu.loaded_mm!.pgd, address, access)) return true;
  // A page fault takes along what is cached for its address, upper entries too (SDM vol. 3, 4.10.4.1).
  tlbFault(tlb, address, cpu.loaded_mm_asid, k.config.levels);
  return false;
}

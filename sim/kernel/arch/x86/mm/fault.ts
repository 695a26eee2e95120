// Memory accesses of tasks, and what the hardware's page faults lead to (arch/x86/mm/fault.c).
import type { Steps } from "../../../../core/thread.ts";
import { type Access, X86_PF_INSTR, X86_PF_PROT, X86_PF_WRITE } from "../../../../hardware/mmu.ts";
import { tlbFault } from "../../../../hardware/tlb.ts";
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
  VM_GROWSDOWN,
  VM_LOCKED,
  VM_WRITE,
} from "../../../flags.ts";
import type { Kernel } from "../../../kernel.ts";
import { mmap_min_addr } from "../../../mm/mmap.ts";
import { STACK_GUARD_GAP } from "../../../mm/unmapped_area.ts";
import type { Mm, Vma } from "../../../mm_types.ts";
import { ENOMEM, EPERM } from "../../../uapi/errno.ts";
import { SIGBUS, SIGKILL, SIGSEGV } from "../../../uapi/signal.ts";
import { alignDown, task_size_max } from "./pgtable.ts";

/** What an access may end with besides a signal: there was no memory, and nobody to kill for it. */
export const OOM = 1000;
/** Faults on one access after which it is clear that it will go on like this. */
export const LIVELOCK_FAULTS = 100;

/** Reads 8 bytes into the task's `load_low` and `load_high`. Returns 0, a signal's number, or OOM. */
export function* user_load(k: Kernel, address: number): Steps<number> {
  const signal = yield* k.user_access(address, "read");
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
  const signal = yield* k.user_access(address, "write");
  if (signal !== 0) return signal;
  const { pfn } = k.mmu;
  k.memory.writeWord(pfn, Math.floor((address & 4095) / 8), low, high);
  yield k.trace.store(address, pfn, k.current.mm, 8);
  return 0;
}

export function* user_exec(k: Kernel, address: number): Steps<number> {
  const signal = yield* k.user_access(address, "exec");
  if (signal === 0) yield k.trace.exec(address, k.mmu.pfn, k.current.mm);
  return signal;
}

/** Translates until it succeeds (`k.mmu.pfn` is the frame then) or a signal ends it. */
export function* user_access(k: Kernel, address: number, access: Access): Steps<number> {
  for (let faults = 0; ; ) {
    if (k.translate(address, access)) {
      if (k.mmu.hit) return 0;
      const { pfn, entry } = k.mmu;
      yield k.trace.tlb_fill(address, pfn, k.current.mm, k.cpu.id, entry);
      // A flush between the walk and the access makes the CPU walk again. Plain calls know that nothing came between.
      if (k.machine.straight) return 0;
      continue;
    }
    const { error } = k.mmu;
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

/** The MMU's answer for the running task on its CPU. */
export function translate(k: Kernel, address: number, access: Access): boolean {
  const { cpu } = k;
  if (address >= task_size_max(k) || address < 0) {
    k.mmu.error = (access === "write" ? X86_PF_WRITE : 0) | (access === "exec" ? X86_PF_INSTR : 0) | 4;
    return false;
  }
  const tlb = k.tlbOf(cpu.id);
  if (k.mmu.translate(tlb, cpu.loaded_mm_asid, cpu.loaded_mm!.pgd, address, access)) return true;
  // A page fault takes along what is cached for its address, upper entries too (SDM vol. 3, 4.10.4.1).
  tlbFault(tlb, address, cpu.loaded_mm_asid, k.config.levels);
  return false;
}

/** Returns 0 when the access can be tried again, else the signal. */
export function* exc_page_fault(k: Kernel, address: number, error: number): Steps<number> {
  if (address >= task_size_max(k)) return yield* k.bad_area(SIGSEGV, address);
  return yield* k.do_user_addr_fault(address, error);
}

export function* do_user_addr_fault(k: Kernel, address: number, error: number): Steps<number> {
  const mm = k.current.mm!;
  let flags = FAULT_FLAG_DEFAULT | FAULT_FLAG_USER;
  if (error & X86_PF_WRITE) flags |= FAULT_FLAG_WRITE;
  if (error & X86_PF_INSTR) flags |= FAULT_FLAG_INSTRUCTION;
  // First with the VMA's lock alone.
  const locked = yield* k.lock_vma_under_rcu(mm, address);
  if (locked) {
    if (access_error(error, locked)) {
      yield k.vma_end_read(locked);
      k.vmstat.vma_lock_success += 1;
      return yield* k.bad_area(SIGSEGV, address);
    }
    const fault = yield* k.handle_mm_fault(locked, address, flags | FAULT_FLAG_VMA_LOCK);
    if (!(fault & (VM_FAULT_RETRY | VM_FAULT_COMPLETED))) yield k.vma_end_read(locked);
    if (!(fault & VM_FAULT_RETRY)) {
      k.vmstat.vma_lock_success += 1;
      return yield* k.fault_done(fault, address);
    }
    k.vmstat.vma_lock_retry += 1;
    if (k.current.signal) return SIGKILL;
    if (fault & VM_FAULT_MAJOR) flags |= FAULT_FLAG_TRIED;
  }
  for (;;) {
    const vma = yield* k.lock_mm_and_find_vma(mm, address);
    if (!vma) return yield* k.bad_area(SIGSEGV, address);
    if (access_error(error, vma)) {
      yield k.mmap_read_unlock(mm);
      return yield* k.bad_area(SIGSEGV, address);
    }
    const fault = yield* k.handle_mm_fault(vma, address, flags);
    if (fault & VM_FAULT_COMPLETED) return 0;
    if (fault & VM_FAULT_RETRY) {
      // Who was killed while it waited tries nothing again.
      if (k.current.signal) return SIGKILL;
      flags |= FAULT_FLAG_TRIED;
      continue;
    }
    yield k.mmap_read_unlock(mm);
    return yield* k.fault_done(fault, address);
  }
}

/** Takes mmap_lock for reading and finds the VMA, which may have to grow down to the address. Null: not locked. */
export function* lock_mm_and_find_vma(k: Kernel, mm: Mm, address: number): Steps<Vma | null> {
  yield* k.mmap_read_lock(mm);
  const vma = k.find_vma(mm, address);
  if (vma && vma.vm_start <= address) return vma;
  const grows_down = vma !== null && (vma.vm_flags & VM_GROWSDOWN) !== 0;
  yield k.mmap_read_unlock(mm);
  if (!grows_down) return null;
  yield* k.mmap_write_lock(mm);
  const found = k.find_vma(mm, address);
  const grows = found !== null && found.vm_start > address && (found.vm_flags & VM_GROWSDOWN) !== 0;
  const error =
    found === null ||
    (found.vm_start > address && !grows) ||
    (grows && (yield* k.expand_downwards(found, address)) < 0);
  if (error) {
    yield k.mmap_write_unlock(mm);
    return null;
  }
  yield k.mmap_write_downgrade(mm);
  return found;
}

/** A MAP_GROWSDOWN mapping grows down to an address. Caller holds mmap_lock for writing. Returns 0 or a negative errno. */
export function* expand_downwards(k: Kernel, vma: Vma, address: number): Steps<number> {
  const mm = vma.vm_mm!;
  const start = alignDown(address, 4096);
  if (start < mmap_min_addr) return -EPERM;
  const at = mm.mm_mt.indexOf(vma);
  const prev = at > 0 ? mm.mm_mt.at(at - 1)! : null;
  const near = prev !== null && !(prev.vm_flags & VM_GROWSDOWN) && (prev.vm_flags & 7) !== 0;
  if (near && start - prev.vm_end < STACK_GUARD_GAP) return -ENOMEM;
  if ((yield* k.__anon_vma_prepare(vma)) < 0) return -ENOMEM;
  const grow = (vma.vm_start - start) / 4096;
  if (grow > vma.vm_pgoff) return -ENOMEM;
  const error = k.security_vm_enough_memory(grow);
  if (error) return error;
  if (vma.vm_flags & VM_LOCKED) mm.locked_vm += grow;
  k.vm_stat_account(mm, vma.vm_flags, grow);
  yield* k.vma_resize(vma, start, vma.vm_end, []);
  return 0;
}

/** Whether the VMA forbids what the fault was about. */
function access_error(error: number, vma: Vma): boolean {
  if (error & X86_PF_WRITE) return !(vma.vm_flags & VM_WRITE);
  return (error & X86_PF_PROT) !== 0 || (vma.vm_flags & 7) === 0;
}

export function* fault_done(k: Kernel, fault: number, address: number): Steps<number> {
  if (k.current.memcg_nr_pages_over_high > 0) yield* k.mem_cgroup_handle_over_high();
  if (!(fault & VM_FAULT_ERROR)) return 0;
  // Whatever went wrong: who was killed does not see it any more. Who was killed for this very access has it told so.
  const asked = (fault & VM_FAULT_OOM) !== 0 && k.current.oom_victim !== 0;
  if (k.current.signal && !asked) return SIGKILL;
  if (fault & VM_FAULT_OOM) return yield* k.pagefault_out_of_memory();
  return yield* k.bad_area(fault & VM_FAULT_SIGBUS ? SIGBUS : SIGSEGV, address);
}

/** The task gets a signal. It has a handler that returns past the access. */
export function* bad_area(k: Kernel, signal: number, address: number): Steps<number> {
  yield k.trace.signal(signal, address, k.current);
  return signal;
}

// RFC PATCH v3 08/10, mm/memory.c: faults in a shared VMA go to the host mm; unmapping one leaves its tables alone.
// Left as posted:
// - "unlink-on-munmap": munmap leaves the guest's top-level entry linked to the host's tables (the patch's own text);
// - "flush-sharers": a change of the host's tables flushes the CPUs of the host mm, of which there are none (the cover
//   letter; Dave Hansen, 2024-10-02);
// - "host-permissions": what is allowed is asked of the guest's VMA only, before this is called (Anthony Yznaga to Kirill
//   Shutemov, 2024-10-07);
// - option `lock_handover: retry` is not this series but its forerunner, which forgot VM_FAULT_COMPLETED ("lock-handover").
import type { Steps } from "../../core/thread.ts";
import { PMD_SIZE } from "../../kernel/arch/x86/mm/pgtable.ts";
import {
  FAULT_FLAG_ALLOW_RETRY,
  FAULT_FLAG_RETRY_NOWAIT,
  FAULT_FLAG_VMA_LOCK,
  FAULT_FLAG_WRITE,
  VM_FAULT_COMPLETED,
  VM_FAULT_RETRY,
  VM_FAULT_SIGSEGV,
  VM_WRITE,
} from "../../kernel/flags.ts";
import * as memory from "../../kernel/mm/memory.ts";
import * as memory_free from "../../kernel/mm/memory_free.ts";
import type { ZapDetails } from "../../kernel/mm/memory_zap.ts";
import * as memory_zap from "../../kernel/mm/memory_zap.ts";
import type { MmuGather } from "../../kernel/mm/mmu_gather.ts";
import type { Vma } from "../../kernel/mm_types.ts";
import { type MshareKernel, vma_is_shared } from "./structures.ts";

export function* handle_mm_fault(k: MshareKernel, vma: Vma, address: number, flags: number): Steps<number> {
  if (!vma_is_shared(vma)) return yield* memory.handle_mm_fault(k, vma, address, flags);
  // Faults under the VMA's lock alone are not supported: again with mmap_lock.
  if (flags & FAULT_FLAG_VMA_LOCK) {
    yield k.vma_end_read(vma);
    return VM_FAULT_RETRY;
  }
  const mm = vma.vm_mm!;
  const found = yield* k.find_shared_vma(vma, address);
  if (found.ret !== 0) return found.ret;
  const host = found.vma;
  if (!host) return VM_FAULT_SIGSEGV;
  if (k.fixed("host-permissions") && forbidden(host, flags)) {
    yield k.mmap_read_unlock(host.vm_mm!);
    return VM_FAULT_SIGSEGV;
  }
  const host_mm = host.vm_mm!;
  const ret = yield* k.__handle_mm_fault(host, found.address, flags);
  if (lock_was_dropped(k, ret, flags)) yield k.mmap_read_unlock(mm);
  else yield k.mmap_read_unlock(host_mm);
  k.mm_account_fault(mm, found.address, flags, ret);
  return ret;
}

/** Whether the fault has dropped the host's lock, so that the guest's has to be dropped too. */
function lock_was_dropped(k: MshareKernel, ret: number, flags: number): boolean {
  const retry_only = k.option("lock_handover") === "retry" && !k.fixed("lock-handover");
  if (!(ret & (retry_only ? VM_FAULT_RETRY : VM_FAULT_RETRY | VM_FAULT_COMPLETED))) return false;
  const nowait = FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_RETRY_NOWAIT;
  return (flags & nowait) !== nowait;
}

function forbidden(vma: Vma, flags: number): boolean {
  return flags & FAULT_FLAG_WRITE ? !(vma.vm_flags & VM_WRITE) : !(vma.vm_flags & 7);
}

/** Nothing is unmapped page by page: the tables are not the guest's. */
export function* unmap_page_range(
  k: MshareKernel,
  tlb: MmuGather,
  vma: Vma,
  from: number,
  to: number,
  details: ZapDetails,
): Steps<void> {
  if (vma_is_shared(vma)) return;
  yield* memory_zap.unmap_page_range(k, tlb, vma, from, to, details);
}

/** As without the series, but for shared VMAs, which have no tables of their own to free. */
export function* free_pgtables(
  k: MshareKernel,
  tlb: MmuGather,
  vmas: readonly Vma[],
  floor: number,
  ceiling: number,
  mmap_lock: memory_free.MmapLockHeld,
): Steps<void> {
  for (let i = 0; i < vmas.length; ) {
    const group = neighbours(vmas, i);
    i += group.length;
    const next = vmas[i]?.vm_start ?? ceiling;
    if (vma_is_shared(group[0]!)) yield* k.free_shared_vma(tlb, group[0]!, mmap_lock);
    else yield* memory_free.free_pgtables(k, tlb, group, floor, next, mmap_lock);
  }
}

/** VMAs from `first` on whose tables are freed in one go; a shared one is always alone. */
function neighbours(vmas: readonly Vma[], first: number): readonly Vma[] {
  let after = first + 1;
  if (vma_is_shared(vmas[first]!)) return vmas.slice(first, after);
  while (after < vmas.length && !vma_is_shared(vmas[after]!)) {
    if (vmas[after]!.vm_start > vmas[after - 1]!.vm_end + PMD_SIZE) break;
    after++;
  }
  return vmas.slice(first, after);
}

export function* free_shared_vma(
  k: MshareKernel,
  tlb: MmuGather,
  vma: Vma,
  mmap_lock: memory_free.MmapLockHeld,
): Steps<void> {
  if (mmap_lock === "mmap_lock for writing") yield* k.vma_start_write(vma);
  yield* k.unlink_anon_vmas(vma);
  if (k.fixed("unlink-on-munmap")) yield* k.unlink_shared_tables(tlb, vma);
  yield* k.unlink_file_vma(vma);
}

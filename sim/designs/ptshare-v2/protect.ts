// What the series does not change: protection, advice and reverse mapping work on the guest's VMA and through its tables,
// and so on everybody's pages. One mprotect for all was asked for; that one process' MADV_DONTNEED empties the tables of all
// "does not sound right" (Khalid Aziz, 2023-04-27), or is as it should be (Peter Xu, 2023-06-12): option `dontneed`.
// Left as posted:
// - "mprotect-host": it changes the caller's VMA and the shared entries. A fault of another process, whose VMA says what it
//   said, gives the rights back, to the caller too;
// - "dontneed", "host-accounting".
import type { Steps } from "../../core/thread.ts";
import { vm_get_page_prot } from "../../kernel/arch/x86/mm/pgtable.ts";
import {
  FAULT_FLAG_WRITE,
  VM_ACCESS_FLAGS,
  VM_SHARED,
  VM_WRITE,
  withoutVmFlags,
  withVmFlags,
} from "../../kernel/flags.ts";
import * as madvise from "../../kernel/mm/madvise_free.ts";
import type { ZapDetails } from "../../kernel/mm/memory_zap.ts";
import type { MmuGather } from "../../kernel/mm/mmu_gather.ts";
import * as mprotect from "../../kernel/mm/mprotect.ts";
import * as rmap from "../../kernel/mm/rmap_walk.ts";
import type { Page, Vma } from "../../kernel/mm_types.ts";
import { EACCES, EINVAL } from "../../kernel/uapi/errno.ts";
import { type PtshareKernel, ptshare_data_of, vma_is_shared } from "./structures.ts";

/** The host's VMA behind a guest's, or null. */
export function host_vma(k: PtshareKernel, vma: Vma): Vma | null {
  const info = vma_is_shared(vma) ? ptshare_data_of(vma.vm_file) : null;
  return info && k.find_vma(info.mm!, info.start);
}

/** Mended: what one mprotect has taken away for all, no fault brings back. */
export function forbidden_in_host(k: PtshareKernel, host: Vma, flags: number): boolean {
  if (!k.fixed("mprotect-host")) return false;
  return flags & FAULT_FLAG_WRITE ? !(host.vm_flags & VM_WRITE) : !(host.vm_flags & VM_ACCESS_FLAGS);
}

export function* mprotect_one(
  k: PtshareKernel,
  tlb: MmuGather,
  vma: Vma,
  start: number,
  end: number,
  prot: number,
): Steps<Vma | number> {
  const host = k.fixed("mprotect-host") ? k.host_vma(vma) : null;
  if (host) return yield* k.mprotect_host(tlb, vma, host, start, end, prot);
  return yield* mprotect.mprotect_one(k, tlb, vma, start, end, prot);
}

/**
 * The mend: guests keep the rights with which they mapped, and within these the host's VMA says what may be done, for all
 * alike. Returns the guest's VMA or an error.
 */
export function* mprotect_host(
  k: PtshareKernel,
  tlb: MmuGather,
  vma: Vma,
  host: Vma,
  start: number,
  end: number,
  prot: number,
): Steps<Vma | number> {
  if (start !== vma.vm_start || end !== vma.vm_end) return -EINVAL;
  if (prot & ~vma.vm_flags & VM_ACCESS_FLAGS) return -EACCES;
  const host_mm = host.vm_mm!;
  yield* k.mmap_write_lock(host_mm);
  yield* k.vma_start_write(host);
  host.vm_flags = withVmFlags(withoutVmFlags(host.vm_flags, VM_ACCESS_FLAGS), prot & VM_ACCESS_FLAGS);
  host.vm_page_prot = vm_get_page_prot(withVmFlags(host.vm_flags, VM_SHARED));
  yield k.trace.vma_change(host, host_mm, host.vm_start, host.vm_end);
  const gather = k.tlb_gather_mmu(host_mm);
  yield* k.change_protection(gather, host, host.vm_start, host.vm_end);
  yield* k.tlb_finish_mmu(gather);
  yield k.mmap_write_unlock(host_mm);
  tlb.start = Math.min(tlb.start, start);
  tlb.end = Math.max(tlb.end, end);
  tlb.cleared_ptes = true;
  return vma;
}

export function* madvise_dontneed_single_vma(
  k: PtshareKernel,
  tlb: MmuGather,
  vma: Vma,
  start: number,
  end: number,
): Steps<number> {
  if (!vma_is_shared(vma)) return yield* madvise.madvise_dontneed_single_vma(k, tlb, vma, start, end);
  if (k.option("dontneed") === "nobody" || k.fixed("dontneed")) return 0;
  const host = k.fixed("host-accounting") ? k.host_vma(vma) : null;
  if (!host) return yield* madvise.madvise_dontneed_single_vma(k, tlb, vma, start, end);
  const details: ZapDetails = { even_cows: true, reclaim_pt: false };
  const gather = k.tlb_gather_mmu(host.vm_mm!);
  const by = host.vm_start - vma.vm_start;
  yield* k.unmap_single_vma(gather, host, start + by, end + by, details);
  yield* k.tlb_finish_mmu(gather);
  return 0;
}

/** Mended: the host's VMA stands for all in the file's reverse map. */
export function vma_address(k: PtshareKernel, page: Page, vma: Vma): number {
  if (k.fixed("host-accounting") && vma_is_shared(vma)) return -1;
  return rmap.vma_address(k, page, vma);
}

// What a process may do to its mapping of a region. RFC PATCH v3 07/10, mm/mshare.c: parts cannot be unmapped, as the VMA
// does not split. The series asks nothing else of it, so that all else treats it like a mapping of its own. Left as posted:
// - "guest-mprotect": mprotect of the whole writes the new protection into the entries, which are everybody's;
// - "guest-mremap": mremap moves the host's tables and entries out of the host, to where only one process has them;
// - MADV_DONTNEED finds nothing to unmap in a shared VMA and does nothing: option `dontneed: everyone` empties the region.
import type { Steps } from "../../core/thread.ts";
import * as madvise from "../../kernel/mm/madvise_free.ts";
import type { ZapDetails } from "../../kernel/mm/memory_zap.ts";
import type { MmuGather } from "../../kernel/mm/mmu_gather.ts";
import * as mremap from "../../kernel/mm/mremap.ts";
import type { Vma } from "../../kernel/mm_types.ts";
import { EINVAL } from "../../kernel/uapi/errno.ts";
import { lock_is_annotated } from "../sharing/options.ts";
import { NESTED } from "./mshare.ts";
import { type MshareData, type MshareKernel, vma_is_shared } from "./structures.ts";

export function mshare_vm_op_split(_k: MshareKernel, _vma: Vma, _address: number): number {
  return -EINVAL;
}

/** The mend of "guest-mprotect": what may be done in a region is said by the mappings in it. */
// biome-ignore lint/correctness/useYield: operations are generators, steps or not
export function* mshare_vm_op_mprotect(k: MshareKernel): Steps<number> {
  return k.fixed("guest-mprotect") ? -EINVAL : 0;
}

/** The mend of "guest-mremap": a region lies where it lies. */
export function* do_mremap(k: MshareKernel, r: mremap.VmaRemap): Steps<number> {
  const vma = k.vma_lookup(r.mm, r.addr);
  if (k.fixed("guest-mremap") && vma && vma_is_shared(vma)) return -EINVAL;
  return yield* mremap.do_mremap(k, r);
}

export function* madvise_dontneed_single_vma(
  k: MshareKernel,
  tlb: MmuGather,
  vma: Vma,
  start: number,
  end: number,
): Steps<number> {
  if (!vma_is_shared(vma) || k.option("dontneed") !== "everyone")
    return yield* madvise.madvise_dontneed_single_vma(k, tlb, vma, start, end);
  const host_mm = (vma.vm_private_data as MshareData).mm!;
  if (lock_is_annotated(k)) yield* k.down_read(host_mm.mmap_lock, NESTED);
  else yield* k.mmap_read_lock(host_mm);
  yield* k.dontneed_in_host(vma, start, end);
  yield k.mmap_read_unlock(host_mm);
  return 0;
}

/** Caller holds the host's mmap_lock for reading. */
export function* dontneed_in_host(k: MshareKernel, guest: Vma, start: number, end: number): Steps<void> {
  const host_mm = (guest.vm_private_data as MshareData).mm!;
  const details: ZapDetails = { even_cows: true, reclaim_pt: false };
  const from = k.host_address(guest, start);
  const to = k.host_address(guest, end);
  for (const vma of [...host_mm.mm_mt]) {
    if (vma.vm_start >= to || vma.vm_end <= from) continue;
    const first = Math.max(from, vma.vm_start);
    yield* k.zap_page_range_single(vma, first, Math.min(to, vma.vm_end) - first, details);
  }
}

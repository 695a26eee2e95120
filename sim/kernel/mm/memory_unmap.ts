// Taking pages of a file out of all page tables that map them (mm/memory.c: unmap_mapping_range), for who makes the file shorter.
import type { Steps } from "../../core/thread.ts";
import type { Kernel } from "../kernel.ts";
import type { AddressSpace, Page, Vma } from "../mm_types.ts";
import type { ZapDetails } from "./memory_zap.ts";
import { vma_pages } from "./vma.ts";

/** Whether private copies go too: what is behind the end of a file nobody has, a hole in it concerns the file alone. */
export type Cows = "even cows" | "file pages";

/** Bytes `holebegin` to `holebegin + holelen` of the file, in whole pages; a length of 0 goes to the end. */
export function* unmap_mapping_range(
  k: Kernel,
  mapping: AddressSpace,
  holebegin: number,
  holelen: number,
  cows: Cows,
): Steps<void> {
  yield* k.unmap_mapping_pages(mapping, Math.floor(holebegin / 4096), Math.ceil(holelen / 4096), cows);
}

/** `nr` pages from `start` on; 0: to the end. */
export function* unmap_mapping_pages(
  k: Kernel,
  mapping: AddressSpace,
  start: number,
  nr: number,
  cows: Cows,
): Steps<void> {
  const details = { even_cows: cows === "even cows", reclaim_pt: false };
  yield* k.i_mmap_lock_read(mapping);
  yield* k.unmap_mapping_range_tree(mapping, start, nr === 0 ? Number.POSITIVE_INFINITY : start + nr - 1, details);
  yield k.i_mmap_unlock_read(mapping);
}

/** A locked page of a file that somebody has mapped just now. */
export function* unmap_mapping_folio(k: Kernel, page: Page): Steps<void> {
  const mapping = page.mapping!;
  const details: ZapDetails = { even_cows: false, reclaim_pt: false, drop_markers: true };
  yield* k.i_mmap_lock_read(mapping);
  yield* k.unmap_mapping_range_tree(mapping, page.index, page.index, details);
  yield k.i_mmap_unlock_read(mapping);
}

/** Pages `first` to `last`, in all VMAs that have some of them. */
export function* unmap_mapping_range_tree(
  k: Kernel,
  mapping: AddressSpace,
  first: number,
  last: number,
  details: ZapDetails,
): Steps<void> {
  for (const vma of mapping.i_mmap) {
    const from = Math.max(first, vma.vm_pgoff);
    const to = Math.min(last, vma.vm_pgoff + vma_pages(vma) - 1);
    if (from > to) continue;
    const address = (page: number) => vma.vm_start + (page - vma.vm_pgoff) * 4096;
    yield* k.unmap_mapping_range_vma(vma, address(from), address(to + 1), details);
  }
}

export function* unmap_mapping_range_vma(
  k: Kernel,
  vma: Vma,
  start: number,
  end: number,
  details: ZapDetails,
): Steps<void> {
  yield* k.zap_page_range_single(vma, start, end - start, details);
}

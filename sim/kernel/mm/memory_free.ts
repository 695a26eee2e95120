// Taking page tables away that nothing needs any more (mm/memory.c): free_pgtables.
import type { Steps } from "../../core/thread.ts";
import { _PAGE_PRESENT, entryPfn } from "../../hardware/entry.ts";
import {
  addr_end,
  alignDown,
  none,
  P4D_SIZE,
  PMD_SIZE,
  PUD_SIZE,
  p4d_offset,
  pgd_none,
  pgd_offset,
  pgdir_size,
  pmd_offset,
  pud_offset,
} from "../arch/x86/mm/pgtable.ts";
import { VM_HUGETLB } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Vma } from "../mm_types.ts";
import type { MmuGather } from "./mmu_gather.ts";
import type { UnlinkVmaFileBatch } from "./vma.ts";

/** How mmap_lock is held while tables go: only a writer may lock VMAs; before a downgrade they have been locked already. */
export type MmapLockHeld = "mmap_lock for writing" | "mmap_lock downgraded";

/**
 * Frees the tables that no VMA but `vmas` (being unmapped, in order) needs. `floor` and `ceiling` are the ends of the
 * neighbours that stay; 0 as ceiling: none above.
 */
export function* free_pgtables(
  k: Kernel,
  tlb: MmuGather,
  vmas: readonly Vma[],
  floor: number,
  ceiling: number,
  mmap_lock: MmapLockHeld,
): Steps<void> {
  for (let i = 0; i < vmas.length; ) {
    const first = vmas[i]!;
    if (mmap_lock === "mmap_lock for writing") yield* k.vma_start_write(first);
    yield* k.unlink_anon_vmas(first);
    let last = first;
    if (first.vm_flags & VM_HUGETLB) yield* k.unlink_file_vma(first);
    else {
      const vb: UnlinkVmaFileBatch = { vmas: [] };
      yield* k.unlink_file_vma_batch_add(vb, first);
      // Neighbours whose tables may be shared go together.
      const together = (next: Vma | undefined) =>
        next !== undefined && next.vm_start <= last.vm_end + PMD_SIZE && !(next.vm_flags & VM_HUGETLB);
      while (together(vmas[i + 1])) {
        last = vmas[++i]!;
        if (mmap_lock === "mmap_lock for writing") yield* k.vma_start_write(last);
        yield* k.unlink_anon_vmas(last);
        yield* k.unlink_file_vma_batch_add(vb, last);
      }
      yield* k.unlink_file_vma_batch_final(vb);
    }
    i++;
    yield* k.free_pgd_range(tlb, first.vm_start, last.vm_end, floor, vmas[i]?.vm_start ?? ceiling);
  }
}

/** `end` − 1 and `ceiling` − 1 compare as unsigned numbers in Linux: a ceiling of 0 is the top. */
const top = (ceiling: number): number => (ceiling === 0 ? Number.POSITIVE_INFINITY : ceiling);

export function* free_pgd_range(
  k: Kernel,
  tlb: MmuGather,
  from: number,
  to: number,
  floor: number,
  ceiling: number,
): Steps<void> {
  let address = alignDown(from, PMD_SIZE);
  if (address < floor) address += PMD_SIZE;
  let limit = top(ceiling);
  if (Number.isFinite(limit)) limit = alignDown(limit, PMD_SIZE);
  if (limit === 0) return;
  let end = to;
  if (end > limit) end -= PMD_SIZE;
  if (address >= end) return;
  const size = pgdir_size(k);
  for (; address < end; address = addr_end(address, end, size)) {
    const pgdp = pgd_offset(k, tlb.mm, address);
    if (pgd_none(k, pgdp)) continue;
    yield* k.free_p4d_range(tlb, pgdp, address, addr_end(address, end, size), floor, limit);
  }
}

/** Whether the table of the `size`-aligned region around [start, end) lies within floor and ceiling. */
export function covers(start: number, end: number, size: number, floor: number, ceiling: number): boolean {
  if (alignDown(start, size) < floor) return false;
  const limit = Number.isFinite(ceiling) ? alignDown(ceiling, size) : ceiling;
  return limit !== 0 && end - 1 <= limit - 1;
}

export function* free_p4d_range(
  k: Kernel,
  tlb: MmuGather,
  pgdp: number,
  start: number,
  end: number,
  floor: number,
  ceiling: number,
): Steps<void> {
  for (let address = start; address < end; address = addr_end(address, end, P4D_SIZE)) {
    const p4dp = p4d_offset(k, pgdp, address);
    if (none(k.read_entry(p4dp))) continue;
    yield* k.free_pud_range(tlb, p4dp, address, addr_end(address, end, P4D_SIZE), floor, ceiling);
  }
  // With four levels there is no table of its own to free.
  if (k.config.levels < 5 || !covers(start, end, pgdir_size(k), floor, ceiling)) return;
  const pgd = k.read_entry(pgdp);
  yield k.set_pgd(tlb.mm, start, pgdp, 0);
  yield* k.p4d_free_tlb(tlb, entryPfn(pgd), start);
}

export function* free_pud_range(
  k: Kernel,
  tlb: MmuGather,
  p4dp: number,
  start: number,
  end: number,
  floor: number,
  ceiling: number,
): Steps<void> {
  const p4d = k.read_entry(p4dp);
  for (let address = start; address < end; address = addr_end(address, end, PUD_SIZE)) {
    const pudp = pud_offset(p4d, address);
    if (none(k.read_entry(pudp))) continue;
    yield* k.free_pmd_range(tlb, pudp, address, addr_end(address, end, PUD_SIZE), floor, ceiling);
  }
  if (!covers(start, end, P4D_SIZE, floor, ceiling)) return;
  yield k.set_p4d(tlb.mm, start, p4dp, 0);
  yield* k.pud_free_tlb(tlb, entryPfn(p4d), start);
  tlb.mm.pgtables_bytes -= 4096;
}

export function* free_pmd_range(
  k: Kernel,
  tlb: MmuGather,
  pudp: number,
  start: number,
  end: number,
  floor: number,
  ceiling: number,
): Steps<void> {
  const pud = k.read_entry(pudp);
  for (let address = start; address < end; address = addr_end(address, end, PMD_SIZE)) {
    const pmdp = pmd_offset(pud, address);
    if (k.read_entry(pmdp) & _PAGE_PRESENT) yield* k.free_pte_range(tlb, pmdp, address);
  }
  if (!covers(start, end, PUD_SIZE, floor, ceiling)) return;
  yield k.set_pud(tlb.mm, start, pudp, 0);
  yield* k.pmd_free_tlb(tlb, entryPfn(pud), start);
  tlb.mm.pgtables_bytes -= 4096;
}

/** One PTE table; that it is empty is the caller's promise. */
export function* free_pte_range(k: Kernel, tlb: MmuGather, pmdp: number, address: number): Steps<void> {
  const pmd = k.read_entry(pmdp);
  yield k.set_pmd(tlb.mm, address, pmdp, 0);
  yield* k.pte_free_tlb(tlb, entryPfn(pmd), address);
  tlb.mm.pgtables_bytes -= 4096;
}

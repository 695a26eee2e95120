// RFC v2 4/4, mm/memory.c: taking down what a guest maps. Its entries go, the tables that they lead to stay, as they are the
// host's.
// Left as posted ("host-accounting"): what the tables map is zapped through the guest's, for all who share them, and
// counted in the guest, although faults count in the host; entries are cleared also in the host's PMD table, which loses its
// PTE tables; a PMD table of the guest's own is neither freed nor uncounted.
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
} from "../../kernel/arch/x86/mm/pgtable.ts";
import * as memory_free from "../../kernel/mm/memory_free.ts";
import type { ZapDetails } from "../../kernel/mm/memory_zap.ts";
import * as memory_zap from "../../kernel/mm/memory_zap.ts";
import type { MmuGather } from "../../kernel/mm/mmu_gather.ts";
import type { Vma } from "../../kernel/mm_types.ts";
import { type PtshareKernel, vma_is_shared } from "./structures.ts";

/** The ends of the neighbours that stay mapped: tables that reach beyond are not taken. */
export interface Neighbours {
  readonly floor: number;
  readonly ceiling: number;
}

export function* unmap_page_range(
  k: PtshareKernel,
  tlb: MmuGather,
  vma: Vma,
  from: number,
  to: number,
  details: ZapDetails,
): Steps<void> {
  // The pages are the host's to zap and to count.
  if (k.fixed("host-accounting") && vma_is_shared(vma)) return;
  yield* memory_zap.unmap_page_range(k, tlb, vma, from, to, details);
}

/** VMAs with and without shared tables are never taken down in one go. */
export function* free_pgtables(
  k: PtshareKernel,
  tlb: MmuGather,
  vmas: readonly Vma[],
  floor: number,
  ceiling: number,
): Steps<void> {
  for (let i = 0; i < vmas.length; ) {
    const group = alike(vmas, i);
    i += group.length;
    const next = vmas[i]?.vm_start ?? ceiling;
    if (vma_is_shared(group[0]!)) yield* k.free_shared_pgtables(tlb, group, { floor, ceiling: next });
    else yield* memory_free.free_pgtables(k, tlb, group, floor, next);
  }
}

function alike(vmas: readonly Vma[], first: number): readonly Vma[] {
  let after = first + 1;
  while (after < vmas.length && vma_is_shared(vmas[after]!) === vma_is_shared(vmas[first]!)) after++;
  return vmas.slice(first, after);
}

export function* free_shared_pgtables(
  k: PtshareKernel,
  tlb: MmuGather,
  vmas: readonly Vma[],
  { floor, ceiling }: Neighbours,
): Steps<void> {
  for (const vma of vmas) {
    yield* k.vma_start_write(vma);
    yield* k.unlink_anon_vmas(vma);
    if (k.flush_way() === "none") yield* k.unlink_file_vma(vma);
  }
  for (const [i, vma] of vmas.entries()) {
    yield* k.unlink_begins(vma);
    yield* k.free_shared_pgd_range(tlb, vma, { floor, ceiling: vmas[i + 1]?.vm_start ?? ceiling });
    yield* k.unlink_ends(vma);
  }
  if (k.flush_way() === "none") return;
  yield* k.flush_unlinked(tlb);
  for (const vma of vmas) yield* k.unlink_file_vma(vma);
}

/** As free_pgd_range; a ceiling of 0 is the top. Shared mappings begin and end at PMD_SIZE, unless they were split. */
export function* free_shared_pgd_range(
  k: PtshareKernel,
  tlb: MmuGather,
  vma: Vma,
  { floor, ceiling }: Neighbours,
): Steps<void> {
  let start = alignDown(vma.vm_start, PMD_SIZE);
  if (start < floor) start += PMD_SIZE;
  const limit = ceiling === 0 ? Number.POSITIVE_INFINITY : alignDown(ceiling, PMD_SIZE);
  const end = Math.min(vma.vm_end, limit);
  const size = pgdir_size(k);
  for (let address = start; address < end; address = addr_end(address, end, size)) {
    const pgdp = pgd_offset(k, tlb.mm, address);
    if (pgd_none(k, pgdp)) continue;
    yield* k.free_shared_p4d_range(tlb, pgdp, address, addr_end(address, end, size), { floor, ceiling: limit });
  }
}

export function* free_shared_p4d_range(
  k: PtshareKernel,
  tlb: MmuGather,
  pgdp: number,
  start: number,
  end: number,
  others: Neighbours,
): Steps<void> {
  for (let address = start; address < end; address = addr_end(address, end, P4D_SIZE)) {
    const p4dp = p4d_offset(k, pgdp, address);
    if (none(k.read_entry(p4dp))) continue;
    yield* k.free_shared_pud_range(tlb, p4dp, address, addr_end(address, end, P4D_SIZE), others);
  }
  if (k.config.levels < 5 || !covers(start, end, pgdir_size(k), others)) return;
  const pgd = k.read_entry(pgdp);
  yield k.set_pgd(tlb.mm, start, pgdp, 0);
  yield k.p4d_free_tlb(tlb, entryPfn(pgd), start);
}

/** Whether nothing but what goes is in the `size`-aligned region around [start, end). */
function covers(start: number, end: number, size: number, { floor, ceiling }: Neighbours): boolean {
  if (alignDown(start, size) < floor) return false;
  const limit = Number.isFinite(ceiling) ? alignDown(ceiling, size) : ceiling;
  return end <= limit;
}

export function* free_shared_pud_range(
  k: PtshareKernel,
  tlb: MmuGather,
  p4dp: number,
  start: number,
  end: number,
  others: Neighbours,
): Steps<void> {
  const p4d = k.read_entry(p4dp);
  for (let address = start; address < end; address = addr_end(address, end, PUD_SIZE)) {
    const pudp = pud_offset(p4d, address);
    if (none(k.read_entry(pudp))) continue;
    yield* k.free_shared_pmd_range(tlb, pudp, address, addr_end(address, end, PUD_SIZE), others);
  }
  if (!covers(start, end, P4D_SIZE, others)) return;
  // PUD tables are not shared.
  yield k.set_p4d(tlb.mm, start, p4dp, 0);
  yield k.pud_free_tlb(tlb, entryPfn(p4d), start);
  tlb.mm.pgtables_bytes -= 4096;
}

export function* free_shared_pmd_range(
  k: PtshareKernel,
  tlb: MmuGather,
  pudp: number,
  start: number,
  end: number,
  others: Neighbours,
): Steps<void> {
  const pud = k.read_entry(pudp);
  const own = k.page(entryPfn(pud)).pt_mm === tlb.mm;
  const mended = k.fixed("host-accounting");
  if (own || !mended) yield* k.free_shared_pte_range(tlb, pud, start, end);
  // A link to the host's table goes with the mapping that made it.
  if (!covers(start, end, PUD_SIZE, others) && (own || !mended)) return;
  yield k.set_pud(tlb.mm, start, pudp, 0);
  if (own && mended) {
    yield k.pmd_free_tlb(tlb, entryPfn(pud), start);
    tlb.mm.pgtables_bytes -= 4096;
  } else k.tlb_unlink_table(tlb, start, PUD_SIZE);
}

export function* free_shared_pte_range(
  k: PtshareKernel,
  tlb: MmuGather,
  pud: number,
  start: number,
  end: number,
): Steps<void> {
  for (let address = start; address < end; address = addr_end(address, end, PMD_SIZE)) {
    const pmdp = pmd_offset(pud, address);
    if (!(k.read_entry(pmdp) & _PAGE_PRESENT)) continue;
    yield k.set_pmd(tlb.mm, address, pmdp, 0);
    k.tlb_unlink_table(tlb, address, PMD_SIZE);
  }
}

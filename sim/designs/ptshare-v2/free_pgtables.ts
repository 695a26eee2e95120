// RFC v2 4/4, mm/memory.c: taking down what a guest maps. Its entries go, the tables that they lead to stay, as they are the
// host's.
// Left as posted ("host-accounting"): what the tables map is zapped through the guest's, for all who share them, and
// counted in the guest, although faults count in the host; entries are cleared also in the host's PMD table, which loses its
// PTE tables; a PMD table of the guest's own is neither freed nor uncounted.
import type { Steps } from "../../core/thread.ts";
import { _PAGE_PRESENT, entryPfn } from "../../hardware/entry.ts";
import { addr_end, PMD_SIZE, PUD_SIZE, pmd_offset } from "../../kernel/arch/x86/mm/pgtable.ts";
import * as memory_free from "../../kernel/mm/memory_free.ts";
import type { ZapDetails } from "../../kernel/mm/memory_zap.ts";
import * as memory_zap from "../../kernel/mm/memory_zap.ts";
import type { MmuGather } from "../../kernel/mm/mmu_gather.ts";
import type { Vma } from "../../kernel/mm_types.ts";
import { type PtshareKernel, vma_is_shared } from "./structures.ts";

/** The series hands `shared_pte` down all walks; only the level at which tables are shared asks for it. */
interface SharedGather extends MmuGather {
  shared_pte?: boolean;
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
  mmap_lock: memory_free.MmapLockHeld,
): Steps<void> {
  for (let i = 0; i < vmas.length; ) {
    const group = alike(vmas, i);
    i += group.length;
    const next = vmas[i]?.vm_start ?? ceiling;
    if (vma_is_shared(group[0]!)) yield* k.free_shared_pgtables(tlb, group, floor, next, mmap_lock);
    else yield* memory_free.free_pgtables(k, tlb, group, floor, next, mmap_lock);
  }
}

function alike(vmas: readonly Vma[], first: number): readonly Vma[] {
  let after = first + 1;
  while (after < vmas.length && vma_is_shared(vmas[after]!) === vma_is_shared(vmas[first]!)) after++;
  return vmas.slice(first, after);
}

export function* free_shared_pgtables(
  k: PtshareKernel,
  tlb: SharedGather,
  vmas: readonly Vma[],
  floor: number,
  ceiling: number,
  mmap_lock: memory_free.MmapLockHeld,
): Steps<void> {
  for (const vma of vmas) {
    if (mmap_lock === "mmap_lock for writing") yield* k.vma_start_write(vma);
    yield* k.unlink_anon_vmas(vma);
    if (k.flush_way() === "none") yield* k.unlink_file_vma(vma);
  }
  for (const [i, vma] of vmas.entries()) {
    yield* k.unlink_begins(vma);
    tlb.shared_pte = true;
    yield* k.free_pgd_range(tlb, vma.vm_start, vma.vm_end, floor, vmas[i + 1]?.vm_start ?? ceiling);
    tlb.shared_pte = false;
    yield* k.unlink_ends(vma);
  }
  if (k.flush_way() === "none") return;
  yield* k.flush_unlinked(tlb);
  for (const vma of vmas) yield* k.unlink_file_vma(vma);
}

export function* free_pmd_range(
  k: PtshareKernel,
  tlb: SharedGather,
  pudp: number,
  start: number,
  end: number,
  floor: number,
  ceiling: number,
): Steps<void> {
  if (!tlb.shared_pte) {
    yield* memory_free.free_pmd_range(k, tlb, pudp, start, end, floor, ceiling);
    return;
  }
  const pud = k.read_entry(pudp);
  const own = k.page(entryPfn(pud)).pt_mm === tlb.mm;
  const mended = k.fixed("host-accounting");
  if (own || !mended) yield* k.free_shared_pte_range(tlb, pud, start, end);
  // A link to the host's table goes with the mapping that made it.
  if (!memory_free.covers(start, end, PUD_SIZE, floor, ceiling) && (own || !mended)) return;
  yield k.set_pud(tlb.mm, start, pudp, 0);
  if (own && mended) {
    yield* k.pmd_free_tlb(tlb, entryPfn(pud), start);
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

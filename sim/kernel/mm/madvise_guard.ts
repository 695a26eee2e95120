// Guard regions (mm/madvise.c, since 6.13): markers in page-table entries that make every access a SIGSEGV, without VMAs of
// their own. A marker is a swap entry of a type that no device has.
import type { Steps } from "../../core/thread.ts";
import { makeSwapEntry, swapOffset, swapType } from "../../hardware/entry.ts";
import { none, pte_offset } from "../arch/x86/mm/pgtable.ts";
import { VM_HUGETLB, VM_LOCKED, VM_MAYBE_GUARD, VM_SPECIAL, withVmFlags } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Vma } from "../mm_types.ts";
import { EINVAL, ENOMEM } from "../uapi/errno.ts";

const SWP_PTE_MARKER = 31;
const PTE_MARKER_GUARD = 4;
export const GUARD_PTE = makeSwapEntry(SWP_PTE_MARKER, PTE_MARKER_GUARD);

/** A page-table entry that says something about an address, not where its page is. */
export const is_pte_marker = (pte: number): boolean => !(pte & 0x101) && pte !== 0 && swapType(pte) === SWP_PTE_MARKER;
/** Nothing is mapped there, but a marker may stand for what was or must not be: pte_none_mostly of 6.12. */
export const none_mostly = (pte: number): boolean => none(pte) || is_pte_marker(pte);
export const is_guard_pte = (pte: number): boolean => is_pte_marker(pte) && (swapOffset(pte) & PTE_MARKER_GUARD) !== 0;

/** MADV_GUARD_INSTALL: what is mapped in the range goes. */
export function* madvise_guard_install(k: Kernel, vma: Vma, start: number, end: number): Steps<number> {
  if (vma.vm_flags & (VM_SPECIAL | VM_HUGETLB | VM_LOCKED)) return -EINVAL;
  vma.vm_flags = withVmFlags(vma.vm_flags, VM_MAYBE_GUARD);
  if (vma.vm_ops === "" && (yield* k.__anon_vma_prepare(vma)) < 0) return -ENOMEM;
  for (;;) {
    const result = yield* k.guard_install_range(vma, start, end);
    if (result <= 0) return result;
    yield* k.zap_page_range_single(vma, start, end - start, { even_cows: true, reclaim_pt: false });
  }
}

/** Returns 0; -ENOMEM; or 1 if something is mapped in the range. */
export function* guard_install_range(k: Kernel, vma: Vma, start: number, end: number): Steps<number> {
  const mm = vma.vm_mm!;
  for (let address = start; address < end; address += 4096) {
    const pudp = yield* k.alloc_new_pud(mm, address);
    const pmdp = pudp === 0 ? 0 : yield* k.pmd_alloc(mm, pudp, address);
    if (pmdp === 0 || (yield* k.pte_alloc(mm, pmdp, address)) !== 0) return -ENOMEM;
    const ptep = yield* k.pte_offset_map_lock(pmdp, address);
    if (ptep === 0) return 1;
    const pte = k.read_entry(ptep);
    if (none(pte)) yield k.set_pte(mm, address, ptep, GUARD_PTE);
    yield k.pte_unmap_unlock(pmdp);
    if (!none(pte) && !is_guard_pte(pte)) return 1;
  }
  return 0;
}

/** MADV_GUARD_REMOVE: nothing but the markers goes. */
export function* madvise_guard_remove(k: Kernel, vma: Vma, start: number, end: number): Steps<number> {
  if (vma.vm_flags & (VM_SPECIAL | VM_HUGETLB)) return -EINVAL;
  const mm = vma.vm_mm!;
  for (let at = k.next_pte_range(mm, start, end); at; at = k.next_pte_range(mm, at.end, end)) {
    if ((yield* k.pte_offset_map_lock(at.pmdp, at.start)) === 0) continue;
    const pmd = k.read_entry(at.pmdp);
    for (let address = at.start; address < at.end; address += 4096) {
      const ptep = pte_offset(pmd, address);
      if (is_guard_pte(k.read_entry(ptep))) yield k.set_pte(mm, address, ptep, 0);
    }
    yield k.pte_unmap_unlock(at.pmdp);
  }
  return 0;
}

// Unmapping a page wherever it is mapped (mm/rmap.c: try_to_unmap), and the flushes that are put off meanwhile.
import type { Steps } from "../../core/thread.ts";
import { _PAGE_UFFD_WP, makeSwapEntry } from "../../hardware/entry.ts";
import { pte_accessible, pte_dirty } from "../arch/x86/mm/pgtable.ts";
import { TLB_FLUSH_ALL } from "../arch/x86/mm/tlb.ts";
import { is_droppable, PG_anon_exclusive, PG_dirty, PG_swapbacked, PG_swapcache, VM_LOCKED } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Mm, Page, Vma } from "../mm_types.ts";
import { SWP_EXCLUSIVE, SWP_UFFD_WP } from "./memory_swap.ts";
import { PAGE_TYPE } from "./page_alloc.ts";
import { folio_not_mapped } from "./rmap_walk.ts";

/** When TLBs forget what is unmapped: with that of other pages (try_to_unmap_flush), or before the entry is given another use. */
type Ttu = "batch flushes" | "flush at once";

/** Unmaps a locked page everywhere. Some mapping may refuse: then `page.mapcount` is not 0. */
export function* try_to_unmap(k: Kernel, page: Page, flush: Ttu): Steps<void> {
  yield* k.rmap_walk(page, { rmap_one: k.try_to_unmap_one, arg: flush, done: folio_not_mapped });
}

/** Takes the page's PTE away in one VMA. False: the mapping keeps the page. */
export function* try_to_unmap_one(k: Kernel, page: Page, vma: Vma, address: number, flush: Ttu): Steps<boolean> {
  const mm = vma.vm_mm!;
  yield* k.mmu_notifier_invalidate_range_start(mm, address, address + 4096, "MMU_NOTIFY_CLEAR");
  const at = yield* k.page_vma_mapped_walk(page, vma, address);
  let unmapped = true;
  if (at && vma.vm_flags & VM_LOCKED) {
    k.mlock_vma_folio(page, vma);
    unmapped = false;
  } else if (at) {
    const { ptep } = at;
    const pte = k.read_entry(ptep);
    yield k.set_pte(mm, address, ptep, 0);
    if (flush === "batch flushes" && k.should_defer_flush(mm)) yield* k.set_tlb_ubc_flush_pending(mm, pte);
    else if (pte_accessible(mm, pte)) yield* k.flush_tlb_page(mm, address);
    if (pte_dirty(pte)) page.flags |= PG_dirty;
    k.update_hiwater_rss(mm);
    if (page.type !== PAGE_TYPE.anon) k.mm_counter_add(mm, page, -1);
    else unmapped = yield* k.unmap_anon(page, vma, address, ptep, pte);
    if (unmapped) {
      k.folio_remove_rmap_pte(page, vma);
      yield* k.put_page(page);
    }
  }
  if (at) yield k.pte_unmap_unlock(at.pmdp);
  yield* k.mmu_notifier_invalidate_range_end(mm, address, address + 4096);
  return unmapped;
}

/** The rest for an anonymous page: a swap entry in place of the PTE, or nothing after MADV_FREE and where it may be dropped. */
export function* unmap_anon(
  k: Kernel,
  page: Page,
  vma: Vma,
  address: number,
  ptep: number,
  pte: number,
): Steps<boolean> {
  const mm = vma.vm_mm!;
  if (!(page.flags & PG_swapbacked)) {
    const droppable = is_droppable(vma.vm_flags);
    if (page.refcount === 1 + page.mapcount && (!(page.flags & PG_dirty) || droppable)) {
      mm.rss_anon--;
      return true;
    }
    // Written to since: it is worth keeping again.
    yield k.set_pte(mm, address, ptep, pte);
    if (!droppable) k.folio_change_lru(page, PG_swapbacked, 0, "head");
    return false;
  }
  if (!(page.flags & PG_swapcache)) {
    yield k.set_pte(mm, address, ptep, pte);
    return false;
  }
  const entry = makeSwapEntry(0, page.private);
  yield k.swap_duplicate(entry);
  const exclusive = (page.flags & PG_anon_exclusive) !== 0;
  page.flags &= ~PG_anon_exclusive;
  mm.rss_anon--;
  mm.rss_swap++;
  const wp = pte & _PAGE_UFFD_WP ? SWP_UFFD_WP : 0;
  yield k.set_pte(mm, address, ptep, entry + (exclusive ? SWP_EXCLUSIVE : 0) + wp);
  return true;
}

/** Whether so many CPUs use the mm that one flush for many pages is better than one each. */
export function should_defer_flush(k: Kernel, mm: Mm): boolean {
  const me = 2 ** k.cpu.id;
  const mine = Math.floor(mm.cpu_bitmap / me) % 2 === 1;
  return mm.cpu_bitmap - (mine ? me : 0) !== 0;
}

/** Notes for later: these CPUs may still have the translation. Other TLBs than CPUs' forget it now. */
export function* set_tlb_ubc_flush_pending(k: Kernel, mm: Mm, pte: number): Steps<void> {
  if (!pte_accessible(mm, pte)) return;
  const task = k.current;
  mm.tlb_gen++;
  task.tlb_ubc_cpumask = k.mask_or(task.tlb_ubc_cpumask, mm.cpu_bitmap);
  task.tlb_ubc_flush_required = 1;
  mm.tlb_flush_batched = 1;
  if (pte_dirty(pte)) task.tlb_ubc_writable = 1;
  yield* k.mmu_notifier_arch_invalidate_secondary_tlbs(mm, 0, TLB_FLUSH_ALL);
}

/** Before frames are given back: the flush that was put off. */
export function* try_to_unmap_flush(k: Kernel): Steps<void> {
  const task = k.current;
  if (!task.tlb_ubc_flush_required) return;
  const mask = task.tlb_ubc_cpumask;
  task.tlb_ubc_flush_required = 0;
  task.tlb_ubc_writable = 0;
  task.tlb_ubc_cpumask = 0;
  yield* k.arch_tlbbatch_flush(mask);
}

/** Before a page is written out: nobody may write to it through an old translation. */
export function* try_to_unmap_flush_dirty(k: Kernel): Steps<void> {
  if (k.current.tlb_ubc_writable) yield* k.try_to_unmap_flush();
}

/** Before other changes of the mm's page tables: reclaim may have cleared entries of it without a flush so far. */
export function* flush_tlb_batched_pending(k: Kernel, mm: Mm): Steps<void> {
  if (!mm.tlb_flush_batched) return;
  yield* k.flush_tlb_mm(mm);
  mm.tlb_flush_batched = 0;
}

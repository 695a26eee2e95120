// From a page to where it is mapped, and unmapping it there (mm/rmap.c: rmap_walk, try_to_unmap, folio_referenced).
import type { Steps } from "../../core/thread.ts";
import {
  _PAGE_ACCESSED,
  _PAGE_UFFD_WP,
  entryPfn,
  isPresent,
  makeSwapEntry,
  withoutFlags,
} from "../../hardware/entry.ts";
import { pte_accessible, pte_dirty, pte_offset, pte_young } from "../arch/x86/mm/pgtable.ts";
import { TLB_FLUSH_ALL } from "../arch/x86/mm/tlb.ts";
import { is_droppable, PG_anon_exclusive, PG_dirty, PG_swapbacked, PG_swapcache, VM_LOCKED } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { AddressSpace, AnonVma, Mm, Page, Vma } from "../mm_types.ts";
import { SWP_EXCLUSIVE, SWP_UFFD_WP } from "./memory_swap.ts";
import { PAGE_TYPE } from "./page_alloc.ts";

/** A page's reverse map, locked, so that it stays as it is: the VMAs that may map the page. */
export interface ReverseMap {
  readonly anon_vma: AnonVma | null;
  readonly mapping: AddressSpace | null;
  readonly vmas: readonly Vma[];
}

/** Locks the reverse map of a page; null if it has none. */
export function* lock_reverse_map(k: Kernel, page: Page): Steps<ReverseMap | null> {
  const { mapping, anon_vma } = page;
  if (page.type === PAGE_TYPE.anon) {
    if (!anon_vma) return null;
    // The last VMA may go while the lock is waited for: the anon_vma stays.
    anon_vma.refcount++;
    yield* k.down_read(anon_vma.root!.rwsem, "&anon_vma->rwsem");
    return { anon_vma, mapping: null, vmas: [...anon_vma.rb_root] };
  }
  if (!mapping) return null;
  yield* k.i_mmap_lock_read(mapping);
  return { anon_vma: null, mapping, vmas: [...mapping.i_mmap] };
}

export function* unlock_reverse_map(k: Kernel, { anon_vma, mapping }: ReverseMap): Steps<void> {
  if (mapping) yield k.i_mmap_unlock_read(mapping);
  if (!anon_vma) return;
  yield k.up_read(anon_vma.root!.rwsem, "&anon_vma->rwsem");
  k.put_anon_vma(anon_vma);
}

/** Where `vma` would map the page; -1: nowhere. */
export function vma_address(_k: Kernel, page: Page, vma: Vma): number {
  const address = vma.vm_start + (page.index - vma.vm_pgoff) * 4096;
  return address >= vma.vm_start && address < vma.vm_end ? address : -1;
}

/** A PTE that maps the page, under its lock. */
export interface MappedAt {
  readonly vma: Vma;
  readonly address: number;
  readonly ptep: number;
  readonly pmdp: number;
}

/** Looks in the tables of the VMA's mm whether it maps the page; then holds the PTE lock. */
export function* page_vma_mapped(k: Kernel, page: Page, vma: Vma): Steps<MappedAt | null> {
  const address = k.vma_address(page, vma);
  const found = address < 0 ? null : k.next_pte_range(vma.vm_mm!, address, address + 4096);
  if (!found) return null;
  const { pmdp } = found;
  if (!maps(k.read_entry(pte_offset(k.read_entry(pmdp), address)), page)) return null;
  const ptep = yield* k.pte_offset_map_lock(pmdp, address);
  if (ptep === 0) return null;
  if (maps(k.read_entry(ptep), page)) return { vma, address, ptep, pmdp };
  yield k.pte_unmap_unlock(pmdp);
  return null;
}

const maps = (pte: number, page: Page): boolean => isPresent(pte) && entryPfn(pte) === page.slot;

/** Unmaps a locked page everywhere. Some mapping may refuse: then `page.mapcount` is not 0. `flush`: see unmap_one. */
export function* try_to_unmap(k: Kernel, page: Page, flush: "batch flushes" | "flush at once"): Steps<void> {
  const map = yield* k.lock_reverse_map(page);
  if (!map) return;
  for (const vma of map.vmas) {
    if (page.mapcount === 0) break;
    const address = k.vma_address(page, vma);
    if (address < 0) continue;
    const mm = vma.vm_mm!;
    yield* k.mmu_notifier_invalidate_range_start(mm, address, address + 4096, "MMU_NOTIFY_CLEAR");
    const at = yield* k.page_vma_mapped(page, vma);
    const unmapped = at !== null && (yield* k.try_to_unmap_one(page, at, flush));
    if (at) yield k.pte_unmap_unlock(at.pmdp);
    if (unmapped) yield* k.put_page(page);
    yield* k.mmu_notifier_invalidate_range_end(mm, address, address + 4096);
    if (at && !unmapped) break;
  }
  yield* k.unlock_reverse_map(map);
}

/** Takes one PTE away. Caller holds its lock. False: the mapping keeps the page. */
export function* try_to_unmap_one(
  k: Kernel,
  page: Page,
  at: MappedAt,
  flush: "batch flushes" | "flush at once",
): Steps<boolean> {
  const { vma, address, ptep } = at;
  const mm = vma.vm_mm!;
  if (vma.vm_flags & VM_LOCKED) return false;
  const pte = k.read_entry(ptep);
  yield k.set_pte(mm, address, ptep, 0);
  if (flush === "batch flushes" && k.should_defer_flush(mm)) yield* k.set_tlb_ubc_flush_pending(mm, pte);
  else if (pte_accessible(mm, pte)) yield* k.flush_tlb_page(mm, address);
  if (pte_dirty(pte)) page.flags |= PG_dirty;
  k.update_hiwater_rss(mm);
  if (page.type !== PAGE_TYPE.anon) k.mm_counter_add(mm, page, -1);
  else if (!(yield* k.unmap_anon(page, at, pte))) return false;
  k.folio_remove_rmap_pte(page, vma);
  return true;
}

/** The rest for an anonymous page: a swap entry in place of the PTE, or nothing after MADV_FREE and where it may be dropped. */
export function* unmap_anon(k: Kernel, page: Page, at: MappedAt, pte: number): Steps<boolean> {
  const mm = at.vma.vm_mm!;
  if (!(page.flags & PG_swapbacked)) {
    const droppable = is_droppable(at.vma.vm_flags);
    if (page.refcount === 1 + page.mapcount && (!(page.flags & PG_dirty) || droppable)) {
      mm.rss_anon--;
      return true;
    }
    // Written to since: it is worth keeping again.
    yield k.set_pte(mm, at.address, at.ptep, pte);
    if (!droppable) k.folio_change_lru(page, PG_swapbacked, 0, "head");
    return false;
  }
  if (!(page.flags & PG_swapcache)) {
    yield k.set_pte(mm, at.address, at.ptep, pte);
    return false;
  }
  const entry = makeSwapEntry(0, page.private);
  yield k.swap_duplicate(entry);
  const exclusive = (page.flags & PG_anon_exclusive) !== 0;
  page.flags &= ~PG_anon_exclusive;
  mm.rss_anon--;
  mm.rss_swap++;
  const wp = pte & _PAGE_UFFD_WP ? SWP_UFFD_WP : 0;
  yield k.set_pte(mm, at.address, at.ptep, entry + (exclusive ? SWP_EXCLUSIVE : 0) + wp);
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

/** In how many places the page was used since the last look; -1 where a locked mapping has it. */
export function* folio_referenced(k: Kernel, page: Page): Steps<number> {
  const map = page.mapcount > 0 ? yield* k.lock_reverse_map(page) : null;
  if (!map) return 0;
  let young = 0;
  for (const vma of map.vmas) {
    const at = yield* k.page_vma_mapped(page, vma);
    if (!at) continue;
    if (vma.vm_flags & VM_LOCKED) young = -1;
    const pte = k.read_entry(at.ptep);
    // No flush: that costs more than a page that is thought unused although it is not.
    const used = young >= 0 && pte_young(pte);
    if (used) yield k.set_pte(vma.vm_mm!, at.address, at.ptep, withoutFlags(pte, _PAGE_ACCESSED));
    const used_by_guest =
      young >= 0 && (yield* k.mmu_notifier_clear_flush_young(vma.vm_mm!, at.address, at.address + 4096)) !== 0;
    if (used || used_by_guest) young++;
    yield k.pte_unmap_unlock(at.pmdp);
    if (young < 0) break;
  }
  yield* k.unlock_reverse_map(map);
  return young;
}

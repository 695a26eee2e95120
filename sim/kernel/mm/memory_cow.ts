// Writes to write-protected PTEs (mm/memory.c): reuse of a page that nobody else has, copy on write.
import type { Steps } from "../../core/thread.ts";
import { _PAGE_ACCESSED, _PAGE_DIRTY, _PAGE_RW, _PAGE_UFFD_WP, withFlags } from "../../hardware/entry.ts";
import { mk_pte } from "../arch/x86/mm/pgtable.ts";
import {
  FAULT_FLAG_UNSHARE,
  PG_anon_exclusive,
  PG_swapcache,
  VM_FAULT_OOM,
  VM_MAYSHARE,
  VM_SHARED,
  VM_UFFD_WP,
  VM_WRITE,
} from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Page, Vma } from "../mm_types.ts";
import type { VmFault } from "./memory.ts";
import { PAGE_TYPE } from "./page_alloc.ts";

/** A write to a write-protected PTE. Called with the PTE lock held, which it drops. */
export function* do_wp_page(k: Kernel, vmf: VmFault): Steps<number> {
  const { vma } = vmf;
  const unshare = (vmf.flags & FAULT_FLAG_UNSHARE) !== 0;
  if (!unshare && vma.vm_flags & VM_UFFD_WP) {
    if (vmf.orig_pte & _PAGE_UFFD_WP) {
      yield k.pte_unmap_unlock(vmf.pmdp);
      return yield* k.handle_userfault(vmf, "wp");
    }
    // Who took the protection away may not have flushed yet what it had put on: others could still write to the old page.
    if (vma.vm_mm!.tlb_flush_pending > 0) yield* k.flush_tlb_page(vma.vm_mm!, vmf.address);
  }
  const page = k.vm_normal_page(vmf.orig_pte);
  vmf.page = page;
  if (vma.vm_flags & (VM_SHARED | VM_MAYSHARE)) {
    if (page) return yield* k.wp_page_shared(vmf, page);
    yield* k.wp_page_reuse(vmf);
    return 0;
  }
  const anon = page !== null && page.type === PAGE_TYPE.anon;
  if (anon && (page.flags & PG_anon_exclusive || (yield* k.wp_can_reuse_anon_folio(page, vma)))) {
    page.flags |= PG_anon_exclusive;
    if (unshare) yield k.pte_unmap_unlock(vmf.pmdp);
    else yield* k.wp_page_reuse(vmf);
    return 0;
  }
  if (page) yield k.get_page(page);
  yield k.pte_unmap_unlock(vmf.pmdp);
  return yield* k.wp_page_copy(vmf, page);
}

/** The page of a shared mapping, which may be written to. */
export function* wp_page_shared(k: Kernel, vmf: VmFault, page: Page): Steps<number> {
  yield k.get_page(page);
  yield* k.wp_page_reuse(vmf);
  yield* k.folio_lock(page);
  const ret = yield* k.fault_dirty_shared_page(vmf);
  yield* k.put_page(page);
  return ret;
}

/** Nobody else has this anonymous page: its mapper may write to it without a copy. */
export function* wp_can_reuse_anon_folio(k: Kernel, page: Page, vma: Vma): Steps<boolean> {
  if (page.refcount > (page.flags & PG_swapcache ? 2 : 1) || !k.folio_trylock(page)) return false;
  if (page.flags & PG_swapcache) yield* k.folio_free_swap(page);
  if (page.refcount !== 1) {
    k.folio_unlock(page);
    return false;
  }
  k.folio_move_anon_rmap(page, vma);
  k.folio_unlock(page);
  return true;
}

/** The entry becomes writable. Drops the PTE lock. */
export function* wp_page_reuse(k: Kernel, vmf: VmFault): Steps<void> {
  const { vma } = vmf;
  let entry = withFlags(vmf.orig_pte, _PAGE_ACCESSED | _PAGE_DIRTY);
  if (vma.vm_flags & VM_WRITE) entry = withFlags(entry, _PAGE_RW);
  yield k.set_pte(vma.vm_mm!, vmf.address, vmf.ptep, entry);
  yield k.pte_unmap_unlock(vmf.pmdp);
}

/** Copy on write: `old` is null for the zero page, else held by a reference. */
export function* wp_page_copy(k: Kernel, vmf: VmFault, old: Page | null): Steps<number> {
  const { vma, address } = vmf;
  const mm = vma.vm_mm!;
  const prepared = yield* k.vmf_anon_prepare(vmf);
  if (prepared !== 0) {
    if (old) yield* k.put_page(old);
    return prepared;
  }
  const copy = yield* k.alloc_page(PAGE_TYPE.anon);
  if (!copy || (yield* k.mem_cgroup_charge(copy, mm))) {
    if (copy) yield* k.put_page(copy);
    if (old) yield* k.put_page(old);
    return VM_FAULT_OOM;
  }
  if (old) k.copy_highpage(copy, old);
  else k.clear_highpage(copy);
  yield* k.mmu_notifier_invalidate_range_start(mm, address, address + 4096, "MMU_NOTIFY_CLEAR");
  const ptep = yield* k.pte_offset_map_lock(vmf.pmdp, address);
  const raced = ptep === 0 || k.read_entry(ptep) !== vmf.orig_pte;
  vmf.ptep = ptep;
  if (!raced) {
    if (!old) mm.rss_anon++;
    else if (old.type !== PAGE_TYPE.anon) {
      k.mm_counter_add(mm, old, -1);
      mm.rss_anon++;
    }
    let entry = withFlags(mk_pte(copy.slot, vma.vm_page_prot), 0);
    // An unshared page stays as it was for writes: clean, read-only, and watched if it was.
    if (vmf.flags & FAULT_FLAG_UNSHARE) entry = withFlags(entry, vmf.orig_pte & _PAGE_UFFD_WP);
    else entry = withFlags(entry, _PAGE_DIRTY | (vma.vm_flags & VM_WRITE ? _PAGE_RW : 0));
    // Old translations go before the new page is seen: two CPUs must not write to different copies.
    yield* k.ptep_clear_flush(vma, address, vmf.ptep);
    k.folio_add_new_anon_rmap(copy, vma, address);
    k.folio_add_lru_vma(copy, vma);
    yield k.set_pte(mm, address, vmf.ptep, entry);
    if (old) k.folio_remove_rmap_pte(old, vma);
  }
  if (ptep !== 0) yield k.pte_unmap_unlock(vmf.pmdp);
  yield* k.mmu_notifier_invalidate_range_end(mm, address, address + 4096);
  // What is not mapped here, or no more, and then the reference that kept the old page meanwhile.
  const unmapped = raced ? copy : old;
  if (unmapped) yield* k.put_page(unmapped);
  if (old) {
    if (!raced && old.flags & PG_swapcache) yield* k.free_swap_cache(old);
    yield* k.put_page(old);
  }
  return 0;
}

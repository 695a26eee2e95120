// Faults on pages that are in swap (mm/memory.c: do_swap_page).
import type { Steps } from "../../core/thread.ts";
import {
  _PAGE_DIRTY,
  _PAGE_PWT,
  _PAGE_RW,
  _PAGE_UFFD_WP,
  _PAGE_USER,
  isSwap,
  makeSwapEntry,
  swapOffset,
  swapType,
  withFlags,
  withoutFlags,
} from "../../hardware/entry.ts";
import { mk_pte, pte_offset } from "../arch/x86/mm/pgtable.ts";
import {
  FAULT_FLAG_WRITE,
  PG_locked,
  PG_mlocked,
  PG_swapbacked,
  PG_swapcache,
  VM_FAULT_ERROR,
  VM_FAULT_MAJOR,
  VM_FAULT_OOM,
  VM_FAULT_SIGBUS,
  VM_FAULT_SIGSEGV,
  VM_LOCKED,
  VM_UFFD_WP,
  VM_WRITE,
} from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Page, Vma } from "../mm_types.ts";
import { is_guard_pte, is_pte_marker } from "./madvise_guard.ts";
import type { VmFault } from "./memory.ts";
import { is_migration_entry } from "./migrate.ts";
import { PAGE_TYPE } from "./page_alloc.ts";

/** In a swap entry: only this page table refers to the slot, and the page was this process's alone. */
export const SWP_EXCLUSIVE = _PAGE_PWT;
/** In a swap entry: userfaultfd wants to know of the next write. */
export const SWP_UFFD_WP = _PAGE_USER;

/** Brings a page back. Major if it had to be read, minor if it was still in the swap cache. */
export function* do_swap_page(k: Kernel, vmf: VmFault): Steps<number> {
  if (is_pte_marker(vmf.orig_pte)) return k.handle_pte_marker(vmf);
  if (is_migration_entry(vmf.orig_pte)) return yield* k.migration_entry_wait(vmf);
  const entry = makeSwapEntry(0, swapOffset(vmf.orig_pte));
  if (swapType(vmf.orig_pte) !== 0) return yield* k.bad_swap_entry(vmf);
  const { vma, address } = vmf;
  const mm = vma.vm_mm!;
  let page = k.swap_cache_get_folio(entry);
  let ret = 0;
  // A slot that only this entry refers to is read straight into a page that nobody else can find.
  const alone = !page && k.swap_is_synchronous() && k.swp_swapcount(entry) === 1;
  if (page) {
    k.swap_update_readahead(page, vma, address);
    yield k.get_page(page);
  } else {
    page = alone ? yield* k.alloc_swap_folio(vmf, entry) : yield* k.swapin_readahead(entry, vmf);
    if (!page) return yield* k.swap_in_failed(vmf, entry);
    if (alone) {
      // Else somebody faster could free the slot, and another page get it, while this one is read.
      if (k.swapcache_prepare(entry) !== 0) {
        yield* k.swapcache_wq(entry);
        return yield* k.swap_in_given_up(page, ret);
      }
      k.folio_add_lru(page);
      yield k.swap_read_folio(page, entry);
    }
    ret = VM_FAULT_MAJOR;
    k.vmstat.pgmajfault += 1;
    k.count_memcg_event_mm(mm, "pgmajfault");
  }
  if (!alone) {
    const retry = yield* k.folio_lock_or_retry(page, vmf);
    if (retry !== 0) {
      yield* k.put_page(page);
      return ret | retry;
    }
    // It left the cache while we waited: the fault is tried again.
    if (!(page.flags & PG_swapcache) || page.private !== swapOffset(entry)) return yield* k.swap_in_given_up(page, ret);
    // Whoever read it ahead could not know.
    page.type = PAGE_TYPE.anon;
  }
  const ptep = yield* k.pte_offset_map_lock(vmf.pmdp, address);
  vmf.ptep = ptep;
  if (ptep === 0 || k.read_entry(ptep) !== vmf.orig_pte) {
    if (ptep !== 0) yield k.pte_unmap_unlock(vmf.pmdp);
    ret = yield* k.swap_in_given_up(page, ret);
    if (alone) k.swapcache_clear(entry);
    return ret;
  }
  yield k.swap_free(entry);
  if (should_try_to_free_swap(k, page, vma, vmf.flags)) yield* k.folio_free_swap(page);
  mm.rss_anon++;
  mm.rss_swap--;
  let pte = mk_pte(page.slot, vma.vm_page_prot);
  const exclusive = alone || (vmf.orig_pte & SWP_EXCLUSIVE) !== 0 || page.refcount === 1;
  const write = (vmf.flags & FAULT_FLAG_WRITE) !== 0;
  const writable = exclusive && (vma.vm_flags & VM_WRITE) !== 0 && k.may_map_writable(vma, vmf.orig_pte);
  if (writable) pte = withFlags(pte, write ? _PAGE_RW | _PAGE_DIRTY : _PAGE_RW);
  // Write-protected it comes back as it went.
  if (vmf.orig_pte & SWP_UFFD_WP) pte = withFlags(withoutFlags(pte, _PAGE_RW), _PAGE_UFFD_WP);
  const owner = exclusive ? "exclusive" : "maybe shared";
  // What was read from swap is a new page, which no locked mapping locks: reclaim makes up for that (folio_referenced_one).
  if (page.anon_vma) k.folio_add_anon_rmap_pte(page, vma, owner);
  else k.folio_add_new_anon_rmap(page, vma, address, owner);
  yield k.set_pte(mm, address, ptep, pte);
  k.folio_unlock(page);
  if (write && !writable) {
    vmf.orig_pte = pte;
    ret |= yield* k.do_wp_page(vmf);
    if (ret & VM_FAULT_ERROR) ret &= VM_FAULT_ERROR;
  } else yield k.pte_unmap_unlock(vmf.pmdp);
  if (alone) k.swapcache_clear(entry);
  return ret;
}

/** An entry that says something about its address. */
export function handle_pte_marker(_k: Kernel, vmf: VmFault): number {
  return is_guard_pte(vmf.orig_pte) ? VM_FAULT_SIGSEGV : VM_FAULT_SIGBUS;
}

/** The locked page is not what the entry refers to, or the entry is another one by now: `ret` is what the fault was so far. */
export function* swap_in_given_up(k: Kernel, page: Page, ret: number): Steps<number> {
  k.folio_unlock(page);
  yield* k.put_page(page);
  return ret;
}

/** No memory for the page, or nobody refers to its slot; but if somebody else has brought it back meanwhile, that does not matter. */
export function* swap_in_failed(k: Kernel, vmf: VmFault, entry: number): Steps<number> {
  const ptep = yield* k.pte_offset_map_lock(vmf.pmdp, vmf.address);
  if (ptep === 0) return 0;
  const here = k.read_entry(ptep) === vmf.orig_pte;
  const bad = here && k.swp_swapcount(entry) === 0;
  yield k.pte_unmap_unlock(vmf.pmdp);
  if (bad) return yield* k.bad_swap_entry(vmf);
  return here ? VM_FAULT_OOM : 0;
}

/** An entry that no device has, or that refers to nothing. */
export function* bad_swap_entry(k: Kernel, vmf: VmFault): Steps<number> {
  yield k.trace.kernel_warning(`bad swap entry at 0x${vmf.address.toString(16)}`);
  return VM_FAULT_SIGBUS;
}

/** A page for a slot's contents, locked, charged to who has the slot; null without memory. */
export function* alloc_swap_folio(k: Kernel, vmf: VmFault, entry: number): Steps<Page | null> {
  const page = yield* k.alloc_page(PAGE_TYPE.anon);
  if (!page) return null;
  if (yield* k.mem_cgroup_swapin_charge_folio(page, vmf.vma.vm_mm!, entry)) {
    yield* k.put_page(page);
    return null;
  }
  page.flags = PG_locked | PG_swapbacked;
  return page;
}

/** Whether nobody (userfaultfd) wants to be told of the first write. */
export function may_map_writable(_k: Kernel, vma: Vma, swap_pte: number): boolean {
  return !(vma.vm_flags & VM_UFFD_WP && swap_pte & SWP_UFFD_WP);
}

function should_try_to_free_swap(k: Kernel, page: Page, vma: Vma, flags: number): boolean {
  if (!(page.flags & PG_swapcache)) return false;
  if (k.mem_cgroup_swap_full(page) || vma.vm_flags & VM_LOCKED || page.flags & PG_mlocked) return true;
  // Whoever is about to write has the page alone if only the cache has it besides.
  return (flags & FAULT_FLAG_WRITE) !== 0 && page.refcount === 2;
}

/** MADV_WILLNEED: reads what a PTE table's range has in swap into the swap cache. */
export function* swapin_walk_pmd_entry(k: Kernel, pmdp: number, start: number, end: number): Steps<void> {
  for (let address = start; address < end; address += 4096) {
    const pmd = k.read_entry(pmdp);
    const pte = pmd === 0 ? 0 : k.read_entry(pte_offset(pmd, address));
    if (!isSwap(pte) || swapType(pte) !== 0) continue;
    const page = yield* k.read_swap_cache_async(pte, PAGE_TYPE.anon);
    if (page) yield* k.put_page(page);
  }
}

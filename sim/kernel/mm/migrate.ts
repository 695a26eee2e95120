// Moving a page to another frame (mm/migrate.c): migration entries take the place of its PTEs, the contents are copied, the
// entries become PTEs again. Faults meanwhile wait.
import type { Steps } from "../../core/thread.ts";
import {
  _PAGE_ACCESSED,
  _PAGE_DIRTY,
  _PAGE_RW,
  isSwap,
  makeSwapEntry,
  swapOffset,
  swapType,
  withFlags,
  withoutFlags,
} from "../../hardware/entry.ts";
import { mk_pte, pte_accessible, pte_dirty, pte_write } from "../arch/x86/mm/pgtable.ts";
import {
  PG_anon_exclusive,
  PG_dirty,
  PG_locked,
  PG_lru,
  PG_mlocked,
  PG_swapcache,
  PG_unevictable,
  VM_WRITE,
} from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Page, Vma } from "../mm_types.ts";
import { EAGAIN, ENOMEM } from "../uapi/errno.ts";
import type { VmFault } from "./memory.ts";
import { PAGE_TYPE } from "./page_alloc.ts";
import { folio_not_mapped } from "./rmap_walk.ts";

const SWP_MIGRATION_READ = 28;
const SWP_MIGRATION_READ_EXCLUSIVE = 29;
const SWP_MIGRATION_WRITE = 30;

export const is_migration_entry = (pte: number): boolean =>
  isSwap(pte) && swapType(pte) >= SWP_MIGRATION_READ && swapType(pte) <= SWP_MIGRATION_WRITE;

/** After a fork or a loss of rights nobody writes without a fault. */
export const make_readable_migration_entry = (pte: number): number =>
  swapType(pte) === SWP_MIGRATION_READ ? pte : makeSwapEntry(SWP_MIGRATION_READ, swapOffset(pte), pte & 0xfff);

/** A fault on a page that is on its way: waits until it has arrived. The fault is tried again then. */
export function* migration_entry_wait(k: Kernel, vmf: VmFault): Steps<number> {
  const page = k.page(swapOffset(vmf.orig_pte));
  const there = () => k.read_entry(vmf.ptep) !== vmf.orig_pte || !(page.flags & PG_locked);
  while (!there()) yield k.wait(there, "a page to be migrated");
  return 0;
}

/**
 * Moves an isolated page to a new frame. The caller's reference goes with it; if that is not possible the page is put back.
 * @returns 0, -EAGAIN if somebody uses the page, -ENOMEM
 */
export function* migrate_folio(k: Kernel, src: Page): Steps<number> {
  const dst = yield* k.alloc_page(src.type);
  const error = !dst ? -ENOMEM : k.folio_trylock(src) ? yield* k.unmap_and_move(src, dst) : -EAGAIN;
  if (error) {
    k.vmstat.pgmigrate_fail += 1;
    k.folio_putback_lru(src);
    if (dst) yield* k.put_page(dst);
    yield* k.put_page(src);
    return error;
  }
  k.vmstat.pgmigrate_success += 1;
  k.lruvec.nr_isolated--;
  k.folio_add_lru(dst!);
  yield* k.put_page(dst!);
  yield* k.put_page(src);
  return 0;
}

/** Both pages are unlocked at the end. */
export function* unmap_and_move(k: Kernel, src: Page, dst: Page): Steps<number> {
  dst.flags |= PG_locked;
  const mapped = src.mapcount > 0;
  // The mappings may go while the page is on its way, and with them what leads to the others.
  const anon_vma = mapped ? src.anon_vma : null;
  if (anon_vma) anon_vma.refcount++;
  if (mapped) yield* k.try_to_migrate(src);
  // Nobody may write to the old frame while it is copied.
  yield* k.try_to_unmap_flush();
  const error = src.mapcount > 0 ? -EAGAIN : k.move_to_new_folio(src, dst);
  if (mapped) yield* k.remove_migration_ptes(src, error ? src : dst);
  if (anon_vma) k.put_anon_vma(anon_vma);
  k.folio_unlock(dst);
  k.folio_unlock(src);
  if (error) dst.flags = 0;
  return error;
}

/** Contents, flags and the place in page cache or swap cache. Fails when somebody else holds a reference. Makes no step. */
export function move_to_new_folio(k: Kernel, src: Page, dst: Page): number {
  const { mapping, index } = src;
  const swapped = (src.flags & PG_swapcache) !== 0;
  if (src.refcount !== 1 + (mapping || swapped ? 1 : 0)) return -EAGAIN;
  k.copy_highpage(dst, src);
  k.mem_cgroup_migrate(src, dst);
  dst.flags = (src.flags & ~(PG_lru | PG_mlocked | PG_unevictable | PG_anon_exclusive)) | PG_locked;
  dst.index = index;
  dst.anon_vma = src.anon_vma;
  dst.mapping = mapping;
  if (mapping) mapping.i_pages = mapping.i_pages.set(index, dst.slot + 1);
  if (swapped) {
    dst.private = src.private;
    k.swap_info.swap_cache = k.swap_info.swap_cache.set(src.private, dst.slot + 1);
  }
  if (mapping || swapped) {
    dst.refcount++;
    src.refcount--;
  }
  src.mapping = null;
  src.private = 0;
  src.flags &= ~PG_swapcache;
  return 0;
}

/** Puts migration entries in place of all PTEs of a locked page. */
export function* try_to_migrate(k: Kernel, page: Page): Steps<void> {
  yield* k.rmap_walk(page, { rmap_one: k.try_to_migrate_one, arg: null, done: folio_not_mapped });
}

/** The page counts on in the mm's RSS. */
export function* try_to_migrate_one(k: Kernel, page: Page, vma: Vma, address: number): Steps<boolean> {
  const mm = vma.vm_mm!;
  yield* k.mmu_notifier_invalidate_range_start(mm, address, address + 4096, "MMU_NOTIFY_CLEAR");
  const at = yield* k.page_vma_mapped_walk(page, vma, address);
  if (at) {
    const { ptep } = at;
    const pte = k.read_entry(ptep);
    yield k.set_pte(mm, address, ptep, 0);
    if (k.should_defer_flush(mm)) yield* k.set_tlb_ubc_flush_pending(mm, pte);
    else if (pte_accessible(mm, pte)) yield* k.flush_tlb_page(mm, address);
    if (pte_dirty(pte)) page.flags |= PG_dirty;
    const exclusive = page.type === PAGE_TYPE.anon && (page.flags & PG_anon_exclusive) !== 0;
    const readable = exclusive ? SWP_MIGRATION_READ_EXCLUSIVE : SWP_MIGRATION_READ;
    const type = pte_write(pte) ? SWP_MIGRATION_WRITE : readable;
    yield k.set_pte(mm, address, ptep, makeSwapEntry(type, page.slot, pte & (_PAGE_ACCESSED | _PAGE_DIRTY)));
    k.folio_remove_rmap_pte(page, vma);
    yield* k.put_page(page);
    yield k.pte_unmap_unlock(at.pmdp);
  }
  yield* k.mmu_notifier_invalidate_range_end(mm, address, address + 4096);
  return true;
}

/** Migration entries of `src` become PTEs of `page`, which is where it is now. */
export function* remove_migration_ptes(k: Kernel, src: Page, page: Page): Steps<void> {
  yield* k.rmap_walk(page, { rmap_one: k.remove_migration_pte, arg: src });
}

/** `src`: where the page was. */
export function* remove_migration_pte(k: Kernel, page: Page, vma: Vma, address: number, src: Page): Steps<boolean> {
  const found = k.next_pte_range(vma.vm_mm!, address, address + 4096);
  const ptep = found ? yield* k.pte_offset_map_lock(found.pmdp, address) : 0;
  if (ptep === 0) return true;
  const entry = k.read_entry(ptep);
  if (is_migration_entry(entry) && swapOffset(entry) === src.slot) {
    const type = swapType(entry);
    let pte = withoutFlags(mk_pte(page.slot, vma.vm_page_prot), _PAGE_ACCESSED);
    pte = withFlags(pte, entry & (_PAGE_ACCESSED | _PAGE_DIRTY));
    if (type === SWP_MIGRATION_WRITE && vma.vm_flags & VM_WRITE) pte = withFlags(pte, _PAGE_RW);
    page.refcount++;
    if (page.type === PAGE_TYPE.anon)
      k.folio_add_anon_rmap_pte(page, vma, type === SWP_MIGRATION_READ ? "maybe shared" : "exclusive");
    else k.folio_add_file_rmap_pte(page, vma);
    yield k.set_pte(vma.vm_mm!, address, ptep, pte);
  }
  yield k.pte_unmap_unlock(found!.pmdp);
  return true;
}

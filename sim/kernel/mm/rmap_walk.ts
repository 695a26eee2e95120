// From a page to where it is mapped (mm/rmap.c: rmap_walk, folio_referenced). Unmapping it there is in rmap_unmap.ts.
import type { Steps } from "../../core/thread.ts";
import { _PAGE_ACCESSED, entryPfn, isPresent, withoutFlags } from "../../hardware/entry.ts";
import { pte_offset, pte_young } from "../arch/x86/mm/pgtable.ts";
import { PG_swapbacked, VM_LOCKED } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { AnonVma, Page, Vma } from "../mm_types.ts";
import type { MemCgroup } from "./memcontrol.ts";
import { vma_has_recency } from "./memory_zap.ts";
import { PAGE_TYPE } from "./page_alloc.ts";

/** struct rmap_walk_control: what is done at each place that may map a page. */
export interface RmapWalkControl {
  /** For each VMA, with the address where it would have the page, and `arg`. False ends the walk. */
  rmap_one(page: Page, vma: Vma, address: number, arg: unknown): Steps<boolean>;
  readonly arg: unknown;
  /** Whether there is nothing left to look for. */
  readonly done?: (page: Page) => boolean;
  /** Nobody waits for the reverse map's lock: where somebody has it, `contended` says so afterwards. */
  readonly try_lock?: true;
  contended?: boolean;
  /** VMAs that do not count. */
  invalid_vma?(vma: Vma, arg: unknown): boolean;
}

/** Goes through the VMAs that may map a page, its reverse map locked. */
export function* rmap_walk(k: Kernel, page: Page, rwc: RmapWalkControl): Steps<void> {
  if (page.type === PAGE_TYPE.anon) yield* k.rmap_walk_anon(page, rwc);
  else yield* k.rmap_walk_file(page, rwc);
}

export function* rmap_walk_anon(k: Kernel, page: Page, rwc: RmapWalkControl): Steps<void> {
  const anon_vma = yield* k.folio_lock_anon_vma_read(page, rwc);
  if (!anon_vma) return;
  for (const vma of [...anon_vma.rb_root]) {
    const address = k.vma_address(page, vma);
    if (address < 0 || rwc.invalid_vma?.(vma, rwc.arg)) continue;
    if (!(yield* rwc.rmap_one(page, vma, address, rwc.arg)) || rwc.done?.(page)) break;
  }
  yield k.up_read(anon_vma.root!.rwsem, "&anon_vma->rwsem");
  k.put_anon_vma(anon_vma);
}

/** The anon_vma of a page, locked; null if it has none, or was not to be waited for. */
export function* folio_lock_anon_vma_read(k: Kernel, { anon_vma }: Page, rwc: RmapWalkControl): Steps<AnonVma | null> {
  if (!anon_vma) return null;
  if (rwc.try_lock) {
    const { rwsem } = anon_vma.root!;
    rwc.contended = !k.down_read_trylock(rwsem);
    if (rwc.contended) return null;
    anon_vma.refcount++;
    yield k.trace.lock(rwsem, "&anon_vma->rwsem", "read", 1);
    return anon_vma;
  }
  // The last VMA may go while the lock is waited for: the anon_vma stays.
  anon_vma.refcount++;
  yield* k.down_read(anon_vma.root!.rwsem, "&anon_vma->rwsem");
  return anon_vma;
}

export function* rmap_walk_file(k: Kernel, page: Page, rwc: RmapWalkControl): Steps<void> {
  const { mapping } = page;
  if (!mapping) return;
  if (rwc.try_lock) {
    rwc.contended = !(yield* k.i_mmap_trylock_read(mapping));
    if (rwc.contended) return;
  } else yield* k.i_mmap_lock_read(mapping);
  for (const vma of [...mapping.i_mmap]) {
    const address = k.vma_address(page, vma);
    if (address < 0 || rwc.invalid_vma?.(vma, rwc.arg)) continue;
    if (!(yield* rwc.rmap_one(page, vma, address, rwc.arg)) || rwc.done?.(page)) break;
  }
  yield k.i_mmap_unlock_read(mapping);
}

/** Done when nobody maps the page any more. */
export const folio_not_mapped = (page: Page): boolean => page.mapcount === 0;

/** Where `vma` would map the page; -1: nowhere. */
export function vma_address(_k: Kernel, page: Page, vma: Vma): number {
  const address = vma.vm_start + (page.index - vma.vm_pgoff) * 4096;
  return address >= vma.vm_start && address < vma.vm_end ? address : -1;
}

/** A PTE that maps a page, under its lock. */
export interface MappedAt {
  readonly ptep: number;
  readonly pmdp: number;
}

/** Looks in the tables of the VMA's mm whether it maps the page at `address`; then holds the PTE lock. */
export function* page_vma_mapped_walk(k: Kernel, page: Page, vma: Vma, address: number): Steps<MappedAt | null> {
  const found = k.next_pte_range(vma.vm_mm!, address, address + 4096);
  if (!found) return null;
  const { pmdp } = found;
  if (!maps(k.read_entry(pte_offset(k.read_entry(pmdp), address)), page)) return null;
  const ptep = yield* k.pte_offset_map_lock(pmdp, address);
  if (ptep === 0) return null;
  if (maps(k.read_entry(ptep), page)) return { ptep, pmdp };
  yield k.pte_unmap_unlock(pmdp);
  return null;
}

const maps = (pte: number, page: Page): boolean => isPresent(pte) && entryPfn(pte) === page.slot;

/** What folio_referenced has seen so far (struct folio_referenced_arg). */
interface FolioReferencedArg {
  referenced: number;
  /** Places that map the page and were not looked at yet. */
  mapcount: number;
  locked: boolean;
  /** Only what this group and those below it have used counts; null: whoever it was. */
  readonly memcg: MemCgroup | null;
}

/** What came of folio_referenced. */
export interface Referenced {
  /** In how many places the page was used since the last look; -1: it does not matter, or could not be found out at once. */
  readonly ptes: number;
  /** A locked mapping has the page. */
  readonly locked: boolean;
}

/** How the page was used since the last look. `memcg`: only by this group and those below it. */
export function* folio_referenced(k: Kernel, page: Page, memcg: MemCgroup | null = null): Steps<Referenced> {
  if (page.mapcount === 0) return { ptes: 0, locked: false };
  const pra: FolioReferencedArg = { referenced: 0, mapcount: page.mapcount, locked: false, memcg };
  const rwc: RmapWalkControl = {
    rmap_one: k.folio_referenced_one,
    arg: pra,
    invalid_vma: k.invalid_folio_referenced_vma,
    try_lock: true,
  };
  yield* k.rmap_walk(page, rwc);
  return { ptes: rwc.contended ? -1 : pra.referenced, locked: pra.locked };
}

/** What is read in order, or at random, says nothing about being used again; what others than the group use does not help it. */
export function invalid_folio_referenced_vma(k: Kernel, vma: Vma, { memcg }: FolioReferencedArg): boolean {
  if (!vma_has_recency(vma)) return true;
  return memcg !== null && !k.mem_cgroup_is_descendant(k.get_mem_cgroup_from_mm(vma.vm_mm!), memcg);
}

export function* folio_referenced_one(
  k: Kernel,
  page: Page,
  vma: Vma,
  address: number,
  pra: FolioReferencedArg,
): Steps<boolean> {
  const at = yield* k.page_vma_mapped_walk(page, vma, address);
  if (!at) return true;
  if (vma.vm_flags & VM_LOCKED) {
    k.mlock_vma_folio(page, vma);
    pra.locked = true;
    yield k.pte_unmap_unlock(at.pmdp);
    return false;
  }
  // Written out it would be for nothing: who alone has it ends, or the OOM reaper is at it.
  const { mm_users, oom_reaped } = vma.vm_mm!;
  if ((mm_users === 0 || oom_reaped) && page.anon_vma && page.flags & PG_swapbacked && page.mapcount === 1) {
    pra.referenced = -1;
    yield k.pte_unmap_unlock(at.pmdp);
    return false;
  }
  if (yield* k.ptep_clear_flush_young_notify(vma, address, at.ptep)) pra.referenced++;
  pra.mapcount--;
  yield k.pte_unmap_unlock(at.pmdp);
  return pra.mapcount > 0;
}

/** Whether a CPU or a secondary MMU has used the entry; it has not any more. */
export function* ptep_clear_flush_young_notify(k: Kernel, vma: Vma, address: number, ptep: number): Steps<boolean> {
  const mm = vma.vm_mm!;
  const pte = k.read_entry(ptep);
  // No flush: that costs more than a page that is thought unused although it is not.
  const used = pte_young(pte);
  if (used) yield k.set_pte(mm, address, ptep, withoutFlags(pte, _PAGE_ACCESSED));
  return (yield* k.mmu_notifier_clear_flush_young(mm, address, address + 4096)) !== 0 || used;
}

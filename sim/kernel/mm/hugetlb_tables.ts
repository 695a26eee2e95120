// Page tables of hugetlb (mm/hugetlb.c): huge pages are mapped by PMD entries, and mappings of the same gigabyte of a file
// share one PMD table, by whatever address they have it. The table counts its sharers besides the first in pt_share_count.
import type { Steps } from "../../core/thread.ts";
import {
  _PAGE_ACCESSED,
  _PAGE_DIRTY,
  _PAGE_PRESENT,
  _PAGE_PSE,
  _PAGE_RW,
  withFlags,
  withoutFlags,
} from "../../hardware/entry.ts";
import { alignDown, mk_pte, none, PUD_SIZE, pmd_offset, pud_offset, read_p4d } from "../arch/x86/mm/pgtable.ts";
import { VM_LOCKED_MASK, withoutVmFlags } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Mm, Page, Vma } from "../mm_types.ts";
import { is_shareable } from "./hugetlb_resv.ts";
import type { MmuGather } from "./mmu_gather.ts";
import { PTE_LOCK } from "./pte_range.ts";

const alignUp = (n: number, size: number): number => Math.ceil(n / size) * size;
const table_of = (entryp: number): number => Math.floor(entryp / 512);

/** Where a scan goes on that found nothing to do for the rest of this PMD table. */
export const next_pud = (address: number): number => alignDown(address, PUD_SIZE) + PUD_SIZE;

/** The entry for a huge page: "writable" also dirty, as nobody will look for its first write. */
export function make_huge_pte(_k: Kernel, vma: Vma, page: Page, access: "writable" | "read-only"): number {
  const entry = mk_pte(page.slot, vma.vm_page_prot);
  const kept = access === "writable" ? withFlags(entry, _PAGE_RW | _PAGE_DIRTY) : withoutFlags(entry, _PAGE_RW);
  return withFlags(kept, _PAGE_ACCESSED | _PAGE_PSE);
}

/** Locks the PMD table that an entry is in. Returns nothing; unlock with `huge_pte_unlock`. */
export function* huge_pte_lock(k: Kernel, ptep: number): Steps<void> {
  yield* k.spin_lock(k.pmd_lockptr(ptep), PTE_LOCK);
}

export function huge_pte_unlock(k: Kernel, ptep: number): number {
  return k.spin_unlock(k.pmd_lockptr(ptep), PTE_LOCK);
}

/** Takes an entry away, from TLBs too. */
export function* huge_ptep_clear_flush(k: Kernel, vma: Vma, address: number, ptep: number): Steps<void> {
  yield k.set_pmd(vma.vm_mm!, address, ptep, 0);
  yield* k.flush_tlb_page(vma.vm_mm!, address);
}

/** The PMD entry of an address; 0 where there is no PMD table. */
export function hugetlb_walk(k: Kernel, mm: Mm, address: number): number {
  const p4d = read_p4d(k, mm, address);
  if (!(p4d & _PAGE_PRESENT)) return 0;
  const pud = k.read_entry(pud_offset(p4d, address));
  return pud & _PAGE_PRESENT ? pmd_offset(pud, address) : 0;
}

/** The same, with the tables made that are missing, or found with somebody who has them. 0 without memory. */
export function* huge_pte_alloc(k: Kernel, mm: Mm, vma: Vma, address: number): Steps<number> {
  const pudp = yield* k.alloc_new_pud(mm, address);
  if (pudp === 0) return 0;
  if (k.want_pmd_share(vma, address) && none(k.read_entry(pudp)))
    return yield* k.huge_pmd_share(mm, vma, address, pudp);
  return yield* k.pmd_alloc(mm, pudp, address);
}

/** Whether the VMA covers all that the PMD table of an address maps, and could share it. */
export function want_pmd_share(_k: Kernel, vma: Vma, address: number): boolean {
  const start = alignDown(address, PUD_SIZE);
  return is_shareable(vma) && vma.vm_private_data !== null && covers(vma, start);
}

const covers = (vma: Vma, start: number): boolean => start >= vma.vm_start && start + PUD_SIZE <= vma.vm_end;

/** Where `other` has the page of the file, if its PMD table can be that of `vma` too; else 0. */
function page_table_shareable(other: Vma, vma: Vma, address: number, index: number): number {
  const there = (index - other.vm_pgoff) * 4096 + other.vm_start;
  const same_place = (there - address) % PUD_SIZE === 0;
  const flags = (one: Vma) => withoutVmFlags(one.vm_flags, VM_LOCKED_MASK);
  if (!same_place || flags(vma) !== flags(other) || !covers(other, alignDown(there, PUD_SIZE))) return 0;
  return other.vm_private_data ? there : 0;
}

/**
 * Links the PMD table of another mapping of the file's gigabyte, else makes one. Keeps i_mmap_rwsem until it is linked: others
 * must find it, or be found.
 * @returns pointer to the PMD entry; 0 without memory
 */
export function* huge_pmd_share(k: Kernel, mm: Mm, vma: Vma, address: number, pudp: number): Steps<number> {
  const mapping = vma.vm_file!.f_inode!.i_mapping!;
  const index = vma.vm_pgoff + Math.floor((address - vma.vm_start) / 4096);
  yield* k.i_mmap_lock_read(mapping);
  const table = shared_table(k, vma, address, index);
  if (table !== 0) {
    yield k.ptdesc_pmd_pts_inc(table, mm);
    const lock = k.page(table_of(pudp)).ptl;
    yield* k.spin_lock(lock, "&mm->page_table_lock");
    if (none(k.read_entry(pudp))) {
      mm.pgtables_bytes += 4096;
      yield* k.pud_populate(mm, address, pudp, table);
    } else yield* k.ptdesc_pmd_pts_dec(table, mm);
    yield k.spin_unlock(lock, "&mm->page_table_lock");
  }
  const pmdp = yield* k.pmd_alloc(mm, pudp, address);
  yield k.i_mmap_unlock_read(mapping);
  return pmdp;
}

/** The PMD table of the first other mapping that has one for this part of the file; 0: nobody has. */
function shared_table(k: Kernel, vma: Vma, address: number, index: number): number {
  for (const other of vma.vm_file!.f_inode!.i_mapping!.i_mmap) {
    const end = other.vm_pgoff + (other.vm_end - other.vm_start) / 4096;
    if (other === vma || index < other.vm_pgoff || index >= end) continue;
    const there = page_table_shareable(other, vma, address, index);
    const ptep = there === 0 ? 0 : k.hugetlb_walk(other.vm_mm!, there);
    if (ptep !== 0) return table_of(ptep);
  }
  return 0;
}

/** One more mm uses the table. Returns the event. */
export function ptdesc_pmd_pts_inc(k: Kernel, table: number, mm: Mm): number {
  const page = k.page(table);
  if (k.unfixed("hugetlb-share-count")) page.refcount++;
  else page.pt_share_count++;
  return k.trace.pmd_share(table, k.ptdesc_pmd_pts_count(table), mm);
}

export function* ptdesc_pmd_pts_dec(k: Kernel, table: number, mm: Mm): Steps<void> {
  const page = k.page(table);
  if (k.unfixed("hugetlb-share-count")) yield* k.put_page(page);
  else page.pt_share_count--;
  yield k.trace.pmd_unshare(table, k.ptdesc_pmd_pts_count(table), mm);
}

/**
 * How many address spaces use the table besides the first. Until 6.13 (CVE-2024-57883) all references counted, also those that
 * somebody takes who looks at frames one after the other, and knows nothing of tables.
 */
export function ptdesc_pmd_pts_count(k: Kernel, table: number): number {
  const page = k.page(table);
  return k.unfixed("hugetlb-share-count") ? page.refcount - 1 : page.pt_share_count;
}

export function ptdesc_pmd_is_shared(k: Kernel, table: number): boolean {
  return k.ptdesc_pmd_pts_count(table) > 0;
}

/**
 * Unlinks the PMD table that `ptep` is in if others have it too; what they map in it stays. Caller holds the table's lock,
 * i_mmap_rwsem and the VMA's lock for writing, and calls huge_pmd_unshare_flush before it lets go of them. `tlb`: null as it
 * was in __unmap_hugepage_range until 5.16, where nobody flushed (CVE-2021-4002).
 * @returns whether it was shared
 */
export function* huge_pmd_unshare(
  k: Kernel,
  tlb: MmuGather | null,
  vma: Vma,
  address: number,
  ptep: number,
): Steps<boolean> {
  const table = table_of(ptep);
  if (!k.ptdesc_pmd_is_shared(table)) return false;
  const mm = vma.vm_mm!;
  const pudp = pud_offset(read_p4d(k, mm, address), address);
  yield k.set_pud(mm, address, pudp, 0);
  // Without a flush there is none who would wait for lockless walkers later.
  if (!tlb && !k.unfixed("hugetlb-unshare-sync")) yield* k.tlb_remove_table_sync_one();
  yield* k.ptdesc_pmd_pts_dec(table, mm);
  if (tlb) k.tlb_unshare_pmd_ptdesc(tlb, table, address);
  mm.pgtables_bytes -= 4096;
  if (k.page(table).pt_mm === mm) k.page(table).pt_mm = null;
  return true;
}

/** Before anybody may change a table that was shared: TLBs forget it, and lockless walkers leave it. */
export function* huge_pmd_unshare_flush(k: Kernel, tlb: MmuGather): Steps<void> {
  yield* k.tlb_flush_unshared_tables(tlb);
}

/**
 * A VMA is split at `address`: it covers that gigabyte no more, so it can share its table no more. Called with VMA and
 * reverse map locked, so that no fault and no other mapping shares it again before the split is done.
 */
export function* hugetlb_split(k: Kernel, vma: Vma, address: number): Steps<void> {
  const start = alignDown(address, PUD_SIZE);
  if (address === start || !covers(vma, start)) return;
  yield* k.hugetlb_unshare_pmds(vma, start, start + PUD_SIZE);
}

/** As it was until 6.16 (CVE-2025-38084): before the split takes its locks. Others may share again before it does. */
export function* hugetlb_split_early(k: Kernel, vma: Vma, address: number): Steps<void> {
  const mapping = vma.vm_file!.f_inode!.i_mapping!;
  yield* k.hugetlb_vma_lock_write(vma);
  yield* k.i_mmap_lock_write(mapping);
  yield* k.hugetlb_split(vma, address);
  yield k.i_mmap_unlock_write(mapping);
  yield* k.hugetlb_vma_unlock_write(vma);
}

/** Unshares all PMD tables of [start, end), whole gigabytes. Caller holds i_mmap_rwsem for writing. */
export function* hugetlb_unshare_pmds(k: Kernel, vma: Vma, start: number, end: number): Steps<void> {
  if (!is_shareable(vma)) return;
  const mm = vma.vm_mm!;
  const tlb = k.tlb_gather_mmu(mm);
  yield* k.mmu_notifier_invalidate_range_start(mm, start, end, "MMU_NOTIFY_CLEAR");
  for (let address = start; address < end; address += PUD_SIZE) {
    const ptep = k.hugetlb_walk(mm, address);
    if (ptep === 0) continue;
    yield* k.huge_pte_lock(ptep);
    yield* k.huge_pmd_unshare(tlb, vma, address, ptep);
    yield k.huge_pte_unlock(ptep);
  }
  yield* k.huge_pmd_unshare_flush(tlb);
  yield* k.mmu_notifier_invalidate_range_end(mm, start, end);
  yield* k.tlb_finish_mmu(tlb);
}

/** What of a range must be told to others when PMD tables may be unshared: whole gigabytes. */
export function adjust_range_if_pmd_sharing_possible(
  _k: Kernel,
  vma: Vma,
  start: number,
  end: number,
): { start: number; end: number } {
  const first = alignUp(vma.vm_start, PUD_SIZE);
  const last = alignDown(vma.vm_end, PUD_SIZE);
  if (!is_shareable(vma) || last <= first || end <= first || start >= last) return { start, end };
  return {
    start: start > first ? alignDown(start, PUD_SIZE) : start,
    end: end < last ? alignUp(end, PUD_SIZE) : end,
  };
}

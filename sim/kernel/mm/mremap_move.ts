// Moving a mapping with its pages (mm/mremap.c): whole PMD and PUD entries where both places allow it, else PTE by PTE.
import type { Steps } from "../../core/thread.ts";
import { _PAGE_UFFD_WP, entryPfn, isPresent, isSwap, withoutFlags } from "../../hardware/entry.ts";
import {
  alignDown,
  none,
  PMD_SIZE,
  PUD_SIZE,
  pmd_offset,
  pte_offset,
  pud_offset,
  read_p4d,
} from "../arch/x86/mm/pgtable.ts";
import { VM_ACCOUNT, VM_HUGETLB, VM_LOCKED, VM_LOCKED_MASK, withoutVmFlags, withVmFlags } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Vma } from "../mm_types.ts";
import { ENOMEM } from "../uapi/errno.ts";
import { MREMAP_DONTUNMAP } from "../uapi/mman.ts";
import { SWP_UFFD_WP } from "./memory_swap.ts";
import type { VmaRemap } from "./mremap.ts";
import { PTE_LOCK } from "./pte_range.ts";
import { is_accounted, sysctl_max_map_count } from "./vma.ts";

/** Moves [r.addr, r.addr + r.old_len) of `vma` to r.new_addr. Returns the new address or a negative errno. */
export function* move_vma(k: Kernel, r: VmaRemap, vma: Vma): Steps<number> {
  const { mm } = r;
  const dontunmap = (r.flags & MREMAP_DONTUNMAP) !== 0;
  if (mm.map_count >= sysctl_max_map_count - 3) return -ENOMEM;
  const refused = k.may_split_around(r, vma);
  if (refused) return refused;
  const old = k.config.version === "6.12";
  if (old && dontunmap && vma.vm_flags & VM_LOCKED) {
    const error = yield* k.vma_split_out(vma, r.addr, r.addr + r.old_len);
    if (error) return error;
  }
  const accounted = is_accounted(vma);
  const to_account = vrm_charge(r, old) / 4096;
  if (accounted && k.security_vm_enough_memory_mm(mm, to_account)) return -ENOMEM;
  yield* k.vma_start_write(vma);
  const { copy, done } = yield* k.copy_vma_and_data(vma, r);
  if (!done) {
    // The new mapping goes instead of the old one.
    k.vm_stat_account(mm, copy.target.vm_flags, r.new_len / 4096);
    if (copy.target.vm_flags & VM_HUGETLB) k.clear_vma_resv_huge_pages(copy.target);
    const locked_pages = copy.target.vm_flags & VM_LOCKED ? r.new_len / 4096 : 0;
    yield* k.unmap_moved(copy.target, r.new_addr, r.new_len, accounted && !dontunmap);
    mm.locked_vm += locked_pages;
    if (accounted && !dontunmap) k.vm_unacct_memory(to_account);
    return -ENOMEM;
  }
  if (copy.source.vm_flags & VM_HUGETLB) k.clear_vma_resv_huge_pages(copy.source);
  k.vm_stat_account(mm, copy.source.vm_flags, r.new_len / 4096);
  const locked = (copy.source.vm_flags & VM_LOCKED) !== 0;
  if (dontunmap) {
    // As seen on 6.18.44: VmLck grows although the old mapping is unlocked, the whole of it.
    if (!old && locked) mm.locked_vm += r.new_len / 4096;
    yield* k.dontunmap_complete(copy.source, r);
    return r.new_addr;
  }
  yield* k.unmap_moved(copy.source, r.addr, r.old_len, accounted);
  if (locked) {
    mm.locked_vm += r.new_len / 4096;
    r.populate = true;
  }
  return r.new_addr;
}

/**
 * Bytes that a move promises anew. 6.18 takes the difference of the lengths that were asked for, also where the mapping was
 * made shorter before it moves: what went is charged once more, and nobody gives that back. Seen on 6.18.44.
 */
function vrm_charge(r: VmaRemap, old: boolean): number {
  if (r.flags & MREMAP_DONTUNMAP) return r.new_len;
  return old ? r.new_len - r.old_len : r.delta;
}

/** Makes the mapping at the new place, and moves what the old one maps; without memory it moves back what it has moved. */
export function* copy_vma_and_data(
  k: Kernel,
  vma: Vma,
  r: VmaRemap,
): Steps<{ readonly copy: CopiedVma; readonly done: boolean }> {
  const copy = yield* k.copy_vma(vma, r);
  const moved = yield* k.move_page_tables(copy.source, r.addr, copy.target, r.new_addr, r.old_len, copy.rmap_locks);
  const done = moved >= r.old_len;
  // The old tables are still there.
  if (!done) yield* k.move_page_tables(copy.target, r.new_addr, copy.source, r.addr, moved, "with rmap locks");
  else k.mremap_userfaultfd_prep(copy.target);
  return { copy, done };
}

/** Unmaps what has moved away, without giving back its promise of memory: that has moved too. */
export function* unmap_moved(k: Kernel, vma: Vma, addr: number, len: number, accounted: boolean): Steps<void> {
  const mm = vma.vm_mm!;
  const before = vma.vm_start < addr;
  const after = vma.vm_end > addr + len;
  const { hiwater_vm } = mm;
  if (accounted) vma.vm_flags = withoutVmFlags(vma.vm_flags, VM_ACCOUNT);
  yield* k.do_vmi_munmap(mm, addr, len, "keep locked");
  mm.hiwater_vm = hiwater_vm;
  if (!accounted) return;
  for (const left of [before && k.vma_lookup(mm, addr - 1), after && k.vma_lookup(mm, addr + len)])
    if (left) left.vm_flags = withVmFlags(left.vm_flags, VM_ACCOUNT);
}

/** MREMAP_DONTUNMAP: the old mapping stays, empty and unlocked. */
export function* dontunmap_complete(k: Kernel, vma: Vma, r: VmaRemap): Steps<void> {
  vma.vm_flags = withoutVmFlags(vma.vm_flags, VM_LOCKED_MASK);
  if (vma.vm_start !== r.addr || vma.vm_end !== r.addr + r.old_len) return;
  yield* k.unlink_anon_vmas(vma);
}

/** Whether the mapping's owner lets it be split where the moved part ends. */
export function may_split_around(k: Kernel, r: VmaRemap, vma: Vma): number {
  const may_split = k.vm_op(vma, "may_split");
  if (!may_split) return 0;
  const end = r.addr + r.old_len;
  const before = vma.vm_start === r.addr ? 0 : may_split(vma, r.addr);
  return before || (vma.vm_end === end ? 0 : may_split(vma, end));
}

/** Splits so that [start, end) is all of `vma`. Returns 0 or a negative errno. */
export function* vma_split_out(k: Kernel, vma: Vma, start: number, end: number): Steps<number> {
  const error = vma.vm_start < start ? yield* k.split_vma(vma, start, "new below") : 0;
  if (error || vma.vm_end <= end) return error;
  return yield* k.split_vma(vma, end, "new above");
}

/** The VMA at the new place; where the old one is now, if a merge took it in; whether moving needs the rmap locks. */
export interface CopiedVma {
  readonly source: Vma;
  readonly target: Vma;
  readonly rmap_locks: RmapLocks;
}
export type RmapLocks = "with rmap locks" | "without rmap locks";

export function* copy_vma(k: Kernel, vma: Vma, r: VmaRemap): Steps<CopiedVma> {
  const mm = vma.vm_mm!;
  const start = r.new_addr;
  const end = start + r.new_len;
  const untouched = vma.vm_ops === "" && !vma.anon_vma;
  const pgoff = untouched ? start / 4096 : vma.vm_pgoff + (r.addr - vma.vm_start) / 4096;
  const { vm_flags, vm_file: file, anon_vma } = vma;
  // MREMAP_DONTUNMAP: the old mapping is not to grow into the new one. 6.18.44 lets it, as seen there.
  const beside = start === vma.vm_end || end === vma.vm_start;
  const dontunmap = (r.flags & MREMAP_DONTUNMAP) !== 0;
  const apart = k.config.version === "6.12" && untouched && beside && dontunmap;
  const uffd_ctx = vma.vm_userfaultfd_ctx;
  const merge = { mm, start, end, pgoff, vm_flags, file, anon_vma, middle: null, copied_from: vma, uffd_ctx };
  const merged = apart ? null : yield* k.vma_merge_new_range(merge);
  if (merged) {
    const source = r.addr >= merged.vm_start && r.addr < merged.vm_end ? merged : vma;
    yield* k.dup_anon_vma(merged, source);
    const locks = merged.vm_pgoff <= source.vm_pgoff;
    return { source, target: merged, rmap_locks: locks ? "with rmap locks" : "without rmap locks" };
  }
  const target = k.vm_area_dup(vma);
  target.vm_start = start;
  target.vm_end = end;
  target.vm_pgoff = pgoff;
  yield* k.anon_vma_clone(target, vma);
  if (file) k.get_file(file);
  const open = k.vm_op(target, "open");
  if (open) yield* open(target);
  yield* k.vma_link(mm, target);
  return { source: vma, target, rmap_locks: "without rmap locks" };
}

const extent_of = (size: number, old: number, old_end: number, to: number): number =>
  Math.min(alignDown(old, size) + size - old, old_end - old, alignDown(to, size) + size - to);

/** Moves the entries of [old_addr, old_addr + len). Returns how many bytes were done: less than `len` without memory. */
export function* move_page_tables(
  k: Kernel,
  vma: Vma,
  old_addr: number,
  new_vma: Vma,
  new_addr: number,
  len: number,
  locks: RmapLocks,
): Steps<number> {
  const mm = vma.vm_mm!;
  if (vma.vm_flags & VM_HUGETLB) return yield* k.move_hugetlb_page_tables(vma, new_vma, old_addr, new_addr, len);
  const old_end = old_addr + len;
  // Entries of a mapping that a userfaultfd watches are looked at one by one. A move that failed goes back the same way.
  const whole_tables = !vma_has_uffd_without_event_remap(vma) && !vma_has_uffd_without_event_remap(new_vma);
  const back = realign(k, vma, old_addr, new_vma, new_addr, len);
  let from = old_addr - back;
  let to = new_addr - back;
  const told_from = from;
  yield* k.mmu_notifier_invalidate_range_start(mm, told_from, old_end, "MMU_NOTIFY_UNMAP");
  for (let extent = 0; from < old_end; from += extent, to += extent) {
    extent = extent_of(PUD_SIZE, from, old_end, to);
    const old_p4d = read_p4d(k, mm, from);
    if (none(old_p4d)) continue;
    const old_pudp = pud_offset(old_p4d, from);
    if (none(k.read_entry(old_pudp))) continue;
    const new_pudp = yield* k.alloc_new_pud(mm, to);
    if (new_pudp === 0) break;
    if (
      extent === PUD_SIZE &&
      whole_tables &&
      (yield* k.move_pgt_entry("NORMAL_PUD", vma, from, to, old_pudp, new_pudp))
    )
      continue;
    extent = extent_of(PMD_SIZE, from, old_end, to);
    const old_pmdp = pmd_offset(k.read_entry(old_pudp), from);
    if (none(k.read_entry(old_pmdp))) continue;
    const new_pmdp = yield* k.pmd_alloc(mm, new_pudp, to);
    if (new_pmdp === 0) break;
    if (
      extent === PMD_SIZE &&
      whole_tables &&
      (yield* k.move_pgt_entry("NORMAL_PMD", vma, from, to, old_pmdp, new_pmdp))
    )
      continue;
    if (none(k.read_entry(old_pmdp))) continue;
    if ((yield* k.pte_alloc(mm, new_pmdp, to)) !== 0) break;
    yield* k.move_ptes(vma, old_pmdp, from, from + extent, new_pmdp, to, locks);
  }
  yield* k.mmu_notifier_invalidate_range_end(mm, told_from, old_end);
  return Math.max(0, len + Math.min(from, old_end) - old_end);
}

/**
 * Bytes by which both addresses can begin earlier, so that whole tables can move: both must be as far from a PMD boundary,
 * both at the beginning of their VMA, with nothing else below.
 */
function realign(k: Kernel, vma: Vma, old_addr: number, new_vma: Vma, new_addr: number, len: number): number {
  const back = old_addr % PMD_SIZE;
  if (back === 0 || len < PMD_SIZE - back || new_addr % PMD_SIZE !== back) return 0;
  const free_below = (v: Vma, address: number) =>
    v.vm_start === address && !k.find_vma_intersection(v.vm_mm!, address - back, address);
  return free_below(vma, old_addr) && free_below(new_vma, new_addr) ? back : 0;
}

/** What reverse mapping finds must be the old place or the new one. */
export function* take_rmap_locks(k: Kernel, vma: Vma): Steps<void> {
  const mapping = vma.vm_file?.f_inode?.i_mapping;
  if (mapping) yield* k.i_mmap_lock_write(mapping);
  if (vma.anon_vma) yield* k.anon_vma_lock_write(vma.anon_vma);
}

export function* drop_rmap_locks(k: Kernel, vma: Vma): Steps<void> {
  if (vma.anon_vma) yield k.anon_vma_unlock_write(vma.anon_vma);
  const mapping = vma.vm_file?.f_inode?.i_mapping;
  if (mapping) yield k.i_mmap_unlock_write(mapping);
}

/** Nobody is told that such a mapping moves: it is not watched at its new place. */
const vma_has_uffd_without_event_remap = (vma: Vma): boolean => vma.vm_userfaultfd_ctx !== null;

/** Moves a whole table. False if that is not possible. */
export function* move_pgt_entry(
  k: Kernel,
  which: "NORMAL_PMD" | "NORMAL_PUD",
  vma: Vma,
  from: number,
  to: number,
  old_entryp: number,
  new_entryp: number,
): Steps<boolean> {
  yield* k.take_rmap_locks(vma);
  const moved =
    which === "NORMAL_PMD"
      ? yield* k.move_normal_pmd(vma, from, to, old_entryp, new_entryp)
      : yield* k.move_normal_pud(vma, from, to, old_entryp, new_entryp);
  yield* k.drop_rmap_locks(vma);
  return moved;
}

/** Moves a PMD table. */
export function* move_normal_pud(
  k: Kernel,
  vma: Vma,
  from: number,
  to: number,
  old_pudp: number,
  new_pudp: number,
): Steps<boolean> {
  const mm = vma.vm_mm!;
  if (!none(k.read_entry(new_pudp))) return false;
  yield* k.lock_both(old_pudp, new_pudp, PUD_LOCK);
  const pud = k.read_entry(old_pudp);
  yield k.set_pud(mm, from, old_pudp, 0);
  yield* k.pud_populate(mm, to, new_pudp, entryPfn(pud));
  yield* k.flush_tlb_range(vma, from, from + PUD_SIZE);
  yield* k.unlock_both(old_pudp, new_pudp, PUD_LOCK);
  return true;
}

/** Moves a PTE table. */
export function* move_normal_pmd(
  k: Kernel,
  vma: Vma,
  from: number,
  to: number,
  old_pmdp: number,
  new_pmdp: number,
): Steps<boolean> {
  const mm = vma.vm_mm!;
  if (!none(k.read_entry(new_pmdp))) return false;
  yield* k.lock_both(old_pmdp, new_pmdp, PTE_LOCK);
  const pmd = k.read_entry(old_pmdp);
  if (!none(pmd)) {
    yield k.set_pmd(mm, from, old_pmdp, 0);
    yield* k.pmd_populate(mm, to, new_pmdp, entryPfn(pmd));
    yield* k.flush_tlb_range(vma, from, from + PMD_SIZE);
  }
  yield* k.unlock_both(old_pmdp, new_pmdp, PTE_LOCK);
  return !none(pmd);
}

const table_of = (entryp: number): number => Math.floor(entryp / 512);

/** What guards entries of PUD tables; each table has one of its own here. */
const PUD_LOCK = "&mm->page_table_lock";

/** Takes the locks of the tables in which the two entries are; it may be one table. `name`: their class. */
export function* lock_both(k: Kernel, old_entryp: number, new_entryp: number, name: string): Steps<void> {
  yield* k.spin_lock(k.pmd_lockptr(old_entryp), name);
  if (table_of(old_entryp) !== table_of(new_entryp)) yield* k.spin_lock(k.pmd_lockptr(new_entryp), `${name}/1`);
}

export function* unlock_both(k: Kernel, old_entryp: number, new_entryp: number, name: string): Steps<void> {
  if (table_of(old_entryp) !== table_of(new_entryp)) yield k.spin_unlock(k.pmd_lockptr(new_entryp), `${name}/1`);
  yield k.spin_unlock(k.pmd_lockptr(old_entryp), name);
}

/** Moves single PTEs. The flush comes before the locks go: nobody may write through the old address any more. */
export function* move_ptes(
  k: Kernel,
  vma: Vma,
  old_pmdp: number,
  old_addr: number,
  old_end: number,
  new_pmdp: number,
  new_addr: number,
  locks: RmapLocks,
): Steps<void> {
  const mm = vma.vm_mm!;
  if (locks === "with rmap locks") yield* k.take_rmap_locks(vma);
  const old_pmd = k.read_entry(old_pmdp);
  const new_pmd = k.read_entry(new_pmdp);
  const old_ptl = k.pte_lockptr(old_pmd);
  const new_ptl = k.pte_lockptr(new_pmd);
  yield* k.spin_lock(old_ptl, PTE_LOCK);
  if (new_pmd !== old_pmd) yield* k.spin_lock(new_ptl, `${PTE_LOCK}/1`);
  yield* k.flush_tlb_batched_pending(mm);
  const unwatched = vma_has_uffd_without_event_remap(vma);
  let flush = false;
  for (let address = old_addr, to = new_addr; address < old_end; address += 4096, to += 4096) {
    const ptep = pte_offset(old_pmd, address);
    const pte = k.read_entry(ptep);
    if (none(pte)) continue;
    yield k.set_pte(mm, address, ptep, 0);
    if (isPresent(pte)) flush = true;
    // Whoever was told of writes is not told of those at the new place.
    const moved = unwatched ? withoutFlags(pte, isPresent(pte) ? _PAGE_UFFD_WP : isSwap(pte) ? SWP_UFFD_WP : 0) : pte;
    yield k.set_pte(mm, to, pte_offset(new_pmd, to), moved);
  }
  const late = k.unfixed("mremap-flush");
  if (flush && !late) yield* k.flush_tlb_range(vma, old_addr, old_end);
  if (new_pmd !== old_pmd) yield k.spin_unlock(new_ptl, `${PTE_LOCK}/1`);
  yield k.spin_unlock(old_ptl, PTE_LOCK);
  // Until 4.19: with the locks gone the page can be freed at its new place before this (CVE-2018-18281).
  if (flush && late) yield* k.flush_tlb_range(vma, old_addr, old_end);
  if (locks === "with rmap locks") yield* k.drop_rmap_locks(vma);
}

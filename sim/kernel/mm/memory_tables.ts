// Page tables on the way down to a PTE (mm/memory.c): made where they are missing, linked unless another CPU was faster.
import type { Steps } from "../../core/thread.ts";
import { entryPfn } from "../../hardware/entry.ts";
import { none, p4d_offset, pgd_none, pgd_offset, pmd_offset, pud_offset, table_entry } from "../arch/x86/mm/pgtable.ts";
import type { Kernel } from "../kernel.ts";
import type { Mm } from "../mm_types.ts";
import { ENOMEM } from "../uapi/errno.ts";
import { PTE_LOCK } from "./pte_range.ts";

/** What guards PGD, P4D and PUD entries: of PUD tables each has one of its own here, so that tables can be shared. */
export const PAGE_TABLE_LOCK = "&mm->page_table_lock";

/** The P4D entry for `address`, with a P4D table made where there is none; 0 without memory. */
export function* p4d_alloc(k: Kernel, mm: Mm, pgdp: number, address: number): Steps<number> {
  if (pgd_none(k, pgdp) && (yield* k.__p4d_alloc(mm, pgdp, address)) !== 0) return 0;
  return p4d_offset(k, pgdp, address);
}

/** Links a P4D table, which no mm counts. Returns 0 or -ENOMEM; so do the next three. */
export function* __p4d_alloc(k: Kernel, mm: Mm, pgdp: number, address: number): Steps<number> {
  const table = yield* k.p4d_alloc_one(mm);
  if (table === 0) return -ENOMEM;
  yield* k.spin_lock(mm.page_table_lock, PAGE_TABLE_LOCK);
  if (pgd_none(k, pgdp)) yield* k.pgd_populate(mm, address, pgdp, table);
  else yield* k.p4d_free(table);
  yield k.spin_unlock(mm.page_table_lock, PAGE_TABLE_LOCK);
  return 0;
}

/** The PUD entry for `address`, with a PUD table made where there is none; 0 without memory. */
export function* pud_alloc(k: Kernel, mm: Mm, p4dp: number, address: number): Steps<number> {
  if (none(k.read_entry(p4dp)) && (yield* k.__pud_alloc(mm, p4dp, address)) !== 0) return 0;
  return pud_offset(k.read_entry(p4dp), address);
}

export function* __pud_alloc(k: Kernel, mm: Mm, p4dp: number, address: number): Steps<number> {
  const table = yield* k.pud_alloc_one(mm);
  if (table === 0) return -ENOMEM;
  yield* k.spin_lock(mm.page_table_lock, PAGE_TABLE_LOCK);
  if (none(k.read_entry(p4dp))) {
    mm.pgtables_bytes += 4096;
    yield* k.p4d_populate(mm, address, p4dp, table);
  } else yield* k.pud_free(table);
  yield k.spin_unlock(mm.page_table_lock, PAGE_TABLE_LOCK);
  return 0;
}

/** The PMD entry for `address`, with a PMD table made where there is none; 0 without memory. */
export function* pmd_alloc(k: Kernel, mm: Mm, pudp: number, address: number): Steps<number> {
  if (none(k.read_entry(pudp)) && (yield* k.__pmd_alloc(mm, pudp, address)) !== 0) return 0;
  return pmd_offset(k.read_entry(pudp), address);
}

export function* __pmd_alloc(k: Kernel, mm: Mm, pudp: number, address: number): Steps<number> {
  const table = yield* k.pmd_alloc_one(mm);
  if (table === 0) return -ENOMEM;
  const lock = k.page(Math.floor(pudp / 512)).ptl;
  yield* k.spin_lock(lock, PAGE_TABLE_LOCK);
  if (none(k.read_entry(pudp))) {
    mm.pgtables_bytes += 4096;
    yield* k.pud_populate(mm, address, pudp, table);
  } else yield* k.pmd_free(table);
  yield k.spin_unlock(lock, PAGE_TABLE_LOCK);
  return 0;
}

/** Gives `mm` a PTE table below `pmdp` where there is none. Returns 0 or -ENOMEM. */
export function* pte_alloc(k: Kernel, mm: Mm, pmdp: number, address: number): Steps<number> {
  return none(k.read_entry(pmdp)) ? yield* k.__pte_alloc(mm, pmdp, address) : 0;
}

export function* __pte_alloc(k: Kernel, mm: Mm, pmdp: number, address: number): Steps<number> {
  const table = yield* k.pte_alloc_one(mm);
  if (table === 0) return -ENOMEM;
  const left = yield* k.pmd_install(mm, pmdp, address, table);
  if (left !== 0) yield* k.pte_free(left);
  return 0;
}

/** Links a PTE table; returns its frame if another CPU had linked one already, else 0. */
export function* pmd_install(k: Kernel, mm: Mm, pmdp: number, address: number, table: number): Steps<number> {
  const lock = k.pmd_lockptr(pmdp);
  yield* k.spin_lock(lock, PTE_LOCK);
  let left = table;
  if (none(k.read_entry(pmdp))) {
    mm.pgtables_bytes += 4096;
    yield* k.pmd_populate(mm, address, pmdp, table);
    left = 0;
  }
  yield k.spin_unlock(lock, PTE_LOCK);
  return left;
}

export function* pgd_populate(k: Kernel, mm: Mm, address: number, pgdp: number, table: number): Steps<void> {
  yield k.set_pgd(mm, address, pgdp, table_entry(table));
  yield k.trace.pgd_populate(mm, address, table);
}

export function* p4d_populate(k: Kernel, mm: Mm, address: number, p4dp: number, table: number): Steps<void> {
  yield k.set_p4d(mm, address, p4dp, table_entry(table));
  yield k.trace.p4d_populate(mm, address, table);
}

export function* pud_populate(k: Kernel, mm: Mm, address: number, pudp: number, table: number): Steps<void> {
  yield k.set_pud(mm, address, pudp, table_entry(table));
  yield k.trace.pud_populate(mm, address, table);
}

export function* pmd_populate(k: Kernel, mm: Mm, address: number, pmdp: number, table: number): Steps<void> {
  yield k.set_pmd(mm, address, pmdp, table_entry(table));
  yield k.trace.pmd_populate(mm, address, table);
}

/** The PUD entry for `address`, with the tables above it made where there are none; 0 without memory. */
export function* alloc_new_pud(k: Kernel, mm: Mm, address: number): Steps<number> {
  const p4dp = yield* k.p4d_alloc(mm, pgd_offset(k, mm, address), address);
  return p4dp === 0 ? 0 : yield* k.pud_alloc(mm, p4dp, address);
}

/** The lock of the PMD table that holds the entry, and of the PTE table that a PMD entry points to. */
export function pmd_lockptr(k: Kernel, pmdp: number) {
  return k.page(Math.floor(pmdp / 512)).ptl;
}

export function pte_lockptr(k: Kernel, pmd: number) {
  return k.page(entryPfn(pmd)).ptl;
}

// Page tables on the way down to a PTE (mm/memory.c): made where they are missing, linked unless another CPU was faster.
import type { Steps } from "../../core/thread.ts";
import { entryPfn } from "../../hardware/entry.ts";
import { none, p4d_offset, pgd_none, pgd_offset, pmd_offset, pud_offset, table_entry } from "../arch/x86/mm/pgtable.ts";
import { VM_FAULT_OOM } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Mm } from "../mm_types.ts";
import { PTE_LOCK } from "./memory.ts";

/** The P4D entry for `address`, with a P4D table made where there is none; 0 without memory. No mm counts P4D tables. */
export function* p4d_alloc(k: Kernel, mm: Mm, pgdp: number, address: number): Steps<number> {
  if (pgd_none(k, pgdp)) {
    const table = yield* k.alloc_table(mm, 4);
    if (table === 0) return 0;
    yield* k.spin_lock(mm.page_table_lock, "&mm->page_table_lock");
    const missing = pgd_none(k, pgdp);
    if (missing) yield* k.pgd_populate(mm, address, pgdp, table);
    yield k.spin_unlock(mm.page_table_lock, "&mm->page_table_lock");
    if (!missing) yield* k.free_table_now(table, 4);
  }
  return p4d_offset(k, pgdp, address);
}

/** The PUD entry for `address`, with a PUD table made where there is none; 0 without memory. */
export function* pud_alloc(k: Kernel, mm: Mm, p4dp: number, address: number): Steps<number> {
  let p4d = k.read_entry(p4dp);
  if (none(p4d)) {
    const table = yield* k.alloc_table(mm, 3);
    if (table === 0) return 0;
    yield* k.spin_lock(mm.page_table_lock, "&mm->page_table_lock");
    p4d = k.read_entry(p4dp);
    if (none(p4d)) {
      mm.pgtables_bytes += 4096;
      yield* k.p4d_populate(mm, address, p4dp, table);
      yield k.spin_unlock(mm.page_table_lock, "&mm->page_table_lock");
      p4d = table_entry(table);
    } else {
      yield k.spin_unlock(mm.page_table_lock, "&mm->page_table_lock");
      yield* k.free_table_now(table, 3);
    }
  }
  return pud_offset(p4d, address);
}

export function* pmd_alloc(k: Kernel, mm: Mm, pudp: number, address: number): Steps<number> {
  let pud = k.read_entry(pudp);
  if (none(pud)) {
    const table = yield* k.alloc_table(mm, 2);
    if (table === 0) return 0;
    const lock = k.page(Math.floor(pudp / 512)).ptl;
    yield* k.spin_lock(lock, "&mm->page_table_lock");
    pud = k.read_entry(pudp);
    if (none(pud)) {
      mm.pgtables_bytes += 4096;
      yield* k.pud_populate(mm, address, pudp, table);
      yield k.spin_unlock(lock, "&mm->page_table_lock");
      pud = table_entry(table);
    } else {
      yield k.spin_unlock(lock, "&mm->page_table_lock");
      yield* k.free_table_now(table, 2);
    }
  }
  return pmd_offset(pud, address);
}

/** Gives `mm` a PTE table below `pmdp`, unless another CPU was faster. Returns 0 or VM_FAULT_OOM. */
export function* pte_alloc(k: Kernel, mm: Mm, pmdp: number, address: number): Steps<number> {
  if (!none(k.read_entry(pmdp))) return 0;
  const table = yield* k.alloc_table(mm, 1);
  if (table === 0) return VM_FAULT_OOM;
  const left = yield* k.pmd_install(mm, pmdp, address, table);
  if (left !== 0) yield* k.free_table_now(left, 1);
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

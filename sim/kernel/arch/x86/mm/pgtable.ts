// Page-table entries and tables of x86-64 (arch/x86/include/asm/pgtable.h, pgalloc.h; mm/pgtable-generic.c).
// A pointer to an entry (`ptep`, `pmdp`, …) is one number: frame of the table × 512 + index. With four levels the P4D level
// is folded into the PGD: a p4d pointer is a pgd pointer, and no PGD entry is ever none.
import type { Steps } from "../../../../core/thread.ts";
import {
  _PAGE_ACCESSED,
  _PAGE_DIRTY,
  _PAGE_GLOBAL,
  _PAGE_NX,
  _PAGE_PCD,
  _PAGE_PRESENT,
  _PAGE_PROTNONE,
  _PAGE_PSE,
  _PAGE_PWT,
  _PAGE_RW,
  _PAGE_SOFT_DIRTY,
  _PAGE_SPECIAL,
  _PAGE_TABLE,
  _PAGE_UFFD_WP,
  _PAGE_USER,
  entryNx,
  entryPfn,
  isPresent,
  makeEntry,
} from "../../../../hardware/entry.ts";
import { VM_EXEC, VM_READ, VM_SHARED, VM_WRITE } from "../../../flags.ts";
import type { Kernel } from "../../../kernel.ts";
import { PAGE_TYPE } from "../../../mm/page_alloc.ts";
import type { Mm, Page, Vma } from "../../../mm_types.ts";

export const PAGE_SHIFT = 12;
export const PAGE_SIZE = 2 ** 12;
export const PMD_SIZE = 2 ** 21;
export const PUD_SIZE = 2 ** 30;
export const P4D_SIZE = 2 ** 39;
/** What an entry of the top-level table covers. */
export const pgdir_size = (k: Kernel): number => (k.config.levels === 5 ? 2 ** 48 : P4D_SIZE);

/** End of the addresses that are given out to who does not ask for more: the last page below 2^47 is not usable. */
export const DEFAULT_MAP_WINDOW = 2 ** 47 - PAGE_SIZE;
/** End of user addresses (TASK_SIZE_MAX). */
export const task_size_max = (k: Kernel): number => (k.config.levels === 5 ? 2 ** 56 - PAGE_SIZE : DEFAULT_MAP_WINDOW);

export const PAGE_ALIGN = (n: number): number => Math.ceil(n / PAGE_SIZE) * PAGE_SIZE;
export const alignDown = (n: number, size: number): number => Math.floor(n / size) * size;

/** Names of levels by number: 1 PTE … 4 P4D, 5 PGD; with four levels 4 is the PGD. Used for page types and events. */
export const LEVEL_NAMES = ["", "pte", "pmd", "pud", "p4d", "pgd"] as const;
const level_name = (k: Kernel, level: number) => LEVEL_NAMES[level === k.config.levels ? 5 : level]!;

export const pgd_offset = (k: Kernel, mm: Mm, address: number): number =>
  mm.pgd * 512 + (Math.floor(address / pgdir_size(k)) & 511);
/** Whether nothing is below a PGD entry. */
export const pgd_none = (k: Kernel, pgdp: number): boolean => k.config.levels === 5 && k.read_entry(pgdp) === 0;
export const p4d_offset = (k: Kernel, pgdp: number, address: number): number =>
  k.config.levels === 5 ? entryPfn(k.read_entry(pgdp)) * 512 + (Math.floor(address / P4D_SIZE) & 511) : pgdp;
/** The P4D entry of an address, none where no table has it. */
export function read_p4d(k: Kernel, mm: Mm, address: number): number {
  const pgdp = pgd_offset(k, mm, address);
  return pgd_none(k, pgdp) ? 0 : k.read_entry(p4d_offset(k, pgdp, address));
}
export const pud_offset = (p4d: number, address: number): number =>
  entryPfn(p4d) * 512 + (Math.floor(address / PUD_SIZE) & 511);
export const pmd_offset = (pud: number, address: number): number =>
  entryPfn(pud) * 512 + (Math.floor(address / PMD_SIZE) & 511);
export const pte_offset = (pmd: number, address: number): number =>
  entryPfn(pmd) * 512 + (Math.floor(address / PAGE_SIZE) & 511);

/** End of the part of [address, end) that one entry covering `size` bytes maps. */
export const addr_end = (address: number, end: number, size: number): number =>
  Math.min(alignDown(address, size) + size, end);

/** The entry at `entryp`. A walk into a frame that is not a page table is reported by the use-after-free detector. */
export function read_entry(k: Kernel, entryp: number): number {
  return k.memory.readEntry(Math.floor(entryp / 512), entryp & 511);
}

function write_entry(k: Kernel, entryp: number, entry: number): number {
  const table = Math.floor(entryp / 512);
  const index = entryp & 511;
  const old = k.memory.readEntry(table, index);
  k.memory.writeEntry(table, index, entry);
  return old;
}

/** Frame of the table that an entry is in. */
export const table_of = (entryp: number): number => Math.floor(entryp / 512);

/** Write an entry of `mm` that maps `address`. Each is one store, visible to every CPU that walks the table. */
export function set_pgd(k: Kernel, mm: Mm, address: number, pgdp: number, entry: number): number {
  const old = write_entry(k, pgdp, entry);
  return k.trace.set_pgd(mm, address, entry, old, entryPfn(entry), table_of(pgdp));
}

export function set_p4d(k: Kernel, mm: Mm, address: number, p4dp: number, entry: number): number {
  const old = write_entry(k, p4dp, entry);
  return k.trace.set_p4d(mm, address, entry, old, entryPfn(entry), table_of(p4dp));
}

export function set_pud(k: Kernel, mm: Mm, address: number, pudp: number, entry: number): number {
  const old = write_entry(k, pudp, entry);
  return k.trace.set_pud(mm, address, entry, old, entryPfn(entry), table_of(pudp));
}

export function set_pmd(k: Kernel, mm: Mm, address: number, pmdp: number, entry: number): number {
  const old = write_entry(k, pmdp, entry);
  return k.trace.set_pmd(mm, address, entry, old, entryPfn(entry), table_of(pmdp));
}

export function set_pte(k: Kernel, mm: Mm, address: number, ptep: number, entry: number): number {
  const old = write_entry(k, ptep, entry);
  return k.trace.set_pte(mm, address, entry, old, entryPfn(entry), table_of(ptep));
}

/** Takes an entry away, and the translations that CPUs may have of it (mm/pgtable-generic.c). */
export function* ptep_clear_flush(k: Kernel, vma: Vma, address: number, ptep: number): Steps<void> {
  const mm = vma.vm_mm!;
  const pte = k.read_entry(ptep);
  yield k.set_pte(mm, address, ptep, 0);
  if (pte_accessible(mm, pte)) yield* k.flush_tlb_page(mm, address);
}

/** Gives a present entry more rights, for a write (`dirty`); a read finds its bits set by the CPU (arch/x86/mm/pgtable.c). */
export function* ptep_set_access_flags(
  k: Kernel,
  vma: Vma,
  address: number,
  ptep: number,
  entry: number,
  dirty: number,
): Steps<void> {
  if (dirty && k.read_entry(ptep) !== entry) yield k.set_pte(vma.vm_mm!, address, ptep, entry);
}

export const table_entry = (pfn: number): number => makeEntry(pfn, _PAGE_TABLE);
export const none = (entry: number): boolean => entry === 0;

/** Protection bits of entries of a VMA with these flags (vm_get_page_prot): private writable ones start read-only. */
export function vm_get_page_prot(vm_flags: number): number {
  if (!(vm_flags & (VM_READ | VM_WRITE | VM_EXEC))) return _PAGE_PROTNONE | _PAGE_ACCESSED | _PAGE_NX;
  const write = vm_flags & VM_WRITE && vm_flags & VM_SHARED ? _PAGE_RW : 0;
  const nx = vm_flags & VM_EXEC ? 0 : _PAGE_NX;
  return (_PAGE_PRESENT | _PAGE_USER | _PAGE_ACCESSED | write) + nx;
}

export const mk_pte = (pfn: number, prot: number): number => pfn * 4096 + prot;
export const pte_present = isPresent;
export const pte_pfn = entryPfn;
export const pte_write = (pte: number): boolean => (pte & _PAGE_RW) !== 0;
export const pte_dirty = (pte: number): boolean => (pte & _PAGE_DIRTY) !== 0;
export const pte_young = (pte: number): boolean => (pte & _PAGE_ACCESSED) !== 0;

/** What a change of protection leaves as it is (_PAGE_CHG_MASK). */
const CHG_MASK =
  _PAGE_PWT | _PAGE_PCD | _PAGE_SPECIAL | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_SOFT_DIRTY | _PAGE_UFFD_WP;

/** The entry with another protection: frame, accessed, dirty and software bits stay. */
export const pte_modify = (pte: number, prot: number): number =>
  entryPfn(pte) * 4096 + ((pte & CHG_MASK) | (prot & 0xfff & ~CHG_MASK)) + (entryNx(prot) ? _PAGE_NX : 0);

/** Whether a TLB may have it: PROT_NONE is not present, but who has just made an entry so has not flushed yet. */
export const pte_accessible = (mm: Mm, pte: number): boolean =>
  (pte & _PAGE_PRESENT) !== 0 || ((pte & _PAGE_PROTNONE) !== 0 && mm.tlb_flush_pending > 0);

const FLUSH_ON_CLEAR = _PAGE_DIRTY | _PAGE_PRESENT | _PAGE_ACCESSED;
const FLUSH_ON_CHANGE = _PAGE_RW | _PAGE_USER | _PAGE_PWT | _PAGE_PCD | _PAGE_PSE | _PAGE_GLOBAL;

/** Whether a CPU that kept the old entry would do other than the new one says. */
export const pte_needs_flush = (old: number, now: number): boolean => {
  if (!(old & _PAGE_PRESENT)) return false;
  if (entryPfn(old) !== entryPfn(now) || entryNx(old) !== entryNx(now)) return true;
  return (old & ~now & FLUSH_ON_CLEAR) !== 0 || ((old ^ now) & FLUSH_ON_CHANGE) !== 0;
};

/**
 * Whether NR_PAGETABLE counts tables of this level. 6.12 leaves those out that have no constructor: the PGD, and with five
 * levels the P4D tables.
 */
const is_counted = (k: Kernel, level: number): boolean => level < 4 || k.config.version !== "6.12";

/**
 * A new, empty page table of `level` (1 PTE … 4 P4D, the top level PGD) for `mm`, not yet linked.
 * @returns its frame, or 0 when there is no memory
 */
export function* pagetable_alloc(k: Kernel, mm: Mm, level: number): Steps<number> {
  const page = yield* k.alloc_page(PAGE_TYPE[level_name(k, level) as "pte"]);
  if (!page) return 0;
  if (yield* k.__memcg_kmem_charge_page(page)) {
    yield* k.put_page(page);
    return 0;
  }
  k.clear_highpage(page);
  page.pt_mm = mm;
  if (is_counted(k, level)) k.vmstat.nr_pagetable += 1;
  yield k.trace.alloc_table(page.slot, level_name(k, level), mm);
  return page.slot;
}

/** The frame is a table no more, and counts as none. */
export function pagetable_dtor(k: Kernel, pfn: number): number {
  const page = k.page(pfn);
  const mm = page.pt_mm;
  const level = level_of(k, page);
  page.pt_mm = null;
  page.pt_share_count = 0;
  if (is_counted(k, level)) k.vmstat.nr_pagetable -= 1;
  return k.trace.free_table(pfn, level_name(k, level), mm);
}

/** Which level a table is of, by its type. */
const level_of = (k: Kernel, page: Page): number =>
  page.type === PAGE_TYPE.pgd ? k.config.levels : page.type - PAGE_TYPE.pte + 1;

/** Frees a table that no CPU can walk to. */
export function* pagetable_dtor_free(k: Kernel, pfn: number): Steps<void> {
  yield k.pagetable_dtor(pfn);
  yield* k.put_page(k.page(pfn));
}

// Tables of each level by Linux's names: the frame of a new one, or 0 without memory; and the end of one that was never linked.
export function* pte_alloc_one(k: Kernel, mm: Mm): Steps<number> {
  return yield* k.pagetable_alloc(mm, 1);
}
export function* pmd_alloc_one(k: Kernel, mm: Mm): Steps<number> {
  return yield* k.pagetable_alloc(mm, 2);
}
export function* pud_alloc_one(k: Kernel, mm: Mm): Steps<number> {
  return yield* k.pagetable_alloc(mm, 3);
}
export function* p4d_alloc_one(k: Kernel, mm: Mm): Steps<number> {
  return yield* k.pagetable_alloc(mm, 4);
}
export function* pgd_alloc(k: Kernel, mm: Mm): Steps<number> {
  return yield* k.pagetable_alloc(mm, k.config.levels);
}
export function* pte_free(k: Kernel, pfn: number): Steps<void> {
  yield* k.pagetable_dtor_free(pfn);
}
export function* pmd_free(k: Kernel, pfn: number): Steps<void> {
  yield* k.pagetable_dtor_free(pfn);
}
export function* pud_free(k: Kernel, pfn: number): Steps<void> {
  yield* k.pagetable_dtor_free(pfn);
}
export function* p4d_free(k: Kernel, pfn: number): Steps<void> {
  yield* k.pagetable_dtor_free(pfn);
}
export function* pgd_free(k: Kernel, pfn: number): Steps<void> {
  yield* k.pagetable_dtor_free(pfn);
}

/**
 * The entries of an address: `[p4d, pud, pmd, pte, pgd]`; what is below a missing or huge entry is 0. With four levels
 * p4d and pgd are the same.
 */
export function walk_entries(k: Kernel, mm: Mm, address: number): [number, number, number, number, number] {
  const pgdp = pgd_offset(k, mm, address);
  const pgd = k.read_entry(pgdp);
  const p4d = k.config.levels === 5 && pgd & _PAGE_PRESENT ? k.read_entry(p4d_offset(k, pgdp, address)) : 0;
  const top = k.config.levels === 5 ? p4d : pgd;
  const pud = top & _PAGE_PRESENT ? k.read_entry(pud_offset(top, address)) : 0;
  const pmd = pud & _PAGE_PRESENT ? k.read_entry(pmd_offset(pud, address)) : 0;
  const pte = pmd & _PAGE_PRESENT && !(pmd & 0x80) ? k.read_entry(pte_offset(pmd, address)) : 0;
  return [top, pud, pmd, pte, pgd];
}

// Walking the page tables of a VMA for reports (mm/pagewalk.c). Whatever the tables lead to is shown, also what another
// address space put there: so /proc tells what a design shares.
import { _PAGE_PRESENT, _PAGE_PSE, entryPfn } from "../../hardware/entry.ts";
import {
  addr_end,
  none,
  P4D_SIZE,
  PAGE_SIZE,
  PMD_SIZE,
  PUD_SIZE,
  p4d_offset,
  pgd_none,
  pgd_offset,
  pgdir_size,
  pmd_offset,
  pud_offset,
} from "../arch/x86/mm/pgtable.ts";
import type { Kernel } from "../kernel.ts";
import type { Mm } from "../mm_types.ts";

/** Called for each entry that is not empty: PTEs, and PMD or PUD entries that map huge pages of `size` bytes, with the frame of their table. */
export type OnEntry = (entry: number, address: number, size: number, table: number) => void;

/** Walks [start, end) in order of address. Makes no step. */
export function walk_page_range(k: Kernel, mm: Mm, start: number, end: number, onEntry: OnEntry): void {
  for (let address = start; address < end; ) {
    const next = addr_end(address, end, pgdir_size(k));
    const pgdp = pgd_offset(k, mm, address);
    if (!pgd_none(k, pgdp)) walk_p4d(k, pgdp, address, next, onEntry);
    address = next;
  }
}

function walk_p4d(k: Kernel, pgdp: number, start: number, end: number, onEntry: OnEntry): void {
  for (let address = start; address < end; ) {
    const next = addr_end(address, end, P4D_SIZE);
    const p4d = k.read_entry(p4d_offset(k, pgdp, address));
    if (p4d & _PAGE_PRESENT) walk_pud(k, p4d, address, next, onEntry);
    address = next;
  }
}

function walk_pud(k: Kernel, p4d: number, start: number, end: number, onEntry: OnEntry): void {
  for (let address = start; address < end; ) {
    const next = addr_end(address, end, PUD_SIZE);
    const pud = k.read_entry(pud_offset(p4d, address));
    if (pud & _PAGE_PSE) onEntry(pud, address, PUD_SIZE, entryPfn(p4d));
    else if (pud & _PAGE_PRESENT) walk_pmd(k, pud, address, next, onEntry);
    address = next;
  }
}

function walk_pmd(k: Kernel, pud: number, start: number, end: number, onEntry: OnEntry): void {
  for (let address = start; address < end; ) {
    const next = addr_end(address, end, PMD_SIZE);
    const pmd = k.read_entry(pmd_offset(pud, address));
    if (pmd & _PAGE_PSE) onEntry(pmd, address, PMD_SIZE, entryPfn(pud));
    else if (pmd & _PAGE_PRESENT) walk_pte(k, pmd, address, next, onEntry);
    address = next;
  }
}

function walk_pte(k: Kernel, pmd: number, start: number, end: number, onEntry: OnEntry): void {
  const read = k.memory.entryReader(entryPfn(pmd));
  for (let address = start; address < end; address += PAGE_SIZE) {
    const pte = read((address / PAGE_SIZE) % 512);
    if (!none(pte)) onEntry(pte, address, PAGE_SIZE, entryPfn(pmd));
  }
}

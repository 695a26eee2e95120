// get_user_pages_fast (mm/gup.c): a page by way of the page tables, without any lock. Interrupts are off meanwhile: who takes a
// table away and waits until all CPUs have answered an IPI, or for a grace period, knows that nobody is in it.
import type { Steps } from "../../core/thread.ts";
import { _PAGE_PRESENT, _PAGE_PSE, _PAGE_RW, _PAGE_USER, entryPfn } from "../../hardware/entry.ts";
import { p4d_offset, pgd_offset, pmd_offset, pte_offset, pud_offset } from "../arch/x86/mm/pgtable.ts";
import { PG_referenced } from "../flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Page } from "../mm_types.ts";

/** A page that a process has, with a reference to `page`: of a huge page its first frame speaks for all, `pfn` is the one meant. */
export interface GrabbedPage {
  readonly page: Page;
  readonly pfn: number;
}

/** The page that the running process has at an address. `write`: nonzero where it must be writable. null: not that way. */
export function* get_user_page_fast_only(k: Kernel, address: number, write: number): Steps<GrabbedPage | null> {
  const { cpu } = k;
  cpu.irqs_off++;
  const found = yield* k.gup_fast(address, write);
  cpu.irqs_off--;
  return found;
}

/** Each entry is read once, and what it says is followed: others may change it between two steps. */
export function* gup_fast(k: Kernel, address: number, write: number): Steps<GrabbedPage | null> {
  const pgdp = pgd_offset(k, k.current.mm!, address);
  let p4d = yield* k.gup_fast_entry(pgdp, address, "pgd");
  if (!(p4d & _PAGE_PRESENT)) return null;
  if (k.config.levels === 5) {
    p4d = yield* k.gup_fast_entry(p4d_offset(k, pgdp, address), address, "p4d");
    if (!(p4d & _PAGE_PRESENT)) return null;
  }
  const pud = yield* k.gup_fast_entry(pud_offset(p4d, address), address, "pud");
  if (!(pud & _PAGE_PRESENT)) return null;
  const pmdp = pmd_offset(pud, address);
  const pmd = yield* k.gup_fast_entry(pmdp, address, "pmd");
  if (!(pmd & _PAGE_PRESENT)) return null;
  if (pmd & _PAGE_PSE) return yield* k.gup_fast_leaf(pmdp, pmd, pmdp, pmd, address, write);
  const ptep = pte_offset(pmd, address);
  const pte = yield* k.gup_fast_entry(ptep, address, "pte");
  return yield* k.gup_fast_leaf(ptep, pte, pmdp, pmd, address, write);
}

export function* gup_fast_entry(
  k: Kernel,
  entryp: number,
  address: number,
  level: "pgd" | "p4d" | "pud" | "pmd" | "pte",
): Steps<number> {
  const entry = k.read_entry(entryp);
  yield k.trace.gup_fast(level, address, entry, Math.floor(entryp / 512), k.current.mm);
  return entry;
}

/** A reference first; then the entry, and the one above it, must still be what they were, or the page may be another's. */
export function* gup_fast_leaf(
  k: Kernel,
  ptep: number,
  pte: number,
  pmdp: number,
  pmd: number,
  address: number,
  write: number,
): Steps<GrabbedPage | null> {
  const needed = _PAGE_PRESENT | _PAGE_USER | (write ? _PAGE_RW : 0);
  if ((pte & needed) !== needed) return null;
  const huge = (pte & _PAGE_PSE) !== 0;
  if (!huge && !k.vm_normal_page(pte)) return null;
  const page = k.page(entryPfn(pte));
  if (page.refcount === 0) return null;
  yield k.get_page(page);
  if (k.read_entry(pmdp) !== pmd || k.read_entry(ptep) !== pte) {
    yield* k.put_page(page);
    return null;
  }
  if (!huge) page.flags |= PG_referenced;
  return { page, pfn: page.slot + (huge ? Math.floor(address / 4096) % 512 : 0) };
}

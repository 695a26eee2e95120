// Who reaches a page table: the question that page-table sharing is about.
import { _PAGE_PRESENT, _PAGE_PSE, entryPfn } from "../../hardware/entry.ts";
import type { System } from "../../kernel/boot.ts";
import { type Mm, mm_struct } from "../../kernel/mm_types.ts";

/** All address spaces, in order of their creation. */
export function allMms(system: System): Mm[] {
  return [...system.machine.store.all(mm_struct)].filter((mm) => mm !== system.straight.init_mm) as Mm[];
}

/** The address spaces whose tables lead to the table in frame `pfn`, top level included. */
export function sharersOf(system: System, pfn: number): Mm[] {
  return allMms(system).filter((mm) => reaches(system, mm.pgd, system.config.levels, pfn));
}

function reaches(system: System, table: number, level: number, pfn: number): boolean {
  if (table === pfn) return true;
  if (level === 1) return false;
  const { memory } = system.straight;
  for (let i = 0; i < 512; i++) {
    const entry = memory.readEntry(table, i);
    if ((entry & _PAGE_PRESENT) === 0 || (entry & _PAGE_PSE) !== 0) continue;
    const below = entryPfn(entry);
    if (below === pfn || (level > 2 && reaches(system, below, level - 1, pfn))) return true;
  }
  return false;
}

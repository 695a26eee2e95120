// dangling-page-table, for tables that hugetlb shares: an mm may have a PMD table together with others only where one VMA
// covers all that the table maps. Else something else will be mapped through it, for everybody.
// Observes PMD tables that are linked, and VMAs whose range changes.
import { idOf } from "../core/struct.ts";
import { _PAGE_PRESENT } from "../hardware/entry.ts";
import { VM_HUGETLB } from "../kernel/flags.ts";
import type { Mm, Vma } from "../kernel/mm_types.ts";
import { alive, type Context, mmName } from "./context.ts";
import { hex, object, pageObject } from "./report.ts";
import { levelSize, tableAt } from "./tables.ts";
import { vmaAt } from "./vmas.ts";

const GIGABYTE = levelSize(3);

export function uncoveredSharedTable(context: Context): void {
  const { machine } = context;
  const { args } = machine;
  if (context.system.config.hugepages === 0) return;

  machine.listen("set_pud", () => {
    const [mm, address, now] = args as [Mm, number, number];
    if (now & _PAGE_PRESENT) check(context, mm, address);
  });
  machine.listen("vma_change", () => {
    const [vma, mm, start, end] = args as [Vma, Mm, number, number];
    if (!alive(vma) || !(vma.vm_flags & VM_HUGETLB)) return;
    check(context, mm, start);
    check(context, mm, end);
  });
}

function check(context: Context, mm: Mm, address: number): void {
  const start = address - (address % GIGABYTE);
  const table = pmdTable(context, mm, start);
  if (table === 0 || context.page(table).pt_share_count === 0) return;
  const vma = vmaAt(mm, start);
  if (vma && vma.vm_end >= start + GIGABYTE) return;
  context.raise({
    kind: "dangling-page-table",
    key: `dangling-page-table shared ${idOf(mm)} ${hex(start)}`,
    message:
      `the PUD entry of ${mmName(mm)} for ${hex(start)}-${hex(start + GIGABYTE)} leads to the PMD table pfn:${hex(table)} that others share, ` +
      `but no VMA of ${mmName(mm)} covers all of that: the table will be used for other mappings too`,
    objects: [object(mm), pageObject(table)],
  });
}

/** Frame of the PMD table for an address; 0: there is none. */
function pmdTable(context: Context, mm: Mm, address: number): number {
  return tableAt(context, mm.pgd, address, 2);
}

// page-table-leak: an mm that is freed has no page table left that is its own, and no table's frame is given back with what it
// maps still in it.
// Observes the end of each mm: its count of page-table bytes, and the entries that its top-level table still has; and the last
// reference to a frame that is a page table still.
import { unconcerned } from "../core/batch.ts";
import { entryPfn, isPresent } from "../hardware/entry.ts";
import type { Mm } from "../kernel/mm_types.ts";
import { alive, type Context, mmName, nameOf } from "./context.ts";
import { hex, object, pageObject } from "./report.ts";
import { levelSize, presentEntries, topLevel } from "./tables.ts";

export function pageTableLeak(context: Context): void {
  const { machine } = context;
  machine.listen("free_table", () => {
    const mm = machine.args[2] as Mm | null;
    if (machine.args[1] !== "pgd" || !mm || !alive(mm)) return;
    const pgd = machine.args[0] as number;
    for (const { index, entry } of presentEntries(context, pgd)) {
      const table = entryPfn(entry);
      if (!isPresent(entry) || context.page(table).pt_mm !== mm) continue;
      context.raise({
        kind: "page-table-leak",
        key: `page-table-leak table ${nameOf(mm)}`,
        message: `mm of ${mmName(mm)} is freed, but its page table pfn:${hex(table)} for ${hex(index * levelSize(topLevel(context)))} is not`,
        objects: [object(mm), pageObject(table)],
      });
    }
  });
  machine.listen("alloc_table", () => {
    context.table(machine.args[0] as number).is_table = 1;
  });
  machine.listen("free_table", () => {
    context.table(machine.args[0] as number).is_table = 0;
  });
  const putLast = () => {
    const pfn = machine.args[0] as number;
    if (machine.args[1] !== 0 || !context.table(pfn).is_table) return;
    context.table(pfn).is_table = 0;
    const entries = [...presentEntries(context, pfn)].length;
    context.raise({
      kind: "page-table-leak",
      key: "page-table-leak frame",
      message:
        `Bad page state in process ${context.runner()} pfn:${hex(pfn)}: nonzero mapcount: a page table is given back that nobody has taken apart, ` +
        `with ${entries} ${entries === 1 ? "entry" : "entries"} in it`,
      objects: [pageObject(pfn)],
    });
  };
  // A run consists of pages that are no tables.
  machine.listen("put_page", putLast, { page_frees: unconcerned });
  machine.listen("mm_free", () => {
    const mm = machine.args[0] as Mm;
    if (!alive(mm) || mm.pgtables_bytes === 0) return;
    context.raise({
      kind: "page-table-leak",
      key: `page-table-leak bytes ${nameOf(mm)}`,
      message: `non-zero pgtables_bytes on freeing mm of ${mmName(mm)}: ${mm.pgtables_bytes}`,
      objects: [object(mm)],
    });
  });
}

// missing-tlb-flush: a frame or a page table is not freed or reused, nor a permission taken away, while a CPU may still use
// the old translation.
// Observes frames that are freed, and the return to user space of who took permissions away. A translation that its CPU
// will flush before it uses it again (a generation behind, or lazy) is no bug.
import type { BatchListener } from "../core/batch.ts";
import { places, Rows } from "../core/rows.ts";
import type { PageFrees } from "../kernel/mm/page_alloc_batch.ts";
import { type Context, mmName } from "./context.ts";
import { type BugObject, hex, object, pageObject } from "./report.ts";
import { levelName } from "./tables.ts";
import { placeOf, type TlbWatch } from "./tlb_watch.ts";
import { frame_watch, NO_FILLS, table_watch } from "./watch.ts";

export function missingTlbFlush(context: Context, tlbs: TlbWatch): () => void {
  const { machine } = context;

  const watches = machine.store.storage(frame_watch.name);
  const tables = machine.store.storage(table_watch.name);
  const freed: BatchListener<PageFrees> = {
    fits({ pfns }, count) {
      const rows = new Rows(watches);
      const asTables = new Rows(tables);
      for (let i = 0; i < count; i++) {
        const pfn = pfns[i]!;
        const table = asTables.read(pfn);
        if (asTables.numbers[table + LINK_LEVEL] !== 0) return i;
        const at = rows.read(pfn);
        const fill = rows.numbers[at + W.fill]!;
        if (fill !== 0 && (rows.value(pfn, W.fills) !== NO_FILLS || tlbs.isCached(fill, pfn))) return i;
      }
      return count;
    },
    take({ pfns }, count) {
      const rows = new Rows(watches);
      for (let i = 0; i < count; i++) {
        const at = rows.write(pfns[i]!) + W.fill;
        rows.numbers[at] = 0;
      }
    },
  };
  const free = () => {
    const pfn = machine.args[0] as number;
    const frame = context.frame(pfn);
    if (frame.fill !== 0) {
      for (const fill of tlbs.usable(pfn, frame)) {
        if (tlbs.overdue(fill, pfn)) raise(context, "page", fill, pfn, `page pfn:${hex(pfn)} is freed`);
      }
      frame.fill = 0;
      if (frame.fills.length > 0) frame.fills = NO_FILLS;
    }
    const table = context.table(pfn);
    if (table.link_level === 0) return;
    for (const fill of tlbs.usableTable(pfn, table))
      raise(context, "table", fill, pfn, `${levelName(context, table.link_level)} table pfn:${hex(pfn)} is freed`);
    table.link_level = 0;
    if (table.link_others.length > 0) table.link_others = [];
  };
  machine.listen("free_page", free, { page_frees: freed });
  machine.listen("free_huge_folio", free);

  /** Back in user space, the task owes no flush any more. */
  return () => {
    const thread = context.mine();
    if (thread.owed === null) return;
    const rights = "the page tables do not grant what was mapped before";
    tlbs.settle(thread, (fill, pfn) =>
      raise(context, "rights", fill, pfn, `${rights} and ${context.runner()} returns to user space`),
    );
  };
}

const W = places(frame_watch, "fill", "fills");
const LINK_LEVEL = places(table_watch, "link_level").link_level;

function raise(context: Context, what: string, fill: number, pfn: number, event: string): void {
  const { cpu, pcid, address } = placeOf(fill);
  const loaded = context.cpus[cpu]!.loaded_mm;
  const mm = pcid === context.cpus[cpu]!.loaded_mm_asid ? loaded : null;
  const whose = mm ? ` of ${mmName(mm)}` : "";
  const objects: BugObject[] = [pageObject(pfn)];
  if (mm) objects.push(object(mm));
  context.raise({
    kind: "missing-tlb-flush",
    key: `missing-tlb-flush ${what} ${cpu} ${mm ? `${mm.slot}#${mm.gen}` : pcid}`,
    message: `${event} while CPU ${cpu} may still use its translation${whose} for ${hex(address)}: no flush has reached it`,
    objects,
  });
}

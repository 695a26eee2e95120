// stale-tlb-access: an access went through a translation that should have been flushed.
// Observes every access while there are translations whose flush is overdue (missing_tlb_flush.ts).

import type { BatchListener } from "../core/batch.ts";
import type { Mm } from "../kernel/mm_types.ts";
import { PAGE_TYPES } from "../kernel/mm_types.ts";
import { type Context, mmName } from "./context.ts";
import { hex, object, pageObject } from "./report.ts";
import { fillAt, type TlbWatch } from "./tlb_watch.ts";

export function staleTlbAccess(context: Context, tlbs: TlbWatch): void {
  const { machine, state, cpus } = context;
  const { args } = machine;
  const check = (verb: string) => () => {
    if (state.overdue === 0) return;
    const [address, frame, mm] = args as [number, number, Mm];
    const cpu = cpus[machine.thread?.cpu ?? 0]!;
    // A huge page is known by its first frame and address.
    const pfn = context.page(frame).slot;
    const fill = fillAt(cpu.id, cpu.loaded_mm_asid, address - (address % 4096) - (frame - pfn) * 4096);
    for (const stale of tlbs.overdueAt(fill)) {
      if (stale !== pfn) continue;
      const now = PAGE_TYPES[context.page(pfn).type as 0];
      context.raise({
        kind: "stale-tlb-access",
        key: `stale-tlb-access ${verb} ${cpu.id} ${mm.slot}#${mm.gen}`,
        message: `${mmName(mm)} ${verb} ${hex(address)} on CPU ${cpu.id} through a stale translation to pfn:${hex(pfn)}, which is ${now} now`,
        objects: [pageObject(pfn), object(mm)],
      });
    }
  };
  machine.listen("load", check("reads"));
  const none: BatchListener<unknown> = { fits: (_, count) => (state.overdue === 0 ? count : 0), take() {} };
  machine.listen("store", check("writes"), { anon_faults: none });
  machine.listen("exec", check("executes"));
}

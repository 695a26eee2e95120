// Walks of the MMU that end in a page table of another mm: what is shared is judged when it is found.
import type { BatchListener } from "../core/batch.ts";
import { _PAGE_PSE } from "../hardware/entry.ts";
import type { AnonFaults } from "../kernel/mm/memory_batch.ts";
import type { Mm } from "../kernel/mm_types.ts";
import type { Context } from "./context.ts";

type SharedWalk = (mm: Mm, owner: Mm, address: number, pfn: number) => void;

export function onSharedWalk(context: Context, listeners: readonly SharedWalk[]): void {
  const { machine } = context;
  const { mmu } = context.system.straight;
  const { args } = machine;
  const own: BatchListener<AnonFaults> = {
    fits: ({ mm, tables }, count) => (context.page(tables.at(-1)!).pt_mm === mm ? count : 0),
    take() {},
  };
  const filled = () => {
    const mm = args[2] as Mm | null;
    // Huge pages: who shares their tables may have them at other addresses. Their own VMA tells enough.
    if (mmu.entry & _PAGE_PSE) return;
    const owner = context.page(mmu.walked[mmu.steps - 1]!).pt_mm;
    if (owner === mm || !owner || !mm) return;
    const address = args[0] as number;
    const pfn = args[1] as number;
    for (const told of listeners) told(mm, owner, address, pfn);
  };
  machine.listen("tlb_fill", filled, { anon_faults: own });
}

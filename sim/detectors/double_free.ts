// double-free: an object is freed once.
// Observes the free list of frames and the pool of huge pages; structures that are freed twice are told by the store (use_after_free.ts).
import type { BatchListener } from "../core/batch.ts";
import { Rows } from "../core/rows.ts";
import type { AnonFaults } from "../kernel/mm/memory_batch.ts";
import type { PageFrees } from "../kernel/mm/page_alloc_batch.ts";
import type { Context } from "./context.ts";
import { hex, pageObject } from "./report.ts";
import { FRAME_FREE, FRAME_IN_USE, frame_watch } from "./watch.ts";

export function doubleFree(context: Context): void {
  const { machine } = context;
  const watches = machine.store.storage(frame_watch.name);
  const setState = (pfns: readonly number[], count: number, state: number) => {
    const rows = new Rows(watches);
    for (let i = 0; i < count; i++) {
      const at = rows.write(pfns[i]!) + STATE;
      rows.numbers[at] = state;
    }
  };
  const allocated: BatchListener<AnonFaults> = {
    fits: (_, count) => count,
    // What is stored in the pages then is remembered by who looks at accesses (data_mismatch.ts).
    take: ({ pfns }, count) => setState(pfns, count, FRAME_IN_USE),
  };
  const freed: BatchListener<PageFrees> = {
    fits({ pfns }, count) {
      const rows = new Rows(watches);
      for (let i = 0; i < count; i++) {
        const at = rows.read(pfns[i]!) + STATE;
        if (rows.numbers[at] === FRAME_FREE) return i;
      }
      return count;
    },
    take: ({ pfns }, count) => setState(pfns, count, FRAME_FREE),
  };
  const alloc = () => {
    const frame = context.frame(machine.args[0] as number);
    frame.state = FRAME_IN_USE;
    if (frame.word !== 0) frame.word = 0;
  };
  const free = () => {
    const pfn = machine.args[0] as number;
    const frame = context.frame(pfn);
    if (frame.state !== FRAME_FREE) {
      frame.state = FRAME_FREE;
      return;
    }
    context.raise({
      kind: "double-free",
      key: `double-free ${hex(pfn)}`,
      message: `Bad page state in process ${context.runner()} pfn:${hex(pfn)}: page is freed that is free already`,
      objects: [pageObject(pfn)],
    });
  };
  machine.listen("alloc_page", alloc, { anon_faults: allocated });
  machine.listen("free_page", free, { page_frees: freed });
  machine.listen("alloc_hugetlb_folio", alloc);
  machine.listen("free_huge_folio", free);
}

const STATE = frame_watch.byName.get("state")!.at;

// double-free: an object is freed once.
// Observes the free list of frames; structures that are freed twice are told by the store (use_after_free.ts).
import type { Context } from "./context.ts";
import { hex, pageObject } from "./report.ts";
import { FRAME_FREE, FRAME_IN_USE } from "./watch.ts";

export function doubleFree(context: Context): void {
  const { machine } = context;
  machine.listen("alloc_page", () => {
    const frame = context.frame(machine.args[0] as number);
    frame.state = FRAME_IN_USE;
    if (frame.word !== 0) frame.word = 0;
  });
  machine.listen("free_page", () => {
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
  });
}

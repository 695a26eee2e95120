// rss-mismatch: the RSS counters equal what the page tables map.
// Observes the end of each mm, where nothing is mapped any more and every counter must be zero.
import type { Mm } from "../kernel/mm_types.ts";
import { alive, type Context, mmName, nameOf } from "./context.ts";
import { object } from "./report.ts";

const COUNTERS = [
  ["MM_FILEPAGES", "rss_file"],
  ["MM_ANONPAGES", "rss_anon"],
  ["MM_SWAPENTS", "rss_swap"],
  ["MM_SHMEMPAGES", "rss_shmem"],
] as const;

export function rssMismatch(context: Context): void {
  const { machine } = context;
  machine.listen("mm_free", () => {
    const mm = machine.args[0] as Mm;
    if (!alive(mm)) return;
    for (const [name, field] of COUNTERS) {
      if (mm[field] === 0) continue;
      context.raise({
        kind: "rss-mismatch",
        key: `rss-mismatch ${name} ${nameOf(mm)}`,
        message: `Bad rss-counter state mm:${mmName(mm)} type:${name} val:${mm[field]}`,
        objects: [object(mm)],
      });
    }
  });
}

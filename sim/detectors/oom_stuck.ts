// oom-stuck: memory that nobody can reach can be freed by the OOM killer.
// Observes faults that end for want of memory: the killer picks tasks, so the memory of an address space that no living
// task uses is out of its reach. Reported where that is most of the memory.
import { OOM } from "../kernel/arch/x86/mm/fault.ts";
import type { Mm } from "../kernel/mm_types.ts";
import type { Context } from "./context.ts";
import { object } from "./report.ts";

export function oomStuck(context: Context): void {
  const { machine, system } = context;
  machine.listen("signal", () => {
    if (machine.args[0] !== OOM) return;
    const used = new Set(system.straight.tasks().map((task) => (task.exit_state === 0 ? task.mm : null)));
    const stuck: Mm[] = [];
    let pages = 0;
    for (const mm of machine.store.storage("mm_struct").all() as IterableIterator<Mm>) {
      if (used.has(mm) || mm === system.straight.init_mm) continue;
      const held = mm.rss_anon + mm.rss_file + mm.rss_shmem + mm.pgtables_bytes / 4096;
      if (held === 0) continue;
      stuck.push(mm);
      pages += held;
    }
    if (pages * 2 < system.straight.zone.managed_pages) return;
    context.raise({
      kind: "oom-stuck",
      key: "oom-stuck",
      message: `Out of memory, and no killable process has it: ${pages} pages belong to ${stuck.map(({ name }) => name).join(", ")}, which no task uses`,
      objects: stuck.map((mm) => object(mm)),
    });
  });
}

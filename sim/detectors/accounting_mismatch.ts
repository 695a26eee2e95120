// accounting-mismatch: page-table bytes, memcg charges and fault counts go to who owns them.
// Observes memory that is charged to an mm whose owner has ended, and at the end of the run whether the system counts as
// many page tables as there are, and control groups as many pages as are charged to them.
import { unconcerned } from "../core/batch.ts";
import { idOf } from "../core/struct.ts";
import { type MemCgroup, mem_cgroup } from "../kernel/mm/memcontrol.ts";
import type { AnonFaults } from "../kernel/mm/memory_batch.ts";
import { PAGE_TYPE } from "../kernel/mm/page_alloc.ts";
import { self_and_above } from "../kernel/mm/page_counter.ts";
import type { Mm, Task } from "../kernel/mm_types.ts";
import { alive, type Context, mmName } from "./context.ts";
import { object } from "./report.ts";

/** Nobody has to be charged, or somebody lives who can be. */
const isOwned = ({ owner }: Mm): boolean => !owner || (alive(owner) && owner.exit_state === 0);

export function accountingMismatch(context: Context): () => void {
  const { machine, system } = context;
  const { args } = machine;

  const charged = (mm: Mm, what: string) => {
    const owner: Task | null = mm.owner;
    if (isOwned(mm)) return;
    context.raise({
      kind: "accounting-mismatch",
      key: `accounting-mismatch owner ${idOf(mm)}`,
      message: `${what} of ${mmName(mm)} is charged to ${owner && alive(owner) ? owner.comm : "a freed task"}, which has ended: mm->owner is dangling`,
      objects: owner ? [object(mm), object(owner)] : [object(mm)],
    });
  };
  machine.listen("alloc_table", () => {
    const mm = args[2] as Mm | null;
    if (mm && alive(mm)) charged(mm, "a page table");
  });
  const fits = ({ mm }: AnonFaults, count: number) => (isOwned(mm) ? count : 0);
  machine.listen(
    "set_pte",
    () => {
      const mm = args[0] as Mm;
      if (args[3] === 0 && alive(mm)) charged(mm, "a page");
    },
    // What goes is charged to nobody.
    { anon_faults: { fits, take() {} }, anon_zaps: unconcerned },
  );

  /** What control groups have against the pages that are charged to them. */
  const groups = () => {
    const { zone, store } = system.straight;
    const counted = new Map<MemCgroup, number>();
    for (const memcg of store.all(mem_cgroup) as IterableIterator<MemCgroup>) counted.set(memcg, 0);
    if (counted.size < 2) return;
    for (let pfn = 0; pfn < zone.fresh; pfn++) {
      for (const memcg of self_and_above(context.page(pfn).memcg)) counted.set(memcg, (counted.get(memcg) ?? 0) + 1);
    }
    for (const [memcg, pages] of counted) {
      const { usage } = memcg.memory;
      if (!memcg.parent || usage === pages) continue;
      context.raise({
        kind: "accounting-mismatch",
        key: `accounting-mismatch memcg ${idOf(memcg)}`,
        message: `memory.current of control group ${memcg.name} counts ${usage} pages, but ${pages} are charged to it`,
        objects: [object(memcg)],
      });
    }
  };

  return () => {
    groups();
    const { vmstat, zone, init_mm } = system.straight;
    // 6.12 counts neither PGDs nor P4D tables (arch/x86/mm/pgtable.ts).
    const top = system.config.version === "6.12" ? PAGE_TYPE.pud : PAGE_TYPE.pgd;
    let tables = 0;
    for (let pfn = 0; pfn < zone.fresh; pfn++) {
      const { type } = context.page(pfn);
      if (type >= PAGE_TYPE.pte && type <= top && pfn !== init_mm.pgd) tables++;
    }
    if (tables === vmstat.nr_pagetable) return;
    context.raise({
      kind: "accounting-mismatch",
      key: "accounting-mismatch nr_pagetable",
      message: `PageTables counts ${vmstat.nr_pagetable} page tables, but there are ${tables}`,
      objects: [],
    });
  };
}

// Walks without a lock (get_user_pages_fast): nobody is left in a table that its mm shared, and has given up. Who gives it
// up may be waiting for those that are in it, as long as it holds the locks under which it did; then others may use the
// table as their own.
import { idOf } from "../core/struct.ts";
import type { Mm } from "../kernel/mm_types.ts";
import { type Context, mmName } from "./context.ts";
import type { LockListener } from "./held_locks.ts";
import { hex, object, pageObject } from "./report.ts";
import { tableAt } from "./tables.ts";

const NONE: readonly number[] = [];

/** use-after-free of tables; freed ones are found by whoever reads from them (use_after_free.ts). */
export function locklessWalk(context: Context): LockListener {
  const { machine } = context;
  const { args } = machine;
  const mappings = machine.store.storages.find(({ type }) => type.name === "address_space");

  machine.listen("pmd_unshare", () => {
    const thread = context.mine();
    thread.unshared = [...thread.unshared, args[0] as number, idOf(args[2] as Mm)];
  });
  machine.listen("pmd_share", () => {
    const table = context.table(args[0] as number);
    if (table.given_up_by === idOf(args[2] as Mm)) table.given_up_by = 0;
  });
  machine.listen("alloc_table", () => {
    context.table(args[0] as number).given_up_by = 0;
  });

  machine.listen("gup_fast", () => {
    const [level, address, , table, mm] = args as [string, number, number, number, Mm];
    const { given_up_by } = context.table(table);
    if (level !== "pmd" || given_up_by !== idOf(mm) || tableAt(context, mm.pgd, address, 2) === table) return;
    const owner = context.page(table).pt_mm;
    const now = owner ? `a table of ${mmName(owner)}` : "others'";
    context.raise({
      kind: "use-after-free",
      key: `use-after-free lockless ${hex(table)} ${idOf(mm)}`,
      message:
        `use-after-free of a page table: ${context.runner()} reads the PMD entry of ${mmName(mm)} for ${hex(address)} without a lock in pfn:${hex(table)}, ` +
        `which ${mmName(mm)} has given up; nobody waited for it, and the table is ${now} now`,
      objects: [pageObject(table), object(mm)],
    });
  });

  return {
    released(thread, lock) {
      if (thread.unshared.length === 0 || lock.$.type !== mappings?.type) return;
      const { unshared } = thread;
      for (let i = 0; i < unshared.length; i += 2) context.table(unshared[i]!).given_up_by = unshared[i + 1]!;
      thread.unshared = NONE;
    },
  };
}

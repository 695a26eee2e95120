// dangling-page-table: every present upper-level entry leads to a table that a VMA of that mm still covers.
// Observes where mmap_lock is released after VMAs were unlinked: then the tables of that range must be gone or needed by
// others; and page tables that are freed while an entry still leads to them.

import type { BatchListener } from "../core/batch.ts";
import { Rows } from "../core/rows.ts";
import { idOf } from "../core/struct.ts";
import { _PAGE_PRESENT, _PAGE_PSE, entryPfn } from "../hardware/entry.ts";
import { indexAt } from "../hardware/mmu.ts";
import type { PageFrees } from "../kernel/mm/page_alloc_batch.ts";
import type { Mm, Vma } from "../kernel/mm_types.ts";
import { alive, type Context, living, mmName } from "./context.ts";
import type { LockListener } from "./held_locks.ts";
import { hex, object, pageObject } from "./report.ts";
import { levelName, levelSize, presentEntries, topLevel } from "./tables.ts";
import { intersects } from "./vmas.ts";
import { table_watch } from "./watch.ts";

export function danglingPageTable(context: Context): LockListener {
  const { machine } = context;
  const { args } = machine;

  machine.listen("vma_unlink", () => {
    const [, mm, start, end] = args as [Vma, Mm, number, number];
    const thread = context.mine();
    const id = idOf(mm);
    const more = thread.unlinked_mm === id;
    thread.unlinked_mm = id;
    thread.unlinked_from = more ? Math.min(thread.unlinked_from, start) : start;
    thread.unlinked_to = more ? Math.max(thread.unlinked_to, end) : end;
  });

  const unlinked: BatchListener<PageFrees> = {
    fits({ pfns }, count) {
      const rows = new Rows(machine.store.storage(table_watch.name));
      for (let i = 0; i < count; i++) {
        const at = rows.read(pfns[i]!) + LINKS;
        if (rows.numbers[at] !== 0) return i;
      }
      return count;
    },
    take() {},
  };
  machine.listen(
    "free_page",
    () => {
      const pfn = args[0] as number;
      const table = context.table(pfn);
      if (table.links === 0) return;
      table.links = 0;
      const from = linkedFrom(context, pfn);
      if (from) freed(context, pfn, from);
    },
    { page_frees: unlinked },
  );

  // What a freed table leads to has one entry less that leads to it.
  machine.listen("free_table", () => {
    if (args[1] === "pte" || (args[1] !== "pgd" && context.table(args[0] as number).unlinked_full === 0)) return;
    for (const { entry } of presentEntries(context, args[0] as number)) {
      if (!(entry & _PAGE_PRESENT) || entry & _PAGE_PSE) continue;
      const table = context.table(entryPfn(entry));
      if (table.links > 0) table.links--;
    }
  });

  return {
    released(thread, lock) {
      if (thread.unlinked_mm === 0 || idOf(lock) !== thread.unlinked_mm) return;
      const mm = living<Mm>(context, "mm_struct", thread.unlinked_mm);
      if (mm && (mm.mmap_lock.$ !== lock.$ || mm.mmap_lock.base !== lock.base)) return;
      thread.unlinked_mm = 0;
      // The entries of an mm that nobody uses any more go with it.
      if (mm && mm.mm_users > 0)
        check(context, mm, mm.pgd, topLevel(context), thread.unlinked_from, thread.unlinked_to);
    },
  };
}

const LINKS = table_watch.byName.get("links")!.at;

/** The entries of one table for [from, to), and the tables below that are the mm's own. */
function check(context: Context, mm: Mm, table: number, level: number, from: number, to: number): void {
  const { memory } = context.system.straight;
  const size = levelSize(level);
  for (let address = from - (from % size); address < to; address += size) {
    const entry = memory.readEntry(table, indexAt(address, level));
    if (!(entry & _PAGE_PRESENT) || entry & _PAGE_PSE) continue;
    const pfn = entryPfn(entry);
    if (!intersects(mm, address, address + size)) {
      const whose = owner(context, pfn);
      context.raise({
        kind: "dangling-page-table",
        key: `dangling-page-table ${level} ${hex(address)} ${idOf(mm)}`,
        message:
          `the ${levelName(context, level)} entry of ${mmName(mm)} for ${hex(address)}-${hex(address + size)} still leads to ` +
          `the ${levelName(context, level - 1)} table pfn:${hex(pfn)}${whose === mmName(mm) ? "" : ` of ${whose}`}, but no VMA of ${mmName(mm)} is left there: reads succeed after munmap`,
        objects: [object(mm), pageObject(pfn)],
      });
      continue;
    }
    if (level === 2 || context.page(pfn).pt_mm !== mm) continue;
    check(context, mm, pfn, level - 1, Math.max(from, address), Math.min(to, address + size));
  }
}

function owner(context: Context, table: number): string {
  const mm = context.page(table).pt_mm;
  return mm ? mmName(mm) : "nobody";
}

/** Some mm whose top-level table has an entry for this table. Only asked when something is wrong. */
function linkedFrom(context: Context, table: number): { mm: Mm; address: number } | null {
  for (const mm of context.machine.store.storage("mm_struct").all() as IterableIterator<Mm>) {
    if (!alive(mm) || mm.pgd === 0) continue;
    for (const { index, entry } of presentEntries(context, mm.pgd))
      if (entry & _PAGE_PRESENT && entryPfn(entry) === table)
        return { mm, address: index * levelSize(topLevel(context)) };
  }
  return null;
}

function freed(context: Context, pfn: number, { mm, address }: { mm: Mm; address: number }): void {
  context.raise({
    kind: "dangling-page-table",
    key: `dangling-page-table freed ${idOf(mm)} ${hex(address)}`,
    message: `page table pfn:${hex(pfn)} is freed while the PGD entry of ${mmName(mm)} for ${hex(address)} still leads to it`,
    objects: [object(mm), pageObject(pfn)],
  });
}

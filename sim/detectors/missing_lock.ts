// missing-lock: page tables, VMAs and counters are touched only under the lock that guards them.
// Observes entries that are written and VMAs that change. A PTE needs its table's lock; a new one also the mmap_lock of its
// mm or a VMA's lock, or the reverse map through which reclaim found the place; so has the PMD entry of a huge page. A table
// is linked under the lock of the table above it (at the top, page_table_lock). VMAs change under mmap_lock for writing. A
// PMD table that hugetlb shares is given up under its file's i_mmap_rwsem. Clearing other upper entries is left out: nobody can reach what is being freed.

import { type BatchListener, unconcerned } from "../core/batch.ts";
import { idOf } from "../core/struct.ts";
import { _PAGE_PRESENT, _PAGE_PSE, entryPfn } from "../hardware/entry.ts";
import type { AnonZaps } from "../kernel/mm/memory_zap_batch.ts";
import type { Mm, Vma } from "../kernel/mm_types.ts";
import { alive, type Context, mmName } from "./context.ts";
import { type HeldLocks, WRITE } from "./held_locks.ts";
import { hex, object, pageObject } from "./report.ts";
import { levelName, topLevel } from "./tables.ts";

/** Lock class of i_mmap_rwsem of files of huge pages. */
const HUGETLB_RMAP = "&hugetlbfs_i_mmap_rwsem_key";

export function missingLock(context: Context, locks: () => HeldLocks): void {
  const { machine } = context;
  const { args } = machine;
  const { init_mm } = context.system.straight;

  const written = () => {
    const thread = context.mine();
    const mm = args[0] as Mm;
    if (mm === init_mm) return;
    if (!locks().holdsTable(thread, args[5] as number)) {
      unguarded(context, 1, "the page table's lock");
      return;
    }
    if (args[3] !== 0 || !((args[2] as number) & _PAGE_PRESENT)) return;
    if (!locks().holdsIn(thread, mm) && !locks().holdsReverseMap(thread))
      unguarded(context, 1, "mmap_lock or the VMA's lock");
  };
  // Each fault of a run takes the locks (held_locks.ts); who zaps a table holds its lock all the time.
  const guarded: BatchListener<AnonZaps> = {
    fits: ({ mm, table }, count) => (mm === init_mm || locks().holdsTable(context.mine(), table) ? count : 0),
    take() {},
  };
  machine.listen("set_pte", written, { anon_faults: unconcerned, anon_zaps: guarded });
  const link = (level: number) => () => {
    const mm = args[0] as Mm;
    const now = args[2] as number;
    if (args[3] !== 0 || !(now & _PAGE_PRESENT) || mm === init_mm) return;
    // A table of another mm that is linked is not this mm's to guard.
    if (context.page(entryPfn(now)).pt_mm !== mm) return;
    const lock = level >= 4 ? mm.page_table_lock : context.page(args[5] as number).ptl;
    if (!locks().isHeld(context.mine(), lock, WRITE))
      unguarded(context, level, level >= 4 ? "page_table_lock" : "the page table's lock");
  };
  machine.listen("set_pud", () => {
    const [mm, , now, old] = args as [Mm, number, number, number];
    if (now !== 0 || !(old & _PAGE_PRESENT) || context.page(entryPfn(old)).pt_share_count === 0) return;
    if (!locks().holdsClass(context.mine(), HUGETLB_RMAP, WRITE) && alive(mm)) unguarded(context, 3, "i_mmap_rwsem");
  });
  const linkPmd = link(2);
  machine.listen("set_pmd", () => {
    const [mm, , now, old, , table] = args as [Mm, number, number, number, number, number];
    if (!((now | old) & _PAGE_PSE)) {
      linkPmd();
      return;
    }
    const thread = context.mine();
    if (!locks().holdsTable(thread, table)) unguarded(context, 2, "the page table's lock");
    else if (old === 0 && !locks().holdsIn(thread, mm)) unguarded(context, 2, "mmap_lock or the VMA's lock");
  });
  machine.listen("set_pud", link(3));
  machine.listen("set_p4d", link(4));
  if (topLevel(context) === 5) machine.listen("set_pgd", link(5));

  const changed = (what: string) => () => {
    const [vma, mm] = args as [Vma, Mm];
    if (!alive(mm) || locks().isHeld(context.mine(), mm.mmap_lock, WRITE)) return;
    context.raise({
      kind: "missing-lock",
      key: `missing-lock ${what} ${idOf(mm)}`,
      message: `a VMA of ${mmName(mm)} is ${what} by ${context.runner()}, who does not hold its mmap_lock for writing`,
      objects: [object(mm), object(vma)],
    });
  };
  machine.listen("vma_link", changed("linked"));
  machine.listen("vma_unlink", changed("unlinked"));
  machine.listen("vma_change", changed("changed"));
}

function unguarded(context: Context, level: number, lock: string): void {
  const [mm, address, , , , table] = context.machine.args as [Mm, number, number, number, number, number];
  context.raise({
    kind: "missing-lock",
    key: `missing-lock ${level} ${lock} ${idOf(mm)}`,
    message: `the ${levelName(context, level)} entry of ${mmName(mm)} for ${hex(address)} is written by ${context.runner()}, who does not hold ${lock}`,
    objects: [object(mm), pageObject(table)],
  });
}

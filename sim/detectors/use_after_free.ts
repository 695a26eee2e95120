// use-after-free: nothing reads, writes or walks a freed page, page table, VMA, mm_struct, inode or file.
// Observes every use of a freed structure (the store tells it), every walk of the MMU, every entry that the kernel reads
// or writes and every lock of a page table: the frame must be a page table, of that level, now; and references to pages that
// are free or still mapped.
import { type BatchListener, unconcerned } from "../core/batch.ts";
import { type Handle, idOf } from "../core/struct.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { AnonFaults } from "../kernel/mm/memory_batch.ts";
import type { AnonZaps } from "../kernel/mm/memory_zap_batch.ts";
import { PAGE_TYPE } from "../kernel/mm/page_alloc.ts";
import { type Mm, PAGE_TYPES } from "../kernel/mm_types.ts";
import { type Context, mmName, nameOf } from "./context.ts";
import { datesOf, duringStep, hex, object, pageObject } from "./report.ts";
import { levelName, topLevel } from "./tables.ts";
import { FRAME_FREE } from "./watch.ts";

/** Level of a page table by the type of its frame; 0: no page table. */
function levelOf(context: Context, pfn: number): number {
  const { type } = context.page(pfn);
  if (type < PAGE_TYPE.pte || type > PAGE_TYPE.pgd) return 0;
  return type === PAGE_TYPE.pgd ? topLevel(context) : type - PAGE_TYPE.pte + 1;
}

export function useAfterFree(context: Context, suspended: () => boolean): void {
  const { machine, system } = context;
  const { store } = machine;

  store.onStale = (handle, field, how) => {
    if (machine.thread === null || suspended()) return;
    duringStep(machine, () => {
      if (how === "freed again") doubleFree(context, handle);
      else staleUse(context, handle, field, how);
    });
  };

  const isLevel = (pfn: number, level: number) => levelOf(context, pfn) === level;
  const walks: BatchListener<AnonFaults> = {
    fits: ({ tables }, count) => (tables.every((pfn, i) => isLevel(pfn, tables.length - i)) ? count : 0),
    take() {},
  };
  const zapped: BatchListener<AnonZaps> = { fits: ({ table }, count) => (isLevel(table, 1) ? count : 0), take() {} };
  machine.listen("tlb_fill", () => hardwareWalk(context), { anon_faults: walks });
  machine.listen("page_fault", () => hardwareWalk(context), { anon_faults: walks });
  for (const [level, event] of ["", "set_pte", "set_pmd", "set_pud", "set_p4d"].entries()) {
    if (event) machine.listen(event, () => entryWritten(context, level), { anon_faults: walks, anon_zaps: zapped });
  }
  const pages = store.storage("page");
  for (const [event, does] of [
    ["lock", "takes"],
    ["unlock", "releases"],
  ] as const) {
    const used = () => {
      const lock = machine.args[0] as Handle;
      if (lock.$ === pages && levelOf(context, lock.slot) === 0) lockOfFreed(context, lock.slot, does);
    };
    machine.listen(event, used, { anon_faults: walks });
  }
  machine.listen("set_pgd", () => entryWritten(context, topLevel(context)));
  for (const k of [system.stepping, system.straight]) watchReads(context, k, suspended);

  const putLast = () => {
    if (machine.args[1] !== 0) return;
    const page = context.page(machine.args[0] as number);
    if (page.mapcount <= 0) return;
    context.raise({
      kind: "use-after-free",
      key: `use-after-free mapped ${PAGE_TYPES[page.type as 0]}`,
      message: `Bad page state in process ${context.runner()} pfn:${hex(page.slot)}: nonzero mapcount: the page is freed while ${page.mapcount} page-table entries map it`,
      objects: [pageObject(page.slot)],
    });
  };
  // A run consists of pages that nothing maps.
  machine.listen("put_page", putLast, { page_frees: unconcerned });
}

function staleUse(context: Context, handle: Handle, field: string, how: "read" | "written"): void {
  const { type } = handle.$;
  context.raise({
    kind: "use-after-free",
    key: `use-after-free ${nameOf(handle)} ${field} ${how}`,
    message:
      `slab-use-after-free: ${how === "read" ? "Read" : "Write"} of ${type.name}.${field} by task ${context.runner()}; ` +
      `the ${type.name} (${handle.slot}#${handle.gen}) ${lifeText(handle)}`,
    objects: [object(handle)],
  });
}

function lifeText(handle: Handle): string {
  const { born, died } = datesOf(handle);
  if (died === undefined) return "was freed, and its memory is another's by now";
  return `was allocated ${born === undefined ? "at the beginning" : `at step ${born}`} and freed at step ${died}`;
}

/** double-free of a structure; of frames: double_free.ts. */
function doubleFree(context: Context, handle: Handle): void {
  context.raise({
    kind: "double-free",
    key: `double-free ${nameOf(handle)}`,
    message: `double-free of ${handle.$.type.name} ${handle.slot}#${handle.gen} by task ${context.runner()}; it ${lifeText(handle)}`,
    objects: [object(handle)],
  });
}

/** The walk that the MMU has just done: each table one level below the one before it. */
function hardwareWalk(context: Context): void {
  const { mmu } = context.system.straight;
  let above = 0;
  for (let i = 0; i < mmu.steps; i++) {
    const pfn = mmu.walked[i]!;
    const level = levelOf(context, pfn);
    if (level === 0 || (above !== 0 && level !== above - 1)) {
      const cpu = context.machine.thread?.cpu ?? 0;
      badTable(
        context,
        pfn,
        `the page walk of CPU ${cpu} at ${hex(context.machine.args[0] as number)} reads`,
        `walk ${cpu}`,
      );
      return;
    }
    above = level;
  }
}

function entryWritten(context: Context, level: number): void {
  const { args } = context.machine;
  const pfn = args[5] as number;
  if (levelOf(context, pfn) === level) return;
  const mm = args[0] as Mm;
  const what = `the ${levelName(context, level)} entry of ${mmName(mm)} for ${hex(args[1] as number)} is written to`;
  badTable(context, pfn, what, `write ${level} ${idOf(mm)}`);
}

/** A page table's lock lies beside it and goes with it. */
function lockOfFreed(context: Context, pfn: number, does: string): void {
  badTable(context, pfn, `${context.runner()} ${does} the lock of`, `lock ${does}`);
}

/** Reads of entries are no steps. The kernel does them with one function, which is listened to here. */
function watchReads(context: Context, k: Kernel, suspended: () => boolean): void {
  const read = k.read_entry;
  const { machine } = context;
  const watched = (entryp: number): number => {
    const pfn = Math.floor(entryp / 512);
    if (levelOf(context, pfn) === 0 && machine.thread !== null && !suspended())
      duringStep(machine, () => badTable(context, pfn, `${context.runner()} reads a page-table entry of`, "read"));
    return read(entryp);
  };
  (k as { read_entry: typeof watched }).read_entry = watched;
}

function badTable(context: Context, pfn: number, what: string, key: string): void {
  const page = context.page(pfn);
  const free = page.type === PAGE_TYPE.free;
  const now = free ? "free" : `in use as ${PAGE_TYPES[page.type as 0]}`;
  const freed = context.frame(pfn).state === FRAME_FREE ? "a freed page table" : "a frame that is no such page table";
  context.raise({
    kind: "use-after-free",
    key: `use-after-free table ${key} ${hex(pfn)}`,
    message: `use-after-free of a page table: ${what} pfn:${hex(pfn)}, ${freed}; the frame is ${now}`,
    objects: [pageObject(pfn)],
  });
}

// Accesses of user memory, with the VMA that covers them at that time. The last VMA of each thread is remembered until one
// changes somewhere, so that a loop over a mapping costs no search.
import type { BatchListeners } from "../core/batch.ts";
import { idOf } from "../core/struct.ts";
import { VM_SHARED } from "../kernel/flags.ts";
import type { Mm } from "../kernel/mm_types.ts";
import type { Context } from "./context.ts";
import { vmaAt } from "./vmas.ts";
import type { ThreadWatch } from "./watch.ts";

export type Verb = "reads" | "writes" | "executes";

/** What a VMA maps. */
export const NO_VMA = 0;
export const PRIVATE_ANON = 1;
export const PRIVATE_FILE = 2;
export const SHARED_FILE = 3;
export const OTHER = 4;

/** One access: it has happened. */
export interface Access {
  readonly verb: Verb;
  readonly address: number;
  readonly pfn: number;
  readonly mm: Mm;
  /** What covers the address: its `vma_…` fields. */
  readonly thread: ThreadWatch;
  readonly bytes: number;
}

/** Whether the thread's last access was in this VMA of an address space, as it still is. */
export const knowsVma = (context: Context, thread: ThreadWatch, mm: Mm, from: number, to: number): boolean =>
  thread.vma_epoch === context.state.vma_epoch &&
  thread.vma_mm === idOf(mm) &&
  from >= thread.vma_from &&
  to <= thread.vma_to;

export function watchAccesses(
  context: Context,
  listeners: readonly ((access: Access) => void)[],
  batches: BatchListeners,
): void {
  const { machine, state } = context;
  const { args } = machine;
  const changed = () => {
    state.vma_epoch++;
  };
  for (const event of ["vma_link", "vma_unlink", "vma_change"]) machine.listen(event, changed);

  function lookUp(thread: ThreadWatch, mm: Mm, address: number): void {
    const vma = vmaAt(mm, address);
    thread.vma_epoch = state.vma_epoch;
    thread.vma_mm = idOf(mm);
    thread.vma_from = vma ? vma.vm_start : address;
    thread.vma_to = vma ? vma.vm_end : address + 1;
    thread.vma_kind = NO_VMA;
    thread.vma_flags = vma ? vma.vm_flags >>> 0 : 0;
    if (!vma) return;
    thread.vma_pgoff = vma.vm_pgoff;
    const shared = (vma.vm_flags & VM_SHARED) !== 0;
    const mapping = vma.vm_file?.f_inode?.i_mapping ?? null;
    thread.vma_mapping = mapping ? idOf(mapping) : 0;
    if (!vma.vm_file) thread.vma_kind = shared ? OTHER : PRIVATE_ANON;
    else thread.vma_kind = shared ? SHARED_FILE : PRIVATE_FILE;
  }

  /** One object for all accesses: it is valid until the next. */
  const access = {
    verb: "reads" as Verb,
    address: 0,
    pfn: 0,
    mm: null as unknown as Mm,
    thread: context.threads[0]!,
    bytes: 0,
  };
  const seen = (verb: Verb) => () => {
    const mm = args[2] as Mm | null;
    if (!mm) return;
    const thread = context.mine();
    const address = args[0] as number;
    if (!knowsVma(context, thread, mm, address, address + 1)) lookUp(thread, mm, address);
    access.verb = verb;
    access.address = address;
    access.pfn = args[1] as number;
    access.mm = mm;
    access.thread = thread;
    access.bytes = verb === "writes" ? (args[3] as number) : 8;
    for (const told of listeners) told(access);
  };
  machine.listen("load", seen("reads"));
  machine.listen("store", seen("writes"), batches);
  machine.listen("exec", seen("executes"));
}

// notifier-missed: a secondary MMU is told before the page that it maps goes away.
// Observes the entries of guests' stage-2 tables, which hold no references. While one leads to a frame, the process's own
// tables must lead there too, with the same rights: who changes these has to have it taken away first. And every access of
// a guest, which must find what its process would find.
import { type BatchListener, unconcerned } from "../core/batch.ts";
import { idOf } from "../core/struct.ts";
import { _PAGE_PRESENT, _PAGE_RW, entryPfn } from "../hardware/entry.ts";
import { EPT_WRITE, gfn_to_hva, gfn_to_memslot, type Kvm, kvm } from "../kernel/virt/kvm/kvm_host.ts";
import { alive, type Context, mmName } from "./context.ts";
import { hex, object, pageObject } from "./report.ts";
import { levelName, topLevel, walk, walked } from "./tables.ts";
import { FRAME_FREE } from "./watch.ts";

export function notifierMissed(context: Context): void {
  const { machine, state } = context;
  const { args } = machine;

  machine.listen("set_spte", () => {
    const count = (entry: number, by: 1 | -1) => {
      if (entry === 0) return;
      context.frame(entryPfn(entry)).guests += by;
      state.guests += by;
    };
    count(args[3] as number, -1);
    count(args[2] as number, 1);
  });

  /** Without guests there is nothing to be told of. */
  const without: BatchListener<unknown> = { fits: (_, count) => (state.guests === 0 ? count : 0), take() {} };

  const written = () => {
    const old = args[3] as number;
    if (state.guests === 0 || !(old & _PAGE_PRESENT)) return;
    const pfn = entryPfn(old);
    if (context.frame(pfn).guests > 0) judge(1, (entry) => entryPfn(entry) === pfn);
  };
  machine.listen("set_pte", written, { anon_faults: unconcerned, anon_zaps: without });
  for (const [event, level] of [
    ["set_pmd", 2],
    ["set_pud", 3],
    ["set_p4d", 4],
    ["set_pgd", topLevel(context)],
  ] as const)
    machine.listen(event, () => {
      if (state.guests > 0 && (args[3] as number) & _PAGE_PRESENT) judge(level, () => true);
    });

  /** An entry of a process's tables has changed: those of guests that must have gone before. */
  function judge(level: number, concerns: (spte: number) => boolean): void {
    const address = args[1] as number;
    for (const vm of machine.store.all(kvm) as IterableIterator<Kvm>) {
      for (const [gfn, spte] of vm.spte.entries()) {
        if (!concerns(spte) || grants(context, vm, gfn, spte)) continue;
        const whose = `the ${levelName(context, level)} entry for ${hex(address)} is changed by ${context.runner()}`;
        raise(context, "change", vm, gfn, spte, `${whose} before the guest is told`);
        return;
      }
    }
  }

  const freed = () => {
    const pfn = args[0] as number;
    if (state.guests === 0 || context.frame(pfn).guests === 0) return;
    for (const vm of machine.store.all(kvm) as IterableIterator<Kvm>)
      for (const [gfn, spte] of vm.spte.entries())
        if (entryPfn(spte) === pfn) raise(context, "free", vm, gfn, spte, "the page is freed");
  };
  machine.listen("free_page", freed, { page_frees: without });

  const accessed = (verb: "reads" | "writes") => () => {
    const [gpa, pfn, vm] = args as [number, number, Kvm];
    const gfn = Math.floor(gpa / 4096);
    const spte = vm.spte.get(gfn) ?? 0;
    if (grants(context, vm, gfn, spte)) return;
    const free = context.frame(pfn).state === FRAME_FREE;
    const what = free ? "which is free now" : "which its process has not mapped there any more";
    raise(context, verb, vm, gfn, spte, `the guest ${verb} ${hex(gpa)} in that page, ${what}`);
  };
  machine.listen("guest_load", accessed("reads"));
  machine.listen("guest_store", accessed("writes"));
}

/** Whether the process's tables lead to the frame of a stage-2 entry too, and allow as much. */
function grants(context: Context, vm: Kvm, gfn: number, spte: number): boolean {
  const slot = gfn_to_memslot(vm, gfn);
  const { mm } = vm;
  if (!slot || !mm || !alive(mm)) return false;
  walk(context, mm.pgd, gfn_to_hva(slot, gfn));
  const { entry } = walked;
  if (entry === 0) return false;
  const writable = (spte & EPT_WRITE) === 0 || (entry & _PAGE_RW) !== 0;
  return entryPfn(entry) + within(gfn, walked.level) === entryPfn(spte) && writable;
}

/** Frame of a guest page in a huge page. */
const within = (gfn: number, level: number): number => gfn % 512 ** (level - 1);

function raise(context: Context, what: string, vm: Kvm, gfn: number, spte: number, why: string): void {
  const pfn = entryPfn(spte);
  const mm = vm.mm;
  const whose = mm ? mmName(mm) : "nobody";
  context.raise({
    kind: "notifier-missed",
    key: `notifier-missed ${what} ${idOf(vm)}`,
    message: `the secondary MMU of a guest of ${whose} maps pfn:${hex(pfn)} at guest address ${hex(gfn * 4096)}, and ${why}`,
    objects: mm ? [pageObject(pfn), object(vm), object(mm)] : [pageObject(pfn), object(vm)],
  });
}

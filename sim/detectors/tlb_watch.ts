// Which translations CPUs may still use: for each frame the ones that were put into TLBs, for each page table the addresses
// at which it was linked. What is no longer in the TLB is found out when it is looked at; nothing is told when it goes.
// A translation is stale when it grants more than the page tables do; who took the right away owes its flush.
import { type BatchListener, unconcerned } from "../core/batch.ts";
import { places, Rows } from "../core/rows.ts";
import { _PAGE_PRESENT, _PAGE_PSE, _PAGE_RW, entryNx, entryPfn } from "../hardware/entry.ts";
import { type Tlb, tlb_cache, tlbContents, tlbLookup } from "../hardware/tlb.ts";
import type { AnonFaults } from "../kernel/mm/memory_batch.ts";
import type { AnonZaps } from "../kernel/mm/memory_zap_batch.ts";
import type { Cpu, Mm } from "../kernel/mm_types.ts";
import { alive, type Context } from "./context.ts";
import { Debt } from "./debt.ts";
import { hasEntries, topLevel, walk, walked } from "./tables.ts";
import {
  type FrameWatch,
  frame_watch,
  NO_FILLS,
  type StaleWatch,
  stale_watch,
  type TableWatch,
  type ThreadWatch,
} from "./watch.ts";

/** No `%`: numbers above 2^31 are divided in software. A place in a TLB as a number: ((page × CPUS) + cpu) × PCIDS + pcid, plus 1. */
const CPUS = 256;
const PCIDS = 8;
/** PCIDs that the kernel uses. */
const PCIDS_USED = 6;
const HUGE_BYTES = 2 ** 21;
/** Places that are remembered for one frame or table; older ones are forgotten. */
const MOST_PLACES = 64;

export interface Place {
  readonly cpu: number;
  readonly pcid: number;
  readonly address: number;
}

export const placeOf = (fill: number): Place => {
  const n = fill - 1;
  return {
    pcid: n & (PCIDS - 1),
    cpu: Math.floor(n / PCIDS) & (CPUS - 1),
    address: pageOf(fill) * 4096,
  };
};

const pageOf = (fill: number): number => Math.floor((fill - 1) / (PCIDS * CPUS));

const W = places(frame_watch, "fill", "fills");

export const fillAt = (cpu: number, pcid: number, address: number): number =>
  (Math.floor(address / 4096) * CPUS + cpu) * PCIDS + pcid + 1;

export interface TlbWatch {
  /** Whether a translation to the frame is cached at this place. */
  isCached(fill: number, pfn: number): boolean;
  /** Places where a translation to the frame is cached and may be used. */
  usable(pfn: number, frame: FrameWatch): readonly number[];
  /** The same for the entries that lead to a page table. */
  usableTable(pfn: number, table: TableWatch): readonly number[];
  /** What the thread owes a flush, once it should be done; each is known as overdue, or forgotten. */
  settle(thread: ThreadWatch, late: (fill: number, pfn: number) => void): void;
  /** Remembers a stale translation whose flush is overdue. False: that was known. */
  overdue(fill: number, pfn: number): boolean;
  /** Those at this place that are still stale; their frames. */
  overdueAt(fill: number): readonly number[];
}

export function watchTlbs(context: Context): TlbWatch {
  const { machine, cpus, system, state } = context;
  const { store, args } = machine;
  const tlbs = [...store.all(tlb_cache)] as Tlb[];
  const zero = system.straight.zero_pfn;
  const pcids = system.config.pcid ? PCIDS_USED : 1;
  /** Address spaces by their number, which is never used again. A hint only. */
  const known = new Map<number, Mm>();

  function contextMm(cpu: Cpu, pcid: number): Mm | null {
    if (pcid === cpu.loaded_mm_asid) return cpu.loaded_mm;
    const id = cpu.ctxs_ctx_id(pcid);
    const hint = known.get(id);
    if (hint && alive(hint) && hint.ctx_id === id) return hint;
    for (const mm of store.storage("mm_struct").all() as IterableIterator<Mm>) {
      if (mm.ctx_id !== id) continue;
      known.set(id, mm);
      return mm;
    }
    return null;
  }

  function leaf(tlb: Tlb, address: number, pcid: number): number {
    const entry = tlbLookup(tlb, address, 1, pcid);
    if (entry !== 0) return entry;
    const huge = tlbLookup(tlb, address, 2, pcid);
    return huge & _PAGE_PSE ? huge : 0;
  }

  function isCached(fill: number, pfn: number): boolean {
    const n = fill - 1;
    const tlb = tlbs[Math.floor(n / PCIDS) & (CPUS - 1)]!;
    const entry = leaf(tlb, Math.floor(n / (PCIDS * CPUS)) * 4096, n & (PCIDS - 1));
    return entry !== 0 && entryPfn(entry) === pfn;
  }

  /** Whether the translation at this place leads to the frame and grants what the page tables do not. */
  function isStale(fill: number, pfn: number): boolean {
    const { cpu, pcid, address } = placeOf(fill);
    const cached = leaf(tlbs[cpu]!, address, pcid);
    if (cached === 0 || entryPfn(cached) !== pfn) return false;
    const mm = contextMm(cpus[cpu]!, pcid);
    if (!mm) return false;
    if (!alive(mm)) return true;
    walk(context, mm.pgd, address);
    const { entry } = walked;
    return (
      entry === 0 ||
      entryPfn(entry) !== entryPfn(cached) ||
      ((cached & _PAGE_RW) !== 0 && !(entry & _PAGE_RW)) ||
      (!entryNx(cached) && entryNx(entry))
    );
  }

  /** A CPU that is behind the generation of an address space flushes before it uses it again, unless it is using it now. */
  function willCatchUp(cpu: Cpu, pcid: number, mm: Mm): boolean {
    return cpu.ctxs_tlb_gen(pcid) < mm.tlb_gen && (pcid !== cpu.loaded_mm_asid || cpu.is_lazy !== 0);
  }

  /** Whether its CPU can use it before it flushes. */
  function canUse(fill: number): boolean {
    const { cpu, pcid } = placeOf(fill);
    const mm = contextMm(cpus[cpu]!, pcid);
    return mm !== null && (!alive(mm) ? pcid === cpus[cpu]!.loaded_mm_asid : !willCatchUp(cpus[cpu]!, pcid, mm));
  }

  function* fillsOf(frame: FrameWatch): IterableIterator<number> {
    if (frame.fill !== 0) yield frame.fill;
    yield* frame.fills;
  }

  function owe(fill: number, pfn: number): void {
    const thread = context.mine();
    if (!isStale(fill, pfn) || isOwedByAnother(thread, fill, pfn)) return;
    thread.owed = new Debt(fill, pfn, thread.owed);
  }

  /** Somebody has taken it away already, through other tables, and is on the way to flush it. */
  function isOwedByAnother(thread: ThreadWatch, fill: number, pfn: number): boolean {
    for (const other of context.threads) {
      if (other === thread) continue;
      for (let debt = other.owed; debt; debt = debt.before) if (debt.fill === fill && debt.pfn === pfn) return true;
    }
    return false;
  }

  function* allOverdue(): IterableIterator<StaleWatch> {
    if (state.overdue === 0) return;
    yield* store.all(stale_watch) as IterableIterator<StaleWatch>;
  }

  function overdue(fill: number, pfn: number): boolean {
    for (const record of allOverdue()) if (record.fill === fill && record.pfn === pfn) return false;
    const record = store.alloc(stale_watch);
    record.fill = fill;
    record.pfn = pfn;
    state.overdue++;
    return true;
  }

  const filled = () => {
    // A huge page is known by its first frame and address.
    const huge = ((args[4] as number) & _PAGE_PSE) !== 0;
    const pfn = huge ? entryPfn(args[4] as number) : (args[1] as number);
    if (pfn === zero) return;
    const cpu = args[3] as number;
    const address = args[0] as number;
    const fill = fillAt(cpu, cpus[cpu]!.loaded_mm_asid, huge ? address - (address % HUGE_BYTES) : address);
    const frame = context.frame(pfn);
    const before = frame.fill;
    if (before === fill) return;
    if (before === 0 || !isCached(before, pfn)) frame.fill = fill;
    else if (!frame.fills.includes(fill))
      frame.fills = [...frame.fills.filter((other) => isCached(other, pfn)).slice(1 - MOST_PLACES), fill];
  };

  /** An entry that mapped a page was written. */
  const written = () => {
    const old = args[3] as number;
    if (!(old & _PAGE_PRESENT)) return;
    const now = args[2] as number;
    const pfn = entryPfn(old);
    const kept = (now & _PAGE_PRESENT) !== 0 && entryPfn(now) === pfn;
    if (kept && (now & _PAGE_RW) >= (old & _PAGE_RW) && entryNx(now) <= entryNx(old)) return;
    if (pfn === zero) {
      oweZeroPage(args[0] as Mm, args[1] as number);
      return;
    }
    const frame = context.frame(pfn);
    if (frame.fill === 0) return;
    for (const fill of fillsOf(frame)) if (isCached(fill, pfn)) owe(fill, pfn);
  };

  const watches = store.storage(frame_watch.name);
  const newPages: BatchListener<AnonFaults> = {
    fits({ pfns }, count) {
      const rows = new Rows(watches);
      for (let i = 0; i < count; i++) {
        const at = rows.read(pfns[i]!) + W.fill;
        if (rows.numbers[at] !== 0) return i;
      }
      return count;
    },
    take({ pfns, cpu, pcid, address }, count) {
      const rows = new Rows(watches);
      const first = fillAt(cpu, pcid, address);
      for (let i = 0; i < count; i++) {
        const at = rows.write(pfns[i]!) + W.fill;
        rows.numbers[at] = first + i * CPUS * PCIDS;
      }
    },
  };
  const zapped: BatchListener<AnonZaps> = {
    // What may be cached, is cached for the address that is zapped, and nowhere else.
    fits({ pages, address }, count) {
      const thread = context.mine();
      if (context.threads.some((other) => other !== thread && other.owed !== null)) return 0;
      const page = Math.floor(address / 4096);
      const rows = new Rows(watches);
      for (let i = 0; i < count; i++) {
        const { slot } = pages[i]!;
        const at = rows.read(slot) + W.fill;
        const fill = rows.numbers[at]!;
        if (fill !== 0 && (pageOf(fill) !== page + i || rows.value(slot, W.fills) !== NO_FILLS)) return i;
      }
      return count;
    },
    take({ pages, mm }, count) {
      const thread = context.mine();
      const rows = new Rows(watches);
      let { owed } = thread;
      for (let i = 0; i < count; i++) {
        const { slot } = pages[i]!;
        const at = rows.read(slot) + W.fill;
        const fill = rows.numbers[at]!;
        if (fill === 0 || !isCached(fill, slot)) continue;
        const { cpu, pcid } = placeOf(fill);
        if (contextMm(cpus[cpu]!, pcid) === mm || isStale(fill, slot)) owed = new Debt(fill, slot, owed);
      }
      if (owed !== thread.owed) thread.owed = owed;
    },
  };
  machine.listen("tlb_fill", filled, { anon_faults: newPages });
  machine.listen("set_pte", written, { anon_faults: unconcerned, anon_zaps: zapped });

  /** Everybody has the zero page: its translations are looked for by address. */
  function oweZeroPage(mm: Mm, address: number): void {
    for (const cpu of cpus) {
      if (cpu.loaded_mm !== mm) continue;
      const fill = fillAt(cpu.id, cpu.loaded_mm_asid, address);
      if (isCached(fill, zero)) owe(fill, zero);
    }
  }

  const upper = (level: number) => () => {
    const [, address, now, old, pfn] = args as [Mm, number, number, number, number];
    const before = entryPfn(old);
    const linked = (now & _PAGE_PRESENT) !== 0 && !(now & _PAGE_PSE);
    const was = (old & _PAGE_PRESENT) !== 0 && !(old & _PAGE_PSE);
    if (linked && was && before === pfn) return;
    if (was) {
      const table = context.table(before);
      if (table.links > 0) table.links--;
      // A table that is emptied first takes no translation along.
      if (hasEntries(context, before)) {
        table.unlinked_full = 1;
        oweAll();
      } else if (table.unlinked_full !== 0) table.unlinked_full = 0;
    }
    if (linked) link(context.table(pfn), level - 1, address);
  };
  const pmdChanged = upper(2);
  machine.listen("set_pmd", () => {
    if ((args[3] as number) & _PAGE_PSE) written();
    else pmdChanged();
  });
  machine.listen("set_pud", upper(3));
  machine.listen("set_p4d", upper(4));
  machine.listen("set_pgd", upper(topLevel(context)));

  function oweAll(): void {
    for (const [cpu, tlb] of tlbs.entries()) {
      for (const { address, level, pcid, entry } of tlbContents(tlb))
        if (level === 1 || entry & _PAGE_PSE) owe(fillAt(cpu, pcid, address), entryPfn(entry));
    }
  }

  function link(table: TableWatch, level: number, address: number): void {
    table.links++;
    if (table.link_level !== level) {
      table.link_level = level;
      table.link_address = address;
      if (table.link_others.length > 0) table.link_others = [];
    } else if (table.link_address !== address && !table.link_others.includes(address))
      table.link_others = [...table.link_others.slice(1 - MOST_PLACES), address];
  }

  return {
    isCached,
    usable(pfn, frame) {
      if (frame.fill === 0) return [];
      return [...fillsOf(frame)].filter((fill) => isCached(fill, pfn) && canUse(fill));
    },
    usableTable(pfn, table) {
      const found: number[] = [];
      for (const cpu of cpus) {
        for (let pcid = 0; pcid < pcids; pcid++) {
          for (const address of [table.link_address, ...table.link_others]) {
            const entry = tlbLookup(tlbs[cpu.id]!, address, table.link_level + 1, pcid);
            if (entry === 0 || entry & _PAGE_PSE || entryPfn(entry) !== pfn) continue;
            const mm = contextMm(cpu, pcid);
            // The CPU walks the loaded tables ahead of any use: lazily is not late enough.
            const walks = pcid === cpu.loaded_mm_asid && mm !== system.straight.init_mm;
            if (walks || (mm && alive(mm) && !willCatchUp(cpu, pcid, mm))) found.push(fillAt(cpu.id, pcid, address));
          }
        }
      }
      return found;
    },
    settle(thread, late) {
      for (let debt = thread.owed; debt; debt = debt.before) {
        const { fill, pfn } = debt;
        if (isStale(fill, pfn) && canUse(fill) && overdue(fill, pfn)) late(fill, pfn);
      }
      thread.owed = null;
    },
    overdue,
    overdueAt(fill) {
      const found: number[] = [];
      for (const record of [...allOverdue()]) {
        if (record.fill !== fill) continue;
        if (isStale(fill, record.pfn)) {
          found.push(record.pfn);
          continue;
        }
        store.free(record);
        state.overdue--;
      }
      return found;
    },
  };
}

// Objects of the simulated machine as expressions see them: every field of a structure by its declaration.

import { RefList } from "../../core/ref_list.ts";
import type { Field, Handle } from "../../core/struct.ts";
import { _PAGE_PSE, entryPfn, isPresent, isSwap, toRaw } from "../../hardware/entry.ts";
import { type Tlb, tlbContents, tlbLookup } from "../../hardware/tlb.ts";
import type { System } from "../../kernel/boot.ts";
import type { Mm, Page, Task } from "../../kernel/mm_types.ts";
import { type ObjectValue, toU64, type Value } from "../values.ts";
import { own } from "./own.ts";
import { sharersOf } from "./sharers.ts";

/** An object of the store. `handle` is for those who want more of it than values. */
export interface StoreObject extends ObjectValue {
  readonly handle: Handle;
}

type Anything = Readonly<Record<string, unknown>>;

/** The value of a handle; fields by their Linux names, and a few that only make sense here. */
export function objectOf(system: System, handle: Handle): StoreObject {
  const more = extras(system, handle);
  const name = handle.layout.name;
  return {
    type: name,
    id: `${handle.$.type.name}:${handle.slot}:${handle.gen}`,
    handle,
    get(field) {
      const extra = own(more, field);
      if (extra) return extra();
      const declared = handle.layout.byName.get(field);
      return declared ? fieldValue(system, handle, declared) : undefined;
    },
    fields: () => [...handle.layout.byName.keys(), ...Object.keys(more)],
  };
}

export function fieldValue(system: System, handle: Handle, field: Field): Value {
  const { kind, name } = field;
  if (kind.kind === "array")
    return listValue(name, kind.length, (i) =>
      numberValue((handle as unknown as Record<string, (i: number) => number>)[name]!(i)),
    );
  const raw = (handle as unknown as Anything)[name];
  if (kind.kind === "number") {
    if (kind.format === "bool") return raw !== 0;
    if (kind.format === "enum") return kind.names?.[raw as number] ?? numberValue(raw as number);
    return numberValue(raw as number);
  }
  return plainValue(system, raw, name);
}

export function plainValue(system: System, raw: unknown, name: string): Value {
  if (raw === null || raw === undefined) return null;
  if (typeof raw === "number") return numberValue(raw);
  if (typeof raw === "bigint" || typeof raw === "string" || typeof raw === "boolean") return raw;
  if (raw instanceof RefList) return listValue(name, raw.length, (i) => objectOf(system, raw.at(i)!));
  if (Array.isArray(raw)) return listValue(name, raw.length, (i) => plainValue(system, raw[i], name));
  if (isHandle(raw)) return objectOf(system, raw);
  if (typeof raw === "object" && "size" in raw)
    return {
      type: name,
      get: (field) => (field === "size" ? toU64(raw.size as number) : undefined),
      fields: () => ["size"],
    };
  return {
    type: name,
    get: (field) => plainValue(system, own(raw as Anything, field), field),
    fields: () => Object.keys(raw as object),
  };
}

const isHandle = (value: unknown): value is Handle =>
  typeof value === "object" && value !== null && "layout" in value && "gen" in value;
const numberValue = (n: number): bigint => (Number.isFinite(n) ? toU64(Math.trunc(n)) : 2n ** 64n - 1n);

export function listValue(type: string, length: number, at: (index: number) => Value): ObjectValue {
  return {
    type,
    get: (field) => (field === "length" ? BigInt(length) : undefined),
    fields: () => ["length"],
    at: (index) => (index < BigInt(length) ? at(Number(index)) : undefined),
  };
}

/** What is not stored but can be worked out. */
function extras(system: System, handle: Handle): Readonly<Record<string, () => Value>> {
  if (handle.layout.name === "page") {
    const page = handle as Page;
    return {
      pfn: () => BigInt(page.slot),
      sharers: () => {
        const mms = sharersOf(system, page.slot);
        return listValue("sharers", mms.length, (i) => objectOf(system, mms[i]!));
      },
    };
  }
  if (handle.layout.name === "vm_area_struct") return {};
  return {};
}

/** An entry of a page table. `level`: 1 PTE … 4 P4D, 5 PGD; with four levels 4 is the PGD. */
export function entryValue(system: System, entry: number, level: number, id: string): ObjectValue {
  const present = isPresent(entry);
  const fields: Readonly<Record<string, () => Value>> = {
    present: () => present,
    swapped: () => isSwap(entry),
    pfn: () => (present ? BigInt(entryPfn(entry)) : 0n),
    flags: () => toRaw(entry) & 0xfff0_0000_0000_0fffn,
    table: () =>
      present && level > 1 && !(entry & 0x80) ? objectOf(system, system.straight.page(entryPfn(entry))) : null,
    raw: () => toRaw(entry),
    level: () => BigInt(level),
  };
  return {
    type: "entry",
    id: `${id}:${entry}`,
    get: (name) => own(fields, name)?.(),
    fields: () => Object.keys(fields),
  };
}

/** The entries of all levels for an address of an address space. */
export function walkValue(system: System, mm: Mm, address: number): ObjectValue {
  const [p4d, pud, pmd, pte, pgd] = system.straight.walk_entries(mm, address);
  const id = (level: string) => `${level}:${mm.slot}:${address}`;
  const entries: Readonly<Record<string, ObjectValue>> = {
    pgd: entryValue(system, pgd, system.config.levels, id("pgd")),
    p4d: entryValue(system, p4d, 4, id("p4d")),
    pud: entryValue(system, pud, 3, id("pud")),
    pmd: entryValue(system, pmd, 2, id("pmd")),
    pte: entryValue(system, pte, 1, id("pte")),
  };
  return { type: "walk", get: (name) => own(entries, name), fields: () => Object.keys(entries) };
}

/** A CPU's TLB. */
export function tlbValue(system: System, cpu: number, taskOf: (process: Value) => Task | undefined): ObjectValue {
  const tlb = system.straight.tlbOf(cpu);
  const contents = () => tlbContents(tlb).filter((one) => one.level === 1 || (one.entry & 0x80) !== 0);
  return {
    type: "tlb",
    id: cpu,
    get: (field) => {
      if (field !== "entries") return undefined;
      const list = contents();
      return listValue("entries", list.length, (i) => translationValue(system, list[i]!.address, list[i]!.entry));
    },
    fields: () => ["entries"],
    call(method, [process, address]) {
      if (method !== "lookup") return undefined;
      const mm = process === undefined ? undefined : taskOf(process)?.mm;
      if (!mm || typeof address !== "bigint") return { failure: "`lookup` takes a process and an address." };
      const entry = lookup(system, tlb, cpu, mm, Number(address));
      return entry === 0 ? null : translationValue(system, Number(address), entry);
    },
  };
}

/** The cached leaf for an address of `mm`: only what that mm could use on this CPU. */
function lookup(system: System, tlb: Tlb, cpu: number, mm: Mm, address: number): number {
  const state = system.straight.cpuOf(cpu);
  for (let asid = 0; asid < 6; asid++) {
    const loaded = state.loaded_mm === mm && state.loaded_mm_asid === asid;
    if (!loaded && state.ctxs_ctx_id(asid) !== mm.ctx_id) continue;
    if (!loaded && !system.config.pcid) continue;
    const entry = tlbLookup(tlb, address, 1, asid);
    if (entry !== 0) return entry;
    const huge = tlbLookup(tlb, address, 2, asid);
    if (huge & _PAGE_PSE) return huge;
  }
  return 0;
}

function translationValue(system: System, address: number, entry: number): ObjectValue {
  const inner = entryValue(system, entry, 1, "tlb");
  return {
    type: "translation",
    get: (name) => (name === "address" ? BigInt(address) : inner.get(name)),
    fields: () => ["address", ...(inner.fields?.() ?? [])],
  };
}

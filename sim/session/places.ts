// Paths of fields and entries (`mm_struct:3:1/rss_anon`, `entry:267:4`): reading, watching and writing what they name.
import type { Storage, Watch } from "../core/storage.ts";
import type { Field, Handle, StructType } from "../core/struct.ts";
import { _PAGE_PSE, entryPfn, fromRaw, isPresent, toRaw } from "../hardware/entry.ts";
import type { System } from "../kernel/boot.ts";
import { hex, showNumber } from "./show.ts";

export interface PlacedField {
  readonly handle: Handle;
  readonly index: number;
  readonly kind: import("../core/fields.ts").Kind;
  readonly name: string;
}

export const ENTRY = /^entry:(\d+):(\d+)$/;
const FIELD = /^(\w+):(\d+):(\d+)\/([\w.]+)(?:\[(\d+)\])?$/;

/** The field of an object that lives now, or why there is none. */
export function findField(system: System, dataId: string): PlacedField | string {
  const match = FIELD.exec(dataId);
  if (!match) return `${dataId} names no field`;
  const [, structure, slot, gen, path, element] = match;
  const storage = storageOf(system, structure!);
  if (!storage) return `there is no structure ${structure}`;
  const isFixed = storage.type.population === "numbered";
  const isThere = isFixed
    ? Number(slot) < storage.top || hasFrame(system, Number(slot))
    : storage.lifeAt(Number(slot)) === Number(gen);
  if (!isThere) return `there is no such ${structure} now`;
  let handle: Handle = isFixed ? storage.fixed(Number(slot)) : storage.handle(Number(slot), Number(gen));
  const parts = path!.split(".");
  for (const part of parts.slice(0, -1)) {
    const field = handle.layout.byName.get(part);
    if (field?.kind.kind !== "embed") return `${structure} has no part ${part}`;
    handle = (handle as unknown as Record<string, Handle>)[part]!;
  }
  const name = parts.at(-1)!;
  const field = handle.layout.byName.get(name);
  if (!field) return `${handle.layout.name} has no field ${name}`;
  if (!hasElement(field, element)) return `${name} has no element ${element}`;
  const inValues = field.kind.kind === "value" || field.kind.kind === "refs";
  if (inValues) return { handle, index: -1 - (handle.valueBase + field.at), kind: field.kind, name };
  return { handle, index: handle.base + field.at + Number(element ?? 0), kind: field.kind, name };
}

const storageOf = (system: System, structure: string): Storage | undefined =>
  system.machine.store.storages.find(({ type }) => type.name === structure);

const hasElement = ({ kind }: Field, element: string | undefined): boolean =>
  element === undefined || (kind.kind === "array" && Number(element) < kind.length);

/** What has to be watched for a data breakpoint, or why that cannot be. */
export function watchPlace(
  system: System,
  dataId: string,
  hit: (before: number, after: number) => void,
): (Watch & { readonly structure: string })[] | string {
  const [, pfn, index] = (ENTRY.exec(dataId) ?? []).map(Number);
  if (pfn !== undefined && index !== undefined) {
    if (!hasFrame(system, pfn)) return `the machine has no frame ${hex(pfn)}`;
    return index < 512 ? watchEntry(system, pfn, index, hit) : "a table has 512 entries";
  }
  const field = findField(system, dataId);
  if (typeof field === "string") return watchOtherLife(system, dataId, hit) ?? field;
  const { handle, index: at } = field;
  return [watchOfLife(handle.$, handle.slot, handle.gen, at, hit)];
}

/** Of an object that is not there now: one that will be, or that was, where the run goes back. */
function watchOtherLife(
  system: System,
  dataId: string,
  hit: Hit,
): (Watch & { readonly structure: string })[] | undefined {
  const [, structure = "", slot, gen, path = "", element] = FIELD.exec(dataId) ?? [];
  const storage = storageOf(system, structure);
  if (!storage || storage.type.population === "numbered" || Number(gen) % 2 === 0) return undefined;
  let type: StructType = storage.type;
  let at = storage.place(Number(slot)).base;
  const parts = path.split(".");
  for (const part of parts.slice(0, -1)) {
    const field = type.byName.get(part);
    if (field?.kind.kind !== "embed") return undefined;
    at += field.at;
    type = field.kind.struct;
  }
  const field = type.byName.get(parts.at(-1)!);
  if (!field || !hasElement(field, element)) return undefined;
  if (field.kind.kind === "value" || field.kind.kind === "refs") return undefined;
  return [watchOfLife(storage, Number(slot), Number(gen), at + field.at + Number(element ?? 0), hit)];
}

/**
 * A place in an object, as long as it is that object or what is left of it: a write through a pointer that is too old is told, one to
 * another object that was made there is not.
 */
function watchOfLife(storage: Storage, slot: number, gen: number, index: number, hit: Hit) {
  const { chunk } = storage.place(slot);
  const isIt = () => {
    const life = storage.lifeAt(slot);
    return gen === 0 || life === gen || life === gen + 1;
  };
  const whenIt: Hit = (before, after) => {
    if (isIt()) hit(before, after);
  };
  return { structure: storage.type.name, chunk, index, hit: whenIt };
}

type Hit = (before: number, after: number) => void;

function watchEntry(system: System, pfn: number, index: number, hit: Hit): (Watch & { readonly structure: string })[] {
  const frame = system.straight.memory.frame(pfn);
  if (frame.table) return [watchWord(frame.table, index, hit)];
  // An empty table has no storage of its own yet: when it gets one, the entry's place there is watched.
  const place = frame.base + frame.layout.byName.get("table")!.at;
  const storage = system.machine.store.storage("table_words");
  const arrived: Hit = (_, after) => {
    if (after !== 0) storage.alsoWatch(watchWord(storage.deref(after), index, hit));
  };
  return [{ structure: "frame", chunk: frame.chunk, index: place, hit: arrived }];
}

function watchWord(table: Handle, index: number, hit: Hit): Watch & { readonly structure: string } {
  const entries = table.layout.byName.get("entries")!;
  return { structure: "table_words", chunk: table.chunk, index: table.base + entries.at + index, hit };
}

/** Writes a number typed by a person: 12, 0x1f, 0b1. Says what is there now, or why not. */
export function writePlace(system: System, dataId: string, text: string): string | { readonly error: string } {
  const value = readNumber(text);
  if (value === undefined) return { error: `"${text}" is no number` };
  const entry = ENTRY.exec(dataId);
  if (entry) {
    const { memory } = system.straight;
    if (!hasFrame(system, Number(entry[1])) || Number(entry[2]) > 511) return { error: `${dataId} names no entry` };
    memory.writeEntry(Number(entry[1]), Number(entry[2]), fromRaw(value));
    return hex(toRaw(memory.readEntry(Number(entry[1]), Number(entry[2]))));
  }
  const field = findField(system, dataId);
  if (typeof field === "string") return { error: field };
  if (field.kind.kind !== "number") return { error: "only numbers can be set by hand" };
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) return { error: `${field.name} cannot be ${text.trim()}` };
  const number = field.kind.format === "bool" ? Number(value !== 0n) : Number(value);
  (field.handle as unknown as Record<string, number>)[field.name] = number;
  return showNumber(number, field.kind);
}

export function readNumber(text: string): bigint | undefined {
  try {
    const trimmed = text.trim().toLowerCase();
    if (trimmed === "true") return 1n;
    if (trimmed === "false") return 0n;
    return trimmed === "" ? undefined : BigInt.asUintN(64, BigInt(trimmed));
  } catch {
    return undefined;
  }
}

const PAGE_MEMORY = /^page:(0x[\da-f]+|\d+)$/i;
const PROCESS_MEMORY = /^process:(.+):(0x[\da-f]+|\d+)$/i;

/** Frame and offset of byte `offset` at a memory reference; undefined where nothing is mapped. */
export function frameAt(
  system: System,
  memory: string,
  offset: number,
  taskOf: (name: string) => { readonly mm: unknown } | undefined,
): { readonly pfn: number; readonly at: number } | undefined {
  const page = PAGE_MEMORY.exec(memory);
  if (page) {
    const pfn = Number(page[1]);
    return offset >= 0 && offset < 4096 && hasFrame(system, pfn) ? { pfn, at: offset } : undefined;
  }
  const process = PROCESS_MEMORY.exec(memory);
  const task = process ? taskOf(process[1]!) : undefined;
  if (!task?.mm) return undefined;
  const address = Number(process![2]) + offset;
  if (!Number.isSafeInteger(address) || address < 0) return undefined;
  const [, , pmd, pte] = system.straight.walk_entries(task.mm as never, address);
  if (isPresent(pmd) && pmd & _PAGE_PSE)
    return { pfn: entryPfn(pmd) + (Math.floor(address / 4096) % 512), at: address % 4096 };
  return isPresent(pte) ? { pfn: entryPfn(pte), at: address % 4096 } : undefined;
}

/** Why a memory reference names nothing; undefined where it may name something, now or later. */
export function memoryProblem(system: System, memory: string, taskOf: (name: string) => unknown): string | undefined {
  const [, page] = PAGE_MEMORY.exec(memory) ?? [];
  if (page !== undefined)
    return hasFrame(system, Number(page)) ? undefined : `the machine has no frame ${hex(Number(page))}`;
  const [, process] = PROCESS_MEMORY.exec(memory) ?? [];
  if (process === undefined) return `${memory} names no memory`;
  return taskOf(process) ? undefined : `there is no process ${process}`;
}

const hasFrame = (system: System, pfn: number): boolean => pfn * 4096 < system.config.memory;

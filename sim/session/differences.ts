// What is different from the last stop: every field of every object of the simulated kernel, found chunk by chunk, as
// snapshots share the chunks that nobody has written.

import type { Storage, StorageSnapshot } from "../core/storage.ts";
import type { StoreSnapshot } from "../core/store.ts";
import type { Field, Handle, StructType } from "../core/struct.ts";
import type { ValueNode } from "../debugging.ts";
import { detectorStructures } from "../detectors/attach.ts";
import { tlbContents } from "../hardware/tlb.ts";
import type { System } from "../kernel/boot.ts";
import { actor_state, count_state, scenario_state } from "../scenario/run/state.ts";
import { nameOfPlace, valueAtPlace } from "./place_titles.ts";
import { hex, showNumber, summary } from "./show.ts";

/** More is no summary any more. */
const MOST = 200;
/** Not the kernel's own: what the runner and the detectors remember, and how contents and TLBs are stored. */
const OTHERS = new Set([
  ...[...detectorStructures, scenario_state, actor_state, count_state].map(({ name }) => name),
  ...["frame", "data_words", "table_words", "tlb"],
]);

export interface Differences {
  /** From now on differences are those from here. */
  newStop(): void;
  /** Since the last stop but this one. */
  nodes(): readonly ValueNode[];
  /** The machine as it is now, to be compared with later. */
  take(): Moment;
  since(moment: Moment): readonly ValueNode[];
}

export function trackDifferences(system: System): Differences {
  const { store } = system.machine;
  let before: Moment | undefined;
  let now: Moment | undefined;
  let found: readonly ValueNode[] | undefined;
  const take = (): Moment => ({ store: store.snapshot(), tlbs: tlbTexts(system) });
  return {
    take,
    since: (moment) => differences(system, moment),
    newStop() {
      before = now;
      now = take();
      found = undefined;
    },
    nodes() {
      found ??= before ? differences(system, before) : [];
      return found;
    },
  };
}

export interface Moment {
  readonly store: StoreSnapshot;
  readonly tlbs: readonly ReadonlySet<string>[];
}

function differences(system: System, before: Moment): ValueNode[] {
  const nodes: ValueNode[] = [];
  system.machine.store.storages.forEach((storage, i) => {
    const kept = before.store.storages[i]!;
    if (storage.type.name === "table_words") nodes.push(...entries(system, kept));
    else if (!OTHERS.has(storage.type.name)) nodes.push(...objects(storage, kept));
  });
  for (const [cpu, texts] of tlbTexts(system).entries()) nodes.push(...tlbNodes(cpu, before.tlbs[cpu]!, texts));
  if (nodes.length <= MOST) return nodes;
  return [...nodes.slice(0, MOST), { name: "…", value: `${nodes.length - MOST} more` }];
}

/** Slots whose chunk was written since. */
function* touched(storage: Storage, kept: StorageSnapshot): Iterable<number> {
  for (const [chunk, numbers] of storage.chunks.entries()) {
    if (numbers === kept.chunks[chunk] && storage.values[chunk] === kept.values[chunk]) continue;
    const first = chunk << storage.shift;
    for (let slot = first; slot < Math.min(storage.top, first + (1 << storage.shift)); slot++) yield slot;
  }
}

function* objects(storage: Storage, kept: StorageSnapshot): Iterable<ValueNode> {
  for (const slot of touched(storage, kept)) {
    const place = storage.place(slot);
    const is = storage.chunks[place.chunk]!;
    const was = kept.chunks[place.chunk];
    const gen = is[place.genAt]!;
    const oldGen = was?.[place.genAt] ?? 0;
    const alive = gen % 2 === 1;
    if (gen !== oldGen) {
      const before = oldGen % 2 === 1 ? "freed" : "";
      if (alive) yield objectNode(storage.handle(slot, gen), before ? "freed, and another made in its place" : "new");
      else if (before) yield { name: `${storage.type.name} ${slot}`, value: before };
      continue;
    }
    if (!alive && gen !== 0) continue;
    const handle = storage.handle(slot, gen);
    for (const { path, kind, at } of numbersOf(storage.type)) {
      const after = is[place.base + at]!;
      const old = was?.[place.base + at] ?? 0;
      if (after === old) continue;
      yield {
        name: `${summaryName(handle)}.${path}`,
        value: kind.kind === "number" ? `${showNumber(old, kind)} → ${showNumber(after, kind)}` : pointers(old, after),
        dataId: `${storage.type.name}:${slot}:${gen}/${path}`,
      };
    }
  }
}

const objectNode = (handle: Handle, what: string): ValueNode => ({
  name: summaryName(handle),
  value: `${what}: ${summary(handle)}`,
});

const pointers = (old: number, after: number): string =>
  old === 0 ? "null → set" : after === 0 ? "set → null" : "points elsewhere";

/** Short: the structure and which one it is. */
function summaryName(handle: Handle): string {
  if (handle.layout.name === "page") return `page ${hex(handle.slot)}`;
  const own = handle as unknown as Record<string, unknown>;
  const name = own["name"] ?? own["comm"];
  if (typeof name === "string" && name !== "") return `${handle.layout.name} ${name}`;
  if (handle.layout.name === "vm_area_struct") return `vma ${hex(own["vm_start"] as number)}`;
  return `${handle.layout.name} ${handle.slot}`;
}

interface NumberPlace {
  readonly path: string;
  readonly kind: Field["kind"];
  readonly at: number;
}

const known = new WeakMap<StructType, readonly NumberPlace[]>();

/** Numbers and pointers of a structure, embedded ones with their paths. */
function numbersOf(type: StructType): readonly NumberPlace[] {
  const found = known.get(type) ?? [...numbersWithin(type, "", 0)];
  known.set(type, found);
  return found;
}

function* numbersWithin(type: StructType, path: string, at: number): Iterable<NumberPlace> {
  for (const field of type.fields) {
    if (field.kind.kind === "number" || field.kind.kind === "ref")
      yield { path: `${path}${field.name}`, kind: field.kind, at: at + field.at };
    if (field.kind.kind === "embed") yield* numbersWithin(field.kind.struct, `${path}${field.name}.`, at + field.at);
  }
}

/** Entries of page tables, by the frames of their tables. */
function entries(system: System, kept: StorageSnapshot): ValueNode[] {
  const { store } = system.machine;
  const storage = store.storage("table_words");
  const slots = new Set(touched(storage, kept));
  if (slots.size === 0) return [];
  const nodes: ValueNode[] = [];
  for (let pfn = 0; pfn < system.straight.zone.fresh; pfn++) {
    const { table } = system.straight.memory.frame(pfn);
    if (!table || !slots.has(table.slot)) continue;
    const first = table.base + table.layout.byName.get("entries")!.at;
    const is = storage.chunks[table.chunk]!;
    const was = kept.chunks[table.chunk];
    const same = was?.[table.genAt] === table.gen;
    for (let i = 0; i < 512; i++) {
      const after = is[first + i]!;
      const old = same ? was![first + i]! : 0;
      if (after === old) continue;
      const dataId = `entry:${pfn}:${i}`;
      const text = `${valueAtPlace(system, dataId, old)} → ${valueAtPlace(system, dataId, after)}`;
      nodes.push({ name: nameOfPlace(system, dataId), value: text, dataId, memory: `page:${pfn}` });
    }
  }
  return nodes;
}

const tlbTexts = (system: System): ReadonlySet<string>[] =>
  Array.from({ length: system.config.cpus }, (_, cpu) => {
    const contents = tlbContents(system.straight.tlbOf(cpu)).filter(({ level }) => level === 1);
    return new Set(contents.map(({ address, entry, pcid }) => `${hex(address)} pcid ${pcid}: ${hex(entry)}`));
  });

function* tlbNodes(cpu: number, before: ReadonlySet<string>, now: ReadonlySet<string>): Iterable<ValueNode> {
  const came = [...now].filter((text) => !before.has(text));
  const went = [...before].filter((text) => !now.has(text));
  if (came.length > 0) yield { name: `TLB cpu${cpu} keeps`, value: shortList(came) };
  if (went.length > 0) yield { name: `TLB cpu${cpu} dropped`, value: shortList(went) };
}

const shortList = (texts: readonly string[]): string => {
  const addresses = texts.map((text) => text.split(" ")[0]);
  const more = addresses.length > 3 ? ` and ${addresses.length - 3} more` : "";
  return `${addresses.length}: ${addresses.slice(0, 3).join(", ")}${more}`;
};

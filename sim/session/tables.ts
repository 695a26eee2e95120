// Page tables as people look at them: level by level, only what is there, with who shares it.

import type { ValueNode } from "../debugging.ts";
import { _PAGE_PRESENT, _PAGE_PSE, entryPfn, isPresent } from "../hardware/entry.ts";
import type { System } from "../kernel/boot.ts";
import { type Mm, PAGE_TYPES } from "../kernel/mm_types.ts";
import { allMms } from "../scenario/run/sharers.ts";
import { entryText } from "./entry_words.ts";
import { hex, pageText } from "./show.ts";

const LEVEL = ["", "pte", "pmd", "pud", "p4d", "pgd"] as const;
/** By level: 1 pte … 4 p4d, 5 pgd; with four levels 4 is the pgd. */
export const levelName = (system: System, level: number): string => LEVEL[level === system.config.levels ? 5 : level]!;
/** Bytes that an entry of this level maps. */
export const span = (level: number): number => 2 ** (12 + 9 * (level - 1));

/** The level of the entries in a frame's table; 1 where it is none any more. */
export function levelOfTable(system: System, pfn: number): number {
  const type = PAGE_TYPES[system.straight.page(pfn).type as keyof typeof PAGE_TYPES] ?? "";
  if (type === "pgd table") return system.config.levels;
  return Math.max(1, LEVEL.indexOf(type.replace(/ table$/, "") as (typeof LEVEL)[number]));
}

/** Which address spaces reach each page table, in order of their creation. */
export type Sharers = ReadonlyMap<number, readonly Mm[]>;

export function sharers(system: System): Sharers {
  const found = new Map<number, Mm[]>();
  const { memory } = system.straight;
  const visit = (mm: Mm, table: number, level: number) => {
    const known = found.get(table);
    if (known?.includes(mm)) return;
    if (known) known.push(mm);
    else found.set(table, [mm]);
    if (level === 1) return;
    for (let i = 0; i < 512; i++) {
      const entry = memory.readEntry(table, i);
      if (entry & _PAGE_PRESENT && !(entry & _PAGE_PSE)) visit(mm, entryPfn(entry), level - 1);
    }
  };
  for (const mm of allMms(system)) visit(mm, mm.pgd, system.config.levels);
  return found;
}

/** "shared by writer, reader, /sys/fs/mshare/db", or "" for a table of one. */
export function sharedText(who: readonly Mm[] | undefined): string {
  if (!who || who.length < 2) return "";
  const names = who.slice(0, 6).map((mm) => mm.name);
  return `shared by ${names.join(", ")}${who.length > 6 ? ` and ${who.length - 6} more` : ""}`;
}

/** The table in frame `pfn`, which maps from `base` on. */
export function tableNode(
  system: System,
  name: string,
  pfn: number,
  level: number,
  base: number,
  who: Sharers,
): ValueNode {
  const entries = () => presentEntries(system, pfn);
  const count = entries().length;
  const shared = sharedText(who.get(pfn));
  return {
    name,
    value: `${levelName(system, level)} table in frame ${hex(pfn)}${shared ? `, ${shared}` : ""}, ${count} of 512`,
    memory: `page:${pfn}`,
    children:
      count === 0
        ? undefined
        : (start, wanted) => page(withHoles(entries(), level, base, system, pfn, who), start, wanted),
    count: count > 100 ? 2 * count + 1 : undefined,
  };
}

const page = (nodes: readonly ValueNode[], start = 0, count = nodes.length): readonly ValueNode[] =>
  nodes.slice(start, start + count);

function presentEntries(system: System, pfn: number): { index: number; entry: number }[] {
  const found: { index: number; entry: number }[] = [];
  for (let index = 0; index < 512; index++) {
    const entry = system.straight.memory.readEntry(pfn, index);
    if (entry !== 0) found.push({ index, entry });
  }
  return found;
}

function withHoles(
  entries: readonly { index: number; entry: number }[],
  level: number,
  base: number,
  system: System,
  pfn: number,
  who: Sharers,
): ValueNode[] {
  const nodes: ValueNode[] = [];
  let next = 0;
  const hole = (to: number) => {
    if (to > next) nodes.push({ name: to - next === 1 ? `[${next}]` : `[${next}..${to - 1}]`, value: "not present" });
  };
  for (const { index, entry } of entries) {
    hole(index);
    nodes.push(entryNode(system, `[${index}]`, pfn, index, entry, level, base + index * span(level), who));
    next = index + 1;
  }
  hole(512);
  return nodes;
}

/** One entry, with the table or page that it leads to below it. */
export function entryNode(
  system: System,
  name: string,
  table: number,
  index: number,
  entry: number,
  level: number,
  address: number,
  who: Sharers,
): ValueNode {
  const dataId = `entry:${table}:${index}`;
  const text = entryText(entry, level);
  const place = `${name} ${hex(address)}`;
  if (!isPresent(entry)) return { name: place, value: text, dataId, writable: true, memory: `page:${table}` };
  const pfn = entryPfn(entry);
  const leaf = level === 1 || (entry & _PAGE_PSE) !== 0;
  if (leaf) {
    const below = pageText(system.straight.page(pfn));
    return { name: place, value: `→ ${below} · ${text}`, dataId, writable: true, memory: `page:${pfn}` };
  }
  const inner = tableNode(system, name, pfn, level - 1, address, who);
  return { ...inner, name: place, value: `→ ${inner.value} · ${text}`, dataId, writable: true };
}

/** The walk of an address, top level first: what a hover shows. */
export function walkNodes(system: System, mm: Mm, address: number, who: Sharers): ValueNode[] {
  const nodes: ValueNode[] = [];
  let table = mm.pgd;
  const top = system.config.levels;
  for (let level = top; level >= 1; level--) {
    const index = Math.floor(address / span(level)) % 512;
    const entry = system.straight.memory.readEntry(table, index);
    const shared = level < top ? sharedText(who.get(table)) : "";
    const node = entryNode(
      system,
      `${levelName(system, level)}[${index}]`,
      table,
      index,
      entry,
      level,
      address - (address % span(level)),
      who,
    );
    nodes.push(
      shared ? { ...node, value: `${node.value} · this ${levelName(system, level)} table is ${shared}` } : node,
    );
    if (!(entry & _PAGE_PRESENT) || level === 1 || entry & _PAGE_PSE) break;
    table = entryPfn(entry);
  }
  return nodes;
}

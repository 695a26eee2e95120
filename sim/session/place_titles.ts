// What people call the places that data breakpoints and memory views name, and how their values look.
import { fromRaw, toRaw } from "../hardware/entry.ts";
import type { System } from "../kernel/boot.ts";
import { PAGE_TYPES } from "../kernel/mm_types.ts";
import { allMms } from "../scenario/run/sharers.ts";
import { entryText } from "./entry_words.ts";
import { ENTRY, findField } from "./places.ts";
import { hex, showNumber, summary } from "./show.ts";
import { levelOfTable } from "./tables.ts";

const MEMORY = /^(?:process:(.+)|page):(\d+)$/;

/** `pgtables_bytes of mm of reader`, `pgd[4] of reader`, `0x20000000000 of reader`; the id itself where it names nothing now. */
export function nameOfPlace(system: System, id: string): string {
  const [, table, index] = ENTRY.exec(id) ?? [];
  if (table !== undefined) return `${levelOf(system, Number(table))}[${index}] of ${tableOwner(system, Number(table))}`;
  const [, process, number] = MEMORY.exec(id) ?? [];
  if (number !== undefined) return process ? `${hex(Number(number))} of ${process}` : `frame ${hex(Number(number))}`;
  const field = findField(system, id);
  if (typeof field === "string") return id;
  const [whole, path] = id.split("/");
  const object = findField(system, `${whole}/${path!.split(".")[0]}`);
  if (typeof object === "string") return `${path} of ${whole}`;
  const { handle } = object;
  return `${path} of ${handle.layout.name === "page" ? `frame ${hex(handle.slot)}` : summary(handle)}`;
}

/** A value that was written to a field or an entry. */
export function valueAtPlace(system: System, id: string, value: number): string {
  const [, table] = ENTRY.exec(id) ?? [];
  if (table !== undefined) {
    const text = entryText(fromRaw(toRaw(value)), levelOfTable(system, Number(table)));
    return `${hex(toRaw(value))}${value === 0 ? "" : ` (${text})`}`;
  }
  const field = findField(system, id);
  return typeof field !== "string" && field.kind.kind === "number" ? showNumber(value, field.kind) : String(value);
}

const levelOf = (system: System, pfn: number): string =>
  String(PAGE_TYPES[system.straight.page(pfn).type as keyof typeof PAGE_TYPES] ?? "entry").replace(/ table$/, "");

/** Top-level tables belong to somebody; others are known by their frames. */
function tableOwner(system: System, pfn: number): string {
  return allMms(system).find((mm) => mm.pgd === pfn)?.name ?? `table ${hex(pfn)}`;
}

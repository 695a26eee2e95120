// The machine as a tree of named values: every field of every structure by its declaration, page tables by their levels.

import type { RefList } from "../core/ref_list.ts";
import type { Field, Handle } from "../core/struct.ts";
import type { ValueNode } from "../debugging.ts";
import { isObject, type ObjectValue, type Value } from "../scenario/values.ts";
import { hex, showBytes, showNumber, summary } from "./show.ts";

/** Path of an object: `mm_struct:3:1`. With `/field` it is that of a field. */
export const objectPath = (handle: Handle): string => `${handle.$.type.name}:${handle.slot}:${handle.gen}`;

/** A structure with its fields. `via`: the path inside of an embedded one, "mmap_lock.". */
export function objectNode(name: string, handle: Handle, via = ""): ValueNode {
  return {
    name,
    value: via ? embeddedText(handle) : summary(handle),
    type: handle.layout.name,
    object: objectPath(handle),
    memory: handle.layout.name === "page" ? `page:${handle.slot}` : undefined,
    children: () => handle.layout.fields.map((field) => fieldNode(handle, field, via)),
  };
}

/** What is inside of an object, in short: a lock as it is just now, else its first field. Only the fields that it has may be read: all handles answer to all names. */
function embeddedText(handle: Handle): string {
  const { byName, fields } = handle.layout;
  const [first] = fields;
  if (!byName.has("holder")) return first ? `${first.name} ${fieldNode(handle, first, "").value}` : "";
  const { count, holder } = handle as unknown as { count: number; holder: number };
  if (byName.has("count") && count > 0) return `held by ${count} reader${count > 1 ? "s" : ""}`;
  if (byName.has("count") && count < 0) return "held for write";
  return holder !== 0 ? "held" : "free";
}

function fieldNode(handle: Handle, field: Field, via: string): ValueNode {
  const { kind, name } = field;
  const dataId = `${objectPath(handle)}/${via}${name}`;
  const raw = (handle as unknown as Record<string, unknown>)[name];
  switch (kind.kind) {
    case "number":
      return { name, value: showNumber(raw as number, kind), dataId, writable: true };
    case "ref":
      return raw ? { ...objectNode(name, raw as Handle), dataId } : { name, value: "null", dataId };
    case "embed":
      return objectNode(name, raw as Handle, `${via}${name}.`);
    case "refs":
      return listNode(name, raw as RefList<Handle>);
    case "array":
      return {
        name,
        value: `${kind.length} numbers`,
        count: kind.length,
        children: (start = 0, count = kind.length) =>
          Array.from({ length: Math.min(count, kind.length - start) }, (_, i) => {
            const number = (handle as unknown as Record<string, (i: number) => number>)[name]!(start + i);
            return { name: `[${start + i}]`, value: hex(number), dataId: `${dataId}[${start + i}]` };
          }),
      };
    case "value":
      return valueNode(name, raw, kind);
  }
}

function listNode(name: string, list: RefList<Handle>): ValueNode {
  return {
    name,
    value: list.length === 0 ? "empty" : `${list.length}`,
    count: list.length,
    children:
      list.length === 0
        ? undefined
        : (start = 0, count = list.length) =>
            Array.from({ length: Math.min(count, list.length - start) }, (_, i) =>
              objectNode(`[${start + i}]`, list.at(start + i)!),
            ),
  };
}

/** How a value is shown where its kind says so. */
interface Shown {
  readonly show?: (value: never) => string;
  readonly each?: (element: number) => string;
}

/** An immutable value of the store. */
export function valueNode(name: string, raw: unknown, { show, each = hex }: Shown = {}): ValueNode {
  if (show) return { name, value: show(raw as never) };
  if (raw === null || raw === undefined) return { name, value: "null" };
  if (typeof raw === "string") return { name, value: raw === "" ? '""' : raw };
  if (typeof raw === "number" || typeof raw === "bigint") return { name, value: hex(raw) };
  if (Array.isArray(raw)) {
    const children = () => raw.map((item, i) => valueNode(`[${i}]`, item));
    return {
      name,
      value: raw.length === 0 ? "empty" : `${raw.length}`,
      children: raw.length > 0 ? children : undefined,
    };
  }
  if (typeof raw === "object" && "layout" in raw) return objectNode(name, raw as Handle);
  if (typeof raw === "object" && "entries" in raw && typeof raw.entries === "function")
    return mapNode(name, raw as Entries, each);
  return { name, value: String(raw) };
}

interface Entries {
  readonly size: number;
  entries(): Iterable<[number, number]>;
}

function mapNode(name: string, entries: Entries, each: (element: number) => string): ValueNode {
  const children = () =>
    [...entries.entries()].map(([index, element]) => ({ name: `[${index}]`, value: each(element) }));
  return {
    name,
    value: entries.size === 0 ? "empty" : `${entries.size}`,
    count: entries.size,
    children:
      entries.size > 0 ? (start = 0, count = entries.size) => children().slice(start, start + count) : undefined,
  };
}

/** `pgd → 0x10a, pud → 0x10b, pmd not present`: what is made of page-table entries. */
function entriesText(value: ObjectValue, fields: readonly string[]): string {
  const texts = fields.flatMap((field) => {
    const entry = value.get(field);
    if (entry === undefined || !isObject(entry) || entry.type !== "entry") return [];
    const pfn = entry.get("pfn");
    return entry.get("present") === true && typeof pfn === "bigint"
      ? [`${field} → ${hex(pfn)}`]
      : [`${field} not present`];
  });
  return texts.join(", ");
}

/** Beyond this a number is an address. */
const ADDRESSES = 2n ** 32n;

/** `7`, `77 (0x4d)`, `12288 (0x3000, 12 KiB)`, `0x20000000000`. */
function integerText(value: bigint): string {
  if (value >= ADDRESSES) return hex(value);
  if (value < 10n) return String(value);
  const size = value >= 4096n && value % 1024n === 0n ? `, ${showBytes(Number(value))}` : "";
  return `${value} (${hex(value)}${size})`;
}

/** A value in a message that a person wrote: who it is, a text as it is, a number as people write it. */
export function messageText(value: Value): string {
  if (typeof value === "string") return value;
  if (typeof value === "bigint") return value < ADDRESSES ? String(value) : hex(value);
  return (value !== null && isObject(value) && value.name) || expressionNode("", value, "decimal").value;
}

/** A value of an expression. */
export function expressionNode(name: string, value: Value, format: "hex" | "decimal"): ValueNode {
  if (typeof value === "bigint") return { name, value: format === "hex" ? hex(value) : integerText(value) };
  if (!isObject(value)) return { name, value: typeof value === "string" ? JSON.stringify(value) : String(value) };
  if ("handle" in value) return objectNode(name, value.handle as Handle);
  const length = value.get("length");
  if (typeof length === "bigint" && value.at) {
    const at = value.at;
    const count = Number(length);
    return {
      name,
      value: `${value.type} (${count})`,
      count,
      children: (start = 0, wanted = count) =>
        Array.from({ length: Math.min(wanted, count - start) }, (_, i) =>
          expressionNode(`[${start + i}]`, at(BigInt(start + i)) ?? null, format),
        ),
    };
  }
  const fields = value.fields?.() ?? [];
  const shown = fields.slice(0, 4).flatMap((field) => {
    const inner = value.get(field);
    if (inner === undefined) return [];
    const node = expressionNode(field, inner, format);
    if (!isObject(inner)) return [`${field} ${node.value}`];
    return node.count === undefined ? [] : [node.value];
  });
  return {
    name,
    value: shown.join(", ") || entriesText(value, fields) || (value.name ?? value.type),
    type: value.type,
    children: () => fields.map((field) => expressionNode(field, value.get(field) ?? null, format)),
  };
}

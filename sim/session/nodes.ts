// The machine as a tree of named values: every field of every structure by its declaration, page tables by their levels.

import type { RefList } from "../core/ref_list.ts";
import type { Field, Handle } from "../core/struct.ts";
import type { ValueNode } from "../debugging.ts";
import { isObject, type Value } from "../scenario/values.ts";
import { hex, showNumber, summary } from "./show.ts";

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

const embeddedText = (handle: Handle): string => {
  const count = (handle as unknown as { count?: number }).count;
  const holder = (handle as unknown as { holder?: number }).holder ?? 0;
  if (count !== undefined && count > 0) return `held by ${count} reader${count > 1 ? "s" : ""}`;
  return holder !== 0 || count === -1 ? "held" : "free";
};

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
      return valueNode(name, raw, kind.show);
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

/** An immutable value of the store. */
export function valueNode(name: string, raw: unknown, show?: (value: never) => string): ValueNode {
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
    return radixNode(name, raw as Entries);
  return { name, value: String(raw) };
}

interface Entries {
  readonly size: number;
  entries(): Iterable<[number, number]>;
}

function radixNode(name: string, entries: Entries): ValueNode {
  const children = () =>
    [...entries.entries()].map(([index, value]) => ({
      name: `[${index}]`,
      value: value > 0 ? `frame ${hex(value - 1)}` : `swap ${-value}`,
    }));
  return {
    name,
    value: `${entries.size} pages`,
    count: entries.size,
    children: entries.size > 0 ? children : undefined,
  };
}

/** A value of an expression. */
export function expressionNode(name: string, value: Value, format: "hex" | "decimal"): ValueNode {
  if (typeof value === "bigint") {
    const short = value < 10n ? String(value) : `${value} (${hex(value)})`;
    return { name, value: format === "hex" ? hex(value) : value > 65535n ? hex(value) : short };
  }
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
    return inner === undefined || isObject(inner) ? [] : [`${field} ${expressionNode(field, inner, format).value}`];
  });
  return {
    name,
    value: shown.join(", ") || value.type,
    type: value.type,
    children: () => fields.map((field) => expressionNode(field, value.get(field) ?? null, format)),
  };
}

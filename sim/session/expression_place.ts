// The field or entry that an expression names, so that `mm(A).map_count` and `pte(A, p)` can be watched, set and asked who wrote them.
import type { Handle } from "../core/struct.ts";
import { entryPfn, isPresent } from "../hardware/entry.ts";
import type { System } from "../kernel/boot.ts";
import type { Expr } from "../scenario/ast.ts";
import { allMms } from "../scenario/run/sharers.ts";
import { isObject, type Value } from "../scenario/values.ts";
import { objectPath } from "./nodes.ts";

export interface ExpressionPlace {
  readonly dataId: string;
  readonly writable: boolean;
}

/** Undefined where the expression's value is worked out, not stored in one place. */
export function placeOfExpression(
  system: System,
  expr: Expr,
  read: (expr: Expr) => Value | undefined,
): ExpressionPlace | undefined {
  if (expr.kind === "group") return placeOfExpression(system, expr.inner, read);
  const entry = entryPath(system, read(expr));
  if (entry !== undefined) return { dataId: entry, writable: true };
  if (expr.kind !== "field") return undefined;
  const handle = handleOf(read(expr.object));
  const field = handle?.layout.byName.get(expr.field.text);
  const path = handle && pathOf(expr.object, handle);
  if (!field || path === undefined || field.kind.kind === "embed") return undefined;
  return { dataId: `${path}${field.name}`, writable: field.kind.kind === "number" };
}

function handleOf(value: Value | undefined): Handle | undefined {
  return value !== undefined && isObject(value) && "handle" in value ? (value.handle as Handle) : undefined;
}

/** `mm_struct:3:1/`, with the name of a structure inside of it: `mm_struct:3:1/mmap_lock.`. */
function pathOf(expr: Expr, handle: Handle): string | undefined {
  const own = `${objectPath(handle)}/`;
  if (handle.layout.name === handle.$.type.name) return own;
  return expr.kind === "field" ? `${own}${expr.field.text}.` : undefined;
}

const ENTRY_ID = /^(pgd|p4d|pud|pmd|pte):(\d+):(\d+):/;
const LEVELS: Readonly<Record<string, number>> = { p4d: 4, pud: 3, pmd: 2, pte: 1 };

/** The table and index of an entry, by walking to it; undefined where there is no such table. */
function entryPath(system: System, value: Value | undefined): string | undefined {
  if (value === undefined || !isObject(value) || value.type !== "entry") return undefined;
  const [, level, slot, address] = ENTRY_ID.exec(String(value.id)) ?? [];
  const mm = allMms(system).find((one) => one.slot === Number(slot));
  if (!mm || level === undefined) return undefined;
  const top = system.config.levels;
  const wanted = level === "pgd" ? top : LEVELS[level];
  let table = mm.pgd;
  for (let at = top; ; at--) {
    const index = Math.floor(Number(address) / 2 ** (12 + 9 * (at - 1))) % 512;
    if (at === wanted) return `entry:${table}:${index}`;
    const entry = system.straight.memory.readEntry(table, index);
    if (!isPresent(entry)) return undefined;
    table = entryPfn(entry);
  }
}

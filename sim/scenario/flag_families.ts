// Constants of the wrong family: `PROT_READ` where MAP_ flags belong compiles in C and is hardly ever meant.
import type { Param } from "../kernel/syscall_table.ts";
import type { Expr, NameExpr } from "./ast.ts";
import { type CheckState, reportAt } from "./check_state.ts";

export function checkFlags(state: CheckState, expr: Expr, param: Param): void {
  const { constants } = param;
  if (!constants || constants.length === 0) return;
  if (expr.kind === "group") checkFlags(state, expr.inner, param);
  else if (expr.kind === "binary" && expr.operator === "|") {
    checkFlags(state, expr.left, param);
    checkFlags(state, expr.right, param);
  } else if (expr.kind === "name" && !fitsOften(expr.name, constants)) misplaced(state, expr, param.name, constants);
}

function misplaced(state: CheckState, expr: NameExpr, param: string, constants: readonly string[]): void {
  const { name } = expr;
  if (!state.names.constants.has(name) || state.lets.has(name)) return;
  reportAt(state, "mixed-flags", expr, `\`${param}\` takes ${familiesText(constants)}; \`${name}\` belongs elsewhere.`);
}

/** True for a constant that makes sense where `constants` are asked for: some are names, some what names begin with. */
export function fits(name: string, constants: readonly string[]): boolean {
  return constants.some((family) => name === family || (isPrefix(family) && name.startsWith(family)));
}

/** `PROT_…, MAP_FIXED`. */
export const familiesText = (constants: readonly string[]): string =>
  constants.map((family) => (isPrefix(family) ? `${family}…` : family)).join(", ");

const isPrefix = (family: string): boolean => family.endsWith("_") || family === "S_I";

/** Which names fit which lists: a large file asks of the same few thousands of times. */
const fitting = new WeakMap<readonly string[], Set<string>>();

function fitsOften(name: string, constants: readonly string[]): boolean {
  let known = fitting.get(constants);
  if (known?.has(name)) return true;
  if (!fits(name, constants)) return false;
  if (!known) fitting.set(constants, (known = new Set()));
  known.add(name);
  return true;
}

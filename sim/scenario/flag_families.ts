// Constants of the wrong family: `PROT_READ` where MAP_ flags belong compiles in C and is hardly ever meant.
import type { Param } from "../kernel/syscall_table.ts";
import type { Expr, NameExpr } from "./ast.ts";
import { type CheckState, reportAt } from "./check_state.ts";

export function checkFlags(state: CheckState, expr: Expr, param: Param): void {
  if (!param.constants || param.constants.length === 0) return;
  for (const name of joined(expr)) {
    if (!state.names.constants.has(name.name) || state.lets.has(name.name)) continue;
    if (fits(name.name, param.constants)) continue;
    const wanted = param.constants
      .map((family) => (family.endsWith("_") || family.endsWith("S_I") ? `${family}…` : family))
      .join(", ");
    reportAt(state, "mixed-flags", name, `\`${param.name}\` takes ${wanted}; \`${name.name}\` belongs elsewhere.`);
  }
}

/** True for a constant that makes sense where `constants` are asked for. */
export function fits(name: string, constants: readonly string[]): boolean {
  return constants.some(
    (family) => name === family || ((family.endsWith("_") || family === "S_I") && name.startsWith(family)),
  );
}

/** The names that `|` joins. */
function joined(expr: Expr, names: NameExpr[] = []): readonly NameExpr[] {
  if (expr.kind === "name") names.push(expr);
  if (expr.kind === "group") joined(expr.inner, names);
  if (expr.kind === "binary" && expr.operator === "|") {
    joined(expr.left, names);
    joined(expr.right, names);
  }
  return names;
}

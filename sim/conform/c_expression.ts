// Expressions of a scenario as C: everything is a 64-bit unsigned integer.
import type { Expr } from "../scenario/ast.ts";
import type { Value } from "../scenario/values.ts";
import { NotExportable } from "./not_exportable.ts";

/** What names mean where an expression stands. */
export interface CScope {
  /** A let, a constant of Linux; undefined where there is none. */
  constant(name: string): Value | undefined;
  /** C for a loop's counter or a variable of the acting process; undefined where the name is neither. */
  variable(name: string): string | undefined;
  /** C for the number of a declared process or thread, or undefined where the expression names none. */
  member(expr: Expr): string | undefined;
  /** The number of a variable by its name. */
  variableNumber(name: string): string;
}

export function cInteger(value: bigint): string {
  return value < 4096n ? `${value}` : `0x${value.toString(16)}UL`;
}

export function cExpression(expr: Expr, scope: CScope): string {
  const value = knownValue(expr, scope);
  if (value !== undefined) return cInteger(value);
  switch (expr.kind) {
    case "integer":
      return cInteger(expr.value);
    case "name":
      return nameExpression(expr, scope);
    case "group":
      return cExpression(expr.inner, scope);
    case "unary":
      return `(${expr.operator === "!" ? "(uint64_t)!" : `${expr.operator}(uint64_t)`}(${cExpression(expr.operand, scope)}))`;
    case "binary":
      return `((uint64_t)(${cExpression(expr.left, scope)}) ${expr.operator} (uint64_t)(${cExpression(expr.right, scope)}))`;
    case "conditional": {
      const [condition, then, otherwise] = [expr.condition, expr.then, expr.otherwise].map((e) =>
        cExpression(e, scope),
      );
      return `((${condition}) ? (uint64_t)(${then}) : (uint64_t)(${otherwise}))`;
    }
    case "field": {
      const member = scope.member(expr.object);
      if (member !== undefined) return `value_of(${member}, ${scope.variableNumber(expr.field.text)})`;
      break;
    }
    case "struct":
      return "0";
  }
  throw new NotExportable("This reads the simulated machine; a program on a real Linux cannot.", expr);
}

/** What is known before the run; only what stays in 64 bits. Compilers would find out too, but take their time. */
function knownValue(expr: Expr, scope: CScope): bigint | undefined {
  if (expr.kind === "integer") return expr.value;
  if (expr.kind === "group") return knownValue(expr.inner, scope);
  if (expr.kind === "name") {
    const constant = scope.variable(expr.name) === undefined ? scope.constant(expr.name) : undefined;
    return typeof constant === "bigint" ? constant : undefined;
  }
  if (expr.kind !== "binary") return undefined;
  const [left, right] = [knownValue(expr.left, scope), knownValue(expr.right, scope)];
  if (left === undefined || right === undefined) return undefined;
  const value = { "+": left + right, "-": left - right, "*": left * right, "|": left | right }[expr.operator as string];
  return value !== undefined && value >= 0n && value < 2n ** 64n ? value : undefined;
}

function nameExpression(expr: Extract<Expr, { kind: "name" }>, scope: CScope): string {
  const variable = scope.variable(expr.name);
  if (variable !== undefined) return variable;
  if (expr.name === "true" || expr.name === "false") return expr.name === "true" ? "1" : "0";
  const constant = scope.constant(expr.name);
  if (typeof constant === "bigint") return cInteger(constant);
  if (typeof constant === "boolean") return constant ? "1" : "0";
  throw new NotExportable(`\`${expr.name}\` is no number that a C program knows.`, expr);
}

/** A text argument: it must be known before the run. */
export function constantText(expr: Expr, scope: CScope): string {
  if (expr.kind === "string") return expr.value;
  if (expr.kind === "group") return constantText(expr.inner, scope);
  const constant = expr.kind === "name" ? scope.constant(expr.name) : undefined;
  if (typeof constant === "string") return constant;
  throw new NotExportable("A text must be written out to be exported.", expr);
}

export function cString(text: string): string {
  const escaped = [...new TextEncoder().encode(text)].map((byte) => {
    const plain = byte >= 32 && byte < 127 && !'"\\?'.includes(String.fromCharCode(byte));
    return plain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, "0")}`;
  });
  return `"${escaped.join("")}"`;
}

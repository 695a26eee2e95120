// An `expect` that can only hold, or never can: it looks at the machine and yet says nothing about it.
import type { BinaryExpr, CompareOperator, Expr } from "./ast.ts";
import type { Checked } from "./check_expression.ts";
import { type CheckState, report } from "./check_state.ts";
import type { Mend } from "./diagnostics.ts";

/** Types of functions that give an object in any state of the machine. */
const alwaysThere: ReadonlyMap<string, string | undefined> = new Map([
  ["entry", "present"],
  ["pagemap", "present"],
  ["walk", undefined],
  ["page", undefined],
  ["tlb", undefined],
  ["status", undefined],
  ["stat", undefined],
  ["meminfo", undefined],
  ["zoneinfo", undefined],
]);

interface Decided {
  readonly outcome: boolean;
  readonly because: string;
  readonly mend?: Mend;
}

/** `checked` is what the checker knows of the whole condition. */
export function checkDecided(state: CheckState, condition: Expr, checked: Checked): void {
  const decided = objectDecided(condition, checked) ?? decide(state, condition);
  if (!decided) return;
  const { start, end } = condition;
  const always = decided.outcome ? "always true" : "never true";
  report(state, {
    code: "cannot-fail",
    start,
    end,
    message: `This is ${always}: ${decided.because}.`,
    mend: decided.mend,
  });
}

/** `expect pte(A, p)` asks whether there is such an entry, and there always is. */
function objectDecided(condition: Expr, { type }: Checked): Decided | undefined {
  if (!alwaysThere.has(type)) return undefined;
  const field = alwaysThere.get(type);
  const edit = { start: condition.end, end: condition.end, text: `.${field}` };
  return {
    outcome: true,
    because: `there is ${type === "entry" ? "an entry" : `a ${type}`} in any case`,
    mend: field ? { title: `Ask for .${field}`, edits: [edit] } : undefined,
  };
}

function decide(state: CheckState, expr: Expr): Decided | undefined {
  if (expr.kind === "group") return decide(state, expr.inner);
  if (expr.kind === "unary" && expr.operator === "!") {
    const inner = decide(state, expr.operand);
    return inner && { ...inner, outcome: !inner.outcome };
  }
  if (expr.kind !== "binary") return undefined;
  if (expr.operator === "&&" || expr.operator === "||") return decideJoined(state, expr, expr.operator);
  return isComparison(expr.operator) ? decideComparison(state, expr, expr.operator) : undefined;
}

function isComparison(operator: BinaryExpr["operator"]): operator is CompareOperator {
  return /^([=!<>]=|<|>)$/.test(operator);
}

function decideJoined(state: CheckState, expr: BinaryExpr, operator: "&&" | "||"): Decided | undefined {
  const left = decide(state, expr.left);
  const right = decide(state, expr.right);
  const deciding = operator === "||";
  const one = [left, right].find((side) => side?.outcome === deciding);
  return one ?? (left && right ? { outcome: !deciding, because: `${left.because}, and ${right.because}` } : undefined);
}

function decideComparison(state: CheckState, expr: BinaryExpr, operator: CompareOperator): Decided | undefined {
  if (sameText(state, expr.left, expr.right))
    return { outcome: ["==", "<=", ">="].includes(operator), because: "both sides are the same" };
  const unsigned = "integers are unsigned";
  if (isZero(expr.right) && operator === ">=") return { outcome: true, because: unsigned };
  if (isZero(expr.right) && operator === "<") return { outcome: false, because: unsigned };
  if (isZero(expr.left) && operator === "<=") return { outcome: true, because: unsigned };
  return isZero(expr.left) && operator === ">" ? { outcome: false, because: unsigned } : undefined;
}

function isZero(expr: Expr): boolean {
  return expr.kind === "group" ? isZero(expr.inner) : expr.kind === "integer" && expr.value === 0n;
}

function sameText(state: CheckState, left: Expr, right: Expr): boolean {
  if (left.kind === "missing" || right.kind === "missing") return false;
  const { text } = state.file;
  const bare = (expr: Expr): string => text.slice(expr.start, expr.end).replace(/\s+/g, "");
  return left.end - left.start > 0 && bare(left) === bare(right);
}

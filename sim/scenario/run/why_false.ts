// Why an expectation does not hold: the values of what was compared, of the part that is to blame.
import type { BinaryExpr, Expr } from "../ast.ts";
import type { Evaluation } from "../expressions.ts";
import { isTrue } from "../values.ts";
import { showWhich } from "./judge.ts";

/** `4096 == 8192 is false`; of conditions that are joined by `&&` or `||`, each with the text of the part that it is about. */
export function whyFalse(condition: Expr, value: (part: Expr) => Evaluation, textOf: (part: Expr) => string): string {
  const shown = (part: Expr): string => {
    const result = value(part);
    return "value" in result ? showWhich(result.value) : result.error;
  };
  const holds = (part: Expr): boolean => {
    const result = value(part);
    return "value" in result && isTrue(result.value);
  };
  const why = (part: Expr): string => {
    const expr = withoutBrackets(part);
    if (expr.kind === "binary" && isJoin(expr)) return toBlame(expr).map(named).join(", and ");
    if (expr.kind !== "binary" || !COMPARISONS.has(expr.operator)) return `it is ${shown(expr)}`;
    return `${shown(expr.left)} ${expr.operator} ${shown(expr.right)} is false`;
  };
  /** Of `&&` the first that does not hold, of `||` both. */
  const toBlame = ({ operator, left, right }: BinaryExpr): readonly Expr[] =>
    operator === "||" ? [left, right] : [holds(left) ? right : left];
  const named = (part: Expr): string => {
    const expr = withoutBrackets(part);
    return expr.kind === "binary" && isJoin(expr) ? why(expr) : `${textOf(expr)}: ${why(expr)}`;
  };
  return why(condition);
}

const COMPARISONS = new Set(["==", "!=", "<", "<=", ">", ">="]);
const isJoin = ({ operator }: BinaryExpr): boolean => operator === "&&" || operator === "||";
const withoutBrackets = (expr: Expr): Expr => (expr.kind === "group" ? withoutBrackets(expr.inner) : expr);

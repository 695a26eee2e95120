// What people write into the boxes of a breakpoint: conditions and hit counts. What can never be true is refused at once,
// with what comes near it: a breakpoint that silently never stops costs an afternoon.
import type { Expr } from "../scenario/ast.ts";
import { nearest } from "../scenario/nearest.ts";
import { parseExpressionText } from "../scenario/parser.ts";
import type { Loaded } from "./load.ts";

/** All names that a condition may use at some step of a run. */
export function namesIn({ scenario, system }: Loaded): ReadonlySet<string> {
  const processes = [...scenario.processes.values()];
  const owners = [...processes, ...processes.flatMap(({ threads }) => [...threads.values()])];
  const counters = scenario.occurrences.flatMap(({ symbol }) => (symbol.kind === "counter" ? [symbol.name] : []));
  return new Set([
    ...["true", "false", "null", "kernel", "cpu", "task", "step"],
    ...scenario.processes.keys(),
    ...scenario.lets.keys(),
    ...scenario.names.constants.keys(),
    ...owners.flatMap(({ variables }) => [...variables.keys()]),
    ...counters,
    ...system.machine.events.specs.flatMap(({ args }) => args),
  ]);
}

/** A condition, or why it is none. */
export function readCondition(
  text: string,
  names: ReadonlySet<string>,
): { readonly expr: Expr } | { readonly error: string } {
  const { expr, problems } = parseExpressionText(text);
  if (problems[0]) return { error: `condition: ${problems[0].message}` };
  const unknown = plainNames(expr).find((name) => !names.has(name));
  return unknown === undefined ? { expr } : { error: `condition: \`${unknown}\` is not known.${near(unknown, names)}` };
}

/** " Near: a, b.", or "" where nothing is. */
export function near(word: string, names: Iterable<string>): string {
  const found = nearest(word, names);
  return found.length > 0 ? ` Near: ${found.join(", ")}.` : "";
}

function plainNames(expr: Expr): string[] {
  switch (expr.kind) {
    case "name":
      return [expr.name];
    case "unary":
      return plainNames(expr.operand);
    case "binary":
      return [expr.left, expr.right].flatMap(plainNames);
    case "conditional":
      return [expr.condition, expr.then, expr.otherwise].flatMap(plainNames);
    case "group":
      return plainNames(expr.inner);
    case "field":
    case "method":
      return plainNames(expr.object);
    case "index":
      return [expr.object, expr.index].flatMap(plainNames);
    default:
      // Arguments of functions may be words of their own: events, bug kinds.
      return [];
  }
}

const COUNT = /^\s*(>=|<=|>|<|==|=|%)?\s*(\d+)\s*$/;

/** Why a text is no hit count; undefined where it is one. */
export function countProblem(condition: string | undefined): string | undefined {
  if (!condition?.trim() || COUNT.test(condition)) return undefined;
  return `hit count: \`${condition.trim()}\` is none; \`5\`, \`>= 5\` and \`% 2\` are`;
}

/** `5` (that time), `>= 5`, `> 5`, `< 5`, `== 5`, `% 2` (every second time). */
export function countFits(condition: string | undefined, count: number): boolean {
  const [, operator, number] = COUNT.exec(condition ?? "") ?? [];
  const n = Number(number);
  if (number === undefined) return true;
  switch (operator) {
    case ">=":
      return count >= n;
    case "<=":
      return count <= n;
    case ">":
      return count > n;
    case "<":
      return count < n;
    case "%":
      return n > 0 && count % n === 0;
    default:
      return count === n;
  }
}

// What people write into the boxes of a breakpoint: conditions and hit counts. What can never be true is refused at once,
// with what comes near it: a breakpoint that silently never stops costs an afternoon.
import type { Expr } from "../scenario/ast.ts";
import { functionsByName } from "../scenario/functions.ts";
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
  const read = readNamed(text, names);
  return "error" in read ? { error: `condition: ${read.error}` } : read;
}

/** `{expression}` in a log message. */
export const IN_BRACES = /\{([^{}]+)\}/g;

/** Why a log message cannot be told; undefined where it can. */
export function messageProblem(message: string | undefined, names: ReadonlySet<string>): string | undefined {
  for (const [, text] of (message ?? "").matchAll(IN_BRACES)) {
    const read = readNamed(text!, names);
    if ("error" in read) return `log message: ${read.error}`;
  }
  return undefined;
}

/** Why a breakpoint cannot stop there; undefined where it can. */
export function whenProblem(when: string | undefined, goesBack: boolean): string | undefined {
  if (when === undefined || when === "after") return undefined;
  if (when !== "before") return `mode: \`${when}\` is none; \`after\` and \`before\` are`;
  return goesBack ? undefined : "mode: to stop before a step takes the history (`history: false` is set)";
}

/** An expression whose names and functions may mean something at some step. */
function readNamed(text: string, names: ReadonlySet<string>): { readonly expr: Expr } | { readonly error: string } {
  const { expr, problems } = parseExpressionText(text);
  if (problems[0]) return { error: problems[0].message };
  const unknown = plainNames(expr).find((name) => !names.has(name));
  if (unknown !== undefined) return { error: `\`${unknown}\` is not known.${near(unknown, names)}` };
  const called = calls(expr).find((name) => !functionsByName.has(name));
  if (called === undefined) return { expr };
  return { error: `there is no function \`${called}\`.${near(called, functionsByName.keys())}` };
}

/** " Near: a, b.", or "" where nothing is. */
export function near(word: string, names: Iterable<string>): string {
  const found = nearest(word, names);
  return found.length > 0 ? ` Near: ${found.join(", ")}.` : "";
}

/** Names that stand for values. Arguments of functions may be words of their own: events, bug kinds. */
const plainNames = (expr: Expr): string[] =>
  expr.kind === "name" ? [expr.name] : expr.kind === "call" ? [] : parts(expr).flatMap(plainNames);

/** Functions that are called. */
const calls = (expr: Expr): string[] => [
  ...(expr.kind === "call" ? [expr.name.text, ...expr.args.flatMap(calls)] : []),
  ...parts(expr).flatMap(calls),
];

function parts(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "unary":
      return [expr.operand];
    case "binary":
      return [expr.left, expr.right];
    case "conditional":
      return [expr.condition, expr.then, expr.otherwise];
    case "group":
      return [expr.inner];
    case "field":
    case "method":
      return [expr.object];
    case "index":
      return [expr.object, expr.index];
    default:
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

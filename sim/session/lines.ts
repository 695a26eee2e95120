// Lines at which a run can stop: statements of scenarios, steps of kernel functions.
import { sites } from "virtual:sites";
import type { Item } from "../scenario/ast.ts";
import { positionAt } from "../scenario/lines.ts";
import type { Plan } from "../scenario/run/plan.ts";

/** Lines of the statements of a scenario file, in order. */
function statementLines(plan: Plan, file: string): number[] {
  const found = new Set<number>();
  for (const { items } of plan.lists) {
    for (const item of items) if (isCall(item) && plan.fileOf(item).path === file) found.add(plan.lineOf(item));
  }
  return [...found].sort((a, b) => a - b);
}

const isCall = (item: Item): boolean => item.kind === "call-statement";

/** The first line from `line` on, or within a statement that reaches over `line`, where a statement begins. */
export function scenarioLine(plan: Plan, file: string, line: number): number | undefined {
  for (const { items } of plan.lists) {
    for (const item of items) {
      if (!isCall(item) || plan.fileOf(item).path !== file) continue;
      const first = plan.lineOf(item);
      if (first <= line && line <= positionAt(plan.fileOf(item).lines, item.end).line) return first;
    }
  }
  return statementLines(plan, file).find((at) => at >= line);
}

const isSame = (site: string, file: string): boolean =>
  file === site || file.replaceAll("\\", "/").endsWith(`/${site}`);

/** The first line from `line` on in a kernel file at which something happens, with its marks in `machine.sites`. */
export function kernelSites(file: string, line: number): { line: number; sites: number[] } | undefined {
  let best = Number.POSITIVE_INFINITY;
  for (const [name, at] of sites()) if (at >= line && at < best && isSame(name, file)) best = at;
  if (best === Number.POSITIVE_INFINITY) return undefined;
  const marks = sites().flatMap(([name, at], i) => (at === best && isSame(name, file) ? [i] : []));
  return { line: best, sites: marks };
}

export function breakableLines(plan: Plan, file: string, from: number, to: number): number[] {
  const own = statementLines(plan, file);
  const lines =
    own.length > 0
      ? own
      : [
          ...new Set(
            sites()
              .filter(([name]) => isSame(name, file))
              .map(([, at]) => at),
          ),
        ];
  return lines.filter((line) => line >= from && line <= to).sort((a, b) => a - b);
}

/** Kernel files in which a run can stop, in order of their names. */
export const kernelFiles = (): string[] => [...new Set(sites().map(([name]) => name))].sort();

// On which CPU a process or thread begins: where its declaration says, the others in turn.
import { type CheckedScenario, constantsOf } from "./check.ts";
import { evaluate } from "./expressions.ts";
import type { ActingSymbol } from "./symbols.ts";

/** Of each declaration, in order: the CPU of its first member and, for those in turn, of those after it. */
export interface Placement {
  readonly symbol: ActingSymbol;
  /** How many members it declares: elements of an array, and for a thread one in each. */
  readonly count: number;
  readonly isFixed: boolean;
  /** Member `n` of the declaration, from 0. */
  readonly cpuOf: (n: number) => number;
}

export function placements(scenario: CheckedScenario): Placement[] {
  const cpus = Math.max(1, Number(scenario.machine.get("cpus") ?? 2n));
  const counts = new Map<ActingSymbol, number>();
  let next = 0;
  const place = (symbol: ActingSymbol, count: number): Placement => {
    const fixed = fixedCpu(scenario, symbol);
    if (fixed !== undefined) return { symbol, count, isFixed: true, cpuOf: () => fixed % cpus };
    const first = next;
    next += count;
    return { symbol, count, isFixed: false, cpuOf: (n) => (first + n) % cpus };
  };
  return scenario.program.items.flatMap(({ item }) => {
    if (item.kind === "process-declaration") {
      const symbol = scenario.processes.get(item.name.text);
      if (symbol?.declaration !== item) return [];
      const count = symbol.count === undefined ? 1 : Number(symbol.count);
      counts.set(symbol, count);
      return [place(symbol, count)];
    }
    if (item.kind !== "thread") return [];
    const symbol = scenario.processes.get(item.process.name.text)?.threads.get(item.name.text);
    return symbol?.declaration === item ? [place(symbol, counts.get(symbol.process) ?? 0)] : [];
  });
}

const none = { name: () => undefined, call: () => undefined, count: () => ({ failure: "not a constant" }) };

function fixedCpu(scenario: CheckedScenario, { declaration }: ActingSymbol): number | undefined {
  if (!declaration.cpu) return undefined;
  const result = evaluate(declaration.cpu, { inspector: none, constant: constantsOf(scenario) });
  return "value" in result && typeof result.value === "bigint" ? Number(result.value) : 0;
}

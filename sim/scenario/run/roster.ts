// Who takes part in a run: declared processes, elements of arrays and threads, each a thread of the simulated system.
import type { ProcessSpec } from "../../kernel/boot.ts";
import type { Expr } from "../ast.ts";
import { type CheckedScenario, constantsOf } from "../check.ts";
import { evaluate } from "../expressions.ts";
import type { ProcessSymbol, ThreadSymbol } from "../symbols.ts";

export interface Member {
  /** As people write it: `reader`, `worker[3]`, `reader.helper`. */
  readonly name: string;
  readonly symbol: ProcessSymbol | ThreadSymbol;
  /** Element of an array; undefined for a single process. */
  readonly index: number | undefined;
  readonly cpu: number;
  /** The member whose mm a thread shares. */
  readonly processOf: number;
  /** Comes into being by a fork. */
  readonly forked: boolean;
}

export interface Roster {
  /** In order of declaration; the index is the thread's number. */
  readonly members: readonly Member[];
  /** Members of a declared process or array, in order of elements. */
  of(symbol: ProcessSymbol | ThreadSymbol): readonly number[];
  specs(): readonly ProcessSpec[];
}

/** Elements of an array, so that nobody asks for more memory than a machine has. */
const MOST_MEMBERS = 100_000;

export function createRoster(scenario: CheckedScenario): Roster {
  const members: Member[] = [];
  const cpus = Number(scenario.machine.get("cpus") ?? 2n);
  const placer = { next: 0 };
  const cpuOf = (expr: Expr | undefined): number => {
    if (!expr) return placer.next++ % cpus;
    return Number(constant(scenario, expr)) % cpus;
  };
  const numbers = new Map<ProcessSymbol | ThreadSymbol, number[]>();
  const add = (member: Member) => {
    if (members.length >= MOST_MEMBERS) throw new TooManyProcesses(MOST_MEMBERS);
    const known = numbers.get(member.symbol) ?? [];
    numbers.set(member.symbol, [...known, members.length]);
    members.push(member);
  };
  const addProcess = (symbol: ProcessSymbol) => {
    const forked = symbol.forked !== undefined;
    const count = symbol.count === undefined ? 1 : Number(symbol.count);
    for (let i = 0; i < count; i++) {
      const index = symbol.count === undefined ? undefined : i;
      const name = index === undefined ? symbol.name : `${symbol.name}[${i}]`;
      add({ name, symbol, index, cpu: cpuOf(symbol.declaration.cpu), processOf: members.length, forked });
    }
  };
  const addThread = (symbol: ThreadSymbol) => {
    for (const processOf of numbers.get(symbol.process) ?? []) {
      const { index, name, forked } = members[processOf]!;
      add({ name: `${name}.${symbol.name}`, symbol, index, cpu: cpuOf(symbol.declaration.cpu), processOf, forked });
    }
  };
  for (const { item } of scenario.program.items) {
    if (item.kind === "process-declaration") {
      const symbol = scenario.processes.get(item.name.text);
      if (symbol?.declaration === item) addProcess(symbol);
    } else if (item.kind === "thread") {
      const symbol = scenario.processes.get(item.process.name.text)?.threads.get(item.name.text);
      if (symbol?.declaration === item) addThread(symbol);
    }
  }
  return {
    members,
    of: (symbol) => numbers.get(symbol) ?? [],
    specs: () =>
      members.map(({ name, cpu, processOf, forked }, i) => ({
        name,
        cpu,
        forked,
        threadOf: processOf === i ? undefined : processOf,
      })),
  };
}

export class TooManyProcesses extends Error {
  constructor(most: number) {
    super(`more than ${most} processes`);
  }
}

function constant(scenario: CheckedScenario, expr: Expr): bigint {
  const none = { name: () => undefined, call: () => undefined, count: () => ({ failure: "not a constant" }) };
  const result = evaluate(expr, { inspector: none, constant: constantsOf(scenario) });
  return "value" in result && typeof result.value === "bigint" ? result.value : 0n;
}

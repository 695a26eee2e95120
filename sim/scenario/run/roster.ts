// Who takes part in a run: declared processes, elements of arrays and threads, each a thread of the simulated system.
import type { ProcessSpec } from "../../kernel/boot.ts";
import type { CheckedScenario } from "../check.ts";
import { type Placement, placements } from "../placement.ts";
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
  const numbers = new Map<ProcessSymbol | ThreadSymbol, number[]>();
  const add = (member: Member) => {
    if (members.length >= MOST_MEMBERS) throw new TooManyProcesses(MOST_MEMBERS);
    const known = numbers.get(member.symbol) ?? [];
    numbers.set(member.symbol, [...known, members.length]);
    members.push(member);
  };
  const addProcess = (symbol: ProcessSymbol, { count, cpuOf }: Placement) => {
    const forked = symbol.forked !== undefined;
    for (let i = 0; i < count; i++) {
      const index = symbol.count === undefined ? undefined : i;
      const name = index === undefined ? symbol.name : `${symbol.name}[${i}]`;
      add({ name, symbol, index, cpu: cpuOf(i), processOf: members.length, forked });
    }
  };
  const addThread = (symbol: ThreadSymbol, { cpuOf }: Placement) => {
    for (const [i, processOf] of (numbers.get(symbol.process) ?? []).entries()) {
      const { index, name, forked } = members[processOf]!;
      add({ name: `${name}.${symbol.name}`, symbol, index, cpu: cpuOf(i), processOf, forked });
    }
  };
  for (const placement of placements(scenario)) {
    const { symbol } = placement;
    if (symbol.kind === "process") addProcess(symbol, placement);
    else addThread(symbol, placement);
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

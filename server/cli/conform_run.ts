// Runs scenarios in the simulator and, compiled into one program, on the machine, and compares.
import {
  type Comparison,
  compareWithReal,
  exportScenarios,
  type Host,
  type LaunchOptions,
  type RealMachine,
  type RealRun,
  type Refusal,
  readReal,
  type Simulated,
  simulateOn,
} from "../../sim/session.ts";
import { refusalText } from "./each_file.ts";
import type { NativeProgram, NativeRun } from "./native.ts";
import type { Terminal } from "./terminal.ts";

export interface Judged {
  readonly comparison?: Comparison;
  readonly machine?: RealMachine;
  /** Why there is no comparison. */
  readonly failure?: string;
  /** What differed in one run and not in another. */
  readonly unsteady?: string;
}

/** "quick" leaves out PageTables of /proc/meminfo, which needs time to settle. */
export type Care = "quick" | "everything";

/** Runs that PageTables gets before others on the machine are blamed. */
const TRIES = 5;

/** Runs that must show any other difference: reclaim, for one, is not the same every time. */
const AGAIN = 3;

/** One answer a scenario, or why there can be none at all. `host` reads the scenarios. */
export async function judgeScenarios(
  terminal: Terminal,
  programs: readonly LaunchOptions[],
  host: Host,
  care: Care,
): Promise<readonly Judged[] | string> {
  if (!terminal.native) return "programs cannot be compiled and run here";
  const exported = exportScenarios(host, programs);
  if ("refused" in exported) return refusalText(exported);
  const program = await terminal.native.compile(exported.source);
  if (typeof program === "string") return program;
  try {
    const machine = await machineOf(program);
    if (typeof machine === "string") return machine;
    const simulated: (Simulated | Refusal)[] = [];
    for (const options of programs) {
      simulated.push(simulateOn(host, options, machine, () => "everything"));
      await terminal.breathe();
      if (terminal.interrupted()) return [];
    }
    const first = await firstRuns(program, simulated, care);
    const judged: Judged[] = [];
    for (const [number, options] of programs.entries()) {
      const judge = judgeOf(program, number, options, host, care, machine);
      judged.push(await judge(simulated[number]!, first[number]));
    }
    return judged;
  } finally {
    program.remove();
  }
}

async function machineOf(program: NativeProgram): Promise<RealMachine | string> {
  const { status, out, error } = await program.run(["machine"]);
  return status === 0 ? readReal(out).machine : error.trim() || `the program ended with ${status}`;
}

/** All scenarios in one go, where none of them is dangerous. */
async function firstRuns(
  program: NativeProgram,
  simulated: readonly (Simulated | Refusal)[],
  care: Care,
): Promise<readonly (NativeRun | undefined)[]> {
  if (simulated.length < 2 || simulated.some((one) => "refused" in one)) return [];
  const { out } = await program.run(["all", ...wordsOf(care)]);
  const runs: NativeRun[] = [];
  for (const [, text, number, status] of out.matchAll(/([\s\S]*?)\n=== (\d+) (\d+)\n/g))
    runs[Number(number)] = { status: Number(status), out: text!, error: lastLine(text!) };
  return runs;
}

/** Whether the simulated machine had as many huge pages as there really were. */
const hasPool = ({ scenario }: Simulated, hugepages: number): boolean =>
  scenario.machine.get("hugepages") === BigInt(hugepages);

const lastLine = (text: string): string => text.trimEnd().split("\n").at(-1) ?? "";

const wordsOf = (care: Care): readonly string[] => (care === "quick" ? ["quick"] : []);

type Once = Judged & { readonly pageTables: number | null };

/** `first`: what the scenario gave on the machine already. */
function judgeOf(
  program: NativeProgram,
  number: number,
  options: LaunchOptions,
  host: Host,
  care: Care,
  machine: RealMachine,
): (simulated: Simulated | Refusal, first: NativeRun | undefined) => Promise<Judged> {
  const compare = (simulated: Simulated, ran: NativeRun): Once => {
    if (ran.status !== 0)
      return failed(`${options.program}: ${ran.error.trim() || `the program ended with ${ran.status}`}`);
    const real = readReal(ran.out);
    if (real.swapAtEnd !== real.machine.swap) return failed(`${options.program}: swap space came or went meanwhile`);
    const sameMachine = real.machine.swap === machine.swap && hasPool(simulated, real.machine.hugepages);
    const same = real.machine.full && sameMachine ? simulated : simulatedLike(real);
    if ("refused" in same) return failed(refusalText(same));
    return { comparison: compareWithReal(same, real), machine: real.machine, pageTables: real.pageTables };
  };
  /** Where there was too much to look at everything, the simulated run is looked at alike; swap may be new. */
  const simulatedLike = ({ machine: now, statements }: RealRun) =>
    simulateOn(host, options, { ...machine, swap: now.swap, pool: now.hugepages }, (at) =>
      statements[at]?.full === false ? "counters" : "everything",
    );

  return async (simulated, ran) => {
    if ("refused" in simulated) return failed(refusalText(simulated));
    const again = async () => compare(simulated, await program.run([`${number}`, ...wordsOf(care)]));
    let first = ran ? compare(simulated, ran) : await again();
    // What a busy machine has ended may come through the next time.
    for (let tries = 1; tries < AGAIN && first.failure !== undefined; tries++) first = await again();
    let judged = first;
    for (let tries = 1; tries < AGAIN && differs(judged) && !onlyPageTables(judged); tries++) judged = await again();
    if (differs(first) && !onlyPageTables(first) && judged.comparison && !differs(judged))
      return unsteady(judged, first.comparison!.differences[0]!.what);
    const seen = new Set<number | null>();
    for (let tries = 1; tries < TRIES && onlyPageTables(judged); tries++) {
      seen.add(judged.pageTables);
      judged = await again();
    }
    if (!onlyPageTables(judged)) return judged;
    // The same wrong number every time is this kernel's own; different ones are others' doing.
    if (seen.size === 1 && seen.has(judged.pageTables)) return judged;
    return withNote(judged, "PageTables of /proc/meminfo, which others on this machine changed at the same time");
  };
}

const differs = ({ comparison }: Judged): boolean => (comparison?.differences.length ?? 0) > 0;

const onlyPageTables = ({ comparison }: Judged): boolean =>
  comparison?.differences.length === 1 && comparison.differences[0]!.what.endsWith("PageTables");

function withNote(judged: Judged, note: string): Judged {
  const comparison = judged.comparison!;
  return { ...judged, comparison: { ...comparison, differences: [], notCompared: [...comparison.notCompared, note] } };
}

const unsteady = (judged: Judged, what: string): Judged => ({
  ...withNote(judged, `${what}, which differed in one run and not in another`),
  unsteady: what,
});

const failed = (failure: string): Once => ({ failure, pageTables: null });

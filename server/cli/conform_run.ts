// Runs scenarios in the simulator and, compiled into one program, on the machine, and compares.
import {
  type Comparison,
  compareWithReal,
  type Difference,
  exportScenarios,
  type Host,
  isMachineWide,
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

/** "quick" leaves out counters of the whole machine, which need time to settle. */
export type Care = "quick" | "everything";

/** Runs of which most must show the same wrong counter of the whole machine before it is the kernel's. */
const TRIES = 12;

/** Runs after which one that is another each time is given up. */
const ENOUGH = 5;

/** Milliseconds between two of them, growing: who does the same thing over and over is out of step in the end. */
const PAUSE = 30;

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

/** All scenarios in one go, but those that may never end: the simulation knows. */
async function firstRuns(
  program: NativeProgram,
  simulated: readonly (Simulated | Refusal)[],
  care: Care,
): Promise<readonly (NativeRun | undefined)[]> {
  const dangerous = simulated.flatMap((one, number) => ("refused" in one ? [`without=${number}`] : []));
  if (simulated.length - dangerous.length < 2) return [];
  const { out } = await program.run(["all", ...wordsOf(care), ...dangerous]);
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

/** `first`: what the scenario gave on the machine already. */
function judgeOf(
  program: NativeProgram,
  number: number,
  options: LaunchOptions,
  host: Host,
  care: Care,
  machine: RealMachine,
): (simulated: Simulated | Refusal, first: NativeRun | undefined) => Promise<Judged> {
  const compare = (simulated: Simulated, ran: NativeRun): Judged => {
    if (ran.status !== 0)
      return failed(`${options.program}: ${ran.error.trim() || `the program ended with ${ran.status}`}`);
    const real = readReal(ran.out);
    if (real.swapAtEnd !== real.machine.swap) return failed(`${options.program}: swap space came or went meanwhile`);
    const sameMachine = real.machine.swap === machine.swap && hasPool(simulated, real.machine.hugepages);
    const same = real.machine.full && sameMachine ? simulated : simulatedLike(real);
    if ("refused" in same) return failed(refusalText(same));
    return { comparison: compareWithReal(same, real), machine: real.machine };
  };
  /** Where there was too much to look at everything, the simulated run is looked at alike; swap may be new. */
  const simulatedLike = ({ machine: now, statements }: RealRun) =>
    simulateOn(host, options, { ...machine, swap: now.swap, pool: now.hugepages }, (at) =>
      statements[at]?.full === false ? "counters" : "everything",
    );

  return async (simulated, ran) => {
    if ("refused" in simulated) return failed(refusalText(simulated));
    const once = async () => compare(simulated, await program.run([`${number}`, ...wordsOf(care)]));
    // What a busy machine has ended, or disturbed, may come through the next time.
    const again = async (before?: Judged) => {
      let judged = before ?? (await once());
      for (let tries = 1; tries < AGAIN && judged.failure !== undefined; tries++) judged = await once();
      return judged;
    };
    const first = await again(ran && compare(simulated, ran));
    let judged = first;
    for (let tries = 1; tries < AGAIN && differs(judged) && !onlyMachineWide(judged); tries++)
      judged = withoutDisturbed(await again(), judged);
    if (differs(first) && !onlyMachineWide(first) && judged.comparison && !differs(judged))
      return unsteady(judged, first.comparison!.differences[0]!.what);
    return withoutOthers(judged, () => again());
  };
}

const differs = ({ comparison }: Judged): boolean => (comparison?.differences.length ?? 0) > 0;

const onlyMachineWide = (judged: Judged): boolean =>
  differs(judged) && judged.comparison!.differences.every(isMachineWide);

/** Beside what differs anyway, a counter of the whole machine counts only if it was as wrong the time before. */
function withoutDisturbed(judged: Judged, before: Judged): Judged {
  if (!differs(judged) || onlyMachineWide(judged)) return judged;
  const wrong = new Map(before.comparison?.differences.map(({ what, real }) => [what, real]));
  const differences = judged.comparison!.differences.filter(
    (one) => !isMachineWide(one) || wrong.get(one.what) === one.real,
  );
  return { ...judged, comparison: { ...judged.comparison!, differences } };
}

/**
 * What differs in counters of the whole machine only: the same wrong number in most runs is this kernel's own, now this one
 * and now that one are others' doing, and a line that has agreed once has been compared.
 */
async function withoutOthers(first: Judged, again: () => Promise<Judged>): Promise<Judged> {
  const runs = [first];
  const open = () => linesAlwaysWrong(runs);
  const worthMore = () =>
    runs.length < TRIES && open().some((line) => runs.length < ENOUGH || usualDifference(line, runs));
  while (onlyMachineWide(runs.at(-1)!) && worthMore()) {
    await new Promise((done) => setTimeout(done, runs.length * PAUSE));
    runs.push(await again());
  }
  const judged = runs.at(-1)!;
  if (!judged.comparison || (differs(judged) && !onlyMachineWide(judged))) return judged;
  const wrong = open().flatMap((line) => usualDifference(line, runs) ?? []);
  const others = open().filter((line) => !wrong.some(({ what }) => what === line));
  const settled = { ...judged, comparison: { ...judged.comparison, differences: wrong } };
  return others.length === 0
    ? settled
    : withNote(settled, `${others.join(", ")}, which others on this machine changed at the same time`);
}

const differencesOf = ({ comparison }: Judged): readonly Difference[] => comparison?.differences ?? [];

const linesAlwaysWrong = ([first, ...more]: readonly Judged[]): string[] =>
  differencesOf(first!)
    .map(({ what }) => what)
    .filter((line) => more.every((run) => differencesOf(run).some(({ what }) => what === line)));

/** The difference that more than half of the runs show. */
function usualDifference(line: string, runs: readonly Judged[]): Difference | undefined {
  const seen = runs.flatMap((run) => differencesOf(run).filter(({ what }) => what === line));
  return seen.find(({ real }) => seen.filter((one) => one.real === real).length > runs.length / 2);
}

function withNote(judged: Judged, note: string): Judged {
  const comparison = judged.comparison!;
  return { ...judged, comparison: { ...comparison, notCompared: [...comparison.notCompared, note] } };
}

const unsteady = (judged: Judged, what: string): Judged => ({
  ...withNote(judged, `${what}, which differed in one run and not in another`),
  unsteady: what,
});

const failed = (failure: string): Judged => ({ failure });

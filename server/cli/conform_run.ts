// Runs scenarios in the simulator and, compiled into one program, on the machine, and compares.
import {
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
import { type Judged, verdict } from "./conform_verdict.ts";
import { refusalText } from "./each_file.ts";
import type { NativeProgram, NativeRun } from "./native.ts";
import type { Terminal } from "./terminal.ts";

/** "quick" leaves out counters of the whole machine, which need time to settle. */
export type Care = "quick" | "everything";

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
    return verdict(once, ran && compare(simulated, ran));
  };
}

const failed = (failure: string): Judged => ({ failure });

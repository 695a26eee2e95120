// Random programs from one seed to another, judged in this process; what differs is made small.
import {
  type Difference,
  exportScenarios,
  type RealMachine,
  randomGroupsScenario,
  randomHugetlbScenario,
  randomLargeScenario,
  randomScenario,
  shrink,
} from "../../sim/session.ts";
import { judgeScenarios } from "./conform_run.ts";
import type { Judged } from "./conform_verdict.ts";
import type { Terminal } from "./terminal.ts";

/** Scenarios compiled into one program. */
const BATCH = 100;

/** Random programs of all kinds, large ones of all kinds, of huge pages, or in control groups. */
const GENERATORS = {
  any: randomScenario,
  large: randomLargeScenario,
  hugetlb: randomHugetlbScenario,
  groups: randomGroupsScenario,
};
export type RandomKind = keyof typeof GENERATORS;

/** Something to tell about the program of one seed. */
export interface Finding {
  readonly seed: number;
  /** It differs: the smallest scenario that still does, and how. */
  readonly scenario?: string;
  readonly differences?: readonly Difference[];
  /** It could not be run or compared. */
  readonly failure?: string;
  /** It differed in one run and not in another. */
  readonly unsteady?: string;
}

export interface Slice {
  readonly findings: readonly Finding[];
  readonly programs: number;
  readonly statements: number;
  readonly machine?: RealMachine;
  /** The simulated version of Linux. */
  readonly version: string;
}

/** A string says why nothing can be judged here. `done` is told how many programs were judged since it was last told. */
export async function judgeSlice(
  terminal: Terminal,
  { count, seed, programs: kind }: { readonly count: number; readonly seed: number; readonly programs: RandomKind },
  done: (programs: number) => void,
): Promise<Slice | string> {
  const findings: Finding[] = [];
  let [programs, statements, version] = [0, 0, ""];
  let machine: RealMachine | undefined;
  for (let at = 0; at < count && !terminal.interrupted(); at += BATCH) {
    const seeds = Array.from({ length: Math.min(BATCH, count - at) }, (_, i) => seed + at + i);
    const judged = await judgeTexts(terminal, seeds.map(GENERATORS[kind]));
    if (typeof judged === "string") return judged;
    for (const [i, one] of judged.entries()) {
      machine ??= one.machine;
      version = one.comparison?.version ?? version;
      programs++;
      statements += one.comparison?.statements ?? 0;
      const finding = await findingOf(terminal, GENERATORS[kind], seeds[i]!, one);
      if (finding) findings.push(finding);
    }
    done(judged.length);
  }
  return { findings, programs, statements, version, ...(machine ? { machine } : {}) };
}

async function findingOf(
  terminal: Terminal,
  scenarioOf: (seed: number) => string,
  seed: number,
  judged: Judged,
): Promise<Finding | undefined> {
  if (judged.failure !== undefined) return { seed, failure: judged.failure.replace(/^random-\d+\.mshare: /, "") };
  if (judged.unsteady !== undefined) return { seed, unsteady: judged.unsteady };
  if (judged.comparison!.differences.length === 0) return undefined;
  const scenario = await smallest(terminal, scenarioOf(seed), kindOf(judged));
  const again = await judgeTexts(terminal, [scenario]);
  const differences = typeof again === "string" ? undefined : again[0]?.comparison?.differences;
  return { seed, scenario, differences: differences?.length ? differences : judged.comparison!.differences };
}

async function smallest(terminal: Terminal, text: string, kind: string): Promise<string> {
  const shows = async (texts: readonly string[]): Promise<boolean[]> => {
    const sound = texts.map((text) => !isRefused(terminal, text));
    const results = await judgeTexts(
      terminal,
      texts.filter((_, i) => sound[i]),
    );
    if (typeof results === "string") return texts.map(() => false);
    let next = 0;
    return sound.map((one) => {
      const result = one ? results[next++] : undefined;
      return result !== undefined && kindOf(result) === kind;
    });
  };
  return await shrink(text, shows);
}

/** Judges texts that lie in no file. */
async function judgeTexts(terminal: Terminal, texts: readonly string[]): Promise<readonly Judged[] | string> {
  const names = new Map(texts.map((text, i) => [`random-${i}.mshare`, text]));
  const host = { ...terminal, read: (path: string) => names.get(path) };
  const programs = [...names.keys()].map((program) => ({ program }));
  return programs.length === 0 ? [] : judgeScenarios(terminal, programs, host, "quick");
}

/** Shrinking may have taken away what another line needs. */
function isRefused(terminal: Terminal, text: string): boolean {
  return "refused" in exportScenarios({ ...terminal, read: () => text }, [{ program: "random.mshare" }]);
}

/** What differs first, without the numbers in it: shrinking keeps to it. */
function kindOf({ comparison }: Judged): string {
  const one = comparison?.differences[0];
  return one ? `${one.call} ${one.what.replace(/0x[0-9a-f]+|^p\d+: | and \d+ more/g, "")}` : "";
}

// Compiles scenarios into one program, runs each on the machine and in the simulator, and compares.
import {
  type Comparison,
  compareWithReal,
  exportScenarios,
  type Host,
  type LaunchOptions,
  type RealMachine,
  type RealRun,
  readReal,
} from "../../sim/session.ts";
import type { NativeProgram } from "./native.ts";
import { refusalText } from "./run.ts";
import type { Terminal } from "./terminal.ts";

export interface Judged {
  readonly comparison?: Comparison;
  readonly machine?: RealMachine;
  /** Why there is no comparison. */
  readonly failure?: string;
}

/** "quick" leaves out PageTables of /proc/meminfo, which needs time to settle. */
export type Care = "quick" | "everything";

/** Runs that PageTables gets before others on the machine are blamed. */
const TRIES = 5;

/** Runs that must show any other difference: reclaim, for one, is not the same every time. */
const AGAIN = 3;

/** What is said of a difference that does not come again. */
export const UNSTEADY = "which differed in one run and not in another";

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
    const judged: Judged[] = [];
    for (const [number, options] of programs.entries()) {
      judged.push(await judgeOne(program, number, options, host, care));
      await terminal.breathe();
      if (terminal.interrupted()) break;
    }
    return judged;
  } finally {
    program.remove();
  }
}

async function judgeOne(
  program: NativeProgram,
  number: number,
  options: LaunchOptions,
  host: Host,
  care: Care,
): Promise<Judged> {
  const first = await runOnce(program, number, options, host, care);
  let judged = first;
  for (let tries = 1; tries < AGAIN && differs(judged) && !onlyPageTables(judged); tries++)
    judged = await runOnce(program, number, options, host, care);
  if (differs(first) && !onlyPageTables(first) && judged.comparison && !differs(judged))
    return withNote(judged, `${first.comparison!.differences[0]!.what}, ${UNSTEADY}`);
  const seen = new Set<number | null>();
  for (let tries = 1; tries < TRIES && onlyPageTables(judged); tries++) {
    seen.add(judged.pageTables);
    judged = await runOnce(program, number, options, host, care);
  }
  if (!onlyPageTables(judged)) return judged;
  // The same wrong number every time is this kernel's own; different ones are others' doing.
  if (seen.size === 1 && seen.has(judged.pageTables)) return judged;
  return withNote(judged, "PageTables of /proc/meminfo, which others on this machine changed at the same time");
}

const differs = ({ comparison }: Judged): boolean => (comparison?.differences.length ?? 0) > 0;

function withNote(judged: Judged, note: string): Judged {
  const comparison = judged.comparison!;
  return { ...judged, comparison: { ...comparison, differences: [], notCompared: [...comparison.notCompared, note] } };
}

type Once = Judged & { readonly pageTables: number | null };

const onlyPageTables = ({ comparison }: Judged): boolean =>
  comparison?.differences.length === 1 && comparison.differences[0]!.what.endsWith("PageTables");

async function runOnce(
  program: NativeProgram,
  number: number,
  options: LaunchOptions,
  host: Host,
  care: Care,
): Promise<Once> {
  const { status, out, error } = await program.run([`${number}`, ...(care === "quick" ? ["quick"] : [])]);
  if (status !== 0) return failed(`${options.program}: ${error.trim() || `the program ended with ${status}`}`);
  const real: RealRun = readReal(out);
  const comparison = compareWithReal(host, options, real);
  if ("refused" in comparison) return failed(refusalText(comparison));
  return { comparison, machine: real.machine, pageTables: real.pageTables };
}

const failed = (failure: string): Once => ({ failure, pageTables: null });

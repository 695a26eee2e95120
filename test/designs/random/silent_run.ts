// One random scenario with every fix, run to its end: what detectors say of it, which should be nothing.
import { openRun } from "../../../sim/session/open_run.ts";
import { type SharingDesign, sharingScenario } from "./sharing_scenario.ts";

export interface SilentRun {
  readonly text: string;
  /** Reports, statements that could not be done, or why it did not run. */
  readonly problems: readonly string[];
  /** Faults that went into shared tables: what the run is worth. */
  readonly sharedFaults: number;
}

/** The same scenario with five levels: what lay in an entry of the top-level table does so again, above 47 bits. */
const onFiveLevels = (text: string): string =>
  text
    .replace(/\b(\d+)TiB/g, (_, n: string) => `${Number(n) * 256}TiB`)
    .replaceAll("512GiB", "256TiB")
    .replace("machine { ", "machine { levels: 5, ");

/** Steps after which a scenario of a few dozen calls makes no progress. */
const MOST_STEPS = 2_000_000;

export function silentRun(design: SharingDesign, seed: number, levels: 4 | 5 = 4): SilentRun {
  const four = sharingScenario(design, seed);
  const text = levels === 5 ? onFiveLevels(four) : four;
  const run = openRun({ read: () => text }, { program: "silent.mshare", maxSteps: MOST_STEPS });
  if ("refused" in run) {
    const errors = run.diagnostics.filter(({ severity }) => severity === "error");
    const problems = [run.message, ...errors.map(({ line, message }) => `line ${line}: ${message}`)];
    return { text, problems, sharedFaults: 0 };
  }
  while (!run.advance(1_000_000));
  const { bugs, statements, events, verdict } = run.report();
  return {
    text,
    problems: [
      ...(verdict === "limit" || run.steps >= MOST_STEPS ? [`no end after ${run.steps} steps`] : []),
      ...bugs.map(({ kind, message, line }) => `line ${line}: ${kind}: ${message}`),
      ...statements.filter(({ ok }) => !ok).map(({ line, call, problem }) => `line ${line}: ${call}: ${problem}`),
    ],
    sharedFaults: (events["pgd_same"] ?? 0) + (events["pmd_same"] ?? 0),
  };
}

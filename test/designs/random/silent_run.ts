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

export function silentRun(design: SharingDesign, seed: number): SilentRun {
  const text = sharingScenario(design, seed);
  const run = openRun({ read: () => text }, { program: "silent.mshare", maxSteps: 2_000_000 });
  if ("refused" in run) {
    const errors = run.diagnostics.filter(({ severity }) => severity === "error");
    const problems = [run.message, ...errors.map(({ line, message }) => `line ${line}: ${message}`)];
    return { text, problems, sharedFaults: 0 };
  }
  while (!run.advance(1_000_000));
  const { bugs, statements, events } = run.report();
  return {
    text,
    problems: [
      ...bugs.map(({ kind, message, line }) => `line ${line}: ${kind}: ${message}`),
      ...statements.filter(({ ok }) => !ok).map(({ line, call, problem }) => `line ${line}: ${call}: ${problem}`),
    ],
    sharedFaults: (events["pgd_same"] ?? 0) + (events["pmd_same"] ?? 0),
  };
}

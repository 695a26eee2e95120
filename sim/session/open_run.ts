// Runs a scenario without a debugger, in slices, for the command line.
import type { Host, LaunchOptions, Refusal } from "../debugging.ts";
import { historyOf } from "./history.ts";
import { type Loaded, load } from "./load.ts";
import { type RunReport, reportOf } from "./report.ts";
import { createSourceMaps } from "./stack.ts";

/** Steps after which a call that runs as plain calls goes on step by step, so that it can be interrupted. */
const PATIENCE = 250_000;

export interface ScenarioRun {
  /** Works on for about so many steps; true when there is nothing left to do. */
  advance(steps: number): boolean;
  readonly steps: number;
  /** What it came to; of a run that is not over, so far. */
  report(): RunReport;
}

export function openRun(host: Host, options: LaunchOptions): ScenarioRun | Refusal {
  const loaded = load(host, options);
  return "refused" in loaded ? loaded : createRun(loaded, host);
}

function createRun(loaded: Loaded, host: Host): ScenarioRun {
  const { run, system, detectors, maxSteps } = loaded;
  run.patience = PATIENCE;
  let over = false;
  let limited = true;
  return {
    advance(steps) {
      if (over) return true;
      const outcome = run.forward(maxSteps, steps);
      if (outcome === "budget") return false;
      over = true;
      limited = outcome !== "done" || loaded.runner.state.cut_off === 1;
      if (!limited) detectors.endOfRun();
      return true;
    },
    get steps() {
      return system.machine.step;
    },
    report() {
      const maps = createSourceMaps(host.sourceMap);
      const report = reportOf(loaded, maps, () => [], limited);
      // Who has interrupted a run does not wait for it to be done again.
      if (!over || report.bugs.length === 0) return report;
      // The run is done once more to see what happened to the objects that are named.
      const histories = historyOf(loaded);
      return { ...report, bugs: report.bugs.map((bug, i) => ({ ...bug, history: histories[i] ?? [] })) };
    },
  };
}

// Runs a scenario without a debugger, in slices, for the command line.
import type { Host, LaunchOptions, Refusal } from "../debugging.ts";
import { historiesOf } from "./history.ts";
import { type Loaded, load } from "./load.ts";
import { type RunReport, reportOf } from "./report.ts";
import { createSourceMaps } from "./stack.ts";
import { createTravel, whole } from "./travel.ts";

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
  const { run, system, maxSteps } = loaded;
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
      return true;
    },
    get steps() {
      return system.machine.step;
    },
    report() {
      const maps = createSourceMaps(host.sourceMap);
      const bugs = loaded.detectors.reports();
      // Who has interrupted a run does not wait for it to be done again.
      if (!over || bugs.length === 0) return reportOf(loaded, maps, limited);
      // Parts of the run are done once more to see what happened to the objects that are named.
      const travel = createTravel(loaded, { jumped() {}, arrived() {}, returned() {} });
      const histories = whole(
        travel,
        travel.fromHere(() => historiesOf(loaded, travel, bugs)),
      );
      return reportOf(loaded, maps, limited, histories);
    },
  };
}

// What may stop a run as an exception: reports of detectors, failed expectations, signals.
import type { Thread } from "../core/thread.ts";
import type { ExceptionReport, Output } from "../debugging.ts";
import type { BugReport } from "../detectors/report.ts";
import { bugKinds } from "../scenario/bug_kinds.ts";
import type { Hit } from "./breakpoint.ts";
import type { Breakpoints } from "./breakpoints.ts";
import { describeEvent } from "./describe.ts";
import { createFailures, type Failure } from "./failures.ts";
import type { Loaded } from "./load.ts";
import { isAllowed } from "./report.ts";
import { titleOf } from "./splat.ts";

export interface Trouble {
  /** What there is now is known. */
  catchUp(): void;
  /** What is new since and stops the run, as people read it. `event`: of the step that was just done; -1: the run is over. */
  since(event: number): FoundTrouble[];
}

/** `bug`: where a detector has reported it. `hits`: the filters that let it stop the run. */
export interface FoundTrouble extends ExceptionReport {
  readonly bug: BugReport | undefined;
  readonly hits: readonly Hit[];
  /** Of an expectation: what it is about, as the run has gone on since. */
  readonly failure?: Failure | undefined;
}

interface Parts {
  readonly loaded: Loaded;
  readonly breakpoints: Breakpoints;
  /** Asks filters in the name of this thread, whoever did the last step. */
  inNameOf<T>(thread: Thread, ask: () => T): T;
  /** Takes what is told without a stop. */
  print(output: Output): void;
}

export function createTrouble({ loaded, breakpoints, inNameOf, print }: Parts): Trouble {
  const { detectors, system, options } = loaded;
  const failures = createFailures(loaded);
  let bugs = 0;
  return {
    catchUp() {
      bugs = detectors.reports().length;
      failures.catchUp();
    },
    since(event) {
      const troubles: FoundTrouble[] = [];
      const note = (filter: string, message: string, bug?: BugReport) => {
        const hits = breakpoints.forException(filter, message);
        if (hits.length > 0) troubles.push({ kind: filter, message, bug, hits });
      };
      const reports = detectors.reports();
      for (const bug of reports.slice(bugs)) {
        if (options.stopOnAllowed || !isAllowed(loaded, bug.kind)) note(bug.kind, bug.message, bug);
        else if (breakpoints.hasFilter(bug.kind)) print(allowedText(bug));
      }
      bugs = reports.length;
      for (const failure of failures.take(event < 0 ? "at the end" : "at the next step")) {
        const { message, thread } = failure;
        const hits = inNameOf(thread, () => breakpoints.forException("expectation", message));
        if (hits.length > 0) troubles.push({ kind: "expectation", message, bug: undefined, hits, failure });
      }
      if (system.machine.events.names[event] === "signal") note("signal", describeEvent(system));
      return troubles;
    },
  };
}

/** A report that the scenario allows, in a line. */
function allowedText({ kind, message, step, task, file, line }: BugReport): Output {
  const text = `allowed by the scenario: ${kind}: ${titleOf(message)} (${task}, step ${step})`;
  return { category: "console", text, ...(line > 0 && { file, line }) };
}

/** All filters that a debugger may set. */
export function exceptionFilters() {
  const bugs = bugKinds.map(({ name, doc }) => ({ filter: name, label: name, doc, default: true }));
  const expectations = "An expectation or a clause does not hold.";
  return [
    ...bugs,
    { filter: "expectation", label: "failed expectations", doc: expectations, default: true },
    { filter: "signal", label: "signals", doc: "An access raises a fatal signal.", default: false },
  ];
}

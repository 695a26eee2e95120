// What may stop a run as an exception: reports of detectors, failed expectations, signals.
import type { ExceptionReport, Output } from "../debugging.ts";
import type { BugReport } from "../detectors/report.ts";
import { bugKinds } from "../scenario/bug_kinds.ts";
import type { Hit } from "./breakpoint.ts";
import type { Breakpoints } from "./breakpoints.ts";
import { describeEvent } from "./describe.ts";
import type { Loaded } from "./load.ts";
import { isAllowed } from "./report.ts";
import { titleOf } from "./splat.ts";

export interface Trouble {
  /** What there is now is known. */
  catchUp(): void;
  /** What is new since and stops the run, as people read it. */
  since(event: number): FoundTrouble[];
}

/** `bug`: where a detector has reported it. `hits`: the filters that let it stop the run. */
export interface FoundTrouble extends ExceptionReport {
  readonly bug: BugReport | undefined;
  readonly hits: readonly Hit[];
  /** What it is about, where the run has gone on since: an expectation takes no step. */
  readonly at?: Place | undefined;
}

interface Place {
  readonly name: string;
  readonly file: string;
  readonly line: number;
}

/** `print` takes what is told without a stop. */
export function createTrouble(loaded: Loaded, breakpoints: Breakpoints, print: (output: Output) => void): Trouble {
  const { detectors, runner, system, options } = loaded;
  let bugs = 0;
  let failures = 0;
  return {
    catchUp() {
      bugs = detectors.reports().length;
      failures = runner.state.failures;
    },
    since(event) {
      const troubles: FoundTrouble[] = [];
      const note = (filter: string, message: string, bug?: BugReport, at?: Place) => {
        const hits = breakpoints.forException(filter, message);
        if (hits.length > 0) troubles.push({ kind: filter, message, bug, hits, at });
      };
      const reports = detectors.reports();
      for (const bug of reports.slice(bugs)) {
        if (options.stopOnAllowed || !isAllowed(loaded, bug.kind)) note(bug.kind, bug.message, bug);
        else if (breakpoints.hasFilter(bug.kind)) print(allowedText(bug));
      }
      bugs = reports.length;
      if (runner.state.failures > failures) {
        const { message, at } = lastFailure(loaded);
        note("expectation", message, undefined, at);
      }
      failures = runner.state.failures;
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

function lastFailure({ runner }: Loaded): { readonly message: string; readonly at?: Place } {
  const { expectations, results } = runner.state;
  const expectation = expectations.findLast((one) => !one.ok);
  const result = results.all().findLast((one) => !one.ok);
  if (expectation && (!result || expectation.step >= result.step)) {
    const { file, line, text, problem = "false" } = expectation;
    return { message: `line ${line}: ${text}: ${problem}`, at: { name: "expect", file, line } };
  }
  if (!result) return { message: "failed" };
  const { file, line, actor, call, problem = "failed" } = result;
  return { message: `line ${line}: ${actor}: ${call}: ${problem}`, at: { name: `${actor}: ${call}`, file, line } };
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

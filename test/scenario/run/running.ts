// Scenarios run from text, through the façade.
import assert from "node:assert/strict";
import type { RunReport } from "../../../sim/session.ts";
import { openRun } from "../../../sim/session.ts";

export type Files = Readonly<Record<string, string>>;

function open(text: string, schedule?: string, files: Files = {}) {
  const all: Files = { "t.mshare": text, ...files };
  return openRun({ read: (path) => all[path], root: "" }, { program: "t.mshare", schedule });
}

export function run(text: string, schedule?: string, files?: Files): RunReport {
  const opened = open(text, schedule, files);
  assert.ok(!("refused" in opened), "refused" in opened ? opened.message : "");
  while (!opened.advance(1_000_000));
  return opened.report();
}

/** The run, which must fulfil everything that the scenario says of itself. */
export function passes(text: string, schedule?: string, files?: Files): RunReport {
  const report = run(text, schedule, files);
  const wrong = [...report.statements, ...report.expectations]
    .filter(({ ok }) => !ok)
    .map(({ line, problem }) => `line ${line}: ${problem}`);
  assert.deepEqual([...wrong, ...report.bugs.filter((bug) => bug.unexpected).map(({ message }) => message)], []);
  assert.equal(report.verdict, "pass");
  return report;
}

/** What is wrong with the statement in a line of a run that fails. */
export function problemAt(line: number, text: string): string | undefined {
  const report = run(text);
  assert.equal(report.verdict, "fail");
  const one = [...report.statements, ...report.expectations].find((each) => each.line === line && !each.ok);
  return one?.problem;
}

/** Codes and lines of the errors for which a scenario is refused. */
export function refusal(text: string): string[] {
  const opened = open(text);
  assert.ok("refused" in opened, "it runs");
  return opened.diagnostics.filter(({ severity }) => severity === "error").map(({ line, code }) => `${line} ${code}`);
}

export const ANONYMOUS = "PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0";

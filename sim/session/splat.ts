// A report laid out as the kernel prints one, with what a kernel cannot know: the history of the objects.

import type { Frame } from "../debugging.ts";
import type { BugReport } from "../detectors/report.ts";

const RULE = "=".repeat(66);
const LINE = "-".repeat(66);

export interface History {
  readonly lines: readonly { readonly step: number; readonly line: number; readonly event: string }[];
  /** Steps before this one were not looked at; 1: all were. */
  readonly from: number;
}

/** `statement`: what the scenario does there. */
export function splat(bug: BugReport, calls: readonly Frame[], statement: string, history: History): string {
  const [title, ...rest] = bug.message.split("; ");
  const times = bug.count > 1 ? ` (${bug.count} times)` : "";
  const place = bug.line > 0 ? `${bug.file}:${bug.line}` : "the end of the run";
  return [
    RULE,
    `BUG: ${bug.kind}: ${title}${times}`,
    ...rest.map((line) => `  ${line}`),
    LINE,
    `CPU: ${bug.cpu} Comm: ${bug.task} Step: ${bug.step}`,
    `At: ${place}${statement ? `: ${statement}` : ""}`,
    ...(calls.length > 0 ? ["Call Trace:", " <TASK>"] : []),
    ...calls.map(({ name, file, line }) => `  ${name}  ${file}:${line}`),
    ...(calls.length > 0 ? [" </TASK>"] : []),
    ...objects(bug),
    ...told(history),
    RULE,
  ].join("\n");
}

/** The first sentence of a report: what a stop's description has room for. */
export const titleOf = (message: string): string => message.split("; ")[0]!;

function objects({ objects: all }: BugReport): string[] {
  if (all.length === 0) return [];
  return ["", "Objects:", ...all.map(({ type, id, name }) => `  ${type} ${id}${name ? ` (${name})` : ""}`)];
}

function told({ lines, from }: History): string[] {
  if (lines.length === 0 && from <= 1) return [];
  const earlier = from > 1 ? [`  steps before ${from} were not looked at`] : [];
  const shown = lines.map(({ step, line, event }) => `  step ${step}${line > 0 ? `, line ${line}` : ""}: ${event}`);
  return ["", "What happened to them:", ...earlier, ...shown];
}

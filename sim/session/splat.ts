// A report laid out as the kernel prints one, with what a kernel cannot know: the history of the objects.

import type { Frame } from "../debugging.ts";
import type { BugObject, BugReport } from "../detectors/report.ts";
import { DAEMON_NAMES } from "../kernel/daemons.ts";
import type { History } from "./history.ts";
import { lifeLines } from "./lives.ts";

const RULE = "=".repeat(66);
const LINE = "-".repeat(66);

/** What a splat says beside the report itself. */
export interface Circumstances {
  readonly calls: readonly Frame[];
  /** What the scenario does there. */
  readonly statement: string;
  readonly history: History;
  /** What an object is by now; "" where nothing is known. */
  state(object: BugObject): string;
}

/** Where a report was made: at a statement; in the background, perhaps for what a statement has begun; at the end of the run. */
export function whereabouts({
  task,
  file,
  line,
}: Pick<BugReport, "file" | "line"> & { readonly task?: string }): string {
  const place = line > 0 ? `${file}:${line}` : "";
  if (DAEMON_NAMES.some((name) => name === task))
    return place ? `in the background, for ${place}` : "in the background";
  return place || "at the end of the run";
}

export function splat(bug: BugReport, { calls, statement, history, state }: Circumstances): string {
  const [title = "", ...rest] = linesOf(bug.message);
  // What the kernel calls a warning is none of its BUGs.
  const word = /^(?:WARNING|INFO|rcu): /.test(title) ? "" : "BUG: ";
  const kind = title.startsWith(bug.kind) ? "" : `${bug.kind}: `;
  const times = bug.count > 1 ? ` (${bug.count} times)` : "";
  const place = whereabouts(bug).replace(/^at /, "");
  return [
    RULE,
    `${word}${kind}${title}${times}`,
    ...rest.map((line) => ` ${line}`),
    LINE,
    `CPU: ${bug.cpu} Comm: ${bug.task} Step: ${bug.step}`,
    `At: ${place}${statement ? `: ${statement}` : ""}`,
    ...(calls.length > 0 ? ["Call Trace:", " <TASK>"] : []),
    ...calls.map(({ name, file, line }) => `  ${name}  ${file}:${line}`),
    ...(calls.length > 0 ? [" </TASK>"] : []),
    ...objects(bug, history, state),
    ...told(history),
    RULE,
  ].join("\n");
}

/** The lines of a report, as the kernel breaks them: the title first. */
export const linesOf = (message: string): readonly string[] =>
  message.split(/; |(?<=scenario:) /).map((line) => (line.startsWith("lock(") ? `    ${line}` : line));

/** The first sentence of a report: what a stop's description has room for. */
export const titleOf = (message: string): string => message.split("; ")[0]!;

function objects({ objects: all }: BugReport, { lives }: History, state: Circumstances["state"]): string[] {
  if (all.length === 0) return [];
  const text = (object: BugObject) => {
    const now = state(object);
    return ` ${object.type} ${object.id}${object.name ? ` (${object.name})` : ""}${now ? `: ${now}` : ""}`;
  };
  const lines = all.flatMap((object, i) => [text(object), ...lifeLines(lives[i] ?? {}).map((line) => `   ${line}`)]);
  return ["", "Objects:", ...lines];
}

function told({ lines, from }: History): string[] {
  if (lines.length === 0 && from <= 1) return [];
  const earlier = from > 1 ? [` steps before ${from} were not looked at`] : [];
  const shown = lines.map(({ step, task, line, event, choice }) => {
    const by = [`step ${step}`, ...(task ? [task] : []), ...(line > 0 ? [`line ${line}`] : [])];
    return ` ${by.join(", ")}: ${event}${choice ? `  ⑂ ${choice.join(" or ")}` : ""}`;
  });
  return ["", "What happened to them:", ...earlier, ...shown];
}

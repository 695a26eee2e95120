// A run's report as text for people with five minutes: verdict first, then what is wrong, then the figures.

import { lifeLines } from "./lives.ts";
import type { ReportedBug, RunReport } from "./report.ts";
import { hex, showBytes } from "./show.ts";
import { linesOf, whereabouts } from "./splat.ts";

export type Style = "plain" | "color";

const CODES = { red: 31, green: 32, yellow: 33, bold: 1, dim: 2 } as const;
export type Paint = (code: keyof typeof CODES, text: string) => string;

export const paintOf =
  (style: Style): Paint =>
  (code, text) =>
    style === "plain" ? text : `\u001b[${CODES[code]}m${text}\u001b[0m`;

export function reportText(report: RunReport, style: Style): string {
  const paint = paintOf(style);
  const parts = [
    headText(report, paint),
    trace(report, paint),
    failures(report, paint),
    report.bugs.map((bug) => bugText(bug, paint)).join("\n"),
    warnings(report, paint),
    counters(report, paint),
    verdict(report, paint),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

/** Which scenario, on which kernel. */
export function headText(
  { file, kernel, options, fixes }: Pick<RunReport, "file" | "kernel" | "options" | "fixes">,
  paint: Paint,
): string {
  const set = Object.entries(options).map(([name, value]) => `${name}: ${value}`);
  const fixed = fixes.length > 0 ? `, fixed: ${fixes.join(", ")}` : "";
  return `${paint("bold", file)}  on ${kernel}${set.length > 0 ? ` { ${set.join(", ")} }` : ""}${fixed}`;
}

const LINES_SHOWN = 60;

/** Each statement with what came of it, as strace shows calls. */
function trace({ statements, omitted, file }: RunReport, paint: Paint): string {
  const shown = statements.slice(-LINES_SHOWN);
  const left = omitted + statements.length - shown.length;
  const width = Math.max(0, ...shown.map(({ actor }) => actor.length));
  const lines = shown.map((one) => {
    const place = `${one.file === file ? "" : `${one.file}:`}${one.line}`.padStart(4);
    const came = one.errno ?? one.signal ?? (one.result === null ? "not done" : showResult(one.result));
    const mark = one.ok ? "" : `  ${paint("red", `✗ ${one.problem}`)}`;
    return `${paint("dim", place)}  ${one.actor.padEnd(width)}  ${one.call.padEnd(12)} = ${came}${mark}`;
  });
  if (left > 0)
    lines.unshift(paint("dim", `      … ${left} earlier ${left === 1 ? "execution" : "executions"} of statements`));
  return lines.join("\n");
}

const showResult = (value: bigint): string => (value > 65535n ? hex(value) : String(value));

function failures({ expectations }: RunReport, paint: Paint): string {
  if (expectations.length === 0) return "";
  const lines = expectations.map(({ line, text, ok, problem }) => {
    const mark = ok ? paint("green", "✓") : paint("red", "✗");
    return `${mark} ${paint("dim", String(line).padStart(4))}  ${text}${ok ? "" : `\n        ${paint("red", problem ?? "is false")}`}`;
  });
  return lines.join("\n");
}

/** Laid out like a kernel's own report, with what the kernel could not say. */
function bugText(bug: ReportedBug, paint: Paint): string {
  const [title, ...rest] = linesOf(bug.message);
  const note = bug.unexpected ? "" : "  (expected or allowed)";
  const times = bug.count > 1 ? `, ${bug.count} times` : "";
  const lines = [
    `${paint(bug.unexpected ? "red" : "yellow", `${bug.kind}: ${title}`)}${note}`,
    ...rest.map((text) => `  ${text}`),
    `  step ${bug.step}, ${bug.task} on CPU ${bug.cpu}, ${whereabouts(bug)}${times}`,
    ...bug.stack.map((frame) => `    ${frame.function.padEnd(24)} ${paint("dim", `${frame.file}:${frame.line}`)}`),
    ...bug.objects.flatMap((one) => lifeLines(one).map((text) => `  ${one.type} ${one.id}: ${text}`)),
    ...bug.history.map(
      ({ step, event, line, choice }) =>
        `  ${paint("dim", `step ${step}${line > 0 ? `, line ${line}` : ""}:`)} ${event}${choiceText(choice, paint)}`,
    ),
  ];
  return lines.join("\n");
}

/** After a step of a history: that the schedule chose there who goes on, and among whom. */
const choiceText = (choice: readonly string[] | undefined, paint: Paint): string =>
  choice ? paint("dim", `  ⑂ ${choice.join(" or ")}`) : "";

function warnings({ warnings }: RunReport, paint: Paint): string {
  return warnings
    .map(({ file, line, message, count }) =>
      paint("yellow", `${file}:${line}: warning: ${message}${count > 1 ? ` (${count} times)` : ""}`),
    )
    .join("\n");
}

const COLUMNS = ["VmPTE", "VmRSS", "RssAnon", "RssShmem", "VmSwap", "minflt", "majflt"];
const PROCESSES_SHOWN = 20;

function counters({ processes, meminfo }: RunReport, paint: Paint): string {
  const names = Object.keys(processes);
  if (names.length === 0) return "";
  const rows = names
    .slice(0, PROCESSES_SHOWN)
    .map((name) => [name, ...COLUMNS.map((column) => cell(column, processes[name]![column] ?? 0))]);
  const table = [["", ...COLUMNS], ...rows];
  const widths = table[0]!.map((_, i) => Math.max(...table.map((row) => row[i]!.length)));
  const lines = table.map((row) =>
    row.map((text, i) => (i === 0 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!))).join("  "),
  );
  const more =
    names.length > PROCESSES_SHOWN ? [paint("dim", `… and ${names.length - PROCESSES_SHOWN} more processes`)] : [];
  const memory = ["PageTables", "Shmem", "AnonPages", "MemFree"].map(
    (name) => `${name} ${showBytes(meminfo[name] ?? 0)}`,
  );
  return [paint("dim", lines[0]!), ...lines.slice(1), ...more, memory.join(", ")].join("\n");
}

const cell = (column: string, value: number): string => (column.endsWith("flt") ? String(value) : showBytes(value));

function verdict(report: RunReport, paint: Paint): string {
  const { steps, faults, accesses } = report;
  const flushes = report.events["tlb_flush"] ?? 0;
  const ipis = report.events["ipi"] ?? 0;
  const figures = `${steps} steps, ${accesses} accesses, ${faults} page faults, ${flushes} TLB flushes, ${ipis} IPIs`;
  const word = { pass: paint("green", "PASS"), fail: paint("red", "FAIL"), limit: paint("yellow", "LIMIT REACHED") }[
    report.verdict
  ];
  return `${paint("bold", word)}  ${figures}`;
}

// What a search of interleavings came to, as text for people with five minutes.
import type { Discovery, ExplorationReport } from "./exploration.ts";
import { whereabouts } from "./splat.ts";
import { headText, type Paint, paintOf, type Style } from "./summary.ts";

/** `again`: the command that runs one schedule again, where it was saved. */
export function explorationText(report: ExplorationReport, style: Style, again: string | undefined): string {
  const paint = paintOf(style);
  const told = (kinds: readonly Discovery["kind"][]) =>
    report.discoveries.filter(({ kind }) => kinds.includes(kind)).map((one) => discoveryText(one, report, paint));
  const parts = [
    headText(report, paint),
    extent(report),
    ...told(["unexpected", "failed"]),
    ...report.missed.map((one) => missedText(one, report, paint)),
    ...told(["expected"]),
    told(["allowed"]).join("\n"),
    verdict(report, paint, again),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function missedText(
  { text, file, line }: ExplorationReport["missed"][number],
  { complete }: ExplorationReport,
  paint: Paint,
): string {
  const sign = complete ? paint("red", "✗") : paint("yellow", "?");
  return `${sign} ${text}\n    ${file}:${line}: ${complete ? "no interleaving shows it" : "not seen so far"}`;
}

const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

function extent({ schedules, pruned, complete, waiting }: ExplorationReport): string {
  const run = counted(schedules, "interleaving");
  const left = pruned > 0 ? `, ${counted(pruned, "other")} broken off as like one of them` : "";
  if (complete && schedules + pruned === 1) return `${run} run: there is no other that can be told from it`;
  if (complete) return `${run} run${left}: every interleaving is like one of them`;
  return `${run} run${left}; at least ${counted(waiting, "other")} not run`;
}

const SIGNS = { unexpected: "✗", failed: "✗", expected: "✓", allowed: "·" } as const;

function discoveryText(one: Discovery, { schedules }: ExplorationReport, paint: Paint): string {
  const bad = one.kind === "unexpected" || one.kind === "failed";
  const title = one.message === "" ? one.what : `${one.what}: ${one.message}`;
  const place = whereabouts(one);
  if (one.kind === "allowed") return paint("dim", `${SIGNS.allowed} ${one.what} (allowed), ${place}`);
  const often = `in ${one.times.toLocaleString("en")} of ${counted(schedules, "interleaving")}`;
  const lines = [
    `${paint(bad ? "red" : "green", SIGNS[one.kind])} ${title}${bad ? "" : "  (expected)"}`,
    `    ${place}, ${often}; first with ${counted(one.preemptions, "preemption")}`,
    ...(one.schedule ? [`    schedule ${one.schedule}`] : []),
  ];
  return lines.join("\n");
}

function verdict({ verdict, steps }: ExplorationReport, paint: Paint, again: string | undefined): string {
  const word = { pass: paint("green", "PASS"), fail: paint("red", "FAIL"), limit: paint("yellow", "LIMIT REACHED") };
  const line = `${paint("bold", word[verdict])}  ${counted(steps, "step")}`;
  return again ? `${line}\nrun it again: ${again}` : line;
}

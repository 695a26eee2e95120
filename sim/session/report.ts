// What a run came to: the object that `mshare run --json` prints, and what text output is made of.
import type { BugReport } from "../detectors/report.ts";
import type { AllowStatement, ExpectBugStatement, Item } from "../scenario/ast.ts";
import type { Diagnostic } from "../scenario/diagnostics.ts";
import { positionAt } from "../scenario/lines.ts";
import { textOf } from "../scenario/run/judge.ts";
import type { ExpectationResult, StatementResult, Warning } from "../scenario/run/state.ts";
import { historic } from "../scenario/settings.ts";
import type { History, HistoryLine } from "./history.ts";
import type { Life } from "./lives.ts";
import { finalCounters, type Loaded } from "./load.ts";
import { scheduleText } from "./schedules.ts";
import { whereabouts } from "./splat.ts";
import { framesOf, type SourceMaps } from "./stack.ts";

export interface ReportedFrame {
  readonly function: string;
  readonly file: string;
  readonly line: number;
}

/** Who allocated, linked last and freed an object, as far as it is known. */
export interface ReportedObject extends Life {
  readonly type: string;
  readonly id: string;
}

export interface ReportedBug extends Omit<BugReport, "stack" | "objects"> {
  readonly stack: readonly ReportedFrame[];
  readonly objects: readonly ReportedObject[];
  readonly history: readonly HistoryLine[];
  /** Neither expected nor allowed. */
  readonly unexpected: boolean;
}

/** Sizes in bytes. Fields are added, never renamed. */
export interface RunReport {
  readonly file: string;
  readonly kernel: string;
  readonly options: Readonly<Record<string, string>>;
  readonly fixes: readonly string[];
  /** How `parallel` blocks interleaved, as a list to run again; undefined where nobody took turns. */
  readonly schedule: string | undefined;
  readonly verdict: "pass" | "fail" | "limit";
  readonly steps: number;
  readonly accesses: number;
  readonly faults: number;
  readonly statements: readonly Omit<StatementResult, "step">[];
  readonly omitted: number;
  readonly expectations: readonly Omit<ExpectationResult, "step">[];
  readonly bugs: readonly ReportedBug[];
  readonly processes: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly meminfo: Readonly<Record<string, number>>;
  readonly events: Readonly<Record<string, number>>;
  readonly warnings: readonly Warning[];
  readonly diagnostics: readonly Diagnostic[];
}

/** `limited`: the run was cut off. `histories`: what happened to the objects of each bug, where somebody has looked. */
export function reportOf(
  loaded: Loaded,
  maps: SourceMaps,
  limited: boolean,
  histories: readonly History[] = [],
): RunReport {
  const { scenario, runner, system, detectors } = loaded;
  const { state } = runner;
  const { machine } = system;
  const final = state.final ?? finalCounters(system, runner.roster);
  const bugs = detectors.reports().map((bug, i) => reportedBug(loaded, maps, bug, histories[i]));
  const expectations = [...state.expectations, ...(limited ? [] : bugExpectations(loaded))];
  const statementsFailed = state.failures > state.expectations.filter((one) => !one.ok).length;
  const failed = statementsFailed || expectations.some((one) => !one.ok) || bugs.some((bug) => bug.unexpected);
  return {
    file: scenario.program.entry.path,
    kernel: loaded.design.name,
    options: optionsOf(scenario),
    fixes: scenario.fixes,
    schedule: scheduleText(loaded.run),
    verdict: failed ? "fail" : limited ? "limit" : "pass",
    steps: machine.step,
    accesses: state.accesses,
    faults: machine.counts[machine.events.id("page_fault")!]!,
    statements: state.results.all().map(({ step: _, ...result }) => result),
    omitted: state.omitted,
    expectations: expectations.map(({ step: _, ...result }) => result),
    bugs,
    processes: final.processes,
    meminfo: final.meminfo,
    events: Object.fromEntries(
      machine.events.names.flatMap((name, i) => (machine.counts[i]! > 0 ? [[name, machine.counts[i]!] as const] : [])),
    ),
    warnings: state.warnings,
    diagnostics: scenario.diagnostics,
  };
}

function reportedBug(loaded: Loaded, maps: SourceMaps, bug: BugReport, history: History | undefined): ReportedBug {
  const stack = framesOf(bug.stack, maps).map(({ name, file, line }) => ({ function: name, file, line }));
  return {
    kind: bug.kind,
    message: bug.message,
    step: bug.step,
    task: bug.task,
    cpu: bug.cpu,
    file: bug.file,
    line: bug.line,
    stack,
    objects: bug.objects.map(({ type, id }, i) => ({ type, id, ...history?.lives[i] })),
    history: history?.lines ?? [],
    count: bug.count,
    unexpected: !isExpected(loaded, bug.kind),
  };
}

/** Expected (and not said to be mended) or allowed by the scenario. */
export function isExpected(loaded: Loaded, kind: string): boolean {
  return statements(loaded).some(({ item }) => {
    if (item.kind === "allow") return item.all || item.bugs.some((bug) => bug.text === kind);
    return item.kind === "expect-bug" && item.bug.text === kind && !isMended(loaded, item);
  });
}

/** Allowed by the scenario, and nothing that it waits for. */
export function isAllowed(loaded: Loaded, kind: string): boolean {
  const items = statements(loaded).map(({ item }) => item);
  const awaited = items.some((item) => item.kind === "expect-bug" && item.bug.text === kind && !isMended(loaded, item));
  return (
    !awaited && items.some((item) => item.kind === "allow" && (item.all || item.bugs.some((bug) => bug.text === kind)))
  );
}

/** `expect bug …` and `expect no bug`: judged when the run is over. */
export function bugExpectations(loaded: Loaded): ExpectationResult[] {
  const { runner, detectors, system } = loaded;
  const { step } = system.machine;
  return statements(loaded).flatMap(({ item }) => {
    if (item.kind === "expect-no-bug") {
      const unexpected = detectors.reports().filter((bug) => !isExpected(loaded, bug.kind));
      return [result(item, unexpected.length === 0, unexpected.map((bug) => bug.kind).join(", "))];
    }
    if (item.kind !== "expect-bug") return [];
    const found = detectors.reports().filter((bug) => bug.kind === item.bug.text);
    if (isMended(loaded, item))
      return [result(item, found.length === 0, `found although ${item.unlessFixed!.text} is fixed`)];
    const placed = item.at ? found.filter((bug) => isAtLabel(loaded, item.at!.text, bug)) : found;
    const elsewhere = item.at && found[0] ? foundElsewhere(found[0]) : "no such report";
    return [result(item, placed.length > 0, elsewhere)];
  });

  function result(item: Item, ok: boolean, problem: string): ExpectationResult {
    const file = runner.plan.fileOf(item);
    const text = textOf(item, file);
    return { file: file.path, line: runner.plan.lineOf(item), text, ok, problem: ok ? undefined : problem, step };
  }
}

/** Of what was to be found at a label. */
const foundElsewhere = (bug: BugReport): string => `found ${bug.line > 0 ? `in line ${bug.line}` : whereabouts(bug)}`;

/** Bugs that the scenario waits for, whatever interleaving shows them: by statement, and whether this run has shown them. */
export function awaitedBugs(loaded: Loaded): ExpectationResult[] {
  const items = statements(loaded).map(({ item }) => item);
  const judged = items.filter((item) => item.kind === "expect-bug" || item.kind === "expect-no-bug");
  const isAwaited = (item: (typeof judged)[number]) => item.kind === "expect-bug" && !isMended(loaded, item);
  return bugExpectations(loaded).filter((_, i) => isAwaited(judged[i]!));
}

/** The kernel's options, with the bugs that were put back. */
export function optionsOf({ options, unfixed }: Loaded["scenario"]): Record<string, string> {
  const set = Object.fromEntries(options);
  return unfixed.length > 0 ? { ...set, unfixed: unfixed.join(", ") } : set;
}

function isMended({ scenario, design }: Loaded, item: ExpectBugStatement): boolean {
  if (!item.unlessFixed) return false;
  const id = item.unlessFixed.text;
  return scenario.fixes.includes(id) || (historic(design).includes(id) && !scenario.unfixed.includes(id));
}

/** Labels stand before the statement that they mean: a call, or a whole block. */
function isAtLabel({ runner, scenario }: Loaded, label: string, bug: BugReport): boolean {
  const { plan } = runner;
  for (const { items } of plan.lists) {
    const at = items.findIndex((item) => item.kind === "label" && item.name.text === label);
    if (at < 0) continue;
    const meant = items.slice(at + 1).find((item) => item.kind !== "label");
    if (!meant) return false;
    const { path, lines } = plan.fileOf(meant);
    const last = positionAt(lines, meant.end).line;
    return (bug.file || scenario.program.entry.path) === path && bug.line >= plan.lineOf(meant) && bug.line <= last;
  }
  return false;
}

function statements({ scenario }: Loaded): readonly { readonly item: Item | AllowStatement }[] {
  return scenario.program.items;
}

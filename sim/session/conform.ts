// Scenarios held against a real Linux: written out as C programs, run here as those run there, compared.

import { cProgram } from "../conform/c_program.ts";
import { cScenario } from "../conform/c_scenario.ts";
import { compareRuns, type Difference } from "../conform/compare.ts";
import { declaredOptions, notCompared } from "../conform/not_compared.ts";
import { NotExportable } from "../conform/not_exportable.ts";
import type { ObservedRun, RealMachine, RealRun } from "../conform/observation.ts";
import { observe } from "../conform/observe.ts";
import type { Host, LaunchOptions, Refusal } from "../debugging.ts";
import { FIRST_FRAME } from "../kernel/mm/page_alloc.ts";
import type { CheckedScenario } from "../scenario/check.ts";
import { check } from "../scenario/check.ts";
import { refuses } from "../scenario/diagnostics.ts";
import { positionAt } from "../scenario/lines.ts";
import { BadArgument } from "../scenario/run/calls.ts";
import { createPlan } from "../scenario/run/plan.ts";
import { meminfoOf } from "../scenario/run/proc.ts";
import { createRoster, TooManyProcesses } from "../scenario/run/roster.ts";
import { type Loaded, load } from "./load.ts";
import { vocabulary } from "./vocabulary.ts";

export interface Exported {
  /** The C program. */
  readonly source: string;
  /** Paths of each scenario's files, in the order of their numbers. */
  readonly files: readonly (readonly string[])[];
}

export interface Comparison {
  readonly differences: readonly Difference[];
  readonly statements: number;
  /** The version of Linux that was simulated: "6.18". */
  readonly version: string;
  /** What this machine, or any, cannot show, in words. */
  readonly notCompared: readonly string[];
}

/** One program for one or several scenarios, or why there can be none. */
export function exportScenarios(host: Host, programs: readonly LaunchOptions[]): Exported | Refusal {
  const files: (readonly string[])[] = [];
  const written = [];
  for (const [number, options] of programs.entries()) {
    const scenario = checked(host, options);
    if ("refused" in scenario) return scenario;
    try {
      const plan = createPlan(scenario);
      written.push(cScenario(scenario, plan, createRoster(scenario), number));
      files.push(plan.files.map((file) => file.path));
    } catch (error) {
      return refusalOf(error, options.program, scenario);
    }
  }
  return { source: cProgram(written), files };
}

/** Runs a scenario as the real machine ran it, and compares. */
export function compareWithReal(host: Host, options: LaunchOptions, real: RealRun): Comparison | Refusal {
  const loaded = load(host, { ...options, schedule: "sequential" }, (scenario) => onMachine(scenario, real.machine));
  if ("refused" in loaded) return loaded;
  const simulated = observedOrRefused(loaded, real, options.program);
  if ("refused" in simulated) return simulated;
  const { version } = loaded.system.config;
  const differences = compareRuns(simulated, real);
  const statements = simulated.statements.length;
  return { differences, statements, version, notCompared: notCompared(loaded.scenario, real) };
}

/** What the scenario leaves open is as on the real machine: its memory, and the version of Linux where there is one. */
function onMachine(scenario: CheckedScenario, { memory, swap, kernel }: RealMachine): CheckedScenario {
  const declared = declaredOptions(scenario);
  const machine = new Map(scenario.machine);
  if (!declared.has("memory")) machine.set("memory", BigInt(memory + FIRST_FRAME * 4096));
  if (!declared.has("swap")) machine.set("swap", BigInt(swap));
  const version = /^(6\.12|6\.18)\./.exec(kernel)?.[1];
  const options = new Map(scenario.options);
  if (version && !declared.has("version")) options.set("version", version);
  return { ...scenario, machine, options };
}

function checked(host: Host, options: LaunchOptions): CheckedScenario | Refusal {
  const { program } = options;
  const text = host.read(program);
  if (text === undefined)
    return { refused: true, message: `${program}: there is no such file, or it cannot be read.`, diagnostics: [] };
  const scenario = check(program, text, host, vocabulary(), options);
  const { diagnostics } = scenario;
  if (scenario.overrideErrors.length > 0)
    return { refused: true, message: scenario.overrideErrors.join("\n"), diagnostics };
  if (refuses(diagnostics)) return { refused: true, message: `${program} is refused.`, diagnostics };
  if (scenario.design && scenario.design.name !== "linux") {
    const message = `${program} runs on the kernel ${scenario.design.name}; only scenarios of \`linux\` can run on a real one.`;
    return { refused: true, message, diagnostics: [] };
  }
  return scenario;
}

function refusalOf(error: unknown, program: string, scenario: CheckedScenario): Refusal {
  if (error instanceof TooManyProcesses)
    return { refused: true, message: `${program}: ${error.message}.`, diagnostics: [] };
  if (!(error instanceof NotExportable)) throw error;
  const { entry } = scenario.program;
  const place = error.at ? positionAt(entry.lines, error.at.start) : undefined;
  const at = place ? `${program}:${place.line}:${place.column}` : program;
  return { refused: true, message: `${at}: ${error.message}`, diagnostics: [] };
}

/** A variable may not be known before the run: that its call has failed shows only then. */
function observedOrRefused(loaded: Loaded, real: RealRun, program: string): ObservedRun | Refusal {
  try {
    return observedRun(loaded, real);
  } catch (error) {
    if (!(error instanceof BadArgument)) throw error;
    return { refused: true, message: `${program}: ${error.message}`, diagnostics: [] };
  }
}

/** Does unit after unit and looks at all processes after each statement. */
function observedRun({ run, runner, system, maxSteps }: Loaded, real: RealRun): ObservedRun {
  const { state, plan, roster } = runner;
  const { machine } = system;
  const paths = plan.files.map((file) => file.path);
  const fault = machine.events.id("page_fault")!;
  const before = meminfoOf(system)["PageTables"]!;
  const statements: ObservedRun["statements"][number][] = [];
  const faults: number[] = roster.members.map(() => 0);
  let counted = 0;
  let results = state.results;
  let end = observe(system, roster, faults, "everything");
  let pageTables = 0;
  while (state.phase === 0) {
    const outcome = run.forward(maxSteps, 1);
    if (state.results !== results) {
      results = state.results;
      const { file, line, actor, call, result, errno, signal, problem } = results.at(-1)!;
      const process = roster.members.find((member) => member.name === actor)?.processOf ?? 0;
      faults[process]! += machine.counts[fault]! - counted;
      counted = machine.counts[fault]!;
      const detail = real.statements[statements.length]?.full === false ? "counters" : "everything";
      end = observe(system, roster, faults, detail);
      const given = { result: result ?? undefined, errno: errno ?? undefined, signal: signal ?? undefined, problem };
      statements.push({
        file: paths.indexOf(file),
        line,
        actor,
        call,
        full: detail === "everything",
        ...given,
        processes: end,
      });
      pageTables = meminfoOf(system)["PageTables"]! - before;
    }
    if (outcome !== "budget") break;
  }
  return { statements, end, pageTables };
}

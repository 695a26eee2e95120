// Scenarios held against a real Linux: written out as C programs, run here as those run there, compared.

import { cProgram } from "../conform/c_program.ts";
import { cScenario } from "../conform/c_scenario.ts";
import { compareRuns, type Difference, type Excuse } from "../conform/compare.ts";
import { mayReadAheadOtherwise, notCompared } from "../conform/not_compared.ts";
import { NotExportable } from "../conform/not_exportable.ts";
import type { RealRun } from "../conform/observation.ts";
import type { Host, LaunchOptions, Refusal } from "../debugging.ts";
import type { CheckedScenario } from "../scenario/check.ts";
import { check } from "../scenario/check.ts";
import { refuses } from "../scenario/diagnostics.ts";
import { positionAt } from "../scenario/lines.ts";
import { createPlan } from "../scenario/run/plan.ts";
import { createRoster, TooManyProcesses } from "../scenario/run/roster.ts";
import type { Simulated } from "./simulated.ts";
import { unreadable } from "./unreadable.ts";
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

/** Holds a simulated run against what the real machine gave. */
export function compareWithReal(simulated: Simulated, real: RealRun): Comparison {
  const excuses = new Set<Excuse>();
  if (real.machine.ages) excuses.add("more Referenced");
  if (mayReadAheadOtherwise(real.machine)) excuses.add("minor instead of major");
  const differences = [...compareRuns(simulated.run, real, excuses), ...reportsAsDifferences(simulated)];
  const { version, scenario } = simulated;
  return {
    differences,
    statements: simulated.run.statements.length,
    version,
    notCompared: notCompared(scenario, real),
  };
}

/** Linux is right: whatever a detector has to say about it is a mistake of ours. */
function reportsAsDifferences({ run, reports }: Simulated): Difference[] {
  return reports.map(({ kind, message, line }) => {
    const at = run.statements.find((one) => one.line === line);
    const [actor, call] = [at?.actor ?? "", at?.call ?? ""];
    return {
      file: at?.file ?? 0,
      line: line ?? 0,
      actor,
      call,
      what: `report ${kind}`,
      simulated: message,
      real: "none",
    };
  });
}

function checked(host: Host, options: LaunchOptions): CheckedScenario | Refusal {
  const { program } = options;
  const text = host.read(program);
  if (text === undefined) return { refused: true, message: unreadable(host, program), diagnostics: [] };
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

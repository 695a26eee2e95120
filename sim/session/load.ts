// From a file to a machine that is ready to run it: check, boot, detectors, runner.
import { Recording } from "../core/recording.ts";
import { Run } from "../core/run.ts";
import { listed, type Schedule, type Turn } from "../core/schedule.ts";
import type { Thread } from "../core/thread.ts";
import type { Host, LaunchOptions, Refusal } from "../debugging.ts";
import type { Design } from "../designs/design.ts";
import { findDesign } from "../designs/registry.ts";
import { attachDetectors, type Detectors, detectorStructures } from "../detectors/attach.ts";
import { boot, type Patch, type System } from "../kernel/boot.ts";
import { operationTables } from "../kernel/fs/tables.ts";
import type { Config } from "../kernel/kernel.ts";
import { type CheckedScenario, check } from "../scenario/check.ts";
import { type Diagnostic, formatDiagnostic, refuses } from "../scenario/diagnostics.ts";
import { createPlan } from "../scenario/run/plan.ts";
import { meminfoOf, statOf, statusOf } from "../scenario/run/proc.ts";
import { createRoster, type Roster, TooManyProcesses } from "../scenario/run/roster.ts";
import { createRunner, type Runner } from "../scenario/run/runner.ts";
import { actor_state, count_state, type FinalCounters, scenario_state } from "../scenario/run/state.ts";
import { BadSchedule, readSchedule, scheduleOf, stepsUntil } from "./schedules.ts";
import { unreadable } from "./unreadable.ts";
import { vocabulary } from "./vocabulary.ts";

/** Steps after which a run is taken for endless. */
export const DEFAULT_MAX_STEPS = 100_000_000;
/** Memory for checkpoints, in MiB. */
export const DEFAULT_HISTORY_MIB = 512;

export interface Loaded {
  readonly scenario: CheckedScenario;
  readonly design: Design;
  readonly system: System;
  readonly runner: Runner;
  readonly run: Run;
  readonly detectors: Detectors;
  readonly maxSteps: number;
  readonly options: LaunchOptions;
}

/**
 * `adjust`: for callers that run a checked scenario on another machine than it declares. `interleaving`: for those that
 * decide themselves who takes turns, whatever file and options say.
 */
export function load(
  host: Host,
  options: LaunchOptions,
  adjust: (scenario: CheckedScenario) => CheckedScenario = (scenario) => scenario,
  interleaving?: Schedule,
): Loaded | Refusal {
  const text = host.read(options.program);
  if (text === undefined) return refusal(unreadable(host, options.program), []);
  const overrides = { kernel: options.kernel, options: options.options, fixes: options.fixes };
  const scenario = adjust(check(options.program, text, host, vocabulary(), overrides));
  if (scenario.overrideErrors.length > 0) return refusal(scenario.overrideErrors.join("\n"), []);
  if (refuses(scenario.diagnostics)) return refused(scenario.diagnostics);
  const design = findDesign(scenario.design?.name ?? "linux")!;
  try {
    const policy = options.schedule === undefined ? scenario.schedule : readSchedule(options.schedule);
    const roster = createRoster(scenario);
    const measure = (turns: readonly Turn[], thread: number, event: string) => {
      // The thread itself takes the turn that is measured: it runs on, and the event is looked for in that turn.
      const forever = { thread, steps: Number.POSITIVE_INFINITY };
      const trial = build(scenario, design, roster, listed([...turns, forever]), options);
      return stepsUntil(trial, turns.length, thread, event);
    };
    const schedule =
      interleaving ?? scheduleOf(scenario, policy, roster, Number(scenario.machine.get("cpus")), measure);
    return build(scenario, design, roster, schedule, options);
  } catch (error) {
    if (error instanceof BadSchedule) return refusal(error.message, []);
    if (error instanceof TooManyProcesses)
      return refusal(`${options.program}: ${error.message}.`, scenario.diagnostics);
    throw error;
  }
}

function build(
  scenario: CheckedScenario,
  design: Design,
  roster: Roster,
  schedule: Schedule,
  options: LaunchOptions,
): Loaded {
  const plan = createPlan(scenario);
  const own = [...detectorStructures, scenario_state, actor_state, count_state];
  const patch: Patch = { ...design.patch, structures: [...design.patch.structures, ...own] };
  const system = boot(configOf(scenario, design), patch, roster.specs(), operationTables);
  const detectors = attachDetectors(system);
  const runner = createRunner(scenario, plan, roster, system, schedule, {
    over: () => detectors.endOfRun(),
    // Who searches interleavings asks for none.
    finalCounters: () => (schedule.everyStep ? null : finalCounters(system, roster)),
    oops(thread, error) {
      const { machine } = system;
      machine.thread = thread;
      const reported = detectors.oops(error);
      machine.thread = null;
      return reported;
    },
    deadlock(waiting) {
      const { machine } = system;
      machine.args[0] = waiting.map((thread) => thread.name).join(", ");
      const reason = ({ waitsFor, waitReason, cpu }: Thread) => (waitsFor ? waitReason : `CPU ${cpu}`);
      machine.args[1] = waiting.map((thread) => `${thread.name} waits for ${reason(thread)}`).join("; ");
      machine.fire(machine.events.id("hung_task")!);
    },
  });
  const recording = new Recording(system.machine, (options.historyMiB ?? DEFAULT_HISTORY_MIB) * 2 ** 20);
  const run = new Run(system.machine, runner, system.platform, recording);
  const maxSteps = options.maxSteps ?? DEFAULT_MAX_STEPS;
  return { scenario, design, system, runner, run, detectors, maxSteps, options };
}

function configOf(scenario: CheckedScenario, design: Design): Config {
  const machine = (name: string) => Number(scenario.machine.get(name) as bigint);
  const options: Record<string, string> = Object.fromEntries(scenario.options);
  const version = (options["version"] ?? design.version) === "6.12" ? "6.12" : "6.18";
  return {
    version,
    cpus: machine("cpus"),
    memory: machine("memory") - (machine("memory") % 4096),
    swap: machine("swap") - (machine("swap") % 4096),
    swapDevice: scenario.machine.get("swap_device") as Config["swapDevice"],
    pageCluster: machine("page_cluster"),
    pcid: scenario.machine.get("pcid") === true,
    levels: machine("levels"),
    hugepages: machine("hugepages"),
    ptReclaim: options["pt_reclaim"] === "on" || (options["pt_reclaim"] !== "off" && version === "6.18"),
    options,
    fixes: new Set(scenario.fixes),
    unfixed: new Set(scenario.unfixed),
  };
}

/** What the report says of processes and memory: taken just before everybody exits, or where the run was cut off. */
export function finalCounters(system: System, roster: Roster): FinalCounters {
  const processes: Record<string, Record<string, number>> = {};
  roster.members.forEach((member, i) => {
    if (member.processOf !== i) return;
    const task = system.taskOf(system.threads[i]!);
    const status = statusOf(system, task);
    const { minflt, majflt } = statOf(system, task);
    const sizes = ["VmPTE", "VmRSS", "RssAnon", "RssFile", "RssShmem", "VmSwap", "VmSize"];
    const picked = Object.fromEntries(sizes.map((name) => [name, Number(status[name] ?? 0)]));
    processes[member.name] = { ...picked, minflt: Number(minflt), majflt: Number(majflt) };
  });
  return { processes, meminfo: { ...meminfoOf(system) } };
}

function refusal(message: string, diagnostics: readonly Diagnostic[]): Refusal {
  return { refused: true, message, diagnostics };
}

function refused(diagnostics: readonly Diagnostic[]): Refusal {
  const errors = diagnostics.filter((one) => one.severity === "error");
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
  const said = diagnostics.filter((one) => one.severity !== "hint");
  return refusal(`${formatDiagnostic(errors[0]!)}${more}`, said);
}

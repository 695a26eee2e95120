// A scenario on the simulated machine, looked at after every statement as an exported program looks at the real one.

import { contentsOf } from "../conform/contents.ts";
import { declaredOptions } from "../conform/not_compared.ts";
import type { ObservedRun, RealMachine } from "../conform/observation.ts";
import { type Detail, groupsOf, machineCounters, observe } from "../conform/observe.ts";
import { wokenFirst } from "../core/schedule.ts";
import type { Host, LaunchOptions, Refusal } from "../debugging.ts";
import { task_size_max } from "../kernel/arch/x86/mm/pgtable.ts";
import { FIRST_FRAME } from "../kernel/mm/page_alloc.ts";
import type { Task } from "../kernel/mm_types.ts";
import { SIGKILL } from "../kernel/uapi/signal.ts";
import type { CheckedScenario } from "../scenario/check.ts";
import { BadArgument } from "../scenario/run/calls.ts";
import { type Loaded, load } from "./load.ts";

export interface Simulated {
  readonly run: ObservedRun;
  readonly scenario: CheckedScenario;
  /** The version of Linux: "6.18". */
  readonly version: string;
  /** What detectors said. */
  readonly reports: readonly { readonly kind: string; readonly message: string; readonly line: number | undefined }[];
}

/** `pool`: the huge pages that there were, where that is known; else root can set aside what the scenario wants. */
export type Machine = RealMachine & { readonly pool?: number };

/**
 * Runs a scenario as it would run on `machine`. `detail`: how much is looked at after a statement, by its number.
 * What would hang a real Linux for ever is refused: the processes could not even be killed.
 */
export function simulateOn(
  host: Host,
  options: LaunchOptions,
  machine: Machine,
  detail: (statement: number) => Detail,
): Simulated | Refusal {
  const loaded = load(host, options, (scenario) => onMachine(scenario, machine), wokenFirst);
  if ("refused" in loaded) return loaded;
  const run = observedOrRefused(loaded, detail, options.program);
  if ("refused" in run) return run;
  const { version: release, ptReclaim } = loaded.system.config;
  // Configured otherwise it is not the kernel that can judge it.
  const own = ptReclaim === (release === "6.18");
  const version = own ? release : `${release} ${ptReclaim ? "with" : "without"} PT_RECLAIM`;
  const reports = loaded.detectors.reports();
  const hangs = reports.find(({ kind }) => kind === "deadlock");
  if (hangs) {
    const message = `${options.program}: the simulation ends in a deadlock (${hangs.message}); a real Linux might hang for ever, so it is not run there.`;
    return { refused: true, message, diagnostics: [] };
  }
  return { run, scenario: loaded.scenario, version, reports };
}

/** What the scenario leaves open is as on the real machine: its memory, and the version of Linux where there is one. */
function onMachine(scenario: CheckedScenario, real: Machine): CheckedScenario {
  const { memory, swap, kernel, swapDevice, pageCluster } = real;
  const declared = declaredOptions(scenario);
  const machine = new Map(scenario.machine);
  if (!declared.has("memory")) machine.set("memory", BigInt(memory + FIRST_FRAME * 4096));
  if (!declared.has("swap")) machine.set("swap", BigInt(swap));
  if (swapDevice !== "none" && swapDevice !== "several") {
    if (!declared.has("swap_device")) machine.set("swap_device", swapDevice);
    if (!declared.has("page_cluster")) machine.set("page_cluster", BigInt(pageCluster));
  }
  const wanted = Number(scenario.machine.get("hugepages"));
  machine.set("hugepages", BigInt(real.pool ?? (real.root && wanted > 0 ? wanted : real.hugepages)));
  const version = /^(6\.12|6\.18)\./.exec(kernel)?.[1];
  const options = new Map(scenario.options);
  if (version && !declared.has("version")) options.set("version", version);
  return { ...scenario, machine, options };
}

/** A variable may not be known before the run: that its call has failed shows only then. */
function observedOrRefused(
  loaded: Loaded,
  detail: (statement: number) => Detail,
  program: string,
): ObservedRun | Refusal {
  try {
    return observedRun(loaded, detail);
  } catch (error) {
    if (!(error instanceof BadArgument)) throw error;
    return { refused: true, message: `${program}: ${error.message}`, diagnostics: [] };
  }
}

/** Does unit after unit and looks at all processes after each statement. */
function observedRun({ run, runner, system, maxSteps }: Loaded, detailOf: (statement: number) => Detail): ObservedRun {
  const { state, plan, roster } = runner;
  const { machine } = system;
  const paths = plan.files.map((file) => file.path);
  const fault = machine.events.id("page_fault")!;
  const beyond = faultsBeyond(system);
  const counters = () => machineCounters(system);
  const before = counters();
  const statements: ObservedRun["statements"][number][] = [];
  const faults: number[] = roster.members.map(() => 0);
  let counted = 0;
  let grown = false;
  let results = 0;
  let end = observe(system, roster, faults, "everything");
  let machineWide: Readonly<Record<string, number>> = {};
  let contents: ObservedRun["contents"] = null;
  let groups: ObservedRun["groups"] = null;
  // What is compared at the end is looked at when nobody has anything left to do, before the processes exit.
  const { end: ends, threads } = runner;
  runner.threads = () => {
    const [was, able] = [state.phase, threads()];
    if (was === 0 && state.phase !== 0) {
      if (killed() > 0) end = observe(system, roster, faults, "everything");
      contents = contentsOf(system, roster);
      groups = groupsOf(system);
    }
    return able;
  };
  // The end of one statement and all of the next may be one go.
  runner.end = (thread, result, count) => {
    ends(thread, result, count);
    machine.stopping = true;
  };
  let dead = 0;
  const isKilled = (thread: number) => system.taskOf(system.threads[thread]!).signal === SIGKILL;
  const killed = () => roster.members.filter((_, i) => isKilled(i)).length;
  const count = (thread: number) => {
    const now = machine.counts[fault]! - beyond.size;
    faults[roster.members[thread]!.processOf]! += now - counted;
    counted = now;
  };
  while (state.phase === 0) {
    const outcome = run.forward(maxSteps, 1);
    const inside = run.inFlight().filter(({ id }) => id in roster.members);
    const seen = state.omitted + state.results.length;
    if (seen > results) {
      // What a killed process would have done is passed over: several results at once.
      const fresh = state.results.all().slice(results - seen);
      results = seen;
      count(roster.members.findIndex(({ name }) => name === fresh.at(-1)!.actor));
      const detail = detailOf(statements.length + fresh.length - 1);
      const dying = killed();
      const earlier = end;
      const { result, errno, signal } = fresh.at(-1)!;
      const isDone = result !== null || errno !== null || signal !== null;
      // While somebody is in the middle of a call or of dying there is no state to compare; what was not done has changed nothing.
      if (isDone && inside.length === 0 && dying === dead) end = observe(system, roster, faults, detail);
      // Whoever is killed in the middle of a call does not come back from it.
      const { actor: last } = fresh.at(-1)!;
      const lost = dying !== dead && isKilled(roster.members.findIndex(({ name }) => name === last));
      dead = dying;
      for (const { file, line, actor, call, result, errno, signal, problem } of fresh)
        statements.push({
          file: paths.indexOf(file),
          line,
          actor,
          call,
          full: detailOf(statements.length) === "everything",
          ...(lost && statements.length + 1 === seen
            ? { signal: "OOM" }
            : { result: result ?? undefined, errno: errno ?? undefined, signal: signal ?? undefined }),
          problem,
          processes: statements.length + 1 === seen ? end : earlier,
        });
      grown = true;
    } else {
      const acting = inside.find((thread) => thread.lastStep === machine.step);
      if (acting) count(acting.id);
    }
    // Tables are freed after a grace period: the real machine is asked when that is over, too.
    if (grown && !runner.works()) {
      const now = counters();
      machineWide = Object.fromEntries(Object.entries(before).map(([line, was]) => [line, now[line]! - was]));
      grown = false;
    }
    if (outcome === "done" || outcome === "target") break;
  }
  return { statements, end, contents, groups, machineWide };
}

/** Steps with faults that perf does not count: on addresses that no program can have, and while nothing is done about faults. */
function faultsBeyond({ machine, straight }: Loaded["system"]): ReadonlySet<number> {
  const beyond = new Set<number>();
  const see = () => {
    const [address, , , task] = machine.args as [number, number, unknown, Task];
    if (address >= task_size_max(straight) || task.pagefault_disabled > 0) beyond.add(machine.step);
  };
  machine.listen("page_fault", see, { anon_faults: { fits: (_: unknown, count: number) => count, take: () => {} } });
  return beyond;
}

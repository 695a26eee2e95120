// `mshare explore`: all interleavings of a scenario's parallel blocks, as far as anybody can tell them apart.
import type { Host, LaunchOptions, Refusal } from "../debugging.ts";
import { detectorStructures } from "../detectors/attach.ts";
import type { BugReport } from "../detectors/report.ts";
import { createExplorer, type Explorer, type Taken, TooManyThreads } from "../explore/explore.ts";
import { tlb_cache } from "../hardware/tlb.ts";
import { vmstat } from "../kernel/mm/vmstat.ts";
import { count_state, scenario_state } from "../scenario/run/state.ts";
import { type Loaded, load } from "./load.ts";
import { awaitedBugs, isAllowed, isExpected, optionsOf } from "./report.ts";
import { scheduleText } from "./schedules.ts";
import { whereabouts } from "./splat.ts";

/** Something that an interleaving showed, and the simplest one that did. */
export interface Discovery {
  /** A report that is neither expected nor allowed, one that `expect bug` awaits, another that is allowed, or what did not hold. */
  readonly kind: "unexpected" | "expected" | "allowed" | "failed";
  /** A bug kind, or the text of what did not hold. */
  readonly what: string;
  readonly message: string;
  /** Of a report: who made the step. */
  readonly task?: string;
  /** The statement; line 0: none. */
  readonly file: string;
  readonly line: number;
  /** How many of the interleavings showed it. */
  readonly times: number;
  readonly preemptions: number;
  /** To run it again: what `--schedule` takes. Undefined where no block had a choice. */
  readonly schedule: string | undefined;
}

/** Fields are added, never renamed. */
export interface ExplorationReport {
  readonly file: string;
  readonly kernel: string;
  readonly options: Readonly<Record<string, string>>;
  readonly fixes: readonly string[];
  readonly verdict: "pass" | "fail" | "limit";
  /** Interleavings that were run to their end, and those that were left because they had become like another. */
  readonly schedules: number;
  readonly pruned: number;
  /** Nothing is left: every interleaving was run, or is like one that was. */
  readonly complete: boolean;
  /** Ways that wait to be taken. */
  readonly waiting: number;
  /** Steps of all of them. */
  readonly steps: number;
  /** The schedule of the first discovery that fails the scenario, else of the first that it awaits. */
  readonly schedule: string | undefined;
  readonly discoveries: readonly Discovery[];
  /** `expect bug` statements that no interleaving fulfilled. */
  readonly missed: readonly { readonly text: string; readonly file: string; readonly line: number }[];
}

export interface Exploration {
  /** Takes so many more ways; true when the search is over. */
  advance(ways: number): boolean;
  readonly schedules: number;
  readonly waiting: number;
  /** What it has come to so far; a refusal where the scenario is too large to be searched. */
  report(): ExplorationReport | Refusal;
  /** Must be called: accesses of all simulations in this program are traced until then. */
  close(): void;
}

export interface ExploreOptions extends LaunchOptions {
  /** Interleavings that are run at most. */
  readonly schedules: number;
  /** What ends the search before all is seen: the first failure, or nothing. */
  readonly until: "failure" | "end";
}

/** What observers and reports remember does not change what happens. */
const unseen = new Set([...detectorStructures, scenario_state, count_state, vmstat].map(({ name }) => name));
/** Its lookups compare all entries. */
const whole = new Set([tlb_cache.name]);

export function openExploration(host: Host, options: ExploreOptions): Exploration | Refusal {
  const explorer = createExplorer({ unseen, whole });
  const loaded = load(host, options, undefined, explorer.schedule);
  if ("refused" in loaded) return loaded;
  const { run, maxSteps, runner, system } = loaded;
  system.machine.keepsStacks = false;
  explorer.attach({ run, maxSteps, block: () => runner.state.walkers[0] });
  return createExploration(loaded, explorer, options);
}

function createExploration(loaded: Loaded, explorer: Explorer, options: ExploreOptions): Exploration {
  const { scenario, system, runner, run, detectors } = loaded;
  const found = new Map<string, Discovery>();
  const awaited = awaitedBugs(loaded).map(({ text, file, line }) => ({ text, file, line, shown: false }));
  let [schedules, pruned, steps] = [0, 0, 0];
  let [complete, limited] = [false, false];
  let problem: string | undefined;

  function discover(preemptions: number, one: Omit<Discovery, "times" | "preemptions" | "schedule">): void {
    const key = `${one.kind} ${one.what} ${whereabouts(one)}`;
    const known = found.get(key);
    if (known) found.set(key, { ...known, times: known.times + 1 });
    else found.set(key, { ...one, times: 1, preemptions, schedule: scheduleText(run) });
  }

  function judge({ preemptions }: Taken): void {
    for (const { kind, message, task, file, line } of onceAPlace(detectors.reports())) {
      const how = !isExpected(loaded, kind) ? "unexpected" : isAllowed(loaded, kind) ? "allowed" : "expected";
      discover(preemptions, { kind: how, what: kind, message, task, file, line });
    }
    const { expectations, results } = runner.state;
    for (const { ok, text, problem = "", file, line } of expectations)
      if (!ok) discover(preemptions, { kind: "failed", what: text, message: problem, file, line });
    for (const { ok, actor, call, problem = "", file, line } of results.all())
      if (!ok) discover(preemptions, { kind: "failed", what: `${actor}: ${call}`, message: problem, file, line });
    for (const [i, { ok }] of awaitedBugs(loaded).entries()) awaited[i]!.shown ||= ok;
  }

  const failing = () => [...found.values()].find(({ kind }) => kind === "unexpected" || kind === "failed");
  const isOver = () =>
    complete ||
    limited ||
    problem !== undefined ||
    schedules >= options.schedules ||
    (options.until === "failure" && failing() !== undefined);

  function next(): Taken | undefined {
    try {
      const taken = explorer.next();
      complete = taken === undefined && !explorer.hasForgotten;
      limited ||= taken === undefined && explorer.hasForgotten;
      return taken;
    } catch (error) {
      if (!(error instanceof TooManyThreads)) throw error;
      problem = `${scenario.program.entry.path}: ${error.message}; a search takes no more.`;
      return undefined;
    }
  }

  return {
    advance(ways) {
      for (let i = 0; i < ways && !isOver(); i++) {
        const taken = next();
        if (!taken) break;
        steps += system.machine.step;
        if (taken.outcome === "equal") pruned++;
        else schedules++;
        if (taken.outcome === "done" && runner.state.cut_off === 0) judge(taken);
        else if (taken.outcome !== "equal") limited = true;
      }
      return isOver();
    },
    get schedules() {
      return schedules;
    },
    get waiting() {
      return explorer.waiting;
    },
    report() {
      if (problem !== undefined) return { refused: true, message: problem, diagnostics: [] };
      const discoveries = [...found.values()];
      const failure = failing();
      const missed = awaited.filter(({ shown }) => !shown).map(({ shown: _, ...statement }) => statement);
      const failed = failure !== undefined || (complete && missed.length > 0);
      const shown = failure ?? discoveries.find(({ kind }) => kind === "expected");
      return {
        file: scenario.program.entry.path,
        kernel: loaded.design.name,
        options: optionsOf(scenario),
        fixes: scenario.fixes,
        verdict: failed ? "fail" : complete ? "pass" : "limit",
        schedules,
        pruned,
        complete,
        waiting: explorer.waiting,
        steps,
        schedule: shown?.schedule,
        discoveries,
        missed,
      };
    },
    close: explorer.close,
  };
}

/** A run may tell of the same rule broken at the same place more than once. */
function onceAPlace<T extends Pick<BugReport, "kind" | "task" | "file" | "line">>(reports: readonly T[]): readonly T[] {
  const places = new Map(reports.map((one) => [`${one.kind} ${whereabouts(one)}`, one]));
  return [...places.values()];
}

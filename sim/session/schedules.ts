// Schedules of `parallel` blocks: from what a file or a person says to turns of threads, and back to text.
import type { Run } from "../core/run.ts";
import { listed, random, type Schedule, sequential, type Turn, turnOf } from "../core/schedule.ts";
import type { System } from "../kernel/boot.ts";
import { DAEMON_NAMES } from "../kernel/daemons.ts";
import type { Actor, Expr, ScheduleEntry, SchedulePolicy } from "../scenario/ast.ts";
import { type CheckedScenario, constantsOf } from "../scenario/check.ts";
import { daemonOf } from "../scenario/check_declarations.ts";
import { evaluate } from "../scenario/expressions.ts";
import { parseScheduleText } from "../scenario/parser.ts";
import type { Roster } from "../scenario/run/roster.ts";
import type { Runner } from "../scenario/run/runner.ts";

/** Written into saved lists: the same steps are only certain with the same engine. Equal to the package's version. */
export const ENGINE = "0.1.0";

/** A schedule that cannot be followed, as a sentence for people. */
export class BadSchedule extends Error {}

/** `sequential`, `random:7`, `random 7`, `[A*12, B]`, also behind the word `schedule`. */
export function readSchedule(text: string): SchedulePolicy {
  const bare = text.trim().replace(/^schedule\s+/, "");
  const { policy, problems } = parseScheduleText(bare.replace(/^random:/, "random "));
  if (problems[0]) throw new BadSchedule(`schedule: ${problems[0].message}`);
  return policy;
}

/** A turn whose length is not known before the event has been met is measured by `measure`. */
export type Measure = (before: readonly Turn[], thread: number, event: string) => number;

export function scheduleOf(
  scenario: CheckedScenario,
  policy: SchedulePolicy,
  roster: Roster,
  cpus: number,
  measure: Measure,
): Schedule {
  if (policy.kind === "sequential") return sequential;
  if (policy.kind === "random") return random(Number(constant(scenario, policy.seed) % 0x7fff_ffffn));
  if (policy.engine && policy.engine.value !== ENGINE)
    throw new BadSchedule(
      `schedule: this list was written by version ${policy.engine.value}; this is ${ENGINE}, whose steps are other ones. Make it again.`,
    );
  const turns: Turn[] = [];
  for (const entry of policy.entries) {
    for (const thread of threadsOf(scenario, entry.actor, roster, cpus)) {
      const steps = stepsOf(scenario, entry, turns, thread, measure);
      // Who is just before its event already has no turn.
      if (!entry.until || steps > 0) turns.push({ thread, steps });
    }
  }
  return listed(turns);
}

function stepsOf(
  scenario: CheckedScenario,
  entry: ScheduleEntry,
  turns: readonly Turn[],
  thread: number,
  measure: Measure,
) {
  if (entry.until) return measure(turns, thread, entry.until.text);
  return entry.steps ? Number(constant(scenario, entry.steps)) : Number.POSITIVE_INFINITY;
}

function threadsOf(scenario: CheckedScenario, actor: Actor, roster: Roster, cpus: number): readonly number[] {
  if (actor.kind === "kernel") return [roster.members.length];
  if (actor.kind === "cpu") {
    const cpu = Number(constant(scenario, actor.number));
    if (cpu >= cpus) throw new BadSchedule(`schedule: the machine has no CPU ${cpu}.`);
    return [-1 - cpu];
  }
  // The kernel's own threads follow the declared ones: `kernel`, one for each CPU, those that work in the background.
  const daemon = daemonOf(actor, scenario.processes);
  if (daemon) return [roster.members.length + 1 + cpus + DAEMON_NAMES.indexOf(daemon)];
  const process = scenario.processes.get(actor.name.text);
  const symbol = actor.thread ? process?.threads.get(actor.thread.text) : process;
  if (!symbol) throw new BadSchedule(`schedule: there is no process \`${actor.name.text}\`.`);
  const all = roster.of(symbol);
  if (actor.index === undefined || actor.index === "all") return all;
  const found = all[Number(constant(scenario, actor.index))];
  if (found === undefined) throw new BadSchedule(`schedule: there is no such element of \`${actor.name.text}\`.`);
  return [found];
}

function constant(scenario: CheckedScenario, expr: Expr): bigint {
  const none = { name: () => undefined, call: () => undefined, count: () => ({ failure: "not a constant" }) };
  const result = evaluate(expr, { inspector: none, constant: constantsOf(scenario) });
  if ("value" in result && typeof result.value === "bigint") return result.value;
  throw new BadSchedule(`schedule: ${"error" in result ? result.error : "a number is needed"}`);
}

/**
 * Runs a trial in which `thread` has turn number `turn` and keeps it, until it announces the event; gives its steps
 * before that, infinitely many where it never does.
 */
export function stepsUntil(trial: Trial, turn: number, thread: number, event: string): number {
  const { machine } = trial.system;
  const id = machine.events.id(event);
  if (id === undefined) throw new BadSchedule(`schedule: there is no event \`${event}\` in this kernel.`);
  let steps = 0;
  machine.attend(machine.events.names.keys());
  machine.observer = (announced) => {
    const { runner } = trial;
    if (machine.thread?.id !== thread || runner.schedule().sequential || turnOf(runner.memory) !== turn) return false;
    if (announced === id) return true;
    steps++;
    return false;
  };
  return trial.run.forward(trial.maxSteps, Number.POSITIVE_INFINITY) === "stopped" ? steps : Number.POSITIVE_INFINITY;
}

interface Trial {
  readonly run: Run;
  readonly system: System;
  readonly runner: Runner;
  readonly maxSteps: number;
}

/** The turns that a run took, as a list that `--schedule` and `schedule` take; undefined where nobody took turns. */
export function scheduleText(run: Run): string | undefined {
  if (run.turns.length === 0) return undefined;
  const parts = run.turns.map(
    ({ thread, from, to }) => `${thread.id < 0 ? `cpu ${thread.cpu}` : thread.name}*${to - from + 1}`,
  );
  return `[${parts.join(", ")}] engine "${ENGINE}"`;
}

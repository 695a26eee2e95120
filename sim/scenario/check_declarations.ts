// Judges declarations: counts, CPUs, schedules; at most one kernel, machine and schedule.
import { DAEMON_NAMES, type DaemonName } from "../kernel/daemons.ts";
import type { Actor, Item, ScheduleDeclaration, ScheduleEntry, SchedulePolicy } from "./ast.ts";
import { checkActor } from "./check_actor.ts";
import { type Around, checkConstantInteger, checkCpu, checkExpression } from "./check_expression.ts";
import { checkEvent } from "./check_functions.ts";
import { letValue } from "./check_names.ts";
import { type CheckState, report, reportAt } from "./check_state.ts";

/** More processes than this are surely a slip. */
export const MAX_PROCESSES = 100_000n;

const NOTHING: Around = { counters: [] };

/** A declaration, except kernel and machine, which come first of all. */
export function checkDeclaration(state: CheckState, item: Item): void {
  switch (item.kind) {
    case "process-declaration":
      if (item.cpu) checkFixedCpu(state, item.cpu);
      return;
    case "thread":
      if (item.process.index !== undefined) checkActor(state, item.process, NOTHING);
      else arrayNeedsIndex(state, item.process);
      if (item.cpu) checkFixedCpu(state, item.cpu);
      return;
    case "let": {
      const symbol = state.lets.get(item.name.text);
      if (symbol) letValue(state, symbol);
      if (symbol?.declaration !== item) checkExpression(state, item.value, NOTHING);
      return;
    }
    case "schedule":
      checkPolicy(state, item.policy);
      return;
  }
}

/** Sizes of process arrays; other checks need them. */
export function checkCounts(state: CheckState): void {
  for (const process of state.processes.values()) {
    const { count } = process.declaration;
    if (!count) continue;
    state.file = state.program.files.get(process.place.file) ?? state.file;
    const value = checkConstantInteger(state, count, "The number of processes");
    if (value === undefined) continue;
    if (value === 0n || value > MAX_PROCESSES)
      reportAt(state, "bad-count", count, `An array has 1 to ${MAX_PROCESSES} processes, not ${value}.`);
    else process.count = value;
  }
}

function checkFixedCpu(state: CheckState, cpu: Parameters<typeof checkConstantInteger>[1]): void {
  const value = checkConstantInteger(state, cpu, "A CPU");
  if (value !== undefined) checkCpu(state, cpu, { type: "integer", value });
}

function arrayNeedsIndex(state: CheckState, actor: Extract<Actor, { kind: "process" }>): void {
  const process = state.processes.get(actor.name.text);
  if (process?.count === undefined) return;
  reportAt(
    state,
    "bad-index",
    actor,
    `\`${process.name}\` is an array; say which one gets the thread: \`${process.name}[0]\`.`,
  );
}

export function checkPolicy(state: CheckState, policy: SchedulePolicy): void {
  if (policy.kind === "random") checkConstantInteger(state, policy.seed, "A seed");
  if (policy.kind === "list") for (const entry of policy.entries) checkEntry(state, entry);
}

/**
 * Which of the kernel's threads an entry of a schedule means: they have steps of their own in a `parallel` block. A process of
 * that name comes first.
 */
export function daemonOf(actor: Actor, processes: ReadonlyMap<string, unknown>): DaemonName | undefined {
  if (actor.kind !== "process" || actor.thread || actor.index || processes.has(actor.name.text)) return undefined;
  return DAEMON_NAMES.find((name) => name === actor.name.text);
}

function checkEntry(state: CheckState, entry: ScheduleEntry): void {
  if (!daemonOf(entry.actor, state.processes)) checkActor(state, entry.actor, NOTHING, DAEMON_NAMES);
  if (entry.actor.kind === "process" && entry.actor.index === "all") {
    reportAt(state, "bad-index", entry.actor, "A schedule names one process at a time.");
  }
  if (entry.steps) checkConstantInteger(state, entry.steps, "A number of steps");
  if (entry.until) checkEvent(state, entry.until);
}

/** Says where a second `kernel`, `machine` or `schedule` stands. */
export function checkSingles(state: CheckState): void {
  const seen = new Map<string, { start: number; end: number; file: string }>();
  for (const { item, file } of state.program.items) {
    if (item.kind !== "kernel-declaration" && item.kind !== "machine" && item.kind !== "schedule") continue;
    const word = item.kind === "kernel-declaration" ? "kernel" : item.kind;
    const at = { start: item.start, end: item.start + word.length };
    const first = seen.get(word);
    state.file = file;
    if (first)
      report(state, {
        code: "duplicate",
        ...at,
        message: `A scenario has one \`${word}\`.`,
        related: [{ ...first, message: "The first is here." }],
      });
    else seen.set(word, { ...at, file: file.path });
  }
}

/** The schedule that holds, if the file has one. */
export function scheduleOf(state: CheckState): ScheduleDeclaration | undefined {
  for (const { item } of state.program.items) if (item.kind === "schedule") return item;
  return undefined;
}

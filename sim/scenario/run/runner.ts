// Runs a checked scenario on a booted system: the Program of core/program.ts. What it remembers is in the store (state.ts).
import type { Program, Unit } from "../../core/program.ts";
import { type Schedule, sequential } from "../../core/schedule.ts";
import type { Thread } from "../../core/thread.ts";
import type { System } from "../../kernel/boot.ts";
import { SIGKILL } from "../../kernel/uapi/signal.ts";
import type { Expr, Item } from "../ast.ts";
import { type CheckedScenario, constantsOf } from "../check.ts";
import { evaluate } from "../expressions.ts";
import { positionAt } from "../lines.ts";
import { isTrue, type Value } from "../values.ts";
import { createBackground } from "./background.ts";
import { followCallbacks } from "./callbacks.ts";
import { BadArgument } from "./calls.ts";
import { type Begun, createDoing, type Done } from "./doing.ts";
import { createDying } from "./dying.ts";
import { createInspector, type ScenarioInspector } from "./inspector.ts";
import { judge, textOf } from "./judge.ts";
import type { Plan } from "./plan.ts";
import { createResults } from "./results.ts";
import type { Roster } from "./roster.ts";
import { type CallArrival, createSettling } from "./settling.ts";
import {
  type ActorState,
  actor_state,
  type Place,
  type ScenarioState,
  scenario_state,
  type Walker,
  type WalkFrame,
} from "./state.ts";
import { afterBlock, afterCall, NothingHappens } from "./walk.ts";
import { createWho } from "./who.ts";

export interface Runner extends Program {
  readonly scenario: CheckedScenario;
  readonly plan: Plan;
  readonly roster: Roster;
  readonly system: System;
  readonly state: ScenarioState;
  readonly inspector: ScenarioInspector;
  actor(thread: Thread): ActorState;
  /** Whether somebody works in the background: what waits for a grace period is not free yet. */
  works(): boolean;
  /** Variables were changed by hand: statements that have just begun take them as they are now. */
  reread(): void;
  /** The statement that a thread is in, or undefined. */
  statementOf(
    thread: Thread,
  ): { readonly file: string; readonly line: number; readonly column: number; readonly item: Item } | undefined;
  /** The statement that a thread is in or comes to next, with its text. */
  nextStatementOf(thread: Thread): { readonly file: string; readonly line: number; readonly text: string } | undefined;
  /** What `look` sees of the future, such as who has something to do next, does not come to pass by that. */
  foreseeing<T>(look: () => T): T;
  /** The loops that a thread's statement is in. */
  framesOf(thread: Thread): readonly WalkFrame[];
}

/** What the runner calls when something is only known to others: counters for the report. */
export interface RunnerHooks {
  /** Just before the processes exit. */
  finalCounters(): ScenarioState["final"];
  /** Everybody has exited. */
  over(): void;
  /** Nobody can go on. */
  deadlock(waiting: readonly Thread[]): void;
  /** A kernel function has ended with this exception. True: it is a bug of the simulated kernel, and reported. */
  oops(thread: Thread, error: unknown): boolean;
}

/** Calls that have begun, and where everybody stood. */
interface HalfDone {
  readonly begun: ReadonlyMap<number, Begun>;
  readonly settle: () => void;
}

export function createRunner(
  scenario: CheckedScenario,
  plan: Plan,
  roster: Roster,
  system: System,
  interleaving: Schedule,
  hooks: RunnerHooks,
): Runner {
  const { machine } = system;
  const state = machine.store.alloc(scenario_state) as ScenarioState;
  state.walkers = [{ owner: -1, frames: [{ list: 0, index: 0, turn: 0, turns: 1, element: 0 }] }];
  const actors = system.threads.map(() => {
    const actor = machine.store.alloc(actor_state) as ActorState;
    actor.at = -1;
    actor.last = -1;
    return actor;
  });
  const dying = createDying(system, state, roster.members.length, (thread) => actors[thread.id]!);
  const background = createBackground(system);
  const callbackThread = system.daemons.find(({ run }) => run === "rcu_gp_kthread")?.thread;
  const placeOfCallback = followCallbacks(machine, state);
  const constant = constantsOf(scenario);
  const inspector = createInspector({ scenario, plan, roster, system, actors, constant });
  const results = createResults(machine, state, plan);
  const doing = createDoing({ scenario, plan, system, state, actor: (thread) => actors[thread.id]!, forked });
  const mainThread = system.kernelThread.id;
  const exprValue = (expr: Expr, thread: number, frames: readonly WalkFrame[]): Value => {
    const result = evaluate(expr, { inspector: inspector.within(thread, frames), constant });
    if ("value" in result) return result.value;
    throw new BadArgument(result.error);
  };

  const works = () => background.threads().length > 0;
  const who = createWho({
    scenario,
    roster,
    system,
    dying,
    value: (expr, frames) => exprValue(expr, mainThread, frames),
  });
  const settling = createSettling({
    system,
    plan,
    state,
    who,
    results,
    value: exprValue,
    working: works,
    refuse,
    expect: expectNow,
  });

  /** What a killed process would have done is not done. That is no mistake of the scenario, unless it judges the result. */
  function refuse({ statement, actor }: CallArrival, problem: string): void {
    const { name } = system.threads[actor]!;
    const call = statement.call.name.text;
    const killed = system.taskOf(system.threads[actor]!).signal === SIGKILL;
    if (killed && !statement.clause) results.statement(statement, name, call, {}, { ok: true, warning: problem });
    else results.refused(statement, name, call, problem);
  }

  /** A `touch` that the signal has come in the middle of is over. */
  function beginDeath(thread: Thread): Unit {
    if (actors[thread.id]!.touch) {
      // After a jump in time it is to be found out again where the thread is.
      settling.settle();
      doing.drop(thread);
      finish(thread, settling.arrivalOf(thread)!, { outcome: { signal: "SIGKILL" }, outputs: {} });
    }
    return dying.begin(thread);
  }

  function expectNow(item: Extract<Item, { kind: "expect" }>, frames: readonly WalkFrame[]): void {
    const result = evaluate(item.condition, { inspector: inspector.within(mainThread, frames), constant });
    if ("value" in result && isTrue(result.value)) {
      results.expectation(item, undefined);
      return;
    }
    const textIn = (part: Expr) => textOf(part, plan.fileOf(item));
    results.expectation(item, "error" in result ? result.error : inspector.explain(item.condition, frames, textIn));
  }

  /** Of who was killed: where it had come to. What it was to do next is forgotten by then. */
  const placeOfLast = ({ file, last }: ActorState): Place | null => {
    if (last < 0) return null;
    const { path, lines } = plan.files[file]!;
    return { file: path, line: positionAt(lines, last).line };
  };

  machine.place = () => {
    const thread = machine.thread;
    const nowhere = { file: scenario.program.entry.path, line: 0 };
    if (thread && thread === callbackThread) return placeOfCallback() ?? nowhere;
    if (thread && thread.id >= 0 && dying.isExiting(thread)) return placeOfLast(actors[thread.id]!) ?? nowhere;
    const arrival = thread && thread.id >= 0 ? settling.arrivalOf(thread) : undefined;
    if (!arrival || state.phase !== 0) return nowhere;
    return { file: plan.fileOf(arrival.statement).path, line: plan.lineOf(arrival.statement) };
  };

  function endCall(thread: Thread, result: unknown, count: number): void {
    const arrival = settling.arrivalOf(thread)!;
    const done = doing.end(thread, arrival.statement, result, count);
    if (done) finish(thread, arrival, done);
  }

  function finish(thread: Thread, arrival: CallArrival, { outcome, problem, outputs }: Done): void {
    const { statement, walker } = arrival;
    const { call, variable } = statement;
    const actor = actors[thread.id]!;
    actor.at = -1;
    const kept = variable && outcome.result !== undefined ? { [variable.text]: outcome.result } : {};
    if (variable || Object.keys(outputs).length > 0) actor.variables = { ...actor.variables, ...outputs, ...kept };
    const value = (expr: Expr) => exprValue(expr, thread.id, walker.frames);
    const verdict = problem === undefined ? judge(statement, outcome, value) : { ok: false, problem };
    results.statement(statement, thread.name, call.name.text, outcome, verdict);
    advance(walker);
  }

  /** A forked process has its parent's variables from the beginning: it may act before the parent's call returns. */
  function forked(thread: Thread, args: readonly unknown[]): readonly unknown[] {
    const [child] = args;
    const id = system.threads.findIndex((thread) => system.taskOf(thread) === child);
    const member = roster.members[id];
    if (member?.processOf !== id) throw new BadArgument("`fork` starts a process, not a thread");
    const task = system.taskOf(system.threads[id]!);
    if (task.started && task.exit_state === 0) throw new BadArgument(`\`${member.name}\` is running already`);
    actors[id]!.variables = { ...inspector.variablesOf(thread.id) };
    return roster.members.flatMap(({ processOf }, i) =>
      processOf === id && i !== id ? [system.taskOf(system.threads[i]!)] : [],
    );
  }

  const schedule = (): Schedule => (state.walkers.length > 1 ? interleaving : sequential);
  const isBusy = (thread: Thread): boolean => thread.call !== null && !background.is(thread);

  function advance(walker: Walker): void {
    state.walkers = state.walkers.map((one) => (one.owner === walker.owner ? afterCall(walker) : one));
  }

  function nextExit(): Thread[] {
    if (state.phase === 0) {
      state.final = hooks.finalCounters();
      state.phase = 1;
    }
    for (; state.exiting < roster.members.length; state.exiting++) {
      const thread = system.threads[state.exiting]!;
      const task = system.taskOf(thread);
      if (state.exit_begun || (task.started && task.exit_state === 0 && !dying.isLost(thread))) return [thread];
    }
    state.phase = 2;
    hooks.over();
    return [];
  }

  function beginExit(): Unit {
    state.exit_begun = 1;
    return system.platform.unit("do_syscall", ["exit", [0]]);
  }

  function endExit(): void {
    state.exit_begun = 0;
    state.exiting++;
  }

  return {
    scenario,
    plan,
    roster,
    system,
    state,
    inspector,
    works,
    reread: () => doing.reread(),
    actor: (thread) => actors[thread.id]!,
    threads() {
      if (state.phase === 2) return [];
      const killed = dying.threads();
      // Who is in the middle of a call goes on while others die.
      if (killed.length > 0) return [...killed, ...settling.inFlight().filter((thread) => !killed.includes(thread))];
      const working = background.threads();
      // Who is in a call ends it first.
      if (working.length > 0 && schedule().sequential) return [...system.threads.filter(isBusy), ...working];
      if (state.phase === 0) {
        try {
          settling.settle();
        } catch (reason) {
          if (!(reason instanceof NothingHappens)) throw reason;
          state.cut_off = 1;
          state.phase = 2;
          return [];
        }
        if (settling.ready.length > 0) return working.length > 0 ? [...settling.ready, ...working] : settling.ready;
        if (working.length > 0) return working;
      }
      return nextExit();
    },
    schedule,
    begin(thread) {
      if (background.is(thread)) return background.begin(thread);
      if (dying.threads().includes(thread)) return beginDeath(thread);
      if (state.phase !== 0) return beginExit();
      const { statement, walker } = settling.arrivalOf(thread)!;
      const actor = actors[thread.id]!;
      actor.file = plan.files.indexOf(plan.fileOf(statement));
      actor.at = statement.start;
      actor.last = statement.start;
      return doing.begin(thread, statement, (expr) => exprValue(expr, thread.id, walker.frames));
    },
    end(thread, result, count) {
      if (background.is(thread)) return;
      if (dying.ended(thread)) settling.forget();
      else if (state.phase === 0) endCall(thread, result, count);
      else endExit();
    },
    stuck(waiting) {
      hooks.deadlock(waiting);
      for (const thread of waiting) {
        if (background.is(thread)) background.lose(thread);
        else if (dying.lose(thread)) settling.forget();
        else if (state.phase === 1) endExit();
        else {
          // It never comes back: what it still had to do is not done.
          const [main, ...parts] = state.walkers.filter((walker) => walker.owner !== thread.id);
          const inBlock = state.walkers.length > 1;
          // A block that nobody is left in is over; it must not begin once more.
          if (parts.length > 0) state.walkers = [main!, ...parts];
          else state.walkers = [inBlock ? afterBlock(main!) : { owner: -1, frames: [] }];
        }
      }
    },
    crashed(thread, error) {
      if (!hooks.oops(thread, error)) return false;
      if (background.is(thread)) background.lose(thread);
      else if (dying.lose(thread)) settling.forget();
      else if (state.phase === 1) endExit();
      else {
        // The kernel kills who made it follow a bad pointer. What it held stays locked.
        doing.drop(thread);
        finish(thread, settling.arrivalOf(thread)!, { outcome: { signal: "SIGKILL" }, outputs: {} });
      }
      return true;
    },
    changed() {
      state.killing = 1;
    },
    get memory() {
      return state.schedule_memory;
    },
    set memory(value) {
      state.schedule_memory = value;
    },
    get halfDone(): HalfDone {
      return { begun: doing.halfDone, settle: settling.keep() };
    },
    set halfDone({ begun, settle }: HalfDone) {
      doing.halfDone = begun;
      settle();
    },
    statementOf(thread) {
      const actor = actors[thread.id]!;
      if (actor.at < 0) return undefined;
      const arrival = settling.arrivalOf(thread);
      if (!arrival) return undefined;
      const { statement } = arrival;
      const { path, lines } = plan.fileOf(statement);
      return { file: path, ...positionAt(lines, statement.start), item: statement };
    },
    nextStatementOf(thread) {
      const statement = state.phase === 0 ? settling.arrivalOf(thread)?.statement : undefined;
      if (!statement) return undefined;
      const file = plan.fileOf(statement);
      return { file: file.path, line: plan.lineOf(statement), text: textOf(statement, file) };
    },
    foreseeing(look) {
      const now = machine.store.snapshot();
      const { alerted } = machine;
      try {
        return settling.meanwhile(look);
      } finally {
        machine.store.restore(now);
        machine.alerted = alerted;
        machine.rearm();
      }
    },
    framesOf: (thread) => settling.arrivalOf(thread)?.walker.frames ?? state.walkers[0]?.frames ?? [],
  };
}

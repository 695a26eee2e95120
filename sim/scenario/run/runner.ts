// Runs a checked scenario on a booted system: the program of core/run.ts. What it remembers is in the store (state.ts).
import type { Program, Unit } from "../../core/run.ts";
import { type Schedule, sequential } from "../../core/schedule.ts";
import type { Thread } from "../../core/thread.ts";
import type { System } from "../../kernel/boot.ts";
import { SIGKILL } from "../../kernel/uapi/signal.ts";
import type { Actor, Expr, Item } from "../ast.ts";
import { type CheckedScenario, constantsOf } from "../check.ts";
import { evaluate } from "../expressions.ts";
import { positionAt } from "../lines.ts";
import { isTrue, type Value } from "../values.ts";
import { BadArgument } from "./calls.ts";
import { createDoing, type Done } from "./doing.ts";
import { createDying } from "./dying.ts";
import { createInspector, type ScenarioInspector } from "./inspector.ts";
import { judge, showValue, textOf } from "./judge.ts";
import type { Plan } from "./plan.ts";
import { createResults } from "./results.ts";
import type { Roster } from "./roster.ts";
import {
  type ActorState,
  actor_state,
  type ScenarioState,
  scenario_state,
  type Walker,
  type WalkFrame,
} from "./state.ts";
import { type Arrival, afterBlock, afterCall, MOST_MOVES, NothingHappens, settle, type WalkContext } from "./walk.ts";

export interface Runner extends Program {
  readonly scenario: CheckedScenario;
  readonly plan: Plan;
  readonly roster: Roster;
  readonly system: System;
  readonly state: ScenarioState;
  readonly inspector: ScenarioInspector;
  actor(thread: Thread): ActorState;
  /** The statement that a thread is in, or undefined. */
  statementOf(
    thread: Thread,
  ): { readonly file: string; readonly line: number; readonly column: number; readonly item: Item } | undefined;
  /** The statement that a thread is in or comes to next, with its text. */
  nextStatementOf(thread: Thread): { readonly file: string; readonly line: number; readonly text: string } | undefined;
  /** The loops that a thread's statement is in. */
  framesOf(thread: Thread): readonly WalkFrame[];
}

/** What the runner calls when something is only known to others: counters for the report. */
export interface RunnerHooks {
  /** Just before the processes exit. */
  finalCounters(): ScenarioState["final"];
  /** Nobody can go on. */
  deadlock(waiting: readonly Thread[]): void;
  /** A kernel function has ended with this exception. True: it is a bug of the simulated kernel, and reported. */
  oops(thread: Thread, error: unknown): boolean;
}

type CallArrival = Extract<Arrival, { kind: "call" }>;

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
    return actor;
  });
  const dying = createDying(system, roster.members.length, (thread) => actors[thread.id]!);
  const constant = constantsOf(scenario);
  const inspector = createInspector({ scenario, plan, roster, system, actors, constant });
  const results = createResults(machine, state, plan);
  const doing = createDoing({ scenario, plan, system, state, actor: (thread) => actors[thread.id]!, forked });
  const exprValue = (expr: Expr, thread: number, frames: readonly WalkFrame[]): Value => {
    const result = evaluate(expr, { inspector: inspector.within(thread, frames), constant });
    if ("value" in result) return result.value;
    throw new BadArgument(result.error);
  };

  /** The call that a thread is at, by its walker. Worked out again after a jump in time: nothing here is state. */
  let arrivals = new Map<number, CallArrival>();
  let ready: readonly Thread[] = [];
  let settledFor: readonly Walker[] | null = null;

  /** Since a call was last done or arrived at. */
  let moves = 0;

  const context: WalkContext = {
    moved() {
      if (++moves > MOST_MOVES) throw new NothingHappens("loops without a step");
    },
    actors: (item, frames) => attempt(item, () => threadsOf(item.actor, frames)) ?? [],
    turns: (item, frames) => attempt(item, () => turnsOf(item, frames)) ?? 0,
    passing(item, frames) {
      if (item.kind === "expect") expectNow(item, frames);
      else if (item.kind === "label") state.label = item.name.text;
    },
  };
  const mainThread = system.kernelThread.id;

  /** What stands in the statement may mean nothing where the run is: no such element, no integer. */
  function attempt<T>(item: Item, work: () => T): T | undefined {
    try {
      return work();
    } catch (reason) {
      if (!(reason instanceof BadArgument)) throw reason;
      const actor = "actor" in item ? textOf(item.actor, plan.fileOf(item)) : "";
      results.refused(item, actor, item.kind === "call-statement" ? item.call.name.text : item.kind, reason.message);
      return undefined;
    }
  }

  function turnsOf(item: Extract<Item, { kind: "repeat" }>, frames: readonly WalkFrame[]): number {
    const block = frames.findLast((frame) => plan.lists[frame.list]!.actor);
    const thread = block ? threadsOf(plan.lists[block.list]!.actor!, frames)[0]! : mainThread;
    const count = exprValue(item.count, thread, frames);
    if (typeof count !== "bigint") throw new BadArgument("`repeat` takes an integer");
    return Number(count);
  }

  function threadsOf(actor: Actor, frames: readonly WalkFrame[]): readonly number[] {
    if (actor.kind === "kernel") return [system.kernelThread.id];
    if (actor.kind === "cpu") return [cpuThread(exprValue(actor.number, mainThread, frames))];
    const process = scenario.processes.get(actor.name.text)!;
    const symbol = actor.thread ? process.threads.get(actor.thread.text)! : process;
    const all = roster.of(symbol);
    if (actor.index === undefined || actor.index === "all") return all;
    const index = exprValue(actor.index, mainThread, frames);
    const found = all[Number(index)];
    if (found === undefined) throw new BadArgument(`there is no \`${actor.name.text}[${showValue(index)}]\``);
    return [found];
  }

  function cpuThread(number: Value): number {
    const thread = typeof number === "bigint" ? system.cpuThreads[Number(number)] : undefined;
    if (!thread) throw new BadArgument(`the machine has no CPU ${showValue(number)}`);
    return thread.id;
  }

  /** Why a process or thread cannot do anything now; undefined where it can. */
  function unable(thread: number): string | undefined {
    const member = roster.members[thread];
    const task = member && system.taskOf(system.threads[thread]!);
    // Who is on the way out of an `exit` has ended already, and still has steps to do.
    if (!task || system.threads[thread]!.call) return undefined;
    if (task.started === 0) return `\`${member.name}\` has not been forked yet`;
    if (task.exit_state === 0 && !dying.isLost(system.threads[thread]!)) return undefined;
    return task.signal === SIGKILL ? `\`${member.name}\` was killed` : `\`${member.name}\` has ended`;
  }

  /** What a killed process would have done is not done. That is no mistake of the scenario, unless it judges the result. */
  const refuse = ({ statement, actor }: CallArrival, problem: string) => {
    const { name } = system.threads[actor]!;
    const call = statement.call.name.text;
    const killed = system.taskOf(system.threads[actor]!).signal === SIGKILL;
    if (killed && !statement.clause) results.statement(statement, name, call, {}, { ok: true, warning: problem });
    else results.refused(statement, name, call, problem);
  };

  /** Who is in the middle of a call, and goes on while others die. */
  const inFlight = (killed: readonly Thread[]): Thread[] =>
    [...arrivals.keys()].map((id) => system.threads[id]!).filter((thread) => thread.call && !killed.includes(thread));

  /** A `touch` that the signal has come in the middle of is over. */
  function beginDeath(thread: Thread): Unit {
    if (actors[thread.id]!.touch) {
      // After a jump in time it is to be found out again where the thread is.
      settleAll();
      doing.drop(thread);
      finish(thread, arrivals.get(thread.id)!, { outcome: { signal: "SIGKILL" }, outputs: {} });
    }
    return dying.begin(thread);
  }

  /** A killed thread is gone. What it was to do next was found out while it lived. */
  function forgetSettled(): void {
    settledFor = null;
  }

  function expectNow(item: Extract<Item, { kind: "expect" }>, frames: readonly WalkFrame[]): void {
    const result = evaluate(item.condition, { inspector: inspector.within(mainThread, frames), constant });
    if ("value" in result && isTrue(result.value)) results.expectation(item, undefined);
    else results.expectation(item, "error" in result ? result.error : inspector.explain(item.condition, frames));
  }

  /** Brings every walker to its next call; parallel blocks open into a walker for each of their threads. */
  function settleAll(): void {
    if (settledFor === state.walkers) return;
    const before = arrivals;
    arrivals = new Map();
    let walkers = state.walkers;
    moves = 0;
    for (;;) {
      context.moved();
      const main = walkers[0]!;
      if (walkers.length > 1) {
        const parts = walkers.slice(1).flatMap((walker) => arrive(walker, before));
        if (parts.length === 0) {
          walkers = [afterBlock(main)];
          continue;
        }
        walkers = [main, ...parts];
        const lost = lostPart(parts);
        if (!lost) break;
        refuse(arrivals.get(lost.owner)!, unable(lost.owner)!);
        walkers = walkers.map((one) => (one === lost ? afterCall(one) : one));
        continue;
      }
      const arrival = settle(plan, main, context);
      if (arrival.kind === "end") {
        walkers = [{ ...main, frames: [] }];
        break;
      }
      if (arrival.kind === "call") {
        const problem = unable(arrival.actor);
        if (problem !== undefined) {
          refuse(arrival, problem);
          walkers = [afterCall(arrival.walker)];
          continue;
        }
        arrivals.set(arrival.actor, arrival);
        walkers = [arrival.walker];
        break;
      }
      const parts = openParallel(arrival);
      // A block that gives nobody anything to do is over at once.
      walkers = parts.length > 0 ? [arrival.walker, ...parts] : [afterBlock(arrival.walker)];
    }
    if (!sameWalkers(walkers, state.walkers)) state.walkers = walkers;
    settledFor = state.walkers;
    // In the order in which a parallel block names them.
    ready = [...arrivals.keys()].filter((id) => unable(id) === undefined).map((id) => system.threads[id]!);
    for (const thread of ready) if (!thread.call) thread.cpu = system.taskOf(thread).cpu;
  }

  /**
   * A part of a parallel block whose next statement can never be done. Who is not forked yet waits for that, as long as
   * anybody else has something to do.
   */
  function lostPart(parts: readonly Walker[]): Walker | undefined {
    const isAlive = ({ owner }: Walker) => unable(owner) === undefined;
    if (!parts.some(isAlive)) return parts[0];
    return parts.find((part) => !isAlive(part) && system.taskOf(system.threads[part.owner]!).started === 1);
  }

  function arrive(walker: Walker, before: ReadonlyMap<number, CallArrival>): Walker[] {
    const known = before.get(walker.owner);
    const arrival = known?.walker === walker ? known : settle(plan, walker, context);
    if (arrival.kind !== "call") return [];
    arrivals.set(arrival.actor, arrival);
    return [arrival.walker];
  }

  function openParallel({ item, walker }: Extract<Arrival, { kind: "parallel" }>): Walker[] {
    const list = plan.listOf(item);
    const threads = new Set<number>();
    const look = (items: readonly Item[]) => {
      for (const one of items) {
        if (one.kind === "call-statement" || one.kind === "actor-block") {
          const { actor } = one;
          const whole = actor.kind === "process" && actor.index !== undefined && actor.index !== "all";
          for (const id of threadsOf(whole ? { ...actor, index: "all" } : actor, walker.frames)) threads.add(id);
        } else if (one.kind === "repeat") look(one.body);
      }
    };
    look(item.body);
    const frames = [...walker.frames, { list, index: 0, turn: 0, turns: 1, element: 0 }];
    return [...threads].map((owner) => ({ owner, frames }));
  }

  machine.place = () => {
    const thread = machine.thread;
    const arrival = thread && thread.id >= 0 ? arrivals.get(thread.id) : undefined;
    if (!arrival || state.phase !== 0) return { file: scenario.program.entry.path, line: 0 };
    return { file: plan.fileOf(arrival.statement).path, line: plan.lineOf(arrival.statement) };
  };

  function endCall(thread: Thread, result: unknown, count: number): void {
    const arrival = arrivals.get(thread.id)!;
    const done = doing.end(thread, arrival.statement, result, count);
    if (done) finish(thread, arrival, done);
  }

  function finish(thread: Thread, arrival: CallArrival, { outcome, problem, outputs }: Done): void {
    const { statement, walker } = arrival;
    const { call, variable } = statement;
    const actor = actors[thread.id]!;
    actor.at = -1;
    if (call.name.text === "fork" && outcome.result !== undefined) inherit(thread, arrival);
    const kept = variable && outcome.result !== undefined ? { [variable.text]: outcome.result } : {};
    if (variable || Object.keys(outputs).length > 0) actor.variables = { ...actor.variables, ...outputs, ...kept };
    const value = (expr: Expr) => exprValue(expr, thread.id, walker.frames);
    const verdict = problem === undefined ? judge(statement, outcome, value) : { ok: false, problem };
    results.statement(statement, thread.name, call.name.text, outcome, verdict);
    advance(walker);
  }

  /** Threads that begin with a process that is forked. */
  function forked(args: readonly unknown[]): readonly unknown[] {
    const [child] = args;
    const id = system.threads.findIndex((thread) => system.taskOf(thread) === child);
    const member = roster.members[id];
    if (member?.processOf !== id) throw new BadArgument("`fork` starts a process, not a thread");
    const task = system.taskOf(system.threads[id]!);
    if (task.started && task.exit_state === 0) throw new BadArgument(`\`${member.name}\` is running already`);
    return roster.members.flatMap(({ processOf }, i) =>
      processOf === id && i !== id ? [system.taskOf(system.threads[i]!)] : [],
    );
  }

  /** A forked process has its parent's variables. */
  function inherit(thread: Thread, { statement, walker }: CallArrival): void {
    const child = exprValue(statement.call.args[0]!, thread.id, walker.frames);
    const id = inspector.threadOf(child);
    if (id !== undefined) actors[id]!.variables = { ...inspector.variablesOf(thread.id) };
  }

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
    actor: (thread) => actors[thread.id]!,
    threads() {
      if (state.phase === 2) return [];
      const killed = dying.threads();
      if (killed.length > 0) return [...killed, ...inFlight(killed)];
      if (state.phase === 0) {
        try {
          settleAll();
        } catch (reason) {
          if (!(reason instanceof NothingHappens)) throw reason;
          state.cut_off = 1;
          state.phase = 2;
          return [];
        }
        if (ready.length > 0) return ready;
      }
      return nextExit();
    },
    schedule: () => (state.walkers.length > 1 ? interleaving : sequential),
    begin(thread) {
      if (dying.threads().includes(thread)) return beginDeath(thread);
      if (state.phase !== 0) return beginExit();
      const { statement, walker } = arrivals.get(thread.id)!;
      const actor = actors[thread.id]!;
      actor.file = plan.files.indexOf(plan.fileOf(statement));
      actor.at = statement.start;
      return doing.begin(thread, statement, (expr) => exprValue(expr, thread.id, walker.frames));
    },
    end(thread, result, count) {
      if (dying.ended(thread)) forgetSettled();
      else if (state.phase === 0) endCall(thread, result, count);
      else endExit();
    },
    stuck(waiting) {
      hooks.deadlock(waiting);
      for (const thread of waiting) {
        if (dying.lose(thread)) forgetSettled();
        else if (state.phase === 1) endExit();
        else {
          // It never comes back: what it still had to do is not done.
          const left = state.walkers.filter((walker) => walker.owner !== thread.id);
          state.walkers = state.walkers.length > 1 ? left : [{ owner: -1, frames: [] }];
        }
      }
    },
    crashed(thread, error) {
      if (!hooks.oops(thread, error)) return false;
      if (dying.lose(thread)) forgetSettled();
      else if (state.phase === 1) endExit();
      else {
        // The kernel kills who made it follow a bad pointer. What it held stays locked.
        doing.drop(thread);
        finish(thread, arrivals.get(thread.id)!, { outcome: { signal: "SIGKILL" }, outputs: {} });
      }
      return true;
    },
    get memory() {
      return state.schedule_memory;
    },
    set memory(value) {
      state.schedule_memory = value;
    },
    statementOf(thread) {
      const actor = actors[thread.id]!;
      if (actor.at < 0) return undefined;
      const arrival = arrivals.get(thread.id);
      if (!arrival) return undefined;
      const { statement } = arrival;
      const { path, lines } = plan.fileOf(statement);
      return { file: path, ...positionAt(lines, statement.start), item: statement };
    },
    nextStatementOf(thread) {
      const statement = state.phase === 0 ? arrivals.get(thread.id)?.statement : undefined;
      if (!statement) return undefined;
      const file = plan.fileOf(statement);
      return { file: file.path, line: plan.lineOf(statement), text: textOf(statement, file) };
    },
    framesOf: (thread) => arrivals.get(thread.id)?.walker.frames ?? state.walkers[0]?.frames ?? [],
  };
}

function sameWalkers(a: readonly Walker[], b: readonly Walker[]): boolean {
  return a.length === b.length && a.every((walker, i) => walker === b[i]);
}

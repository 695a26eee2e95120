// Runs a checked scenario on a booted system: the program of core/run.ts. What it remembers is in the store (state.ts).
import type { Program, Unit } from "../../core/run.ts";
import { type Schedule, sequential } from "../../core/schedule.ts";
import type { Thread } from "../../core/thread.ts";
import type { System } from "../../kernel/boot.ts";
import type { CallSpec } from "../../kernel/syscall_table.ts";
import type { Actor, CallStatement, Expr, Item } from "../ast.ts";
import { type CheckedScenario, constantsOf } from "../check.ts";
import { evaluate } from "../expressions.ts";
import { positionAt } from "../lines.ts";
import { cpuOperations, kernelOperations } from "../operations.ts";
import { isTrue, type Value } from "../values.ts";
import { BadArgument, type KernelCall, kernelCall, type Outcome, outcomeOf, signalName } from "./calls.ts";
import { createInspector, type ScenarioInspector } from "./inspector.ts";
import { judge, textOf } from "./judge.ts";
import type { Plan } from "./plan.ts";
import type { Roster } from "./roster.ts";
import {
  type ActorState,
  actor_state,
  type ExpectationResult,
  KEPT_RESULTS,
  type ScenarioState,
  type StatementResult,
  scenario_state,
  type Walker,
  type WalkFrame,
} from "./state.ts";
import { type Arrival, afterBlock, afterCall, NothingHappens, settle, type WalkContext } from "./walk.ts";

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
  const constant = constantsOf(scenario);
  const inspector = createInspector({ scenario, plan, roster, system, actors, constant });
  const exprValue = (expr: Expr, thread: number, frames: readonly WalkFrame[]): Value => {
    const result = evaluate(expr, { inspector: inspector.within(thread, frames), constant });
    if ("value" in result) return result.value;
    throw new BadArgument(result.error);
  };

  /** The call that a thread is at, by its walker. Worked out again after a jump in time: nothing here is state. */
  let arrivals = new Map<number, CallArrival>();
  let ready: readonly Thread[] = [];
  let settledFor: readonly Walker[] | null = null;

  const context: WalkContext = {
    actors: (item, frames) => threadsOf(item.actor, frames),
    turns: (item, frames) => Number(exprValue(item.count, mainThread(frames), frames) as bigint),
    passing(item, frames) {
      if (item.kind === "expect") expectNow(item, frames);
      else if (item.kind === "label") state.label = item.name.text;
    },
  };
  const mainThread = (_frames: readonly WalkFrame[]) => system.kernelThread.id;

  function threadsOf(actor: Actor, frames: readonly WalkFrame[]): readonly number[] {
    if (actor.kind === "kernel") return [system.kernelThread.id];
    if (actor.kind === "cpu")
      return [system.cpuThreads[Number(exprValue(actor.number, mainThread(frames), frames))]!.id];
    const process = scenario.processes.get(actor.name.text)!;
    const symbol = actor.thread ? process.threads.get(actor.thread.text)! : process;
    const all = roster.of(symbol);
    if (actor.index === undefined || actor.index === "all") return all;
    const index = Number(exprValue(actor.index, mainThread(frames), frames));
    const found = all[index];
    if (found === undefined) throw new BadArgument(`there is no ${actor.name.text}[${index}]`);
    return [found];
  }

  function expectNow(item: Extract<Item, { kind: "expect" }>, frames: readonly WalkFrame[]): void {
    const place = { file: plan.fileOf(item).path, line: plan.lineOf(item) };
    const text = textOf(item, plan.fileOf(item));
    const result = evaluate(item.condition, { inspector: inspector.within(mainThread(frames), frames), constant });
    const ok = "value" in result && isTrue(result.value);
    const problem = ok ? undefined : "error" in result ? result.error : inspector.explain(item.condition, frames);
    keepExpectation({ ...place, text, ok, problem, step: machine.step });
    if (!ok) {
      state.failures++;
      machine.alert();
    }
  }

  /** In a loop an expectation is kept once for each outcome: the first time that it held and the first that it did not. */
  function keepExpectation(result: ExpectationResult): void {
    const { expectations } = state;
    const same = (one: ExpectationResult) =>
      one.line === result.line && one.file === result.file && one.ok === result.ok;
    if (expectations.length < KEPT_RESULTS || !expectations.some(same)) state.expectations = [...expectations, result];
  }

  /** Brings every walker to its next call; parallel blocks open into a walker for each of their threads. */
  function settleAll(): void {
    if (settledFor === state.walkers) return;
    const before = arrivals;
    arrivals = new Map();
    let walkers = state.walkers;
    for (;;) {
      const main = walkers[0]!;
      if (walkers.length > 1) {
        const parts = walkers.slice(1).flatMap((walker) => arrive(walker, before));
        if (parts.length > 0) {
          walkers = [main, ...parts];
          break;
        }
        walkers = [afterBlock(main)];
        continue;
      }
      const arrival = settle(plan, main, context);
      if (arrival.kind === "end") {
        walkers = [{ ...main, frames: [] }];
        break;
      }
      if (arrival.kind === "call") {
        arrivals.set(arrival.actor, arrival);
        walkers = [arrival.walker];
        break;
      }
      walkers = [arrival.walker, ...openParallel(arrival)];
    }
    if (!sameWalkers(walkers, state.walkers)) state.walkers = walkers;
    settledFor = state.walkers;
    // In the order in which a parallel block names them.
    ready = [...arrivals.keys()].map((id) => system.threads[id]!);
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

  const specOf = (statement: CallStatement): CallSpec => {
    const name = statement.call.name.text;
    if (statement.actor.kind === "kernel") return kernelOperations.find((spec) => spec.name === name)!;
    if (statement.actor.kind === "cpu") return cpuOperations.find((spec) => spec.name === name)!;
    return scenario.names.calls.get(name)![0]!;
  };

  function beginCall(thread: Thread): Unit {
    const { statement, walker } = arrivals.get(thread.id)!;
    const actor = actors[thread.id]!;
    actor.file = plan.files.indexOf(plan.fileOf(statement));
    actor.at = statement.start;
    const value = (expr: Expr) => exprValue(expr, thread.id, walker.frames);
    const touching = statement.call.name.text === "touch";
    const call = touching
      ? nextTouch(statement, thread, value)
      : kernelCall(thread, statement, specOf(statement), value);
    const { unit } = system.platform;
    if (touching && actor.progress > 0) return unit(call.name, call.args);
    return unit("begin_statement", [plan.lineOf(statement), call.name, call.args]);
  }

  function nextTouch(statement: CallStatement, thread: Thread, value: (expr: Expr) => Value): KernelCall {
    const touch = touchArguments(statement, thread, value);
    if (touch.pages === 0) return { name: "nothing", args: [] };
    const address = touch.address + actors[thread.id]!.progress * 4096;
    state.accesses++;
    return touch.write ? { name: "user_store", args: [address, 1, 0] } : { name: "user_load", args: [address] };
  }

  /** Worked out once for the many units of one `touch`. */
  const touches = new Map<
    number,
    { at: CallStatement; walker: Walker; address: number; pages: number; write: boolean }
  >();

  function touchArguments(statement: CallStatement, thread: Thread, value: (expr: Expr) => Value) {
    const { walker } = arrivals.get(thread.id)!;
    const known = touches.get(thread.id);
    if (known?.at === statement && known.walker === walker) return known;
    const [addr, len, write] = statement.call.args;
    const bytes = Number(value(len!) as bigint);
    const made = {
      at: statement,
      walker,
      address: Number(value(addr!) as bigint),
      pages: Math.ceil(bytes / 4096),
      write: write !== undefined && isTrue(value(write)),
    };
    touches.set(thread.id, made);
    return made;
  }

  function endCall(thread: Thread, result: unknown): void {
    const arrival = arrivals.get(thread.id)!;
    const { statement } = arrival;
    const name = statement.call.name.text;
    const actor = actors[thread.id]!;
    if (name === "touch") {
      const touch = touches.get(thread.id)!;
      const signal = Number(result ?? 0);
      if (signal === 0 && touch.pages > 0 && ++actor.progress < touch.pages) return;
      const pages = actor.progress;
      actor.progress = 0;
      touches.delete(thread.id);
      finish(thread, arrival, signal === 0 ? { result: BigInt(pages) } : { signal: signalName(signal) });
      return;
    }
    if (name === "load" || name === "store" || name === "exec") state.accesses++;
    let outcome = outcomeOf(system, thread, name, result);
    if (name === "store" && outcome.result !== undefined) {
      const value = exprValue(statement.call.args[1]!, thread.id, arrival.walker.frames);
      outcome = { result: value as bigint };
    }
    finish(thread, arrival, outcome);
  }

  function finish(thread: Thread, arrival: CallArrival, outcome: Outcome): void {
    const { statement, walker } = arrival;
    const actor = actors[thread.id]!;
    actor.at = -1;
    if (statement.call.name.text === "fork" && outcome.result !== undefined) inherit(thread, arrival);
    const { variable } = statement;
    if (variable && outcome.result !== undefined)
      actor.variables = { ...actor.variables, [variable.text]: outcome.result };
    const verdict = judge(statement, outcome, (expr) => exprValue(expr, thread.id, walker.frames));
    record({
      file: plan.fileOf(statement).path,
      line: plan.lineOf(statement),
      actor: thread.name,
      call: statement.call.name.text,
      result: outcome.result,
      errno: outcome.errno ?? null,
      signal: outcome.signal ?? null,
      ok: verdict.ok,
      problem: verdict.problem,
      step: machine.step,
    });
    if (verdict.warning) warn(statement, verdict.warning);
    advance(walker);
  }

  function record(result: StatementResult): void {
    const kept = state.results.length >= KEPT_RESULTS ? state.results.slice(1) : state.results;
    if (kept !== state.results) state.omitted++;
    state.results = [...kept, result];
    if (!result.ok) {
      state.failures++;
      machine.alert();
    }
  }

  function warn(item: Item, message: string): void {
    const place = { file: plan.fileOf(item).path, line: plan.lineOf(item) };
    const at = state.warnings.findIndex((w) => w.line === place.line && w.file === place.file && w.message === message);
    if (at >= 0)
      state.warnings = state.warnings.with(at, { ...state.warnings[at]!, count: state.warnings[at]!.count + 1 });
    else if (state.warnings.length < KEPT_RESULTS)
      state.warnings = [...state.warnings, { ...place, message, count: 1 }];
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
      if (state.exit_begun || (task.started && task.exit_state === 0)) return [thread];
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
    begin: (thread) => (state.phase === 0 ? beginCall(thread) : beginExit()),
    end(thread, result) {
      if (state.phase === 0) endCall(thread, result);
      else endExit();
    },
    stuck(waiting) {
      hooks.deadlock(waiting);
      for (const thread of waiting) {
        if (state.phase === 1) endExit();
        else {
          // It never comes back: what it still had to do is not done.
          const left = state.walkers.filter((walker) => walker.owner !== thread.id);
          state.walkers = state.walkers.length > 1 ? left : [{ owner: -1, frames: [] }];
        }
      }
    },
    crashed(thread, error) {
      if (!hooks.oops(thread, error)) return false;
      if (state.phase === 1) endExit();
      else {
        // The kernel kills who made it follow a bad pointer. What it held stays locked.
        actors[thread.id]!.progress = 0;
        touches.delete(thread.id);
        finish(thread, arrivals.get(thread.id)!, { signal: "SIGKILL" });
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
    framesOf: (thread) => arrivals.get(thread.id)?.walker.frames ?? state.walkers[0]?.frames ?? [],
  };
}

function sameWalkers(a: readonly Walker[], b: readonly Walker[]): boolean {
  return a.length === b.length && a.every((walker, i) => walker === b[i]);
}

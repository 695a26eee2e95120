// A statement's call from its first step to its result: arguments, the many accesses of a `touch`, results that the
// kernel writes into a structure.
import type { Unit } from "../../core/program.ts";
import type { Thread } from "../../core/thread.ts";
import type { System } from "../../kernel/boot.ts";
import type { CallSpec } from "../../kernel/syscall_table.ts";
import type { CallStatement, Expr } from "../ast.ts";
import type { CheckedScenario } from "../check.ts";
import { specOf } from "../check_call.ts";
import { cpuOperations, kernelOperations } from "../operations.ts";
import { outputsOf } from "../outputs.ts";
import { isTrue, type Value } from "../values.ts";
import { BadArgument, type KernelCall, kernelCall, type Outcome, outcomeOf, signalName } from "./calls.ts";
import type { Plan } from "./plan.ts";
import type { ActorState, ScenarioState } from "./state.ts";

export interface Doing {
  begin(thread: Thread, statement: CallStatement, evaluate: (expr: Expr) => Value): Unit;
  /** `count` units have ended. Undefined where the call goes on with another. */
  end(thread: Thread, statement: CallStatement, result: unknown, count: number): Done | undefined;
  /** Variables have other values now: calls of which nothing is done yet take their arguments anew. */
  reread(): void;
  /** Calls that have begun, by thread. */
  halfDone: ReadonlyMap<number, Begun>;
  /** The call comes to nothing. */
  drop(thread: Thread): void;
}

export interface Done {
  readonly outcome: Outcome;
  /** Why the call was not done. */
  readonly problem?: string;
  /** Variables that the call has set beside its result. */
  readonly outputs: Readonly<Record<string, bigint>>;
}

interface Parts {
  readonly scenario: CheckedScenario;
  readonly plan: Plan;
  readonly system: System;
  readonly state: ScenarioState;
  actor(thread: Thread): ActorState;
  /**
   * What a process is to have that `thread` forks. Gives the tasks of the threads that come into being with it. Throws
   * BadArgument where it cannot be forked.
   */
  forked(thread: Thread, args: readonly unknown[]): readonly unknown[];
}

export interface Begun {
  readonly call: KernelCall;
  readonly problem?: string;
  /** The step at which the thread begins, if it is not in the middle of a `touch`; before it nothing is done. */
  readonly step: number;
  readonly thread: Thread;
  /** The call with the arguments that it would have now; undefined where they are none. */
  again(): KernelCall | undefined;
}

const NOTHING: KernelCall = { name: "nothing", args: [] };

export function createDoing({ scenario, plan, system, state, actor, forked }: Parts): Doing {
  /** Calls that have begun. A jump in time begins them again. */
  const begun = new Map<number, Begun>();

  const spec = (statement: CallStatement): CallSpec => {
    const { kind } = statement.actor;
    if (kind === "process") return specOf(scenario.names, statement.call)!;
    const operations = kind === "kernel" ? kernelOperations : cpuOperations;
    return operations.find((one) => one.name === statement.call.name.text)!;
  };

  function prepare(thread: Thread, statement: CallStatement, evaluate: (expr: Expr) => Value): KernelCall {
    const call = kernelCall(thread, statement, spec(statement), evaluate);
    if (statement.call.name.text !== "fork") return call;
    const [name, args] = call.args as [string, readonly unknown[]];
    return { ...call, args: [name, [...args, forked(thread, args)]] };
  }

  function nextTouch(thread: Thread, statement: CallStatement, evaluate: (expr: Expr) => Value): KernelCall {
    const doing = actor(thread);
    const touch = (doing.touch ??= touchOf(statement, evaluate));
    if (touch.pages === 0) return NOTHING;
    const address = touch.address + doing.progress * 4096;
    state.accesses++;
    return touch.write ? { name: "user_store", args: [address, 1, 0] } : { name: "user_load", args: [address] };
  }

  /** The next accesses of a `touch` at once. */
  const many = (thread: Thread) => (most: number) => {
    const { touch, progress } = actor(thread);
    const { address, pages, write } = touch!;
    if (!write) return 0;
    return system.straight.fault_anon_run(address + progress * 4096, Math.min(most, pages - progress), 1, 0);
  };

  function endTouch(thread: Thread, signal: number, count: number): Outcome | undefined {
    const doing = actor(thread);
    const { pages } = doing.touch!;
    if (count > 1) state.accesses += count - 1;
    if (signal === 0 && pages > 0) doing.progress += count;
    if (signal === 0 && doing.progress < pages) return undefined;
    const done = doing.progress;
    doing.progress = 0;
    doing.touch = null;
    return signal === 0 ? { result: BigInt(done) } : { signal: signalName(signal) };
  }

  function outcome(thread: Thread, name: string, call: KernelCall, result: unknown): Outcome {
    if (name === "load" || name === "store" || name === "exec") state.accesses++;
    const found = outcomeOf(system, thread, name, result);
    if (name !== "store" || found.result === undefined) return found;
    const [, low, high] = call.args as readonly number[];
    return { result: (BigInt(high!) << 32n) | BigInt(low!) };
  }

  return {
    begin(thread, statement, evaluate) {
      const touching = statement.call.name.text === "touch";
      const read = () => (touching ? nextTouch : prepare)(thread, statement, evaluate);
      let call = NOTHING;
      let problem: string | undefined;
      try {
        call = read();
      } catch (reason) {
        if (!(reason instanceof BadArgument)) throw reason;
        problem = reason.message;
      }
      const again = () => {
        const { accesses } = state;
        actor(thread).touch = null;
        try {
          return read();
        } catch (reason) {
          if (!(reason instanceof BadArgument)) throw reason;
          return undefined;
        } finally {
          state.accesses = accesses;
        }
      };
      begun.set(thread.id, { call, problem, step: system.machine.step + 1, thread, again });
      const { unit } = system.platform;
      if (touching && actor(thread).progress > 0) return { ...unit(call.name, call.args), many: many(thread) };
      return unit("begin_statement", [plan.lineOf(statement), call.name, call.args]);
    },
    end(thread, statement, result, count) {
      const { call, problem } = begun.get(thread.id)!;
      if (problem !== undefined) return { outcome: {}, problem, outputs: {} };
      const name = statement.call.name.text;
      const came =
        name === "touch" ? endTouch(thread, Number(result ?? 0), count) : outcome(thread, name, call, result);
      if (!came) return undefined;
      begun.delete(thread.id);
      return { outcome: came, outputs: came.result === undefined ? {} : written(statement, call) };
    },
    reread() {
      for (const { call, step, thread, again } of begun.values()) {
        const { name, args } = call;
        // A fork has already given the child what it is to have.
        const isUntouched = thread.call !== null && thread.lastStep === step && actor(thread).progress === 0;
        if (!isUntouched || args[0] === "fork") continue;
        const fresh = again();
        if (fresh?.name === name) (args as unknown[]).splice(0, args.length, ...fresh.args);
      }
    },
    get halfDone() {
      return begun;
    },
    set halfDone(calls) {
      if (calls === begun) return;
      begun.clear();
      for (const [thread, call] of calls) begun.set(thread, call);
    },
    drop(thread) {
      const doing = actor(thread);
      doing.progress = 0;
      doing.touch = null;
    },
  };

  /** What the kernel wrote into fields of a structure that name variables. */
  function written(statement: CallStatement, call: KernelCall): Record<string, bigint> {
    const outputs: Record<string, bigint> = {};
    const args = (call.name === "do_syscall" ? call.args[1] : []) as readonly unknown[];
    for (const { param, field, variable } of outputsOf(scenario, statement, spec(statement)))
      outputs[variable.text] = (args[param] as Readonly<Record<string, bigint>>)[field] ?? 0n;
    return outputs;
  }
}

function touchOf(statement: CallStatement, evaluate: (expr: Expr) => Value) {
  const [address, length, write] = statement.call.args.map(evaluate);
  if (typeof address !== "bigint" || typeof length !== "bigint")
    throw new BadArgument("`touch` takes an address and a length");
  const pages = Math.ceil(Number(length) / 4096);
  return { address: Number(address), pages, write: write !== undefined && isTrue(write) };
}

// What expressions see of a run: processes with their variables, kernel structures, entries, TLBs, /proc, counts.
import type { System } from "../../kernel/boot.ts";
import type { Mm, Task } from "../../kernel/mm_types.ts";
import type { Expr } from "../ast.ts";
import type { CheckedScenario } from "../check.ts";
import { evaluate, type Inspector } from "../expressions.ts";
import { findVariable, type ProcessSymbol } from "../symbols.ts";
import { type Failure, isObject, type ObjectValue, toU64, type Value } from "../values.ts";
import { type Counters, createCounters } from "./counters.ts";
import { showValue } from "./judge.ts";
import { objectOf, plainValue, tlbValue, walkValue } from "./objects.ts";
import { own } from "./own.ts";
import type { Plan } from "./plan.ts";
import { memcgOf, meminfoOf, pagemapOf, smapsOf, statOf, statusOf, zoneinfoOf } from "./proc.ts";
import type { Roster } from "./roster.ts";
import type { ActorState, WalkFrame } from "./state.ts";
import { whyFalse } from "./why_false.ts";

/** A process or thread as a value. */
export interface ProcessValue extends ObjectValue {
  readonly task: Task;
  readonly thread: number;
}

export interface ScenarioInspector {
  /** As seen by a thread, inside these loops. */
  within(thread: number, frames: readonly WalkFrame[]): Inspector;
  threadOf(process: Value): number | undefined;
  variablesOf(thread: number): Readonly<Record<string, bigint>>;
  /** Gives a variable that has a value another one; false where there is none of that name. */
  setVariable(thread: number, name: string, value: bigint): boolean;
  /** Why an expression is false, by the values of its parts; `textOf` gives the text of a part. */
  explain(condition: Expr, frames: readonly WalkFrame[], textOf: (part: Expr) => string): string;
  /** An argument of the event that has just happened, by its name; `cpu`, `task`, `mm` also where it has none. */
  eventArgument(name: string): Value | undefined;
  /** The process or thread with this name as people write it, as a value. */
  process(thread: number): ProcessValue;
}

interface Parts {
  readonly scenario: CheckedScenario;
  readonly plan: Plan;
  readonly roster: Roster;
  readonly system: System;
  readonly actors: readonly ActorState[];
  readonly constant: (name: string) => Value | undefined;
}

export function createInspector(parts: Parts): ScenarioInspector {
  const { scenario, plan, roster, system, actors, constant } = parts;
  const k = system.straight;

  const variablesOf = (thread: number): Readonly<Record<string, bigint>> => {
    const member = roster.members[thread];
    const own = actors[thread]?.variables ?? {};
    if (!member || member.processOf === thread) return own;
    return { ...actors[member.processOf]!.variables, ...own };
  };

  const setVariable = (thread: number, name: string, value: bigint): boolean => {
    const process = roster.members[thread]?.processOf ?? thread;
    const holder = [thread, process].find((at) => own(actors[at]?.variables ?? {}, name) !== undefined);
    if (holder === undefined) return false;
    const state = actors[holder]!;
    state.variables = { ...state.variables, [name]: value };
    return true;
  };

  const processValue = (thread: number): ProcessValue => {
    const task = system.taskOf(system.threads[thread]!);
    return {
      type: "process",
      name: roster.members[thread]!.name,
      id: thread,
      task,
      thread,
      get: (name) => own(variablesOf(thread), name) ?? threadNamed(thread, name) ?? objectOf(system, task).get(name),
      fields: () => Object.keys(variablesOf(thread)),
      mayBecome: (name) => isVariableOf(thread, name),
    };
  };

  const threadNamed = (process: number, name: string): Value | undefined => {
    const at = roster.members.findIndex((m, i) => m.processOf === process && i !== process && m.symbol.name === name);
    return at < 0 ? undefined : processValue(at);
  };

  const arrayValue = (symbol: ProcessSymbol): Value => {
    const numbers = roster.of(symbol);
    if (symbol.count === undefined) return processValue(numbers[0]!);
    const at = (index: bigint) => (index < BigInt(numbers.length) ? processValue(numbers[Number(index)]!) : undefined);
    return { type: "process array", name: symbol.name, id: `array:${symbol.name}`, get: () => undefined, at };
  };

  const loopCounter = (name: string, frames: readonly WalkFrame[]): bigint | undefined => {
    for (let i = frames.length - 1; i >= 0; i--) {
      const frame = frames[i]!;
      if (plan.lists[frame.list]!.repeat?.variable?.text === name) return BigInt(frame.turn);
    }
    return undefined;
  };

  const taskOf = (value: Value | undefined): Task | undefined =>
    value !== undefined && isObject(value) && "task" in value ? (value as ProcessValue).task : undefined;
  const mmOf = (value: Value | undefined): Mm | undefined => {
    const task = taskOf(value);
    if (task) return task.mm ?? undefined;
    if (value !== undefined && isObject(value) && value.type === "mm_struct" && "handle" in value)
      return value.handle as Mm;
    return undefined;
  };

  const withMm = (value: Value | undefined, use: (mm: Mm) => Value | Failure): Value | Failure => {
    const mm = mmOf(value);
    return mm ? use(mm) : { failure: "This process has no address space: it has not begun or has ended." };
  };
  const addressOf = (value: Value | undefined): number => (typeof value === "bigint" ? Number(value) : Number.NaN);

  const functions: Readonly<Record<string, (args: readonly Value[]) => Value | Failure>> = {
    mm: ([process]) => withMm(process, (mm) => objectOf(system, mm)),
    host_mm: ([path]) => {
      const mm = typeof path === "string" ? k.host_mm(path) : null;
      return mm
        ? objectOf(system, mm)
        : { failure: `No design keeps an address space for ${showValue(path ?? null)}.` };
    },
    memcg: ([path]) => {
      const memcg = typeof path === "string" ? k.memcg_of_path(path) : null;
      return memcg
        ? plainObject("mem_cgroup", () => memcgOf(system, memcg))
        : { failure: `${showValue(path ?? null)} is no control group.` };
    },
    vma: ([process, address]) =>
      withMm(process, (mm) => {
        const vma = k.vma_lookup(mm, addressOf(address));
        return vma ? objectOf(system, vma) : null;
      }),
    walk: ([process, address]) => withMm(process, (mm) => walkValue(system, mm, addressOf(address))),
    page: ([pfn]) => {
      const frame = addressOf(pfn);
      if (frame * 4096 < system.config.memory) return objectOf(system, k.page(k.compound_head(frame)));
      return { failure: `The machine has no frame ${showValue(pfn ?? null)}.` };
    },
    tlb: ([cpu]) => {
      const id = addressOf(cpu);
      return id < system.config.cpus ? tlbValue(system, id, taskOf) : { failure: `The machine has no CPU ${id}.` };
    },
    status: ([process]) => plainObject("status", () => withTask(process, (task) => statusOf(system, task))),
    stat: ([process]) => plainObject("stat", () => withTask(process, (task) => statOf(system, task))),
    fixed: ([id]) => typeof id === "string" && k.fixed(id),
    meminfo: () => plainObject("meminfo", () => meminfoOf(system)),
    zoneinfo: () => plainObject("zoneinfo", () => zoneinfoOf(system)),
    pagemap: ([process, address]) =>
      plainObject("pagemap", () => withTask(process, (task) => pagemapOf(system, task, addressOf(address)))),
    smaps: ([process, address]) => {
      const task = taskOf(process);
      const found = task ? smapsOf(system, task, addressOf(address)) : null;
      return found ? plainObject("smaps", () => found) : null;
    },
  };
  for (const level of ["pgd", "p4d", "pud", "pmd", "pte"]) {
    (functions as Record<string, (args: readonly Value[]) => Value | Failure>)[level] = ([process, address]) =>
      withMm(process, (mm) => walkValue(system, mm, addressOf(address)).get(level)!);
  }

  const withTask = <T>(process: Value | undefined, use: (task: Task) => T): T | undefined => {
    const task = taskOf(process);
    return task ? use(task) : undefined;
  };

  const name = (thread: number, frames: readonly WalkFrame[], wanted: string): Value | undefined => {
    const variable = loopCounter(wanted, frames) ?? own(variablesOf(thread), wanted);
    if (variable !== undefined) return variable;
    const symbol = scenario.processes.get(wanted);
    return symbol ? arrayValue(symbol) : undefined;
  };

  const isVariableOf = (thread: number, wanted: string): boolean => {
    const member = roster.members[thread];
    return member !== undefined && findVariable(member.symbol, wanted) !== undefined;
  };

  const within = (thread: number, frames: readonly WalkFrame[]): Inspector => ({
    name: (wanted) => name(thread, frames, wanted),
    mayBecome: (wanted) => isVariableOf(thread, wanted),
    call: (wanted, args) => own(functions, wanted)?.(args),
    count: (event, _where, condition) => counters.count(event, condition),
  });

  const eventArgument = (wanted: string): Value | undefined => {
    const { machine } = system;
    if (machine.event < 0) return undefined;
    const at = machine.events.specs[machine.event]!.args.indexOf(wanted);
    // What an event leaves out this time is still its argument: `lock if !trylock`.
    if (at >= 0) return machine.args[at] === undefined ? null : argumentValue(machine.args[at], wanted);
    if (wanted === "cpu") return machine.thread ? toU64(machine.thread.cpu) : undefined;
    if (wanted === "task")
      return machine.thread && machine.thread.id >= 0 ? processValue(machine.thread.id) : undefined;
    if (wanted === "mm") {
      const task = machine.thread && machine.thread.id >= 0 ? system.taskOf(machine.thread) : null;
      return task?.mm ? objectOf(system, task.mm) : undefined;
    }
    return undefined;
  };

  /** A task that the scenario declares is its process, so that `task == A` means something. */
  const argumentValue = (raw: unknown, wanted: string): Value => {
    const declared = roster.members.findIndex((_, i) => system.taskOf(system.threads[i]!) === raw);
    return declared >= 0 ? processValue(declared) : plainValue(system, raw, wanted);
  };

  const counters: Counters = createCounters(
    scenario,
    system,
    eventArgument,
    within(system.kernelThread.id, []),
    constant,
  );

  return {
    within,
    eventArgument,
    variablesOf,
    setVariable,
    process: processValue,
    threadOf: (value) => (isObject(value) && "thread" in value ? (value as ProcessValue).thread : undefined),
    explain: (condition, frames, textOf) => {
      const environment = { inspector: within(system.kernelThread.id, frames), constant };
      return whyFalse(condition, (part) => evaluate(part, environment), textOf);
    },
  };
}

/** Lines of a /proc file as fields. */
function plainObject(
  type: string,
  read: () => Readonly<Record<string, number | bigint | boolean>> | undefined,
): ObjectValue {
  return {
    type,
    get(field) {
      const value = own(read() ?? {}, field);
      return typeof value === "number" ? toU64(value) : value;
    },
    fields: () => Object.keys(read() ?? {}),
  };
}

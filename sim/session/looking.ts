// Looking at a stopped machine: stacks, scopes, expressions, hovers, memory. Changes nothing.
import type { Thread } from "../core/thread.ts";
import type { DebugSession, Frame, ValueNode } from "../debugging.ts";
import type { Task } from "../kernel/mm_types.ts";
import type { Expr } from "../scenario/ast.ts";
import { constantsOf } from "../scenario/check.ts";
import { type Evaluation, evaluate } from "../scenario/expressions.ts";
import { parseExpressionText } from "../scenario/parser.ts";
import { isObject, type Value } from "../scenario/values.ts";
import type { Differences } from "./differences.ts";
import { placeOfExpression } from "./expression_place.ts";
import { breakableLines } from "./lines.ts";
import type { Loaded } from "./load.ts";
import { expressionNode } from "./nodes.ts";
import { addressSpaces, bugs, tlbs } from "./overview.ts";
import { ENTRY, frameAt } from "./places.ts";
import { scopesOf } from "./scopes.ts";
import { hex } from "./show.ts";
import { framesOf, type SourceMaps } from "./stack.ts";
import { whoCouldGoOn } from "./step_texts.ts";
import { entryNode, levelOfTable, type Sharers, sharers, walkNodes } from "./tables.ts";
import { threadNumbered } from "./threads.ts";
import { variableOf } from "./variables.ts";

/** Names of the current event's arguments go first, or only what the thread's process knows. */
export type Names = "event first" | "process only";

export interface Looking
  extends Pick<DebugSession, "scopes" | "evaluate" | "hover" | "readMemory" | "addressSpaces" | "tlbs" | "bugs"> {
  /** Frames of a thread, of the kernel's those that were kept. */
  stack(thread: number): readonly Frame[];
  /** The step at which the kernel's frames were, where they were not kept. */
  missingStack(thread: number): number | undefined;
  exprValue(expr: Expr, thread: Thread, names: Names): Evaluation;
  /** The task of the process or thread with this name. */
  taskNamed(name: string): Task | undefined;
  /** The number that an expression gives, as text; the text itself where it gives none. */
  numberIn(text: string, thread: number): string;
  /** Writes bytes at a memory reference; gives how many. */
  writeBytes(memory: string, offset: number, bytes: Uint8Array): number;
  /** The text of the statement at a report's place. */
  statementText(bug: { readonly file: string; readonly line: number }): string;
  /** The machine is another one than at the last look. */
  forget(): void;
}

/** What an expression is worth for a thread, and where that is kept. */
interface Asked {
  readonly value: Value;
  readonly thread: Thread;
  readonly place: Pick<ValueNode, "dataId" | "variable" | "writable" | "memory" | "object">;
}

export function createLooking(loaded: Loaded, maps: SourceMaps, changed: Differences, current: () => number): Looking {
  const { system, runner, scenario } = loaded;
  const { machine } = system;
  const constant = constantsOf(scenario);
  let who: { readonly step: number; readonly sharers: Sharers } | null = null;

  const exprValue: Looking["exprValue"] = (expr, thread, names) => {
    const inspector = runner.inspector.within(thread.id, runner.framesOf(thread));
    const name = (wanted: string): Value | undefined => {
      // null is a value too.
      const argument = names === "event first" ? runner.inspector.eventArgument(wanted) : undefined;
      if (argument !== undefined) return argument;
      const own = inspector.name(wanted);
      if (own !== undefined) return own;
      return wanted === "task" ? inspector.name(thread.name) : moment(wanted, thread);
    };
    return evaluate(expr, { inspector: { ...inspector, name }, constant });
  };

  /** What a moment has that its event does not tell: where it is, and when. */
  const moment = (wanted: string, thread: Thread): Value | undefined => {
    if (wanted === "cpu") return BigInt(thread.cpu);
    return wanted === "step" ? BigInt(machine.step) : undefined;
  };

  const taskNamed = (name: string): Task | undefined => {
    const thread = system.threads.find((one) => one.name === name);
    return thread && system.taskOf(thread);
  };

  const sharersNow = (): Sharers => {
    if (who?.step !== machine.step) who = { step: machine.step, sharers: sharers(system) };
    return who.sharers;
  };

  /** The task of a declared process or thread. */
  const memberTask = (thread: Thread) => (thread.id < runner.roster.members.length ? system.taskOf(thread) : undefined);

  /** The step at which a thread in the kernel is; 0: it is in no call. */
  const stepOf = (thread: Thread): number => (thread.call ? thread.lastStep : 0);
  const kernelFrames = (thread: Thread): Frame[] => framesOf(machine.captures.get(stepOf(thread)) ?? "", maps);

  /** Before the first step no statement has begun: the place to show is where the first one will. */
  const firstFrame = (): Frame => {
    const file = scenario.program.entry.path;
    const [line = 1] = breakableLines(runner.plan, file, 1, Number.POSITIVE_INFINITY);
    return { name: "before the first statement", kind: "scenario", file, line, column: 1 };
  };

  const hoverNode = (text: string, value: Value, thread: Thread): ValueNode => {
    const own = memberTask(thread);
    const task = isObject(value) && "task" in value ? (value.task as typeof own) : own;
    const address = typeof value === "bigint" && value >= 4096n && value < 2n ** 47n ? Number(value) : undefined;
    if (address === undefined || !task?.mm) return expressionNode(text, value, "decimal");
    const walk = walkNodes(system, task.mm, address, sharersNow());
    return {
      name: text,
      value: `${hex(address)} in ${task.mm.name}: ${walk.at(-1)!.value}`,
      expression: text,
      memory: `process:${task.comm}:${address}`,
      children: () => walk,
    };
  };

  /** The frame that an entry leads to. */
  const frameOfEntry = (expr: Expr, thread: Thread): { readonly object?: string } => {
    const result = exprValue(expr, thread, "event first");
    if (!("value" in result) || !isObject(result.value) || result.value.type !== "entry") return {};
    return result.value.get("present") === true ? { object: `page:${result.value.get("pfn")}:0` } : {};
  };

  /** Where an expression's value is stored, and for an entry the table that it lies in. */
  const placeOf = (expr: Expr, thread: Thread) => {
    const place = placeOfExpression(system, expr, (part) => {
      const inner = exprValue(part, thread, "event first");
      return "value" in inner ? inner.value : undefined;
    });
    const table = ENTRY.exec(place?.dataId ?? "")?.[1];
    const variable = variableOf(loaded, expr, thread);
    return {
      ...place,
      ...(variable !== undefined && { variable, writable: true }),
      ...(table !== undefined && { memory: `page:${table}` }),
      ...frameOfEntry(expr, thread),
    };
  };

  /** Where the bytes at an address of the thread's process are. */
  const memoryAt = (value: Value, thread: Thread): { readonly memory?: string } => {
    const task = memberTask(thread);
    const isAddress = typeof value === "bigint" && value >= 4096n && value < 2n ** 47n;
    return isAddress && task?.mm ? { memory: `process:${task.comm}:${value}` } : {};
  };

  /** A bare number is an address of the stopped process, as people type it. */
  const reference = (memory: string): string =>
    /^(0x[\da-f]+|\d+)$/i.test(memory) ? `process:${threadNumbered(loaded, current()).name}:${memory}` : memory;

  /** An entry as the page tables show it, beside its parts. */
  const entryHere = (dataId: string | undefined) => {
    const [, table, index] = (ENTRY.exec(dataId ?? "") ?? []).map(Number);
    if (table === undefined || index === undefined) return {};
    const entry = system.straight.memory.readEntry(table, index);
    const { value: text } = entryNode(system, "", table, index, entry, levelOfTable(system, table), 0, sharersNow());
    return { value: text };
  };

  /** What an expression that somebody writes is worth for a thread, and where that is kept. */
  const asked = (text: string, id: number): Asked | { readonly error: string } => {
    const { expr, problems } = parseExpressionText(text);
    if (problems[0]) return { error: problems[0].message };
    const thread = threadNumbered(loaded, id);
    const result = exprValue(expr, thread, "event first");
    if ("error" in result) return { error: result.error };
    return { value: result.value, thread, place: placeOf(expr, thread) };
  };

  return {
    exprValue,
    taskNamed,
    statementText({ file, line }) {
      const source = runner.plan.files.find(({ path }) => path === file);
      return (
        source?.text
          .split("\n")
          [line - 1]?.replace(/\s*\/\/.*$/, "")
          .trim() ?? ""
      );
    },
    forget() {
      who = null;
    },
    missingStack(id) {
      const step = stepOf(threadNumbered(loaded, id));
      return step > 0 && !machine.captures.get(step) ? step : undefined;
    },
    stack(id) {
      const thread = threadNumbered(loaded, id);
      const frames = kernelFrames(thread);
      const statement = runner.statementOf(thread);
      if (!statement) return machine.step === 0 && id === current() ? [firstFrame()] : frames;
      const { file, line, column } = statement;
      return [...frames, { name: thread.name, kind: "scenario", file, line, column }];
    },
    scopes(id) {
      const thread = threadNumbered(loaded, id);
      const task = memberTask(thread);
      const functions = kernelFrames(thread).map(({ name }) => name);
      const variables = task ? runner.inspector.variablesOf(thread.id) : {};
      const input = {
        system,
        task,
        cpu: thread.cpu,
        variables,
        who: sharersNow(),
        changed: changed.nodes(),
        functions,
        choice: whoCouldGoOn(loaded).map(({ name }) => name),
      };
      return scopesOf(input);
    },
    evaluate(text, id) {
      const found = asked(text, id);
      if ("error" in found) return found;
      const { value, thread, place } = found;
      return {
        ...expressionNode(text, value, "decimal"),
        expression: text,
        ...memoryAt(value, thread),
        ...place,
        ...entryHere(place.dataId),
      };
    },
    numberIn(text, id) {
      const found = asked(text, id);
      return "value" in found && typeof found.value === "bigint" ? String(found.value) : text;
    },
    hover(text, id) {
      const found = asked(text, id);
      if ("error" in found) return found;
      const { value, thread, place } = found;
      return { ...place, ...hoverNode(text, value, thread), ...entryHere(place.dataId) };
    },
    addressSpaces: () => addressSpaces(system, sharersNow()),
    tlbs: () => tlbs(system),
    bugs: () => bugs(loaded),
    readMemory(memory, offset, count) {
      const bytes: number[] = [];
      while (bytes.length < count) {
        const place = frameAt(system, reference(memory), offset + bytes.length, taskNamed);
        if (!place) break;
        const here = Math.min(count - bytes.length, 4096 - place.at);
        bytes.push(...system.straight.read_frame(place.pfn, place.at, here));
      }
      return Uint8Array.from(bytes);
    },
    writeBytes(memory, offset, bytes) {
      let done = 0;
      while (done < bytes.length) {
        const place = frameAt(system, reference(memory), offset + done, taskNamed);
        if (!place) break;
        const here = Math.min(bytes.length - done, 4096 - place.at);
        system.straight.write_frame(place.pfn, place.at, bytes.subarray(done, done + here));
        done += here;
      }
      return done;
    },
  };
}

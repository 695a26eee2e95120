// From a statement's call to the kernel function that does it: names, arguments, results.
import type { Thread } from "../../core/thread.ts";
import type { System } from "../../kernel/boot.ts";
import type { CallSpec, Param } from "../../kernel/syscall_table.ts";
import * as errno from "../../kernel/uapi/errno.ts";
import type { CallStatement, Expr } from "../ast.ts";
import { isObject, type Value } from "../values.ts";

/** What a unit gave. Exactly one of the three is set. */
export interface Outcome {
  readonly result?: bigint;
  readonly errno?: string;
  readonly signal?: string;
}

/** Arguments that cannot be what the call takes; the checker finds what it can before the run. */
export class BadArgument extends Error {}

export type Evaluate = (expr: Expr) => Value;

const errnoNames = new Map<number, string>(
  Object.entries(errno).flatMap(([name, number]) => (typeof number === "number" ? [[number, name] as const] : [])),
);
const SIGNALS: Readonly<Record<number, string>> = { 7: "SIGBUS", 9: "SIGKILL", 11: "SIGSEGV", 1000: "OOM" };

/** A kernel function and its arguments. */
export interface KernelCall {
  readonly name: string;
  readonly args: readonly unknown[];
}

/** What does a system call, an access other than `touch`, or an operation. */
export function kernelCall(thread: Thread, statement: CallStatement, spec: CallSpec, evaluate: Evaluate): KernelCall {
  const name = statement.call.name.text;
  const place = name === "load" || name === "store" || name === "exec" ? wordAt : toNumber;
  const args = statement.call.args.map((arg, i) => argument(spec.params[i], arg, evaluate, place));
  const all = spec.params.map((param, i) => (i < args.length ? args[i] : missing(param)));
  if (name === "load") return { name: "user_load", args: all };
  if (name === "store") {
    const value = all[1] as bigint;
    return { name: "user_store", args: [all[0], Number(value & 0xffff_ffffn), Number(value >> 32n)] };
  }
  if (name === "exec") return { name: "user_exec", args: all };
  if (statement.actor.kind === "kernel") return { name: `kernel_${name}`, args: all };
  if (statement.actor.kind === "cpu") return { name: `cpu_${name}`, args: [thread.cpu, ...all] };
  return { name: "do_syscall", args: [name, all] };
}

function argument(
  param: Param | undefined,
  expr: Expr,
  evaluate: Evaluate,
  place: (address: bigint) => number,
): unknown {
  if (expr.kind === "struct") {
    const fields: Record<string, bigint> = {};
    for (const { name, value } of expr.fields) {
      if (value.kind === "struct") {
        // A structure within one: the kernel knows their fields by the same layout, one after the other.
        Object.assign(
          fields,
          argument(
            param?.fields?.find((field) => field.name === name.text),
            value,
            evaluate,
            place,
          ),
        );
        continue;
      }
      const written = param?.fields?.some((field) => field.name === name.text && field.output) ?? false;
      fields[name.text] = written ? before(value, evaluate) : integer(evaluate(value), name.text);
    }
    return fields;
  }
  const value = evaluate(expr);
  switch (param?.kind) {
    case "buffer":
      return typeof value === "string" ? value : place(integer(value, param.name));
    case "path":
    case "string":
      if (typeof value !== "string") throw new BadArgument(`${param.name} is a string`);
      return value;
    case "process":
      if (!isObject(value) || !("task" in value)) throw new BadArgument(`${param.name} is a process`);
      return value.task;
    case "value":
    case "struct":
      return integer(value, param.name);
    case "fd":
    case "int":
    case "offset":
      return Number(BigInt.asIntN(64, integer(value, param.name)));
    case "flags":
      return Number(BigInt.asIntN(64, integer(value, param.name)));
    default:
      return place(integer(value, param?.name ?? "argument"));
  }
}

/** Above 2^53 (five levels) not every byte has a number of its own; every 8-byte word has, and what is accessed is words. */
const wordAt = (value: bigint): number => Number(value <= Number.MAX_SAFE_INTEGER ? value : value - (value % 8n));

/** There what is not the beginning of a page must not become one: calls tell them apart. */
function toNumber(value: bigint): number {
  const number = wordAt(value);
  return value > Number.MAX_SAFE_INTEGER && value % 8n !== 0n && number % 4096 === 0 ? number + 8 : number;
}

/** What a field holds that the kernel will write: a variable that is not there yet is 0. */
function before(expr: Expr, evaluate: Evaluate): bigint {
  try {
    return integer(evaluate(expr), "field");
  } catch (reason) {
    if (reason instanceof BadArgument && expr.kind === "name") return 0n;
    throw reason;
  }
}

function integer(value: Value, name: string): bigint {
  if (typeof value === "bigint") return value;
  if (typeof value === "boolean") return value ? 1n : 0n;
  throw new BadArgument(`${name} is an integer`);
}

const missing = (param: Param): unknown =>
  param.kind === "struct"
    ? 0n
    : param.kind === "process"
      ? null
      : param.kind === "string" || param.kind === "path"
        ? ""
        : 0;

/** What a kernel function's result means for the program that called it. */
export function outcomeOf(system: System, thread: Thread, name: string, result: unknown): Outcome {
  if (name === "load" || name === "store" || name === "exec") {
    const signal = result as number;
    if (signal !== 0) return { signal: SIGNALS[signal] ?? `signal ${signal}` };
    if (name !== "load") return { result: 0n };
    const task = system.taskOf(thread);
    return { result: (BigInt(task.load_high) << 32n) | BigInt(task.load_low) };
  }
  if (typeof result === "bigint") return { result };
  const number = Number(result ?? 0);
  const failed = number < 0 && number >= -4095 ? errnoNames.get(-number) : undefined;
  return failed ? { errno: failed } : { result: BigInt.asUintN(64, BigInt(Math.trunc(number))) };
}

/** A signal's name, for `touch`, which is many units. */
export const signalName = (signal: number): string => SIGNALS[signal] ?? `signal ${signal}`;

// Whether a call gave what its statement says, and why not, in a sentence.

import * as errno from "../../kernel/uapi/errno.ts";
import type { CallStatement, Expr, Span } from "../ast.ts";
import { showHex } from "../integers.ts";
import type { ParsedFile } from "../parser.ts";
import { compareValues, type Failure, isFailure, isObject, type Value } from "../values.ts";
import { BadArgument, type Outcome } from "./calls.ts";

export interface Verdict {
  readonly ok: boolean;
  /** What was expected instead. */
  readonly problem?: string;
  /** Nobody asked, but something went wrong. */
  readonly warning?: string;
}

export function judge(statement: CallStatement, outcome: Outcome, evaluate: (expr: Expr) => Value): Verdict {
  const { clause } = statement;
  const call = statement.call.name.text;
  if (!clause) {
    if (outcome.errno) return { ok: true, warning: `${call} failed with ${outcome.errno}` };
    return outcome.signal ? { ok: true, warning: `${call} raised ${outcome.signal}` } : { ok: true };
  }
  if (clause.kind === "fails") {
    if (outcome.errno === clause.errno.text) return { ok: true };
    return { ok: false, problem: `expected ${clause.errno.text}, but it ${shown(outcome)}` };
  }
  if (clause.kind === "faults") {
    if (outcome.signal === clause.signal.text) return { ok: true };
    return { ok: false, problem: `expected ${clause.signal.text}, but it ${shown(outcome)}` };
  }
  const wanted = wantedValue(clause.value, evaluate);
  if (isFailure(wanted)) return { ok: false, problem: wanted.failure };
  if (outcome.result === undefined) {
    // `== -EINVAL` is what the system call itself gives; other comparisons are of results.
    if (clause.operator === "==" && outcome.errno && wanted === negativeErrno(outcome.errno)) return { ok: true };
    return { ok: false, problem: `it ${shown(outcome)}` };
  }
  const compared = compareValues(clause.operator, outcome.result, wanted);
  if (compared === true) return { ok: true };
  if (isFailure(compared)) return { ok: false, problem: compared.failure };
  return { ok: false, problem: `it gave ${showValue(outcome.result)}, not ${clause.operator} ${showValue(wanted)}` };
}

const negativeErrno = (name: string): bigint =>
  BigInt.asUintN(64, -BigInt((errno as Readonly<Record<string, unknown>>)[name] as number));

function wantedValue(expr: Expr, evaluate: (expr: Expr) => Value): Value | Failure {
  try {
    return evaluate(expr);
  } catch (reason) {
    if (reason instanceof BadArgument) return { failure: reason.message };
    throw reason;
  }
}

function shown(outcome: Outcome): string {
  if (outcome.errno) return `failed with ${outcome.errno}`;
  if (outcome.signal) return `raised ${outcome.signal}`;
  return `gave ${showValue(outcome.result ?? 0n)}`;
}

/** Small numbers as people count, others as people look at addresses. */
export function showValue(value: Value): string {
  if (typeof value === "bigint") return value < 65536n ? String(value) : showHex(value);
  if (typeof value === "string") return JSON.stringify(value);
  if (isObject(value)) return value.type;
  return String(value);
}

/** The same, of an object also which of its kind it is, as reports number them: `page 18#1`. */
export function showWhich(value: Value): string {
  const id = isObject(value) ? /^(\w+):(\d+):(\d+)$/.exec(String(value.id)) : null;
  return id ? `${id[1]} ${id[2]}#${id[3]}` : showValue(value);
}

/** The source text of a node on one line. */
export function textOf(node: Span, file: ParsedFile): string {
  return file.text.slice(node.start, node.end).replace(/\s+/g, " ").trim();
}

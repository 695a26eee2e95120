// The value of an expression, over whatever can be inspected. The same in `expect`, conditions, watches and hovers.
// It only reads; all knowledge of the machine is behind `Inspector`.
import type { CallExpr, Expr, FieldExpr, Name, Span } from "./ast.ts";
import { nearest } from "./nearest.ts";
import {
  binaryOperation,
  type Failure,
  isFailure,
  isObject,
  isTrue,
  typeName,
  unaryOperation,
  type Value,
} from "./values.ts";

/** What expressions may ask of a machine. */
export interface Inspector {
  /**
   * A bare name: a variable of the acting process, a counter of a loop, an argument of the event that stopped, a
   * declared process. A process is an object: `get` gives its variables and threads, `at` an element of an array.
   * Undefined where there is no such name. Asked before lets and constants.
   */
  name(name: string): Value | undefined;
  /** Whether that is a variable to which the scenario gives a value somewhere. */
  mayBecome?(name: string): boolean;
  /** `mm(A)`, `pte(A, addr)` …: a function of functions.ts with its values. Undefined where it is not known. */
  call(name: string, args: readonly Value[]): Value | Failure | undefined;
  /** How often an event has happened; `where` is asked with the arguments of each occurrence, `condition` is its text. */
  count(
    event: string,
    where: ((argument: (name: string) => Value | undefined) => boolean) | undefined,
    condition?: Expr,
  ): bigint | Failure;
}

export interface Environment {
  readonly inspector: Inspector;
  /** Lets of the file and Linux's constants. */
  readonly constant: (name: string) => Value | undefined;
}

/** A value, or what is wrong and where in the expression; `no-value-yet`: a variable that the run will set. */
export type Evaluation =
  | { readonly value: Value }
  | { readonly error: string; readonly at: Span; readonly code?: Failure["code"] | "no-value-yet" };

class EvaluationError extends Error {
  readonly at: Span;
  readonly code: Failure["code"] | "no-value-yet";
  constructor(message: string, at: Span, code?: Failure["code"] | "no-value-yet") {
    super(message);
    this.at = { start: at.start, end: at.end };
    this.code = code;
  }
}

export function evaluate(expr: Expr, environment: Environment): Evaluation {
  try {
    return { value: nodeValue(expr, environment) };
  } catch (error) {
    if (error instanceof EvaluationError) return { error: error.message, at: error.at, code: error.code };
    throw error;
  }
}

function fail(message: string, at: Span): never {
  throw new EvaluationError(message, at);
}

function sound(result: Value | Failure, at: Span): Value {
  if (isFailure(result)) throw new EvaluationError(result.failure, at, result.code);
  return result;
}

function nodeValue(expr: Expr, environment: Environment): Value {
  switch (expr.kind) {
    case "integer":
    case "string":
      return expr.value;
    case "name":
      return nameValue(expr.name, expr, environment);
    case "group":
      return nodeValue(expr.inner, environment);
    case "unary":
      return sound(unaryOperation(expr.operator, nodeValue(expr.operand, environment)), expr);
    case "binary": {
      if (expr.operator === "&&")
        return isTrue(nodeValue(expr.left, environment)) && isTrue(nodeValue(expr.right, environment));
      if (expr.operator === "||")
        return isTrue(nodeValue(expr.left, environment)) || isTrue(nodeValue(expr.right, environment));
      return sound(
        binaryOperation(expr.operator, nodeValue(expr.left, environment), nodeValue(expr.right, environment)),
        expr,
      );
    }
    case "conditional":
      return nodeValue(isTrue(nodeValue(expr.condition, environment)) ? expr.then : expr.otherwise, environment);
    case "call":
      return expr.name.text === "count" ? countValue(expr, environment) : callValue(expr, environment);
    case "field":
      return fieldValue(expr, environment);
    case "method": {
      const object = nodeValue(expr.object, environment);
      const args = expr.args.map((arg) => nodeValue(arg, environment));
      const result = isObject(object) ? object.call?.(expr.method.text, args) : undefined;
      return result === undefined
        ? fail(`${typeName(object)} has no \`${expr.method.text}(…)\`.`, expr.method)
        : sound(result, expr);
    }
    case "index": {
      const object = nodeValue(expr.object, environment);
      const index = nodeValue(expr.index, environment);
      if (typeof index !== "bigint") return fail(`An index is an integer, not ${typeName(index)}.`, expr.index);
      if (!isObject(object) || !object.at) return fail(`${typeName(object)} has no elements.`, expr.object);
      const element = object.at(index);
      return element === undefined ? fail(`There is no element ${index}.`, expr.index) : element;
    }
    case "struct":
      return fail("A structure is an argument of a call, not a value.", expr);
    case "missing":
      return fail("A value is missing here.", expr);
  }
}

function nameValue(name: string, at: Span, environment: Environment): Value {
  if (name === "true") return true;
  if (name === "false") return false;
  if (name === "null") return null;
  const variable = environment.inspector.name(name);
  const value = variable === undefined ? environment.constant(name) : variable;
  if (value !== undefined) return value;
  if (environment.inspector.mayBecome?.(name)) return unset(name, at);
  return fail(`\`${name}\` is not known here.`, at);
}

function unset(variable: string, at: Span): never {
  throw new EvaluationError(`\`${variable}\` has no value: no call has given it one yet.`, at, "no-value-yet");
}

function callValue(expr: CallExpr, environment: Environment): Value {
  const args = expr.args.map((arg) => nodeValue(arg, environment));
  const result = environment.inspector.call(expr.name.text, args);
  return result === undefined ? fail(`There is no function \`${expr.name.text}\`.`, expr.name) : sound(result, expr);
}

function fieldValue(expr: FieldExpr, environment: Environment): Value {
  const object = nodeValue(expr.object, environment);
  if (object === null)
    return fail(`There is nothing to take \`.${expr.field.text}\` of: the value before the dot is null.`, expr.object);
  if (!isObject(object)) return fail(`${typeName(object)} has no fields.`, expr.object);
  const value = object.get(expr.field.text);
  if (value === undefined && object.mayBecome?.(expr.field.text)) return unset(expr.field.text, expr.field);
  return value === undefined ? noField(object.type, expr.field, object.fields?.() ?? []) : value;
}

function noField(type: string, field: Name, known: readonly string[]): never {
  const [meant] = nearest(field.text, known);
  return fail(
    `\`${type}\` has no \`${field.text}\`.${meant === undefined ? "" : ` Did you mean \`${meant}\`?`}`,
    field,
  );
}

/** `count(EVENT)`, `count(EVENT, condition)`: in the condition the event's arguments go before everything else. */
function countValue(expr: CallExpr, environment: Environment): Value {
  const [event, condition] = expr.args;
  if (event?.kind !== "name") return fail("`count` takes the name of an event.", expr.name);
  const { inspector, constant } = environment;
  if (!condition) return sound(inspector.count(event.name, undefined), expr);
  const where = (argument: (name: string) => Value | undefined) => {
    const within: Inspector = {
      name: (name) => {
        const value = argument(name);
        return value === undefined ? inspector.name(name) : value;
      },
      call: (name, args) => inspector.call(name, args),
      count: (name, inner, expr) => inspector.count(name, inner, expr),
    };
    return isTrue(nodeValue(condition, { inspector: within, constant }));
  };
  return sound(inspector.count(event.name, where, condition), expr);
}

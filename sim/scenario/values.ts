// Values of expressions and C's operators on them: 64-bit unsigned, where leaving 64 bits is an error, never a wrap.
import type { BinaryOperator, CompareOperator, UnaryOperator } from "./ast.ts";
import { MAX_U64 } from "./integers.ts";

/** Something of the simulated machine, as an expression sees it. Only reads. */
export interface ObjectValue {
  /** For messages: `mm_struct`, `pte`. */
  readonly type: string;
  /** What the scenario calls it: a process. */
  readonly name?: string;
  /** Two objects of one type with the same id are equal. Without ids they are equal when they are one object. */
  readonly id?: string | number | bigint;
  /** A field, or undefined where there is none of that name. */
  get(field: string): Value | undefined;
  /** The names that `get` knows, for "did you mean" and completion. */
  readonly fields?: () => readonly string[];
  /** Whether `get` will know that name once the run has come so far: a variable that no call has set yet. */
  readonly mayBecome?: (field: string) => boolean;
  /** `object[index]`; undefined where there is none. */
  readonly at?: (index: bigint) => Value | undefined;
  /** `object.method(args)`; undefined where there is no such method. */
  readonly call?: (method: string, args: readonly Value[]) => Value | Failure | undefined;
}

/** Integers are 0..2^64-1. `null` is "there is none", such as no VMA at an address. */
export type Value = bigint | boolean | string | null | ObjectValue;

/** Why there is no value, as a sentence for users. */
export interface Failure {
  readonly failure: string;
  /** Says which diagnostic this is where it happens in a constant. */
  readonly code?: "overflow" | "division-by-zero";
}

export function isFailure(result: Value | Failure | undefined): result is Failure {
  return typeof result === "object" && result !== null && "failure" in result;
}

export function isObject(value: Value): value is ObjectValue {
  return typeof value === "object" && value !== null;
}

/** Two's complement of a number in 64 bits: -1 is 2^64-1. */
export function toU64(value: number | bigint): bigint {
  return BigInt.asUintN(64, BigInt(value));
}

/** What a condition takes for true: as in C, anything but 0 and null. */
export function isTrue(value: Value): boolean {
  if (typeof value === "bigint") return value !== 0n;
  if (typeof value === "boolean") return value;
  return value !== null;
}

/** The type of a value in words. */
export function typeName(value: Value): string {
  if (value === null) return "null";
  if (typeof value === "bigint") return "an integer";
  if (typeof value === "boolean") return "true or false";
  if (typeof value === "string") return "a string";
  return `a ${value.type}`;
}

function integerOf(value: Value): bigint | undefined {
  if (typeof value === "bigint") return value;
  if (typeof value === "boolean") return value ? 1n : 0n;
  return undefined;
}

export function unaryOperation(operator: UnaryOperator, operand: Value): Value | Failure {
  if (operator === "!") return !isTrue(operand);
  const value = integerOf(operand);
  if (value === undefined) return { failure: `\`${operator}\` needs an integer, not ${typeName(operand)}.` };
  if (operator === "+") return value;
  return BigInt.asUintN(64, operator === "-" ? -value : ~value);
}

/** `&&` and `||` are not here: their right side may not be evaluated. */
export function binaryOperation(
  operator: Exclude<BinaryOperator, "&&" | "||">,
  left: Value,
  right: Value,
): Value | Failure {
  if (isComparison(operator)) return compareValues(operator, left, right);
  const a = integerOf(left);
  const b = integerOf(right);
  if (a === undefined || b === undefined) {
    return { failure: `\`${operator}\` needs integers, not ${typeName(a === undefined ? left : right)}.` };
  }
  return arithmetic(operator, a, b);
}

type Arithmetic = Exclude<BinaryOperator, "&&" | "||" | CompareOperator>;

function arithmetic(operator: Arithmetic, a: bigint, b: bigint): Value | Failure {
  if ((operator === "/" || operator === "%") && b === 0n)
    return { failure: "Division by zero.", code: "division-by-zero" };
  if ((operator === "<<" || operator === ">>") && b > 63n)
    return { failure: `A shift by ${b}; 64-bit values shift by 0 to 63.`, code: "overflow" };
  const result = exact(operator, a, b);
  if (result < 0n || result > MAX_U64) {
    return { failure: `\`${operator}\` leaves 64 bits unsigned: the result would be ${result}.`, code: "overflow" };
  }
  return result;
}

function exact(operator: Arithmetic, a: bigint, b: bigint): bigint {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
    case "%":
      return a % b;
    case "<<":
      return a << b;
    case ">>":
      return a >> b;
    case "&":
      return a & b;
    case "|":
      return a | b;
    case "^":
      return a ^ b;
  }
}

function isComparison(operator: BinaryOperator): operator is CompareOperator {
  return (
    operator === "==" ||
    operator === "!=" ||
    operator === "<" ||
    operator === "<=" ||
    operator === ">" ||
    operator === ">="
  );
}

/** Also judges the clause of a statement: `call(…) OPERATOR value`. Integers compare unsigned. */
export function compareValues(operator: CompareOperator, left: Value, right: Value): boolean | Failure {
  if (operator === "==") return sameValue(left, right);
  if (operator === "!=") return !sameValue(left, right);
  const a = integerOf(left);
  const b = integerOf(right);
  if (a === undefined || b === undefined) {
    return { failure: `\`${operator}\` orders integers, not ${typeName(a === undefined ? left : right)}.` };
  }
  if (operator === "<") return a < b;
  if (operator === "<=") return a <= b;
  return operator === ">" ? a > b : a >= b;
}

/** `true == 1` as in C; objects are equal when they are the same object of the machine. */
export function sameValue(left: Value, right: Value): boolean {
  if (left === right) return true;
  const a = integerOf(left);
  const b = integerOf(right);
  if (a !== undefined && b !== undefined) return a === b;
  if (!isObject(left) || !isObject(right)) return false;
  return left.id !== undefined && left.id === right.id && left.type === right.type;
}

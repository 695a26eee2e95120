// Judges expressions: names, functions, fields, types, and constant parts, which must stay within 64 bits.
import type { BinaryExpr, ConditionalExpr, Expr } from "./ast.ts";
import { checkField, checkFunction, checkIndex, checkMethod } from "./check_functions.ts";
import { checkName } from "./check_names.ts";
import { type CheckState, cpuCount, report, reportAt } from "./check_state.ts";
import type { ActingSymbol, CounterSymbol, Moment, ProcessSymbol, ThreadSymbol } from "./symbols.ts";
import {
  binaryOperation,
  compareValues,
  type Failure,
  isFailure,
  isTrue,
  unaryOperation,
  type Value,
} from "./values.ts";

/** What surrounds an expression. */
export interface Around {
  /** Whose variables bare names are. */
  readonly actor?: ActingSymbol;
  /** Counters of the loops around, innermost last. */
  readonly counters: readonly CounterSymbol[];
  /** When it is evaluated; in a constant of the file not at all. */
  readonly moment?: Moment;
  /** Inside a condition of `count`, where event arguments are names too. */
  readonly inCount?: true;
}

/** An expression's type: "integer", "boolean", "string", "null", "process", "processes" (an array), "struct", "any", or a type of object_types.ts. */
export interface Checked {
  readonly type: string;
  /** Where it is known before a run. */
  readonly value?: Value;
  readonly process?: ProcessSymbol | ThreadSymbol;
}

export const ANY: Checked = { type: "any" };

export function checkExpression(state: CheckState, expr: Expr, around: Around): Checked {
  switch (expr.kind) {
    case "integer":
      return { type: "integer", value: expr.value };
    case "string":
      return { type: "string", value: expr.value };
    case "group":
      return checkExpression(state, expr.inner, around);
    case "name":
      return checkName(state, expr, around);
    case "unary": {
      const operand = checkExpression(state, expr.operand, around);
      if (expr.operator !== "!") needInteger(state, expr.operand, operand, `\`${expr.operator}\``);
      const type = expr.operator === "!" ? "boolean" : "integer";
      return operand.value === undefined
        ? { type }
        : constant(state, expr, unaryOperation(expr.operator, operand.value), type);
    }
    case "binary":
      return checkBinary(state, expr, around);
    case "conditional":
      return checkConditional(state, expr, around);
    case "call":
      return checkFunction(state, expr, around);
    case "field":
      return checkField(state, expr, around);
    case "method":
      return checkMethod(state, expr, around);
    case "index":
      return checkIndex(state, expr, around);
    case "struct":
      for (const field of expr.fields) checkExpression(state, field.value, around);
      reportAt(state, "wrong-type", expr, "A structure can only be an argument of a call.");
      return ANY;
    case "missing":
      return ANY;
  }
}

/** An expression that must be an integer known before the run. */
export function checkConstantInteger(state: CheckState, expr: Expr, what: string): bigint | undefined {
  if (expr.kind === "missing") return undefined;
  const problemsBefore = state.diagnostics.length;
  const { type, value } = checkExpression(state, expr, { counters: [] });
  if (typeof value === "bigint") return value;
  if (state.diagnostics.length === problemsBefore) {
    const isConstant = type !== "any" && value !== undefined;
    reportAt(
      state,
      isConstant ? "wrong-type" : "not-constant",
      expr,
      `${what} must be an integer${isConstant ? "" : " that is known before the run"}.`,
    );
  }
  return undefined;
}

function constant(state: CheckState, expr: Expr, result: Value | Failure, type: string): Checked {
  if (!isFailure(result)) return { type: typeof result === "boolean" ? "boolean" : type, value: result };
  if (result.code) reportAt(state, result.code, expr, result.failure);
  return { type };
}

export function needInteger(state: CheckState, expr: Expr, checked: Checked, what: string): boolean {
  if (mayBeInteger(checked)) return true;
  const { type } = checked;
  reportAt(state, "wrong-type", expr, `${what} needs an integer; this is ${typeInWords(type)}.`);
  return false;
}

/** Asked of every argument of a large file, before anything is put into words. */
export function mayBeInteger({ type }: Checked): boolean {
  return type === "integer" || type === "boolean" || type === "any";
}

/** The type in a message. */
export function typeInWords(type: string): string {
  if (type === "process") return "a process";
  if (type === "processes") return "an array of processes";
  if (type === "null") return "null";
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function checkBinary(state: CheckState, expr: BinaryExpr, around: Around): Checked {
  const left = checkExpression(state, expr.left, around);
  const right = checkExpression(state, expr.right, around);
  const { operator } = expr;
  warnOfPrecedence(state, expr);
  const bothKnown = left.value !== undefined && right.value !== undefined;
  if (operator === "&&" || operator === "||") {
    const a = left.value !== undefined && isTrue(left.value);
    const b = right.value !== undefined && isTrue(right.value);
    return bothKnown ? { type: "boolean", value: operator === "&&" ? a && b : a || b } : { type: "boolean" };
  }
  if (operator === "==" || operator === "!=") {
    warnOfProcess(state, expr, left, right);
    return bothKnown
      ? constant(state, expr, compareValues(operator, left.value!, right.value!), "boolean")
      : { type: "boolean" };
  }
  const type = operator === "<" || operator === "<=" || operator === ">" || operator === ">=" ? "boolean" : "integer";
  const fits =
    (mayBeInteger(left) && mayBeInteger(right)) ||
    (needInteger(state, expr.left, left, `\`${operator}\``) &&
      needInteger(state, expr.right, right, `\`${operator}\``));
  return bothKnown && fits
    ? constant(state, expr, binaryOperation(operator, left.value!, right.value!), type)
    : { type };
}

/** `mm == a`, where the argument of an event is an mm_struct: a process is none, and nothing would ever say so. */
function warnOfProcess(state: CheckState, { operator, left, right }: BinaryExpr, a: Checked, b: Checked): void {
  const isMm = (expr: Expr, { type }: Checked) =>
    type === "mm_struct" || (type === "any" && expr.kind === "name" && expr.name === "mm");
  const process =
    a.type === "process" && isMm(right, b) ? left : b.type === "process" && isMm(left, a) ? right : undefined;
  if (!process) return;
  const text = `mm(${state.file.text.slice(process.start, process.end)})`;
  report(state, {
    code: "cannot-fail",
    start: process.start,
    end: process.end,
    message: `This is always ${operator === "!="}: a process is no mm_struct; its own is \`${text}\`.`,
    mend: { title: `Change to ${text}`, edits: [{ start: process.start, end: process.end, text }] },
  });
}

/** C reads `a & b == c` as `a & (b == c)`, which is hardly ever meant. */
function warnOfPrecedence(state: CheckState, expr: BinaryExpr): void {
  if (expr.operator !== "&" && expr.operator !== "|" && expr.operator !== "^") return;
  for (const side of [expr.left, expr.right]) {
    if (side.kind !== "binary" || !/^[=!<>]=?$|^==$/.test(side.operator)) continue;
    const edits = [
      { start: side.start, end: side.start, text: "(" },
      { start: side.end, end: side.end, text: ")" },
    ];
    report(state, {
      code: "precedence",
      start: side.start,
      end: side.end,
      message: `As in C, \`${side.operator}\` binds tighter than \`${expr.operator}\`. Put parentheses around what belongs together.`,
      mend: { title: "Put the comparison in parentheses", edits },
    });
  }
}

function checkConditional(state: CheckState, expr: ConditionalExpr, around: Around): Checked {
  const condition = checkExpression(state, expr.condition, around);
  const then = checkExpression(state, expr.then, around);
  const otherwise = checkExpression(state, expr.otherwise, around);
  if (condition.value !== undefined) return isTrue(condition.value) ? then : otherwise;
  return then.type === otherwise.type ? { type: then.type } : ANY;
}

export function needProcess(state: CheckState, expr: Expr, checked: Checked): void {
  if (checked.type === "process" || checked.type === "any") return;
  if (checked.type === "processes") {
    const text = `${checked.process?.name}[0]`;
    const mend = { title: `Change to ${text}`, edits: [{ start: expr.start, end: expr.end, text }] };
    report(state, {
      code: "wrong-type",
      start: expr.start,
      end: expr.end,
      message: `This is an array of processes; name one of them, such as \`${text}\`.`,
      mend,
    });
    return;
  }
  reportAt(state, "wrong-type", expr, `A process belongs here; this is ${typeInWords(checked.type)}.`);
}

export function needString(state: CheckState, expr: Expr, checked: Checked): void {
  if (checked.type === "string" || checked.type === "any") return;
  reportAt(state, "wrong-type", expr, `A string in quotes belongs here; this is ${typeInWords(checked.type)}.`);
}

/** A CPU number that is known must exist. */
export function checkCpu(state: CheckState, expr: Expr, checked: Checked): void {
  const cpus = cpuCount(state);
  if (typeof checked.value !== "bigint" || checked.value < cpus) return;
  reportAt(
    state,
    "no-such-cpu",
    expr,
    `The machine has ${cpus} CPU${cpus === 1n ? "" : "s"}, numbered from 0; there is no CPU ${checked.value}.`,
  );
}

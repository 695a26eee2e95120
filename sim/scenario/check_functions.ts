// Functions, fields, methods and elements in expressions.
import type { CallExpr, Expr, FieldExpr, IndexExpr, MethodExpr, Name } from "./ast.ts";
import {
  ANY,
  type Around,
  type Checked,
  checkCpu,
  checkExpression,
  needInteger,
  needProcess,
  needString,
  typeInWords,
} from "./check_expression.ts";
import { checkFix } from "./check_fix.ts";
import { readVariable } from "./check_names.ts";
import { type CheckState, isClosed, occurs, report, reportAt, reportUnknown, suggest } from "./check_state.ts";
import type { Mend } from "./diagnostics.ts";
import { functions, functionsByName } from "./functions.ts";
import { typesByName } from "./object_types.ts";
import { findVariable, type ProcessSymbol, type ThreadSymbol, visibleVariables } from "./symbols.ts";

export function checkFunction(state: CheckState, expr: CallExpr, around: Around): Checked {
  const spec = functionsByName.get(expr.name.text);
  if (!spec) {
    unknownFunction(state, expr);
    for (const arg of expr.args) checkExpression(state, arg, around);
    return ANY;
  }
  const required = spec.params.filter((param) => !param.optional).length;
  const isShort = expr.args.length < required && isClosed(state, expr);
  if (isShort || expr.args.length > spec.params.length) {
    reportAt(
      state,
      "wrong-argument-count",
      expr.name,
      `\`${spec.name}(${spec.params.map((param) => param.name).join(", ")})\` takes ${countInWords(required, spec.params.length)}, not ${expr.args.length}.`,
    );
  }
  if (spec.name === "count") return checkCount(state, expr, around);
  expr.args.forEach((arg, index) => {
    const kind = spec.params[index]?.kind;
    const checked = checkExpression(state, arg, around);
    if (kind === "process") needProcess(state, arg, checked);
    else if (kind === "path" || kind === "string") needString(state, arg, checked);
    else if (spec.type !== undefined && checked.type === spec.type) isThatAlready(state, expr, arg);
    else if (kind) needInteger(state, arg, checked, `\`${spec.params[index].name}\` of \`${spec.name}\``);
    if (spec.name === "tlb") checkCpu(state, arg, checked);
    // The place of the id is what stands between the quotes.
    if (spec.name === "fixed" && typeof checked.value === "string")
      checkFix(state, { text: checked.value, start: arg.start + 1, end: arg.end - 1 });
  });
  return { type: spec.type ?? "integer" };
}

/** `page(pte(A, p).table)`: what a field gives is the page, not its number. */
function isThatAlready(state: CheckState, { start, end, name }: CallExpr, arg: Expr): void {
  const edits = [
    { start, end: arg.start, text: "" },
    { start: arg.end, end, text: "" },
  ];
  report(state, {
    code: "wrong-type",
    start: arg.start,
    end: arg.end,
    message: `This is a ${name.text} already; \`${name.text}(…)\` takes its number.`,
    mend: { title: `Leave ${name.text}(…) out`, edits },
  });
}

function unknownFunction(state: CheckState, expr: CallExpr): void {
  if (state.names.calls.has(expr.name.text)) {
    reportAt(
      state,
      "unknown-function",
      expr.name,
      `\`${expr.name.text}\` is a call of a process; expressions only read.`,
    );
    return;
  }
  reportUnknown(state, "unknown-function", expr.name, `There is no function \`${expr.name.text}\`.`, () =>
    functionsByName.keys(),
  );
}

function checkCount(state: CheckState, expr: CallExpr, around: Around): Checked {
  const [event, condition] = expr.args;
  if (event?.kind === "name") checkEvent(state, { text: event.name, start: event.start, end: event.end });
  else if (event) reportAt(state, "wrong-type", event, "`count` takes the name of an event, such as `tlb_flush`.");
  if (condition) checkExpression(state, condition, { ...around, inCount: true });
  return { type: "integer" };
}

export function checkEvent(state: CheckState, name: Name): void {
  if (name.text === "" || state.names.events.has(name.text)) return;
  reportUnknown(state, "unknown-event", name, `There is no event \`${name.text}\`.`, () => state.names.events);
}

export function countInWords(least: number, most: number): string {
  if (least === most) return least === 0 ? "no arguments" : `${least} argument${least === 1 ? "" : "s"}`;
  return `${least} to ${most} arguments`;
}

export function checkField(state: CheckState, expr: FieldExpr, around: Around): Checked {
  const object = checkExpression(state, expr.object, around);
  state.objectTypes.set(expr.object, object.type);
  const { field } = expr;
  if (object.type === "any" || field.text === "") return ANY;
  if (object.type === "processes") {
    needProcess(state, expr.object, object);
    return ANY;
  }
  if (object.type === "process") return object.process ? checkMember(state, object.process, field, around) : ANY;
  const type = typesByName.get(object.type);
  if (!type) {
    reportAt(state, "unknown-field", field, `${capital(typeInWords(object.type))} has no fields.`);
    return ANY;
  }
  const known = type.fields.find((one) => one.name === field.text);
  if (known) return { type: known.type ?? "any" };
  const further = state.vocabulary.fields?.get(type.name);
  if (further?.includes(field.text)) return ANY;
  const method = type.methods?.find((one) => one.name === field.text);
  const { hint, mend, otherMends } =
    elsewhere(state, expr) ?? suggest(state, field, () => [...type.fields.map((one) => one.name), ...(further ?? [])]);
  // Without an engine nobody knows what else an open type has; a near miss of a known field is a slip all the same.
  if (type.open && !further && !mend && !method) return ANY;
  report(state, {
    code: "unknown-field",
    start: field.start,
    end: field.end,
    message: method ? `\`${field.text}\` takes arguments.` : `\`${type.name}\` has no field \`${field.text}\`.${hint}`,
    mend,
    otherMends,
  });
  return ANY;
}

/** `mm(A).VmPTE`: another function of the same arguments, or of fewer, has what is asked for. */
function elsewhere(
  state: CheckState,
  { object, field, end }: FieldExpr,
): { hint: string; mend: Mend; otherMends?: undefined } | undefined {
  if (object.kind !== "call") return undefined;
  const given = functionsByName.get(object.name.text)?.params.map(({ kind }) => kind) ?? [];
  const other = functions.find(
    ({ type, params }) =>
      params.every(({ kind }, i) => kind === given[i]) &&
      typesByName.get(type ?? "")?.fields.some(({ name }) => name === field.text),
  );
  if (!other) return undefined;
  const args = object.args.slice(0, other.params.length);
  const written = args.map((arg) => state.file.text.slice(arg.start, arg.end)).join(", ");
  const text = `${other.name}(${written}).${field.text}`;
  const edits = [{ start: object.start, end, text }];
  return { hint: ` That is \`${text}\`.`, mend: { title: `Change to ${text}`, edits } };
}

const capital = (text: string) => text[0].toUpperCase() + text.slice(1);

/** `A.x`: a variable or a thread of a process. */
function checkMember(state: CheckState, owner: ProcessSymbol | ThreadSymbol, field: Name, around: Around): Checked {
  const variable = findVariable(owner, field.text);
  if (variable) return readVariable(state, variable, field, around);
  const thread = owner.kind === "process" ? owner.threads.get(field.text) : undefined;
  if (thread) {
    occurs(state, thread, field, "read");
    return { type: "process", process: thread };
  }
  const threads = owner.kind === "process" ? owner.threads.keys() : [];
  reportUnknown(state, "unknown-field", field, `\`${owner.name}\` has no variable \`${field.text}\`.`, () => [
    ...visibleVariables(owner).keys(),
    ...threads,
  ]);
  return ANY;
}

export function checkMethod(state: CheckState, expr: MethodExpr, around: Around): Checked {
  const object = checkExpression(state, expr.object, around);
  state.objectTypes.set(expr.object, object.type);
  const args = expr.args.map((arg) => checkExpression(state, arg, around));
  if (object.type === "any") return ANY;
  const methods = typesByName.get(object.type)?.methods ?? [];
  const method = methods.find((one) => one.name === expr.method.text);
  if (!method) {
    const { hint, mend } = suggest(state, expr.method, () => methods.map((one) => one.name));
    report(state, {
      code: "unknown-function",
      start: expr.method.start,
      end: expr.method.end,
      message: `${capital(typeInWords(object.type))} has no \`${expr.method.text}(…)\`.${hint}`,
      mend,
    });
    return ANY;
  }
  if (args.length !== method.params.length) {
    reportAt(
      state,
      "wrong-argument-count",
      expr.method,
      `\`${method.name}\` takes ${countInWords(method.params.length, method.params.length)}, not ${args.length}.`,
    );
  }
  method.params.forEach((param, index) => {
    if (!args[index]) return;
    if (param.kind === "process") needProcess(state, expr.args[index], args[index]);
    else needInteger(state, expr.args[index], args[index], `\`${param.name}\` of \`${method.name}\``);
  });
  return { type: method.type ?? "any" };
}

export function checkIndex(state: CheckState, expr: IndexExpr, around: Around): Checked {
  const object = checkExpression(state, expr.object, around);
  const index = checkExpression(state, expr.index, around);
  needInteger(state, expr.index, index, "An index");
  if (object.type === "process" && object.process?.kind === "process") {
    reportAt(state, "bad-index", expr, `\`${object.process.name}\` is a single process, not an array.`);
    return { type: "process", process: object.process };
  }
  if (object.type !== "processes" || object.process?.kind !== "process") return ANY;
  checkElement(state, object.process, expr.index, index);
  return { type: "process", process: object.process };
}

/** The index of an array's element, where it is known. */
export function checkElement(state: CheckState, process: ProcessSymbol, at: Expr, index: Checked): void {
  const { count } = process;
  if (!count || typeof index.value !== "bigint" || index.value < count) return;
  reportAt(
    state,
    "bad-index",
    at,
    `\`${process.name}\` has ${count} processes, \`${process.name}[0]\` to \`${process.name}[${count - 1n}]\`.`,
  );
}

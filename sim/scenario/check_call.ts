// Judges a call: is there such a one, does this version have it, do its arguments fit.
import type { CallSpec, Param } from "../kernel/syscall_table.ts";
import type { CallExpr, Expr, StructExpr } from "./ast.ts";
import {
  type Around,
  type Checked,
  checkCpu,
  checkExpression,
  mayBeInteger,
  needInteger,
  needProcess,
  needString,
  typeInWords,
} from "./check_expression.ts";
import { countInWords } from "./check_functions.ts";
import { type CheckState, isClosed, occurs, report, reportAt, suggest } from "./check_state.ts";
import { replacing } from "./cursor.ts";
import { checkFlags } from "./flag_families.ts";
import { cpuOperations, kernelOperations } from "./operations.ts";
import { isTaken } from "./outputs.ts";
import type { VariableSymbol } from "./symbols.ts";
import { isMissing, type Names } from "./vocabulary.ts";

/** What is known of an argument before the run. */
export interface Argument {
  readonly expr: Expr;
  readonly value?: bigint;
  readonly text?: string;
  /** Fields of a structure, as far as they are known. */
  readonly fields?: ReadonlyMap<string, Argument>;
}

export interface CheckedCall {
  readonly spec: CallSpec;
  readonly args: readonly Argument[];
  /** The argument for a parameter, by its name. */
  argument(param: string): Argument | undefined;
}

export type Realm = "process" | "kernel" | "cpu";

/** The specification of a call as it is written: of an `ioctl` that of its request. */
export function specOf(names: Names, call: CallExpr): CallSpec | undefined {
  const specs = names.calls.get(call.name.text);
  if (!specs || specs.length === 1) return specs?.[0];
  const request = call.args[1];
  const value = request?.kind === "name" ? names.constants.get(request.name)?.value : undefined;
  return (
    specs.find((spec) =>
      spec.params[1].constants?.some((name) => value !== undefined && names.constants.get(name)?.value === value),
    ) ?? specs[0]
  );
}

/** What `kernel:` or `cpu N:` can do. */
export function operationsOf(realm: "kernel" | "cpu"): readonly CallSpec[] {
  return realm === "kernel" ? kernelOperations : cpuOperations;
}

/** Undefined where the call cannot be judged further. */
export function checkCall(state: CheckState, call: CallExpr, realm: Realm, around: Around): CheckedCall | undefined {
  const spec =
    realm === "process"
      ? specOf(state.names, call)
      : operationsOf(realm).find((known) => known.name === call.name.text);
  if (!spec) {
    unknownCall(state, call, realm);
    for (const arg of call.args) if (arg.kind !== "struct") checkExpression(state, arg, around);
    return undefined;
  }
  if (isMissing(state.vocabulary, state.names, spec.name)) {
    reportAt(state, "not-in-this-version", call.name, `\`${spec.name}\` is not in this version.`);
  }
  checkArgumentCount(state, call, spec);
  const args = call.args.map((arg, index) => checkArgument(state, arg, spec.params[index], around));
  if (spec.name === "fork") checkFork(state, call, around);
  return new KnownArguments(spec, args);
}

/** A class, since every call of a large file is asked for its arguments many times. */
class KnownArguments implements CheckedCall {
  readonly spec: CallSpec;
  readonly args: readonly Argument[];
  constructor(spec: CallSpec, args: readonly Argument[]) {
    this.spec = spec;
    this.args = args;
  }
  argument(param: string): Argument | undefined {
    const { params } = this.spec;
    for (let index = 0; index < params.length; index++) if (params[index].name === param) return this.args[index];
    return undefined;
  }
}

/** A process that exists already cannot be started as a copy of itself. */
function checkFork(state: CheckState, call: CallExpr, around: Around): void {
  const [child] = call.args;
  const caller = around.actor?.kind === "thread" ? around.actor.process : around.actor;
  if (child?.kind === "name" && caller?.name === child.name && caller.count === undefined) {
    reportAt(state, "wrong-type", child, `\`${child.name}\` cannot fork itself; name another declared process.`);
  }
}

function unknownCall(state: CheckState, call: CallExpr, realm: Realm): void {
  const { name } = call;
  const others = {
    process: [...state.names.calls.keys()],
    kernel: kernelOperations.map((op) => op.name),
    cpu: cpuOperations.map((op) => op.name),
  };
  const instead = realm === "process" ? insteadOf.get(name.text) : undefined;
  const { hint, mend, otherMends } =
    instead === undefined ? suggest(state, name, () => others[realm]) : { hint: ` ${instead}` };
  const code = realm === "process" ? "unknown-call" : "unknown-operation";
  report(state, {
    code,
    start: name.start,
    end: name.end,
    message: `${whoHasNot(realm)} \`${name.text}\`.${elsewhere(state, name.text, realm) || hint}`,
    mend,
    otherMends,
  });
}

/** What programs call and scenarios do otherwise. */
const insteadOf: ReadonlyMap<string, string> = new Map([
  ...["malloc", "calloc", "brk", "sbrk"].map((name) => [name, "Memory comes from `mmap`."] as const),
  ...["memset", "memcpy"].map((name) => [name, "Memory is written by `store` and `touch`."] as const),
  ...["waitpid", "wait4", "waitid"].map((name) => [name, "A parent waits with `wait(child)`."] as const),
  ...["clone", "vfork"].map((name) => [name, "Processes begin with `fork(child)`, threads are declared."] as const),
  ...["execve", "execv", "execl"].map(
    (name) => [name, "A scenario runs no programs: every process starts empty."] as const,
  ),
  ...["sleep", "usleep", "msleep"].map(
    (name) => [name, "There is no clock: what runs when is the schedule's."] as const,
  ),
  ["pthread_create", "Threads are declared: `thread A.t`."],
  ["creat", "A file is made by `open(path, O_CREAT|O_RDWR, 0600)`."],
  ["printf", "A run prints what each statement gives."],
]);

function whoHasNot(realm: Realm): string {
  if (realm === "process") return "There is no call";
  return realm === "kernel" ? "The kernel has no operation" : "A CPU has no operation";
}

function elsewhere(state: CheckState, name: string, realm: Realm): string {
  if (realm !== "kernel" && kernelOperations.some((op) => op.name === name))
    return ` The kernel does that: \`kernel: ${name}(…)\`.`;
  if (realm !== "cpu" && cpuOperations.some((op) => op.name === name))
    return ` A CPU does that: \`cpu 0: ${name}(…)\`.`;
  if (realm !== "process" && state.names.calls.has(name)) return " That is what a process does.";
  const design = state.vocabulary.designs.find((known) => known.calls.some((call) => call.name === name));
  return design ? ` The kernel \`${design.name}\` has it.` : "";
}

function checkArgumentCount(state: CheckState, call: CallExpr, spec: CallSpec): void {
  const least = spec.params.filter((param) => !param.optional).length;
  const most = spec.params.length;
  const given = call.args.length;
  if (given >= least && given <= most) return;
  if (given < least && !isClosed(state, call)) return;
  const at = given > most ? { start: call.args[most].start, end: call.args[given - 1].end } : call.name;
  reportAt(
    state,
    "wrong-argument-count",
    at,
    `\`${signature(spec)}\` takes ${countInWords(least, most)}, not ${given}.`,
  );
}

/** `mmap(addr, length, prot, flags, fd, offset)`; optional parameters with a question mark. */
export function signature(spec: CallSpec): string {
  return `${spec.name}(${spec.params.map((param) => param.name + (param.optional ? "?" : "")).join(", ")})`;
}

function checkArgument(state: CheckState, expr: Expr, param: Param | undefined, around: Around): Argument {
  if (expr.kind === "struct") return checkStruct(state, expr, param, around);
  const checked = checkExpression(state, expr, around);
  if (param) needKind(state, expr, checked, param);
  if (param) checkFlags(state, expr, param);
  const { value } = checked;
  if (typeof value === "bigint") return { expr, value };
  if (typeof value === "boolean") return { expr, value: value ? 1n : 0n };
  return typeof value === "string" ? { expr, value: undefined, text: value } : { expr, value: undefined };
}

function needKind(state: CheckState, expr: Expr, checked: Checked, param: Param): void {
  if (expr.kind === "missing") return;
  if (param.kind === "process") needProcess(state, expr, checked);
  else if (param.kind === "path" || param.kind === "string") needString(state, expr, checked);
  else if (param.kind === "buffer" && checked.type === "string") return;
  else if (param.kind === "struct" && checked.type !== "integer" && checked.type !== "any") {
    reportAt(
      state,
      "wrong-type",
      expr,
      `A structure \`{ field: value }\` or an address belongs here; this is ${typeInWords(checked.type)}.`,
    );
  } else if (param.kind !== "struct" && !mayBeInteger(checked)) needInteger(state, expr, checked, `\`${param.name}\``);
  if (param.name === "cpu") checkCpu(state, expr, checked);
}

function checkStruct(state: CheckState, expr: StructExpr, param: Param | undefined, around: Around): Argument {
  const fields = new Map<string, Argument>();
  if (param && param.kind !== "struct") reportAt(state, "wrong-type", expr, `\`${param.name}\` is not a structure.`);
  const known = param?.kind === "struct" ? param.fields : undefined;
  const isGiven = (name: string) => expr.fields.some((field) => field.name.text === name);
  const missing = known?.filter((field) => !field.optional && !isGiven(field.name)) ?? [];
  const strangers = known ? expr.fields.filter(({ name }) => !known.some((one) => one.name === name.text)).length : 0;
  const meant = strangers === 1 && missing.length === 1 ? missing[0]!.name : undefined;
  for (const field of expr.fields) {
    const spec = known?.find((one) => one.name === field.name.text);
    if (fields.has(field.name.text)) reportAt(state, "duplicate", field.name, `\`${field.name.text}\` is given twice.`);
    else if (known && !spec) unknownField(state, field.name, known, meant);
    const variable = spec?.output && outputVariable(state, field.value, around);
    if (!variable) fields.set(field.name.text, checkArgument(state, field.value, spec, around));
    else {
      occurs(state, variable, field.value, isFirstPlace(state, variable, field.value) ? "define" : "write");
      fields.set(field.name.text, { expr: field.value });
    }
  }
  // An unknown field may well be the one that is missing; of a structure that is not closed nobody knows.
  const isWhole = strangers === 0 && state.file.text[expr.end - 1] === "}";
  if (missing.length > 0 && expr.fields.length > 0 && isWhole) reportMissing(state, expr, missing);
  return { expr, fields };
}

/** The variable that gets what the call writes into a field. */
function outputVariable(state: CheckState, expr: Expr, { actor }: Around): VariableSymbol | undefined {
  return expr.kind === "name" && !isTaken(state, expr.name) ? actor?.variables.get(expr.name) : undefined;
}

const isFirstPlace = (state: CheckState, { place }: VariableSymbol, { start }: Expr): boolean =>
  place.start === start && place.file === state.file.path;

/** `meant`: the one field that is missing, where this is the only one that is not known. */
function unknownField(
  state: CheckState,
  name: StructExpr["fields"][number]["name"],
  known: readonly Param[],
  meant: string | undefined,
): void {
  const inside = known.find((field) => field.kind === "struct" && field.fields?.some((one) => one.name === name.text));
  if (inside) {
    reportAt(state, "unknown-field", name, `\`${name.text}\` stands in \`${inside.name}: { … }\`.`);
    return;
  }
  const near = suggest(state, name, () => known.map((field) => field.name));
  const { hint, mend, otherMends } = near.mend || meant === undefined ? near : replacing(name, [meant]);
  const list = known.map((field) => field.name).join(", ");
  report(state, {
    code: "unknown-field",
    start: name.start,
    end: name.end,
    message: `There is no field \`${name.text}\`; there are ${list}.${hint}`,
    mend,
    otherMends,
  });
}

function reportMissing(state: CheckState, expr: StructExpr, missing: readonly Param[]): void {
  const names = missing.map((field) => `\`${field.name}\``).join(", ");
  const at = expr.fields.at(-1)!.end;
  const text = missing.map((field) => `, ${field.name}: 0`).join("");
  report(state, {
    code: "missing-field",
    start: expr.start,
    end: expr.start + 1,
    message: `${names} ${missing.length === 1 ? "is" : "are"} missing and will be 0, as in C.`,
    mend: { title: `Add ${missing.map((field) => field.name).join(", ")}`, edits: [{ start: at, end: at, text }] },
  });
}

// Every name in a file with what it stands for. Hovers, semantic tokens and references all start here.
import type { DesignInfo, KnownBug, OptionSpec } from "../../sim/designs/design.ts";
import type { CallSpec, ConstantSpec, Param } from "../../sim/kernel/syscall_table.ts";
import type { Actor, CallExpr, CallStatement, Name, Option, Span, StructExpr } from "../../sim/scenario/ast.ts";
import type { CheckedScenario } from "../../sim/scenario/check.ts";
import { operationsOf, specOf } from "../../sim/scenario/check_call.ts";
import { type FunctionSpec, functionsByName } from "../../sim/scenario/functions.ts";
import { type FieldSpec, type MethodSpec, typesByName } from "../../sim/scenario/object_types.ts";
import type { ParsedFile } from "../../sim/scenario/parser.ts";
import type { ScenarioSymbol } from "../../sim/scenario/symbols.ts";
import { children, type Node } from "../../sim/scenario/visit.ts";
import type { Vocabulary } from "../../sim/scenario/vocabulary.ts";

/** What a name stands for. */
export type Meaning =
  | { readonly role: "symbol"; readonly symbol: ScenarioSymbol }
  | { readonly role: "constant"; readonly constant: ConstantSpec }
  | { readonly role: "call"; readonly spec?: CallSpec }
  | { readonly role: "operation"; readonly spec?: CallSpec }
  | { readonly role: "function"; readonly spec?: FunctionSpec }
  | { readonly role: "field"; readonly type?: string; readonly field?: FieldSpec; readonly method?: MethodSpec }
  | { readonly role: "struct-field"; readonly param?: Param }
  | { readonly role: "design"; readonly design?: DesignInfo }
  | { readonly role: "option"; readonly of: "kernel" | "machine"; readonly option?: OptionSpec }
  | { readonly role: "option-value" }
  | { readonly role: "fix"; readonly bug?: KnownBug }
  | { readonly role: "bug-kind" }
  | { readonly role: "event" }
  | { readonly role: "errno" }
  | { readonly role: "signal" }
  | { readonly role: "literal" }
  | { readonly role: "unknown" };

export interface Mention extends Name {
  readonly meaning: Meaning;
}

/** Those of the items that touch a range: a file may have a hundred thousand. */
export function mentionsOf(
  scenario: CheckedScenario,
  file: ParsedFile,
  vocabulary: Vocabulary,
  range: Span = { start: 0, end: file.text.length },
): Mention[] {
  const items = file.items.filter(({ start, end }) => start <= range.end && end >= range.start);
  const from = items[0]?.start ?? 0;
  const to = items.at(-1)?.end ?? 0;
  const symbols = new Map<number, ScenarioSymbol>();
  for (const { start, symbol, file: path } of scenario.occurrences)
    if (start >= from && start <= to && path === file.path) symbols.set(start, symbol);
  const mentions: Mention[] = [];
  const add = (name: Name | undefined, meaning: Meaning): void => {
    if (!name || name.text === "") return;
    const symbol = symbols.get(name.start);
    const { text, start, end } = name;
    mentions.push({ text, start, end, meaning: symbol ? { role: "symbol", symbol } : meaning });
  };
  const context: Context = { scenario, vocabulary, add };
  for (const item of items) walk(context, item);
  return mentions.sort((a, b) => a.start - b.start);
}

interface Context {
  readonly scenario: CheckedScenario;
  readonly vocabulary: Vocabulary;
  readonly add: (name: Name | undefined, meaning: Meaning) => void;
}

const UNKNOWN: Meaning = { role: "unknown" };

function walk(context: Context, node: Node): void {
  mention(context, node);
  for (const child of inner(node)) walk(context, child);
}

/** The parts that are not named with the node itself. */
function inner(node: Node): readonly Node[] {
  if (!("kind" in node)) return "name" in node && "list" in node ? [] : children(node);
  if (node.kind === "kernel-declaration" || node.kind === "machine") return [];
  if (node.kind === "call-statement")
    return children(node).flatMap<Node>((child) => (child === node.call ? [...node.call.args] : [child]));
  return node.kind === "call" && node.name.text === "count" ? node.args.slice(1) : children(node);
}

function mention(context: Context, node: Node): void {
  const { add, scenario } = context;
  if (!("kind" in node)) {
    if ("actor" in node) add(node.until, { role: "event" });
    return;
  }
  switch (node.kind) {
    case "kernel-declaration":
      add(node.design, { role: "design", design: scenario.design });
      for (const option of node.options) mentionOption(context, option, "kernel", scenario.names.design?.options ?? []);
      return;
    case "machine":
      for (const option of node.options) mentionOption(context, option, "machine", context.vocabulary.machineOptions);
      return;
    case "process-declaration":
    case "thread":
    case "let":
    case "label":
      add(node.name, UNKNOWN);
      return;
    case "repeat":
      add(node.variable, UNKNOWN);
      return;
    case "process":
      mentionActor(context, node);
      return;
    case "call-statement":
      mentionCall(context, node);
      return;
    case "fails":
      add(node.errno, { role: "errno" });
      return;
    case "faults":
      add(node.signal, { role: "signal" });
      return;
    case "expect-bug":
      add(node.bug, { role: "bug-kind" });
      add(node.at, UNKNOWN);
      add(node.unlessFixed, {
        role: "fix",
        bug: scenario.names.design?.bugs.find((bug) => bug.id === node.unlessFixed?.text),
      });
      return;
    case "allow":
      for (const bug of node.bugs) add(bug, { role: "bug-kind" });
      return;
    default:
      mentionExpr(context, node);
  }
}

function mentionOption(context: Context, option: Option, of: "kernel" | "machine", specs: readonly OptionSpec[]): void {
  const { add, scenario } = context;
  const spec = specs.find((known) => known.name === option.name.text);
  add(option.name, { role: "option", of, option: spec });
  const isNumber = spec === undefined ? option.name.text !== "fixes" : spec.values === "integer";
  if (option.value && isNumber) walk(context, option.value);
  else add(option.word, { role: "option-value" });
  for (const id of option.list ?? [])
    add(id, { role: "fix", bug: scenario.names.design?.bugs.find((bug) => bug.id === id.text) });
}

function mentionActor({ add }: Context, actor: Extract<Actor, { kind: "process" }>): void {
  add(actor.name, UNKNOWN);
  add(actor.thread, UNKNOWN);
}

function mentionCall(context: Context, statement: CallStatement): void {
  const { add, scenario } = context;
  const { actor, call, variable } = statement;
  add(variable, UNKNOWN);
  if (actor.kind !== "process") {
    const spec = operationsOf(actor.kind).find((known) => known.name === call.name.text);
    add(call.name, { role: "operation", spec });
    return;
  }
  const spec = specOf(scenario.names, call);
  add(call.name, { role: "call", spec });
  call.args.forEach((arg, index) => {
    if (arg.kind === "struct") mentionFields(context, arg, spec?.params[index]?.fields ?? []);
  });
}

function mentionFields(context: Context, struct: StructExpr, params: readonly Param[]): void {
  for (const field of struct.fields) {
    const param = params.find((known) => known.name === field.name.text);
    context.add(field.name, { role: "struct-field", param });
    if (field.value.kind === "struct") mentionFields(context, field.value, param?.fields ?? []);
  }
}

function mentionExpr(context: Context, node: Node): void {
  const { add, scenario } = context;
  if (!("kind" in node)) return;
  if (node.kind === "name") {
    const name = { text: node.name, start: node.start, end: node.end };
    const constant = scenario.names.constants.get(node.name);
    const literal = node.name === "true" || node.name === "false" || node.name === "null";
    add(name, literal ? { role: "literal" } : constant ? { role: "constant", constant } : UNKNOWN);
  } else if (node.kind === "call") {
    mentionFunction(context, node);
  } else if (node.kind === "field" || node.kind === "method") {
    const type = scenario.objectTypes.get(node.object);
    const known = type === undefined ? undefined : typesByName.get(type);
    const name = node.kind === "field" ? node.field : node.method;
    const field = known?.fields.find((one) => one.name === name.text);
    const method = known?.methods?.find((one) => one.name === name.text);
    add(name, { role: "field", type, field, method });
  }
}

function mentionFunction({ add }: Context, call: CallExpr): void {
  add(call.name, { role: "function", spec: functionsByName.get(call.name.text) });
  const [event] = call.args;
  if (call.name.text === "count" && event?.kind === "name")
    add({ text: event.name, start: event.start, end: event.end }, { role: "event" });
}

// Lists of completion items, one function a kind of word.
import { type CompletionItem, CompletionItemKind, type MarkupContent } from "vscode-languageserver";
import type { DesignInfo, OptionSpec } from "../../sim/designs/design.ts";
import type { CallSpec, ConstantSpec } from "../../sim/kernel/syscall_table.ts";
import { operationsOf, signature } from "../../sim/scenario/check_call.ts";
import { errnoNames } from "../../sim/scenario/constants.ts";
import { fits } from "../../sim/scenario/flag_families.ts";
import { functions } from "../../sim/scenario/functions.ts";
import { showHex } from "../../sim/scenario/integers.ts";
import { keywords } from "../../sim/scenario/keywords.ts";
import type { ObjectType } from "../../sim/scenario/object_types.ts";
import { type ActingSymbol, type ScenarioSymbol, visibleVariables } from "../../sim/scenario/symbols.ts";
import { isMissing, type Names, type Vocabulary } from "../../sim/scenario/vocabulary.ts";
import type { Analysis } from "./analysis.ts";
import { symbolText } from "./hover.ts";
import type { PlacedToken } from "./token_at.ts";
import {
  bugKindText,
  callText,
  constantText,
  designText,
  eventText,
  fixText,
  functionText,
  keywordText,
  optionText,
} from "./words.ts";

const markdown = (value: string): MarkupContent => ({ kind: "markdown", value });

/** Likelier offers sort first. */
const rank = (item: CompletionItem, place: number): CompletionItem => ({ ...item, sortText: `${place}${item.label}` });

export function words(...names: readonly string[]): CompletionItem[] {
  return names.map((label) => ({
    label,
    kind: CompletionItemKind.Keyword,
    documentation: markdown(keywordText(label) ?? ""),
  }));
}

/** Words that begin a statement; inside a block no declarations. */
export function statements(inside: boolean): CompletionItem[] {
  return words(
    ...keywords
      .filter((keyword) => keyword.where === "statement" || (keyword.where === "declaration" && !inside))
      .map((keyword) => keyword.word),
  );
}

export function actors(analysis: Analysis): CompletionItem[] {
  const processes = [...analysis.scenario.processes.values()];
  const items = processes.flatMap((process): CompletionItem[] => {
    const documentation = markdown(symbolText(analysis, process));
    const name = process.count === undefined ? process.name : `${process.name}[*]`;
    const threads = [...process.threads.values()].map((thread) => ({
      label: `${process.name}.${thread.name}`,
      insertText: `${process.name}.${thread.name}: `,
      kind: CompletionItemKind.Class,
    }));
    return [{ label: name, insertText: `${name}: `, kind: CompletionItemKind.Class, documentation }, ...threads];
  });
  return items.map((item) => rank(item, 0));
}

export function calls(analysis: Analysis): CompletionItem[] {
  const { names } = analysis.scenario;
  return [...names.calls.values()].map(([spec]) => callItem(spec, isMissing(analysis.vocabulary, names, spec.name)));
}

export function operations(analysis: Analysis, realm: "kernel" | "cpu"): CompletionItem[] {
  return operationsOf(realm).map((spec) =>
    callItem(spec, isMissing(analysis.vocabulary, analysis.scenario.names, spec.name)),
  );
}

function callItem(spec: CallSpec, missing: boolean): CompletionItem {
  const item = {
    label: spec.name,
    kind: CompletionItemKind.Function,
    detail: signature(spec),
    documentation: markdown(callText(spec)),
  };
  return missing ? { ...item, detail: `${item.detail} (not in this version)`, sortText: `9${item.label}` } : item;
}

export function designs(known: readonly DesignInfo[]): CompletionItem[] {
  return known.map((design) => ({
    label: design.name,
    kind: CompletionItemKind.Module,
    detail: design.title,
    documentation: markdown(designText(design)),
  }));
}

export function options(specs: readonly OptionSpec[]): CompletionItem[] {
  return specs.map((option) => ({
    label: option.name,
    insertText: `${option.name}: `,
    kind: CompletionItemKind.Property,
    detail: `default ${option.default}`,
    documentation: markdown(optionText(option)),
  }));
}

export function optionValues(spec: OptionSpec): CompletionItem[] {
  if (spec.values === "integer") return [{ label: spec.default, kind: CompletionItemKind.Value, detail: "default" }];
  const values = spec.values === "boolean" ? ["true", "false"] : spec.values;
  return values.map((label) => ({
    label,
    kind: CompletionItemKind.EnumMember,
    detail: label === spec.default ? "default" : undefined,
  }));
}

export function fixes(design: DesignInfo | undefined): CompletionItem[] {
  return (design?.bugs ?? []).map((bug) => ({
    label: bug.id,
    kind: CompletionItemKind.EnumMember,
    detail: bug.title,
    documentation: markdown(fixText(bug)),
  }));
}

export function bugKinds(names: Names): CompletionItem[] {
  return [...names.bugKinds.values()].map((kind) => ({
    label: kind.name,
    kind: CompletionItemKind.EnumMember,
    documentation: markdown(bugKindText(kind)),
  }));
}

export function events(names: Names): CompletionItem[] {
  return [...names.events].map((label) => ({
    label,
    kind: CompletionItemKind.Event,
    documentation: markdown(eventText(label)),
  }));
}

export function errnos(names: Names): CompletionItem[] {
  return [...errnoNames].flatMap((name) => constantItems(names.constants.get(name)));
}

/** Constants whose names begin with one of the families, or that are named. */
export function constants(names: Names, families: readonly string[]): CompletionItem[] {
  const chosen = [...names.constants.values()].filter(({ name }) => fits(name, families));
  return chosen.flatMap(constantItems).map((item) => rank(item, 0));
}

export function constantItems(constant: ConstantSpec | undefined): CompletionItem[] {
  if (!constant) return [];
  return [
    {
      label: constant.name,
      kind: CompletionItemKind.Constant,
      detail: showHex(constant.value),
      documentation: markdown(constantText(constant)),
    },
  ];
}

export function symbols(analysis: Analysis, known: Iterable<ScenarioSymbol>): CompletionItem[] {
  return [...known].map((symbol) => rank(symbolItem(analysis, symbol), 1));
}

function symbolItem(analysis: Analysis, symbol: ScenarioSymbol): CompletionItem {
  const kinds = {
    process: CompletionItemKind.Class,
    thread: CompletionItemKind.Class,
    variable: CompletionItemKind.Variable,
    let: CompletionItemKind.Constant,
    label: CompletionItemKind.Reference,
    counter: CompletionItemKind.Variable,
  };
  return {
    label: symbol.name,
    kind: kinds[symbol.kind],
    detail: symbol.kind,
    documentation: markdown(symbolText(analysis, symbol)),
  };
}

/** Everything that an expression may begin with: variables of the actor, lets, processes, functions, constants. */
export function expression(analysis: Analysis, actor: readonly PlacedToken[] | undefined): CompletionItem[] {
  const { scenario } = analysis;
  const acting = actor && actingSymbol(analysis, actor);
  const variables = acting ? visibleVariables(acting).values() : [];
  const own = symbols(analysis, [...variables, ...scenario.lets.values(), ...scenario.processes.values()]);
  const called = functions.map((spec) =>
    rank(
      {
        label: spec.name,
        kind: CompletionItemKind.Function,
        detail: `${spec.name}(${spec.params.map((param) => param.name).join(", ")})`,
        documentation: markdown(functionText(spec)),
      },
      2,
    ),
  );
  const constants = [...scenario.names.constants.values()].flatMap(constantItems).map((item) => rank(item, 3));
  return [...own, ...called, ...constants];
}

export function actingSymbol(analysis: Analysis, actor: readonly PlacedToken[]): ActingSymbol | undefined {
  const process = analysis.scenario.processes.get(actor[0]?.text ?? "");
  return actor.length > 1 ? process?.threads.get(actor[1].text) : process;
}

export function members(analysis: Analysis, owner: ActingSymbol): CompletionItem[] {
  const threads = owner.kind === "process" ? owner.threads.values() : [];
  return symbols(analysis, [...visibleVariables(owner).values(), ...threads]);
}

export function fields(type: ObjectType, vocabulary: Vocabulary): CompletionItem[] {
  const known = type.fields.map((field) => ({
    label: field.name,
    kind: CompletionItemKind.Field,
    documentation: markdown(field.doc),
  }));
  const methods = (type.methods ?? []).map((method) => ({
    label: method.name,
    kind: CompletionItemKind.Method,
    documentation: markdown(method.doc),
  }));
  const names = new Set(known.map((field) => field.label));
  const further = (vocabulary.fields?.get(type.name) ?? []).filter((name) => !names.has(name));
  return [...known, ...methods, ...further.map((label) => ({ label, kind: CompletionItemKind.Field }))];
}

// Completion: what may stand at the cursor, with what it means.
import { type CompletionItem, CompletionItemKind, type Position } from "vscode-languageserver";
import { faultSignals } from "../../sim/scenario/constants.ts";
import { typesByName } from "../../sim/scenario/object_types.ts";
import { type Analysis, toOffset, toRange } from "./analysis.ts";
import { argumentOffers, structOffers } from "./argument_offers.ts";
import { ignoreOffers } from "./ignore_offers.ts";
import * as offers from "./offers.ts";
import { actorAt, type CursorPlace, isBlock, isStruct, optionsOwner, placeAt, tokenText } from "./place.ts";

export function completion(analysis: Analysis, position: Position): CompletionItem[] {
  const offset = toOffset(analysis.file, position);
  const silencing = ignoreOffers(analysis, offset);
  if (silencing) return placed(analysis, silencing.items, silencing.start, offset);
  const place = placeAt(analysis.file, offset);
  if (!place) return [];
  const found = hyphenatedOffers(analysis, place) ?? offersAt(analysis, place);
  const start = found.hyphens ? place.hyphenStart : place.wordStart;
  return placed(analysis, found.items, start, offset);
}

function placed(analysis: Analysis, items: readonly CompletionItem[], start: number, end: number): CompletionItem[] {
  const range = toRange(analysis.file, { start, end });
  return items.map((item) => ({ ...item, textEdit: { range, newText: item.insertText ?? item.label } }));
}

/** `missing-tl|`: read as one name, where such a name belongs; elsewhere the hyphen is a minus. */
function hyphenatedOffers(analysis: Analysis, place: CursorPlace): Offers | undefined {
  if (place.hyphenStart === place.wordStart) return undefined;
  const whole = placeAt(analysis.file, place.hyphenStart);
  const found = whole && offersAt(analysis, whole);
  return found?.hyphens ? found : undefined;
}

interface Offers {
  readonly items: readonly CompletionItem[];
  /** The names may hold hyphens. */
  readonly hyphens?: true;
}

function offersAt(analysis: Analysis, place: CursorPlace): Offers {
  const { file } = analysis;
  const previous = tokenText(file, place.before);
  if (previous === ".") return { items: memberOffers(analysis, place) };
  const [opener] = place.openers;
  const owner =
    opener &&
    (optionsOwner(file, opener) ??
      (opener.bracket === "[" && place.openers[1] ? optionsOwner(file, place.openers[1]) : undefined));
  if (owner) return optionOffers(analysis, place, owner);
  if (opener && isStruct(file, opener)) return { items: structOffers(analysis, place) };
  if (opener?.bracket === "(") return { items: argumentOffers(analysis, place) };
  if (opener && !isBlock(file, opener)) return { items: listOffers(analysis, place) };
  if (place.statement < 0) return { items: statementOffers(analysis, place) };
  return insideStatement(analysis, place, previous);
}

/** Between words of a statement, outside brackets: the word before decides. */
function insideStatement(analysis: Analysis, place: CursorPlace, previous: string): Offers {
  const { file, scenario, vocabulary } = analysis;
  const first = tokenText(file, place.statement);
  switch (previous) {
    case "kernel":
      return place.before === place.statement
        ? { items: offers.designs(vocabulary.designs), hyphens: true }
        : { items: [] };
    case "expect":
      return { items: [...offers.words("bug", "no"), ...offers.expression(analysis, undefined)] };
    case "no":
      return { items: offers.words("bug") };
    case "allow":
      return { items: offers.words("bug", "bugs") };
    case "bug":
      return { items: offers.bugKinds(scenario.names), hyphens: true };
    case "at":
      return { items: offers.symbols(analysis, scenario.labels.values()) };
    case "unless":
      return { items: offers.words("fixed") };
    case "fixed":
      return { items: offers.fixes(scenario.names.design), hyphens: true };
    case "fails":
      return { items: offers.errnos(scenario.names) };
    case "faults":
      return {
        items: [...faultSignals].map(([name, doc]) => ({
          label: name,
          kind: CompletionItemKind.Constant,
          documentation: doc,
        })),
      };
    case "until":
      return { items: offers.events(scenario.names) };
    case "schedule":
      return { items: offers.words("sequential", "random") };
    case "thread":
      return { items: offers.symbols(analysis, scenario.processes.values()) };
    case "on":
      return { items: offers.words("cpu") };
    case "process":
    case "label":
    case "include":
    case "as":
      return { items: [] };
    case ":":
      return { items: callOffers(analysis, place) };
    case "=":
      return { items: first === "let" ? offers.expression(analysis, undefined) : callOffers(analysis, place) };
    case ",":
      return first === "allow" ? { items: offers.bugKinds(scenario.names), hyphens: true } : { items: [] };
    default:
      return {
        items: afterOther(analysis, place, first, previous),
        hyphens: first === "expect" && tokenText(file, place.statement + 1) === "bug" ? true : undefined,
      };
  }
}

const endsValue = /^(\)|\]|\}|\w+)$/;

function afterOther(
  analysis: Analysis,
  place: CursorPlace,
  first: string,
  previous: string,
): readonly CompletionItem[] {
  const { file } = analysis;
  if (first === "process" || first === "thread") return offers.words("on");
  if (first === "repeat" && endsValue.test(previous)) return offers.words("as");
  if (first === "expect" && tokenText(file, place.statement + 1) === "bug")
    return endsValue.test(previous) ? offers.words("at", "unless") : [];
  if (previous === ")" && first !== "expect" && first !== "let") return offers.words("fails", "faults");
  return endsValue.test(previous) ? [] : offers.expression(analysis, actorAt(file, place));
}

function statementOffers(analysis: Analysis, place: CursorPlace): CompletionItem[] {
  const inside = place.openers.length > 0;
  const items = offers.statements(inside);
  items.push(...offers.actors(analysis));
  const inActorBlock = actorAt(analysis.file, place);
  if (inside && inActorBlock.length > 0) items.push(...offers.calls(analysis));
  return items;
}

function callOffers(analysis: Analysis, place: CursorPlace): CompletionItem[] {
  const [actor] = actorAt(analysis.file, place);
  if (actor?.text === "kernel") return offers.operations(analysis, "kernel");
  if (actor?.text === "cpu") return offers.operations(analysis, "cpu");
  return offers.calls(analysis);
}

function optionOffers(
  analysis: Analysis,
  place: CursorPlace,
  owner: NonNullable<ReturnType<typeof optionsOwner>>,
): Offers {
  const { file, vocabulary } = analysis;
  const design = owner.of === "kernel" ? vocabulary.designs.find((known) => known.name === owner.design) : undefined;
  const specs = owner.of === "machine" ? vocabulary.machineOptions : (design?.options ?? []);
  if (place.openers[0].bracket === "[") return { items: offers.fixes(design), hyphens: true };
  const previous = tokenText(file, place.before);
  if (previous !== ":") {
    const fixes = owner.of === "kernel" ? offers.words("fixes") : [];
    return { items: [...offers.options(specs), ...fixes] };
  }
  const name = tokenText(file, place.before - 1);
  if (name === "fixes") return { items: offers.words("all") };
  const spec = specs.find((option) => option.name === name);
  return { items: spec ? offers.optionValues(spec) : [], hyphens: true };
}

/** `schedule [A, B]`, `kids[i]`. */
function listOffers(analysis: Analysis, place: CursorPlace): CompletionItem[] {
  const previous = tokenText(analysis.file, place.before);
  if (previous === "until") return offers.events(analysis.scenario.names);
  if (tokenText(analysis.file, place.statement) !== "schedule")
    return offers.expression(analysis, actorAt(analysis.file, place));
  return previous === "[" || previous === ","
    ? offers.symbols(analysis, analysis.scenario.processes.values())
    : offers.words("until");
}

/** Behind a dot: variables and threads of a process, or fields of what a function returns. */
function memberOffers(analysis: Analysis, place: CursorPlace): CompletionItem[] {
  const { file, scenario } = analysis;
  const { kinds, starts, ends } = file.tokens;
  const last = place.before - 1;
  if (last < 0) return [];
  for (const [expr, type] of scenario.objectTypes) {
    // The checker has seen the expression before the dot, unless the text is too broken for a tree.
    if (expr.end !== ends[last] || expr.start > starts[last]) continue;
    const known = typesByName.get(type);
    if (known) return offers.fields(known, analysis.vocabulary);
  }
  let name = last;
  if (kinds[name] === "]") while (name > 0 && kinds[name] !== "[") name--;
  if (kinds[name] === "[") name--;
  const process = scenario.processes.get(tokenText(file, name));
  const outer = kinds[name - 1] === "." ? scenario.processes.get(tokenText(file, name - 2)) : undefined;
  const owner = outer ? outer.threads.get(tokenText(file, name)) : process;
  return owner ? offers.members(analysis, owner) : [];
}

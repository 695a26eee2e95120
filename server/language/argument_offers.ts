// Completion inside the brackets of a call: the parameter decides.
import type { CompletionItem } from "vscode-languageserver";
import { CompletionItemKind } from "vscode-languageserver";
import type { Param } from "../../sim/kernel/syscall_table.ts";
import type { Analysis } from "./analysis.ts";
import { calledAt, requestOffers } from "./called.ts";
import * as offers from "./offers.ts";
import { actorAt, type CursorPlace, tokenText } from "./place.ts";

export function argumentOffers(analysis: Analysis, place: CursorPlace): CompletionItem[] {
  const [opener] = place.openers;
  const called = calledAt(analysis, place, opener);
  const param = called?.params[opener.commas];
  if (called?.name === "count" && opener.commas === 0) return offers.events(analysis.scenario.names);
  if (called?.name === "ioctl" && opener.commas === 1) return [...requestOffers(analysis), ...rest(analysis, place)];
  return forParam(analysis, place, param);
}

function forParam(analysis: Analysis, place: CursorPlace, param: Param | undefined): CompletionItem[] {
  if (param?.kind === "process") return offers.symbols(analysis, analysis.scenario.processes.values());
  const families = param?.constants ? offers.constants(analysis.scenario.names, param.constants) : [];
  const known = new Set(families.map((item) => item.label));
  return [...families, ...rest(analysis, place).filter((item) => !known.has(item.label))];
}

function rest(analysis: Analysis, place: CursorPlace): CompletionItem[] {
  return offers.expression(analysis, actorAt(analysis.file, place));
}

/** Inside `{ … }`: a field's name, or behind its colon a value. */
export function structOffers(analysis: Analysis, place: CursorPlace): CompletionItem[] {
  const { file } = analysis;
  const call = place.openers.find((opener) => opener.bracket === "(");
  const called = call && calledAt(analysis, place, call);
  const fields = called?.params[call?.commas ?? 0]?.fields ?? [];
  const previous = tokenText(file, place.before);
  if (previous === "{" || previous === ",") {
    return fields.map((field) => ({
      label: field.name,
      insertText: `${field.name}: `,
      kind: CompletionItemKind.Field,
      detail: field.kind,
    }));
  }
  // `flags: MAP_SHARED|`: the field is the word before the last colon.
  let colon = place.before;
  while (colon > place.openers[0].index && tokenText(file, colon) !== ":") colon--;
  const name = tokenText(file, colon - 1);
  return forParam(
    analysis,
    place,
    fields.find((field) => field.name === name),
  );
}

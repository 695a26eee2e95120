// Definition, references, highlights and renaming of processes, threads, variables, lets, labels and counters.
import {
  type DocumentHighlight,
  DocumentHighlightKind,
  type Location,
  type Position,
  type Range,
  type TextEdit,
} from "vscode-languageserver";
import { reservedWords } from "../../sim/scenario/cursor.ts";
import { isIdentifier } from "../../sim/scenario/lexer.ts";
import type { Occurrence, ScenarioSymbol } from "../../sim/scenario/symbols.ts";
import { type Analysis, toOffset, toRange } from "./analysis.ts";

/** A place in a file by its path. */
export interface FilePlace {
  readonly path: string;
  readonly range: Range;
}

export function symbolAt(
  analysis: Analysis,
  position: Position,
): { readonly symbol: ScenarioSymbol; readonly occurrence: Occurrence } | undefined {
  const offset = toOffset(analysis.file, position);
  const here = analysis.scenario.occurrences.filter(
    (one) => one.file === analysis.path && one.start <= offset && offset <= one.end,
  );
  const occurrence = here.find((one) => offset < one.end) ?? here[0];
  return occurrence && { symbol: occurrence.symbol, occurrence };
}

export function definition(analysis: Analysis, position: Position): FilePlace | undefined {
  const found = symbolAt(analysis, position);
  return found && placeIn(analysis, found.symbol.place.file, found.symbol.place);
}

function placeIn(
  analysis: Analysis,
  path: string,
  span: { readonly start: number; readonly end: number },
): FilePlace | undefined {
  const file = analysis.scenario.program.files.get(path);
  return file && { path, range: toRange(file, span) };
}

export function references(
  analysis: Analysis,
  position: Position,
  declaration: "with-declaration" | "without-declaration",
): FilePlace[] {
  const found = symbolAt(analysis, position);
  if (!found) return [];
  const wanted = (one: Occurrence) => declaration === "with-declaration" || one.use !== "define";
  return occurrencesOf(analysis, found.symbol)
    .filter(wanted)
    .flatMap((one) => placeIn(analysis, one.file, one) ?? []);
}

/** Each place once: a file that is included twice mentions everything twice. */
function occurrencesOf(analysis: Analysis, symbol: ScenarioSymbol): Occurrence[] {
  const seen = new Set<string>();
  return analysis.scenario.occurrences.filter((one) => {
    const key = `${one.file}:${one.start}`;
    if (one.symbol !== symbol || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

export function highlights(analysis: Analysis, position: Position): DocumentHighlight[] {
  const found = symbolAt(analysis, position);
  if (!found) return [];
  return occurrencesOf(analysis, found.symbol)
    .filter((one) => one.file === analysis.path)
    .map((one) => ({
      range: toRange(analysis.file, one),
      kind: one.use === "read" ? DocumentHighlightKind.Read : DocumentHighlightKind.Write,
    }));
}

export function prepareRename(analysis: Analysis, position: Position): Range | undefined {
  const found = symbolAt(analysis, position);
  return found && toRange(analysis.file, found.occurrence);
}

/** The edits by file, or in plain words why the name is not possible. */
export function rename(
  analysis: Analysis,
  position: Position,
  newName: string,
): ReadonlyMap<string, TextEdit[]> | { readonly error: string } {
  const found = symbolAt(analysis, position);
  if (!found) return { error: "There is no name here that can be changed." };
  const { symbol } = found;
  const reason = whyNot(analysis, symbol, newName);
  if (reason) return { error: reason };
  const edits = new Map<string, TextEdit[]>();
  for (const one of occurrencesOf(analysis, symbol)) {
    const place = placeIn(analysis, one.file, one);
    if (!place) continue;
    const ofFile = edits.get(place.path) ?? [];
    ofFile.push({ range: place.range, newText: newName });
    edits.set(place.path, ofFile);
  }
  return edits;
}

function whyNot(analysis: Analysis, symbol: ScenarioSymbol, newName: string): string | undefined {
  const { scenario } = analysis;
  if (!isIdentifier(newName)) return `\`${newName}\` is not a name: letters, digits and _ only, no digit first.`;
  if (newName === symbol.name) return undefined;
  if (reservedWords.has(newName)) return `\`${newName}\` is a word of the language.`;
  if (scenario.names.constants.has(newName)) return `\`${newName}\` is a constant of Linux.`;
  const taken = takenBy(analysis, symbol, newName);
  return taken ? `There is already a ${taken} \`${newName}\`.` : undefined;
}

function takenBy(analysis: Analysis, symbol: ScenarioSymbol, newName: string): string | undefined {
  const { processes, lets, labels } = analysis.scenario;
  if (symbol.kind === "label") return labels.has(newName) ? "label" : undefined;
  if (symbol.kind === "variable") return symbol.owner.variables.has(newName) ? "variable" : undefined;
  if (symbol.kind === "thread") return symbol.process.threads.has(newName) ? "thread" : undefined;
  if (processes.has(newName)) return "process";
  return lets.has(newName) ? "let" : undefined;
}

/** For the server: where LSP wants a location. */
export function toLocation(place: FilePlace, uriOf: (path: string) => string): Location {
  return { uri: uriOf(place.path), range: place.range };
}

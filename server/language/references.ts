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

/** The scenarios of the workspace that a file, by its path, is part of. */
export type Holding = (path: string) => readonly Analysis[];
const alone: Holding = () => [];

interface Found {
  /** The scenario in which it means something: that of the file, or one that includes it. */
  readonly analysis: Analysis;
  readonly symbol: ScenarioSymbol;
  readonly occurrence: Occurrence;
}

function symbolAt(analysis: Analysis, position: Position, holding: Holding): Found | undefined {
  const offset = toOffset(analysis.file, position);
  const own = symbolIn(analysis, analysis.path, offset);
  if (own) return own;
  // What is declared by whoever includes the file means nothing in the file alone.
  for (const other of holding(analysis.path)) {
    const found = symbolIn(other, analysis.path, offset);
    if (found) return found;
  }
  return undefined;
}

function symbolIn(analysis: Analysis, path: string, offset: number): Found | undefined {
  const here = analysis.scenario.occurrences.filter(
    (one) => one.file === path && one.start <= offset && offset <= one.end,
  );
  const occurrence = here.find((one) => offset < one.end) ?? here[0];
  return occurrence && { analysis, symbol: occurrence.symbol, occurrence };
}

export function definition(analysis: Analysis, position: Position, holding = alone): FilePlace | undefined {
  const found = symbolAt(analysis, position, holding);
  return found && placeIn(found.analysis, found.symbol.place.file, found.symbol.place);
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
  holding = alone,
): FilePlace[] {
  const found = symbolAt(analysis, position, holding);
  if (!found) return [];
  const wanted = ({ occurrence }: Found) => declaration === "with-declaration" || occurrence.use !== "define";
  return everywhere(found, holding)
    .filter(wanted)
    .flatMap((one) => placeIn(one.analysis, one.occurrence.file, one.occurrence) ?? []);
}

/**
 * Each place of a name once, in all scenarios: those that share a file with a place of it have the name too, whatever else
 * it is there.
 */
function everywhere(found: Found, holding: Holding): Found[] {
  const scenarios = new Map<
    string,
    { readonly analysis: Analysis; readonly at: ReadonlyMap<string, ScenarioSymbol> }
  >();
  const places = new Map<string, Found>();
  const files = new Set<string>();
  const symbols = new Set<ScenarioSymbol>();
  const waiting: Omit<Found, "occurrence">[] = [];
  const meet = (analysis: Analysis, symbol: ScenarioSymbol | undefined): void => {
    if (!symbol || symbols.has(symbol)) return;
    symbols.add(symbol);
    waiting.push({ analysis, symbol });
  };
  const open = (analysis: Analysis): void => {
    if (scenarios.has(analysis.path)) return;
    const at = new Map(analysis.scenario.occurrences.map((one) => [keyOf(one), one.symbol]));
    scenarios.set(analysis.path, { analysis, at });
    for (const key of places.keys()) meet(analysis, at.get(key));
  };
  open(found.analysis);
  meet(found.analysis, found.symbol);
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    for (const occurrence of occurrencesOf(next.analysis, next.symbol)) {
      const key = keyOf(occurrence);
      if (places.has(key)) continue;
      places.set(key, { ...next, occurrence });
      if (!files.has(occurrence.file)) {
        files.add(occurrence.file);
        holding(occurrence.file).forEach(open);
      }
      for (const { analysis, at } of scenarios.values()) meet(analysis, at.get(key));
    }
  }
  return [...places.values()];
}

const keyOf = ({ file, start }: Occurrence): string => `${file}:${start}`;

/** Each place once: a file that is included twice mentions everything twice. */
function occurrencesOf(analysis: Analysis, symbol: ScenarioSymbol): Occurrence[] {
  const seen = new Set<string>();
  return analysis.scenario.occurrences.filter((one) => {
    const key = keyOf(one);
    if (one.symbol !== symbol || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

export function highlights(analysis: Analysis, position: Position): DocumentHighlight[] {
  const found = symbolAt(analysis, position, alone);
  if (!found) return [];
  return occurrencesOf(analysis, found.symbol)
    .filter((one) => one.file === analysis.path)
    .map((one) => ({
      range: toRange(analysis.file, one),
      kind: one.use === "read" ? DocumentHighlightKind.Read : DocumentHighlightKind.Write,
    }));
}

export function prepareRename(analysis: Analysis, position: Position, holding = alone): Range | undefined {
  const found = symbolAt(analysis, position, holding);
  return found && toRange(analysis.file, found.occurrence);
}

/** The edits by file, or in plain words why the name is not possible. */
export function rename(
  analysis: Analysis,
  position: Position,
  newName: string,
  holding = alone,
): ReadonlyMap<string, TextEdit[]> | { readonly error: string } {
  const found = symbolAt(analysis, position, holding);
  if (!found) return { error: "There is no name here that can be changed." };
  const all = everywhere(found, holding);
  for (const symbol of new Set(all.map((one) => one.symbol))) {
    const { analysis: scenario } = all.find((one) => one.symbol === symbol) as Found;
    const reason = whyNot(scenario, symbol, newName);
    if (reason === undefined) continue;
    return { error: scenario.path === analysis.path ? reason : `In ${fileName(scenario.path)}: ${reason}` };
  }
  const edits = new Map<string, TextEdit[]>();
  for (const one of all) {
    const place = placeIn(one.analysis, one.occurrence.file, one.occurrence);
    if (!place) continue;
    const ofFile = edits.get(place.path) ?? [];
    ofFile.push({ range: place.range, newText: newName });
    edits.set(place.path, ofFile);
  }
  return edits;
}

const fileName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

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

// Where in a statement the cursor stands, from the tokens alone: while somebody types, the tree is often incomplete.
import type { ParsedFile } from "../../sim/scenario/parser.ts";
import { isInComment, type PlacedToken, tokenBefore, tokenOf } from "./token_at.ts";

export interface CursorPlace {
  /** Where the word being typed begins; the cursor where there is none. */
  readonly wordStart: number;
  /** The same for names that hold hyphens: `missing-tl|`. */
  readonly hyphenStart: number;
  /** Index of the last whole token before the word. */
  readonly before: number;
  /** Open brackets around the cursor, innermost first. */
  readonly openers: readonly Opener[];
  /** Index of the token that begins the statement; -1 where the cursor begins one. */
  readonly statement: number;
}

export interface Opener {
  readonly index: number;
  readonly bracket: "(" | "[" | "{";
  /** Commas between it and the cursor, not those of inner brackets. */
  readonly commas: number;
}

/** Undefined inside comments and strings. */
export function placeAt(file: ParsedFile, offset: number): CursorPlace | undefined {
  if (isInComment(file, offset)) return undefined;
  let before = tokenBefore(file, offset);
  let wordStart = offset;
  if (before >= 0) {
    const token = tokenOf(file, before);
    if (token.kind === "string" && (offset < token.end || !/^".*"$/s.test(token.text))) return undefined;
    if ((token.kind === "word" || token.kind === "integer") && token.end >= offset) {
      if (token.kind === "integer") return undefined;
      wordStart = token.start;
      before--;
    }
  }
  const hyphenStart = hyphenStartOf(file, before, wordStart);
  const openers = openersOf(file, before);
  return { wordStart, hyphenStart, before, openers, statement: statementOf(file, before, openers, wordStart) };
}

function hyphenStartOf(file: ParsedFile, before: number, wordStart: number): number {
  const { kinds, starts, ends } = file.tokens;
  let start = wordStart;
  let at = before;
  while (
    at >= 1 &&
    kinds[at] === "-" &&
    ends[at] === start &&
    ends[at - 1] === starts[at] &&
    (kinds[at - 1] === "word" || kinds[at - 1] === "integer")
  ) {
    start = starts[at - 1];
    at -= 2;
  }
  return start;
}

function openersOf(file: ParsedFile, before: number): Opener[] {
  const { kinds } = file.tokens;
  const openers: Opener[] = [];
  let closed = 0;
  let commas = 0;
  for (let index = before; index >= 0; index--) {
    const kind = kinds[index];
    if (kind === ")" || kind === "]" || kind === "}") closed++;
    else if (kind === "(" || kind === "[" || kind === "{") {
      if (closed > 0) closed--;
      else {
        openers.push({ index, bracket: kind, commas });
        commas = 0;
      }
    } else if (kind === "," && closed === 0) commas++;
  }
  return openers;
}

/** The first token of the line that the statement begins on: lines inside brackets other than blocks continue it. */
function statementOf(file: ParsedFile, before: number, openers: readonly Opener[], wordStart: number): number {
  const bracket = openers.find((opener) => opener.bracket !== "{" || !isBlock(file, opener));
  const outermost = bracket ? openers.findLast((opener) => !isBlock(file, opener)) : undefined;
  let index = outermost ? outermost.index : before;
  if (!outermost && isOnNewLine(file, before, wordStart)) return -1;
  const limit = openers.find((opener) => isBlock(file, opener))?.index ?? -1;
  while (index > limit + 1 && file.tokens.first[index] === 0) index--;
  return index > limit ? index : -1;
}

function isOnNewLine(file: ParsedFile, before: number, wordStart: number): boolean {
  const from = before < 0 ? 0 : file.tokens.ends[before];
  return before < 0 || /[\r\n]/.test(file.text.slice(from, wordStart));
}

/** True for the `{` of statements; options and structures are the others. */
export function isBlock(file: ParsedFile, opener: Opener): boolean {
  if (opener.bracket !== "{") return false;
  return optionsOwner(file, opener) === undefined && !isStruct(file, opener);
}

export function isStruct(file: ParsedFile, opener: Opener): boolean {
  const kind = file.tokens.kinds[opener.index - 1];
  return opener.bracket === "{" && (kind === "(" || kind === "," || kind === ":");
}

/** `kernel NAME {` or `machine {`; the name of the kernel as text. */
export function optionsOwner(
  file: ParsedFile,
  opener: Opener,
): { readonly of: "kernel"; readonly design: string } | { readonly of: "machine" } | undefined {
  if (opener.bracket !== "{" || opener.index === 0) return undefined;
  const { kinds, starts, ends } = file.tokens;
  let index = opener.index - 1;
  if (kinds[index] === "word" && tokenOf(file, index).text === "machine") return { of: "machine" };
  const end = ends[index];
  while (index >= 2 && kinds[index - 1] === "-") index -= 2;
  const isKernel =
    index >= 1 && kinds[index] === "word" && kinds[index - 1] === "word" && tokenOf(file, index - 1).text === "kernel";
  return isKernel ? { of: "kernel", design: file.text.slice(starts[index], end) } : undefined;
}

export function tokenText(file: ParsedFile, index: number): string {
  return index >= 0 && index < file.tokens.kinds.length ? tokenOf(file, index).text : "";
}

/** Who acts in the statement: the words before its colon, or before the block around. */
export function actorAt(file: ParsedFile, place: CursorPlace): PlacedToken[] {
  if (place.statement >= 0) {
    const words = actorWords(file, place.statement, place.before);
    if (words) return words;
  }
  for (const opener of place.openers) {
    if (!isBlock(file, opener)) continue;
    let start = opener.index - 1;
    while (start > 0 && file.tokens.first[start] === 0 && file.tokens.kinds[start - 1] !== "{") start--;
    const words = wordsBetween(file, start, opener.index);
    const isActor = words.length > 0 && !["parallel", "repeat"].includes(words[0].text);
    if (isActor) return words;
  }
  return [];
}

function actorWords(file: ParsedFile, start: number, before: number): PlacedToken[] | undefined {
  const { kinds } = file.tokens;
  for (let index = start; index <= before && index < start + 12; index++) {
    if (kinds[index] === ":") return wordsBetween(file, start, index);
    if (kinds[index] === "(" || kinds[index] === "=" || kinds[index] === "{") return undefined;
  }
  return undefined;
}

function wordsBetween(file: ParsedFile, start: number, end: number): PlacedToken[] {
  const words: PlacedToken[] = [];
  let depth = 0;
  for (let index = Math.max(0, start); index < end; index++) {
    const token = tokenOf(file, index);
    if (token.kind === "[") depth++;
    else if (token.kind === "]") depth--;
    else if (token.kind === "word" && depth === 0) words.push(token);
  }
  return words;
}

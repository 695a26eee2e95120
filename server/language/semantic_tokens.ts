// Semantic tokens: colours by meaning. Names by what they stand for, the rest by what they look like.
import type { Range, SemanticTokens, SemanticTokensLegend } from "vscode-languageserver";
import { silencingOf } from "../../sim/scenario/ignore.ts";
import { keywordsByWord } from "../../sim/scenario/keywords.ts";
import type { Comment } from "../../sim/scenario/lexer.ts";
import { positionAt } from "../../sim/scenario/lines.ts";
import { type Analysis, toOffset } from "./analysis.ts";
import type { Meaning } from "./mentions.ts";

const types = [
  "keyword",
  "class",
  "variable",
  "parameter",
  "enumMember",
  "function",
  "method",
  "property",
  "event",
  "namespace",
  "label",
  "number",
  "string",
  "comment",
  "operator",
  "type",
] as const;
const modifiers = ["declaration", "readonly", "defaultLibrary"] as const;

type TokenType = (typeof types)[number];
type Modifier = (typeof modifiers)[number];

export const legend: SemanticTokensLegend = { tokenTypes: [...types], tokenModifiers: [...modifiers] };

interface Colour {
  readonly type: TokenType;
  readonly modifiers: readonly Modifier[];
}

interface Coloured extends Colour {
  readonly start: number;
  readonly end: number;
}

export function semanticTokens(analysis: Analysis, range?: Range): SemanticTokens {
  const from = range ? toOffset(analysis.file, range.start) : 0;
  const to = range ? toOffset(analysis.file, range.end) : analysis.text.length;
  return { data: encode(analysis, colours(analysis, from, to)) };
}

/** Coloured spans in order; none goes over a line's end. */
export function colours(analysis: Analysis, from: number, to: number): Coloured[] {
  const spans: Coloured[] = [];
  const { tokens, text } = analysis.file;
  const mentions = analysis.mentions({ start: from, end: to });
  let mention = 0;
  let covered = 0;
  for (let index = 0; index < tokens.kinds.length; index++) {
    const start = tokens.starts[index];
    const end = tokens.ends[index];
    const kind = tokens.kinds[index];
    if (end < from || start < covered) continue;
    if (start > to) break;
    while (mention < mentions.length && mentions[mention].start < start) mention++;
    const named = mentions[mention]?.start === start ? mentions[mention] : undefined;
    const colour = named ? nameColour(named.meaning, named) : plainColour(kind, text, start, end);
    covered = named ? named.end : end;
    if (colour) spans.push({ type: colour.type, modifiers: colour.modifiers, start, end: covered });
  }
  for (const comment of tokens.comments) {
    if (comment.end >= from && comment.start <= to) spans.push(...commentColours(text, comment));
  }
  // Names are in order already, and many files have no comment among them.
  return tokens.comments.length === 0 ? spans : spans.sort((a, b) => a.start - b.start);
}

/** A comment that silences shows what it silences; all others are one colour. */
function commentColours(text: string, comment: Comment): Coloured[] {
  const silencing = silencingOf(text, comment);
  if (!silencing) return commentLines(text, comment);
  const words: Coloured[] = [
    { ...silencing.word, type: "keyword", modifiers: [] },
    ...silencing.codes.map(({ start, end }): Coloured => ({ start, end, type: "type", modifiers: [] })),
  ];
  let covered = comment.start;
  const spans = words.flatMap((word) => {
    const before = commentLines(text, { start: covered, end: word.start });
    covered = word.end;
    return [...before, word];
  });
  return [...spans, ...commentLines(text, { start: covered, end: comment.end })];
}

function commentLines(text: string, comment: { readonly start: number; readonly end: number }): Coloured[] {
  const lines: Coloured[] = [];
  let start = comment.start;
  for (const line of text.slice(comment.start, comment.end).split("\n")) {
    const length = line.replace(/\r$/, "").length;
    if (length > 0) lines.push({ type: "comment", modifiers: [], start, end: start + length });
    start += line.length + 1;
  }
  return lines;
}

const none: readonly Modifier[] = [];
const keyword: Colour = { type: "keyword", modifiers: none };
const number: Colour = { type: "number", modifiers: none };
const string: Colour = { type: "string", modifiers: none };

function plainColour(kind: string, text: string, start: number, end: number): Colour | undefined {
  if (kind === "word") return keywordsByWord.has(text.slice(start, end)) ? keyword : undefined;
  if (kind === "integer") return number;
  return kind === "string" ? string : undefined;
}

function nameColour(meaning: Meaning, at: { readonly start: number }): Colour | undefined {
  const colour = (type: TokenType, ...mods: Modifier[]): Colour => ({ type, modifiers: mods });
  switch (meaning.role) {
    case "symbol":
      return symbolColour(meaning.symbol, at);
    case "constant":
    case "errno":
    case "signal":
      return colour("enumMember", "readonly", "defaultLibrary");
    case "call":
    case "operation":
      return colour("function", "defaultLibrary");
    case "function":
      return colour("method", "defaultLibrary");
    case "field":
      return colour(meaning.method ? "method" : "property");
    case "struct-field":
    case "option":
      return colour("property");
    case "option-value":
    case "fix":
      return colour("enumMember");
    case "design":
      return colour("namespace");
    case "bug-kind":
      return colour("type");
    case "event":
      return colour("event");
    case "literal":
      return colour("keyword");
    default:
      return undefined;
  }
}

function symbolColour(symbol: Extract<Meaning, { role: "symbol" }>["symbol"], at: { readonly start: number }): Colour {
  const declared: Modifier[] = symbol.place.start === at.start ? ["declaration"] : [];
  switch (symbol.kind) {
    case "process":
    case "thread":
      return { type: "class", modifiers: declared };
    case "let":
      return { type: "variable", modifiers: [...declared, "readonly"] };
    case "counter":
      return { type: "parameter", modifiers: declared };
    case "label":
      return { type: "label", modifiers: declared };
    case "variable":
      return { type: "variable", modifiers: declared };
  }
}

const typeNumbers: ReadonlyMap<string, number> = new Map(types.map((type, index) => [type, index]));

function encode(analysis: Analysis, spans: readonly Coloured[]): number[] {
  const { starts } = analysis.file.lines;
  const data: number[] = [];
  const [head] = spans;
  // Spans are in order: the line of each is that of the one before, or one of the next.
  let line = head ? positionAt(analysis.file.lines, head.start).line - 1 : 0;
  let [lastLine, lastColumn] = [0, 0];
  for (const { start, end, type, modifiers: own } of spans) {
    while (line + 1 < starts.length && starts[line + 1] <= start) line++;
    const column = start - starts[line];
    let bits = 0;
    for (const modifier of own) bits |= 1 << modifiers.indexOf(modifier);
    data.push(line - lastLine, line === lastLine ? column - lastColumn : column, end - start);
    data.push(typeNumbers.get(type)!, bits);
    lastLine = line;
    lastColumn = column;
  }
  return data;
}

// Semantic tokens: colours by meaning. Names by what they stand for, the rest by what they look like.
import type { Range, SemanticTokens, SemanticTokensLegend } from "vscode-languageserver";
import { silencingOf } from "../../sim/scenario/ignore.ts";
import { keywordsByWord } from "../../sim/scenario/keywords.ts";
import type { Comment } from "../../sim/scenario/lexer.ts";
import { positionAt } from "../../sim/scenario/lines.ts";
import type { ScenarioSymbol } from "../../sim/scenario/symbols.ts";
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
  /** The same as the protocol has it. */
  readonly code: number;
  readonly bits: number;
}

/** Written out: `...` costs ten times as much. */
function at({ type, modifiers, code, bits }: Colour, start: number, end: number): Coloured {
  return { type, modifiers, code, bits, start, end };
}

/** Each is made once: a large file has a hundred thousand words. */
function colour(type: TokenType, ...own: Modifier[]): Colour {
  const bits = own.reduce((all, modifier) => all | (1 << modifiers.indexOf(modifier)), 0);
  return { type, modifiers: own, code: types.indexOf(type), bits };
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
    if (colour) spans.push(at(colour, start, covered));
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
    at(keyword, silencing.word.start, silencing.word.end),
    ...silencing.codes.map(({ start, end }) => at(bugKind, start, end)),
  ];
  let covered = comment.start;
  const spans = words.flatMap((word) => {
    const before = commentLines(text, { start: covered, end: word.start });
    covered = word.end;
    return [...before, word];
  });
  return [...spans, ...commentLines(text, { start: covered, end: comment.end })];
}

function commentLines(text: string, { start, end }: { readonly start: number; readonly end: number }): Coloured[] {
  const lines = text.slice(start, end).matchAll(/[^\r\n]+/g);
  return Array.from(lines, ({ 0: line, index }) => at(comment, start + index, start + index + line.length));
}

const comment = colour("comment");
const keyword = colour("keyword");
const number = colour("number");
const string = colour("string");
const constant = colour("enumMember", "readonly", "defaultLibrary");
const call = colour("function", "defaultLibrary");
const func = colour("method", "defaultLibrary");
const method = colour("method");
const property = colour("property");
const member = colour("enumMember");
const design = colour("namespace");
const bugKind = colour("type");
const event = colour("event");

/** Where a name is declared, and where it is used. */
const symbols = {
  process: [colour("class", "declaration"), colour("class")],
  thread: [colour("class", "declaration"), colour("class")],
  let: [colour("variable", "declaration", "readonly"), colour("variable", "readonly")],
  counter: [colour("parameter", "declaration"), colour("parameter")],
  label: [colour("label", "declaration"), colour("label")],
  variable: [colour("variable", "declaration"), colour("variable")],
} as const satisfies Record<ScenarioSymbol["kind"], readonly [Colour, Colour]>;

function plainColour(kind: string, text: string, start: number, end: number): Colour | undefined {
  if (kind === "word") return keywordsByWord.has(text.slice(start, end)) ? keyword : undefined;
  if (kind === "integer") return number;
  return kind === "string" ? string : undefined;
}

function nameColour(meaning: Meaning, at: { readonly start: number }): Colour | undefined {
  switch (meaning.role) {
    case "symbol":
      return symbols[meaning.symbol.kind][meaning.symbol.place.start === at.start ? 0 : 1];
    case "constant":
    case "errno":
    case "signal":
      return constant;
    case "call":
    case "operation":
      return call;
    case "function":
      return func;
    case "field":
      return meaning.method ? method : property;
    case "struct-field":
    case "option":
      return property;
    case "option-value":
    case "fix":
      return member;
    case "design":
      return design;
    case "bug-kind":
      return bugKind;
    case "event":
      return event;
    case "literal":
      return keyword;
    default:
      return undefined;
  }
}

function encode(analysis: Analysis, spans: readonly Coloured[]): number[] {
  const { starts } = analysis.file.lines;
  const data: number[] = [];
  const [head] = spans;
  // Spans are in order: the line of each is that of the one before, or one of the next.
  let line = head ? positionAt(analysis.file.lines, head.start).line - 1 : 0;
  let [lastLine, lastColumn] = [0, 0];
  for (const { start, end, code, bits } of spans) {
    while (line + 1 < starts.length && starts[line + 1] <= start) line++;
    const column = start - starts[line];
    data.push(line - lastLine, line === lastLine ? column - lastColumn : column, end - start, code, bits);
    lastLine = line;
    lastColumn = column;
  }
  return data;
}

// Formatting: only the white space between words changes, so comments stay and the meaning cannot.
// A file that cannot be read wholly is left alone.
import type { TextEdit } from "../../sim/scenario/diagnostics.ts";
import type { ParsedFile } from "../../sim/scenario/parser.ts";
import { type FormatMarks, marksOf } from "./format_marks.ts";
import { type Piece, piecesOf, separator } from "./format_spaces.ts";

export interface FormatStyle {
  /** One level of indentation. */
  readonly unit: string;
}

export const defaultStyle: FormatStyle = { unit: "  " };

/** The changes that format a file, in order, each of one gap between words. Empty for a file with syntax errors. */
export function formatEdits(file: ParsedFile, style: FormatStyle = defaultStyle): TextEdit[] {
  if (file.problems.length > 0) return [];
  const edits: TextEdit[] = [];
  const { text } = file;
  const start = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  const layout: Layout = {
    file,
    marks: marksOf(file),
    style,
    eol: text.includes("\r\n") ? "\r\n" : "\n",
    open: [],
    indent: "",
  };
  let before: Piece | undefined;
  for (const piece of piecesOf(file)) {
    const from = before ? before.end : start;
    const wanted = gap(layout, before, piece);
    if (text.slice(from, piece.start) !== wanted) edits.push({ start: from, end: piece.start, text: wanted });
    track(layout, piece);
    before = piece;
  }
  const from = before ? before.end : start;
  const ending = before ? layout.eol : "";
  if (text.slice(from) !== ending) edits.push({ start: from, end: text.length, text: ending });
  return edits;
}

/** The formatted text. */
export function format(file: ParsedFile, style: FormatStyle = defaultStyle): string {
  let out = "";
  let at = 0;
  for (const edit of formatEdits(file, style)) {
    out += file.text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return out + file.text.slice(at);
}

interface Bracket {
  /** Indentation of lines inside, and of a closing bracket that begins a line. */
  inside: string;
  readonly closing: string;
  readonly block: boolean;
}

interface Layout {
  readonly file: ParsedFile;
  readonly marks: FormatMarks;
  readonly style: FormatStyle;
  readonly eol: string;
  readonly open: Bracket[];
  /** Indentation of the current line. */
  indent: string;
}

function gap(layout: Layout, before: Piece | undefined, piece: Piece): string {
  if (!before) return "";
  const breaks = lineBreaks(layout, before, piece);
  if (breaks === 0) return separator(layout.file, layout.marks, before, piece);
  const bracket = layout.open.at(-1);
  // An opener at the end of its line indents one level, one with something behind it continues the line.
  if (bracket && isOpener(before)) bracket.inside = bracket.closing + layout.style.unit;
  layout.indent = indentOf(layout, piece);
  return layout.eol.repeat(breaks) + layout.indent;
}

/** 0: the same line, 1: the next line, 2: with an empty line between. */
function lineBreaks(layout: Layout, before: Piece, piece: Piece): number {
  const { file, marks } = layout;
  const lines = file.text.slice(before.end, piece.start).split(/\r\n|\n|\r/).length - 1;
  const starts = marks.itemStarts.has(piece.start) || marks.brokenCloses.has(piece.start);
  const breaks = starts && before.kind !== "block-comment" && piece.kind !== "line-comment";
  const needed = before.kind === "line-comment" || breaks ? 1 : 0;
  const most = isOpener(before) || isCloser(piece) ? 1 : 2;
  return Math.min(most, Math.max(lines, needed));
}

function isOpener(piece: Piece): boolean {
  return piece.kind === "{" || piece.kind === "(" || piece.kind === "[";
}

function isCloser(piece: Piece): boolean {
  return piece.kind === "}" || piece.kind === ")" || piece.kind === "]";
}

function indentOf(layout: Layout, piece: Piece): string {
  const bracket = layout.open.at(-1);
  if (isCloser(piece)) return bracket?.closing ?? "";
  const inside = bracket?.inside ?? "";
  const isWhole =
    piece.kind === "line-comment" || piece.kind === "block-comment" || layout.marks.itemStarts.has(piece.start);
  const continues = !isWhole && (!bracket || bracket.block);
  return continues ? inside + layout.style.unit.repeat(2) : inside;
}

function track(layout: Layout, piece: Piece): void {
  const { open, indent, style, marks } = layout;
  if (isCloser(piece)) open.pop();
  if (!isOpener(piece)) return;
  const block = marks.blockOpens.has(piece.start);
  open.push({ inside: indent + style.unit.repeat(block ? 1 : 2), closing: indent, block });
}

// The three ways to ask for formatting: a document, a range, and the line that was just ended.
import type { FormattingOptions, Position, Range, TextEdit } from "vscode-languageserver";
import { type Analysis, toOffset, toRange } from "./analysis.ts";
import { type FormatStyle, formatEdits } from "./format.ts";

export function formatDocument(analysis: Analysis, options: FormattingOptions): TextEdit[] {
  return within(analysis, options, 0, analysis.text.length);
}

export function formatRange(analysis: Analysis, options: FormattingOptions, range: Range): TextEdit[] {
  return within(analysis, options, toOffset(analysis.file, range.start), toOffset(analysis.file, range.end));
}

/** Behind a new line the line before it, behind a `}` its own; nothing where the cursor goes on typing. */
export function formatTyped(
  analysis: Analysis,
  options: FormattingOptions,
  { line, character }: Position,
  typed: string,
): TextEdit[] {
  const isEnded = typed === "\n" || typed === "\r\n";
  const last = isEnded ? line - 1 : line;
  if (last < 0) return [];
  const from = toOffset(analysis.file, { line: last, character: 0 });
  const to = toOffset(
    analysis.file,
    isEnded ? { line: last, character: Number.MAX_SAFE_INTEGER } : { line, character },
  );
  return within(analysis, options, from, to);
}

/** An edit of the space between two words, without what stays as it is: the line end before an indentation, say. */
function within(analysis: Analysis, options: FormattingOptions, from: number, to: number): TextEdit[] {
  return formatEdits(analysis.file, styleOf(options)).flatMap((edit) => {
    const before = analysis.text.slice(edit.start, edit.end);
    const kept = keptBefore(before, edit.text);
    const span = { start: edit.start + kept, end: edit.end };
    const newText = edit.text.slice(kept);
    return span.start >= from && span.end <= to ? [{ range: toRange(analysis.file, span), newText }] : [];
  });
}

function keptBefore(before: string, after: string): number {
  let kept = 0;
  while (kept < before.length && kept < after.length && before[kept] === after[kept]) kept++;
  // Half of a "\r\n" is no place for an edit.
  return kept > 0 && before[kept - 1] === "\r" ? kept - 1 : kept;
}

function styleOf(options: FormattingOptions): FormatStyle {
  const size = Math.min(Math.max(Math.trunc(options.tabSize) || 2, 1), 16);
  return { unit: options.insertSpaces === false ? "\t" : " ".repeat(size) };
}

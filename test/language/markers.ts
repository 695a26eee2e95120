// Texts with marks: `$0` is the cursor, `<|` and `|>` enclose a range.

import type { CodeAction, Position, Range } from "vscode-languageserver";
import { type Analysis, analyse, toOffset, toPosition, toRange } from "../../server/language/analysis.ts";
import { vocabulary } from "../scenario/vocabulary.ts";

export interface Marked {
  readonly analysis: Analysis;
  readonly cursor: Position;
  readonly ranges: readonly Range[];
}

/** Other files by path, for includes. */
export type Files = Readonly<Record<string, string>>;

export function marked(source: string, files: Files = {}): Marked {
  let text = "";
  let cursor = 0;
  const starts: number[] = [];
  const spans: { start: number; end: number }[] = [];
  for (const part of source.split(/(\$0|<\||\|>)/)) {
    if (part === "$0") cursor = text.length;
    else if (part === "<|") starts.push(text.length);
    else if (part === "|>") spans.push({ start: starts.pop()!, end: text.length });
    else text += part;
  }
  const analysis = analysisOf(text, files);
  return {
    analysis,
    cursor: toPosition(analysis.file, cursor),
    ranges: spans.map((span) => toRange(analysis.file, span)),
  };
}

export function analysisOf(text: string, files: Files = {}, path = "w/test.mshare"): Analysis {
  return analyse(path, text, { read: (path) => files[path], root: "w" }, vocabulary);
}

/** The text of a range. */
export function textIn(analysis: Analysis, range: Range): string {
  const at = ({ line, character }: Position) => analysis.file.lines.starts[line] + character;
  return analysis.text.slice(at(range.start), at(range.end));
}

/** The text after a client has made the edits of an action. */
export function edited(analysis: Analysis, uri: string, action: CodeAction): string {
  const edits = (action.edit?.changes?.[uri] ?? []).map(({ range, newText }) => ({
    start: toOffset(analysis.file, range.start),
    end: toOffset(analysis.file, range.end),
    newText,
  }));
  let { text } = analysis;
  for (const { start, end, newText } of edits.sort((a, b) => b.start - a.start || b.end - a.end))
    text = text.slice(0, start) + newText + text.slice(end);
  return text;
}

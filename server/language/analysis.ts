// A document with everything that the features ask of it. Made once a version of the text.

import type { Position, Range } from "vscode-languageserver";
import type { Span } from "../../sim/scenario/ast.ts";
import { type CheckedScenario, check } from "../../sim/scenario/check.ts";
import { firstFrom, offsetAt, positionAt } from "../../sim/scenario/lines.ts";
import type { ParsedFile } from "../../sim/scenario/parser.ts";
import type { FileHost } from "../../sim/scenario/program.ts";
import type { Vocabulary } from "../../sim/scenario/vocabulary.ts";
import { type Mention, mentionsOf } from "./mentions.ts";

export interface Analysis {
  readonly path: string;
  readonly text: string;
  readonly vocabulary: Vocabulary;
  readonly scenario: CheckedScenario;
  readonly file: ParsedFile;
  /** The names of a part of the file, and perhaps more, in order of place, with what each stands for. */
  readonly mentions: (range: Span) => readonly Mention[];
}

export function analyse(path: string, text: string, host: FileHost, vocabulary: Vocabulary): Analysis {
  const scenario = check(path, text, host, vocabulary);
  const file = scenario.program.entry;
  let all: readonly Mention[] | undefined;
  const mentions = (range: Span): readonly Mention[] => {
    const isWhole = range.start === 0 && range.end >= text.length;
    if (isWhole) all ??= mentionsOf(scenario, file, vocabulary);
    return all ?? mentionsOf(scenario, file, vocabulary, range);
  };
  return {
    path,
    text,
    vocabulary,
    scenario,
    file,
    mentions,
  };
}

/** LSP counts from 0. */
export function toPosition(file: ParsedFile, offset: number): Position {
  const { line, column } = positionAt(file.lines, offset);
  return { line: line - 1, character: column - 1 };
}

export function toRange(file: ParsedFile, span: { readonly start: number; readonly end: number }): Range {
  return { start: toPosition(file, span.start), end: toPosition(file, span.end) };
}

/** Positions outside the text count as its nearest place; a position behind a line's end as that end. */
export function toOffset(file: ParsedFile, position: Position): number {
  const { lines, text } = file;
  const line = Math.max(0, Math.trunc(position.line) || 0);
  if (line >= lines.starts.length) return text.length;
  const next = lines.starts[line + 1];
  let lineEnd = next ?? text.length;
  if (next !== undefined)
    while (lineEnd > lines.starts[line] && (text[lineEnd - 1] === "\n" || text[lineEnd - 1] === "\r")) lineEnd--;
  const offset = offsetAt(lines, { line: line + 1, column: (Math.trunc(position.character) || 0) + 1 });
  return Math.min(offset, lineEnd);
}

/** The name at an offset; its end counts as in it. */
export function mentionAt(analysis: Analysis, offset: number): Mention | undefined {
  const mentions = analysis.mentions({ start: offset, end: offset });
  const first = firstFrom(mentions.length, (index) => mentions[index].end >= offset);
  const found = mentions[first];
  if (!found || found.start > offset) return undefined;
  const next = mentions[first + 1];
  return found.end === offset && next?.start === offset ? next : found;
}

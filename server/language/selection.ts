// Selection ranges: from the word outwards, node by node, to the whole file.
import type { Position, SelectionRange } from "vscode-languageserver";
import { nodesAt } from "../../sim/scenario/visit.ts";
import { type Analysis, mentionAt, toOffset, toRange } from "./analysis.ts";
import { tokenAt } from "./token_at.ts";

export function selectionRanges(analysis: Analysis, positions: readonly Position[]): SelectionRange[] {
  return positions.map((position) => selectionRange(analysis, toOffset(analysis.file, position)));
}

function selectionRange(analysis: Analysis, offset: number): SelectionRange {
  const { file } = analysis;
  const word = mentionAt(analysis, offset) ?? tokenAt(file, offset);
  const spans: { start: number; end: number }[] = [
    { start: 0, end: analysis.text.length },
    ...nodesAt(file.items, offset),
  ];
  if (word) spans.push(word);
  let range: SelectionRange | undefined;
  let outer: { start: number; end: number } | undefined;
  for (const span of spans) {
    const isSmaller =
      !outer ||
      (span.start >= outer.start && span.end <= outer.end && (span.start > outer.start || span.end < outer.end));
    if (!isSmaller) continue;
    range = { range: toRange(file, span), parent: range };
    outer = span;
  }
  return range!;
}

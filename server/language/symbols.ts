// The outline of a file, and what folds.
import { type DocumentSymbol, type FoldingRange, FoldingRangeKind, SymbolKind } from "vscode-languageserver";
import type { Item, Name, Span } from "../../sim/scenario/ast.ts";
import { positionAt } from "../../sim/scenario/lines.ts";
import { visit } from "../../sim/scenario/visit.ts";
import { type Analysis, toRange } from "./analysis.ts";

export function documentSymbols(analysis: Analysis): DocumentSymbol[] {
  return analysis.file.items.flatMap((item) => symbolsOf(analysis, item));
}

function symbolsOf(analysis: Analysis, item: Item): DocumentSymbol[] {
  const make = (
    name: string,
    kind: SymbolKind,
    at: Span,
    detail?: string,
    children?: DocumentSymbol[],
  ): DocumentSymbol[] => [
    {
      name: name || "?",
      kind,
      detail,
      range: toRange(analysis.file, item),
      selectionRange: toRange(analysis.file, within(at, item)),
      children,
    },
  ];
  switch (item.kind) {
    case "kernel-declaration":
      return make(`kernel ${item.design.text}`, SymbolKind.Module, item.design);
    case "machine":
      return make("machine", SymbolKind.Struct, { start: item.start, end: item.start + "machine".length });
    case "process-declaration":
      return make(item.name.text, item.count ? SymbolKind.Array : SymbolKind.Class, item.name, "process");
    case "thread":
      return make(`${item.process.name.text}.${item.name.text}`, SymbolKind.Class, item.name, "thread");
    case "let":
      return make(item.name.text, SymbolKind.Constant, item.name, "let");
    case "label":
      return make(item.name.text, SymbolKind.Key, item.name, "label");
    case "schedule":
      return make("schedule", SymbolKind.Event, item, item.policy.kind);
    case "include":
      return make(item.path.value, SymbolKind.File, item.path, "include");
    case "parallel":
      return make(
        "parallel",
        SymbolKind.Namespace,
        { start: item.start, end: item.open },
        undefined,
        inner(analysis, item.body),
      );
    case "repeat":
      return make(
        "repeat",
        SymbolKind.Namespace,
        { start: item.start, end: item.open },
        undefined,
        inner(analysis, item.body),
      );
    case "actor-block":
      return make(
        analysis.text.slice(item.actor.start, item.actor.end),
        SymbolKind.Namespace,
        item.actor,
        "block",
        inner(analysis, item.body),
      );
    case "call-statement":
      return item.variable
        ? make(
            variableName(analysis, item.actor, item.variable),
            SymbolKind.Variable,
            item.variable,
            item.call.name.text,
          )
        : [];
    case "expect":
    case "expect-bug":
    case "expect-no-bug":
      return make(oneLine(analysis.text.slice(item.start, item.end)), SymbolKind.Boolean, item);
    default:
      return [];
  }
}

function inner(analysis: Analysis, body: readonly Item[]): DocumentSymbol[] {
  return body.flatMap((item) => symbolsOf(analysis, item));
}

function variableName(analysis: Analysis, actor: Span, variable: Name): string {
  return `${analysis.text.slice(actor.start, actor.end)}.${variable.text}`;
}

/** LSP asks that the selection lies within the whole. */
function within(at: Span, item: Span): Span {
  const start = Math.min(Math.max(at.start, item.start), item.end);
  return { start, end: Math.min(Math.max(at.end, start), item.end) };
}

function oneLine(text: string): string {
  const joined = text.replace(/\s+/g, " ");
  return joined.length > 80 ? `${joined.slice(0, 79)}…` : joined;
}

export function foldingRanges(analysis: Analysis): FoldingRange[] {
  const { file } = analysis;
  const ranges: FoldingRange[] = [];
  const add = (start: number, end: number, kind?: FoldingRangeKind): void => {
    const startLine = positionAt(file.lines, start).line - 1;
    const endLine = positionAt(file.lines, end).line - 1;
    if (endLine > startLine) ranges.push({ startLine, endLine, kind });
  };
  for (const item of file.items) {
    visit(item, (node) => {
      if (!("kind" in node)) return;
      // The closing brace stays visible.
      if (node.kind === "parallel" || node.kind === "repeat" || node.kind === "actor-block")
        add(node.open, lineBefore(analysis, node.end));
      else if (node.kind === "machine" || node.kind === "kernel-declaration" || node.kind === "call-statement")
        add(node.start, node.end);
    });
  }
  foldComments(analysis, add);
  return ranges;
}

/** The end of the line before the one that an offset is on. */
function lineBefore(analysis: Analysis, offset: number): number {
  const { line } = positionAt(analysis.file.lines, offset);
  return Math.max(0, analysis.file.lines.starts[line - 1] - 1);
}

function foldComments(analysis: Analysis, add: (start: number, end: number, kind?: FoldingRangeKind) => void): void {
  const { comments } = analysis.file.tokens;
  let run: { start: number; end: number } | undefined;
  for (const comment of comments) {
    const follows =
      run && comment.form === "line" && /^\r?\n?[ \t]*$/.test(analysis.text.slice(run.end, comment.start));
    if (run && follows) {
      run.end = comment.end;
      continue;
    }
    if (run) add(run.start, run.end, FoldingRangeKind.Comment);
    run = { start: comment.start, end: comment.end };
  }
  if (run) add(run.start, run.end, FoldingRangeKind.Comment);
}

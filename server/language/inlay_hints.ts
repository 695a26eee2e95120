// Inlay hints: names of parameters before bare numbers, values behind lets that are calculated.
import { type InlayHint, InlayHintKind, type Range } from "vscode-languageserver";
import type { CallExpr, Expr, LetDeclaration } from "../../sim/scenario/ast.ts";
import { specOf } from "../../sim/scenario/check_call.ts";
import { showHex, showSize } from "../../sim/scenario/integers.ts";
import { visit } from "../../sim/scenario/visit.ts";
import { type Analysis, toOffset, toPosition } from "./analysis.ts";

export function inlayHints(analysis: Analysis, range: Range): InlayHint[] {
  const from = toOffset(analysis.file, range.start);
  const to = toOffset(analysis.file, range.end);
  const hints: InlayHint[] = [];
  for (const item of analysis.file.items) {
    if (item.end < from || item.start > to) continue;
    visit(item, (node) => {
      if (!("kind" in node)) return;
      if (node.kind === "call-statement" && node.actor.kind === "process")
        hints.push(...parameterHints(analysis, node.call));
      if (node.kind === "let") hints.push(...letHint(analysis, node));
    });
  }
  return hints;
}

function parameterHints(analysis: Analysis, call: CallExpr): InlayHint[] {
  const params = specOf(analysis.scenario.names, call)?.params ?? [];
  if (params.length < 2) return [];
  return call.args.flatMap((arg, index) => {
    if (!params[index] || !isBareNumber(arg)) return [];
    return [
      {
        position: toPosition(analysis.file, arg.start),
        label: `${params[index].name}:`,
        kind: InlayHintKind.Parameter,
        paddingRight: true,
      },
    ];
  });
}

function isBareNumber(expr: Expr): boolean {
  return expr.kind === "integer" || (expr.kind === "unary" && expr.operand.kind === "integer");
}

function letHint(analysis: Analysis, declaration: LetDeclaration): InlayHint[] {
  const { value } = analysis.scenario.lets.get(declaration.name.text) ?? {};
  if (typeof value !== "bigint" || isBareNumber(declaration.value) || declaration.value.kind === "missing") return [];
  const size = showSize(value);
  const shown = size === `${value}` ? showHex(value) : size;
  return [{ position: toPosition(analysis.file, declaration.end), label: `= ${shown}`, paddingLeft: true }];
}

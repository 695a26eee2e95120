// Inlay hints: names of parameters before bare numbers, places in the page tables behind addresses, values behind lets
// that are calculated, the CPUs of processes that name none.
import { type InlayHint, InlayHintKind, type Range } from "vscode-languageserver";
import type { Param } from "../../sim/kernel/syscall_table.ts";
import type { CallExpr, Expr, LetDeclaration } from "../../sim/scenario/ast.ts";
import { specOf } from "../../sim/scenario/check_call.ts";
import { showHex, showSize } from "../../sim/scenario/integers.ts";
import { placements } from "../../sim/scenario/placement.ts";
import { visit } from "../../sim/scenario/visit.ts";
import { type Analysis, toOffset, toPosition } from "./analysis.ts";
import { constantValue } from "./hover.ts";
import { indexText, tableIndexes } from "./words.ts";

export function inlayHints(analysis: Analysis, range: Range): InlayHint[] {
  const from = toOffset(analysis.file, range.start);
  const to = toOffset(analysis.file, range.end);
  const hints: InlayHint[] = [];
  for (const item of analysis.file.items) {
    if (item.end < from || item.start > to) continue;
    visit(item, (node) => {
      if (!("kind" in node)) return;
      if (node.kind === "call-statement" && node.actor.kind === "process")
        hints.push(...parameterHints(analysis, node.call), ...indexHints(analysis, node.call));
      if (node.kind === "let") hints.push(...letHint(analysis, node));
    });
  }
  return [...hints, ...cpuHints(analysis, from, to)];
}

/** `4/0/0/3` behind an address that is known before the run: its entries in the tables, from the top. */
function indexHints(analysis: Analysis, call: CallExpr): InlayHint[] {
  const params = specOf(analysis.scenario.names, call)?.params ?? [];
  const levels = analysis.scenario.machine.get("levels") === 5n ? 5n : 4n;
  const hintAt = (expr: Expr, param: Param | undefined): InlayHint[] => {
    if (expr.kind === "struct")
      return expr.fields.flatMap(({ name, value }) =>
        hintAt(
          value,
          param?.fields?.find((field) => field.name === name.text),
        ),
      );
    if (param?.kind !== "address") return [];
    const value = constantValue(analysis, expr);
    const explained = typeof value === "bigint" ? indexText(value, levels) : undefined;
    if (explained === undefined) return [];
    const label = tableIndexes(value as bigint, levels).join("/");
    return [{ position: toPosition(analysis.file, expr.end), label, tooltip: explained, paddingLeft: true }];
  };
  return call.args.flatMap((arg, at) => hintAt(arg, params[at]));
}

/** So many CPUs of an array are named. */
const MOST_CPUS = 4;

function cpuHints(analysis: Analysis, from: number, to: number): InlayHint[] {
  return placements(analysis.scenario).flatMap(({ symbol, count, isFixed, cpuOf }) => {
    const { end, start } = symbol.declaration;
    if (isFixed || count === 0 || symbol.place.file !== analysis.path || end < from || start > to) return [];
    const cpus = Array.from({ length: Math.min(count, MOST_CPUS) }, (_, n) => cpuOf(n)).join(", ");
    const label = `on cpu ${cpus}${count > MOST_CPUS ? ", …" : ""}`;
    const tooltip = "Processes and threads that name no CPU get one in turn, in the order of their declarations.";
    return [{ position: toPosition(analysis.file, end), label, tooltip, paddingLeft: true }];
  });
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

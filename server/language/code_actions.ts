// Quick fixes: the mends that the checker proposes.
import { type CodeAction, CodeActionKind, type Diagnostic as LspDiagnostic, type Range } from "vscode-languageserver";
import type { Mend } from "../../sim/scenario/diagnostics.ts";
import { type Analysis, toOffset, toRange } from "./analysis.ts";
import { lspDiagnostic } from "./diagnostics.ts";

export function codeActions(analysis: Analysis, uri: string, range: Range): CodeAction[] {
  const from = toOffset(analysis.file, range.start);
  const to = toOffset(analysis.file, range.end);
  const actions: CodeAction[] = [];
  for (const diagnostic of analysis.scenario.diagnostics) {
    if (diagnostic.file !== analysis.path || diagnostic.start > to || diagnostic.end < from) continue;
    const shown = lspDiagnostic(analysis, diagnostic, (path) => (path === analysis.path ? uri : path));
    const mends = [diagnostic.mend, ...(diagnostic.otherMends ?? [])].filter((mend) => mend !== undefined);
    for (const mend of mends) actions.push(quickFix(analysis, uri, mend, shown, mends.length));
  }
  return actions;
}

function quickFix(analysis: Analysis, uri: string, mend: Mend, diagnostic: LspDiagnostic, choices: number): CodeAction {
  const edits = mend.edits.map((edit) => ({ range: toRange(analysis.file, edit), newText: edit.text }));
  return {
    title: mend.title,
    kind: CodeActionKind.QuickFix,
    diagnostics: [diagnostic],
    isPreferred: choices === 1,
    edit: { changes: { [uri]: edits } },
  };
}

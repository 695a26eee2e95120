// Quick fixes: the mends that the checker proposes.
import { type CodeAction, CodeActionKind, type Diagnostic as LspDiagnostic, type Range } from "vscode-languageserver";
import type { Diagnostic, Mend } from "../../sim/scenario/diagnostics.ts";
import { IGNORE } from "../../sim/scenario/ignore.ts";
import { positionAt } from "../../sim/scenario/lines.ts";
import { nodesAt } from "../../sim/scenario/visit.ts";
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
    // Last of all: what is meant stays, and says so.
    if (diagnostic.severity !== "error" && diagnostic.code !== "useless-ignore")
      actions.push({ ...quickFix(analysis, uri, silence(analysis, diagnostic), shown, 0), isPreferred: false });
  }
  return actions;
}

/** A comment on the line above the statement, or one code more in the comment that is there. */
function silence({ file, text }: Analysis, { code, start }: Diagnostic): Mend {
  const title = `Ignore ${code} here`;
  const statement = nodesAt(file.items, start).find(
    (node) => "kind" in node && !("body" in node) && node.start <= start,
  );
  const { line } = positionAt(file.lines, statement?.start ?? start);
  const lineStart = file.lines.starts[line - 1];
  const above = line > 1 ? text.slice(file.lines.starts[line - 2], lineStart).trimEnd() : "";
  if (above.trimStart().startsWith(`// ${IGNORE} `)) {
    const end = file.lines.starts[line - 2] + above.length;
    return { title, edits: [{ start: end, end, text: `, ${code}` }] };
  }
  const indent = /^[ \t]*/.exec(text.slice(lineStart))![0];
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  return { title, edits: [{ start: lineStart, end: lineStart, text: `${indent}// ${IGNORE} ${code}${eol}` }] };
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

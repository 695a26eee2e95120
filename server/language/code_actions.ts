// Quick fixes: the mends that the checker proposes.
import { type CodeAction, CodeActionKind, type Diagnostic as LspDiagnostic, type Range } from "vscode-languageserver";
import type { DiagnosticCode } from "../../sim/scenario/codes.ts";
import type { Diagnostic, Mend, TextEdit } from "../../sim/scenario/diagnostics.ts";
import { IGNORE } from "../../sim/scenario/ignore.ts";
import { positionAt } from "../../sim/scenario/lines.ts";
import { nodesAt } from "../../sim/scenario/visit.ts";
import { type Analysis, toOffset, toRange } from "./analysis.ts";
import { lspDiagnostic } from "./diagnostics.ts";

/** `only` are the kinds that the client asks for; without them it shows all. */
export function codeActions(
  analysis: Analysis,
  uri: string,
  range: Range,
  only: readonly CodeActionKind[] | undefined = undefined,
): CodeAction[] {
  const wants = (kind: CodeActionKind) =>
    only === undefined || only.some((one) => kind === one || kind.startsWith(`${one}.`));
  const here = wants(CodeActionKind.QuickFix) ? quickFixes(analysis, uri, range) : [];
  // Who asks for no kind asks what can be done at this place.
  return wants(FIX_ALL) && (only !== undefined || here.length > 0) ? [...here, ...fixAll(analysis, uri)] : here;
}

const FIX_ALL = `${CodeActionKind.SourceFixAll}.mshare`;

/** Mends of these leave what the scenario does as it is, or there was nothing that it did. */
const sureMends: ReadonlySet<DiagnosticCode> = new Set([
  "syntax",
  "unterminated-string",
  "bad-integer",
  "missing-field",
  "useless-ignore",
  "parallel-alone",
]);

/** All problems of the file that have one mend and no doubt, at once; an editor can do that whenever it saves. */
function fixAll(analysis: Analysis, uri: string): CodeAction[] {
  const edits: TextEdit[] = [];
  let mended = 0;
  // While the file is not well formed, warnings may be about what it does not say.
  const isWhole = analysis.file.problems.length === 0;
  for (const { code, file, severity, mend, otherMends = [] } of analysis.scenario.diagnostics) {
    if (severity !== "error" && !isWhole) continue;
    if (file !== analysis.path || !mend || mend.isGuess || otherMends.length > 0 || !sureMends.has(code)) continue;
    // What meets another mend waits for the next time.
    if (mend.edits.some((edit) => edits.some((known) => edit.start <= known.end && known.start <= edit.end))) continue;
    edits.push(...mend.edits);
    mended++;
  }
  if (mended === 0) return [];
  const changes = edits.map((edit) => ({ range: toRange(analysis.file, edit), newText: edit.text }));
  const title = mended === 1 ? "Fix the one problem that has a sure mend" : `Fix all ${mended} that have a sure mend`;
  return [{ title, kind: FIX_ALL, edit: { changes: { [uri]: changes } } }];
}

function quickFixes(analysis: Analysis, uri: string, range: Range): CodeAction[] {
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

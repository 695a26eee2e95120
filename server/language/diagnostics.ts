// The checker's findings as LSP shows them.
import { DiagnosticSeverity, DiagnosticTag, type Diagnostic as LspDiagnostic } from "vscode-languageserver";
import type { Diagnostic } from "../../sim/scenario/diagnostics.ts";
import { type Analysis, toRange } from "./analysis.ts";

const severities = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  hint: DiagnosticSeverity.Hint,
};

/** Findings of the document itself; what is wrong in an included file shows at the include too. */
export function diagnostics(analysis: Analysis, uriOf: (path: string) => string): LspDiagnostic[] {
  const own = analysis.scenario.diagnostics.filter((diagnostic) => diagnostic.file === analysis.path);
  return [...own.map((diagnostic) => lspDiagnostic(analysis, diagnostic, uriOf)), ...includedProblems(analysis)];
}

export function lspDiagnostic(
  analysis: Analysis,
  diagnostic: Diagnostic,
  uriOf: (path: string) => string,
): LspDiagnostic {
  const { code, message, severity } = diagnostic;
  const related = (diagnostic.related ?? []).flatMap((place) => {
    const file = analysis.scenario.program.files.get(place.file);
    return file ? [{ location: { uri: uriOf(place.file), range: toRange(file, place) }, message: place.message }] : [];
  });
  return {
    range: toRange(analysis.file, diagnostic),
    severity: severities[severity],
    code,
    source: "mshare",
    message,
    relatedInformation: related.length > 0 ? related : undefined,
    tags: code === "not-in-this-version" ? [DiagnosticTag.Unnecessary] : undefined,
  };
}

/** One line an include whose file, or one that it includes, has errors. */
function includedProblems(analysis: Analysis): LspDiagnostic[] {
  const elsewhere = analysis.scenario.diagnostics.filter(
    (diagnostic) => diagnostic.file !== analysis.path && diagnostic.severity === "error",
  );
  if (elsewhere.length === 0) return [];
  const [first] = elsewhere;
  const include = analysis.file.items.find(
    (item) => item.kind === "include" && analysis.scenario.program.includes.has(item),
  );
  if (!include) return [];
  const name = first.file.slice(first.file.lastIndexOf("/") + 1);
  const more = elsewhere.length > 1 ? ` (and ${elsewhere.length - 1} more)` : "";
  const message = `In ${name}, line ${first.line}: ${first.message}${more}`;
  return [
    {
      range: toRange(analysis.file, include),
      severity: DiagnosticSeverity.Error,
      code: first.code,
      source: "mshare",
      message,
    },
  ];
}

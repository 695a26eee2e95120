// The checker's findings as LSP shows them.
import { DiagnosticSeverity, DiagnosticTag, type Diagnostic as LspDiagnostic } from "vscode-languageserver";
import type { Diagnostic } from "../../sim/scenario/diagnostics.ts";
import type { Program } from "../../sim/scenario/program.ts";
import { type Analysis, toRange } from "./analysis.ts";

const severities = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  hint: DiagnosticSeverity.Hint,
};

/** Findings of the document itself; what is wrong in an included file shows at the include too. */
export function diagnostics(
  analysis: Analysis,
  uriOf: (path: string) => string,
  page: PageOf = () => undefined,
): LspDiagnostic[] {
  const own = analysis.scenario.diagnostics.filter((diagnostic) => diagnostic.file === analysis.path);
  return [
    ...own.map((diagnostic) => lspDiagnostic(analysis, diagnostic, uriOf, page)),
    ...includedProblems(analysis, uriOf),
  ];
}

/** Where the page of a code is, if there is one. */
export type PageOf = (code: string) => string | undefined;

export function lspDiagnostic(
  analysis: Analysis,
  diagnostic: Diagnostic,
  uriOf: (path: string) => string,
  page: PageOf = () => undefined,
): LspDiagnostic {
  const { code, message, severity } = diagnostic;
  const href = page(code);
  const related = (diagnostic.related ?? []).flatMap((place) => {
    const file = analysis.scenario.program.files.get(place.file);
    return file ? [{ location: { uri: uriOf(place.file), range: toRange(file, place) }, message: place.message }] : [];
  });
  return {
    range: toRange(analysis.file, diagnostic),
    severity: severities[severity],
    code,
    ...(href === undefined ? {} : { codeDescription: { href } }),
    source: "mshare",
    message,
    relatedInformation: related.length > 0 ? related : undefined,
    // Faded: it does nothing, or cannot.
    tags: code === "not-in-this-version" || code.startsWith("unused-") ? [DiagnosticTag.Unnecessary] : undefined,
  };
}

/** So many of an included file's problems are named; who wants more opens it. */
const MAX_RELATED = 10;

/** One line an include whose file, or one that it includes, has problems: those show with their places. */
function includedProblems(analysis: Analysis, uriOf: (path: string) => string): LspDiagnostic[] {
  const { program } = analysis.scenario;
  const elsewhere = new Map<string, Diagnostic[]>();
  for (const diagnostic of analysis.scenario.diagnostics) {
    const { file, severity } = diagnostic;
    if (file === analysis.path || severity === "hint") continue;
    elsewhere.set(file, [...(elsewhere.get(file) ?? []), diagnostic]);
  }
  if (elsewhere.size === 0) return [];
  return analysis.file.items.flatMap((item) => {
    const target = item.kind === "include" ? program.includes.get(item) : undefined;
    if (target === undefined) return [];
    const found = [...filesBelow(program, target)].flatMap((path) => {
      const ofFile = elsewhere.get(path) ?? [];
      elsewhere.delete(path);
      return ofFile;
    });
    if (found.length === 0) return [];
    const first = found.find(({ severity }) => severity === "error") ?? found[0];
    const more = found.length > 1 ? ` (and ${found.length - 1} more)` : "";
    return [
      {
        range: toRange(analysis.file, item),
        severity: severities[first.severity],
        code: first.code,
        source: "mshare",
        message: `In ${baseName(first.file)}, line ${first.line}: ${first.message}${more}`,
        relatedInformation: found.slice(0, MAX_RELATED).map((one) => ({
          location: { uri: uriOf(one.file), range: toRange(program.files.get(one.file) ?? analysis.file, one) },
          message: one.message,
        })),
      },
    ];
  });
}

/** A file and all that it includes, directly or not. */
function filesBelow(program: Program, path: string, known = new Set<string>()): Set<string> {
  if (known.has(path)) return known;
  known.add(path);
  for (const item of program.files.get(path)?.items ?? []) {
    const target = item.kind === "include" ? program.includes.get(item) : undefined;
    if (target !== undefined) filesBelow(program, target, known);
  }
  return known;
}

const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

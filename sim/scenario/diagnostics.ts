// What the checker says of a file, with places. Editor, command line and runner show the same.

import { type DiagnosticCode, severityOf } from "./codes.ts";
import { type Lines, positionAt } from "./lines.ts";

export type Severity = "error" | "warning" | "hint";

/** Replaces `start`..`end` (offsets, end exclusive) of the diagnostic's file. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A change that would make the diagnostic go away. */
export interface Mend {
  readonly title: string;
  readonly edits: readonly TextEdit[];
  /** It may well be something else that is meant: nobody does this without being asked. */
  readonly isGuess?: true;
}

/** A finding before its file is known: offsets only. */
export interface Problem {
  readonly code: DiagnosticCode;
  readonly start: number;
  readonly end: number;
  readonly message: string;
  /** The likeliest mend; further ones in `otherMends`. */
  readonly mend?: Mend;
  readonly otherMends?: readonly Mend[];
  readonly related?: readonly Related[];
}

/** Another place that belongs to the finding, such as the first of two declarations. */
export interface Related {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly message: string;
}

/** Lines and columns count from 1, `endColumn` is exclusive; `start` and `end` are UTF-16 offsets. */
export interface Diagnostic extends Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly severity: Severity;
}

export function diagnosticOf(problem: Problem, file: string, lines: Lines): Diagnostic {
  const from = positionAt(lines, problem.start);
  const to = positionAt(lines, problem.end);
  return {
    ...problem,
    file,
    line: from.line,
    column: from.column,
    endLine: to.line,
    endColumn: to.column,
    severity: severityOf(problem.code),
  };
}

/** `demo.mshare:3:9: error: … [unknown-call]`, one line, as compilers print. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { file, line, column, severity, message, code } = diagnostic;
  return `${file}:${line}:${column}: ${severity}: ${message} [${code}]`;
}

/** True when the file may not run. */
export function refuses(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((diagnostic) => diagnostic.severity === "error");
}

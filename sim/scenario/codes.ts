// Every diagnostic code and its severity. docs/diagnostics.md has an entry for each; codes are never renamed.
import type { Severity } from "./diagnostics.ts";

const severities = {
  // Reading the text.
  "too-large": "error",
  "too-deep": "error",
  "too-many-problems": "error",
  "bad-character": "error",
  "unterminated-string": "error",
  "unterminated-comment": "error",
  "bad-integer": "error",
  "bad-escape": "error",
  syntax: "error",
  "unknown-keyword": "error",
  "missing-actor": "error",
  "reserved-name": "error",
  misplaced: "error",
  // Names.
  duplicate: "error",
  "name-taken": "error",
  "unknown-name": "error",
  "unknown-process": "error",
  "unknown-call": "error",
  "unknown-operation": "error",
  "unknown-function": "error",
  "unknown-field": "error",
  "unknown-design": "error",
  "unknown-option": "error",
  "unknown-fix": "error",
  "unknown-bug-kind": "error",
  "unknown-event": "error",
  "unknown-errno": "error",
  "unknown-signal": "error",
  "unknown-label": "error",
  "not-in-this-version": "error",
  // Meaning.
  "wrong-argument-count": "error",
  "wrong-type": "error",
  "bad-option-value": "error",
  "bad-clause": "error",
  "bad-index": "error",
  "bad-count": "error",
  "no-such-cpu": "error",
  "not-constant": "error",
  overflow: "error",
  "division-by-zero": "error",
  "let-cycle": "error",
  "variable-not-set": "error",
  "acts-too-early": "error",
  "include-missing": "error",
  "include-cycle": "error",
  "include-outside": "error",
  // Well formed, but surely not what is wanted.
  "will-fail": "warning",
  "will-fault": "warning",
  "unmapped-access": "warning",
  "use-after-unmap": "warning",
  "use-after-close": "warning",
  "will-not-share": "warning",
  "mixed-flags": "warning",
  "missing-field": "warning",
  "absurd-number": "warning",
  precedence: "warning",
  "constant-condition": "warning",
  "positive-errno": "warning",
  "fix-of-other-design": "warning",
  "acts-after-exit": "warning",
  shadowed: "warning",
  "empty-label": "warning",
  "cannot-fail": "warning",
  "parallel-alone": "warning",
  "useless-ignore": "warning",
  // Nothing is wrong, but something is idle: editors fade it, runs say nothing of it.
  "unused-variable": "hint",
  "unused-process": "hint",
} as const satisfies Record<string, Severity>;

export type DiagnosticCode = keyof typeof severities;

export const diagnosticCodes = Object.keys(severities) as readonly DiagnosticCode[];

export function severityOf(code: DiagnosticCode): Severity {
  return severities[code];
}

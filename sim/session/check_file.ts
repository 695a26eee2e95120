// The checker for whoever only wants to know what is wrong with a file.
import type { Host } from "../debugging.ts";
import { check } from "../scenario/check.ts";
import { type Diagnostic, formatDiagnostic, refuses } from "../scenario/diagnostics.ts";
import { overrideErrors } from "../scenario/settings.ts";
import { unreadable } from "./unreadable.ts";
import { vocabulary } from "./vocabulary.ts";

export interface CheckedFile {
  readonly diagnostics: readonly Diagnostic[];
  /** It would not run. */
  readonly refused: boolean;
  /** A line for each diagnostic. */
  readonly text: readonly string[];
}

export function checkFile(host: Host, path: string, kernel?: string): CheckedFile | { readonly missing: string } {
  const source = host.read(path);
  if (source === undefined) return { missing: unreadable(host, path) };
  const { diagnostics, overrideErrors } = check(path, source, host, vocabulary(), { kernel });
  const text = [...overrideErrors.map((error) => `${path}: error: ${error}`), ...diagnostics.map(formatDiagnostic)];
  return { diagnostics, refused: overrideErrors.length > 0 || refuses(diagnostics), text };
}

/** What is wrong with the name of a kernel; undefined where there is such a one. */
export function unknownKernel(kernel: string): string | undefined {
  const { designs } = vocabulary();
  return overrideErrors(designs, designs[0], { kernel })[0];
}

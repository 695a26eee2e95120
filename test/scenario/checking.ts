// Short ways to check texts in tests.
import { type CheckedScenario, check } from "../../sim/scenario/check.ts";
import type { Overrides } from "../../sim/scenario/settings.ts";
import { vocabulary } from "./vocabulary.ts";

/** Without what is said of idle names: texts of tests are short, and most of their names have no work. */
export function checkText(
  text: string,
  files: Readonly<Record<string, string>> = {},
  overrides?: Overrides,
): CheckedScenario {
  const checked = checkAll(text, files, overrides);
  return { ...checked, diagnostics: checked.diagnostics.filter(({ severity }) => severity !== "hint") };
}

export function checkAll(
  text: string,
  files: Readonly<Record<string, string>> = {},
  overrides?: Overrides,
): CheckedScenario {
  return check("w/test.mshare", text, { read: (path) => files[path], root: "w" }, vocabulary, overrides);
}

/** `line:column code`, one a diagnostic. */
export function findings(text: string, files: Readonly<Record<string, string>> = {}): string[] {
  return checkText(text, files).diagnostics.map((one) => `${one.line}:${one.column} ${one.code}`);
}

/** The codes alone, those of idle names too. */
export function codesOf(text: string): string[] {
  return checkAll(text).diagnostics.map((one) => one.code);
}

export function messagesOf(text: string): string[] {
  return checkText(text).diagnostics.map((one) => one.message);
}

/** Two processes on the design of the contract's example. */
export const HEAD = "kernel mshare-v3\nprocess A\nprocess B\n";

// What the checker foresees, against what the simulated kernel does: every warning that names an errno or a signal is
// borne out by the run, statement by statement.
import assert from "node:assert/strict";
import fc from "fast-check";
import { check } from "../../sim/scenario/check.ts";
import type { Diagnostic } from "../../sim/scenario/diagnostics.ts";
import { vocabulary } from "../../sim/session/vocabulary.ts";
import { openRun } from "../../sim/session.ts";

const FORESEEN = new Set(["will-fail", "will-fault", "unmapped-access", "use-after-unmap", "use-after-close"]);
export const PATH = "t.mshare";

export const warningsOf = (text: string, codes: Iterable<string>): Diagnostic[] => {
  const wanted = new Set(codes);
  return check(PATH, text, { read: () => undefined }, vocabulary()).diagnostics.filter(({ code }) => wanted.has(code));
};

const foreseen = (text: string): Diagnostic[] => warningsOf(text, FORESEEN);

/** What each warning says and the run did not do. */
function broken(text: string): string[] {
  const warnings = foreseen(text);
  if (warnings.length === 0) return [];
  const run = openRun({ read: (path) => (path === PATH ? text : undefined), root: "" }, { program: PATH });
  // A variable that is used before it is set, say: nothing runs then.
  if ("refused" in run) return [];
  while (!run.advance(1_000_000));
  const { statements, bugs } = run.report();
  return warnings.flatMap((warning) => {
    const named = /will (?:fail with|raise) ([A-Z]+)/.exec(warning.message)?.[1];
    const here = statements.filter(({ line }) => line === warning.line);
    // A variable that a failed call did not set: the statement is not done, and its own problem says why.
    const done = here.filter(({ result, errno, signal }) => [result, errno, signal].some((one) => one !== null));
    const wrong = done.filter(({ errno, signal }) => (errno ?? signal) !== named);
    // Whom a bug of the design has stopped for good does no more.
    if (wrong.length === 0 && (here.length > 0 || bugs.length > 0)) return [];
    return [
      `line ${warning.line}: ${warning.message} It gave ${wrong.map((one) => one.errno ?? one.signal ?? one.result).join() || "nothing"}`,
    ];
  });
}

export const from = (...texts: string[]) => fc.constantFrom(...texts);
export const line = (...parts: (fc.Arbitrary<string> | string)[]): fc.Arbitrary<string> =>
  fc
    .tuple(...parts.map((part) => (typeof part === "string" ? fc.constant(part) : part)))
    .map((texts) => texts.join(""));

/** Draws programs that do much that is wrong, and holds what is foreseen of them against what they do. */
export function happens(programs: fc.Arbitrary<string>, numRuns: number): void {
  let warned = 0;
  fc.assert(
    fc.property(programs, (text) => {
      warned += foreseen(text).length;
      assert.deepEqual(broken(text), [], text);
    }),
    { numRuns: Number(process.env["MSHARE_FORESIGHT_PROGRAMS"] ?? numRuns) },
  );
  assert.ok(warned > 50, `only ${warned} warnings`);
}

// Judges what a statement's clause expects of its call: a result, an errno, a signal.
import type { CallStatement, Clause, Name } from "./ast.ts";
import { accessNames } from "./calls.ts";
import { type Around, checkExpression } from "./check_expression.ts";
import { type CheckState, report, reportAt, reportUnknown } from "./check_state.ts";
import { errnoNames, faultSignals } from "./constants.ts";

export function checkClause(state: CheckState, clause: Clause, item: CallStatement, around: Around): void {
  const isAccess = item.actor.kind === "process" && accessNames.has(item.call.name.text);
  if (clause.kind === "compare") {
    const { type } = checkExpression(state, clause.value, around);
    if (type !== "integer" && type !== "boolean" && type !== "any")
      reportAt(state, "wrong-type", clause.value, "A result is compared with an integer.");
    if (!isAccess) checkErrnoSign(state, clause);
    return;
  }
  if (clause.kind === "fails") {
    if (isAccess) {
      const message = `\`${item.call.name.text}\` is a memory access: it does not fail with an errno, it \`faults\`.`;
      const meant = faultSignals.has(clause.errno.text) ? clause.errno.text : undefined;
      wrongClause(state, clause, message, "faults", meant);
    } else checkErrno(state, clause.errno);
    return;
  }
  const { signal } = clause;
  if (!isAccess) {
    const message = "Only `load`, `store`, `touch` and `exec` fault; a call `fails` with an errno.";
    wrongClause(state, clause, message, "fails", errnoNames.has(signal.text) ? signal.text : undefined);
    return;
  }
  if (signal.text === "" || faultSignals.has(signal.text)) return;
  reportUnknown(state, "unknown-signal", signal, `\`faults\` takes ${[...faultSignals.keys()].join(", ")}.`, () =>
    faultSignals.keys(),
  );
}

/** `== EINVAL`: what fails gives -EINVAL. */
function checkErrnoSign(state: CheckState, { operator, value, start, end }: Clause & { kind: "compare" }): void {
  if (value.kind !== "name" || !errnoNames.has(value.name)) return;
  const isFailure = operator === "==";
  const text = isFailure ? `fails ${value.name}` : `${operator} -${value.name}`;
  report(state, {
    code: "positive-errno",
    start: value.start,
    end: value.end,
    message: `No call gives a positive errno; write \`${text}\`.`,
    mend: { title: `Change to ${text}`, edits: [{ start, end, text }] },
  });
}

/** `meant`: what stands there, where it fits behind the other word. */
function wrongClause(
  state: CheckState,
  clause: Clause,
  message: string,
  word: string,
  meant: string | undefined,
): void {
  const { start, end } = clause;
  const text = `${word} ${meant}`;
  const mend = meant === undefined ? undefined : { title: `Change to ${text}`, edits: [{ start, end, text }] };
  report(state, { code: "bad-clause", start, end, message, mend });
}

function checkErrno(state: CheckState, errno: Name): void {
  if (errno.text === "" || errnoNames.has(errno.text)) return;
  reportUnknown(state, "unknown-errno", errno, `There is no errno \`${errno.text}\`.`, () => errnoNames);
}

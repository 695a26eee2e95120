// The id of a fix, in `unless fixed ID` and `fixed("ID")`: one that the design under test has.
import type { Name } from "./ast.ts";
import { type CheckState, report, reportAt, suggest } from "./check_state.ts";

export function checkFix(state: CheckState, id: Name): void {
  const { design } = state.names;
  if (id.text === "" || !design || design.bugs.some((bug) => bug.id === id.text)) return;
  const other = state.vocabulary.designs.find((known) => known.bugs.some((bug) => bug.id === id.text));
  if (other) {
    reportAt(
      state,
      "fix-of-other-design",
      id,
      `\`${id.text}\` is a fix of the kernel \`${other.name}\`, not of \`${design.name}\`.`,
    );
    return;
  }
  const { hint, mend, otherMends } = suggest(state, id, () => design.bugs.map((bug) => bug.id));
  report(state, {
    code: "unknown-fix",
    start: id.start,
    end: id.end,
    message: `The kernel \`${design.name}\` has no fix \`${id.text}\`.${hint}`,
    mend,
    otherMends,
  });
}

// The id of a fix, in `unless fixed ID` and `fixed("ID")`: one that the design under test has.
import type { Name } from "./ast.ts";
import { type CheckState, reportAt, reportUnknown } from "./check_state.ts";

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
  reportUnknown(state, "unknown-fix", id, `The kernel \`${design.name}\` has no fix \`${id.text}\`.`, () =>
    design.bugs.map((bug) => bug.id),
  );
}

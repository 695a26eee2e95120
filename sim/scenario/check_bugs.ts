// Judges what a scenario says of bugs: of which kind, at which label, by which fix.
import type { Item, Name } from "./ast.ts";
import { checkFix } from "./check_fix.ts";
import { type CheckState, occurs, reportUnknown } from "./check_state.ts";

export function checkBugs(
  state: CheckState,
  item: Extract<Item, { kind: "expect-bug" | "expect-no-bug" | "allow" }>,
): void {
  if (item.kind === "expect-no-bug") return;
  for (const bug of item.kind === "allow" ? item.bugs : [item.bug]) checkBugKind(state, bug);
  if (item.kind === "allow") return;
  if (item.at) checkLabel(state, item.at);
  if (item.unlessFixed) checkFix(state, item.unlessFixed);
}

function checkBugKind(state: CheckState, bug: Name): void {
  if (bug.text === "" || state.names.bugKinds.has(bug.text)) return;
  reportUnknown(state, "unknown-bug-kind", bug, `There is no kind of bug \`${bug.text}\`.`, () =>
    state.names.bugKinds.keys(),
  );
}

function checkLabel(state: CheckState, name: Name): void {
  if (name.text === "") return;
  const label = state.labels.get(name.text);
  if (label) {
    occurs(state, label, name, "read");
    return;
  }
  reportUnknown(state, "unknown-label", name, `There is no label \`${name.text}\`.`, () => state.labels.keys());
}

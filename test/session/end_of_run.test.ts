// What is only found when a run is over stops it once each, whatever is looked at meanwhile.
import assert from "node:assert/strict";
import { openDebugSession } from "../../sim/session.ts";
import { realHost } from "../debug/real.ts";
import { answerOf, go } from "./answers.ts";

const program = "test/scenarios/bugs/hugetlb-share-count.mshare";
const kinds = ["accounting-mismatch", "page-table-leak", "refcount-leak"];

function opened() {
  const session = openDebugSession(realHost, { program });
  assert.ok(!("refused" in session));
  session.setExceptionFilters(kinds.map((filter) => ({ filter })));
  return session;
}

/** Continues to the end; what each stop on the way is about. */
function stopsOf(session: ReturnType<typeof opened>, look: () => void): string[] {
  const found: string[] = [];
  for (;;) {
    const { reason, exception } = go(session, { kind: "continue" });
    if (reason === "end") return found;
    assert.ok(found.length < 10, `${found}`);
    found.push(exception!.kind);
    look();
  }
}

describe("the end of a run", () => {
  it("stops at each report that is made then, once", () => {
    const session = opened();
    assert.deepEqual(stopsOf(session, () => {}).sort(), kinds);
    assert.equal(go(session, { kind: "continue" }).reason, "end");
  });

  it("does so while the reports are explained, and steps and writers are looked for", () => {
    const session = opened();
    const last: number[] = [];
    const found = stopsOf(session, () => {
      last.push(session.now);
      const before = session.bugs();
      assert.match(answerOf(session.explain()), /BUG: (page-table-leak|refcount-leak|accounting-mismatch)/);
      assert.ok(answerOf(session.steps(1, 20)).length === 20);
      assert.deepEqual(session.bugs(), before);
    });
    assert.deepEqual(found.sort(), kinds);
    assert.deepEqual(last.slice(1), [session.last, session.last]);
    assert.ok(session.bugs().every(({ count }) => count === 1));
  });

  it("comes again after a step back", () => {
    const session = opened();
    const [, first] = stopsOf(session, () => {});
    go(session, { kind: "stepBack", by: "instruction", thread: 1 });
    assert.ok(session.now < session.last);
    assert.equal(go(session, { kind: "continue" }).exception?.kind, first);
  });
});

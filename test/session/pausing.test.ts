// A pause may come between two statements: it goes on to where a stack can be shown.
import assert from "node:assert/strict";
import { openDebugSession } from "../../sim/session.ts";
import { answerOf, go } from "./answers.ts";

const loop = [
  "process a",
  "a: p = mmap(0, 4KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
  "repeat 100000000 {",
  "  a: load(p)",
  "}",
].join("\n");

describe("a pause", () => {
  for (const slice of [1, 2, 3, 5000, 5001, 5002]) {
    it(`after ${slice} steps of a loop says where the run stands`, () => {
      const session = openDebugSession({ read: () => loop }, { program: "test.mshare" });
      assert.ok(!("refused" in session));
      session.start({ kind: "continue" });
      assert.equal(session.advance(slice), undefined);
      assert.equal(session.advance(slice), undefined);
      const stop = session.pause();
      assert.equal(stop.reason, "pause");
      const [thread] = session.threads();
      const stack = answerOf(session.stack(thread!.id));
      assert.ok(stack.length > 0, `step ${session.now}`);
    });
  }

  it("where the next step stops the run anyway says that: going on would pass it", () => {
    const session = openDebugSession({ read: () => loop }, { program: "test.mshare" });
    assert.ok(!("refused" in session));
    const [status] = session.setStepBreakpoints([{ step: 10 }]);
    go(session, { kind: "goto", step: 9 });
    session.start({ kind: "goto", step: 1000 });
    const { reason, hit } = session.pause();
    assert.deepEqual([reason, hit, session.now], ["breakpoint", [status?.id], 10]);
  });
});

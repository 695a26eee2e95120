// Restarting a frame goes to where just that call began, also where its function is on the stack twice.
import assert from "node:assert/strict";
import type { DebugSession, Frame } from "../../sim/debugging.ts";
import { openDebugSession } from "../../sim/session.ts";
import { realHost } from "../debug/real.ts";
import { answerOf, go } from "./answers.ts";

function at(program: string, step: number): DebugSession {
  const session = openDebugSession(realHost, { program });
  assert.ok(!("refused" in session));
  go(session, { kind: "goto", step });
  return session;
}

const stack = (session: DebugSession): readonly Frame[] => answerOf(session.stack(session.current));
const names = (session: DebugSession) => stack(session).map(({ name }) => name);

/** Names of the thread's stacks at each step of it from one on, by steps that go forward. */
function walked(program: string, from: number, to: number): string[][] {
  const session = at(program, from);
  const thread = session.current;
  const found = [names(session)];
  while (session.now < to) {
    go(session, { kind: "step", how: "in", by: "instruction", thread });
    found.push(names(session));
  }
  return found;
}

describe("restarting a frame", function () {
  this.timeout(300_000);
  for (const [program, step, recursive] of [
    ["test/scenarios/bugs/ptshare-other-address.mshare", 187, "exit_mmap"],
    ["examples/msharefs-basics.mshare", 19, "handle_mm_fault"],
  ] as const)
    it(`of ${recursive} in itself, each time of the one that is asked for`, () => {
      const session = at(program, step);
      const thread = session.current;
      const before = stack(session);
      const depths = before.flatMap(({ name }, depth) => (name === recursive ? [depth] : []));
      assert.equal(depths.length, 2, before.map(({ name }) => name).join(" < "));
      const begins = depths.map((depth) => {
        go(session, { kind: "goto", step });
        const stop = go(session, { kind: "restart", thread, depth });
        assert.equal(stop.reason, "restart");
        const height = before.length - depth;
        // It is the first step that has the frame: the innermost function is this one or is called by it.
        assert.deepEqual(
          names(session).slice(-height),
          before.slice(-height).map(({ name }) => name),
        );
        const begin = session.now;
        for (const one of walked(program, begin, step))
          assert.deepEqual(
            one.slice(-height),
            before.slice(-height).map(({ name }) => name),
          );
        return { begin, height };
      });
      const [inner, outer] = begins as [(typeof begins)[0], (typeof begins)[0]];
      assert.ok(outer.begin <= inner.begin && inner.begin <= step);
      // The thread's step before has not got the frame.
      for (const { begin, height } of begins) {
        go(session, { kind: "goto", step: begin });
        go(session, { kind: "stepBack", by: "instruction", thread });
        assert.notDeepEqual(
          names(session).slice(-height),
          before.slice(-height).map(({ name }) => name),
        );
      }
    });

  it("of a function that the statement has called before from the same line", () => {
    const text = [
      "process a",
      "a: p = mmap(0, 64KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
      "a: touch(p, 64KiB, write)",
      "a: munmap(p, 64KiB)",
    ].join("\n");
    const session = openDebugSession({ ...realHost, read: () => text }, { program: "test.mshare" });
    assert.ok(!("refused" in session));
    session.setEventBreakpoints([{ text: "free_page", hitCondition: "5" }]);
    assert.equal(go(session, { kind: "continue" }).reason, "event");
    const step = session.now;
    const before = stack(session);
    assert.ok(before.length > 3, before.map(({ name }) => name).join(" < "));
    for (const depth of before.keys()) {
      go(session, { kind: "goto", step });
      go(session, { kind: "restart", thread: 1, depth });
      assert.ok(session.now <= step);
      assert.equal(stack(session).length >= before.length - depth, true, `${before[depth]?.name} at ${session.now}`);
    }
  });
});

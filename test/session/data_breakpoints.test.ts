// A data breakpoint stops where its place is written, and nowhere else: also on an entry whose page table is still empty.
import assert from "node:assert/strict";
import type { DebugSession, Goal, Stop } from "../../sim/debugging.ts";
import { openDebugSession } from "../../sim/session.ts";
import { answerOf } from "./answers.ts";

const text = [
  "process a",
  "a: q = mmap(4TiB, 1MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)",
  "a: p = mmap(2TiB, 1MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)",
  "a: store(q, 1)",
  "a: store(p, 1)",
  "a: munmap(p, 1MiB)",
].join("\n");

function go(session: DebugSession, goal: Goal): Stop {
  session.start(goal);
  for (;;) {
    const stop = session.advance(1000);
    if (stop) return stop;
  }
}

/** Stopped at the first store, with a data breakpoint on the top-level entry of 2 TiB. */
function watching(): DebugSession {
  const session = openDebugSession({ read: () => text }, { program: "test.mshare" });
  assert.ok(!("refused" in session));
  session.setLineBreakpoints("test.mshare", [{ line: 4 }]);
  go(session, { kind: "continue" });
  const entry = session.evaluate("pgd(a, 2TiB)", 1);
  assert.ok("dataId" in entry && entry.dataId !== undefined);
  assert.ok(session.setDataBreakpoints([{ dataId: entry.dataId }])[0].verified);
  return session;
}

const line = (session: DebugSession) => answerOf(session.stack(1)).at(-1)?.line;

describe("a data breakpoint on an entry of an empty page table", () => {
  it("stops at the write of that entry, not of another one", () => {
    const session = watching();
    const stop = go(session, { kind: "continue" });
    assert.deepEqual([stop.reason, line(session)], ["data", 5]);
  });

  it("stops there again on the way back, and when the run comes by once more", () => {
    const session = watching();
    const first = go(session, { kind: "continue" });
    const step = session.now;
    session.setLineBreakpoints("test.mshare", [{ line: 6 }]);
    go(session, { kind: "continue" });
    const back = go(session, { kind: "reverse" });
    assert.deepEqual([back.reason, session.now], ["data", step]);
    go(session, { kind: "goto", step: 1 });
    const again = go(session, { kind: "continue" });
    assert.deepEqual([again.reason, session.now], [first.reason, step]);
  });

  it("knows who wrote it", () => {
    const session = watching();
    go(session, { kind: "continue" });
    const entry = session.evaluate("pgd(a, 2TiB)", 1);
    assert.ok("dataId" in entry && entry.dataId !== undefined);
    const written = answerOf(session.who("wrote", entry.dataId));
    assert.ok("step" in written, JSON.stringify(written));
    assert.equal(written.step, session.now);
  });
});

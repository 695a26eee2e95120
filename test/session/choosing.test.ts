// Who does the next step, chosen by hand, also in the past.
import assert from "node:assert/strict";
import type { DebugSession, Goal, Stop } from "../../sim/debugging.ts";
import { openDebugSession } from "../../sim/session.ts";
import { answerOf } from "./answers.ts";

const text = [
  "process a on cpu 0",
  "process b on cpu 1",
  "parallel {",
  "  a: mmap(0, 4KiB, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
  "  b: mmap(0, 4KiB, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
  "}",
].join("\n");

function opened(): DebugSession {
  const session = openDebugSession({ read: () => text }, { program: "test.mshare", schedule: "[a*4, b]" });
  assert.ok(!("refused" in session));
  return session;
}

function go(session: DebugSession, goal: Goal): Stop {
  session.start(goal);
  for (;;) {
    const stop = session.advance(10_000);
    if (stop) return stop;
  }
}

const choose = (session: DebugSession, thread: number) =>
  go(session, { kind: "step", how: "in", by: "instruction", thread, alone: true });
const said = (session: DebugSession) => session.takeOutput().map((output) => output.text);
/** By whom each step was done. */
const doers = (session: DebugSession) =>
  answerOf(session.steps(1, session.last)).map((step) => step.text.split(":")[0]);

describe("a thread that is chosen", () => {
  it("in the past starts a new future, which is said once", () => {
    const session = opened();
    go(session, { kind: "goto", step: 10 });
    go(session, { kind: "goto", step: 2 });
    said(session);
    choose(session, 2);
    assert.deepEqual(said(session), ["A new future starts at step 2; steps 3 to 10 are forgotten."]);
    assert.deepEqual([session.now, session.last], [3, 3]);
    choose(session, 2);
    assert.deepEqual(said(session), []);
  });

  it("is the one that does the step, whoever was chosen there before", () => {
    const session = opened();
    go(session, { kind: "goto", step: 2 });
    choose(session, 2);
    go(session, { kind: "goto", step: 2 });
    choose(session, 1);
    assert.deepEqual(doers(session), ["a", "a", "a"]);
  });

  it("does not do the steps of others when they are done once more to look at them", () => {
    const session = opened();
    go(session, { kind: "goto", step: 7 });
    const before = doers(session);
    assert.deepEqual(new Set(before), new Set(["a", "b"]));
    choose(session, 1);
    assert.deepEqual(doers(session), [...before, "a"]);
    assert.deepEqual([session.now, session.last], [8, 8]);
  });
});

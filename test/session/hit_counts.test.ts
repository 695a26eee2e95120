// Hit counts in the time of the run: the third time is the same moment from whichever side one comes to it.
import assert from "node:assert/strict";
import type { DebugSession, Stop } from "../../sim/debugging.ts";
import { openDebugSession } from "../../sim/session.ts";
import { go } from "./answers.ts";

/** Eight stores, each the first to its page: eight page faults. */
const text = [
  "process a",
  "a: p = mmap(0, 64KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
  "repeat 8 as i { a: store(p + i * 4096, i) }",
  "a: munmap(p, 64KiB)",
].join("\n");

const file = "test.mshare";

function opened(historyMiB = 512): DebugSession {
  const session = openDebugSession({ read: () => text }, { program: file, historyMiB });
  assert.ok(!("refused" in session), JSON.stringify(session));
  return session;
}

const faults = (session: DebugSession, hitCondition?: string) =>
  session.setEventBreakpoints([{ text: "page fault", ...(hitCondition && { hitCondition }) }]);
const nth = ({ description, reason }: Stop) => /\(hit (\d+)\)/.exec(description)?.[1] ?? reason;
const onward = (session: DebugSession) => nth(go(session, { kind: "continue" }));
const back = (session: DebugSession) => nth(go(session, { kind: "reverse" }));

/** The steps of all page faults. */
function stepsOf(session: DebugSession): number[] {
  faults(session);
  const steps: number[] = [];
  while (go(session, { kind: "continue" }).reason !== "end") steps.push(session.now);
  go(session, { kind: "goto", step: 0 });
  faults(session, ">= 1");
  return steps;
}

describe("hit counts when going back", () => {
  it("say the same of a moment on the way there and on the way back", () => {
    const session = opened();
    faults(session, "% 3");
    const there = [onward(session), onward(session), onward(session)];
    assert.deepEqual(there, ["3", "6", "end"]);
    assert.deepEqual([back(session), back(session), back(session)], ["6", "3", "entry"]);
    assert.deepEqual([onward(session), onward(session)], ["3", "6"]);
  });

  it("say it also where the breakpoint was set later: in the middle, at the end, in the past", () => {
    const session = opened();
    const at = stepsOf(session);
    assert.equal(at.length, 8);
    go(session, { kind: "goto", step: at[4]! });
    faults(session, ">= 2");
    assert.equal(onward(session), "6");
    assert.equal(back(session), "5");
    const late = opened();
    go(late, { kind: "continue" });
    faults(late, "5");
    assert.deepEqual([back(late), late.now, back(late)], ["5", at[4], "entry"]);
  });

  it("go on where they were when other breakpoints are set anew", () => {
    const session = opened();
    const lines = (...more: number[]) =>
      session.setLineBreakpoints(file, [{ line: 3, hitCondition: ">= 1" }, ...more.map((line) => ({ line }))]);
    lines();
    assert.deepEqual([onward(session), onward(session)], ["1", "2"]);
    lines(4);
    assert.equal(onward(session), "3");
  });

  it("do not count a future that was given up", () => {
    const session = opened();
    const at = stepsOf(session);
    go(session, { kind: "goto", step: at[7]! });
    go(session, { kind: "goto", step: at[2]! + 1 });
    const field = session.evaluate("mm(a).map_count", 1);
    assert.ok("dataId" in field && field.dataId);
    // What is written is what was there: the same happens again, but at other steps it might not.
    session.write(field.dataId, field.value);
    assert.deepEqual([onward(session), session.now], ["4", at[3]]);
    faults(session, ">= 5");
    assert.deepEqual([onward(session), session.now], ["5", at[4]]);
  });

  it("count what was passed unseen on the way to a line", () => {
    const session = opened();
    faults(session, "% 100");
    const until = { file, line: 4, text: "line 4", onTheWay: "pass" } as const;
    assert.equal(go(session, { kind: "continue", until }).reason, "goto");
    faults(session, "8");
    assert.equal(back(session), "8");
  });

  it("leave the run where it was when one pauses while they are counted", () => {
    const session = opened();
    const at = stepsOf(session);
    go(session, { kind: "goto", step: at[6]! });
    faults(session, "8");
    session.start({ kind: "continue" });
    assert.equal(session.advance(1), undefined);
    session.pause();
    assert.equal(session.now, at[6]);
    assert.equal(onward(session), "8");
  });

  it("are known in a run that keeps no history, too", () => {
    const session = opened(0);
    stepsOf(session);
    go(session, { kind: "continue" });
    faults(session, "2");
    go(session, { kind: "goto", step: 0 });
    assert.equal(onward(session), "2");
  });
});

// How often lines were begun is known for every moment, whichever way the run has come there.
import assert from "node:assert/strict";
import { createLineCounts, MOST_BEGUN } from "../../sim/session/line_counts.ts";
import { openDebugSession } from "../../sim/session.ts";
import { realHost } from "../debug/real.ts";
import { go } from "./answers.ts";

const text = [
  "process a",
  "a: p = mmap(0, 16KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
  "repeat 4 as i {",
  "  a: store(p + 4096 * i, i)",
  "}",
  "repeat 0 {",
  "  a: load(p)",
  "}",
  "a: munmap(p, 16KiB)",
].join("\n");

function open() {
  const session = openDebugSession({ ...realHost, read: () => text }, { program: "test.mshare" });
  assert.ok(!("refused" in session));
  const counts = () => session.lineCounts().map(({ line, times }) => [line, times]);
  return { session, counts };
}

describe("how often lines were begun", function () {
  this.timeout(60_000);

  it("is counted up to now, also in the past and once more", () => {
    const { session, counts } = open();
    session.setLineBreakpoints("test.mshare", [{ line: 4 }]);
    for (let time = 1; time <= 3; time++) {
      assert.equal(go(session, { kind: "continue" }).reason, "breakpoint");
      assert.deepEqual(counts(), [
        [2, 1],
        [4, time],
        [7, 0],
        [9, 0],
      ]);
    }
    const { now } = session;
    go(session, { kind: "goto", step: now - 1 });
    assert.deepEqual(counts()[1], [4, 2]);
    go(session, { kind: "continue" });
    assert.deepEqual(counts()[1], [4, 3]);
  });

  it("says at the end what was never reached", () => {
    const { session, counts } = open();
    assert.equal(go(session, { kind: "continue" }).reason, "end");
    assert.deepEqual(counts(), [
      [2, 1],
      [4, 4],
      [7, 0],
      [9, 1],
    ]);
  });

  it("is another in another future", () => {
    const lines = createLineCounts();
    for (const step of [3, 5, 9]) lines.begun("a", 1, step);
    assert.deepEqual(
      [2, 3, 8, 9].map((step) => lines.upTo("a", 1, step)),
      [0, 1, 2, 3],
    );
    lines.forgetAfter(5);
    assert.equal(lines.upTo("a", 1, 9), 2);
  });

  it("fills no memory in a loop of millions", () => {
    const lines = createLineCounts();
    for (let step = 1; step <= MOST_BEGUN + 5; step++) lines.begun("a", 1, step);
    assert.equal(lines.upTo("a", 1, Number.POSITIVE_INFINITY), MOST_BEGUN);
  });
});

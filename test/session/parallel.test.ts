// Blocks of statements that interleave: each is done once, and what comes after waits for all of them.
import assert from "node:assert/strict";
import { openRun } from "../../sim/session/open_run.ts";

function statements(text: string): string[] {
  const run = openRun({ read: () => text }, { program: "test.mshare" });
  assert.ok(!("refused" in run), JSON.stringify(run));
  while (!run.advance(1_000_000));
  return run.report().statements.map(({ line, actor, result }) => `${line} ${actor} ${result}`);
}

describe("after a parallel block", () => {
  it("the statements of its actors are done once, after all parts have ended", () => {
    const text = [
      "process a on cpu 0",
      "process b on cpu 1",
      "a: p = mmap(0, 1MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
      "b: p = mmap(0, 1MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
      "parallel {",
      "  a: store(p, 1)",
      "  b { store(p, 2)  store(p, 3) }",
      "}",
      "a: store(p, 4)",
      "repeat 2 as i { b: store(p + i * 8, 5 + i) }",
    ].join("\n");
    assert.deepEqual(statements(text).slice(2), ["6 a 1", "7 b 2", "7 b 3", "9 a 4", "10 b 5", "10 b 6"]);
  });
});

// A stop at an expectation that does not hold: where it stands, which part of it is to blame, and with which values.
import assert from "node:assert/strict";
import type { DebugSession, Stop } from "../../sim/debugging.ts";
import { openDebugSession } from "../../sim/session.ts";
import { answerOf, go } from "./answers.ts";

const text = (expectation: string) => `process a on cpu 0
a: p = mmap(0, 16KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
a: store(p, 1)
${expectation}
a: load(p)`;

function failing(expectation: string): { readonly session: DebugSession; readonly stop: Stop } {
  const session = openDebugSession({ read: () => text(expectation) }, { program: "test.mshare" });
  assert.ok(!("refused" in session), JSON.stringify(session));
  session.setExceptionFilters([{ filter: "expectation" }]);
  return { session, stop: go(session, { kind: "continue" }) };
}

const whys: readonly (readonly [string, string])[] = [
  ["expect status(a).VmRSS == 8KiB", "4096 == 8192 is false"],
  ["expect !(mm(a).map_count == 1)", "it is false"],
  ["expect mm(a).map_count == 1 && status(a).VmRSS == 8KiB", "status(a).VmRSS == 8KiB: 4096 == 8192 is false"],
  ["expect (mm(a).map_count == 2) && status(a).VmRSS == 8KiB", "mm(a).map_count == 2: 1 == 2 is false"],
  [
    "expect mm(a).map_count > 2 || (mm(a).map_count == 1 && a.p  ==  0)",
    "mm(a).map_count > 2: 1 > 2 is false, and a.p == 0: 0x7ffff7ffb000 == 0 is false",
  ],
  ["expect mm(a).map_count == 1 && !pte(a, a.p).present", "!pte(a, a.p).present: it is false"],
];

describe("a failed expectation", () => {
  for (const [expectation, why] of whys) {
    it(`${expectation}: ${why}`, () => {
      const { stop } = failing(expectation);
      assert.equal(stop.reason, "exception");
      assert.ok(stop.description.endsWith(`: ${why}`), stop.description);
    });
  }

  it("is where the stack says: the run has gone on to the next statement", () => {
    const { session } = failing("expect mm(a).map_count == 2");
    const places = answerOf(session.stack(1)).map(({ name, file, line }) => [name, file, line]);
    assert.deepEqual(places, [
      ["expect", "test.mshare", 4],
      ["a", "test.mshare", 5],
    ]);
    go(session, { kind: "step", how: "over", by: "statement", thread: 1 });
    assert.ok(!answerOf(session.stack(1)).some(({ name }) => name === "expect"), "only while it stands there");
  });

  it("of a statement's result too", () => {
    const { session, stop } = failing("a: load(p) == 7");
    assert.match(stop.description, /^line 4: a: load: it gave 1, not == 7/);
    assert.deepEqual(
      answerOf(session.stack(1)).map(({ name, line }) => [name, line]),
      [
        ["a: load", 4],
        ["a", 5],
      ],
    );
  });
});

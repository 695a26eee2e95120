// Breakpoints that stop before their step: one step earlier than the others, on the way there and on the way back.
import assert from "node:assert/strict";
import type { DebugSession } from "../../sim/debugging.ts";
import { openDebugSession } from "../../sim/session.ts";
import { answerOf, go } from "./answers.ts";

const text = [
  "process a on cpu 0",
  "process b on cpu 1",
  "a: p = mmap(0, 16KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
  "repeat 4 as i { a: store(p + i * 4096, i) }",
  "a: munmap(p, 16KiB)",
  "a: load(p) faults SIGSEGV",
].join("\n");

function opened(historyMiB = 512): DebugSession {
  const session = openDebugSession({ read: () => text }, { program: "test.mshare", historyMiB });
  assert.ok(!("refused" in session), JSON.stringify(session));
  return session;
}

const entries = (session: DebugSession) => go(session, { kind: "goto", step: 0 });

/** Steps at which a run stops, forward to its end and backward to its beginning. */
function both(session: DebugSession): { readonly forward: number[]; readonly back: number[] } {
  const forward: number[] = [];
  entries(session);
  while (go(session, { kind: "continue" }).reason !== "end") forward.push(session.now);
  const back: number[] = [];
  while (go(session, { kind: "reverse" }).reason !== "entry") back.push(session.now);
  return { forward, back: back.reverse() };
}

type Set = (session: DebugSession, when: string) => unknown;

const kinds: readonly (readonly [string, number, Set])[] = [
  ["events", 4, (session, when) => session.setEventBreakpoints([{ text: "set_pte if entry != 0", when }])],
  ["functions", 4, (session, when) => session.setEventBreakpoints([{ text: "do_anonymous_page", when }])],
  ["signals", 1, (session, when) => session.setExceptionFilters([{ filter: "signal", when }])],
  ["steps", 1, (session, when) => session.setStepBreakpoints([{ step: 9, when }])],
  [
    "data",
    8,
    (session, when) => {
      const node = session.evaluate("mm(a).rss_anon", 1);
      assert.ok("dataId" in node && node.dataId !== undefined);
      return session.setDataBreakpoints([{ dataId: node.dataId, when }]);
    },
  ],
];

describe("a breakpoint that stops before its step", () => {
  for (const [name, least, set] of kinds) {
    it(`${name}: one step earlier, both ways`, () => {
      const after = opened();
      set(after, "after");
      const at = both(after);
      assert.ok(at.forward.length >= Math.min(least, 5), `${at.forward.length} stops`);
      assert.deepEqual(at.back, at.forward);
      const before = opened();
      set(before, "before");
      const earlier = at.forward.map((step) => step - 1);
      assert.deepEqual(both(before), { forward: earlier, back: earlier });
    });
  }

  it("shows the state as it was, and says what comes", () => {
    const session = opened();
    kinds.at(-1)![2](session, "before");
    const stop = go(session, { kind: "continue" });
    assert.match(
      stop.description,
      /^before rss_anon of mm of a: 0 → 1 \(4 KiB\) \(.*\): step \d+ of \d+, in the past$/,
    );
    const value = () => {
      const node = session.evaluate("mm(a).rss_anon", 1);
      return "value" in node ? node.value : node.error;
    };
    assert.equal(value(), "0");
    go(session, { kind: "step", how: "in", by: "instruction", thread: 1 });
    assert.equal(value(), "1");
    // On the way back one is before that step again.
    assert.deepEqual([go(session, { kind: "reverse" }).description, value()], [stop.description, "0"]);
  });

  it("and one that stops behind the same step both stop, one after the other", () => {
    const session = opened();
    const event = { text: "page fault", hitCondition: "2" };
    const [early, late] = session.setEventBreakpoints([{ ...event, when: "before" }, event]);
    const first = go(session, { kind: "continue" });
    const second = go(session, { kind: "continue" });
    assert.deepEqual([first.hit, second.hit], [[early!.id], [late!.id]]);
    assert.equal(go(session, { kind: "continue" }).reason, "end");
    assert.deepEqual(
      [go(session, { kind: "reverse" }).hit, go(session, { kind: "reverse" }).hit],
      [[late!.id], [early!.id]],
    );
  });

  it("of a report: the report is there to be read", () => {
    const session = opened();
    session.setExceptionFilters([{ filter: "signal", when: "before" }]);
    const { reason, description, exception } = go(session, { kind: "continue" });
    assert.equal(reason, "exception");
    assert.match(description, /^before signal: a gets SIGSEGV/);
    assert.equal(exception?.kind, "signal");
    assert.match(answerOf(session.explain()), /SIGSEGV/);
  });

  it("of a statement is the same: it stops before that begins either way", () => {
    const session = opened();
    session.setLineBreakpoints("test.mshare", [{ line: 5, when: "before" }]);
    assert.equal(go(session, { kind: "continue" }).description, "line 5: a: munmap(p, 16KiB)");
  });

  it("takes the history, and a mode that there is", () => {
    const [without] = opened(0).setEventBreakpoints([{ text: "page fault", when: "before" }]);
    assert.deepEqual([without?.verified, /takes the history/.test(without?.message ?? "")], [false, true]);
    const [unknown] = opened().setEventBreakpoints([{ text: "page fault", when: "sometimes" }]);
    assert.equal(unknown?.message, "mode: `sometimes` is none; `after` and `before` are");
  });
});

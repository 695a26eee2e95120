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

/** What a stop is about: its thread's name, the innermost place there, what is told. */
interface Told {
  readonly step: number;
  readonly thread: string;
  readonly at: string;
  readonly description: string;
}

describe("a failed expectation is told of who it is about, whoever goes on after it", () => {
  const two = [
    "machine { cpus: 2 }",
    "process a on cpu 0",
    "process b on cpu 1",
    "a: p = mmap(0, 16KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
    "b: p = mmap(0, 16KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
  ];

  function open(lines: readonly string[], condition?: string): DebugSession {
    const session = openDebugSession({ read: () => lines.join("\n") }, { program: "test.mshare" });
    assert.ok(!("refused" in session), JSON.stringify(session));
    const [status] = session.setExceptionFilters([{ filter: "expectation", ...(condition && { condition }) }]);
    assert.equal(status?.message, undefined);
    return session;
  }

  /** Undefined: the stop is about no failed expectation. */
  function told(session: DebugSession, { exception, thread, description }: Stop): Told | undefined {
    if (exception?.kind !== "expectation") return undefined;
    const [innermost] = answerOf(session.stack(thread));
    const { name = "nobody" } = session.threads().find(({ id }) => id === thread) ?? {};
    const text = description.replace(/: step \d+ of \d+, in the past$/, "");
    return { step: session.now, thread: name, at: `${innermost?.name} ${innermost?.line}`, description: text };
  }

  /** All stops of a run, in the order in which they come. */
  function stopsOf(session: DebugSession, kind: "continue" | "reverse"): Told[] {
    const all: Told[] = [];
    for (;;) {
      const one = told(session, go(session, { kind }));
      if (!one) return all;
      all.push(one);
    }
  }

  const cases: readonly (readonly [string, readonly string[], readonly (readonly [string, string])[]])[] = [
    ["a statement", [...two, "a: load(p) == 7", "b: store(p, 1)"], [["cpu0: a", "a: load 6"]]],
    [
      "a statement that does not fail",
      [...two, "a: mprotect(p, 16KiB, PROT_READ) fails EINVAL", "b: load(p)"],
      [["cpu0: a", "a: mprotect 6"]],
    ],
    [
      "a statement that does not fault",
      [...two, "b: load(p) faults SIGSEGV", "a: load(p)"],
      [["cpu1: b", "b: load 6"]],
    ],
    ["the last statement", [...two, "a: store(p, 1)", "b: load(p) == 7"], [["cpu1: b", "b: load 7"]]],
    [
      "an expectation between two",
      [...two, "b: store(p, 1)", "expect 1 == 2", "a: load(p)"],
      [["cpu1: b", "expect 7"]],
    ],
    ["the last expectation", [...two, "b: store(p, 1)", "expect 1 == 2"], [["cpu1: b", "expect 7"]]],
    ["the first line", [...two.slice(0, 3), "expect 1 == 2", two[4]!], [["cpu0: a", "expect 4"]]],
    [
      "two in a row, and a third",
      [...two, "b: load(p) == 7", "expect 1 == 2", "expect 2 == 3", "a: load(p) == 8", "b: load(p)"],
      [
        ["cpu1: b", "b: load 6"],
        ["cpu0: a", "a: load 9"],
      ],
    ],
    [
      "each part of a parallel block, and what is expected of it",
      [...two, "parallel {", "  a: load(p) == 7", "  b: load(p) == 8", "}", "expect 1 == 2", "a: load(p)"],
      [
        ["cpu0: a", "a: load 7"],
        ["cpu1: b", "b: load 8"],
      ],
    ],
  ];
  for (const [what, lines, wanted] of cases) {
    it(`${what}: on the way there, on the way back, and once more`, () => {
      const session = open(lines);
      const there = stopsOf(session, "continue");
      assert.deepEqual(
        there.map(({ thread, at }) => [thread, at]),
        wanted.map((one) => [...one]),
      );
      assert.deepEqual(stopsOf(session, "reverse"), there.toReversed());
      assert.equal(session.now, 0);
      assert.deepEqual(stopsOf(session, "continue"), there);
      for (const { step } of there) {
        go(session, { kind: "goto", step: step - 1 });
        assert.equal(told(session, go(session, { kind: "continue" }))?.step, step);
      }
    });
  }

  it("wherever the run is held up: after each step, before the next one, and where a checkpoint is", () => {
    const lines = [...two, "a: store(p, 1)", "b: load(p) == 7", "expect 1 == 2"];
    const [wanted] = stopsOf(open(lines), "continue");
    const session = open(lines);
    session.start({ kind: "continue" });
    let stop: Stop | undefined;
    while (!stop) stop = session.advance(1);
    assert.deepEqual(told(session, stop), wanted);
    // Between the two a pause leaves a checkpoint.
    go(session, { kind: "goto", step: wanted!.step - 1 });
    session.start({ kind: "continue" });
    assert.deepEqual(told(session, session.pause()), wanted);
    assert.equal(go(session, { kind: "continue" }).reason, "end");
    assert.deepEqual(told(session, go(session, { kind: "reverse" })), wanted);
  });

  it("a step from there shows the statement that the run has gone on to, the next step the one after it", () => {
    for (const how of ["over", "in", "out"] as const) {
      const session = open([...two, "a: load(p) == 7", "b: store(p, 1)", "expect 1 == 2", "b: load(p)", "a: load(p)"]);
      const shown: (string | number | undefined)[][] = [];
      const step = (thread: number, how: "over" | "in" | "out") => {
        const stop = go(session, { kind: "step", how, by: "statement", thread });
        shown.push([stop.reason, answerOf(session.stack(stop.thread))[0]?.line]);
        return stop;
      };
      const first = go(session, { kind: "continue" });
      assert.equal(told(session, first)?.at, "a: load 6");
      const { now } = session;
      const second = step(first.thread, how);
      assert.equal(session.now, now);
      const third = step(second.thread, "over");
      step(third.thread, how);
      const wanted = [
        ["step", 7],
        ["exception", 8],
        ["step", 9],
      ];
      assert.deepEqual(shown, wanted, how);
    }
  });

  describe("and its filter's condition is about that one, too", () => {
    const lines = [
      ...two,
      "a: store(p, 1)",
      "a: munmap(p, 4096)",
      "a: mine = load(p + 4096)",
      "a: load(p + 4096) == 7",
      "b: mine = mmap(0, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
      "expect 1 == 2",
      "a: load(p + 4096)",
    ];
    const conditions: readonly (readonly [string, readonly string[]])[] = [
      ['task.comm == "a"', ["cpu0: a"]],
      ['task.comm == "b"', ["cpu1: b"]],
      ["task == a", ["cpu0: a"]],
      ["cpu == 0", ["cpu0: a"]],
      ["cpu == 1", ["cpu1: b"]],
      ["mine == 0", ["cpu0: a"]],
      ["mine > 0", ["cpu1: b"]],
      // The event is the next step's: it has begun a statement in another line.
      ["line > 0", []],
    ];
    for (const [condition, threads] of conditions) {
      it(condition, () => {
        const session = open(lines, condition);
        const there = stopsOf(session, "continue");
        assert.deepEqual(
          there.map(({ thread }) => thread),
          threads,
        );
        assert.deepEqual(stopsOf(session, "reverse"), there.toReversed());
      });
    }
  });
});

// Reports of what threads of the kernel do in the background: a callback of RCU works for the statement that had it queued.
import assert from "node:assert/strict";
import type { DebugSession, FoundBug } from "../../sim/debugging.ts";
import { explorationText } from "../../sim/session/exploration_text.ts";
import { reportText } from "../../sim/session/summary.ts";
import { openDebugSession } from "../../sim/session.ts";
import { answerOf, go } from "./answers.ts";

const ANONYMOUS = "PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0";

function open(text: string, options: { readonly schedule?: string } = {}) {
  const session = openDebugSession({ read: () => text }, { program: "test.mshare", ...options });
  assert.ok(!("refused" in session), JSON.stringify(session));
  return session;
}

/** Where the page table of a process's variable `p` is. */
function tableOf(session: DebugSession, name: string): string {
  const node = session.evaluate(`pmd(${name}, ${name}.p)`, 1);
  assert.ok("object" in node && node.object !== undefined, JSON.stringify(node));
  return node.object;
}

describe("a report in a callback of RCU", () => {
  const text = `machine { cpus: 2, memory: 64MiB }
process a on cpu 0
a: p = mmap(0, 2MiB, ${ANONYMOUS})
a: touch(p, 4KiB, write)
label cut
a: munmap(p, 2MiB)
label later
a: q = mmap(0, 2MiB, ${ANONYMOUS})
expect bug refcount-underflow at cut
expect bug refcount-underflow at later
`;

  /** Stopped where the callback drops a reference that was taken away by hand. */
  function stopped() {
    const session = open(text);
    session.setLineBreakpoints("test.mshare", [{ line: 6 }]);
    session.setExceptionFilters([{ filter: "refcount-underflow" }]);
    go(session, { kind: "continue" });
    const written = session.write(`${tableOf(session, "a")}/refcount`, "0");
    assert.ok(!("error" in written), JSON.stringify(written));
    assert.equal(go(session, { kind: "continue" }).exception?.kind, "refcount-underflow");
    return session;
  }

  it("is of the statement that had the callback queued, wherever it is shown", () => {
    const session = stopped();
    const [{ task, file, line }] = session.bugs() as readonly [FoundBug];
    assert.deepEqual([task, file, line], ["rcu_preempt", "test.mshare", 6]);
    const explained = answerOf(session.explain());
    assert.match(explained, /^At: in the background, for test\.mshare:6: a: munmap\(p, 2MiB\)$/m);
    assert.match(explained, /^ step \d+, rcu_preempt, line 6: free_table: /m);
    const report = session.report();
    assert.deepEqual(
      report.bugs.map(({ task, line }) => [task, line]),
      [["rcu_preempt", 6]],
    );
    assert.match(reportText(report, "plain"), /, rcu_preempt on CPU 0, in the background, for test\.mshare:6$/m);
  });

  it("is found at the label of that statement", () => {
    const session = stopped();
    while (go(session, { kind: "continue" }).reason !== "end");
    const judged = session.report().expectations.map(({ ok, problem }) => [ok, problem]);
    assert.deepEqual(judged, [
      [true, undefined],
      [false, "found in line 6"],
    ]);
  });

  it("is of each its own statement, where callbacks of several wait for the same grace period", () => {
    const both = `machine { cpus: 2, memory: 64MiB }
process a on cpu 0
process b on cpu 1
a: p = mmap(0, 2MiB, ${ANONYMOUS})
b: p = mmap(0, 2MiB, ${ANONYMOUS})
a: touch(p, 4KiB, write)
b: touch(p, 4KiB, write)
parallel {
  a: munmap(p, 2MiB)
  b: munmap(p, 2MiB)
}
a: exit(0)
`;
    const session = open(both, { schedule: "[b, a]" });
    session.setLineBreakpoints("test.mshare", [{ line: 10 }]);
    go(session, { kind: "continue" });
    const tables = ["a", "b"].map((name) => tableOf(session, name));
    session.setLineBreakpoints("test.mshare", [{ line: 12 }]);
    for (const way of ["there", "back and there again"]) {
      go(session, { kind: "continue" });
      const freed = tables.map((table) => answerOf(session.who("freed", table)));
      const by = freed.map((deed) => ("step" in deed ? `${deed.task} line ${deed.line}` : deed));
      assert.deepEqual(by, ["rcu_preempt line 9", "rcu_preempt line 10"], way);
      go(session, { kind: "goto", step: 60 });
    }
  });
});

describe("a report in the background for no statement", () => {
  const nowhere = { file: "test.mshare", line: 0 };
  const found = {
    kind: "unexpected",
    what: "use-after-free",
    message: "",
    times: 1,
    preemptions: 0,
    schedule: undefined,
  };

  it("says so in the text of a search, and no line 0", () => {
    const discoveries = [
      { ...found, ...nowhere, task: "kswapd0" },
      { ...found, ...nowhere, task: "kernel" },
      { ...found, ...nowhere, line: 3, task: "kswapd0" },
    ] as const;
    const report = {
      ...{ file: "test.mshare", kernel: "linux", options: {}, fixes: [], verdict: "fail", schedules: 1, pruned: 0 },
      ...{ complete: true, waiting: 0, steps: 1, schedule: undefined, discoveries, missed: [] },
    } as const;
    const places = explorationText(report as never, "plain", undefined).match(/^ {4}(in|at|test).*(?=, in 1 of 1)/gm);
    assert.deepEqual(places, [
      "    in the background",
      "    at the end of the run",
      "    in the background, for test.mshare:3",
    ]);
  });
});

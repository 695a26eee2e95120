// What a jump does once more is bounded, however long the recording is. Counted in steps, not in time.
import assert from "node:assert/strict";
import { traceAccesses } from "../../sim/core/struct.ts";
import type { DebugSession, Goal } from "../../sim/debugging.ts";
import { openDebugSession } from "../../sim/session.ts";
import { go } from "./answers.ts";
import { loadText } from "./load_text.ts";

const text = (rounds: number) => `process a on cpu 0
process b on cpu 1
a: p = mmap(0, 4MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
b: p = mmap(0, 4MiB, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
repeat ${rounds} as i {
  a: store(p + (i % 512) * 4KiB, i)
  b: store(p + (i % 512) * 4KiB, i)
  a: madvise(p + (i % 512) * 4KiB, 4KiB, MADV_DONTNEED)
}`;

/** Accesses to the store while `work` is done: by whatever does steps. */
function accesses(work: () => void): number {
  let count = 0;
  const counted = () => void count++;
  traceAccesses({ read: counted, write: counted, readAll: counted, free() {} });
  try {
    work();
  } finally {
    traceAccesses(null);
  }
  return count;
}

/** Steps between checkpoints, and the longest call beside them. */
const MOST = 2_000 + 200;

/** Runs to where the goal is reached; how many slices of `steps` that took. */
function slices(session: DebugSession, goal: Goal, steps: number): number {
  session.start(goal);
  for (let count = 1; ; count++) if (session.advance(steps)) return count;
}

describe("a jump", function () {
  this.timeout(300_000);

  it("does a bounded number of steps once more, also after many jumps", () => {
    const { run } = loadText(text(2_000));
    while (run.forward(Number.POSITIVE_INFINITY, 10_000) !== "done");
    // Where all processes exit are the longest calls.
    const to = run.last - 3_000;
    assert.ok(to > 10 * MOST, `${to} steps`);
    for (let i = 1; i <= 200; i++) {
      const step = 1 + ((i * 7_919) % to);
      assert.ok(run.distance(step) <= MOST, `step ${step}: ${run.distance(step)}`);
      run.goto(step);
      assert.equal(run.machine.step, step);
    }
  });

  it("thins out checkpoints that jumps have left before it makes the others rarer", () => {
    const { run } = loadText(text(300), { historyMiB: 6 });
    while (run.forward(Number.POSITIVE_INFINITY, 10_000) !== "done");
    const { interval, count } = run.recording;
    for (let step = 40; step < run.last; step += 40) run.goto(step);
    assert.equal(run.recording.interval, interval);
    assert.ok(run.recording.count >= count - 1, `${run.recording.count} of ${count}`);
    assert.ok(run.recording.bytes <= 6 * 2 ** 20);
  });

  it("to a step that is not recorded begins where the recording ends", () => {
    const session = openDebugSession({ read: () => text(600) }, { program: "test.mshare" });
    assert.ok(!("refused" in session));
    const first = slices(session, { kind: "goto", step: 1_000_000 }, 1_000);
    assert.ok(first > 12, `${first} slices`);
    assert.ok(session.last > 8_000, `${session.last} steps`);
    slices(session, { kind: "goto", step: 1 }, 1_000);
    assert.equal(session.now, 1);
    const again = slices(session, { kind: "goto", step: 1_000_000 }, 1_000);
    assert.equal(session.now, 1, "there is no such step: it is where it was");
    assert.ok(again <= 3, `${again} slices`);
  });

  it("back inside a long call does little of it once more", () => {
    const session = openDebugSession(
      {
        read: () => `process a
a: p = mmap(0, 16MiB, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS|MAP_POPULATE, -1, 0)
a: munmap(p, 16MiB)`,
      },
      { program: "test.mshare" },
    );
    assert.ok(!("refused" in session));
    session.setLineBreakpoints("test.mshare", [{ line: 3 }]);
    go(session, { kind: "continue" });
    const call = session.now;
    const there = accesses(() => go(session, { kind: "goto", step: call + 20_000 }));
    for (let n = 1; n <= 3; n++) {
      const back = accesses(() => go(session, { kind: "stepBack", by: "instruction", thread: 1 }));
      assert.equal(session.now, call + 20_000 - n);
      assert.ok(back < there / 5, `${back} accesses for step ${n} back, ${there} for the way there`);
    }
    for (const step of [call + 12_345, call + 500, call + 19_999]) {
      const jump = accesses(() => go(session, { kind: "goto", step }));
      assert.equal(session.now, step);
      assert.ok(jump < there / 5, `${jump} accesses to step ${step}, ${there} for the way there`);
    }
  });
});

// The memory of a recording is bounded by a setting; what is kept is enough to go anywhere.
import assert from "node:assert/strict";
import type { MachineSnapshot } from "../../sim/core/machine.ts";
import type { Recording } from "../../sim/core/recording.ts";
import type { DebugSession } from "../../sim/debugging.ts";
import { openDebugSession } from "../../sim/session.ts";
import { answerOf, go } from "./answers.ts";
import { loadText } from "./load_text.ts";

const text = `machine { memory: 256MiB }
process a
a: p = mmap(0, 32MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
repeat 400 as i {
  a: touch(p + (i % 30) * 1MiB, 1MiB, write)
  a: madvise(p + (i % 7) * 2MiB, 1MiB, MADV_DONTNEED)
  a: store(p + i, i)
}`;

function checkpoints(recording: Recording, last: number): MachineSnapshot[] {
  const found: MachineSnapshot[] = [];
  for (let step = last + 1; ; ) {
    const snapshot = recording.before(step);
    if (snapshot === found.at(-1)) return found;
    found.push(snapshot);
    step = snapshot.step;
  }
}

/** Bytes of all numbers and values that snapshots hold, each counted once. */
function held(snapshots: readonly MachineSnapshot[]): number {
  const bytes = new Map<unknown, number>();
  for (const { store } of snapshots) {
    for (const { chunks, values } of store.storages) {
      for (const chunk of chunks) bytes.set(chunk, chunk.byteLength);
      for (const list of values) bytes.set(list, 8 * list.length);
    }
  }
  return [...bytes.values()].reduce((sum, n) => sum + n, 0);
}

describe("a recording", function () {
  this.timeout(300_000);

  it("holds no more than it may, beside one state, and goes to every step all the same", () => {
    const free = loadText(text);
    while (free.run.forward(Number.POSITIVE_INFINITY, 1_000) !== "done");
    const { last } = free.run;
    for (const historyMiB of [1, 4]) {
      const bounded = loadText(text, { historyMiB });
      while (bounded.run.forward(Number.POSITIVE_INFINITY, 1_000) !== "done");
      const kept = checkpoints(bounded.run.recording, last);
      assert.ok(kept.length < free.run.recording.count, `${kept.length} checkpoints`);
      const beside = held(kept) - held(kept.slice(0, 1));
      assert.ok(kept.length === 2 || beside <= historyMiB * 2 ** 20, `${beside} bytes, ${kept.length} checkpoints`);
      for (const step of [last - 1, 1, Math.floor(last / 2), last]) {
        bounded.run.goto(step);
        free.run.goto(step);
        assert.equal(bounded.system.machine.store.hash(), free.system.machine.store.hash(), `step ${step}`);
      }
    }
  });

  it("that is tiny still goes to every step, backwards too, and the session says once that it is short of memory", () => {
    const opened = (historyMiB?: number) => {
      const session = openDebugSession({ read: () => text }, { program: "test.mshare", historyMiB });
      assert.ok(!("refused" in session));
      session.setLineBreakpoints("test.mshare", [{ line: 7, hitCondition: "% 5" }]);
      const said: string[] = [];
      for (let stops = 0; stops < 6; stops++) {
        go(session, { kind: "continue" });
        said.push(...session.takeOutput().flatMap((one) => (one.text.startsWith("The history") ? [one.text] : [])));
      }
      return { session, said };
    };
    const view = (session: DebugSession) => [
      session.now,
      answerOf(session.stack(1)),
      session.evaluate("status(a)", 1),
      session.evaluate("count(page_fault)", 1),
    ];
    const free = opened();
    const tiny = opened(1);
    assert.deepEqual(free.said, []);
    assert.equal(tiny.said.length, 1, `${tiny.said}`);
    assert.match(tiny.said[0]!, /1 MiB.*No step is lost/);
    const { last } = free.session;
    assert.equal(tiny.session.last, last);
    // A step whose checkpoint is gone, the very first, the last: the same as with all the memory.
    for (const step of [2, Math.floor(last / 3), 1, last - 1, Math.floor((2 * last) / 3), last]) {
      const shown = [tiny, free].map(({ session }) => {
        const { reason } = go(session, { kind: "goto", step });
        return JSON.stringify([reason, ...view(session)]);
      });
      assert.equal(shown[0], shown[1], `step ${step}`);
      assert.equal(tiny.session.now, step);
    }
    // Back over the breakpoints, and who wrote what.
    const back = [tiny, free].map(({ session }) => {
      const stops = Array.from({ length: 4 }, () => [go(session, { kind: "reverse" }).reason, session.now]);
      const field = session.evaluate("mm(a).pgtables_bytes", 1);
      assert.ok("dataId" in field && field.dataId);
      return JSON.stringify([stops, answerOf(session.who("wrote", field.dataId))]);
    });
    assert.equal(back[0], back[1]);
  });
});

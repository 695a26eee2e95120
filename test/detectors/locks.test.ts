// Detectors of locks: each rule broken by hand, and kept.
import assert from "node:assert/strict";
import { type Watched, watched } from "./watched.ts";

const MMAP = "&mm->mmap_lock";
const lock = (m: Watched, who: number, of: number, name = MMAP) =>
  m.call(who, "down_read", m.task(of).mm!.mmap_lock, name);
const unlock = (m: Watched, who: number, of: number, name = MMAP) => {
  const { machine } = m.system;
  machine.thread = m.system.threads[who]!;
  m.system.straight.up_read(m.task(of).mm!.mmap_lock, name);
  machine.thread = null;
};

describe("lock detectors", () => {
  it("know a lock of the same class inside itself, once, and not where nesting is said", () => {
    const m = watched([0, 1]);
    lock(m, 0, 0);
    lock(m, 0, 1, `${MMAP}/1`);
    unlock(m, 0, 1, `${MMAP}/1`);
    assert.deepEqual(m.kinds(), []);
    for (let i = 0; i < 2; i++) {
      lock(m, 0, 1);
      unlock(m, 0, 1);
    }
    assert.deepEqual(m.kinds(), ["lock-recursion"]);
    const [report] = m.detectors.reports();
    assert.equal(report!.count, 2);
    assert.match(
      report!.message,
      /p0 is trying to acquire lock \(&mm->mmap_lock\) of mm_struct .* \(p1\); but task is already holding lock .* \(p0\)/,
    );
  });

  it("know an order of classes that closes a cycle", () => {
    const m = watched([0, 1]);
    const pairs = [
      ["a", "b"],
      ["b", "c"],
      ["c", "a"],
    ] as const;
    for (const [first, second] of pairs) {
      assert.deepEqual(m.kinds(), []);
      lock(m, 0, 0, first);
      lock(m, 0, 1, second);
      unlock(m, 0, 1, second);
      unlock(m, 0, 0, first);
    }
    assert.deepEqual(m.kinds(), ["lock-inversion"]);
    assert.match(
      m.detectors.reports()[0]!.message,
      /trying to acquire lock \(a\) of .* already holding lock \(c\), .* c <- b <- a/,
    );
  });

  it("know a release by who does not hold the lock, and who does", () => {
    const m = watched([0, 1]);
    lock(m, 0, 0);
    unlock(m, 1, 0);
    unlock(m, 0, 0);
    unlock(m, 0, 0);
    assert.deepEqual(m.kinds(), ["lock-imbalance"]);
    assert.match(
      m.detectors.reports()[0]!.message,
      /p1 is trying to release lock .*; but there are no more locks to release; it is held by p0/,
    );
    assert.equal(m.detectors.reports()[0]!.count, 2);
  });

  it("know a task that comes back to user space with a lock", () => {
    const m = watched([0]);
    lock(m, 0, 0);
    m.sys(0, "close", 99);
    const found = m.detectors.reports().find(({ kind }) => kind === "lock-held");
    assert.match(
      found!.message,
      /p0 is leaving the kernel with locks still held; 1 lock held by p0: \(&mm->mmap_lock\) of mm_struct/,
    );
  });
});

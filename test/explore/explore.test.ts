import assert from "node:assert/strict";
import fc from "fast-check";
import { createExplorer } from "../../sim/explore/explore.ts";
import { CELLS, createToy, type Operation, outcomesOfAll } from "./toy.ts";

interface Searched {
  readonly outcomes: Set<string>;
  readonly runs: number;
  readonly hasForgotten: boolean;
  readonly taken: readonly { readonly outcome: string; readonly preemptions: number }[];
}

function search(programs: readonly (readonly Operation[])[], mostWaiting?: number): Searched {
  const explorer = createExplorer({ unseen: new Set(), whole: new Set() }, mostWaiting);
  const { run, block, outcome } = createToy(programs, explorer.schedule);
  explorer.attach({ run, block, maxSteps: Number.POSITIVE_INFINITY });
  const taken: { outcome: string; preemptions: number }[] = [];
  try {
    for (let one = explorer.next(); one; one = explorer.next())
      if (one.outcome === "done") taken.push({ outcome: outcome(), preemptions: one.preemptions });
  } finally {
    explorer.close();
  }
  const outcomes = new Set(taken.map((one) => one.outcome));
  return { outcomes, runs: taken.length, taken, hasForgotten: explorer.hasForgotten };
}

const r = (cell: number): Operation => ({ kind: "read", cell });
const w = (cell: number): Operation => ({ kind: "write", cell });
const lock = (n: number): Operation => ({ kind: "lock", lock: n });
const unlock = (n: number): Operation => ({ kind: "unlock", lock: n });

describe("The search of interleavings", () => {
  it("runs what nobody can tell apart once", () => {
    assert.equal(
      search([
        [w(0), w(0)],
        [w(1), w(1)],
        [w(2), w(2)],
      ]).runs,
      1,
    );
    assert.equal(
      search([
        [r(0), r(1)],
        [r(0), r(1)],
      ]).runs,
      1,
      "readers do not disturb each other",
    );
    assert.equal(search([[w(0)], [w(0)]]).runs, 2);
    assert.equal(search([[w(0)], [w(0)], [w(0)]]).runs, 6);
    assert.equal(
      search([
        [r(0), w(0)],
        [r(0), w(0)],
      ]).runs,
      4,
      "six interleavings, two of them equal to others",
    );
  });

  it("finds what a lock keeps apart, and what two locks in two orders do", () => {
    const section = [lock(0), r(0), w(0), unlock(0)];
    assert.equal(search([section, section]).runs, 2);
    const { outcomes } = search([
      [lock(0), lock(1), unlock(1), unlock(0)],
      [lock(1), lock(0), unlock(0), unlock(1)],
    ]);
    assert.ok(
      [...outcomes].some((one) => one.includes("stuck")),
      "a deadlock",
    );
  });

  it("knows that what ends a call is seen by others", () => {
    const programs = [[w(0), { kind: "leave", cell: 1 } as const], [r(1)]];
    assert.deepEqual(search(programs).outcomes, outcomesOfAll(programs).outcomes);
  });

  it("finds a lost update with the one preemption that it takes", () => {
    const update = [r(0), w(0)];
    const { taken } = search([update, [w(1), w(2)], update]);
    const first = taken.find(({ outcome }) => outcome.endsWith('["0","0","0"]]'));
    assert.equal(first?.preemptions, 1);
    assert.equal(taken[0]!.preemptions, 0, "the sequential one comes first");
  });

  it("finds what comes between a thread's last step and the end of its call, or where it waits", () => {
    const programs = [[r(1)], [w(0), { kind: "leave", cell: 1 } as const, r(0)]];
    assert.deepEqual(search(programs).outcomes, outcomesOfAll(programs).outcomes);
    // The reader is first; what it must be told of is written at the end of the other's call, which is no step.
    const atEnd = [[r(1)], [w(0), { kind: "leave", cell: 1 } as const]];
    assert.deepEqual(search(atEnd).outcomes, outcomesOfAll(atEnd).outcomes);
    assert.equal(search(atEnd).runs, 2);
    const beforeWaiting = [[lock(1), r(1)], [{ kind: "leave", cell: 0 } as const, lock(1)], [r(0)]];
    assert.deepEqual(search(beforeWaiting).outcomes, outcomesOfAll(beforeWaiting).outcomes);
  });

  it("keeps the simplest of more ways than it may, and says that there were more", () => {
    const update = [r(0), w(0)];
    const programs = [update, update, update];
    const all = search(programs);
    const few = search(programs, 4);
    assert.deepEqual([all.hasForgotten, few.hasForgotten], [false, true]);
    assert.ok(few.runs < all.runs, `${few.runs} of ${all.runs}`);
    assert.equal(few.taken[1]!.preemptions, all.taken[1]!.preemptions);
  });

  const operation = fc.oneof(
    fc.record({ kind: fc.constantFrom("read" as const, "write" as const, "leave" as const), cell: fc.nat(CELLS - 1) }),
    fc.record({ kind: fc.constantFrom("lock" as const, "unlock" as const), lock: fc.nat(1) }),
  );
  // Three threads of three operations have 1,680 interleavings.
  const programs = fc.oneof(
    fc.array(fc.array(operation, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 2 }),
    fc.array(fc.array(operation, { minLength: 1, maxLength: 3 }), { minLength: 3, maxLength: 3 }),
  );

  it("finds every outcome that any interleaving has", () => {
    let [saved, all] = [0, 0];
    fc.assert(
      fc.property(programs, (some) => {
        const expected = outcomesOfAll(some);
        const found = search(some);
        assert.deepEqual([...found.outcomes].sort(), [...expected.outcomes].sort());
        assert.ok(found.runs <= expected.runs);
        saved += expected.runs - found.runs;
        all += expected.runs;
      }),
      { numRuns: 100 },
    );
    assert.ok(saved > all / 2, `${all - saved} of ${all} were run`);
  });
});

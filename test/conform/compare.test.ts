// What a machine does by itself is no difference of the kernels, and excuses nothing else.
import assert from "node:assert/strict";
import { compareRuns, type Excuse } from "../../sim/conform/compare.ts";
import type { ObservedRun } from "../../sim/conform/observation.ts";

const run = (counters: Readonly<Record<string, number>>): ObservedRun => ({
  statements: [],
  end: { a: { counters } },
  contents: null,
  groups: null,
  machineWide: null,
});

describe("comparing with a machine that reads ahead", () => {
  const ours = run({ minflt: 10, majflt: 5, VmSwap: 4096 });
  const compare = (theirs: Readonly<Record<string, number>>, ...excuses: Excuse[]) =>
    compareRuns(ours, run(theirs), new Set(excuses)).map(({ what, simulated, real }) => `${what} ${simulated} ${real}`);

  it("takes a minor fault for a major one", () => {
    const theirs = { minflt: 13, majflt: 2, VmSwap: 4096 };
    assert.deepEqual(compare(theirs, "minor instead of major"), []);
    assert.deepEqual(compare(theirs), ["a: minflt 10 13", "a: majflt 5 2"]);
  });

  it("still wants the same number of faults, no more major ones, and the same pages in swap", () => {
    const excuse = "minor instead of major";
    assert.deepEqual(compare({ minflt: 14, majflt: 2, VmSwap: 4096 }, excuse), ["a: minflt 10 11"]);
    assert.deepEqual(compare({ minflt: 9, majflt: 6, VmSwap: 4096 }, excuse), ["a: minflt 10 9", "a: majflt 5 6"]);
    assert.deepEqual(compare({ minflt: 13, majflt: 2, VmSwap: 0 }, excuse), ["a: VmSwap 4 kB 0 kB"]);
  });
});

describe("comparing mappings", () => {
  it("says which are on one side only", () => {
    const same = { start: 0x10000, end: 0x20000, perms: "rw-p", offset: 0 };
    const withMaps = (...bounds: number[]): ObservedRun => {
      const others = bounds.slice(1).map((end, i) => ({ ...same, start: bounds[i]!, end }));
      return { ...run({}), end: { a: { counters: {}, maps: [same, ...others] } } };
    };
    const found = compareRuns(withMaps(0x40000, 0x60000), withMaps(0x40000, 0x50000, 0x60000), new Set());
    assert.deepEqual(
      found.map(({ simulated, real }) => [simulated, real]),
      [["0x40000-0x60000 rw-p", "0x40000-0x50000 rw-p, 0x50000-0x60000 rw-p"]],
    );
    const [{ real } = { real: "" }] = compareRuns(withMaps(0x40000, 0x60000), withMaps(), new Set());
    assert.equal(real, "nothing");
  });
});

// With every fix the sharing designs break no rule, however processes interleave what they do: a portion of what
// `npm run silent` runs (tools/silent.mjs).
import assert from "node:assert/strict";
import type { SharingDesign } from "./random/sharing_scenario.ts";
import { silentRun } from "./random/silent_run.ts";

const PER_DESIGN = 200;
const AT_ONCE = 20;
/** Seeds that once were not: a freed VMA among those to tell, waiting for walkers between steps, shared memory in the swap cache,
 * the flags of a VMA that is looked at after its lock. */
const ONCE_FOUND = { "mshare-v3": [478, 619, 666, 3729], "ptshare-v2": [470, 915, 984, 1012, 2181] };

for (const design of ["mshare-v3", "ptshare-v2"] satisfies SharingDesign[])
  describe(`random scenarios of ${design} with all fixes`, function () {
    this.timeout(120_000);
    let sharedFaults = 0;

    for (let first = 1; first <= PER_DESIGN; first += AT_ONCE)
      it(`are silent: seeds ${first} to ${first + AT_ONCE - 1}`, () => {
        for (let seed = first; seed < first + AT_ONCE; seed++) {
          const run = silentRun(design, seed);
          assert.deepEqual(run.problems, [], `seed ${seed}:\n${run.text}`);
          sharedFaults += run.sharedFaults;
        }
      });

    for (const seed of ONCE_FOUND[design])
      it(`is silent: seed ${seed}`, () => {
        const { problems, text } = silentRun(design, seed);
        assert.deepEqual(problems, [], text);
      });

    it("are silent with five levels of page tables too", () => {
      let five = 0;
      for (let seed = 1; seed <= 60; seed++) {
        const { problems, text, sharedFaults } = silentRun(design, seed, 5);
        assert.match(text, /levels: 5/);
        assert.deepEqual(problems, [], `seed ${seed}:\n${text}`);
        five += sharedFaults;
      }
      assert.ok(five > 180, `${five} faults in shared tables`);
    });

    it("share page tables", () => assert.ok(sharedFaults > 3 * PER_DESIGN, `${sharedFaults} faults in shared tables`));
  });

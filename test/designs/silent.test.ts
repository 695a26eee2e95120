// With every fix the sharing designs break no rule, however processes interleave what they do: a portion of what
// `npm run silent` runs (tools/silent.mjs), and what once was not silent (test/scenarios/silent).
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { openRun } from "../../sim/session/open_run.ts";
import type { SharingDesign } from "./random/sharing_scenario.ts";
import { silentRun, WORTH } from "./random/silent_run.ts";

const PER_DESIGN = 200;
const AT_ONCE = 20;

for (const design of ["mshare-v3", "ptshare-v2"] satisfies SharingDesign[])
  describe(`random scenarios of ${design} with all fixes`, function () {
    this.timeout(300_000);
    const sums = Object.fromEntries(WORTH.map((what) => [what, 0]));

    for (let first = 1; first <= PER_DESIGN; first += AT_ONCE)
      it(`are silent: seeds ${first} to ${first + AT_ONCE - 1}`, () => {
        for (let seed = first; seed < first + AT_ONCE; seed++) {
          const { problems, text, worth } = silentRun(design, seed);
          assert.deepEqual(problems, [], `seed ${seed}:\n${text}`);
          for (const what of WORTH) sums[what]! += worth[what];
        }
      });

    it("do what they are there for", () => {
      assert.ok(sums["shared faults"]! > 3 * PER_DESIGN, `${sums["shared faults"]} faults in shared tables`);
      for (const what of WORTH) assert.ok(sums[what]! > PER_DESIGN / 10, `${sums[what]} ${what}`);
    });

    it("are silent with five levels of page tables too", () => {
      let five = 0;
      for (let seed = 1; seed <= 60; seed++) {
        const { problems, text, worth } = silentRun(design, seed, { levels: 5 });
        assert.match(text, /levels: 5/);
        assert.deepEqual(problems, [], `seed ${seed}:\n${text}`);
        five += worth["shared faults"];
      }
      assert.ok(five > 180, `${five} faults in shared tables`);
    });
  });

describe("random scenarios that once were not silent", function () {
  this.timeout(300_000);
  const folder = "test/scenarios/silent";
  for (const file of readdirSync(folder))
    it(file, () => {
      const run = openRun({ read: (path) => readFileSync(path, "utf8") }, { program: `${folder}/${file}` });
      if ("refused" in run) assert.fail(run.message);
      while (!run.advance(1_000_000));
      assert.deepEqual(
        run.report().bugs.map(({ kind, message }) => `${kind}: ${message}`),
        [],
      );
    });
});

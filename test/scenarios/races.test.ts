// Races that Linux itself has closed: whatever the order, nothing goes wrong. Each of these scenarios failed once.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { openExploration } from "../../sim/session/exploration.ts";

const folder = resolve("test/scenarios/races");
/** Enough for each of them to have failed before it was mended. */
const INTERLEAVINGS = 400;

describe("races that Linux has closed", function () {
  this.timeout(120_000);

  for (const file of readdirSync(folder))
    it(file.replace(/\.mshare$/, ""), () => {
      const exploration = openExploration(
        { read: (path: string) => readFileSync(path, "utf8") },
        { program: join(folder, file), schedules: 1e6, until: "end" },
      );
      if ("refused" in exploration) assert.fail(exploration.message);
      try {
        exploration.advance(INTERLEAVINGS);
        const report = exploration.report();
        assert.ok(!("refused" in report));
        assert.deepEqual(report.discoveries, []);
      } finally {
        exploration.close();
      }
    });
});

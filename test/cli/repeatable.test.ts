// Nothing depends on clocks, chance, or the process: two processes say the same, byte for byte.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";

const scenarios = ["examples", "test/scenarios/bugs"].flatMap((folder) =>
  readdirSync(folder)
    .filter((file) => file.endsWith(".mshare"))
    .map((file) => `${folder}/${file}`),
);

const run = (...args: string[]) =>
  spawnSync(process.execPath, ["dist/mshare.js", "run", "--json", ...args], { encoding: "utf8" }).stdout;

describe("two runs in two processes", function () {
  this.timeout(120_000);

  it("are the same to the byte, also with drawn schedules", () => {
    for (const schedule of [[], ["--schedule", "random:11"]]) {
      const first = run(...schedule, ...scenarios);
      assert.equal(first.split("\n").length, scenarios.length + 1);
      assert.ok(first === run(...schedule, ...scenarios));
    }
  });
});

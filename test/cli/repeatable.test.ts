// Nothing depends on clocks, chance, or the process: two processes say the same, byte for byte.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";

const scenarios = ["examples", "test/scenarios/bugs"].flatMap((folder) =>
  readdirSync(folder)
    .filter((file) => file.endsWith(".mshare"))
    .map((file) => `${folder}/${file}`),
);

const mshare = (...args: string[]) =>
  spawnSync(process.execPath, ["dist/mshare.js", ...args], { encoding: "utf8" }).stdout;
const run = (...args: string[]) => mshare("run", "--json", ...args);

describe("two runs in two processes", function () {
  this.timeout(900_000);

  it("are the same to the byte, also with drawn schedules", () => {
    for (const schedule of [[], ["--schedule", "random:11"]]) {
      const first = run(...schedule, ...scenarios);
      assert.equal(first.split("\n").length, scenarios.length + 1);
      assert.ok(first === run(...schedule, ...scenarios));
    }
  });

  it("are the same for every command that looks at scenarios or designs", () => {
    for (const args of [
      ["check", "--json", ...scenarios],
      ["designs", "--json"],
      ["export", scenarios[0]!],
    ]) {
      const first = mshare(...args);
      assert.ok(first.length > 100, args[0]);
      assert.ok(first === mshare(...args), args[0]);
    }
  });
});

// Scenarios that people read as models give no diagnostic at all: a warning there is a false alarm, or the scenario is
// wrong. What one of them does wrong on purpose stands in it, as a comment that says which code is meant.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { formatDiagnostic } from "../../sim/scenario/diagnostics.ts";
import { checkFile } from "../../sim/session.ts";

const scenarios = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".mshare"))
    .map((path) => join(folder, path));

function unexpected(path: string): string[] {
  const host = { read: (wanted: string) => readFileSync(wanted, "utf8"), root: "." };
  const checked = checkFile(host, path);
  assert.ok("diagnostics" in checked, path);
  return checked.diagnostics.map(formatDiagnostic);
}

describe("scenarios of the house", () => {
  for (const folder of ["examples", "test"]) {
    it(`below ${folder}/ give no false alarms`, () => {
      const paths = scenarios(folder);
      assert.ok(paths.length > 5, `only ${paths.length} scenarios`);
      assert.deepEqual(paths.flatMap(unexpected), []);
    });
  }
});

// The known bugs that take two threads are found without being told the schedule, within as many interleavings as
// docs/command-line.md says; with every fix the search finds nothing.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { openExploration } from "../../sim/session/exploration.ts";

const folder = resolve("test/scenarios/bugs");
const read = (path: string): string => readFileSync(path, "utf8");

interface Row {
  readonly name: string;
  readonly awaits: readonly string[];
  readonly within: number;
  readonly preemptions: number;
}

const rows: readonly Row[] = [
  ...read(resolve("docs/command-line.md")).matchAll(
    /^\| \[([\w-]+)\]\(bugs\/\1\.md\) \| ([\w-, ]+) \| ([\d,]+) \| (\d+) \| [\d.]+ \|$/gm,
  ),
].map(([, name, awaits, within, preemptions]) => ({
  name: name!,
  awaits: awaits!.split(", "),
  within: Number(within!.replaceAll(",", "")),
  preemptions: Number(preemptions),
}));

function explored(name: string, fixes?: readonly string[]) {
  const program = join(folder, `${name}.mshare`);
  const exploration = openExploration({ read }, { program, schedules: 1e6, until: "end", ...(fixes ? { fixes } : {}) });
  if ("refused" in exploration) assert.fail(exploration.message);
  return exploration;
}

describe("explore finds known races", function () {
  this.timeout(300_000);

  it("all scenarios of bugs that take turns are in the table", () => {
    const inTurns = readdirSync(folder).filter((file) => /^parallel /m.test(read(join(folder, file))));
    assert.deepEqual([...new Set(rows.map(({ name }) => `${name}.mshare`))], inTurns.sort());
  });

  for (const { name, awaits, within, preemptions } of rows)
    it(`${name}: ${awaits.join(", ")}`, () => {
      const exploration = explored(name);
      try {
        exploration.advance(within);
        const report = exploration.report();
        assert.ok(!("refused" in report));
        const found = report.discoveries.filter(({ kind, what }) => kind === "expected" && awaits.includes(what));
        assert.deepEqual([...new Set(found.map(({ what }) => what))].sort(), [...awaits].sort());
        const simplest = awaits.map((kind) =>
          Math.min(...found.filter(({ what }) => what === kind).map((one) => one.preemptions)),
        );
        assert.equal(Math.max(...simplest), preemptions);
        const failing = report.discoveries.filter(({ kind }) => kind === "unexpected" || kind === "failed");
        assert.deepEqual(failing, []);
      } finally {
        exploration.close();
      }
    });

  for (const name of new Set(rows.map((row) => row.name)))
    it(`${name}: nothing with every fix`, () => {
      const exploration = explored(name, ["all"]);
      try {
        exploration.advance(300);
        const report = exploration.report();
        assert.ok(!("refused" in report));
        assert.deepEqual(report.discoveries, []);
      } finally {
        exploration.close();
      }
    });
});

// The examples run as they say, each of them.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { passes, run } from "./running.ts";

const text = (name: string) => readFileSync(`examples/${name}`, "utf8");
const names = readdirSync("examples").filter((name) => name.endsWith(".mshare"));

describe("examples", () => {
  it("are there", () => assert.ok(names.length >= 4));

  for (const name of names) it(`${name} passes`, () => assert.deepEqual(passes(text(name)).diagnostics, []));

  it("race.mshare: the thread is first; without its schedule the process is", () => {
    const race = text("race.mshare");
    const first = (scenario: string) => run(scenario).statements.filter(({ call }) => call === "store")[0]?.actor;
    assert.equal(first(race), "main.right");
    assert.equal(first(race.replace(/^schedule.*$/m, "")), "main");
  });

  it("stale-tlb.mshare: the fix takes the stale entry away", () => {
    const fixed = text("stale-tlb.mshare").replace("tlb_flush: none", "fixes: [flush-sharers]");
    const report = run(fixed.replace(/^expect tlb.*\/\/ … but.*$/m, ""));
    assert.equal(report.verdict, "pass");
    assert.ok(!report.bugs.some(({ kind }) => kind === "stale-tlb-access"));
  });
});

// `mshare explore` as scripts call it, on scenarios that say nothing of schedules.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { folder, mshare } from "./program.ts";

const ORDER = `process a on cpu 0
thread a.t on cpu 1
a: p = mmap(0, 4KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_POPULATE, -1, 0)
parallel {
  a: store(p, 1)
  a.t: store(p, 2)
}
a: load(p) == 2
`;
const APART = `process a on cpu 0
process b on cpu 1
parallel {
  a: load(0) faults SIGSEGV
  b: load(0) faults SIGSEGV
}
`;
const MANY = "process p[40]\nparallel { p[*]: load(0) faults SIGSEGV }\n";

describe("mshare explore", function () {
  this.timeout(120_000);
  let here = "";
  before(() => {
    here = folder({
      "order.mshare": ORDER,
      "apart.mshare": APART,
      "many.mshare": MANY,
      "awaits.mshare": `${APART}expect bug use-after-free\n`,
      "faults.mshare": readFileSync("examples/explore.mshare"),
    });
  });
  const explore = (...args: string[]) => mshare(here, ["explore", ...args]);
  const json = (...args: string[]) => JSON.parse(explore("--json", ...args).out);

  it("runs one interleaving where nobody can tell them apart", () => {
    const { verdict, schedules, complete, discoveries } = json("apart.mshare");
    assert.deepEqual([verdict, schedules, complete, discoveries], ["pass", 1, true, []]);
    assert.equal(explore("apart.mshare").status, 0);
  });

  it("finds the order in which an expectation fails, and a run in that order fails it", () => {
    const { status, out } = explore("order.mshare", "--save", "found.txt");
    assert.equal(status, 1);
    assert.match(out, /✗ a: load: it gave 1, not == 2\n {4}order.mshare:8, in 1 of /);
    assert.equal(mshare(here, ["run", "order.mshare"]).status, 0, "the order in which it was written is right");
    assert.equal(mshare(here, ["run", "order.mshare", "--schedule", "found.txt"]).status, 1);
    const all = json("--all", "order.mshare");
    assert.deepEqual([all.complete, all.verdict, all.discoveries.length], [true, "fail", 1]);
  });

  it("finds what ptshare-v2 does wrong when two threads fault, with one preemption", () => {
    assert.equal(mshare(here, ["run", "faults.mshare"]).status, 0);
    const found = json("faults.mshare", "--save", "faults.txt");
    const [first] = found.discoveries.filter(({ kind }: { kind: string }) => kind === "unexpected");
    assert.deepEqual([found.verdict, first.what, first.preemptions], ["fail", "lock-imbalance", 1]);
    const again = mshare(here, ["run", "--json", "faults.mshare", "--schedule", "faults.txt"]);
    assert.equal(again.status, 1);
    const { bugs } = JSON.parse(again.out);
    assert.ok(
      bugs.some((bug: { kind: string; unexpected: boolean }) => bug.kind === "lock-imbalance" && bug.unexpected),
    );
  });

  it("does not find it with its fix, and says where it stopped", () => {
    const args = ["faults.mshare", "--fix", "vm-mm-swap", "--schedules", "60"];
    const { verdict, schedules, complete, waiting } = json(...args);
    assert.deepEqual([verdict, schedules, complete], ["limit", 60, false]);
    assert.ok(waiting > 0);
    assert.equal(explore(...args).status, 3);
  });

  it("fails where no interleaving shows a bug that is awaited", () => {
    const { verdict, complete, missed } = json("awaits.mshare");
    assert.deepEqual([verdict, complete, missed[0].text], ["fail", true, "expect bug use-after-free"]);
  });

  it("says the same to the byte in two processes", () => {
    const args = ["--json", "--all", "--schedules", "40", "faults.mshare"];
    assert.equal(explore(...args).out, explore(...args).out);
  });

  it("refuses what it cannot do, in a sentence", () => {
    assert.match(explore("many.mshare").error, /more than 31 threads take turns/);
    assert.equal(explore("many.mshare").status, 2);
    assert.match(explore("--schedules", "0", "order.mshare").error, /a whole number above 0 is needed/);
    assert.match(explore("--save", "x", "order.mshare", "apart.mshare").error, /the schedule of one file/);
    assert.match(explore().error, /no file is given/);
    writeFileSync(join(here, "a-file"), "");
    assert.match(explore("order.mshare", "--save", "a-file/x").error, /--save a-file\/x: /);
  });
});

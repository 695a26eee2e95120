// Looking at a stopped run changes nothing: neither the machine nor what the run comes to.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { load } from "../../sim/session/load.ts";
import { whoCouldGoOn } from "../../sim/session/step_texts.ts";
import { runnable } from "../../sim/session/threads.ts";
import { loadText } from "./load_text.ts";
import { scenarioText } from "./scenarios.ts";

const expecting = [
  "process a on cpu 0",
  "process b on cpu 1",
  "schedule random 3",
  "a: p = mmap(0, 8KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
  "expect a.p > 0",
  "parallel { a: touch(p, 8KiB, write)  b: mmap(0, 4KiB, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) }",
  "expect status(a).RssAnon == 8KiB",
  "label here",
  "expect status(a).RssAnon == 1",
  "repeat 2 { a: load(p) }",
  "expect count(load) == 2",
].join("\n");

function check(text: string): void {
  const plain = loadText(text);
  while (plain.run.forward(Number.POSITIVE_INFINITY, 1000) !== "done");
  const looked = loadText(text);
  const { machine } = looked.system;
  const { store } = machine;
  for (let step = 0; ; step++) {
    const before = store.hash();
    const first = runnable(looked);
    assert.deepEqual(runnable(looked), first);
    whoCouldGoOn(looked);
    assert.equal(store.hash(), before, `looked at after step ${step}\n${text}`);
    if (looked.run.forward(step + 1, Number.POSITIVE_INFINITY) === "done") break;
  }
  assert.equal(machine.step, plain.system.machine.step);
  assert.equal(store.hash(), plain.system.machine.store.hash(), text);
  assert.deepEqual(looked.runner.state.expectations, plain.runner.state.expectations);
  assert.equal(looked.detectors.reports().length, plain.detectors.reports().length);
}

describe("asking who could do the next step", function () {
  this.timeout(600_000);
  it("settles no expectation, at any step", () => check(expecting));

  it("changes nothing in random scenarios", () => {
    fc.assert(
      fc.property(scenarioText, (text) => check(text)),
      { numRuns: 12 },
    );
  });

  it("changes nothing where something is found at the end of the run", () => {
    const path = "test/scenarios/bugs/hugetlb-share-count.mshare";
    const loaded = load({ read: (file) => readFileSync(file, "utf8") }, { program: path });
    assert.ok(!("refused" in loaded));
    const { run, system, detectors } = loaded;
    run.forward(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
    const found = detectors.reports().length;
    assert.ok(found > 0);
    run.goto(run.last);
    const before = system.machine.store.hash();
    runnable(loaded);
    assert.equal(system.machine.store.hash(), before);
    run.forward(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
    assert.equal(detectors.reports().length, found);
    assert.ok(detectors.reports().every(({ count }) => count === 1));
  });
});

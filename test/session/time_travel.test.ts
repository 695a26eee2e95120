// Time travel is exact: whatever way led to a step, the machine is in the state in which it was when it came there first.
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Loaded } from "../../sim/session/load.ts";
import { loadText } from "./load_text.ts";
import { scenarioText } from "./scenarios.ts";

/** What can be seen at a step: the state, the event with its counts, the reports. */
function view({ system, detectors }: Loaded): string {
  const { machine } = system;
  const reports = detectors.reports().map(({ kind, step, count }) => `${kind}@${step}×${count}`);
  return JSON.stringify([machine.step, machine.store.hash(), machine.event, [...machine.counts], reports]);
}

describe("time travel", function () {
  this.timeout(900_000);

  it("gives the same state, event, counts and reports at a step after any jumps", () => {
    let jumps = 0;
    fc.assert(
      fc.property(scenarioText, fc.array(fc.nat(1_000_000), { minLength: 60, maxLength: 90 }), (text, targets) => {
        const reference = loadText(text);
        while (reference.run.forward(Number.POSITIVE_INFINITY, 1_000_000) !== "done");
        const { last } = reference.run;
        const wanted = [...new Set(targets.map((n) => 1 + (n % last)))].sort((a, b) => a - b);
        const first = loadText(text);
        const seen = new Map(
          wanted.map((step) => {
            first.run.goto(step);
            return [step, view(first)];
          }),
        );
        const other = loadText(text);
        while (other.run.forward(Number.POSITIVE_INFINITY, 100_000) !== "done");
        for (const n of targets) {
          const step = 1 + (n % last);
          other.run.goto(step);
          jumps++;
          assert.equal(view(other), seen.get(step), `step ${step} of ${last}\n${text}`);
        }
      }),
      { numRuns: 150, seed: 7 },
    );
    assert.ok(jumps >= 10_000, `${jumps} jumps`);
  });

  it("gives the same state walking from step to step as jumping to each, where one thread of a block goes on alone", () => {
    const text = [
      "machine { cpus: 2, memory: 64MiB }",
      "schedule random 5",
      "process p0 on cpu 0",
      "process p1 on cpu 1",
      "p0: mmap(16TiB, 1MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)",
      "p1: mmap(16TiB, 1MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)",
      "parallel { p0: store(16TiB, 1)  p1: touch(16TiB, 40KiB, write) }",
      "parallel { p0: touch(16TiB + 64KiB, 40KiB, write)  p1: touch(16TiB + 64KiB, 40KiB, write) }",
    ].join("\n");
    const walking = loadText(text);
    while (walking.run.forward(Number.POSITIVE_INFINITY, 1000) !== "done");
    const { last } = walking.run;
    walking.run.goto(0);
    for (let step = 1; step <= last; step += 3) {
      const jumping = loadText(text);
      jumping.run.goto(step);
      walking.run.goto(step);
      assert.equal(view(walking), view(jumping), `step ${step} of ${last}`);
    }
  });

  it("ends in the same state run in one go and step by step", () => {
    fc.assert(
      fc.property(scenarioText, (text) => {
        const straight = loadText(text);
        while (straight.run.forward(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY) !== "done");
        const single = loadText(text);
        single.system.machine.attend(single.system.machine.events.names.keys());
        single.system.machine.observer = () => true;
        let stops = 0;
        while (single.run.forward(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY) !== "done") stops++;
        assert.equal(stops, straight.run.last);
        assert.equal(view(single), view(straight), text);
        const impatient = loadText(text);
        impatient.run.patience = 5;
        while (impatient.run.forward(Number.POSITIVE_INFINITY, 20) !== "done");
        assert.equal(view(impatient), view(straight), `in slices that end inside of calls\n${text}`);
      }),
      { numRuns: 60, seed: 11 },
    );
  });
});

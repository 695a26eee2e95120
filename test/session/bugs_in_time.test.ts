// Time travel where something is wrong: call stacks and reports at a step are the same whatever way led to it.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Loaded, load } from "../../sim/session/load.ts";
import { seen, visit } from "./seen.ts";

const folder = "test/scenarios/bugs";
const JUMPS = 20;

function open(file: string): Loaded {
  const loaded = load({ read: (path) => readFileSync(path, "utf8") }, { program: join(folder, file) });
  if ("refused" in loaded) assert.fail(loaded.message);
  return loaded;
}

function* drawn(seed: number): Generator<number> {
  for (let state = seed; ; ) yield (state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff) >> 8;
}

describe("time travel in scenarios with bugs", function () {
  this.timeout(900_000);

  it("shows the same call stack and the same reports at a step after any jumps", () => {
    let stacks = 0;
    let reports = 0;
    for (const file of readdirSync(folder).filter((name) => name.endsWith(".mshare"))) {
      const other = open(file);
      while (other.run.forward(Number.POSITIVE_INFINITY, 100_000) !== "done");
      const { last } = other.run;
      const steps: number[] = [];
      for (const n of drawn(last)) if (steps.push(1 + (n % last)) === JUMPS) break;
      const first = open(file);
      const known = new Map<number, string>();
      for (const step of [...new Set(steps)].sort((a, b) => a - b)) {
        visit(first, step);
        known.set(step, seen(first));
      }
      for (const step of steps) {
        visit(other, step);
        assert.equal(seen(other), known.get(step), `${file}: step ${step} of ${last}`);
        if (seen(other).includes("sim/kernel/")) stacks++;
        reports += other.detectors.reports().length;
      }
    }
    assert.ok(stacks > 250, `${stacks} call stacks`);
    assert.ok(reports > 50, `${reports} reports`);
  });
});

// Checkpoints in the middle of calls: a run that goes back to one is the run that never left.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { type Loaded, load } from "../../sim/session/load.ts";
import { realHost } from "../debug/real.ts";
import { loadText } from "./load_text.ts";
import { scenarioText } from "./scenarios.ts";
import { seen, visit } from "./seen.ts";

/** Does every call step by step, with a checkpoint after every few steps. */
function runInPieces({ run }: Loaded, steps: number): void {
  run.patience = 0;
  run.recording.interval = steps;
  while (run.forward(Number.POSITIVE_INFINITY, steps) !== "done");
}

/** Numbers that are all over [1, last], the same at every time. */
const spread = (count: number, last: number): number[] =>
  Array.from({ length: count }, (_, i) => 1 + ((i * 7_919_993) % last));

/** Jumps about in `pieces`; what can be seen at each place is what a run sees that comes there for the first time. */
function compare(whole: Loaded, pieces: Loaded, targets: readonly number[], text: string): void {
  const first = new Map<number, string>();
  for (const step of [...new Set(targets)].sort((a, b) => a - b)) {
    visit(whole, step);
    first.set(step, seen(whole));
  }
  for (const step of targets) {
    visit(pieces, step);
    assert.equal(seen(pieces), first.get(step), `step ${step}\n${text}`);
  }
}

/** Scenarios that are also run on real kernels or show known bugs: all calls and designs are in some of them. */
function scenarios(): readonly string[] {
  return ["examples", "test/scenarios"].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".mshare"))
      .map((name) => join(folder, name))
      .sort(),
  );
}

describe("in the middle of calls", function () {
  this.timeout(900_000);

  it("a jump shows the state, event, stack and reports that were there first: scenarios of all designs", () => {
    let jumps = 0;
    for (const program of scenarios()) {
      const loaded = () => load(realHost, { program, maxSteps: 60_000 });
      const [straight, whole, pieces] = [loaded(), loaded(), loaded()];
      // Some are for the checker.
      if ("refused" in straight || "refused" in whole || "refused" in pieces) continue;
      while (straight.run.forward(60_000, 10_000) === "budget");
      if (straight.run.last >= 60_000) continue;
      runInPieces(pieces, 7);
      assert.equal(pieces.run.last, straight.run.last, program);
      assert.equal(pieces.system.machine.store.hash(), straight.system.machine.store.hash(), program);
      const targets = spread(12, straight.run.last);
      compare(whole, pieces, targets, program);
      jumps += targets.length;
    }
    assert.ok(jumps > 500, `${jumps} jumps`);
  });

  it("the same for random scenarios, with parallel blocks", () => {
    fc.assert(
      fc.property(scenarioText, fc.array(fc.nat(1_000_000), { minLength: 15, maxLength: 25 }), (text, numbers) => {
        const whole = loadText(text);
        const pieces = loadText(text);
        runInPieces(pieces, 5);
        const { last } = pieces.run;
        compare(
          whole,
          pieces,
          numbers.map((n) => 1 + (n % last)),
          text,
        );
      }),
      { numRuns: 60, seed: 3 },
    );
  });
});

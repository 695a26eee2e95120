// Runs of like steps that are done at once are as if they had been done one by one: state, steps, counts, reports, jumps.
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Loaded } from "../../sim/session/load.ts";
import { batchedText } from "./batched_scenarios.ts";
import { differences } from "./differences.ts";
import { loadText } from "./load_text.ts";

/** What can be seen at a step: the state, the event with its arguments and counts, the reports with where they happened. */
function view({ system, detectors }: Loaded): string {
  const { machine } = system;
  const reports = detectors.reports().map(({ kind, message, step, line, count }) => [kind, message, step, line, count]);
  return JSON.stringify([
    machine.step,
    machine.units,
    machine.store.hash(),
    machine.event,
    [...machine.counts],
    reports,
  ]);
}

/** Both have done the same. */
function assertSame(together: Loaded, apart: Loaded, text: string): void {
  if (view(together) === view(apart)) return;
  const where = differences(together.system.machine, apart.system.machine);
  assert.equal(view(together), view(apart), `${where.join("\n")}\n${text}`);
}

function single(text: string): Loaded {
  const loaded = loadText(text);
  loaded.system.machine.batching = false;
  return loaded;
}

/** Steps that were done in batches. */
function countBatched({ system }: Loaded): () => number {
  const { machine } = system;
  const { pass } = machine;
  let batched = 0;
  machine.pass = (ids, times) => {
    batched += ids.length * times;
    pass.call(machine, ids, times);
  };
  return () => batched;
}

describe("batches", function () {
  this.timeout(900_000);

  it("leave the state, the counts and the reports of single steps, wherever one stops", () => {
    let batched = 0;
    fc.assert(
      fc.property(batchedText, fc.array(fc.nat(1_000_000), { maxLength: 12 }), (text, targets) => {
        const together = loadText(text);
        const count = countBatched(together);
        const apart = single(text);
        // At boundaries between units, about every thousand steps, and at the end.
        for (let outcome = ""; outcome !== "done"; ) {
          outcome = together.run.forward(Number.POSITIVE_INFINITY, 1000);
          const { units } = together.system.machine;
          const behind = () => outcome === "done" || apart.system.machine.units < units;
          while (behind() && apart.run.forward(Number.POSITIVE_INFINITY, 1) !== "done");
          assertSame(together, apart, text);
        }
        batched += count();
        const { last } = apart.run;
        for (const n of targets) {
          const step = 1 + (n % last);
          apart.run.goto(step);
          together.run.goto(step);
          assertSame(together, apart, `step ${step} of ${last}\n${text}`);
        }
      }),
      { numRuns: Number(process.env["BATCH_RUNS"] ?? 60) },
    );
    assert.ok(batched > 10_000, `${batched} steps in batches`);
  });
});

// Runs of like steps that are done at once are as if they had been done one by one: state, steps, counts, reports, jumps.
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Goal, Stop } from "../../sim/debugging.ts";
import type { Loaded } from "../../sim/session/load.ts";
import { openDebugSession } from "../../sim/session.ts";
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
      { numRuns: Number(process.env["BATCH_RUNS"] ?? 40) },
    );
    assert.ok(batched > 10_000, `${batched} steps in batches`);
  });

  it("are done of every kind: all who listen to their events take them", () => {
    const { run, system } = loadText(
      [
        "process a",
        "a: p = mmap(0, 2MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
        "a: touch(p, 2MiB, write)",
        "a: munmap(p, 2MiB)",
        'a: mkdir("/sys/fs/cgroup/g")',
        'a: procs = open("/sys/fs/cgroup/g/cgroup.procs", O_WRONLY)',
        'a: write(procs, "1", 1)',
        "a: p = mmap(0, 2MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
        "a: touch(p, 2MiB, write)",
      ].join("\n"),
    );
    const { machine, straight } = system;
    const { pass } = machine;
    const seen = new Set<readonly number[]>();
    machine.pass = (ids, times) => {
      seen.add(ids);
      pass.call(machine, ids, times);
    };
    while (run.forward(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY) !== "done");
    const kinds = Object.values(straight.batches);
    assert.deepEqual(
      kinds.filter(({ ids }) => !seen.has(ids)).map(({ name }) => name),
      [],
    );
  });

  it("do not pass over a step at which a thread was chosen by hand", () => {
    const text = [
      "process a on cpu 0",
      "process b on cpu 1",
      "a: p = mmap(0, 2MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
      "b: p = mmap(0, 2MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
      "parallel { a: touch(p, 1MiB, write)  b: touch(p, 1MiB, write) }",
    ].join("\n");
    const { run, system } = loadText(text);
    const target = (step: number) => {
      while (system.machine.step < step) run.forward(step, Number.POSITIVE_INFINITY);
    };
    target(1000);
    run.letOnly(system.threads[1]!);
    target(1040);
    run.letOnly(null);
    const views = new Map<number, string>();
    for (const step of [1200, 1900, 2600]) {
      target(step);
      views.set(step, system.machine.store.hash());
    }
    for (const step of [1200, 2600, 1900]) {
      run.goto(1);
      run.goto(step);
      assert.equal(system.machine.store.hash(), views.get(step), `step ${step}`);
    }
  });

  it("are opened by breakpoints, watched places and functions, and found again by jumps into their middle", () => {
    const text = [
      "machine { memory: 64MiB }",
      "process a",
      "a: p = mmap(4TiB, 2MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)",
      "a: touch(p, 2MiB, write)",
      "a: munmap(p, 2MiB)",
    ].join("\n");
    const session = openDebugSession({ read: () => text }, { program: "test.mshare" });
    assert.ok(!("refused" in session));
    const go = (goal: Goal): Stop => {
      session.start(goal);
      for (;;) {
        const stop = session.advance(100_000);
        if (stop) return stop;
      }
    };
    // Page 300 of the touch, and its way back through the zapping.
    session.setEventBreakpoints([{ text: `set_pte if address == ${4 * 2 ** 40 + 300 * 4096}` }]);
    const stops = [go({ kind: "continue" }), go({ kind: "continue" })].map(({ reason }) => reason);
    const second = session.now;
    const back = go({ kind: "reverse" });
    const first = session.now;
    assert.deepEqual([...stops, back.reason], ["event", "event", "event"]);
    assert.ok(first < second);
    session.setEventBreakpoints([{ text: "zap_present_pte" }]);
    const inside = go({ kind: "continue" });
    assert.equal(inside.reason, "event");
    session.setEventBreakpoints([]);
    const rss = session.evaluate("mm(a).rss_anon", 1);
    assert.ok("dataId" in rss && rss.dataId !== undefined, JSON.stringify(rss));
    session.setDataBreakpoints([{ dataId: rss.dataId, condition: "mm(a).rss_anon == 100" }]);
    const data = go({ kind: "reverse" });
    assert.deepEqual([data.reason, session.evaluate("mm(a).rss_anon", 1)], ["data", { ...rss, value: "100 (0x64)" }]);
  });
});

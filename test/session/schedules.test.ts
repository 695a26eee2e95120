// How `parallel` blocks interleave: as written, as drawn, as saved.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { load } from "../../sim/session/load.ts";
import { openRun } from "../../sim/session/open_run.ts";
import { ENGINE, scheduleText } from "../../sim/session/schedules.ts";
import { hungryText, scenarioText } from "./scenarios.ts";

const race = (schedule: string) => `process a on cpu 0
process b on cpu 1
schedule ${schedule}
a: x = mmap(16TiB, 1MiB, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
b: x = mmap(16TiB, 1MiB, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
parallel {
  a: store(x, 1)
  b: touch(x, 8192, write)
}`;

const host = (text: string) => ({ read: (path: string) => (path === "s.mshare" ? text : undefined) });

function report(text: string, schedule?: string) {
  const run = openRun(host(text), { program: "s.mshare", schedule });
  if ("refused" in run) throw new Error(run.message);
  while (!run.advance(1e9));
  return run.report();
}

const asText = (value: unknown) => JSON.stringify(value, (_, item) => (typeof item === "bigint" ? String(item) : item));

describe("schedules", () => {
  it("take the threads of a block one after the other, in the order in which it names them", () => {
    const { statements } = report(race("sequential"));
    assert.deepEqual(
      statements.map(({ actor, call }) => `${actor} ${call}`),
      ["a mmap", "b mmap", "a store", "b touch"],
    );
  });

  it("follow a list of steps", () => {
    const { schedule } = report(race("[a*3, b*2, a*1, b]"));
    assert.match(schedule!, /^\[a\*3, b\*2, a\*1, b\*\d+/);
  });

  it("stop a thread just before an event", () => {
    const text = race("[a until set_pte, b*1, a]");
    const loaded = load(host(text), { program: "s.mshare" });
    assert.ok(!("refused" in loaded));
    const { machine } = loaded.system;
    const seen: string[] = [];
    machine.attend(machine.events.names.keys());
    machine.observer = () => {
      if (!loaded.runner.schedule().sequential)
        seen.push(`${machine.thread!.name} ${machine.events.names[machine.event]}`);
      return false;
    };
    loaded.run.forward(1e6, Number.POSITIVE_INFINITY);
    const turn = seen.findIndex((one) => one.startsWith("b "));
    assert.ok(turn > 0 && !seen.slice(0, turn).includes("a set_pte"));
    assert.equal(seen[turn + 1], "a set_pte");
  });

  it("come out of a random run as a list that does the same again", () => {
    fc.assert(
      fc.property(scenarioText, (text) => {
        const drawn = report(text);
        if (drawn.schedule === undefined) return;
        assert.equal(asText(report(text, drawn.schedule)), asText(drawn), text);
      }),
      { numRuns: 60, seed: 3 },
    );
  });

  it("come out of a run short of memory as a list that does the same again, whenever kswapd works", () => {
    let reclaimed = 0;
    let needed = false;
    for (let seed = 1; seed <= 6; seed++) {
      const text = hungryText(seed);
      const drawn = report(text);
      const { schedule = "" } = drawn;
      if (schedule.includes("kswapd0*")) reclaimed++;
      assert.equal(asText(report(text, schedule)), asText(drawn), text);
      const withoutIdle = schedule.replaceAll(/(?:cpu )?[^ [,]+\*0, /g, "");
      needed ||= asText({ ...report(text, withoutIdle), schedule }) !== asText(drawn);
    }
    assert.ok(reclaimed >= 3, `kswapd worked in ${reclaimed}`);
    assert.ok(needed, "goes without a step make no difference");
  });

  it("come out of a run in turns of which some are no steps; a jump back and a new future keep and forget them", () => {
    const text = hungryText(3);
    const loaded = load(host(text), { program: "s.mshare" });
    assert.ok(!("refused" in loaded));
    const { run } = loaded;
    const end = () => {
      while (run.forward(1e9, 1e6) !== "done");
      return scheduleText(run)!;
    };
    const whole = end();
    const { last, turns } = run;
    for (const turn of turns.filter(({ from, to }) => to < from).slice(0, 6)) {
      for (const step of [turn.to, turn.to + 1, Math.min(last, turn.to + 700), turn.to]) {
        if (step > 0) run.goto(step);
        assert.equal(scheduleText(run), whole, `at step ${step}`);
      }
      assert.equal(end(), whole, `on from step ${turn.to}`);
    }
    const turn = turns.findLast(({ from, to }) => to < from)!;
    run.goto(turn.to);
    run.intervene(() => undefined);
    const before = turns.slice(0, turns.indexOf(turn)).at(-1)!;
    assert.deepEqual(run.turns.at(-1), before, "what comes after a change by hand is not known");
    assert.equal(end(), whole);
  });

  it("refuse a list of another engine, unknown names and nonsense", () => {
    const refusal = (schedule: string) => {
      const run = openRun(host(race("sequential")), { program: "s.mshare", schedule });
      return "refused" in run ? run.message : "accepted";
    };
    assert.match(refusal('[a*3] engine "0.0.0"'), /version 0\.0\.0/);
    assert.match(refusal("[nobody*3]"), /nobody/);
    assert.match(refusal("[a until no_such_event]"), /no_such_event/);
    assert.match(refusal("whenever"), /schedule/);
    assert.equal(refusal(`[a*3] engine "${ENGINE}"`), "accepted");
  });

  it("bear the package's version", () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
    assert.equal(ENGINE, version);
  });
});

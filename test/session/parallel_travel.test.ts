// Time travel in the middle of parallel blocks: every way there and back shows the same, whatever the schedule.
import assert from "node:assert/strict";
import fc from "fast-check";
import type { DebugSession, Goal, Stop } from "../../sim/debugging.ts";
import { openDebugSession, openRun } from "../../sim/session.ts";
import { realHost } from "../debug/real.ts";
import { answerOf, go } from "./answers.ts";
import { loadText } from "./load_text.ts";
import { scenarioText } from "./scenarios.ts";

function opened(text: string, schedule?: string): DebugSession {
  const session = openDebugSession({ ...realHost, read: () => text }, { program: "test.mshare", schedule });
  assert.ok(!("refused" in session), JSON.stringify(session));
  return session;
}

/** Steps of the scenario's block: those which threads took turns at. */
function blockOf(text: string, schedule?: string): { readonly from: number; readonly to: number } | undefined {
  const loaded = loadText(text, { schedule });
  while (loaded.run.forward(Number.POSITIVE_INFINITY, 1_000_000) !== "done");
  const { turns } = loaded.run;
  return turns.length > 2 ? { from: turns[0]!.from, to: turns.at(-1)!.to } : undefined;
}

/** The schedule that a run drew, as a list. */
function drawn(text: string): string | undefined {
  const run = openRun({ read: () => text }, { program: "test.mshare" });
  assert.ok(!("refused" in run));
  while (!run.advance(1_000_000));
  return run.report().schedule;
}

/** Where a session stands and what can be seen there. */
function view(session: DebugSession): string {
  const { now, current } = session;
  const threads = session.threads().map(({ name, state }) => `${name} ${state}`);
  const rss = session.evaluate("status(p0).VmRSS", 1);
  const frames = answerOf(session.stack(current)).map(({ name, line }) => `${name}:${line}`);
  return JSON.stringify([now, current, threads, "value" in rss ? rss.value : rss.error, frames, session.runnable()]);
}

const stopText = ({ reason, description, thread }: Stop) =>
  `${reason} ${description.replace(/: step \d+ of .*$/, "")} ${thread}`;

/** Breakpoints of all kinds that concern the block. */
function arm(session: DebugSession): void {
  session.setEventBreakpoints([{ text: "set_pte" }, { text: "vma_link" }, { text: "tlb_fill" }]);
  const users = session.evaluate("mm(p1).map_count", 1);
  if ("dataId" in users && users.dataId) session.setDataBreakpoints([{ dataId: users.dataId }]);
}

/** All stops from one step to another, forward; then back over them. */
function thereAndBack(text: string, schedule: string | undefined, from: number, to: number): number {
  const session = opened(text, schedule);
  go(session, { kind: "goto", step: from });
  arm(session);
  const seen: { readonly stop: string; readonly view: string; readonly now: number }[] = [];
  while (seen.length < 12) {
    const stop = go(session, { kind: "continue" });
    if (stop.reason === "end" || session.now > to) break;
    seen.push({ stop: stopText(stop), view: view(session), now: session.now });
  }
  if (seen.length < 2) return 0;
  go(session, { kind: "goto", step: seen.at(-1)!.now });
  for (const expected of seen.slice(0, -1).reverse()) {
    const stop = go(session, { kind: "reverse" });
    assert.deepEqual({ stop: stopText(stop), view: view(session), now: session.now }, expected, text);
  }
  return seen.length;
}

describe("in a parallel block", function () {
  this.timeout(1_200_000);

  it("breakpoints on events and data stop at the same places backwards as forwards, by drawn and listed schedules", () => {
    let stops = 0;
    fc.assert(
      fc.property(scenarioText, (text) => {
        for (const schedule of [undefined, drawn(text)]) {
          const block = blockOf(text, schedule);
          if (block) stops += thereAndBack(text, schedule, block.from, block.to);
        }
      }),
      { numRuns: 14 },
    );
    assert.ok(stops > 60, `${stops} stops`);
  });

  it("going to a step, and a step back from the next one, show what was there first, in the middle of calls", () => {
    let middles = 0;
    fc.assert(
      fc.property(scenarioText, fc.array(fc.nat(1_000_000), { minLength: 6, maxLength: 8 }), (text, targets) => {
        const block = blockOf(text);
        if (!block) return;
        const { from, to } = block;
        const steps = targets.map((n) => from + (n % (to - from)));
        const first = new Map<number, string>();
        const fresh = opened(text);
        for (const step of [...new Set(steps)].sort((a, b) => a - b)) {
          go(fresh, { kind: "goto", step });
          first.set(step, view(fresh));
        }
        const session = opened(text);
        go(session, { kind: "goto", step: to });
        for (const step of steps) {
          go(session, { kind: "goto", step });
          assert.equal(view(session), first.get(step), text);
          if (answerOf(session.stack(session.current)).length > 3) middles++;
          // On by one step of whoever does it, and back again.
          const { current } = session;
          go(session, { kind: "goto", step: step + 1 });
          const back: Goal = { kind: "goto", step };
          go(session, back);
          assert.equal(view(session), first.get(step), text);
          // The thread's own step before, then on to here.
          go(session, { kind: "stepBack", by: "instruction", thread: current });
          assert.ok(session.now < step);
          go(session, { kind: "goto", step });
          assert.equal(view(session), first.get(step), text);
        }
      }),
      { numRuns: 10 },
    );
    assert.ok(middles > 20, `${middles} in the middle of calls`);
  });

  it("its first part begins wherever nothing is drawn, whoever did the last statement before, on the way there and back", () => {
    const text = `machine { memory: 64MiB }
process p0 on cpu 0
process p1 on cpu 1
p0: p = mmap(0, 4KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
p1: p = mmap(0, 4KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
parallel {
  p0 { store(p, 1) load(p) }
  p1 { store(p, 2) load(p) }
}`;
    const forward = opened(text);
    const whole = opened(text);
    go(whole, { kind: "continue" });
    const seen = Array.from({ length: whole.last }, (_, step) => {
      go(forward, { kind: "goto", step });
      return view(forward);
    });
    const session = opened(text);
    go(session, { kind: "continue", until: { file: "test.mshare", line: 7, text: "line 7", onTheWay: "stop" } });
    const start = view(session);
    assert.equal(answerOf(session.stack(1)).at(-1)?.line, 7);
    answerOf(session.steps(session.now - 50, 100));
    assert.equal(view(session), start, "nothing is changed by looking around");
    go(session, { kind: "continue" });
    for (let step = seen.length - 1; step >= 0; step--) {
      go(session, { kind: "goto", step });
      assert.equal(view(session), seen[step], `step ${step}`);
    }
  });

  it("lists of steps mark the same scheduling points from wherever one looks, and none where nobody else could go on", () => {
    fc.assert(
      fc.property(scenarioText, (text) => {
        const block = blockOf(text);
        if (!block) return;
        const session = opened(text);
        go(session, { kind: "goto", step: block.to });
        const { now, last } = session;
        const all = answerOf(session.steps(1, last));
        assert.deepEqual(
          all.map(({ step }) => step),
          Array.from({ length: last }, (_, i) => i + 1),
        );
        const middle = Math.floor((block.from + block.to) / 2);
        assert.deepEqual(answerOf(session.steps(middle, 5)), all.slice(middle - 1, middle + 4));
        assert.equal(session.now, now);
        const inBlock = all.slice(block.from - 1, block.to - 1);
        assert.ok(
          inBlock.some(({ choice }) => choice?.includes("p0") && choice.includes("p1")),
          text,
        );
        // Who does the next step is one of those who could.
        for (const [i, { choice }] of all.slice(0, -1).entries())
          if (choice) assert.ok(choice.includes(all[i + 1]!.text.split(":")[0]!), `${all[i]!.step} ${choice}\n${text}`);
        // Before the block there is one process after the other: only interrupts could come between.
        for (const { choice } of all.slice(0, block.from - 2))
          assert.ok(!choice || choice.some((name) => name.startsWith("irq/")), `${choice}`);
      }),
      { numRuns: 6 },
    );
  });
});

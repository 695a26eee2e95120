// When something happened: every recorded time, past and future; and what is different from an earlier step.
import assert from "node:assert/strict";
import type { DebugSession, Occurrences } from "../../sim/debugging.ts";
import { openDebugSession } from "../../sim/session.ts";
import { answerOf, go } from "./answers.ts";

const text = [
  "process a on cpu 0",
  "a: p = mmap(0, 64KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
  "label filling",
  "repeat 8 as i { a: store(p + i * 4096, i) }",
  "a: munmap(p, 64KiB)",
].join("\n");

function ended(): DebugSession {
  const session = openDebugSession({ read: () => text }, { program: "test.mshare" });
  assert.ok(!("refused" in session), JSON.stringify(session));
  go(session, { kind: "continue" });
  return session;
}

function when(session: DebugSession, words: string): Occurrences {
  const found = answerOf(session.when(words));
  assert.ok("times" in found, JSON.stringify(found));
  return found;
}

describe("when", () => {
  it("an event happened: at the steps where a breakpoint stops, wherever one asks", () => {
    const session = ended();
    for (const words of [
      "page fault",
      "set_pte if entry != 0",
      "handle_mm_fault",
      "free page",
      "page fault at p + 4096",
    ]) {
      session.setEventBreakpoints([{ text: words }]);
      go(session, { kind: "goto", step: 0 });
      const stops: number[] = [];
      while (go(session, { kind: "continue" }).reason !== "end") stops.push(session.now);
      session.setEventBreakpoints([]);
      for (const step of [session.last, 0, Math.floor(session.last / 2)]) {
        go(session, { kind: "goto", step });
        const { times, moments } = when(session, words);
        assert.deepEqual(
          moments.map((moment) => moment.step),
          stops,
          `${words}, asked at step ${step}`,
        );
        assert.equal(times, stops.length);
        assert.equal(session.now, step, "the run stands where it stood");
      }
    }
    assert.equal(when(session, "page fault").times, 8);
    assert.equal(when(session, "page fault at p + 4096").times, 1);
  });

  it("an event happened very often: those around now", () => {
    const often = text.replace("repeat 8 as i { a: store(p + i * 4096, i) }", "repeat 5000 as i { a: store(p, i) }");
    const session = openDebugSession({ read: () => often }, { program: "test.mshare" });
    assert.ok(!("refused" in session));
    go(session, { kind: "continue" });
    go(session, { kind: "goto", step: Math.floor(session.last / 2) });
    const { times, moments, earlier } = when(session, "store");
    assert.equal(times, 5000);
    assert.ok(moments.length < 4000 && earlier > 0, `${moments.length} moments, ${earlier} earlier`);
    const here = moments.findIndex(({ step }) => step > session.now);
    assert.ok(here >= 1000 && moments.length - here >= 1000, "a thousand on either side");
    const all = new Set(moments.map(({ step }) => step));
    assert.equal(all.size, moments.length);
  });

  it("a line or a label was reached", () => {
    const session = ended();
    for (const place of ["4", "filling", "test.mshare:4"]) assert.equal(when(session, place).times, 8, place);
    assert.equal(when(session, "5").moments[0]?.description, "a begins line 5");
  });

  it("a breakpoint that is set stays set", () => {
    const session = ended();
    go(session, { kind: "goto", step: 0 });
    const [{ id } = { id: -1 }] = session.setEventBreakpoints([{ text: "sys_munmap" }]);
    when(session, "handle_mm_fault");
    assert.deepEqual(go(session, { kind: "continue" }).hit, [id]);
  });

  it("nothing is called so: says what is near", () => {
    const session = ended();
    assert.deepEqual(answerOf(session.when("page flaut")), {
      error: 'No event or kernel function is called "page flaut". Near: page_fault.',
    });
  });
});

describe("changed since an earlier step", () => {
  it("are the fields that differ, the run stands where it stood", () => {
    const session = ended();
    const [fault] = when(session, "page fault").moments;
    const last = when(session, "5").moments[0]!.step;
    go(session, { kind: "goto", step: last });
    const nodes = answerOf(session.changedSince(fault!.step));
    const rss = nodes.find(({ name }) => name === "mm_struct a.rss_anon");
    assert.equal(rss?.value, "0 → 8 (32 KiB)");
    assert.ok(!nodes.some(({ name }) => name === "mm_struct a.map_count"), "the mapping was there before");
    assert.equal(session.now, last);
    go(session, { kind: "goto", step: last });
    assert.deepEqual(
      answerOf(session.changedSince(last - 1))
        .map(({ name }) => name)
        .filter((name) => /rss/.test(name)),
      [],
    );
  });
});

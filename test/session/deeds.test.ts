// Who allocated, linked, freed an object, who wrote a field: answered from the recording, the same from wherever one asks.
import assert from "node:assert/strict";
import type { DebugSession, Deed, Question } from "../../sim/debugging.ts";
import { openDebugSession, openRun } from "../../sim/session.ts";
import { realHost } from "../debug/real.ts";
import { answerOf, go } from "./answers.ts";

const text = [
  "process a on cpu 0",
  "process b on cpu 1",
  "a: p = mmap(2TiB, 64KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)",
  "a: store(p, 1)",
  'a: fd = memfd_create("x", 0)',
  "a: ftruncate(fd, 8KiB)",
  "a: q = mmap(3TiB, 8KiB, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, fd, 0)",
  "a: store(q, 7)",
  "b: mmap(2TiB, 4KiB, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)",
  "a: munmap(p, 64KiB)",
  "b: munmap(2TiB, 4KiB)",
].join("\n");

function stoppedAt(line: number): DebugSession {
  const session = openDebugSession({ ...realHost, read: () => text }, { program: "test.mshare" });
  assert.ok(!("refused" in session));
  session.setLineBreakpoints("test.mshare", [{ line }]);
  assert.equal(go(session, { kind: "continue" }).reason, "breakpoint");
  return session;
}

function objectOf(session: DebugSession, expression: string): string {
  const node = session.evaluate(expression, 1);
  assert.ok("object" in node && node.object !== undefined, JSON.stringify(node));
  return node.object;
}

const ask = (session: DebugSession, question: Question, id: string) => answerOf(session.who(question, id));
function who(session: DebugSession, question: Question, id: string): string {
  const found = ask(session, question, id);
  return "error" in found ? found.error : `${found.task} line ${found.line}: ${found.description.replace(/:.*/, "")}`;
}

describe("who did something to an object", function () {
  this.timeout(120_000);

  it("is known of a page, a page table, a VMA, a file: who allocated and who linked it", () => {
    const session = stoppedAt(9);
    assert.equal(who(session, "allocated", objectOf(session, "pte(a, a.p)")), "a line 4: alloc_page");
    assert.equal(who(session, "linked", objectOf(session, "pte(a, a.p)")), "a line 4: set_pte into a");
    assert.equal(who(session, "allocated", objectOf(session, "pmd(a, a.p)")), "a line 4: alloc_table");
    assert.match(who(session, "linked", objectOf(session, "pmd(a, a.p)")), /^a line 4: (set_pmd|pmd_populate) into a$/);
    assert.match(who(session, "allocated", objectOf(session, "vma(a, a.p)")), /^a line 3: /);
    assert.equal(who(session, "linked", objectOf(session, "vma(a, a.p)")), "a line 3: vma_link");
    assert.match(who(session, "allocated", objectOf(session, "vma(a, a.q).vm_file")), /^a line 5: /);
    assert.equal(who(session, "linked", objectOf(session, "vma(a, a.q).vm_file")), "a line 5: fd_install");
    assert.match(who(session, "linked", objectOf(session, "pte(a, a.q)")), /^a line 8: set_pte into a$/);
    assert.equal(who(session, "wrote", "no such field"), "no such field names no field");
  });

  it("is known of who freed it, as far as was recorded, from before and after", () => {
    const session = stoppedAt(9);
    const page = objectOf(session, "pte(a, a.p)");
    const table = objectOf(session, "pmd(a, a.p)");
    const vma = objectOf(session, "vma(a, a.p)");
    for (const id of [page, table, vma]) assert.match(who(session, "freed", id), /^nobody frees it, as far as was rec/);
    const before = session.now;
    go(session, { kind: "continue" });
    const after = [page, table, vma].map((id) => ask(session, "freed", id));
    // Page tables are freed after a grace period, when the statement is over.
    const by = after.map((deed) => ("step" in deed ? `${deed.task} line ${deed.line}` : deed));
    assert.deepEqual(by, ["a line 10", "rcu_preempt line 10", "a line 10"]);
    const made = [page, table, vma].map((id) => ask(session, "allocated", id));
    go(session, { kind: "goto", step: before });
    assert.deepEqual(
      [page, table, vma].map((id) => ask(session, "freed", id)),
      after,
    );
    assert.deepEqual(
      [page, table, vma].map((id) => ask(session, "allocated", id)),
      made,
    );
    // And the run is where it was, with the same future.
    assert.equal(session.now, before);
    assert.ok((after[0] as Deed).step > before);
  });

  it("takes the life that a frame has where one stands", () => {
    const session = stoppedAt(9);
    const page = objectOf(session, "pte(a, a.p)");
    const [, pfn] = page.split(":");
    const first = ask(session, "allocated", page) as Deed;
    go(session, { kind: "goto", step: first.step - 1 });
    assert.match(who(session, "allocated", page), /nobody|line [0-3]:/);
    go(session, { kind: "goto", step: first.step });
    assert.deepEqual(ask(session, "allocated", `page:${pfn}:0`), first);
    assert.equal(who(session, "linked", page), "no event has linked it so far");
  });

  it("can be given up in its middle, and the run stands where it stood", () => {
    const long =
      "process a\na: p = mmap(0, 64MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\na: touch(p, 64MiB, write)\na: store(p, 1)";
    const session = openDebugSession({ ...realHost, read: () => long }, { program: "test.mshare" });
    assert.ok(!("refused" in session));
    session.setLineBreakpoints("test.mshare", [{ line: 4 }]);
    go(session, { kind: "continue" });
    const { now } = session;
    const stack = answerOf(session.stack(1));
    const lookup = session.who("allocated", objectOf(session, "mm(a)"));
    let slices = 0;
    while (lookup.advance(50) === undefined && ++slices < 3);
    assert.equal(slices, 3, "it takes longer");
    lookup.giveUp();
    let end = lookup.advance(1000);
    while (end === undefined) end = lookup.advance(1000);
    assert.equal(end, "given up");
    assert.equal(session.now, now);
    assert.deepEqual(answerOf(session.stack(1)), stack);
    session.setLineBreakpoints("test.mshare", []);
    assert.equal(go(session, { kind: "continue" }).reason, "end");
  });
});

describe("a report of a use after free", function () {
  this.timeout(120_000);
  const scenarios = ["mshare-host-freed", "ptshare-host-freed"];

  for (const name of scenarios)
    it(`says who allocated and who freed the object, with step and line: ${name}`, () => {
      const program = `test/scenarios/bugs/${name}.mshare`;
      const run = openRun(realHost, { program });
      assert.ok(!("refused" in run));
      while (!run.advance(100_000));
      const bugs = run.report().bugs.filter(({ kind }) => kind === "use-after-free");
      assert.ok(bugs.length > 0);
      for (const { objects, step, message } of bugs) {
        const [{ type, allocated, freed }] = objects as [(typeof objects)[0]];
        assert.ok(allocated && freed, message);
        assert.ok(allocated.step < freed.step && freed.step <= step, message);
        assert.ok(allocated.line > 0 && freed.line > 0 && allocated.task && freed.task, message);
        if (type !== "page")
          assert.match(message, new RegExp(`at step ${allocated.step} and freed at step ${freed.step}`));
      }
      // The debugger says the same where it stops, also after going back and forth.
      const session = openDebugSession(realHost, { program });
      assert.ok(!("refused" in session));
      session.setExceptionFilters([{ filter: "use-after-free" }]);
      const stop = go(session, { kind: "continue" });
      assert.equal(stop.reason, "exception");
      const said = answerOf(session.explain());
      const [{ allocated, freed }] = bugs[0]!.objects as [(typeof bugs)[0]["objects"][0]];
      assert.ok(
        said.includes(`allocated by ${allocated!.task} at step ${allocated!.step}, line ${allocated!.line}`),
        said,
      );
      assert.ok(said.includes(`freed by ${freed!.task} at step ${freed!.step}, line ${freed!.line}`), said);
      go(session, { kind: "goto", step: 1 });
      assert.equal(go(session, { kind: "continue" }).reason, "exception");
      assert.equal(answerOf(session.explain()), said);
    });

  it("is the last that wrote, also where that was long before, in a call or between many", () => {
    const program = `process a
a: p = mmap(2TiB, 64MiB, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
repeat 6 as i {
  a: store(p + i * 2MiB, 1)
  a: touch(p + i * 2MiB, 512KiB, write)
  a: madvise(p + i * 2MiB, 512KiB, MADV_DONTNEED)
}`;
    const open = () => {
      const session = openDebugSession({ read: () => program }, { program: "test.mshare" });
      assert.ok(!("refused" in session));
      session.setExceptionFilters([]);
      go(session, { kind: "goto", step: 5 });
      const field = session.evaluate("mm(a).pgtables_bytes", 1);
      assert.ok("dataId" in field && field.dataId !== undefined);
      return { session, dataId: field.dataId };
    };
    const recorder = open();
    recorder.session.setDataBreakpoints([{ dataId: recorder.dataId }]);
    const writes: number[] = [];
    while (go(recorder.session, { kind: "continue" }).reason === "data") writes.push(recorder.session.now);
    const { session, dataId } = open();
    go(session, { kind: "goto", step: writes.at(-1)! + 100 });
    const { last } = session;
    assert.ok(writes.length >= 6 && last > 6_000, `${writes.length} writes, ${last} steps`);
    for (let i = 0; i < 40; i++) {
      const now = writes[0]! + ((i * 1_009) % (last - writes[0]!));
      go(session, { kind: "goto", step: now });
      const found = answerOf(session.who("wrote", dataId));
      assert.equal(
        "error" in found ? found.error : found.step,
        writes.findLast((step) => step <= now),
        `at ${now}`,
      );
      assert.equal(session.now, now);
    }
  });
});

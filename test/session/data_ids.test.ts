// Ids of data breakpoints outlive sessions: clients send them again, also to other scenarios and before anything has run.
import assert from "node:assert/strict";
import type { DebugSession } from "../../sim/debugging.ts";
import { openDebugSession } from "../../sim/session.ts";
import { answerOf, go } from "./answers.ts";

const text = `process a on cpu 0
a: p = mmap(0, 64KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
a: store(p, 1)
a: mprotect(p, 64KiB, PROT_READ)
a: mprotect(p, 64KiB, PROT_READ|PROT_WRITE)
a: munmap(p, 64KiB)
a: q = mmap(0, 8KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
a: mprotect(q, 8KiB, PROT_READ)`;

function opened(): DebugSession {
  const session = openDebugSession({ read: () => text }, { program: "test.mshare" });
  assert.ok(!("refused" in session), JSON.stringify(session));
  session.setExceptionFilters([]);
  return session;
}

/** Stopped before line 4, with the id of the flags of the VMA. */
function withFlags(): { readonly session: DebugSession; readonly dataId: string } {
  const session = opened();
  session.setLineBreakpoints("test.mshare", [{ line: 4 }]);
  go(session, { kind: "continue" });
  session.setLineBreakpoints("test.mshare", []);
  const node = session.evaluate("vma(a, p).vm_flags", 1);
  assert.ok("dataId" in node && node.dataId !== undefined);
  return { session, dataId: node.dataId };
}

function stops(session: DebugSession, kind: "continue" | "reverse"): string[] {
  const texts: string[] = [];
  for (;;) {
    const { reason, description } = go(session, { kind });
    if (reason !== "data") return texts;
    texts.push(`${session.now}: ${description.replace(/: step \d+ of \d+, in the past$/, "")}`);
  }
}

describe("an id of a data breakpoint", () => {
  it("of an object that is yet to come stops when it is written, and not of another in its place", () => {
    const { dataId } = withFlags();
    const session = opened();
    const [set] = session.setDataBreakpoints([{ dataId }]);
    assert.equal(set?.verified, true);
    assert.match(set?.message ?? "", /^there is no such vm_area_struct now: the run stops once there is$/);
    const forward = stops(session, "continue");
    assert.equal(forward.length, 3, forward.join("\n"));
    assert.match(forward[0] ?? "", /vm_flags of .*: 0 → 0x\w+ .*READ\|WRITE/);
    assert.match(forward[1] ?? "", /READ\|WRITE\|.* → 0x\w+ READ\|MAYREAD/);
    assert.deepEqual(stops(session, "reverse").reverse(), forward);
  });

  it("of an object whose life is over stops on the way back", () => {
    const { session, dataId } = withFlags();
    while (go(session, { kind: "continue" }).reason !== "end");
    const [set] = session.setDataBreakpoints([{ dataId }]);
    assert.equal(set?.verified, true);
    assert.equal(stops(session, "reverse").length, 3);
  });

  it("that means nothing here is answered for, and the others are set", () => {
    const session = opened();
    go(session, { kind: "goto", step: 5 });
    const wrong = [
      ...[
        "nonsense",
        "mm_struct:1:1/nothing",
        "mm_struct:1:1/mmap_lock.nothing",
        "toString:1:1/x",
        "page:99999999:0/refcount",
      ],
      ...["entry:99999999:1", "entry:1:512", "bytes:nowhere:8", "bytes:page:99999999:8", "bytes:process:nobody:4096:8"],
      ...["mm_struct:0:1/pgd[4]", "variable:a.p", "zone:0:1/_watermark[99]"],
    ];
    const right = ["mm_struct:1:1/map_count", "entry:257:4", "bytes:process:a:4096:8"];
    const statuses = session.setDataBreakpoints([...wrong, ...right].map((dataId) => ({ dataId })));
    assert.deepEqual(
      statuses.map(({ verified }) => verified),
      [...wrong.map(() => false), ...right.map(() => true)],
      JSON.stringify(statuses.map(({ message }) => message)),
    );
    for (const { message } of statuses.slice(0, wrong.length)) assert.ok(message);
    for (const id of [...wrong, "mm_struct:9999:1/pgd"]) {
      assert.ok("error" in answerOf(session.who("wrote", id)), id);
      assert.ok("error" in session.write(id, "1"), id);
      session.called(id);
    }
    assert.equal(go(session, { kind: "continue" }).reason, "data");
  });

  it("of a step that never comes is refused", () => {
    const statuses = opened().setStepBreakpoints([{ step: -5 }, { step: 0 }, { step: 1 }]);
    assert.deepEqual(
      statuses.map(({ verified, message }) => [verified, message]),
      [
        [false, "there is no step -5: they count from 1"],
        [false, "there is no step 0: they count from 1"],
        [true, undefined],
      ],
    );
  });
});

// What is changed by hand stays changed, whatever is done once more, and takes effect where somebody would expect it.
import assert from "node:assert/strict";
import type { DebugSession } from "../../sim/debugging.ts";
import { openDebugSession } from "../../sim/session.ts";
import { go } from "./answers.ts";

const text = `process a on cpu 0
process b on cpu 1
a: p = mmap(0, 64KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
b: p = mmap(0, 64KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
a: store(p, 1)
a: store(p + 4096, 2)
b: store(p, 3)
a: touch(p, 8KiB, write)
a: x = load(p)
a: munmap(p, 4KiB)
b: y = load(p)`;

function opened(): DebugSession {
  const session = openDebugSession({ read: () => text }, { program: "test.mshare" });
  assert.ok(!("refused" in session), JSON.stringify(session));
  session.setExceptionFilters([]);
  return session;
}

const stopAt = (session: DebugSession, ...lines: number[]) =>
  session.setLineBreakpoints(
    "test.mshare",
    lines.map((line) => ({ line })),
  );
const on = (session: DebugSession) => go(session, { kind: "continue" });
function value(session: DebugSession, expression: string): string {
  const node = session.evaluate(expression, 1);
  return "value" in node ? node.value : node.error;
}
function set(session: DebugSession, expression: string, to: string): void {
  const node = session.evaluate(expression, 1);
  assert.ok("value" in node);
  const written = session.write((node.dataId ?? node.variable)!, to);
  assert.ok("value" in written, JSON.stringify(written));
}

describe("what is changed by hand", () => {
  it("stays changed at every later stop, also of what is done once more on the way", () => {
    const session = opened();
    stopAt(session, 5, 6, 7, 8, 9, 11);
    on(session);
    set(session, "mm(a).def_flags", "7");
    set(session, "mm(b).def_flags", "5");
    for (const line of [6, 7, 8, 9, 11]) {
      assert.match(on(session).description, new RegExp(`^line ${line}: `));
      assert.deepEqual(
        [value(session, "mm(a).def_flags"), value(session, "mm(b).def_flags")],
        ["7", "5"],
        `line ${line}`,
      );
    }
    // On the way back it is undone where it was done, and done again on the way there.
    for (const line of [9, 8, 7, 6, 5]) {
      assert.match(go(session, { kind: "reverse" }).description, new RegExp(`^line ${line}: `));
      assert.equal(value(session, "mm(a).def_flags"), "7", `line ${line}, back`);
    }
    go(session, { kind: "stepBack", by: "instruction", thread: 1 });
    assert.equal(value(session, "mm(a).def_flags"), "0");
    assert.match(on(session).description, /^line 5: /, "the breakpoint where the change was made still stops");
    assert.equal(value(session, "mm(a).def_flags"), "7");
    on(session);
    assert.equal(value(session, "mm(a).def_flags"), "7");
  });

  it("kills whose task is given the signal, also when that is done once more", () => {
    const session = opened();
    stopAt(session, 5);
    on(session);
    set(session, "mm(b).owner.signal", "9");
    stopAt(session, 5, 7, 9);
    // b does not come to line 7 any more.
    assert.match(on(session).description, /^line 9: /);
    assert.match(go(session, { kind: "reverse" }).description, /^line 5: /);
    assert.match(on(session).description, /^line 9: /);
  });

  it("in the middle of a call too", () => {
    const session = opened();
    const [fault] = session.setEventBreakpoints([{ text: "set_pte into a" }]);
    assert.deepEqual(on(session).hit, [fault!.id]);
    set(session, "mm(a).def_flags", "7");
    session.setEventBreakpoints([]);
    stopAt(session, 7, 10);
    for (const line of [7, 10]) {
      assert.match(on(session).description, new RegExp(`^line ${line}: `));
      assert.equal(value(session, "mm(a).def_flags"), "7");
    }
  });

  it("a variable: the statement that is about to begin takes it, and those that follow", () => {
    for (const [line, of] of [
      [5, "a"],
      [7, "b"],
      [8, "a"],
      [10, "a"],
    ] as const) {
      const session = opened();
      stopAt(session, line, 11);
      on(session);
      const before = value(session, `${of}.p`);
      set(session, `${of}.p`, "4096");
      session.setExceptionFilters([{ filter: "signal" }]);
      const stop = on(session);
      if (line === 10) {
        // munmap of nothing succeeds: what was mapped is still there.
        assert.match(stop.description, /^line 11: /);
        assert.equal(value(session, `vma(a, ${before}) != null`), "true");
        continue;
      }
      assert.match(stop.description, /SIGSEGV at 0x1000/, `line ${line}: ${stop.description}`);
      assert.equal(value(session, `${of}.p`), "4096 (0x1000, 4 KiB)");
      // The same once more.
      session.setEventBreakpoints([]);
      go(session, { kind: "goto", step: 0 });
      assert.match(on(session).description, new RegExp(`^line ${line}: `));
      assert.match(on(session).description, /SIGSEGV at 0x1000/, `line ${line}, once more`);
    }
  });

  it("a variable changed back and forth: the last one counts", () => {
    const session = opened();
    stopAt(session, 9);
    on(session);
    const p = value(session, "a.p");
    set(session, "a.p", "4096");
    set(session, "a.p", p);
    stopAt(session, 10);
    on(session);
    assert.equal(value(session, "a.x"), "1");
  });
});

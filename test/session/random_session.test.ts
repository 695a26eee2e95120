// Sessions that nobody would plan: moves, breakpoints of all kinds, changes by hand and choices in any order. Whatever was done, a
// step that one comes back to is as it was, and every move comes to rest. MSHARE_SEED=N draws others.
import assert from "node:assert/strict";
import type { DebugSession, Goal } from "../../sim/debugging.ts";
import { openDebugSession } from "../../sim/session.ts";
import { random } from "../debug/fuzz.ts";
import { answerOf } from "./answers.ts";

const texts = [
  `machine { cpus: 2, memory: 64MiB }
process a on cpu 0
process b on cpu 1
a: p = mmap(0, 64KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
repeat 5 as i { a: store(p + i * 4096, i) }
a: fork(b)
b: store(p, 9)
a: x = load(p)
a: mprotect(p, 8KiB, PROT_READ)
b: y = load(p + 4096)
b: munmap(p, 16KiB)
a: touch(p + 8192, 16KiB, write)
a: munmap(p, 64KiB)`,
  `machine { cpus: 2, memory: 64MiB }
process a on cpu 0
process b on cpu 1
schedule random 7
a: p = mmap(0, 32KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
b: p = mmap(0, 32KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
parallel {
  a: store(p, 1)
  b { store(p, 2) store(p + 4096, 3) }
  a: munmap(p, 8KiB)
}
a: x = load(p + 8192)
b: y = load(p)`,
  `kernel mshare-v3 { tlb_flush: none }
machine { cpus: 2, memory: 256MiB, swap: 64MiB }
process a on cpu 0
process b on cpu 1
a: fd = open("/sys/fs/mshare/db", O_CREAT|O_EXCL|O_RDWR, 0600)
a: ioctl(fd, MSHAREFS_SET_SIZE, { start: 2TiB, size: 512GiB })
a: ioctl(fd, MSHAREFS_CREATE_MAPPING, { addr: 2TiB, size: 2MiB, offset: 0,
     prot: PROT_READ|PROT_WRITE, flags: MAP_ANONYMOUS|MAP_SHARED|MAP_FIXED, fd: -1 })
a: p = mmap(2TiB, 512GiB, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
a: store(p, 42)
b: fd = open("/sys/fs/mshare/db", O_RDWR)
b: p = mmap(2TiB, 512GiB, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
b: y = load(p)
parallel {
  kernel: swap_out(a, a.p, 4KiB)
  b: y = load(p)
}
a: munmap(p, 512GiB)
a: x = unlink("/sys/fs/mshare/db")
allow bugs`,
  `machine { cpus: 2, memory: 64MiB }
process a on cpu 0
process b on cpu 1
a: p = mmap(0, 32KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
b: p = mmap(0, 32KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
parallel {
  a { store(p, 1) x = load(p) }
  b { store(p, 2) store(p + 4096, 3) munmap(p, 8KiB) }
}
a: munmap(p, 8KiB)
b: y = load(p + 8192)`,
];

const EVENTS = [
  "page fault",
  "set_pte",
  "before set_pte",
  "lock of mmap_lock",
  "do_anonymous_page",
  "free page",
  "munmap",
];
const LOOKS = [
  ...["a", "b"].flatMap((who) => [
    ...["map_count", "rss_anon", "pgtables_bytes", "def_flags", "mm_users"].map((field) => `mm(${who}).${field}`),
    ...[`${who}.p`, `pte(${who}, ${who}.p).raw`, `stat(${who}).minflt`],
  ]),
  ...["a.x", "b.y", "step", "count(page_fault)", "meminfo().MemFree", "tlb(0).entries.length", "tlb(1).entries.length"],
];

const ACTIONS = 60;

interface Seen {
  readonly looks: string;
  readonly threads: string | undefined;
}

/** What there is at a stop. At the first step and at the last one stands before it or after it, and who is busy differs. */
function state(session: DebugSession): Seen {
  const looks = LOOKS.map((text) => {
    const node = session.evaluate(text, 1);
    return "value" in node ? node.value : node.error;
  });
  const { now, last } = session;
  const threads = session.threads().map(({ id, name, state }) => {
    const frames = answerOf(session.stack(id)).map((frame) => `${frame.name}:${frame.line}`);
    return `${name} ${state} ${frames.join(" < ")}`;
  });
  return { looks: looks.join("\n"), threads: now === 0 || now === last ? undefined : threads.join("\n") };
}

function act(session: DebugSession, goal: Goal, slice: number): string {
  session.start(goal);
  for (let turns = 0; turns < 5_000; turns++) {
    const stop = session.advance(slice);
    if (stop) return stop.reason;
  }
  assert.fail(`${JSON.stringify(goal)} does not come to rest`);
}

function run(text: string, seed: string): void {
  const session = openDebugSession({ read: () => text }, { program: "test.mshare", stopOnAllowed: true });
  assert.ok(!("refused" in session), JSON.stringify(session));
  const pick = random(seed);
  const one = <T>(of: readonly T[]): T => of[pick(of.length)]!;
  /** By step, of this future. */
  const seen = new Map<number, Seen>();
  const said: string[] = [];
  const forgetFrom = (step: number) => {
    for (const at of seen.keys()) if (at >= step) seen.delete(at);
  };
  const check = () => {
    const now = state(session);
    assert.ok(session.now <= session.last);
    const before = seen.get(session.now) ?? now;
    const where = `step ${session.now} after\n${said.join("\n")}`;
    assert.equal(now.looks, before.looks, where);
    const threads = now.threads ?? before.threads;
    assert.equal(threads, before.threads ?? threads, where);
    seen.set(session.now, { ...now, threads });
  };
  const change = (id: string | undefined, value: string) => {
    if (id === undefined) return;
    const written = session.write(id, value);
    if ("error" in written) return;
    forgetFrom(session.now);
  };
  const events = (word: string) => {
    const when = word.startsWith("before ") ? "before" : "after";
    return {
      text: word.replace("before ", ""),
      when,
      ...(pick(4) === 0 && { hitCondition: one(["2", "% 3", ">= 4"]) }),
    };
  };
  const actions: readonly (() => unknown)[] = [
    () => act(session, { kind: "continue" }, one([50, 1000, 100_000])),
    () => act(session, { kind: "reverse" }, one([50, 1000, 100_000])),
    () => {
      const step = pick(session.last + 20);
      act(session, { kind: "goto", step }, 1000);
      if (step <= session.last) assert.equal(session.now, step, said.join("\n"));
    },
    () => act(session, { kind: "stepBack", by: one(["statement", "line", "instruction"]), thread: 1 + pick(2) }, 1000),
    () => {
      const alone = pick(3) === 0;
      const before = session.now;
      if (alone) forgetFrom(before + 1);
      const how = one(["in", "over", "out"] as const);
      act(
        session,
        { kind: "step", how, by: one(["statement", "line", "instruction"]), thread: session.current, alone },
        1000,
      );
    },
    () => session.setEventBreakpoints(Array.from({ length: pick(3) }, () => events(one(EVENTS)))),
    () =>
      session.setLineBreakpoints(
        "test.mshare",
        Array.from({ length: pick(3) }, () => ({ line: 4 + pick(10) })),
      ),
    () =>
      session.setExceptionFilters(
        ["missing-tlb-flush", "stale-tlb-access", "lock-recursion", "signal", "dangling-page-table"]
          .filter(() => pick(2) === 0)
          .map((filter) => ({ filter, when: one(["before", "after"]) })),
      ),
    () => answerOf(session.explain()),
    () => session.setStepBreakpoints([{ step: pick(session.last + 1), when: one(["before", "after"]) }].slice(pick(2))),
    () => {
      const node = session.evaluate("mm(a).rss_anon", 1);
      const dataId = "dataId" in node ? node.dataId : undefined;
      session.setDataBreakpoints(
        dataId === undefined || pick(2) === 0 ? [] : [{ dataId, when: one(["before", "after"]) }],
      );
    },
    () => {
      const node = session.evaluate("mm(a).def_flags", 1);
      change("dataId" in node ? node.dataId : undefined, String(pick(100)));
    },
    () => {
      const node = session.evaluate(one(["a.p", "b.p"]), 1);
      change("variable" in node ? node.variable : undefined, one(["a.p", "4096", "a.p + 4096"]));
    },
    () => {
      const node = session.evaluate("a.p", 1);
      const memory = "memory" in node ? node.memory : undefined;
      if (memory && session.writeMemory(memory, 8, Uint8Array.from([pick(256)])) > 0) forgetFrom(session.now);
    },
    () => {
      const memory = `process:a:${0x7ffff7ff0000 + pick(16) * 4096}`;
      session.setDataBreakpoints([{ dataId: `bytes:${memory}:8`, when: one(["before", "after"]) }]);
    },
    () => {
      const depth = pick(answerOf(session.stack(session.current)).length + 1);
      act(session, { kind: "restart", thread: session.current, depth }, 1000);
    },
    () => {
      const until = { file: "test.mshare", line: 4 + pick(8), text: "there", onTheWay: one(["stop", "pass"] as const) };
      act(session, { kind: one(["continue", "reverse"]), until }, one([50, 100_000]));
    },
    () => {
      const able = session.runnable();
      if (able.length === 0) return;
      forgetFrom(session.now + 1);
      act(session, { kind: "step", how: "in", by: "instruction", thread: one(able).thread, alone: true }, 1000);
    },
    () => answerOf(session.when(one(["page fault", "set_pte", "7", "do_anonymous_page"]))),
    () => session.now > 1 && answerOf(session.changedSince(pick(session.now))),
    () => answerOf(session.stack(1 + pick(2))),
    () => {
      act(session, { kind: "goto", step: session.now }, 1000);
    },
    () => {
      session.start({ kind: one(["continue", "reverse"]) });
      const stop = session.advance(20);
      if (!stop) session.pause();
    },
  ];
  for (let i = 0; i < ACTIONS; i++) {
    const which = pick(actions.length);
    said.push(`${i}: action ${which} at step ${session.now} of ${session.last}`);
    actions[which]!();
    session.takeOutput();
    check();
  }
}

describe("a session of anything in any order", function () {
  this.timeout(120_000);
  for (const [which, text] of texts.entries())
    for (let n = 0; n < 12; n++) it(`scenario ${which}, number ${n}`, () => run(text, `session ${which} ${n}`));
});

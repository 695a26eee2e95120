import assert from "node:assert/strict";
import type { Session } from "../../server/debug/environment.ts";
import type { Host, LaunchOptions } from "../../sim/debugging.ts";
import { fakeEngine } from "./fake_session.ts";
import { clientOn, type TestClient, turn } from "./harness.ts";

const program = "/demo.mshare";
const text = "A: x = 1\nB: x = 2\nA: x = 3\nA: y = 4";

async function stoppedAtEntry(launch: object = {}, scenario = text): Promise<TestClient> {
  const c = clientOn(fakeEngine, { [program]: scenario });
  c.launch({ program, stopOnEntry: true, ...launch });
  await c.event("stopped");
  return c;
}

const top = (c: TestClient, threadId = 1) => c.request("stackTrace", { threadId }).stackFrames[0];

describe("moving through a run", () => {
  it("answers before it moves", async () => {
    const c = await stoppedAtEntry();
    c.request("next", { threadId: 1 });
    assert.equal(c.adapter.debuggee?.session.now, 0);
    assert.equal((await c.event("stopped")).reason, "step");
  });

  it("steps over statements, into the kernel, and by single steps", async () => {
    const c = await stoppedAtEntry();
    await c.move("next");
    assert.equal(top(c, 2).line, 2);
    await c.move("stepIn");
    assert.equal(top(c, 2).name, "store_value");
    await c.move("next", { granularity: "instruction" });
    assert.equal(c.adapter.debuggee?.session.now, 4);
  });

  it("hands the engine what was asked for", async () => {
    const c = await stoppedAtEntry();
    const goals: object[] = [];
    const session = c.adapter.debuggee?.session;
    assert.ok(session);
    const start = session.start.bind(session);
    session.start = (goal) => {
      goals.push(goal);
      start(goal);
    };
    await c.move("stepIn", { singleThread: true, granularity: "line" });
    await c.move("stepOut", { granularity: "instruction" });
    await c.move("stepIn");
    await c.move("stepBack", { granularity: "line" });
    await c.move("reverseContinue");
    assert.deepEqual(goals, [
      { kind: "step", how: "in", by: "line", thread: 1, alone: true },
      { kind: "step", how: "out", by: "instruction", thread: 1, alone: false },
      { kind: "step", how: "in", by: "statement", thread: 1, alone: false },
      { kind: "stepBack", by: "line", thread: 1 },
      { kind: "reverse" },
    ]);
  });

  it("goes back, says that it is in the past, and comes forward again", async () => {
    const c = await stoppedAtEntry();
    for (let i = 0; i < 3; i++) await c.move("next");
    const back = await c.move("stepBack");
    assert.equal(back.description, "step back: step 4 of 6, in the past");
    assert.deepEqual(await c.event("mshare/time"), { step: 4, last: 6, past: true });
    await c.move("next");
    assert.deepEqual(await c.event("mshare/time"), { step: 6, last: 6, past: false });
  });

  it("stops at the beginning of history", async () => {
    const c = await stoppedAtEntry();
    await c.move("next");
    assert.equal((await c.move("reverseContinue")).reason, "entry");
    assert.equal((await c.move("reverseContinue")).reason, "entry");
  });

  it("cannot go back without history, and shows that", async () => {
    const c = await stoppedAtEntry({ history: false });
    await c.move("next");
    for (const command of ["stepBack", "reverseContinue"]) {
      const response = c.raw({ command, arguments: { threadId: 1 } });
      assert.equal(response.body.error.showUser, true);
      assert.match(String(response.message), /history: false/);
    }
    assert.match(c.refused("mshare/seek", { step: 0 }), /history: false/);
    assert.match(c.refused("evaluate", { expression: "goto 0", context: "repl" }), /history: false/);
    assert.equal(c.adapter.debuggee?.state, "stopped");
  });

  it("seeks to a step", async () => {
    const c = await stoppedAtEntry();
    c.request("mshare/seek", { step: 5 });
    assert.equal((await c.event("stopped")).reason, "goto");
    assert.equal(c.adapter.debuggee?.session.now, 5);
    assert.match(c.refused("mshare/seek", { step: -1 }), /`step` must be an integer from 0/);
    assert.match(c.refused("mshare/seek", { step: "5" }), /`step` must be an integer/);
  });

  it("says which breakpoints were hit, by the client's numbers", async () => {
    const c = clientOn(fakeEngine, { [program]: text });
    const ids: Record<string, number> = {};
    c.launch({ program, stopOnEntry: true }, () => {
      const lines = { source: { path: program }, breakpoints: [{ line: 2 }] };
      ids.line = c.request("setBreakpoints", lines).breakpoints[0].id ?? 0;
      ids.event = c.request("setFunctionBreakpoints", { breakpoints: [{ name: "set_y" }] }).breakpoints[0].id ?? 0;
    });
    await c.event("stopped");
    ids.data = c.request("setDataBreakpoints", { breakpoints: [{ dataId: "var:A.x" }] }).breakpoints[0].id ?? 0;
    const seen: [string, number[]][] = [];
    for (let i = 0; i < 4; i++) {
      const { reason, hitBreakpointIds } = await c.move("continue");
      seen.push([reason, hitBreakpointIds]);
    }
    assert.deepEqual(seen, [
      ["data breakpoint", [ids.data]],
      ["breakpoint", [ids.line]],
      ["data breakpoint", [ids.data]],
      ["function breakpoint", [ids.event]],
    ]);
    assert.equal(new Set(Object.values(ids)).size, 3);
  });

  it("stops at a failed expectation with its report", async () => {
    const c = clientOn(fakeEngine, { [program]: "A: x = 1\nexpect A.x == 2\nA: x = 3" });
    c.launch({ program });
    const stop = await c.event("stopped");
    assert.deepEqual([stop.reason, stop.text], ["exception", "expect A.x == 2: it is 1"]);
    const info = c.request("exceptionInfo", { threadId: stop.threadId });
    assert.equal(info.exceptionId, "expectation");
    assert.match(info.details.stackTrace ?? "", /^BUG: expect/);
    await c.move("stepIn");
    assert.match(c.refused("exceptionInfo", { threadId: 1 }), /did not stop at a report/);
  });

  it("stops at bugs unless told otherwise, also for clients that know no filters", () => {
    const seen: string[] = [];
    const engine = {
      ...fakeEngine,
      openDebugSession(host: Host, options: LaunchOptions) {
        const session = fakeEngine.openDebugSession(host, options) as Session;
        const set = session.setExceptionFilters.bind(session);
        session.setExceptionFilters = (filters) => {
          seen.push(...filters.map(({ filter }) => filter));
          return set(filters);
        };
        return session;
      },
    };
    clientOn(engine, { [program]: text }).launch({ program });
    assert.deepEqual(seen, ["use-after-free", "expectation"]);
  });

  it("leaves bugs alone with stopOnBug: false, expectations not", () => {
    const c = clientOn(fakeEngine, { [program]: text });
    c.request("initialize", { adapterID: "mshare" });
    c.request("launch", { program, stopOnBug: false });
    const { breakpoints } = c.request("setExceptionBreakpoints", {
      filters: ["use-after-free"],
      filterOptions: [{ filterId: "expectation", condition: "cpu == 1" }],
    });
    assert.deepEqual(
      breakpoints.map(({ verified, message }) => [verified, message]),
      [
        [false, "the launch configuration switches this off (stopOnBug)"],
        [true, undefined],
      ],
    );
  });

  it("moves only a thread that there is", async () => {
    const c = await stoppedAtEntry();
    for (const command of ["continue", "next", "stepIn", "stepOut", "stepBack", "reverseContinue", "pause"]) {
      assert.match(c.refused(command, { threadId: 99 }), /no thread 99/, command);
      assert.match(c.refused(command, {}), /`threadId` must be an integer/, command);
    }
  });

  it("does not move twice at a time", async () => {
    const c = await stoppedAtEntry({}, "A: x = 1\nspin 1000000000");
    c.request("continue", { threadId: 1 });
    assert.match(c.refused("continue", { threadId: 1 }), /goes on: pause it first/);
    assert.match(c.refused("mshare/seek", { step: 1 }), /goes on: pause it first/);
  });

  it("shows the progress of a long way and lets it be cancelled", async () => {
    const c = clientOn(fakeEngine, { [program]: "A: x = 1\nspin 1000000000000" });
    c.request("initialize", { adapterID: "mshare", supportsProgressReporting: true });
    c.request("launch", { program, stopOnEntry: true });
    c.request("configurationDone");
    await c.event("stopped");
    c.request("mshare/seek", { step: 900000000000 });
    const { progressId, cancellable } = await c.event("progressStart");
    assert.equal(cancellable, true);
    c.request("cancel", { progressId: "another" });
    await turn();
    assert.equal(c.adapter.debuggee?.state, "running");
    c.request("cancel", { progressId });
    assert.deepEqual(await c.event("progressEnd"), { progressId });
    assert.equal((await c.event("stopped")).reason, "pause");
  });

  it("stops at events that the console named, beside those of the client", async () => {
    const c = await stoppedAtEntry();
    const say = (expression: string) => c.request("evaluate", { expression, context: "repl" }).result;
    const [{ id }] = c.request("setFunctionBreakpoints", { breakpoints: [{ name: "set_y" }] }).breakpoints;
    assert.equal(say("break set_x"), "the run stops at set_x");
    assert.match(c.refused("evaluate", { expression: "break set q", context: "repl" }), /did you mean set_x/);
    assert.equal((await c.move("continue")).reason, "function breakpoint");
    assert.equal(c.adapter.debuggee?.session.now, 2);
    assert.equal(say("clear"), "1 removed");
    assert.deepEqual((await c.move("continue")).hitBreakpointIds, [id]);
    assert.equal(c.adapter.debuggee?.session.now, 6);
  });

  it("delivers log points without stopping", async () => {
    const c = clientOn(fakeEngine, { [program]: text });
    c.launch({ program }, () => {
      const breakpoints = [{ line: 2, logMessage: "B is next" }];
      c.request("setBreakpoints", { source: { path: program }, breakpoints });
    });
    await c.event("terminated");
    assert.match(c.output("console"), /B is next\n/);
    assert.ok(!c.events.some(({ event }) => event === "stopped"));
  });
});

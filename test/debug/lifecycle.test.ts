import assert from "node:assert/strict";
import type { Host, LaunchOptions } from "../../sim/debugging.ts";
import { fakeEngine } from "./fake_session.ts";
import { clientOn, turn } from "./harness.ts";

const program = "/demo.mshare";
const text = "A: x = 1\nB: x = 2\nexpect A.x == 1\nA: x = 3";
const client = (files: Record<string, string> = {}) => clientOn(fakeEngine, { [program]: text, ...files });

describe("a debug session's life", () => {
  it("runs to the end: summary, exit code, terminated", async () => {
    const c = client();
    c.launch({ program });
    assert.deepEqual(await c.event("exited"), { exitCode: 0 });
    await c.event("terminated");
    assert.match(c.output("stdout"), /^pass after 7 steps\n$/);
  });

  it("asks for breakpoints only when the scenario is loaded", () => {
    const c = client();
    c.request("initialize", { adapterID: "mshare" });
    assert.equal(c.events.length, 0);
    c.request("launch", { program });
    assert.ok(c.events.some(({ event }) => event === "initialized"));
  });

  it("runs nothing before configurationDone", async () => {
    const c = client();
    c.request("initialize", { adapterID: "mshare" });
    c.request("launch", { program });
    await turn();
    assert.match(c.refused("continue", { threadId: 1 }), /has not begun/);
    assert.match(c.refused("pause", { threadId: 1 }), /has not begun/);
    assert.equal(c.adapter.debuggee?.session.now, 0);
  });

  it("stops before the first step with stopOnEntry", async () => {
    const c = client();
    c.launch({ program, stopOnEntry: true });
    const body = await c.event("stopped");
    assert.deepEqual([body.reason, body.threadId, body.allThreadsStopped], ["entry", 1, true]);
    assert.deepEqual(await c.event("mshare/time"), { step: 0, last: 0, past: false });
  });

  it("tells a failed run by the exit code", async () => {
    const c = client({ [program]: "A: x = 1\nexpect A.x == 2" });
    c.launch({ program }, () => c.request("setExceptionBreakpoints", { filters: [] }));
    assert.deepEqual(await c.event("exited"), { exitCode: 1 });
  });

  it("tells a limit by the exit code", async () => {
    const c = client({ [program]: "spin 1000" });
    c.launch({ program, maxSteps: 10 });
    assert.deepEqual(await c.event("exited"), { exitCode: 3 });
  });

  it("fails a launch with one message, all diagnostics in the console, and the end", () => {
    const c = client({ [program]: "A: x = 1\n???" });
    c.request("initialize", { adapterID: "mshare" });
    assert.equal(c.refused("launch", { program }), "/demo.mshare:2:1: error: this is no statement");
    assert.equal(c.output("stderr"), "/demo.mshare:2:1: error: this is no statement [syntax]\n");
    assert.equal(c.events.at(-1)?.event, "terminated");
    c.request("disconnect");
    assert.ok(c.gone);
  });

  for (const [what, args, message] of [
    ["no program", {}, /`program` must be a string/],
    ["a missing file", { program: "/nowhere.mshare" }, /no file \/nowhere.mshare/],
    ["a number as kernel", { program, kernel: 6 }, /`kernel` must be a string/],
    ["a list as options", { program, options: ["tlb_flush=none"] }, /`options` must be an object/],
    ["a nested option", { program, options: { tlb_flush: {} } }, /`options.tlb_flush` must be/],
    ["fixes in one string", { program, fixes: "all" }, /`fixes` must be a list/],
    ["a negative limit", { program, maxSteps: -1 }, /`maxSteps` must be an integer from 1/],
    ["a word as switch", { program, stopOnEntry: "yes" }, /`stopOnEntry` must be true or false/],
  ] as const) {
    it(`refuses a launch with ${what}`, () => {
      const c = client();
      c.request("initialize", { adapterID: "mshare" });
      assert.match(c.refused("launch", args), message);
      assert.equal(c.events.at(-1)?.event, "terminated");
    });
  }

  it("warns of an attribute that it does not know", () => {
    const c = client();
    c.request("initialize", { adapterID: "mshare" });
    c.request("launch", { program, stopOnBugs: false, name: "x", __sessionId: "1" });
    assert.match(c.output(), /`stopOnBugs` is not known/);
    assert.doesNotMatch(c.output(), /`name`|__sessionId/);
  });

  it("translates the attributes for the engine", () => {
    const seen: object[] = [];
    const engine = {
      ...fakeEngine,
      openDebugSession(host: Host, options: LaunchOptions) {
        seen.push(options);
        return fakeEngine.openDebugSession(host, options);
      },
    };
    const c = clientOn(engine, { "/cwd/demo.mshare": text });
    c.request("initialize", { adapterID: "mshare" });
    c.request("launch", {
      program: "demo.mshare",
      kernel: "mshare-v3",
      options: { levels: 5, tlb_flush: "none", pcid: true },
      fixes: ["all"],
      schedule: ["A*12", "B"],
      maxSteps: 99,
      stopOnAllowed: true,
      history: false,
    });
    const options = { levels: "5", tlb_flush: "none", pcid: "true" };
    const rest = { fixes: ["all"], schedule: "[A*12, B]", maxSteps: 99, stopOnAllowed: true, historyMiB: 0 };
    assert.deepEqual(seen, [{ program: "/cwd/demo.mshare", kernel: "mshare-v3", options, ...rest }]);
  });

  it("answers pause at once while it runs, and stops there", async () => {
    const c = client({ [program]: "A: x = 1\nspin 1000000000000" });
    c.launch({ program });
    await turn();
    assert.match(c.refused("stackTrace", { threadId: 1 }), /pause it first/);
    assert.equal(c.request("threads").threads.length, 1);
    c.request("pause", { threadId: 1 });
    assert.equal((await c.event("stopped")).reason, "pause");
    assert.ok((c.adapter.debuggee?.session.now ?? 0) > 2);
  });

  it("stands still after a pause", async () => {
    const c = client({ [program]: "A: x = 1\nspin 1000000000000" });
    c.launch({ program });
    await turn();
    c.request("pause", { threadId: 1 });
    const now = c.adapter.debuggee?.session.now;
    for (let i = 0; i < 5; i++) await turn();
    assert.equal(c.adapter.debuggee?.session.now, now);
  });

  it("terminates while it runs", async () => {
    const c = client({ [program]: "A: x = 1\nspin 1000000000000" });
    c.launch({ program });
    await turn();
    c.request("terminate");
    await c.event("terminated");
    assert.match(c.refused("continue", { threadId: 1 }), /has ended/);
  });

  it("disconnects while it runs, and does nothing more", async () => {
    const c = client({ [program]: "A: x = 1\nspin 1000000000000" });
    c.launch({ program });
    await turn();
    c.request("disconnect");
    assert.ok(c.gone);
    const { now } = c.adapter.debuggee?.session ?? {};
    const sent = c.events.length;
    for (let i = 0; i < 5; i++) await turn();
    assert.deepEqual([c.adapter.debuggee?.session.now, c.events.length], [now, sent]);
  });

  it("restarts afresh, from the file as it is now, with the breakpoints it had", async () => {
    const files: Record<string, string> = { [program]: text };
    const c = clientOn(fakeEngine, files);
    let ids: number[] = [];
    c.launch({ program }, () => {
      const lines = { source: { path: program }, breakpoints: [{ line: 4 }] };
      ids = c.request("setBreakpoints", lines).breakpoints.map(({ id }) => id ?? 0);
    });
    assert.deepEqual((await c.event("stopped")).hitBreakpointIds, ids);
    files[program] = `\n${text}`;
    c.request("restart", { arguments: { program } });
    const again = await c.event("stopped");
    assert.deepEqual(again.hitBreakpointIds, ids);
    assert.equal(c.request("stackTrace", { threadId: again.threadId }).stackFrames[0].line, 4);
    assert.equal(c.adapter.debuggee?.session.now, 4, "one statement earlier, for the file has grown by a line");
  });

  it("tells the client of breakpoints that a restart changed", async () => {
    const files: Record<string, string> = { [program]: text };
    const c = clientOn(fakeEngine, files);
    c.launch({ program }, () => c.request("setBreakpoints", { source: { path: program }, breakpoints: [{ line: 4 }] }));
    await c.event("stopped");
    files[program] = "A: x = 1";
    c.request("restart");
    const { reason, breakpoint } = await c.event("breakpoint");
    assert.deepEqual([reason, breakpoint.verified], ["changed", false]);
  });

  it("ends when a restart finds the file refused", async () => {
    const files: Record<string, string> = { [program]: text };
    const c = clientOn(fakeEngine, files);
    c.launch({ program, stopOnEntry: true });
    await c.event("stopped");
    files[program] = "???";
    assert.match(c.refused("restart"), /demo.mshare:1:1/);
    await c.event("terminated");
  });

  it("survives a fault of the simulator: it is told, the run ends, the adapter answers", async () => {
    const c = client({ [program]: "A: x = 1\ncrash" });
    c.launch({ program });
    assert.deepEqual(await c.event("exited"), { exitCode: 70 });
    await c.event("terminated");
    assert.match(c.output("stderr"), /internal error, the run cannot go on: .*the simulator is broken/);
    assert.match(c.refused("threads"), /has ended/);
    c.request("disconnect");
  });

  it("runs through with noDebug", async () => {
    const c = client({ [program]: "A: x = 1\nexpect A.x == 2" });
    c.launch({ program, noDebug: true, stopOnEntry: true });
    assert.deepEqual(await c.event("exited"), { exitCode: 1 });
  });

  it("wants initialize first, and once", () => {
    const c = client();
    assert.match(c.refused("launch", { program }), /`initialize` comes first/);
    c.request("initialize", { adapterID: "mshare" });
    assert.match(c.refused("initialize", { adapterID: "mshare" }), /already/);
    c.request("launch", { program });
    assert.match(c.refused("launch", { program }), /already/);
    c.request("configurationDone");
    assert.match(c.refused("configurationDone"), /already/);
  });

  it("speaks of files by their paths only", () => {
    const c = client();
    assert.match(c.refused("initialize", { adapterID: "mshare", pathFormat: "uri" }), /`pathFormat` must be `path`/);
    c.request("initialize", { adapterID: "mshare", pathFormat: "path" });
    c.request("launch", { program });
    assert.match(c.refused("setBreakpoints", { source: { name: "x" }, breakpoints: [] }), /must be the path of a file/);
  });

  it("says that it does not know a request", () => {
    const c = client();
    c.request("initialize", { adapterID: "mshare" });
    assert.equal(c.refused("modules", {}), "unknown request `modules`");
    assert.match(c.refused("attach"), /cannot be attached to/);
  });

  it("counts lines from 0 for clients that do", async () => {
    const c = client();
    c.request("initialize", { adapterID: "mshare", linesStartAt1: false, columnsStartAt1: false });
    c.request("launch", { program, stopOnEntry: true });
    const set = c.request("setBreakpoints", { source: { path: program }, breakpoints: [{ line: 1 }] });
    assert.equal(set.breakpoints[0].line, 1);
    c.request("configurationDone");
    await c.event("stopped");
    const { line, column } = c.request("stackTrace", { threadId: 1 }).stackFrames[0];
    assert.deepEqual([line, column], [0, 0]);
    assert.deepEqual(c.adapter.debuggee?.session.breakableLines(program, 2, 2), [2]);
  });
});

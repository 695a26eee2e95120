// A long run of the real simulator: it can be stopped on its way, forward and back, and breakpoints set meanwhile count.
import assert from "node:assert/strict";
import { clientOn, TestClient, turn } from "./harness.ts";
import { realEngine, realHost } from "./real.ts";

const program = "/long.mshare";
const text = [
  "machine { cpus: 1, memory: 2GiB }",
  "process writer",
  "writer: p = mmap(0, 1GiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
  "writer: touch(p, 64MiB, write)",
  "writer: store(p, 1)",
].join("\n");

function launched(): TestClient {
  const c = clientOn(realEngine, { [program]: text });
  c.launch({ program }, () => c.request("setBreakpoints", { source: { path: program }, breakpoints: [{ line: 5 }] }));
  return c;
}

const now = (c: TestClient) => c.adapter.debuggee?.session.now ?? 0;

describe("a long run", () => {
  it("is paused on its way back, where it then is", async () => {
    const c = launched();
    await c.event("stopped");
    const end = now(c);
    c.request("reverseContinue", { threadId: 1 });
    await turn();
    assert.equal(c.adapter.debuggee?.state, "running", "one slice is not the whole way");
    c.request("pause", { threadId: 1 });
    const { reason, description } = await c.event("stopped");
    assert.equal(reason, "pause");
    assert.match(description ?? "", /in the past$/);
    assert.ok(now(c) > 0 && now(c) < end);
    assert.ok(c.request("stackTrace", { threadId: 1 }).stackFrames.length > 0);
    assert.equal((await c.move("continue")).reason, "breakpoint");
    assert.equal(now(c), end);
  });

  it("stops at an event that is named while it runs", async () => {
    const c = launched();
    await turn();
    assert.equal(c.adapter.debuggee?.state, "running");
    c.request("setFunctionBreakpoints", { breakpoints: [{ name: "page fault" }] });
    assert.equal((await c.event("stopped")).reason, "function breakpoint");
  });
});

describe("one very long call, watched step by step", function () {
  this.timeout(300_000);
  const lines = [
    "machine { cpus: 1, memory: 1GiB }",
    "process writer",
    "writer: p = mmap(0, 512MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
    "writer: touch(p, 512MiB, write)",
    "writer: madvise(p, 512MiB, MADV_DONTNEED)",
    "writer: store(p, 1)",
  ];

  /** In the middle of the madvise, every step of which a condition is asked about. */
  async function within(): Promise<TestClient> {
    const c = new TestClient(realEngine, {
      ...realHost,
      read: (path) => (path === program ? lines.join("\n") : undefined),
    });
    c.launch({ program }, () =>
      c.request("setBreakpoints", { source: { path: program }, breakpoints: [{ line: 5 }, { line: 6 }] }),
    );
    await c.event("stopped");
    c.request("setFunctionBreakpoints", {
      breakpoints: [{ name: "set_pte if address == 1" }, { name: "put_page if refcount == 77" }],
    });
    c.request("continue", { threadId: 1 });
    for (let i = 0; i < 4; i++) await turn();
    assert.equal(c.adapter.debuggee?.state, "running");
    return c;
  }

  it("is paused in its middle, shows where it is, and goes on", async () => {
    const c = await within();
    c.request("pause", { threadId: 1 });
    const paused = await c.event("stopped");
    assert.equal(paused.reason, "pause");
    const { stackFrames } = c.request("stackTrace", { threadId: 1 });
    assert.equal(stackFrames.at(-1)?.line, 5);
    assert.ok(
      stackFrames.some(({ name }) => name.includes("madvise")),
      JSON.stringify([paused, now(c), stackFrames]),
    );
    const { reason } = await c.move("next", { granularity: "instruction" });
    assert.equal(reason, "step");
    assert.equal((await c.move("continue")).reason, "breakpoint");
    assert.equal(c.request("stackTrace", { threadId: 1 }).stackFrames[0]?.line, 6);
  });

  it("answers restart, terminate and disconnect in its middle, before it has ended", async () => {
    const c = await within();
    c.request("restart");
    assert.equal(c.events.filter(({ event }) => event === "stopped").length, 1, "the call has not run to its end");
    await turn();
    c.request("terminate");
    await c.event("terminated");
    c.request("disconnect");
    assert.ok(c.gone);
  });
});

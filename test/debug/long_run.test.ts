// A long run of the real simulator: it can be stopped on its way, forward and back, and breakpoints set meanwhile count.
import assert from "node:assert/strict";
import { clientOn, type TestClient, turn } from "./harness.ts";
import { realEngine } from "./real.ts";

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

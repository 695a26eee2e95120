// Answers that take a while do not keep others waiting: over the adapter, on the real simulator.
import assert from "node:assert/strict";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { TestClient, turn } from "./harness.ts";
import { realEngine, realHost } from "./real.ts";

const program = "/long.mshare";
const lines = [
  "process a",
  "a: p = mmap(0, 64MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
  "a: touch(p, 64MiB, write)",
  "a: store(p, 1)",
];

/** Stopped at line 4, some hundred thousand steps from where the VMA was made. */
async function stopped(): Promise<TestClient> {
  const read = (path: string) => (path === program ? lines.join("\n") : undefined);
  const c = new TestClient(realEngine, { ...realHost, read });
  c.launch({ program }, () => c.request("setBreakpoints", { source: { path: program }, breakpoints: [{ line: 4 }] }));
  await c.event("stopped");
  return c;
}

let seq = 1000;
/** Sends a request without waiting for its response. */
function send(c: TestClient, command: string, args: object = {}): number {
  c.adapter.receive({ seq: ++seq, type: "request", command, arguments: args });
  return seq;
}
const answerTo = (c: TestClient, request: number): DebugProtocol.Response | undefined =>
  c.responses.find((response) => response.request_seq === request);

async function answer(c: TestClient, request: number): Promise<DebugProtocol.Response> {
  for (let turns = 0; turns < 100_000; turns++) {
    const found = answerTo(c, request);
    if (found) return found;
    await turn();
  }
  throw new Error("no answer");
}

const slow = (c: TestClient) => send(c, "mshare/who", { did: "linked", expression: "vma(a, a.p)" });
const now = (c: TestClient) => c.adapter.debuggee!.session.now;

describe("an answer that takes a while", function () {
  this.timeout(300_000);

  it("comes when it has been found; what came after it is answered then, in order", async () => {
    const c = await stopped();
    const step = now(c);
    const first = slow(c);
    assert.equal(answerTo(c, first), undefined, "it takes longer than one slice");
    const second = send(c, "stackTrace", { threadId: 1 });
    const third = send(c, "evaluate", { expression: "1 + 1" });
    const { success, body } = await answer(c, first);
    assert.ok(success);
    assert.deepEqual([body.task, body.line], ["a", 2]);
    assert.equal((await answer(c, second)).body.stackFrames.at(-1).line, 4);
    assert.equal((await answer(c, third)).body.result, "2");
    assert.deepEqual(
      c.responses.slice(-3).map(({ request_seq }) => request_seq),
      [first, second, third],
    );
    assert.equal(now(c), step);
  });

  it("can be cancelled, and so can what waits for it", async () => {
    const c = await stopped();
    const step = now(c);
    const first = slow(c);
    const second = send(c, "threads");
    const third = send(c, "stackTrace", { threadId: 1 });
    assert.ok((await answer(c, send(c, "cancel", { requestId: second }))).success);
    assert.equal(answerTo(c, second)?.message, "cancelled");
    assert.equal(answerTo(c, first), undefined);
    assert.ok((await answer(c, send(c, "cancel", { requestId: first }))).success);
    assert.equal(answerTo(c, first)?.message, "cancelled");
    assert.equal((await answer(c, third)).body.stackFrames.at(-1).line, 4);
    assert.equal(now(c), step);
    send(c, "continue", { threadId: 1 });
    await c.event("terminated");
  });

  it("is given up by pause, and the run stands where it stood", async () => {
    const c = await stopped();
    const step = now(c);
    const first = slow(c);
    assert.ok((await answer(c, send(c, "pause", { threadId: 1 }))).success);
    assert.equal(answerTo(c, first)?.message, "cancelled");
    const stack = await answer(c, send(c, "stackTrace", { threadId: 1 }));
    assert.equal(stack.body.stackFrames.at(-1).line, 4);
    assert.equal(now(c), step);
  });

  for (const command of ["terminate", "restart", "disconnect"])
    it(`does not outlive ${command}`, async () => {
      const c = await stopped();
      const first = slow(c);
      const waiting = send(c, "stackTrace", { threadId: 1 });
      assert.ok((await answer(c, send(c, command))).success);
      assert.equal(answerTo(c, first)?.message, "cancelled");
      assert.equal(answerTo(c, waiting)?.success, false);
      if (command === "terminate") await c.event("terminated");
      if (command === "disconnect") assert.ok(c.gone);
      if (command === "restart") {
        assert.equal((await c.event("stopped")).reason, "breakpoint");
        assert.equal(c.request("stackTrace", { threadId: 1 }).stackFrames.at(-1)?.line, 4);
      }
    });
});

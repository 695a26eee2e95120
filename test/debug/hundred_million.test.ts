// A run of more than a hundred million steps: what is asked in its middle is answered before it has ended.
import assert from "node:assert/strict";
import { clientOn, type TestClient, turn } from "./harness.ts";
import { realEngine } from "./real.ts";

const program = "/hundred-million.mshare";
/** 40 times 262,144 pages, each some twenty steps to come and to go: 200 million. */
const text = `machine { cpus: 1, memory: 2GiB }
process a
a: p = mmap(0, 1GiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
repeat 40 {
  a: touch(p, 1GiB, write)
  a: madvise(p, 1GiB, MADV_DONTNEED)
}
a: store(p, 1)
`;

/** Under way, some slices after its beginning. */
async function running(): Promise<TestClient> {
  const c = clientOn(realEngine, { [program]: text });
  c.launch({ program });
  for (let i = 0; i < 3; i++) await turn();
  assert.equal(c.adapter.debuggee?.state, "running");
  return c;
}

const session = (c: TestClient) => c.adapter.debuggee!.session;

describe("a run of more than a hundred million steps", function () {
  this.timeout(600_000);

  it("is paused in its middle, steps, and goes on", async () => {
    const c = await running();
    c.request("pause", { threadId: 1 });
    const { reason } = await c.event("stopped");
    assert.equal(reason, "pause");
    const paused = session(c).now;
    assert.ok(paused > 0 && !session(c).finished);
    assert.ok(c.request("stackTrace", { threadId: 1 }).stackFrames.length > 0);
    assert.equal((await c.move("next", { granularity: "instruction" })).reason, "step");
    assert.equal(session(c).now, paused + 1);
    c.request("continue", { threadId: 1 });
    await turn();
    c.request("pause", { threadId: 1 });
    await c.event("stopped");
    assert.ok(session(c).now > paused + 1 && !session(c).finished);
  });

  it("takes a breakpoint meanwhile, and stops there", async () => {
    const c = await running();
    const [set] = c.request("setFunctionBreakpoints", { breakpoints: [{ name: "tlb_fill" }] }).breakpoints;
    const { hitBreakpointIds } = await c.event("stopped");
    assert.deepEqual(hitBreakpointIds, [set?.id]);
  });

  it("is cancelled on its way back", async () => {
    const c = clientOn(realEngine, { [program]: text });
    c.request("initialize", { adapterID: "mshare", supportsProgressReporting: true });
    c.request("launch", { program });
    c.request("configurationDone");
    for (let i = 0; i < 40; i++) await turn();
    c.request("pause", { threadId: 1 });
    await c.event("stopped");
    const far = session(c).now;
    // An event that every step is asked about makes the way long.
    c.request("setFunctionBreakpoints", { breakpoints: [{ name: "set_pte if address == 1" }] });
    c.request("reverseContinue", { threadId: 1 });
    const { progressId } = await c.event("progressStart");
    c.request("cancel", { progressId });
    const { reason, description } = await c.event("stopped");
    assert.equal(reason, "pause");
    assert.match(description ?? "", /in the past$/);
    assert.ok(session(c).now > 0 && session(c).now < far);
  });

  for (const command of ["restart", "terminate", "disconnect"]) {
    it(`answers ${command} in its middle`, async () => {
      const c = await running();
      const before = session(c);
      c.request(command);
      assert.ok(!before.finished, "it has not run to its end first");
      if (command === "restart") {
        assert.notEqual(session(c), before);
        await turn();
        c.request("disconnect");
      } else if (command === "terminate") await c.event("terminated");
      assert.ok(c.events.every(({ event }) => event !== "exited"));
    });
  }
});

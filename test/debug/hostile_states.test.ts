// Requests that nobody should send, of every kind, in every state that a session of the real simulator can be in.
import assert from "node:assert/strict";
import { commands, hostile, malformed, random } from "./fuzz.ts";
import { TestClient, turn } from "./harness.ts";
import { realEngine, realHost } from "./real.ts";

const program = "examples/copy-on-write.mshare";
const endless = "/endless.mshare";
const EACH = 400;

const long = [
  "process a",
  "a: p = mmap(0, 8MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
  "repeat 100000 {",
  "  a: touch(p, 8MiB, write)",
  "  a: madvise(p, 8MiB, MADV_DONTNEED)",
  "}",
].join("\n");

const host = {
  ...realHost,
  read: (path: string) => (path === endless ? long : realHost.read(path.replace("/demo.mshare", program))),
};

type State = () => Promise<TestClient>;

const initialized: State = async () => {
  const c = new TestClient(realEngine, host);
  c.request("initialize", { adapterID: "mshare" });
  return c;
};

const launched: State = async () => {
  const c = await initialized();
  c.request("launch", { program });
  return c;
};

const states: Record<string, State> = {
  "before initialize": async () => new TestClient(realEngine, host),
  "before launch": initialized,
  "while breakpoints are set": launched,
  "while it runs": async () => {
    const c = await initialized();
    c.request("launch", { program: endless });
    c.request("configurationDone");
    await turn();
    return c;
  },
  "in the past": async () => {
    const c = await launched();
    c.request("setFunctionBreakpoints", { breakpoints: [{ name: "set_pte into child" }] });
    c.request("configurationDone");
    await c.event("stopped");
    await c.move("stepBack", { granularity: "instruction" });
    const [frame] = c.request("stackTrace", { threadId: 1 }).stackFrames;
    c.request("scopes", { frameId: frame?.id });
    return c;
  },
  "after its end": async () => {
    const c = await launched();
    c.request("configurationDone");
    await c.event("terminated");
    return c;
  },
};

/** One response each, at once or as soon as it is found, and never a fault of our own. */
async function tried(c: TestClient, request: object): Promise<void> {
  const before = c.responses.length;
  c.adapter.receive(JSON.parse(JSON.stringify({ seq: 7, type: "request", ...request })));
  for (let turns = 0; turns < 2000 && c.responses.length === before; turns++) await turn();
  assert.equal(c.responses.length, before + 1, JSON.stringify(request));
  const { message } = c.responses[before]!;
  assert.doesNotMatch(String(message ?? ""), /^internal error/, JSON.stringify(request).slice(0, 500));
}

describe("hostile requests in every state of a session", function () {
  this.timeout(600_000);
  for (const [state, reach] of Object.entries(states)) {
    it(`${state}: one answer each, and the session can be left`, async () => {
      const pick = random(`hostile ${state}`);
      let c = await reach();
      const isThere = c.adapter.debuggee?.state;
      for (let i = 0; i < EACH; i++) {
        const command = commands[i % commands.length]!;
        await tried(c, pick(2) === 0 ? malformed(command, pick) : hostile(command, pick));
        // What a request did by chance is undone by beginning again: the next one meets the same state.
        if (c.gone || c.adapter.debuggee?.state !== isThere) {
          assert.doesNotMatch(c.output("stderr"), /internal error/);
          c.adapter.leave();
          c = await reach();
        }
      }
      assert.doesNotMatch(c.output("stderr"), /internal error/);
      if (c.adapter.state !== "new") c.request("disconnect");
      else c.adapter.leave();
      assert.ok(c.gone);
    });
  }
});

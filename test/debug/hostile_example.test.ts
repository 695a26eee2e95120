// The fuzzer once more, on the real simulator: whatever is sent, each request gets one response and the session goes on.
import assert from "node:assert/strict";
import { commands, hostile, malformed, random } from "./fuzz.ts";
import { TestClient, turn } from "./harness.ts";
import { realEngine, realHost } from "./real.ts";

const program = "examples/msharefs-basics.mshare";
const EACH = 200;

/** The fuzzer's file is the example. */
const host = { ...realHost, read: (path: string) => realHost.read(path.replace("/demo.mshare", program)) };

/** Stopped in the kernel, with a past. */
async function stoppedClient(): Promise<TestClient> {
  const c = new TestClient(realEngine, host);
  c.launch({ program, stopOnBug: false }, () => {
    c.request("setFunctionBreakpoints", { breakpoints: [{ name: "set_pgd into reader" }] });
  });
  await c.event("stopped");
  const [{ id }] = c.request("stackTrace", { threadId: 2 }).stackFrames;
  c.request("scopes", { frameId: id });
  return c;
}

/** Those that end the session or begin another are tried on the small machine, where that is quick. */
const inspecting = commands.filter((command) => !/^(launch|restart|terminate|disconnect|initialize)$/.test(command));

describe("requests that nobody should send, on the real simulator", () => {
  it("finds nothing under names that every JavaScript object has", async () => {
    const c = await stoppedClient();
    for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      for (const owner of [
        "",
        "writer.",
        "mm(reader).",
        "pte(reader, 2TiB).",
        "status(reader).",
        "walk(reader, 2TiB).",
      ]) {
        const expression = `${owner}${name}`;
        assert.match(c.refused("evaluate", { expression }), /is not known here|has no/, expression);
      }
      assert.match(c.refused("evaluate", { expression: `${name}()` }), /no function/);
    }
  });

  for (const command of inspecting) {
    it(command, async () => {
      const pick = random(`real ${command}`);
      let c = await stoppedClient();
      for (let i = 0; i < EACH; i++) {
        const response = c.raw(i % 2 === 0 ? malformed(command, pick) : hostile(command, pick));
        assert.ok(response.success || !/^internal error/.test(response.message ?? ""), `${response.message}`);
        for (let turns = 0; turns < 100 && c.adapter.debuggee?.state === "running"; turns++) await turn();
        c.adapter.debuggee?.pause();
        if (c.adapter.debuggee?.state === "ended") c = await stoppedClient();
      }
      assert.ok(c.request("threads").threads.length >= 3);
      assert.doesNotMatch(c.output("stderr"), /internal error/);
    });
  }
});

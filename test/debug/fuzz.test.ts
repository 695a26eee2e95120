import assert from "node:assert/strict";
import { fakeEngine } from "./fake_session.ts";
import { commands, forgotten, hostile, malformed, random, wellFormed } from "./fuzz.ts";
import { clientOn, type TestClient, turn } from "./harness.ts";

const files = { "/demo.mshare": "A: x = 1\nB: x = 2\nspin 100000\nexpect A.x == 1\nA: y = 3" };
const EACH = 200;

type State = "new" | "initialized" | "configuring" | "stopped" | "running" | "ended";

/** A client whose session has come so far. */
async function clientIn(state: State): Promise<TestClient> {
  const c = clientOn(fakeEngine, files);
  if (state === "new") return c;
  c.request("initialize", { adapterID: "mshare" });
  if (state === "initialized") return c;
  const spin = state === "running" ? { "/demo.mshare": "A: x = 1\nspin 1000000000000" } : files;
  const d = state === "running" ? clientOn(fakeEngine, spin) : c;
  if (d !== c) d.request("initialize", { adapterID: "mshare" });
  d.request("launch", { program: "/demo.mshare", stopOnEntry: state === "stopped" });
  if (state === "configuring") return d;
  d.request("configurationDone");
  if (state === "stopped") {
    await d.event("stopped");
    const [frame] = d.request("stackTrace", { threadId: 1 }).stackFrames;
    assert.equal(frame.id, 1);
    assert.equal(d.request("scopes", { frameId: 1 }).scopes[0].variablesReference, 1);
  }
  if (state === "running") await turn();
  if (state === "ended") await d.event("terminated");
  return d;
}

/** Requests that are right in a state. All others are out of order there. */
const inOrder: Record<State, RegExp> = {
  new: /^(initialize|disconnect)$/,
  initialized: /^(launch|disconnect|cancel)$/,
  configuring:
    /^(configurationDone|set\w*Breakpoints|breakpointLocations|threads|loadedSources|mshare\/labels|mshare\/events|terminate|disconnect|cancel)$/,
  running:
    /^(set\w*Breakpoints|breakpointLocations|threads|loadedSources|mshare\/labels|mshare\/events|pause|restart|terminate|disconnect|cancel)$/,
  stopped: /^(?!initialize|launch|attach|configurationDone)/,
  ended: /^(restart|disconnect|cancel)$/,
};

/** Well-formed, and still nothing that can be done at the entry of a run. */
const impossible = [
  "attach",
  "goto",
  "configurationDone",
  "exceptionInfo",
  "mshare/whoWrote",
  "mshare/who",
  "mshare/gotoWrite",
];

function stateFor(command: string): State {
  if (command === "initialize") return "new";
  return command === "launch" ? "initialized" : "stopped";
}

describe("requests that nobody should send", () => {
  it("are tried for everything that the adapter answers", () => {
    assert.deepEqual(forgotten, []);
  });

  for (const command of commands.filter((each) => !impossible.includes(each))) {
    it(`well-formed ${command}: succeeds, so that the others fail for their faults`, async () => {
      const c = await clientIn(stateFor(command));
      c.request(command, wellFormed(command));
    });
  }

  for (const command of commands) {
    it(`malformed ${command}: an error response each, and nothing has changed`, async () => {
      const before = stateFor(command);
      const pick = random(`malformed ${command}`);
      let c = await clientIn(before);
      for (let i = 0; i < EACH; i++) {
        const request = malformed(command, pick);
        const response = c.raw(request);
        assert.equal(response.success, false, JSON.stringify(request));
        assert.ok(response.message, "an error says what is wrong");
        // A launch that fails is the end of its session: the next try needs another.
        if (command === "launch") c = await clientIn(before);
        if (before === "stopped") assert.equal(c.adapter.debuggee?.state, "stopped", JSON.stringify(request));
      }
    });
  }

  for (const state of Object.keys(inOrder) as State[]) {
    it(`out of order, ${state}: an error response each`, async () => {
      const c = await clientIn(state);
      const wrong = commands.filter((command) => !inOrder[state].test(command));
      assert.ok(wrong.length > 0);
      for (let i = 0; i < EACH; i++) {
        const command = wrong[i % wrong.length];
        const response = c.raw({ command, arguments: wellFormed(command) });
        assert.equal(response.success, false, command);
      }
      c.request("disconnect");
      assert.ok(c.gone);
    });
  }

  for (const command of [...commands, "nonsense", "__proto__", "constructor"]) {
    it(`hostile ${command}: exactly one response each, and the adapter lives`, async () => {
      const pick = random(`hostile ${command}`);
      for (let i = 0; i < EACH; i++) {
        const c = await clientIn("stopped");
        c.raw(hostile(command, pick));
        await turn();
        c.adapter.debuggee?.pause();
        if (!c.gone) c.raw({ command: "threads" });
        c.adapter.leave();
      }
    });
  }

  it("with no command, no number or no shape at all do no harm", async () => {
    const c = await clientIn("stopped");
    for (const message of [
      { command: undefined },
      { command: 7 },
      { command: null },
      { command: {} },
      { command: [] },
    ]) {
      assert.equal(c.raw(message).success, false);
    }
    for (const seq of [undefined, "1", null, {}, 1.5]) assert.equal(c.raw({ seq, command: "threads" }).request_seq, 0);
    for (const noRequest of [null, 1, "x", [], {}, { type: "response" }, { type: "event", event: "stopped" }]) {
      const sent = c.responses.length;
      c.adapter.receive(noRequest);
      assert.equal(c.responses.length, sent, "what is no request gets no response");
    }
    assert.equal(c.request("threads").threads.length, 2);
  });
});

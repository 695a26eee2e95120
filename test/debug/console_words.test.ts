// The debug console on the real simulator: help, assignments, completions of what follows a command, and what is said to
// lines that are nearly one.
import assert from "node:assert/strict";
import { TestClient } from "./harness.ts";
import { realEngine, realHost } from "./real.ts";

const program = "examples/msharefs-basics.mshare";

async function stopped(): Promise<TestClient> {
  const c = new TestClient(realEngine, { ...realHost, read: (path) => realHost.read(path.replace(/^\/cwd\//, "")) });
  c.launch({ program }, () => c.request("setBreakpoints", { source: { path: program }, breakpoints: [{ line: 33 }] }));
  await c.event("stopped");
  return c;
}

const say = (c: TestClient, expression: string): string =>
  c.request("evaluate", { expression, context: "repl" }).result;
const refused = (c: TestClient, expression: string): string => c.refused("evaluate", { expression, context: "repl" });
const completed = (c: TestClient, text: string): string[] =>
  c.request("completions", { text, column: text.length + 1 }).targets.map(({ label }) => label);

describe("the debug console", () => {
  it("explains commands, functions, events and constants", async () => {
    const c = await stopped();
    assert.equal(say(c, "?"), say(c, "help"));
    assert.match(say(c, "help goto"), /^goto STEP: .*\ngoto write EXPR: /);
    assert.match(say(c, "?tlb_flush"), /^tlb_flush: A CPU drops translations/);
    assert.match(say(c, "help walk"), /^walk: \w/);
    assert.match(say(c, "? MAP_SHARED"), /^MAP_SHARED: \w/);
    assert.match(refused(c, "help nonsense"), /nothing is called `nonsense`; `help` lists the commands/);
  });

  it("sets fields and entries, also to the value of an expression", async () => {
    const c = await stopped();
    assert.equal(say(c, "set mm(reader).map_count = 7"), "mm(reader).map_count: 7");
    assert.equal(say(c, "mm(reader).map_count = mm(reader).map_count * 2"), "mm(reader).map_count: 14");
    assert.match(say(c, "pte(reader, p) = 0"), /0x0$/);
    assert.equal(say(c, "pte(reader, p).present"), "false");
    assert.match(refused(c, "p = 5"), /`p` cannot be set: only numbers in fields and entries can/);
    assert.match(refused(c, "mm(reader).map_count = many"), /"many" is no number/);
    const set = c.request("setExpression", { expression: "mm(reader).map_count", value: "cpu + 1" });
    assert.equal(set.value, "2");
  });

  it("completes what follows a command", async () => {
    const c = await stopped();
    assert.ok(completed(c, "break TLB").includes("tlb_flush"));
    assert.deepEqual(completed(c, "choose "), ["reader"]);
    assert.deepEqual(completed(c, "run to fi"), ["first_access"]);
    assert.deepEqual(completed(c, "help who"), ["who wrote", "who allocated", "who linked", "who freed"]);
  });

  it("says which command a line was nearly", async () => {
    const c = await stopped();
    assert.match(refused(c, "who wrote"), /\nwho wrote EXPR: /);
    assert.match(refused(c, "whowrote p"), /\nwho wrote EXPR: /);
    assert.match(refused(c, "run to"), /\nrun to PLACE: /);
    assert.doesNotMatch(refused(c, "nonsense"), /\n/);
    assert.match(refused(c, "hex nonsense"), /not known/);
  });

  it("stays where it is when there is no such step", async () => {
    const c = await stopped();
    const step = c.adapter.debuggee?.session.now;
    say(c, "goto 99999999");
    const { reason, description } = await c.event("stopped");
    assert.equal(reason, "goto");
    assert.match(
      description ?? "",
      /^there is no step 99999999: the run ends at step \d+: step \d+ of \d+, in the past$/,
    );
    assert.equal(c.adapter.debuggee?.session.now, step);
  });
});

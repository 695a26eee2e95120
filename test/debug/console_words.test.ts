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
    assert.match(
      refused(c, "p + 1 = 5"),
      /`p \+ 1` cannot be set: only variables and numbers in fields and entries can/,
    );
    assert.match(refused(c, "mm(reader).map_count = many"), /"many" is no number/);
    const set = c.request("setExpression", { expression: "mm(reader).map_count", value: "cpu + 1" });
    assert.equal(set.value, "2");
  });

  it("sets variables of the scenario, in the past too: the statements that follow use them", async () => {
    const c = await stopped();
    assert.equal(say(c, "reader.p = reader.p + 4096"), "reader.p: 0x20000001000");
    assert.equal(say(c, "p"), "0x20000001000");
    assert.match(refused(c, "reader.nothing = 1"), /has no `nothing`/);
    say(c, "back to 30");
    await c.event("stopped");
    assert.equal(say(c, "p"), "0x20000000000", "the change is undone with its time");
    const [frame] = c.request("stackTrace", { threadId: 2 }).stackFrames;
    const scopes = c.request("scopes", { frameId: frame!.id }).scopes;
    const variablesReference = scopes.find(({ name }) => name === "Task")!.variablesReference;
    const set = { variablesReference, name: "p", value: "0" };
    assert.deepEqual(c.request("setVariable", set), { value: "0", variablesReference: 0 });
    assert.match(c.output("console"), /A new future starts at step/);
    c.request("setExceptionBreakpoints", { filters: ["signal"] });
    assert.equal((await c.move("continue")).reason, "exception", "address 0 is not mapped");
    const watched = c.request("dataBreakpointInfo", { name: "reader.p" });
    assert.deepEqual(watched, {
      dataId: null,
      description: "reader.p is a variable of the scenario: only its statements set it",
    });
  });

  it("lists when something happened, and what has changed since a step", async () => {
    const c = await stopped();
    const faults = say(c, "when page fault in reader").split("\n");
    assert.match(faults[0] ?? "", /^page fault in reader: once, as far as the run was recorded$/);
    assert.match(faults[1] ?? "", /^ {2}\d+ {2}reader, line 31: page_fault: reader reads/);
    assert.match(say(c, "when 33"), /\n→ \d+ {2}reader, line 33: reader begins line 33$/);
    assert.match(say(c, "when ipi"), /^ipi: never, /);
    assert.match(refused(c, "when tlb flosh"), /Near: tlb_flush\.$/);
    assert.match(refused(c, "when"), /when takes an event or a place/);
    const { result, variablesReference } = c.request("evaluate", { expression: "changed since 100", context: "repl" });
    assert.match(result, /^\d+ differences from step 100 to step \d+$/);
    const { variables } = c.request("variables", { variablesReference });
    assert.ok(
      variables.some(({ name }) => name === "pgd[4] of reader"),
      JSON.stringify(variables),
    );
    assert.match(refused(c, "changed since 99999"), /step 99999 is not before now/);
    const { times, moments } = c.request("mshare/when", { words: "set_pgd into guest" }) as never as {
      times: number;
      moments: { step: number; line: number }[];
    };
    assert.deepEqual([times, moments.map(({ line }) => line)], [2, [22, 31]]);
  });

  it("lists what breakpoints have printed, with the steps to go to", async () => {
    const c = await stopped();
    assert.equal(say(c, "messages"), "no breakpoint has printed anything yet");
    c.request("setFunctionBreakpoints", { breakpoints: [{ name: "log set_pgd into guest: {mm.name} is linked" }] });
    c.request("reverseContinue", { threadId: 1 });
    await c.event("stopped");
    c.request("continue", { threadId: 1 });
    const output = await c.event("output");
    assert.deepEqual([output.source?.name, output.line], ["msharefs-basics.mshare", 22]);
    await c.event("stopped");
    const { messages } = c.request("mshare/messages", {}) as never as { messages: { step: number; line: number }[] };
    assert.deepEqual(
      messages.map(({ line }) => line),
      [22, 31],
    );
    const [first] = messages;
    assert.equal(say(c, `goto ${first!.step}`), `going to step ${first!.step}`);
    await c.event("stopped");
    assert.match(
      say(c, "messages"),
      /^→ \d+ {2}writer, line 22: writer is linked\n {2}\d+ {2}reader, line 31: reader /,
    );
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
    for (const event of ["TLB flush", "tlb_flush", "tlb-flush"])
      assert.match(refused(c, event), /\ntlb_flush: .*\nbreak tlb_flush stops at it, when tlb_flush lists its times$/);
    assert.doesNotMatch(refused(c, "nonsense"), /\n/);
    assert.match(refused(c, "hex nonsense"), /not known/);
  });

  it("goes a number of steps on or back", async () => {
    const c = await stopped();
    const now = () => c.adapter.debuggee!.session.now;
    const from = now();
    for (const [line, step] of [
      ["goto -3", from - 3],
      ["goto +2", from - 1],
      ["goto +5", from + 4],
      ["goto -99999999", 0],
    ] as const) {
      assert.equal(say(c, line), `going to step ${step}`);
      await c.event("stopped");
      assert.equal(now(), step, line);
    }
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

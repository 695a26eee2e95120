import assert from "node:assert/strict";
import { fakeEngine } from "./fake_session.ts";
import { clientOn, type TestClient } from "./harness.ts";

const program = "/demo.mshare";
const text = "A: x = 1\nB: x = 2\nA: x = 9007199254740993\nA: y = 4";

async function stoppedAt(step: number, initialize: object = {}): Promise<TestClient> {
  const c = clientOn(fakeEngine, { [program]: text });
  c.request("initialize", {
    adapterID: "mshare",
    supportsVariableType: true,
    supportsVariablePaging: true,
    ...initialize,
  });
  c.request("launch", { program, stopOnEntry: true });
  c.request("configurationDone");
  await c.event("stopped");
  if (step > 0) {
    c.request("mshare/seek", { step });
    await c.event("stopped");
  }
  return c;
}

function scope(c: TestClient, name: string, threadId = 1): number {
  const frameId = c.request("stackTrace", { threadId }).stackFrames[0].id;
  const { scopes } = c.request("scopes", { frameId });
  return scopes.find((each) => each.name === name)?.variablesReference ?? 0;
}

const names = (body: { variables: { name: string }[] }) => body.variables.map(({ name }) => name);

describe("looking at a stopped run", () => {
  it("says why it has stopped in few words where these hide the thread's name, and all of it beside", async () => {
    const c = await stoppedAt(3, { clientID: "vscode" });
    const back = await c.move("stepBack");
    assert.equal(back.description, "step back");
    assert.match(back.text ?? "", /^step back: step \d+ of \d+, in the past$/);
  });

  it("lists threads, and says which wait", async () => {
    const c = await stoppedAt(0);
    const expected = [
      { id: 1, name: "cpu0: A" },
      { id: 2, name: "cpu1: B (waiting)" },
    ];
    assert.deepEqual(c.request("threads").threads, expected);
  });

  it("shows kernel frames over the scenario, each with a source that can be opened", async () => {
    const c = await stoppedAt(1);
    const { stackFrames, totalFrames } = c.request("stackTrace", { threadId: 1 });
    assert.equal(totalFrames, 2);
    assert.deepEqual(
      stackFrames.map((frame) => [frame.name, frame.source?.path, frame.line]),
      [
        ["store_value", "/product/sim/kernel/mm/memory.ts", 20],
        ["A: x = 1", program, 1],
      ],
    );
    assert.equal(stackFrames[0].instructionPointerReference, "1");
  });

  it("gives a stack piece by piece", async () => {
    const c = await stoppedAt(1);
    const second = c.request("stackTrace", { threadId: 1, startFrame: 1, levels: 5 });
    assert.deepEqual([second.stackFrames.length, second.stackFrames[0].name, second.totalFrames], [1, "A: x = 1", 2]);
    assert.equal(c.request("stackTrace", { threadId: 1, startFrame: 9 }).stackFrames.length, 0);
    assert.equal(c.request("stackTrace", { threadId: 1, levels: 0 }).stackFrames.length, 2);
  });

  it("opens scopes and fields, with all digits", async () => {
    const c = await stoppedAt(6);
    const { variables } = c.request("variables", { variablesReference: scope(c, "Process") });
    assert.deepEqual(variables[0], {
      name: "x",
      value: "9007199254740993",
      type: "long",
      variablesReference: 0,
      memoryReference: "page:7",
      evaluateName: "A.x",
      __vscodeVariableMenuContext: "field",
    });
  });

  it("leaves types out for clients that do not show them", async () => {
    const c = await stoppedAt(6, { supportsVariableType: false });
    assert.equal("type" in c.request("variables", { variablesReference: scope(c, "Process") }).variables[0], false);
  });

  it("takes a client that says nothing of itself for the simplest one", async () => {
    const c = clientOn(fakeEngine, { [program]: text });
    c.request("initialize");
    c.request("launch", { program, stopOnEntry: true });
    c.request("configurationDone");
    await c.event("stopped");
    assert.equal(c.request("stackTrace", { threadId: 1 }).stackFrames[0].line, 1);
    const { variables } = c.request("variables", { variablesReference: scope(c, "Process") });
    assert.equal("type" in variables[0], false);
    assert.equal(c.request("variables", { variablesReference: scope(c, "Table") }).variables.length, 1001);
    c.request("writeMemory", { memoryReference: "page:7", data: "AAAA" });
    c.request("setExpression", { expression: "A.x", value: "1" });
    assert.ok(!c.events.some(({ event }) => event === "memory" || event === "invalidated"));
  });

  it("shows numbers in hexadecimal when asked, with all digits", async () => {
    const c = await stoppedAt(6);
    const args = { variablesReference: scope(c, "Process"), format: { hex: true } };
    assert.equal(c.request("variables", args).variables[0].value, "0x20000000000001");
    assert.equal(c.request("evaluate", { expression: "-16", format: { hex: true } }).result, "-0x10");
  });

  it("pages large tables", async () => {
    const c = await stoppedAt(0);
    const variablesReference = scope(c, "Table");
    const page = { variablesReference, filter: "indexed", start: 4900, count: 200 };
    const whole = names(c.request("variables", { ...page, count: 100 }));
    assert.deepEqual([whole.length, whole[0], whole[99]], [100, "[4900]", "[4999]"]);
    assert.equal(names(c.request("variables", { variablesReference, filter: "named" })).length, 0);
    assert.equal(names(c.request("variables", { variablesReference })).length, 5000);
  });

  it("cuts large tables for clients that cannot page", async () => {
    const c = await stoppedAt(0, { supportsVariablePaging: false });
    const { variables } = c.request("variables", { variablesReference: scope(c, "Table") });
    assert.deepEqual([variables.length, variables[1000].value], [1001, "4000 more"]);
  });

  it("forgets references when the run moves", async () => {
    const c = await stoppedAt(1);
    const variablesReference = scope(c, "Process");
    const frameId = c.request("stackTrace", { threadId: 1 }).stackFrames[0].id;
    await c.move("next");
    assert.match(c.refused("variables", { variablesReference }), /earlier stop/);
    assert.match(c.refused("scopes", { frameId }), /earlier stop/);
    assert.notEqual(c.request("stackTrace", { threadId: 1 }).stackFrames[0].id, frameId);
  });

  it("sets a variable", async () => {
    const c = await stoppedAt(6, { supportsInvalidatedEvent: true });
    const args = { variablesReference: scope(c, "Process"), name: "x", value: "77" };
    assert.equal(c.request("setVariable", args).value, "77");
    assert.equal(c.request("evaluate", { expression: "A.x" }).result, "77");
    assert.deepEqual((await c.event("invalidated")).areas, ["variables"]);
    assert.doesNotMatch(c.output(), /A new future/);
    assert.match(c.refused("setVariable", { ...args, value: "many" }), /`many` is not an integer/);
    assert.match(c.refused("setVariable", { ...args, name: "z" }), /has no `z`/);
  });

  it("says that a change in the past starts a new future", async () => {
    const c = await stoppedAt(6);
    await c.move("stepBack");
    c.request("setExpression", { expression: "A.x", value: "5" });
    assert.match(c.output("console"), /^A new future starts at step 4\.$/m);
    assert.equal(c.events.at(-1)?.event, "mshare/time");
    assert.deepEqual(c.events.at(-1)?.body, { step: 4, last: 4, past: false });
  });

  it("refuses to set what is no field", async () => {
    const c = await stoppedAt(0);
    assert.match(
      c.refused("setVariable", { variablesReference: scope(c, "Table"), name: "[3]", value: "1" }),
      /cannot be set/,
    );
    assert.match(c.refused("setExpression", { expression: "12", value: "1" }), /cannot be set/);
    assert.match(c.refused("setExpression", { expression: "nothing", value: "1" }), /nothing is called `nothing`/);
  });

  it("has the editor show why a value is refused: it draws the old one, and says nothing by itself", async () => {
    const c = await stoppedAt(6);
    for (const [expression, value] of [
      ["A.x", "many"],
      ["12", "1"],
      ["nothing", "1"],
    ]) {
      const refused = c.raw({ command: "setExpression", arguments: { expression, value } });
      assert.deepEqual([refused.success, refused.body.error.showUser], [false, true], expression);
    }
  });

  it("offers data breakpoints on fields, by a name that lasts", async () => {
    const c = await stoppedAt(0);
    const info = c.request("dataBreakpointInfo", { variablesReference: scope(c, "Process"), name: "x" });
    assert.deepEqual(info, { dataId: "var:A.x", description: "A.x", accessTypes: ["write"], canPersist: true });
    assert.equal(c.request("dataBreakpointInfo", { name: "B.y" }).dataId, "var:B.y");
    assert.equal(c.request("dataBreakpointInfo", { variablesReference: scope(c, "Table"), name: "[1]" }).dataId, null);
    assert.equal(c.request("dataBreakpointInfo", { name: "nonsense" }).dataId, null);
  });

  it("watches writes only", async () => {
    const c = await stoppedAt(0);
    const breakpoints = [
      { dataId: "var:A.x", accessType: "read" },
      { dataId: "var:A.y", accessType: "write" },
    ];
    const answer = c.request("setDataBreakpoints", { breakpoints }).breakpoints;
    assert.deepEqual([answer[0].verified, answer[0].message], [false, "only writes can be watched"]);
    assert.equal(answer[1].verified, true);
  });

  it("hovers with the walk, and fails quietly", async () => {
    const c = await stoppedAt(6);
    assert.match(c.request("evaluate", { expression: "A.x", context: "hover" }).result, /^pgd\[0\] of A\.x\npte/);
    const failed = c.raw({ command: "evaluate", arguments: { expression: "nothing", context: "hover" } });
    assert.deepEqual([failed.success, failed.body.error.showUser], [false, false]);
  });

  it("completes expressions and commands, and says what they replace", async () => {
    const c = await stoppedAt(0);
    const { targets } = c.request("completions", { text: "1 + m", column: 6 });
    assert.deepEqual(targets, [{ label: "mm", detail: "mm(process)", type: "function", start: 5, length: 1 }]);
    const commands = c.request("completions", { text: "go", column: 3 }).targets;
    assert.deepEqual([commands[0].label, commands[0].text, commands[0].type], ["goto", "goto ", "keyword"]);
    assert.match(c.refused("completions", { text: "go", column: 9 }), /inside the text/);
  });

  it("takes commands in the console, and only there", async () => {
    const c = await stoppedAt(6);
    const say = (expression: string) => c.request("evaluate", { expression, context: "repl" }).result;
    assert.equal(say("time"), "step 6 of 6");
    assert.equal(say("who wrote A.x"), "step 5, A, line 3: A: x = 9007199254740993 (goto 5 shows it)");
    assert.equal(say("steps 2"), "5  A: x = 9007199254740993\n6  A: x = 9007199254740993");
    assert.match(say("help"), /goto STEP/);
    assert.match(c.refused("evaluate", { expression: "goto home", context: "repl" }), /number of a step/);
    assert.match(c.refused("evaluate", { expression: "time", context: "watch" }), /nothing is called/);
    assert.equal(say("goto 2"), "going to step 2");
    assert.equal((await c.event("stopped")).reason, "goto");
    assert.equal(say("time"), "step 2 of 6");
  });

  it("finds who wrote a field, by id or as the variables view knows it", async () => {
    const c = await stoppedAt(6);
    const where = { source: { name: "demo.mshare", path: "/demo.mshare" }, line: 3 };
    const answer = { step: 5, description: "A: x = 9007199254740993", task: "A", ...where };
    for (const request of ["mshare/whoWrote", "mshare/who"]) {
      assert.deepEqual(c.request(request, { dataId: "var:A.x" }), answer);
      assert.deepEqual(c.request(request, { variablesReference: scope(c, "Process"), name: "x" }), answer);
    }
    assert.match(c.refused("mshare/who", { did: "freed", expression: "7" }), /no simulated object/);
    assert.match(c.refused("mshare/whoWrote", { dataId: "var:A.y" }), /nobody/);
  });

  it("reads memory, and says where it ends", async () => {
    const c = await stoppedAt(0);
    const read = (args: object) => c.request("readMemory", { memoryReference: "page:7", ...args });
    assert.deepEqual(read({ offset: 4094, count: 4 }), { address: "0xffe", unreadableBytes: 2, data: "/v8=" });
    assert.deepEqual(read({ offset: 9999, count: 4 }), { address: "0x270f", unreadableBytes: 4 });
    assert.equal(
      c.request("readMemory", { memoryReference: "process:A:0x1000", offset: 16, count: 0 }).address,
      "0x1010",
    );
    assert.match(c.refused("readMemory", { memoryReference: "page:7", count: 2 ** 40 }), /at most/);
  });

  it("writes memory, whole or partly as asked", async () => {
    const c = await stoppedAt(0, { supportsMemoryEvent: true });
    const args = { memoryReference: "page:7", offset: 4094, data: "AAAAAA==" };
    assert.match(c.refused("writeMemory", args), /memory ends/);
    assert.deepEqual(c.request("writeMemory", { ...args, allowPartial: true }), { bytesWritten: 2 });
    assert.deepEqual(await c.event("memory"), { memoryReference: "page:7", offset: 4094, count: 2 });
    assert.match(c.refused("writeMemory", { ...args, data: "*" }), /base64/);
    assert.match(
      c.refused("writeMemory", { ...args, memoryReference: "page:8", allowPartial: true }),
      /cannot be written/,
    );
  });

  it("shows kernel steps as a disassembly of the length that was asked for", async () => {
    const c = await stoppedAt(3);
    const args = { memoryReference: "3", instructionOffset: -4, instructionCount: 7 };
    const { instructions } = c.request("disassemble", args);
    assert.deepEqual(
      instructions.map((each) => [each.address, each.presentationHint ?? each.instruction]),
      [
        ["-1", "invalid"],
        ["0", "the beginning"],
        ["1", "A: x = 1"],
        ["2", "A: x = 1"],
        ["3", "B: x = 2"],
        ["-1", "invalid"],
        ["-1", "invalid"],
      ],
    );
    assert.deepEqual([instructions[2].location?.path, instructions[2].line], [program, 1]);
    assert.match(c.refused("disassemble", { ...args, memoryReference: "page:7" }), /number of a step/);
  });

  it("knows where breakpoints can be", async () => {
    const c = await stoppedAt(0);
    const source = { path: program };
    const lines = (args: object) => c.request("breakpointLocations", { source, ...args }).breakpoints;
    assert.deepEqual(lines({ line: 2, endLine: 9 }), [{ line: 2 }, { line: 3 }, { line: 4 }]);
    assert.deepEqual(lines({ line: 8 }), []);
  });

  it("moves a breakpoint to where the run can stop, and says what cannot be", async () => {
    const c = await stoppedAt(0);
    const set = (path: string, line: number) =>
      c.request("setBreakpoints", { source: { path }, breakpoints: [{ line }] }).breakpoints[0];
    assert.deepEqual([set(program, 0).verified, set(program, 0).line], [true, 1]);
    const nowhere = set("/other.mshare", 1);
    assert.deepEqual([nowhere.verified, nowhere.message, nowhere.reason], [false, "nothing stops there", "failed"]);
    const event = c.request("setFunctionBreakpoints", { breakpoints: [{ name: "set x" }] }).breakpoints[0];
    assert.deepEqual([event.verified, event.message], [false, "did you mean set_x?"]);
  });

  it("hands conditions, hit counts and log messages to the engine; empty ones are none", async () => {
    const c = await stoppedAt(0);
    const asked: object[] = [];
    const session = c.adapter.debuggee?.session;
    assert.ok(session);
    const keep = (set: readonly object[]) => {
      asked.push(...set);
      return set.map((_, id) => ({ id, verified: true }));
    };
    session.setLineBreakpoints = (_, set) => keep(set);
    session.setEventBreakpoints = keep;
    session.setDataBreakpoints = keep;
    session.setExceptionFilters = keep;
    const given = { condition: "cpu == 1", hitCondition: ">= 5" };
    const breakpoint = { line: 3, logMessage: "{x}", condition: "", hitCondition: "" };
    c.request("setBreakpoints", { source: { path: program }, breakpoints: [breakpoint] });
    c.request("setFunctionBreakpoints", { breakpoints: [{ name: "TLB flush", ...given }] });
    c.request("setDataBreakpoints", { breakpoints: [{ dataId: "var:A.x", ...given }] });
    const filterOptions = [{ filterId: "signal", condition: "cpu == 1" }];
    c.request("setExceptionBreakpoints", { filters: [], filterOptions });
    assert.deepEqual(JSON.parse(JSON.stringify(asked)), [
      { line: 3, logMessage: "{x}" },
      { text: "TLB flush", ...given },
      { dataId: "var:A.x", ...given },
      { filter: "signal", condition: "cpu == 1" },
    ]);
  });

  it("takes log messages for events in their names", async () => {
    const c = await stoppedAt(0);
    const asked: (string | undefined)[][] = [];
    const session = c.adapter.debuggee?.session;
    assert.ok(session);
    session.setEventBreakpoints = (set) => {
      asked.push(...set.map(({ text, logMessage }) => [text, logMessage]));
      return [];
    };
    const names = ["log TLB flush: on CPU {cpu}", "LOG set_pgd into guest if cpu == 1", "tlb_flush", "log"];
    c.request("setFunctionBreakpoints", { breakpoints: names.map((name) => ({ name })) });
    assert.deepEqual(asked, [
      ["TLB flush", "on CPU {cpu}"],
      ["set_pgd into guest if cpu == 1", ""],
      ["tlb_flush", undefined],
      ["log", undefined],
    ]);
  });

  it("names kernel files to the engine as the engine does", async () => {
    const c = await stoppedAt(0);
    const asked: string[] = [];
    const session = c.adapter.debuggee?.session;
    assert.ok(session);
    session.setLineBreakpoints = (file) => {
      asked.push(file);
      return [];
    };
    for (const path of ["/product/sim/kernel/mm/memory.ts", "/product/examples/a.mshare", "relative.mshare"]) {
      c.request("setBreakpoints", { source: { path }, breakpoints: [] });
    }
    assert.deepEqual(asked, ["sim/kernel/mm/memory.ts", "/product/examples/a.mshare", "/cwd/relative.mshare"]);
  });
});

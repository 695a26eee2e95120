// The table of capabilities: every one that the protocol has, what users of debuggers expect of it, and for those that the built
// adapter declares what is done over a wire with a real client, and the effect that is seen. A test a row, by its name.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { capabilities } from "../../server/debug/capabilities.ts";
import { builtAdapter, type Listening, listening } from "./built_adapter.ts";
import { realEngine } from "./real.ts";
import { Wire } from "./wire.ts";

const program = resolve("examples/msharefs-basics.mshare");
const race = `machine { cpus: 2, memory: 64MiB }
process a on cpu 0
process b on cpu 1
a: p = mmap(0, 16KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
b: p = mmap(0, 16KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
label both
parallel {
  a: store(p, 1)
  b: store(p, 2)
}
a: store(p, 3)
a: x = load(p)
`;

/** What users expect: `must`; `worth` it, unless docs/debugger.md says why not; `none`: nobody misses it here. */
const wishes: Record<keyof DebugProtocol.Capabilities, "must" | "worth" | "none"> = {
  supportsConfigurationDoneRequest: "must",
  supportsFunctionBreakpoints: "must",
  supportsConditionalBreakpoints: "must",
  supportsHitConditionalBreakpoints: "must",
  supportsEvaluateForHovers: "must",
  exceptionBreakpointFilters: "must",
  supportsStepBack: "must",
  supportsSetVariable: "worth",
  supportsRestartFrame: "worth",
  supportsGotoTargetsRequest: "worth",
  supportsStepInTargetsRequest: "worth",
  supportsCompletionsRequest: "must",
  completionTriggerCharacters: "must",
  supportsModulesRequest: "none",
  additionalModuleColumns: "none",
  supportedChecksumAlgorithms: "none",
  supportsRestartRequest: "must",
  supportsExceptionOptions: "none",
  supportsValueFormattingOptions: "must",
  supportsExceptionInfoRequest: "must",
  supportTerminateDebuggee: "none",
  supportSuspendDebuggee: "none",
  supportsDelayedStackTraceLoading: "worth",
  supportsLoadedSourcesRequest: "worth",
  supportsLogPoints: "must",
  supportsTerminateThreadsRequest: "none",
  supportsSetExpression: "none",
  supportsTerminateRequest: "must",
  supportsDataBreakpoints: "must",
  supportsReadMemoryRequest: "must",
  supportsWriteMemoryRequest: "worth",
  supportsDisassembleRequest: "worth",
  supportsCancelRequest: "must",
  supportsBreakpointLocationsRequest: "must",
  supportsClipboardContext: "must",
  supportsSteppingGranularity: "must",
  supportsInstructionBreakpoints: "worth",
  supportsExceptionFilterOptions: "must",
  supportsSingleThreadExecutionRequests: "must",
  supportsDataBreakpointBytes: "worth",
  breakpointModes: "worth",
  supportsANSIStyling: "worth",
};

describe("each declared capability, over the wire", function () {
  this.timeout(60_000);
  let server: Listening;
  let folder = "";
  let both = "";
  let wire: Wire;

  before(async () => {
    server = await listening(builtAdapter);
    folder = mkdtempSync(join(tmpdir(), "mshare-wire-"));
    both = join(folder, "race.mshare");
    writeFileSync(both, race);
  });
  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    wire = new Wire();
    wire.client.defaultTimeout = 50_000;
    await wire.client.start(server.port);
  });
  afterEach(() => wire.client.stop());

  const lineAt =
    (line: number, more: object = {}) =>
    () =>
      wire.ask("setBreakpoints", { source: { path: both }, breakpoints: [{ line, ...more }] });
  const entry = () => wire.launch({ program: both, stopOnEntry: true });
  const at11 = () => wire.launch({ program: both }, lineAt(11));

  const tests: Partial<Record<keyof DebugProtocol.Capabilities, () => Promise<void>>> = {
    async supportsConfigurationDoneRequest() {
      assert.equal((await at11()).reason, "breakpoint");
      assert.equal(await wire.line(), 11);
    },
    async supportsFunctionBreakpoints() {
      const set = () =>
        wire.ask("setFunctionBreakpoints", {
          breakpoints: [{ name: "page fault" }, { name: "log: set_pte {mm.name}" }],
        });
      const { reason, description, hitBreakpointIds } = await wire.launch({ program: both }, set);
      assert.equal(reason, "function breakpoint");
      assert.match(description ?? "", /^page_fault: a writes and finds nothing present at 0x[0-9a-f]+$/);
      assert.equal(hitBreakpointIds?.length, 1);
    },
    async supportsConditionalBreakpoints() {
      await wire.launch({ program: both }, lineAt(12, { condition: "a.p != 0" }));
      assert.equal(await wire.line(), 12);
    },
    async supportsHitConditionalBreakpoints() {
      const set = () =>
        wire.ask("setFunctionBreakpoints", { breakpoints: [{ name: "page_fault", hitCondition: "2" }] });
      assert.match((await wire.launch({ program: both }, set)).description ?? "", /^page_fault: b /);
    },
    async supportsLogPoints() {
      await wire.launch({ program: both }, () =>
        wire.ask("setBreakpoints", {
          source: { path: both },
          breakpoints: [{ line: 11, logMessage: "p is {a.p}" }, { line: 12 }],
        }),
      );
      assert.match(wire.output.join(""), /^p is 0x[0-9a-f]+$/m);
    },
    async exceptionBreakpointFilters() {
      const stale = resolve("examples/stale-tlb.mshare");
      const set = () => wire.ask("setExceptionBreakpoints", { filters: ["stale-tlb-access"] });
      const { reason, description } = await wire.launch({ program: stale }, set);
      assert.equal(reason, "exception");
      assert.match(description ?? "", /reader/);
      assert.ok((wire.able.exceptionBreakpointFilters?.length ?? 0) > 10);
    },
    async supportsExceptionFilterOptions() {
      const stale = resolve("examples/stale-tlb.mshare");
      const filterOptions = [{ filterId: "missing-tlb-flush", condition: "1 == 2" }, { filterId: "stale-tlb-access" }];
      await wire.launch({ program: stale }, () => wire.ask("setExceptionBreakpoints", { filters: [], filterOptions }));
      const threads = (await wire.ask("threads")).threads as DebugProtocol.Thread[];
      const reader = threads.find(({ name }) => name.includes("reader"))?.id;
      assert.equal((await wire.ask("exceptionInfo", { threadId: reader })).exceptionId, "stale-tlb-access");
    },
    async breakpointModes() {
      await entry();
      const modes = wire.able.breakpointModes ?? [];
      assert.deepEqual(
        modes.map(({ mode, appliesTo }) => [mode, ...appliesTo]),
        [
          ["after", "source", "exception", "data", "instruction"],
          ["before", "source", "exception", "data", "instruction"],
        ],
        "clients take the first for the default",
      );
      const step = async () => Number(/^step (\d+)/.exec((await wire.evaluate("time", "repl")).result)?.[1]);
      const count = async () => (await wire.evaluate("mm(a).map_count")).result;
      const { dataId } = await wire.ask("dataBreakpointInfo", { name: "mm(a).map_count" });
      await wire.ask("setDataBreakpoints", { breakpoints: [{ dataId, mode: "before" }] });
      const first = await wire.stopAfter("continue", { threadId: 1 });
      assert.match(first.description ?? "", /^before map_count of mm of a: 0 → 1 /);
      assert.equal(await count(), "0");
      await wire.stopAfter("next", { threadId: 1, granularity: "instruction" });
      assert.equal(await count(), "1");
      await wire.ask("setDataBreakpoints", { breakpoints: [] });
      // Lines of the kernel, steps, reports, and events by the word itself.
      const kernel = (await wire.frames()).find(({ source }) => source?.path?.endsWith(".ts"));
      const instructionReference = String((await step()) + 3);
      const at = { instructionReference, mode: "before" };
      await wire.ask("setInstructionBreakpoints", { breakpoints: [at] });
      await wire.stopAfter("continue", { threadId: 1 });
      assert.equal(await step(), Number(instructionReference) - 1);
      await wire.ask("setInstructionBreakpoints", { breakpoints: [] });
      const lines = [{ line: kernel?.line, mode: "before" }];
      const inKernel = await wire.ask("setBreakpoints", { source: kernel?.source, breakpoints: lines });
      assert.equal(inKernel.breakpoints[0].verified, true);
      await wire.ask("setBreakpoints", { source: kernel?.source, breakpoints: [] });
      await wire.ask("setFunctionBreakpoints", { breakpoints: [{ name: "before set_pte" }] });
      assert.match((await wire.stopAfter("continue", { threadId: 1 })).description ?? "", /^before set_pte into a: /);
      assert.equal((await wire.evaluate("pte(a, a.p).present")).result, "false");
      const wrong = await wire.ask("setDataBreakpoints", { breakpoints: [{ dataId, mode: "hardware" }] });
      assert.match(wrong.breakpoints[0].message, /^mode: `hardware` is none/);
      const filterOptions = [{ filterId: "expectation", mode: "before" }];
      const [filter] = (await wire.ask("setExceptionBreakpoints", { filters: [], filterOptions })).breakpoints;
      assert.equal(filter.verified, true);
    },
    async supportsExceptionInfoRequest() {
      const stale = resolve("examples/stale-tlb.mshare");
      const { threadId } = await wire.launch({ program: stale });
      const { exceptionId, details } = await wire.ask("exceptionInfo", { threadId });
      assert.equal(exceptionId, "missing-tlb-flush");
      for (const part of [
        "BUG: missing-tlb-flush:",
        "Call Trace:",
        "Objects:",
        "What happened to them:",
        "alloc_page: frame",
      ])
        assert.ok(details.stackTrace.includes(part), `${part} in\n${details.stackTrace}`);
    },
    async supportsDataBreakpoints() {
      await entry();
      const { dataId, canPersist } = await wire.ask("dataBreakpointInfo", { name: "mm(a).map_count" });
      assert.ok(canPersist);
      await wire.ask("setDataBreakpoints", { breakpoints: [{ dataId }] });
      const { reason, description, hitBreakpointIds } = await wire.stopAfter("continue", { threadId: 1 });
      assert.equal(reason, "data breakpoint");
      assert.match(description ?? "", /^map_count of mm of a: \d+ → \d+ /);
      assert.equal(hitBreakpointIds?.length, 1);
    },
    async supportsDataBreakpointBytes() {
      await at11();
      const info = await wire.ask("dataBreakpointInfo", { name: "a.p", asAddress: true, bytes: 4 });
      await wire.ask("setDataBreakpoints", { breakpoints: [{ dataId: info.dataId }] });
      const forward = await wire.stopAfter("continue", { threadId: 1 });
      assert.equal(forward.reason, "data breakpoint");
      assert.match(forward.description ?? "", /: 01 00 00 00 → 03 00 00 00 /);
      await wire.ask("setBreakpoints", { source: { path: both }, breakpoints: [] });
      const back = await wire.stopAfter("reverseContinue", { threadId: 1 });
      assert.match(back.description ?? "", /: 00 00 00 00 → 01 00 00 00 .*in the past$/);
    },
    async supportsInstructionBreakpoints() {
      const { breakpoints } = await (async () => {
        await entry();
        return wire.ask("setInstructionBreakpoints", { breakpoints: [{ instructionReference: "5", offset: 2 }] });
      })();
      assert.deepEqual([breakpoints[0].verified, breakpoints[0].instructionReference], [true, "7"]);
      const { hitBreakpointIds } = await wire.stopAfter("continue", { threadId: 1 });
      assert.deepEqual(hitBreakpointIds, [breakpoints[0].id]);
      assert.equal((await wire.frames())[0]?.instructionPointerReference, "7");
    },
    async supportsBreakpointLocationsRequest() {
      await entry();
      const { breakpoints } = await wire.ask("breakpointLocations", { source: { path: both }, line: 1, endLine: 20 });
      assert.deepEqual(
        breakpoints.map(({ line }: { line: number }) => line),
        [4, 5, 8, 9, 11, 12],
      );
    },
    async supportsStepBack() {
      await at11();
      const { reason, description } = await wire.stopAfter("stepBack", { threadId: 1 });
      assert.equal(reason, "step");
      assert.match(description ?? "", /step \d+ of \d+, in the past$/);
    },
    async supportsRestartFrame() {
      const set = () => wire.ask("setFunctionBreakpoints", { breakpoints: [{ name: "set_pte" }] });
      await wire.launch({ program: both }, set);
      const frames = await wire.frames();
      const outer = frames.find(({ name }) => name === "handle_mm_fault");
      const restarted = await wire.stopAfter("restartFrame", { frameId: outer?.id });
      assert.equal(restarted.reason, "restart");
      assert.match(restarted.description ?? "", /^the first step in handle_mm_fault: .*in the past$/);
      const again = await wire.frames();
      const below = (stack: typeof frames) =>
        stack.slice(stack.findIndex(({ name }) => name === "handle_mm_fault")).map(({ name }) => name);
      assert.deepEqual(below(again), below(frames));
      const statement = await wire.stopAfter("restartFrame", { frameId: again.at(-1)?.id });
      assert.match(statement.description ?? "", /^the statement's beginning: a begins line 8/);
    },
    async supportsGotoTargetsRequest() {
      await at11();
      const where = { source: { path: both }, line: 5 };
      const { targets } = await wire.ask("gotoTargets", where);
      assert.deepEqual(
        targets.map(({ label }: { label: string }) => label.split(",")[0]),
        ["line 5: forward", "line 5: back"],
      );
      const [forward, back] = targets.map(({ id }: { id: number }) => id);
      const there = await wire.stopAfter("goto", { threadId: 1, targetId: back });
      assert.deepEqual([there.reason, await wire.line(there.threadId)], ["goto", 5]);
      await wire.ask("gotoTargets", { ...where, line: 4 });
      const nowhere = await wire.stopAfter("goto", { threadId: 1, targetId: forward - 2 });
      assert.match(nowhere.description ?? "", /^line 4 is not reached before the end of the run/);
      assert.equal(await wire.line(nowhere.threadId), 5);
    },
    async supportsStepInTargetsRequest() {
      await wire.launch({ program: both }, lineAt(8));
      const [frame] = await wire.frames();
      const { targets } = await wire.ask("stepInTargets", { frameId: frame?.id });
      assert.deepEqual(
        targets.map(({ label }: { label: string }) => label),
        ["a on cpu0: line 8: a: store(p, 1), under way", "b on cpu1: line 9: b: store(p, 2)"],
      );
      const { threadId } = await wire.stopAfter("stepIn", { threadId: 1, targetId: targets[1].id });
      assert.equal(threadId, targets[1].id);
      assert.equal(await wire.line(threadId), 9);
    },
    async supportsSteppingGranularity() {
      await at11();
      const step = async () => Number((await wire.frames())[0]?.instructionPointerReference);
      const before = await step();
      await wire.stopAfter("next", { threadId: 1, granularity: "instruction" });
      assert.equal(await step(), before + 1);
      await wire.stopAfter("next", { threadId: 1, granularity: "statement" });
      assert.ok((await step()) > before + 1);
    },
    async supportsSingleThreadExecutionRequests() {
      await wire.launch({ program: both, schedule: "random:1" }, lineAt(8));
      for (let i = 0; i < 5; i++) {
        const { threadId } = await wire.stopAfter("next", {
          threadId: 1,
          granularity: "instruction",
          singleThread: true,
        });
        assert.equal(threadId, 1);
      }
    },
    async supportsEvaluateForHovers() {
      await at11();
      assert.match((await wire.evaluate("p", "hover")).result, / in a: → frame 0x[0-9a-f]+ anon/);
    },
    async supportsSetVariable() {
      await at11();
      const [frame] = await wire.frames();
      const { scopes } = await wire.ask("scopes", { frameId: frame?.id });
      const { variablesReference } = scopes.find(({ name }: { name: string }) => name === "mm");
      const set = { variablesReference, name: "map_count", value: "77" };
      assert.equal((await wire.ask("setVariable", set)).value, "77");
      assert.equal((await wire.evaluate("mm(a).map_count")).result.split(" ")[0], "77");
      // A variable of the scenario, in the past: another future.
      const { threadId } = await wire.stopAfter("stepBack", { threadId: 1 });
      const [again] = await wire.frames(threadId);
      const { scopes: earlier } = await wire.ask("scopes", { frameId: again?.id });
      const task = earlier.find(({ name }: { name: string }) => name === "Task").variablesReference;
      const told = wire.client.waitForEvent("output");
      const { value } = await wire.ask("setVariable", { variablesReference: task, name: "p", value: "a.p + 8" });
      assert.match(value, /^0x[0-9a-f]+8$/);
      await told;
      assert.match(wire.output.join(""), /^A new future starts at step \d+; steps \d+ to \d+ are forgotten\.$/m);
    },
    async supportsSetExpression() {
      await at11();
      const [frame] = await wire.frames();
      await wire.ask("setExpression", { expression: "mm(a).map_count", value: "0x10", frameId: frame?.id });
      assert.equal((await wire.evaluate("mm(a).map_count")).result.split(" ")[0], "16");
    },
    async supportsClipboardContext() {
      await at11();
      assert.match((await wire.evaluate("p", "clipboard")).result, /^0x[0-9a-f]+$/);
    },
    async supportsANSIStyling() {
      const terminated = wire.client.waitForEvent("terminated");
      await at11();
      await wire.ask("continue", { threadId: 1 });
      await terminated;
      assert.ok(wire.output.join("").includes("\u001b[32mPASS\u001b[0m"));
    },
    async supportsValueFormattingOptions() {
      await at11();
      const asked = async (format: object) => {
        const [frame] = await wire.frames();
        return (await wire.ask("evaluate", { expression: "mm(a).map_count", frameId: frame?.id, format })).result;
      };
      assert.match(await asked({ hex: true }), /^0x/);
      assert.doesNotMatch(await asked({ hex: false }), /^0x/);
    },
    async supportsCompletionsRequest() {
      await at11();
      const { targets } = await wire.ask("completions", { text: "mm(a).map_", column: 11 });
      assert.deepEqual(
        targets.map(({ label }: { label: string }) => label),
        ["map_count"],
      );
    },
    async completionTriggerCharacters() {
      await at11();
      assert.deepEqual(wire.able.completionTriggerCharacters, [".", "(", ",", " "]);
      const { targets } = await wire.ask("completions", { text: "break tlb_", column: 11 });
      assert.ok(targets.some(({ label }: { label: string }) => label === "tlb_flush"));
    },
    async supportsDelayedStackTraceLoading() {
      await wire.launch({ program: both }, () =>
        wire.ask("setFunctionBreakpoints", { breakpoints: [{ name: "set_pte" }] }),
      );
      const all = await wire.frames();
      const { stackFrames, totalFrames } = await wire.ask("stackTrace", { threadId: 1, startFrame: 1, levels: 2 });
      assert.equal(totalFrames, all.length);
      assert.deepEqual(
        stackFrames.map(({ name }: { name: string }) => name),
        all.slice(1, 3).map(({ name }) => name),
      );
    },
    async supportsLoadedSourcesRequest() {
      await entry();
      // The kernel's files are there to be read, at the paths that are named.
      const { sources: all } = await wire.ask("loadedSources");
      for (const { path } of all) assert.ok(existsSync(path), path);
      const { sources } = await wire.ask("loadedSources");
      assert.equal(sources[0].path, both);
      assert.ok(sources.some(({ path }: { path: string }) => path.endsWith("sim/kernel/mm/memory.ts")));
    },
    async supportsReadMemoryRequest() {
      await at11();
      const { memoryReference } = await wire.evaluate("p", "hover");
      const { data } = await wire.ask("readMemory", { memoryReference, count: 8 });
      assert.deepEqual([...Buffer.from(data, "base64")], [1, 0, 0, 0, 0, 0, 0, 0]);
      // An open view is told of what the next statement stores.
      const changed = wire.client.waitForEvent("memory");
      await wire.stopAfter("next", { threadId: 1 });
      assert.deepEqual((await changed).body, { memoryReference, offset: 0, count: 8 });
    },
    async supportsWriteMemoryRequest() {
      await at11();
      const { memoryReference } = await wire.evaluate("p", "hover");
      await wire.ask("writeMemory", { memoryReference, data: Buffer.from([9, 9]).toString("base64") });
      const { data } = await wire.ask("readMemory", { memoryReference, count: 3 });
      assert.deepEqual([...Buffer.from(data, "base64")], [9, 9, 0]);
    },
    async supportsDisassembleRequest() {
      await at11();
      const now = Number((await wire.frames())[0]?.instructionPointerReference);
      await wire.stopAfter("stepBack", { threadId: 1 });
      const around = { memoryReference: String(now), instructionOffset: -2, instructionCount: 3 };
      const { instructions } = await wire.ask("disassemble", around);
      assert.deepEqual(
        instructions.map(({ address }: { address: string }) => Number(address)),
        [now - 2, now - 1, now],
      );
      assert.match(instructions[2].instruction, /^a: a begins line 11$/, "the recorded future");
    },
    async supportsRestartRequest() {
      await at11();
      await wire.ask("setBreakpoints", { source: { path: both }, breakpoints: [{ line: 5 }] });
      const { threadId } = await wire.stopAfter("restart");
      assert.equal(await wire.line(threadId), 5);
    },
    async supportsTerminateRequest() {
      await at11();
      const terminated = wire.client.waitForEvent("terminated");
      await wire.ask("terminate");
      await terminated;
    },
    async supportsCancelRequest() {
      const long = join(folder, "long.mshare");
      writeFileSync(long, race.replace("a: store(p, 3)", "repeat 100000 as i { a: store(p, i) }"));
      const set = () => wire.ask("setBreakpoints", { source: { path: long }, breakpoints: [{ line: 12 }] });
      await wire.launch({ program: long }, set);
      const time = async () => (await wire.evaluate("time", "repl")).result;
      const before = await time();
      const asked = wire.send("evaluate", { expression: "when load", context: "repl" });
      const waiting = wire.send("threads");
      await wire.ask("cancel", { requestId: asked.seq });
      await assert.rejects(asked.body, /cancelled/);
      assert.equal((await waiting.body).threads.length, 3, "what has waited for its turn is answered");
      assert.equal(await time(), before, "the run stands where it stood");
      await wire.ask("cancel", { requestId: 1 });
      assert.equal(await wire.line(), 12, "what is no longer under way is not disturbed");
    },
  };

  const declared = Object.keys(capabilities(realEngine)) as (keyof DebugProtocol.Capabilities)[];

  it("is each that users expect", () => {
    const expected = Object.entries(wishes).filter(([, wish]) => wish !== "none");
    assert.deepEqual(
      expected.map(([name]) => name).filter((name) => !declared.some((one) => one === name)),
      [],
    );
  });

  it("has a test for each", () => assert.deepEqual(Object.keys(tests).sort(), [...declared].sort()));
  for (const name of declared) it(name, () => tests[name]?.());

  it("also where a client knows the file by another path, over a link, with spaces and CRLF", async () => {
    const odd = join(folder, "spaces and ünï.mshare");
    writeFileSync(odd, race.replaceAll("\n", "\r\n"));
    const link = join(folder, "link.mshare");
    symlinkSync(odd, link);
    const set = async () => {
      const source = { path: link };
      const { breakpoints } = await wire.ask("setBreakpoints", { source, breakpoints: [{ line: 11 }] });
      assert.deepEqual([breakpoints[0].verified, breakpoints[0].source.path], [true, link]);
    };
    assert.equal((await wire.launch({ program: odd }, set)).description, "line 11: a: store(p, 3)");
    const [frame] = await wire.frames();
    assert.deepEqual([frame?.source?.path, frame?.line], [odd, 11]);
    const { targets } = await wire.ask("gotoTargets", { source: { path: link }, line: 5 });
    assert.equal(targets.length, 2);
  });

  it("and nothing else: the response is what the code declares", async () => {
    await wire.launch({ program, stopOnEntry: true });
    assert.deepEqual(Object.keys(wire.able), declared);
  });
});

// Breakpoints of all kinds, and what they tell.
import assert from "node:assert/strict";
import { resolve } from "node:path";
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { CapabilityTests } from "./race.ts";

export const breakpoints: CapabilityTests = {
  async supportsConfigurationDoneRequest(wire) {
    assert.equal((await wire.at11()).reason, "breakpoint");
    assert.equal(await wire.line(), 11);
  },
  async supportsFunctionBreakpoints(wire) {
    const set = () =>
      wire.ask("setFunctionBreakpoints", {
        breakpoints: [{ name: "page fault" }, { name: "log: set_pte {mm.name}" }],
      });
    const { reason, description, hitBreakpointIds } = await wire.launch({ program: wire.both }, set);
    assert.equal(reason, "function breakpoint");
    assert.match(description ?? "", /^page_fault: a writes and finds nothing present at 0x[0-9a-f]+$/);
    assert.equal(hitBreakpointIds?.length, 1);
  },
  async supportsConditionalBreakpoints(wire) {
    await wire.launch({ program: wire.both }, wire.lineAt(12, { condition: "a.p != 0" }));
    assert.equal(await wire.line(), 12);
  },
  async supportsHitConditionalBreakpoints(wire) {
    const set = () => wire.ask("setFunctionBreakpoints", { breakpoints: [{ name: "page_fault", hitCondition: "2" }] });
    assert.match((await wire.launch({ program: wire.both }, set)).description ?? "", /^page_fault: b /);
  },
  async supportsLogPoints(wire) {
    await wire.launch({ program: wire.both }, () =>
      wire.ask("setBreakpoints", {
        source: { path: wire.both },
        breakpoints: [{ line: 11, logMessage: "p is {a.p}" }, { line: 12 }],
      }),
    );
    assert.match(wire.output.join(""), /^p is 0x[0-9a-f]+$/m);
  },
  async exceptionBreakpointFilters(wire) {
    const stale = resolve("examples/stale-tlb.mshare");
    const set = () => wire.ask("setExceptionBreakpoints", { filters: ["stale-tlb-access"] });
    const { reason, description } = await wire.launch({ program: stale }, set);
    assert.equal(reason, "exception");
    assert.match(description ?? "", /reader/);
    assert.ok((wire.able.exceptionBreakpointFilters?.length ?? 0) > 10);
  },
  async supportsExceptionFilterOptions(wire) {
    const stale = resolve("examples/stale-tlb.mshare");
    const filterOptions = [{ filterId: "missing-tlb-flush", condition: "1 == 2" }, { filterId: "stale-tlb-access" }];
    await wire.launch({ program: stale }, () => wire.ask("setExceptionBreakpoints", { filters: [], filterOptions }));
    const threads = (await wire.ask("threads")).threads as DebugProtocol.Thread[];
    const reader = threads.find(({ name }) => name.includes("reader"))?.id;
    assert.equal((await wire.ask("exceptionInfo", { threadId: reader })).exceptionId, "stale-tlb-access");
  },
  async breakpointModes(wire) {
    await wire.entry();
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
  async supportsExceptionInfoRequest(wire) {
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
  async supportsDataBreakpoints(wire) {
    await wire.entry();
    const { dataId, canPersist } = await wire.ask("dataBreakpointInfo", { name: "mm(a).map_count" });
    assert.ok(canPersist);
    await wire.ask("setDataBreakpoints", { breakpoints: [{ dataId }] });
    const { reason, description, hitBreakpointIds } = await wire.stopAfter("continue", { threadId: 1 });
    assert.equal(reason, "data breakpoint");
    assert.match(description ?? "", /^map_count of mm of a: \d+ → \d+ /);
    assert.equal(hitBreakpointIds?.length, 1);
  },
  async supportsDataBreakpointBytes(wire) {
    await wire.at11();
    const info = await wire.ask("dataBreakpointInfo", { name: "a.p", asAddress: true, bytes: 4 });
    await wire.ask("setDataBreakpoints", { breakpoints: [{ dataId: info.dataId }] });
    const forward = await wire.stopAfter("continue", { threadId: 1 });
    assert.equal(forward.reason, "data breakpoint");
    assert.match(forward.description ?? "", /: 01 00 00 00 → 03 00 00 00 /);
    await wire.ask("setBreakpoints", { source: { path: wire.both }, breakpoints: [] });
    const back = await wire.stopAfter("reverseContinue", { threadId: 1 });
    assert.match(back.description ?? "", /: 00 00 00 00 → 01 00 00 00 .*in the past$/);
  },
  async supportsInstructionBreakpoints(wire) {
    const { breakpoints } = await (async () => {
      await wire.entry();
      return wire.ask("setInstructionBreakpoints", { breakpoints: [{ instructionReference: "5", offset: 2 }] });
    })();
    assert.deepEqual([breakpoints[0].verified, breakpoints[0].instructionReference], [true, "7"]);
    const { hitBreakpointIds } = await wire.stopAfter("continue", { threadId: 1 });
    assert.deepEqual(hitBreakpointIds, [breakpoints[0].id]);
    assert.equal((await wire.frames())[0]?.instructionPointerReference, "7");
  },
  async supportsBreakpointLocationsRequest(wire) {
    await wire.entry();
    const { breakpoints } = await wire.ask("breakpointLocations", {
      source: { path: wire.both },
      line: 1,
      endLine: 20,
    });
    assert.deepEqual(
      breakpoints.map(({ line }: { line: number }) => line),
      [4, 5, 8, 9, 11, 12],
    );
  },
};

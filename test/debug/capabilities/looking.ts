// What is seen of a stopped run, and changed in it.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import type { CapabilityTests } from "./race.ts";

export const looking: CapabilityTests = {
  async supportsEvaluateForHovers(wire) {
    await wire.at11();
    assert.match((await wire.evaluate("p", "hover")).result, / in a: → frame 0x[0-9a-f]+ anon/);
  },
  async supportsSetVariable(wire) {
    await wire.at11();
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
  async supportsSetExpression(wire) {
    await wire.at11();
    const [frame] = await wire.frames();
    await wire.ask("setExpression", { expression: "mm(a).map_count", value: "0x10", frameId: frame?.id });
    assert.equal((await wire.evaluate("mm(a).map_count")).result.split(" ")[0], "16");
  },
  async supportsClipboardContext(wire) {
    await wire.at11();
    assert.match((await wire.evaluate("p", "clipboard")).result, /^0x[0-9a-f]+$/);
  },
  async supportsANSIStyling(wire) {
    const terminated = wire.client.waitForEvent("terminated");
    await wire.at11();
    await wire.ask("continue", { threadId: 1 });
    await terminated;
    assert.ok(wire.output.join("").includes("\u001b[32mPASS\u001b[0m"));
  },
  async supportsValueFormattingOptions(wire) {
    await wire.at11();
    const asked = async (format: object) => {
      const [frame] = await wire.frames();
      return (await wire.ask("evaluate", { expression: "mm(a).map_count", frameId: frame?.id, format })).result;
    };
    assert.match(await asked({ hex: true }), /^0x/);
    assert.doesNotMatch(await asked({ hex: false }), /^0x/);
  },
  async supportsCompletionsRequest(wire) {
    await wire.at11();
    const { targets } = await wire.ask("completions", { text: "mm(a).map_", column: 11 });
    assert.deepEqual(
      targets.map(({ label }: { label: string }) => label),
      ["map_count"],
    );
  },
  async completionTriggerCharacters(wire) {
    await wire.at11();
    assert.deepEqual(wire.able.completionTriggerCharacters, [".", "(", ",", " "]);
    const { targets } = await wire.ask("completions", { text: "break tlb_", column: 11 });
    assert.ok(targets.some(({ label }: { label: string }) => label === "tlb_flush"));
  },
  async supportsDelayedStackTraceLoading(wire) {
    await wire.launch({ program: wire.both }, () =>
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
  async supportsLoadedSourcesRequest(wire) {
    await wire.entry();
    // The kernel's files are there to be read, at the paths that are named.
    const { sources: all } = await wire.ask("loadedSources");
    for (const { path } of all) assert.ok(existsSync(path), path);
    const { sources } = await wire.ask("loadedSources");
    assert.equal(sources[0].path, wire.both);
    assert.ok(sources.some(({ path }: { path: string }) => path.endsWith("sim/kernel/mm/memory.ts")));
  },
  async supportsReadMemoryRequest(wire) {
    await wire.at11();
    const { memoryReference } = await wire.evaluate("p", "hover");
    const { data } = await wire.ask("readMemory", { memoryReference, count: 8 });
    assert.deepEqual([...Buffer.from(data, "base64")], [1, 0, 0, 0, 0, 0, 0, 0]);
    // An open view is told of what the next statement stores.
    const changed = wire.client.waitForEvent("memory");
    await wire.stopAfter("next", { threadId: 1 });
    assert.deepEqual((await changed).body, { memoryReference, offset: 0, count: 8 });
  },
  async supportsWriteMemoryRequest(wire) {
    await wire.at11();
    const { memoryReference } = await wire.evaluate("p", "hover");
    await wire.ask("writeMemory", { memoryReference, data: Buffer.from([9, 9]).toString("base64") });
    const { data } = await wire.ask("readMemory", { memoryReference, count: 3 });
    assert.deepEqual([...Buffer.from(data, "base64")], [9, 9, 0]);
  },
  async supportsDisassembleRequest(wire) {
    await wire.at11();
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
};

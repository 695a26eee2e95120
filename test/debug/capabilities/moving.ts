// Where the run goes: back, to a place, by whose steps; and its end.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CapabilityTests, race } from "./race.ts";

export const moving: CapabilityTests = {
  async supportsStepBack(wire) {
    await wire.at11();
    const { reason, description } = await wire.stopAfter("stepBack", { threadId: 1 });
    assert.equal(reason, "step");
    assert.match(description ?? "", /step \d+ of \d+, in the past$/);
  },
  async supportsRestartFrame(wire) {
    const set = () => wire.ask("setFunctionBreakpoints", { breakpoints: [{ name: "set_pte" }] });
    await wire.launch({ program: wire.both }, set);
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
  async supportsGotoTargetsRequest(wire) {
    await wire.at11();
    const where = { source: { path: wire.both }, line: 5 };
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
  async supportsStepInTargetsRequest(wire) {
    await wire.launch({ program: wire.both }, wire.lineAt(8));
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
  async supportsSteppingGranularity(wire) {
    await wire.at11();
    const step = async () => Number((await wire.frames())[0]?.instructionPointerReference);
    const before = await step();
    await wire.stopAfter("next", { threadId: 1, granularity: "instruction" });
    assert.equal(await step(), before + 1);
    await wire.stopAfter("next", { threadId: 1, granularity: "statement" });
    assert.ok((await step()) > before + 1);
  },
  async supportsSingleThreadExecutionRequests(wire) {
    await wire.launch({ program: wire.both, schedule: "random:1" }, wire.lineAt(8));
    for (let i = 0; i < 5; i++) {
      const { threadId } = await wire.stopAfter("next", {
        threadId: 1,
        granularity: "instruction",
        singleThread: true,
      });
      assert.equal(threadId, 1);
    }
  },
  async supportsRestartRequest(wire) {
    await wire.at11();
    await wire.ask("setBreakpoints", { source: { path: wire.both }, breakpoints: [{ line: 5 }] });
    const { threadId } = await wire.stopAfter("restart");
    assert.equal(await wire.line(threadId), 5);
  },
  async supportsTerminateRequest(wire) {
    await wire.at11();
    const terminated = wire.client.waitForEvent("terminated");
    await wire.ask("terminate");
    await terminated;
  },
  async supportsCancelRequest(wire) {
    const long = join(wire.folder, "long.mshare");
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

// Time travel inside a parallel block over the adapter: back and forth in the middle of a long call, while others interleave.
import assert from "node:assert/strict";
import { TestClient } from "./harness.ts";
import { realEngine, realHost } from "./real.ts";

const program = "/race.mshare";
const text = (schedule: string) =>
  [
    "machine { cpus: 2, memory: 64MiB }",
    `schedule ${schedule}`,
    "process a on cpu 0",
    "process b on cpu 1",
    "a: mmap(2TiB, 1MiB, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS|MAP_FIXED, -1, 0)",
    "b: mmap(2TiB, 1MiB, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS|MAP_FIXED, -1, 0)",
    "a: touch(2TiB, 1MiB, write)",
    "parallel {",
    "  a: munmap(2TiB, 1MiB)",
    "  b: touch(2TiB, 256KiB, write)",
    "}",
  ].join("\n");

async function launched(schedule: string, breakpoints: number[]): Promise<TestClient> {
  const read = (path: string) => (path === program ? text(schedule) : undefined);
  const c = new TestClient(realEngine, { ...realHost, read });
  c.launch({ program }, () =>
    c.request("setBreakpoints", { source: { path: program }, breakpoints: breakpoints.map((line) => ({ line })) }),
  );
  await c.event("stopped");
  return c;
}

const now = (c: TestClient) => c.adapter.debuggee!.session.now;
const evaluate = (c: TestClient, expression: string) => c.request("evaluate", { expression, context: "repl" }).result;

describe("time travel in a parallel block", function () {
  this.timeout(300_000);
  for (const schedule of ["random 5", "[a*30, b*20, a*15, b*40, a]"])
    it(`stops at the same places both ways, schedule ${schedule}`, async () => {
      const c = await launched(schedule, [9]);
      const at = [now(c)];
      // An entry of b's page table, written while a is in the middle of its munmap.
      c.request("setFunctionBreakpoints", {
        breakpoints: [{ name: "set_pte into b" }, { name: "put_page", hitCondition: "% 9" }],
      });
      const { dataId } = c.request("dataBreakpointInfo", { name: "mm(a).map_count" });
      c.request("setDataBreakpoints", { breakpoints: [{ dataId }] });
      const seen: string[] = [];
      const state = async () => {
        const threads = c.request("threads").threads.map(({ name }) => name);
        const frames = c.request("stackTrace", { threadId: c.adapter.debuggee!.session.current }).stackFrames;
        return `${now(c)} ${threads} ${frames.map(({ name, line }) => `${name}:${line}`).join(" < ")}`;
      };
      for (let stops = 0; stops < 8; stops++) {
        const { reason } = await c.move("continue");
        if (reason !== "function breakpoint" && reason !== "data breakpoint") break;
        seen.push(await state());
        at.push(now(c));
      }
      assert.ok(seen.length >= 6, `${seen.length} stops`);
      assert.ok(
        seen.some((one) => /munmap/.test(one)),
        "some in the middle of the long call",
      );
      for (const expected of seen.slice(0, -1).reverse()) {
        await c.move("reverseContinue");
        assert.equal(await state(), expected);
      }
      for (const [i, step] of at.slice(1).entries()) {
        evaluate(c, `goto ${step}`);
        await c.event("stopped");
        assert.equal(await state(), seen[i]);
        // One step of whoever stands there, back and forth again.
        await c.move("stepBack", { granularity: "instruction", threadId: c.adapter.debuggee!.session.current });
        assert.ok(now(c) < step);
        evaluate(c, `goto ${step}`);
        await c.event("stopped");
        assert.equal(await state(), seen[i]);
      }
      // Scheduling points are marked, in the console and in the disassembly, the same.
      const said = evaluate(c, "steps 12").split("\n");
      assert.ok(
        said.some((line) => / {2}⑂ a or b$/.test(line)),
        said.join("\n"),
      );
      const { instructions } = c.request("disassemble", {
        memoryReference: String(now(c)),
        instructionOffset: -11,
        instructionCount: 12,
      });
      assert.deepEqual(
        instructions.map(({ address, instruction }) => `${address}  ${instruction}`),
        said,
      );
      assert.match(evaluate(c, "tasks"), /^a on cpu0.*\nb on cpu1/);
      const [event] = c.request("scopes", {
        frameId: c.request("stackTrace", { threadId: 1 }).stackFrames[0]!.id,
      }).scopes;
      const rows = c.request("variables", { variablesReference: event!.variablesReference }).variables;
      assert.ok(
        rows.some(({ name, value }) => name === "scheduling point" && value === "a or b goes on"),
        JSON.stringify(rows),
      );
    });
});

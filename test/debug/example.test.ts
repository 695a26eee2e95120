// The shipped adapter on the shipped example, over the wire: what an editor would see.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { DebugClient } from "@vscode/debugadapter-testsupport";
import { builtAdapter, type Listening, listening } from "./built_adapter.ts";

const program = resolve("examples/msharefs-basics.mshare");
const lines = readFileSync(program, "utf8").split("\n");
const lineOf = (text: string) => lines.findIndex((line) => line.includes(text)) + 1;

describe("the built adapter on the example", () => {
  let server: Listening;

  before(async () => {
    assert.ok(existsSync("dist/engine.js"), "dist/ is missing: node tools/build.mjs");
    server = await listening(builtAdapter);
  });
  after(() => server.stop());

  for (const how of ["over standard input and output", "over a port"] as const) {
    const withClient = async (act: (client: DebugClient) => Promise<void>) => {
      const client = new DebugClient(process.execPath, builtAdapter, "mshare");
      client.defaultTimeout = 15_000;
      await client.start(how === "over a port" ? server.port : undefined);
      try {
        await act(client);
      } finally {
        await client.stop();
      }
    };

    it(`stops at a breakpoint, in the kernel, in the past; ends with exit code 0: ${how}`, () =>
      withClient(async (client) => {
        const line = lineOf("reader: load(p) == 42");
        const seen: number[] = [];
        client.on("mshare/time", ({ body }) => seen.push(body.step));
        const said: string[] = [];
        client.on("output", ({ body }) => said.push(body.output));
        await client.hitBreakpoint({ program }, { path: program, line });
        const allowed = /^allowed by the scenario: lock-recursion: .*\(writer, step \d+\)$/m;
        assert.match(said.join(""), allowed, "what the scenario allows is told on the way, and stops nobody");
        const { threads } = (await client.threadsRequest()).body;
        const threadId = threads.find(({ name }) => name.includes("reader"))?.id ?? 0;

        const [kernel] = await stopAfter(client, client.stepInRequest({ threadId }), threadId);
        const path = kernel.source?.path ?? "";
        assert.match(path, /[\\/]sim[\\/]kernel[\\/].*\.ts$/);
        const source = readFileSync(path, "utf8").split("\n");
        const declared = new RegExp(`function\\*? ${kernel.name}\\b`);
        assert.ok(
          source.slice(0, kernel.line).some((text) => declared.test(text)),
          `${kernel.name} begins above line ${kernel.line} of ${path}`,
        );

        const [scenario] = await stopAfter(client, client.reverseContinueRequest({ threadId }), threadId);
        assert.deepEqual([scenario.source?.path, scenario.line], [program, line]);
        assert.ok(seen[1] > seen[0] && seen[2] === seen[0], `the times of the stops: ${seen}`);

        await client.setBreakpointsRequest({ source: { path: program }, breakpoints: [] });
        const exited = client.waitForEvent("exited");
        const terminated = client.waitForEvent("terminated");
        await client.continueRequest({ threadId });
        assert.deepEqual((await exited).body, { exitCode: 0 });
        await terminated;
      }));

    it(`refuses another kernel with the place of the first error: ${how}`, () =>
      withClient(async (client) => {
        const terminated = client.waitForEvent("terminated");
        const place = `${program}:${lineOf("MSHAREFS_SET_SIZE")}:`;
        await assert.rejects(client.launch({ program, kernel: "linux" }), ({ message }: Error) =>
          message.startsWith(place),
        );
        await terminated;
      }));

    it(`refuses a kernel, an option and a file that there is not: ${how}`, async () => {
      for (const [wrong, message] of [
        [{ kernel: "plan9" }, /plan9/],
        [{ options: { colour: "red" } }, /colour/],
        [{ fixes: ["nothing"] }, /nothing/],
        [{ schedule: "sometimes" }, /^Error: schedule: /],
        [{ program: resolve("examples/nowhere.mshare") }, /nowhere\.mshare/],
      ] as const) {
        await withClient(async (client) => {
          const terminated = client.waitForEvent("terminated");
          await assert.rejects(client.launch({ program, ...wrong }), message);
          await terminated;
        });
      }
    });
  }
});

/** The stack where the run stops next. */
async function stopAfter(client: DebugClient, request: Promise<unknown>, threadId: number) {
  const stopped = client.waitForEvent("stopped");
  await request;
  await stopped;
  return (await client.stackTraceRequest({ threadId })).body.stackFrames;
}

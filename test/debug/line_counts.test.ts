// What a client is told over the wire of how often lines were begun: the event `mshare/lineCounts`, as docs/debugger.md has it.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtAdapter, type Listening, listening } from "./built_adapter.ts";
import { clientOn } from "./harness.ts";
import { realEngine } from "./real.ts";
import { Wire } from "./wire.ts";

const program = `process a
a: p = mmap(0, 16KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
repeat 4 as i {
  a: store(p + 4096 * i, i)
}
repeat 0 {
  a: load(p)
}
a: munmap(p, 16KiB)
`;

interface Counts {
  readonly lines: readonly {
    readonly source: { readonly path: string };
    readonly line: number;
    readonly times: number;
  }[];
  readonly over: boolean;
}

describe("how often lines were begun, over the wire", function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), "mshare-lines-"));
  const file = join(folder, "loop with spaces.mshare");
  let server: Listening;
  let wire: Wire;

  before(async () => {
    writeFileSync(file, program);
    server = await listening(builtAdapter);
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

  const next = async (): Promise<Counts> => (await wire.client.waitForEvent("mshare/lineCounts")).body;
  const short = ({ lines, over }: Counts) => ({ lines: lines.map(({ line, times }) => [line, times]), over });

  it("comes with each stop, there and back, and at the end with what was never reached", async () => {
    const breakpoints = [{ line: 4 }];
    let counts = next();
    await wire.launch({ program: file }, () => wire.ask("setBreakpoints", { source: { path: file }, breakpoints }));
    assert.deepEqual(await counts, { lines: [], over: false }, "once is no news");
    for (const times of [2, 3]) {
      counts = next();
      await wire.stopAfter("continue", { threadId: 1 });
      const source = { name: "loop with spaces.mshare", path: file };
      assert.deepEqual(await counts, { lines: [{ source, line: 4, times }], over: false });
    }
    counts = next();
    await wire.stopAfter("reverseContinue", { threadId: 1 });
    assert.deepEqual(short(await counts), { lines: [[4, 2]], over: false });
    await wire.ask("setBreakpoints", { source: { path: file }, breakpoints: [] });
    counts = next();
    const terminated = wire.client.waitForEvent("terminated");
    await wire.ask("continue", { threadId: 1 });
    const end = {
      lines: [
        [4, 4],
        [7, 0],
      ],
      over: true,
    };
    assert.deepEqual(short(await counts), end);
    await terminated;
  });

  it("is not over where the run was broken off", async () => {
    const counts = next();
    const exited = wire.client.waitForEvent("exited");
    const initialized = wire.client.waitForEvent("initialized");
    await wire.client.initializeRequest();
    wire.client.launchRequest({ program: file, maxSteps: 60 } as object);
    await initialized;
    await wire.ask("configurationDone");
    const { lines, over } = short(await counts);
    assert.equal(over, false);
    assert.ok(!lines.some(([, times]) => times === 0));
    assert.equal((await exited).body.exitCode, 3, "the limit was reached");
  });
});

describe("how often lines were begun, to a client that counts lines from 0", () => {
  it("is told in its lines", async () => {
    const path = "/loop.mshare";
    const c = clientOn(realEngine, { [path]: program });
    c.request("initialize", { adapterID: "mshare", linesStartAt1: false });
    c.request("launch", { program: path });
    c.request("configurationDone");
    await c.event("terminated");
    const { lines }: Counts = c.events.findLast(({ event }) => event === "mshare/lineCounts")!.body;
    assert.deepEqual(
      lines.map(({ line, times }) => [line, times]),
      [
        [3, 4],
        [6, 0],
      ],
    );
  });
});

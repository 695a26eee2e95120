// The table of capabilities: every one that the protocol has, what users of debuggers expect of it, and for those that the built
// adapter declares what is done over a wire with a real client, and the effect that is seen. A test a row, by its name.
import assert from "node:assert/strict";
import { symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { capabilities } from "../../server/debug/capabilities.ts";
import { builtAdapter, type Listening, listening } from "./built_adapter.ts";
import { breakpoints } from "./capabilities/breakpoints.ts";
import { looking } from "./capabilities/looking.ts";
import { moving } from "./capabilities/moving.ts";
import { type CapabilityTests, Race, race } from "./capabilities/race.ts";
import { wishes } from "./capabilities/wishes.ts";
import { realEngine } from "./real.ts";

const program = resolve("examples/msharefs-basics.mshare");
const tests: CapabilityTests = { ...breakpoints, ...moving, ...looking };

describe("each declared capability, over the wire", function () {
  this.timeout(60_000);
  let server: Listening;
  let wire: Race;

  before(async () => {
    server = await listening(builtAdapter);
  });
  after(() => server.stop());
  beforeEach(async () => {
    wire = new Race();
    await wire.client.start(server.port);
  });
  afterEach(() => wire.end());

  const declared = Object.keys(capabilities(realEngine)) as (keyof DebugProtocol.Capabilities)[];

  it("is each that users expect", () => {
    const expected = Object.entries(wishes).filter(([, wish]) => wish !== "none");
    assert.deepEqual(
      expected.map(([name]) => name).filter((name) => !declared.some((one) => one === name)),
      [],
    );
  });

  it("has a test for each", () => assert.deepEqual(Object.keys(tests).sort(), [...declared].sort()));
  for (const name of declared) it(name, () => tests[name]?.(wire));

  it("also where a client knows the file by another path, over a link, with spaces and CRLF", async () => {
    const odd = join(wire.folder, "spaces and ünï.mshare");
    writeFileSync(odd, race.replaceAll("\n", "\r\n"));
    const link = join(wire.folder, "link.mshare");
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

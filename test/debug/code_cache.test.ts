// What V8 compiled of the engine is kept and taken up again (server/engine.node.ts), and is never needed.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { adapterOnFakeEngine, builtAdapter } from "./built_adapter.ts";

describe("the engine's code cache", () => {
  const empty = mkdtempSync(join(tmpdir(), "mshare-code-"));
  let fake: Awaited<ReturnType<typeof adapterOnFakeEngine>>;
  let caches: string;

  before(async () => {
    fake = await adapterOnFakeEngine();
    caches = join(fake.folder, "made/when/needed");
  });
  after(() => {
    fake.remove();
    rmSync(empty, { recursive: true });
  });

  /** Starts the adapter, which loads its engine, and ends its input. */
  function start(adapter: string, folder: string): void {
    const { status, stdout, stderr } = spawnSync(process.execPath, [adapter], {
      input: request("initialize", { adapterID: "mshare" }),
      env: { ...process.env, MSHARE_CODE_CACHE: folder },
      encoding: "utf8",
    });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /"command":"initialize"/);
  }

  it("that the build has left is taken by the Node that built", () => {
    start(builtAdapter, empty);
    assert.deepEqual(readdirSync(empty), [], "who finds nothing to take leaves a cache");
  });

  it("is left in the named folder, taken by the next, and replaced where it is of no use", () => {
    start(fake.adapter, caches);
    const [name, ...others] = readdirSync(caches);
    assert.deepEqual(others, []);
    assert.match(name!, new RegExp(`^engine-\\w+-${process.versions.v8}-${process.arch}\\.cache$`));
    const path = join(caches, name!);
    const first = statSync(path);
    start(fake.adapter, caches);
    assert.equal(statSync(path).ino, first.ino, "taken as it is");

    writeFileSync(path, "no code at all");
    writeFileSync(join(caches, "engine-of-an-older-build.cache"), "");
    start(fake.adapter, caches);
    assert.deepEqual(readdirSync(caches), [name], "those of other builds go");
    assert.ok(readFileSync(path).length > 1000, "replaced");
  });

  it("is done without where the folder cannot be", () => {
    start(fake.adapter, join(fake.adapter, "below a file"));
  });
});

function request(command: string, args: object): string {
  const text = JSON.stringify({ seq: 1, type: "request", command, arguments: args });
  return `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}

// Every file in test/golden/debug is replayed. UPDATE_GOLDEN=1 writes them anew: read the difference before you commit it.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fakeEngine } from "./fake_session.ts";
import { realEngine, realHost } from "./real.ts";
import { Transcript } from "./transcript.ts";

const folder = "test/golden/debug";
const transcripts = readdirSync(folder).filter((name) => name.endsWith(".txt"));

const smallMachine = "A: x = 1\nB: x = 2\nA: x = 3\nexpect A.x == 1\nA: y = 4\n";

const host = { ...realHost, read: (path: string) => (path === "small.mshare" ? smallMachine : realHost.read(path)) };

describe("debug sessions as they should read", () => {
  it("are there", () => assert.ok(transcripts.length > 0));

  for (const name of transcripts) {
    it(name.replace(/\.txt$/, "").replaceAll("-", " "), async () => {
      const path = join(folder, name);
      const golden = readFileSync(path, "utf8");
      const engine = name.startsWith("small-machine") ? fakeEngine : realEngine;
      const replayed = await new Transcript(engine, host).replay(golden);
      if (process.env["UPDATE_GOLDEN"]) writeFileSync(path, replayed);
      else assert.equal(replayed, golden);
    });
  }
});

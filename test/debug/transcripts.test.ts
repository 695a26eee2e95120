// Every file in test/golden/debug is replayed. UPDATE_GOLDEN=1 writes them anew: read the difference before you commit it.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exceptionFilters, openDebugSession } from "../../sim/session.ts";
import { fakeEngine } from "./fake_session.ts";
import { Transcript } from "./transcript.ts";

const folder = "test/golden/debug";
const transcripts = readdirSync(folder).filter((name) => name.endsWith(".txt"));

const realEngine = { openDebugSession, exceptionFilters };
const smallMachine = "A: x = 1\nB: x = 2\nA: x = 3\nexpect A.x == 1\nA: y = 4\n";

function read(path: string): string | undefined {
  if (path === "small.mshare") return smallMachine;
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path, "utf8") : undefined;
}

describe("debug sessions as they should read", () => {
  it("are there", () => assert.ok(transcripts.length > 0));

  for (const name of transcripts) {
    it(name.replace(/\.txt$/, "").replaceAll("-", " "), async () => {
      const path = join(folder, name);
      const golden = readFileSync(path, "utf8");
      const engine = name.startsWith("small-machine") ? fakeEngine : realEngine;
      const host = { read, sourceMap: (generated: string) => read(`${generated}.map`) };
      const replayed = await new Transcript(engine, host).replay(golden);
      if (process.env["UPDATE_GOLDEN"]) writeFileSync(path, replayed);
      else assert.equal(replayed, golden);
    });
  }
});

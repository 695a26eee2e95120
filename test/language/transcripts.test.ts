// Every file in test/golden/language is replayed. UPDATE_GOLDEN=1 writes them anew: read the difference before you commit it.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LanguageTranscript } from "./transcript.ts";

const folder = "test/golden/language";
const transcripts = readdirSync(folder).filter((name) => name.endsWith(".txt"));

describe("editing sessions as they should read", function () {
  this.timeout(600_000);

  it("are there", () => assert.ok(transcripts.length > 0));

  for (const name of transcripts) {
    it(name.replace(/\.txt$/, "").replaceAll("-", " "), async () => {
      const path = join(folder, name);
      const golden = readFileSync(path, "utf8");
      const replayed = await new LanguageTranscript().replay(golden);
      if (process.env["UPDATE_GOLDEN"]) writeFileSync(path, replayed);
      else assert.equal(replayed, golden);
    });
  }
});

// What is simplified is said, with places that exist, and the page says what the table says.
// MSHARE_WRITE_DOCS=1 writes the table into the page.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { fidelity, fidelityTable, simplificationsOf } from "../../sim/kernel/fidelity.ts";
import { kernelFunctions } from "../../sim/kernel/functions.ts";

const PAGE = "docs/fidelity.md";
const MARKED = /(<!-- fidelity -->\n)[\s\S]*?(<!-- \/fidelity -->)/;

describe("fidelity", () => {
  it("names functions that there are", () => {
    const known = new Set(kernelFunctions.flatMap((module) => Object.keys(module)));
    for (const { topic, where = [] } of fidelity)
      for (const name of where) assert.ok(known.has(name), `${topic}: there is no ${name}`);
  });

  it("has one row a topic, and says of everything that is not exact what it means", () => {
    assert.equal(new Set(fidelity.map(({ topic }) => topic)).size, fidelity.length);
    for (const { topic, level, means, where } of fidelity) {
      assert.ok(means.endsWith("."), topic);
      assert.ok(level !== "exact" || where === undefined, topic);
    }
  });

  it("finds what is simpler on a call stack, and nothing on others", () => {
    const topics = (...functions: string[]) => simplificationsOf(functions).map(({ topic }) => topic);
    assert.deepEqual(topics("handle_mm_fault", "do_anonymous_page"), []);
    assert.deepEqual(topics("shrink_folio_list", "shrink_inactive_list", "try_to_free_pages"), [
      "reclaim under pressure",
    ]);
  });

  it("is what docs/fidelity.md says", () => {
    const page = readFileSync(PAGE, "utf8");
    const written = page.replace(MARKED, (_all, begin: string, end: string) => `${begin}${fidelityTable()}\n${end}`);
    if (process.env["MSHARE_WRITE_DOCS"]) writeFileSync(PAGE, written);
    assert.equal(process.env["MSHARE_WRITE_DOCS"] ? written : page, written);
  });
});

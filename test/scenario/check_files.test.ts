// Scenarios of several files, and files of anything.
import assert from "node:assert/strict";
import fc from "fast-check";
import { check } from "../../sim/scenario/check.ts";
import { checkText, codesOf, findings, HEAD } from "./checking.ts";
import { contractExample, everyForm } from "./contract.ts";
import { vocabulary } from "./vocabulary.ts";

describe("includes", () => {
  it("stand in place, and relative to their file", () => {
    const files = { "w/lib/a.mshare": 'include "b.mshare"\n', "w/lib/b.mshare": "process C\nC: x = close(0)\n" };
    const scenario = checkText('include "lib/a.mshare"\nC: close(x)\n', files);
    assert.deepEqual(scenario.diagnostics, []);
    assert.deepEqual(
      scenario.program.items.map(({ item, file }) => `${file.path} ${item.kind}`),
      ["w/lib/b.mshare process-declaration", "w/lib/b.mshare call-statement", "w/test.mshare call-statement"],
    );
  });
  it("may not make a circle", () => {
    assert.deepEqual(findings('include "a.mshare"', { "w/a.mshare": 'include "test.mshare"' }), ["1:9 include-cycle"]);
    assert.deepEqual(findings('include "test.mshare"'), ["1:9 include-cycle"]);
  });
  it("may not explode", () => {
    const files = Object.fromEntries(
      Array.from({ length: 30 }, (_, index) => [`w/f${index}.mshare`, `include "f${index + 1}.mshare"\n`.repeat(2)]),
    );
    assert.ok(codesOf.length > 0 && checkText('include "f0.mshare"', files).diagnostics.length <= 1100);
  });
  it("may use .. inside the workspace, also in URIs", () => {
    const read = (path: string) => (path === "file:///w s/lib.mshare" ? "process C" : undefined);
    const { diagnostics, program } = check(
      "file:///w s/sub/t.mshare",
      'include "../lib.mshare"\nC: close(0)',
      { read, root: "file:///w s/" },
      vocabulary,
    );
    assert.deepEqual(diagnostics, []);
    assert.equal(program.files.size, 2);
  });
  it("go with paths as they are typed in a terminal", () => {
    for (const folder of ["", "./", "../", "../../x/", "/", "/a/b/", "a/"]) {
      const read = (path: string) => (path === `${folder}lib.mshare` ? "process C" : undefined);
      assert.deepEqual(
        check(`${folder}t.mshare`, 'include "lib.mshare"\nC: close(0)', { read }, vocabulary).diagnostics,
        [],
        folder,
      );
      const outside = check(`${folder}t.mshare`, 'include "../lib.mshare"', { read: () => "" }, vocabulary).diagnostics;
      assert.deepEqual(
        outside.map((one) => one.code),
        ["include-outside"],
        folder,
      );
    }
  });
  it("may use Windows paths", () => {
    const read = (path: string) => (path === "C:\\w\\lib.mshare" ? "process C" : undefined);
    const host = { read, root: "C:\\w" };
    assert.deepEqual(
      check("C:\\w\\sub\\t.mshare", 'include "../lib.mshare"\nC: close(0)', host, vocabulary).diagnostics,
      [],
    );
    assert.deepEqual(
      check("C:\\w\\t.mshare", 'include "../lib.mshare"', host, vocabulary).diagnostics.map((one) => one.code),
      ["include-outside"],
    );
  });
  it("report problems in their own file", () => {
    const [diagnostic] = checkText('include "a.mshare"', { "w/a.mshare": "process A\nA: opne()" }).diagnostics;
    assert.deepEqual([diagnostic.file, diagnostic.line, diagnostic.code], ["w/a.mshare", 2, "unknown-call"]);
  });
});

describe("checker, on anything", () => {
  it("never throws, and every mend is inside the text", () => {
    const source = contractExample + everyForm;
    fc.assert(
      fc.property(fc.nat(source.length), fc.nat(30), fc.string({ maxLength: 4 }), (at, cut, put) => {
        const text = source.slice(0, at) + put + source.slice(at + cut);
        for (const { start, end, mend } of checkText(text).diagnostics) {
          assert.ok(start >= 0 && start <= end && end <= text.length);
          for (const edit of mend?.edits ?? []) assert.ok(edit.start <= edit.end && edit.end <= text.length);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("answers for a very large file within seconds", function () {
    this.timeout(30_000);
    const line = "A: x = mmap(0, 4KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n";
    const scenario = checkText(HEAD + line.repeat(45_000));
    assert.deepEqual(scenario.diagnostics, []);
    assert.deepEqual(codesOf(HEAD + line.repeat(150_000)), ["too-large"]);
  });
});

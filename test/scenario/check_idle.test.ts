// What a scenario says and does not need: idle names, blocks, conditions.
import assert from "node:assert/strict";
import type { Mend } from "../../sim/scenario/diagnostics.ts";
import { checkAll, checkText, findings, HEAD } from "./checking.ts";

describe("checker, on what is idle or meant", () => {
  const hints = (text: string) => checkAll(text).diagnostics.filter((one) => one.severity === "hint");

  it("leaves alone what is used from anywhere", () => {
    const used = `process A
process B
process kids[2]
thread A.t on cpu 1
let SIZE = 4KiB
A: x = mmap(0, SIZE, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
A: fork(B)
B: close(x)
cpu 0: switch_to(A.t)
kids[*]: y = close(9)
expect kids[1].y == 0`;
    assert.deepEqual(hints(used), []);
  });

  it("does not judge what an included file keeps for others", () => {
    const { diagnostics } = checkAll('include "lib.mshare"\n', { "w/lib.mshare": "process C\nlet x = 1\n" });
    assert.deepEqual(diagnostics, []);
  });

  it("takes a variable out of all its statements", () => {
    const text = "process A\nA: x = close(0)\nA: x = close(8)\n";
    const [{ mend }] = hints(text);
    assert.equal(mended(text, mend), "process A\nA: close(0)\nA: close(8)\n");
  });

  it("takes statements out of a block of one actor", () => {
    const text = `${HEAD}parallel {\n  A: close(1)\n  A: close(2)\n}\nB: close(3)\n`;
    const [{ mend }] = checkText(text).diagnostics;
    assert.equal(mended(text, mend), `${HEAD}A: close(1)\n  A: close(2)\nB: close(3)\n`);
  });

  it("is silent where a comment says so", () => {
    for (const text of [
      "A: load(4096) // mshare-ignore unmapped-access",
      "// mshare-ignore unmapped-access\nA: load(4096)",
      "A: load(\n  4096\n) /* mshare-ignore unmapped-access */",
      "// mshare-ignore-file will-fail, unmapped-access\nA: load(4096)\nA: munmap(1, 4096)",
      "parallel {\n  A: load(4096) // mshare-ignore unmapped-access\n  B: close(1)\n}",
      "// mshare-ignore parallel-alone\nparallel {\n  A: close(1)\n}",
    ])
      assert.deepEqual(findings(HEAD + text), [], text);
  });

  it("is not silent anywhere else", () => {
    assert.deepEqual(findings(`${HEAD}A: close(1) // mshare-ignore unmapped-access\nA: load(4096)`), [
      "4:30 useless-ignore",
      "5:9 unmapped-access",
    ]);
    assert.deepEqual(findings(`${HEAD}A: opne() // mshare-ignore unknown-call`), [
      "4:4 unknown-call",
      "4:28 useless-ignore",
    ]);
  });

  it("takes a useless comment away, or one code of it", () => {
    for (const [text, left] of [
      ["A: close(1)   // mshare-ignore will-fail\n", "A: close(1)\n"],
      ["// mshare-ignore will-fail\nA: close(1)\n", "A: close(1)\n"],
      [
        "A: load(4096) // mshare-ignore will-fail, unmapped-access\n",
        "A: load(4096) // mshare-ignore unmapped-access\n",
      ],
    ]) {
      const [{ mend }] = checkText(HEAD + text).diagnostics;
      assert.equal(mended(HEAD + text, mend), HEAD + left);
    }
  });
});

function mended(text: string, mend: Mend | undefined): string {
  return [...(mend?.edits ?? [])]
    .sort((a, b) => b.start - a.start)
    .reduce((left, edit) => left.slice(0, edit.start) + edit.text + left.slice(edit.end), text);
}

// A file that is read again after an edit is the file that is read anew.
import assert from "node:assert/strict";
import fc from "fast-check";
import { type ParsedFile, parse } from "../../sim/scenario/parser.ts";
import { reparse } from "../../sim/scenario/reparse.ts";
import { contractExample, everyForm } from "./contract.ts";

const source = `${contractExample}${everyForm}`;
/** What an edit may put in: whole statements, halves of them, and the signs that change what everything behind means. */
const pieces = fc.oneof(
  fc.constantFrom(
    ...[
      "a: load(p)\n",
      "repeat 2 {\n",
      "}\n",
      "}",
      "{",
      "/*",
      "*/",
      "//",
      '"',
      "\n",
      "\r\n",
      "\r",
      ":",
      "=",
      "-",
      " ",
      "",
      "$",
      "§§",
    ],
    ...[
      "a: x = mmap(0, 4KiB,",
      "parallel {",
      "expect bug ",
      "machine { cpus: ",
      ",",
      ")",
      "(",
      "a.t",
      "[0]",
      ";",
      "9",
      "§",
    ],
    ...["kernel", "\ufeff", "label x\n", "expect a.", "fails EINVAL", "let a = 4 GiB\n", "a {\nload(1)\nload(2)\n}\n"],
    ...["#", "; ", "machine { cpus 4 }", ".start = ", "a.load(1) ", "a load(1)\n", "process c, d\n", "int *p = "],
  ),
  fc.string({ maxLength: 3 }),
  fc.tuple(fc.nat(source.length), fc.nat(200)).map(([at, length]) => source.slice(at, at + length)),
);
const edit = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  cut: fc.oneof(fc.nat(3), fc.nat(150)),
  put: pieces,
});

const seen = ({ path, text, lines, tokens, items, problems, marks }: ParsedFile) => ({
  ...{ path, text, lines, items, problems, marks },
  tokens: { ...tokens, starts: [...tokens.starts], ends: [...tokens.ends], first: [...tokens.first] },
});

describe("reading again after an edit", function () {
  this.timeout(600_000);

  it("gives what reading anew gives, edit after edit", () => {
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 12 }), (edits) => {
        let text = source;
        let file = parse("t", text);
        for (const { at, cut, put } of edits) {
          const from = Math.floor(at * text.length);
          text = text.slice(0, from) + put + text.slice(from + cut);
          file = reparse(file, text);
          assert.deepEqual(seen(file), seen(parse("t", text)));
        }
      }),
      { numRuns: Number(process.env["MSHARE_REPARSE_RUNS"] ?? 150) },
    );
  });

  it("reads a statement again, not the file", () => {
    const lines = Array.from({ length: 300 }, (_, n) => `a: load(${n * 4096})`);
    const before = parse("t", lines.join("\n"));
    const items = [...before.items];
    lines[150] = "a: store(4096, 7)";
    const after = reparse(before, lines.join("\n"));
    const same = after.items.filter((item, index) => item === items[index]);
    assert.equal(after.items.length, 300);
    assert.throws(() => before.items, /moved into that of a newer text/);
    assert.ok(same.length > 290 && after.items[150] !== items[150], `${same.length} of 300 are the same`);
  });
});

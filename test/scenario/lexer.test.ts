import assert from "node:assert/strict";
import fc from "fast-check";
import { readInteger } from "../../sim/scenario/integers.ts";
import { lex } from "../../sim/scenario/lexer.ts";
import { linesOf, offsetAt, positionAt } from "../../sim/scenario/lines.ts";

const kinds = (text: string) => lex(text).kinds.slice(0, -1);

describe("lexer", () => {
  it("tells words, integers, strings and signs apart", () => {
    assert.deepEqual(kinds('A: x = open("p", O_RDWR|0x10) != -1'), [
      "word",
      ":",
      "word",
      "=",
      "word",
      "(",
      "string",
      ",",
      "word",
      "|",
      "integer",
      ")",
      "!=",
      "-",
      "integer",
    ]);
  });

  it("keeps comments out of the way and in the tree", () => {
    const { kinds, comments } = lex("a // b\n/* c\n d */ e");
    assert.deepEqual(kinds, ["word", "word", "end"]);
    assert.deepEqual(comments, [
      { start: 2, end: 6, form: "line" },
      { start: 7, end: 17, form: "block" },
    ]);
  });

  it("says where a string or a comment is not closed", () => {
    assert.deepEqual(
      lex('a "b\nc').problems.map((one) => [one.code, one.start, one.end]),
      [["unterminated-string", 2, 4]],
    );
    assert.deepEqual(
      lex("a /* b").problems.map((one) => one.code),
      ["unterminated-comment"],
    );
  });

  it("makes one problem of a run of foreign characters", () => {
    assert.deepEqual(
      lex("a §€¶ b").problems.map((one) => [one.code, one.start, one.end]),
      [["bad-character", 2, 5]],
    );
  });

  it("steps over a byte order mark", () => {
    assert.deepEqual(kinds("\ufefflet"), ["word"]);
  });

  it("loses nothing: tokens, comments and white space make up the text", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200, unit: "binary" }), (text) => {
        const { kinds, starts, ends, comments } = lex(text);
        const spans = [...kinds.map((_, index) => ({ start: starts[index], end: ends[index] })), ...comments].sort(
          (a, b) => a.start - b.start || a.end - b.end,
        );
        let at = 0;
        for (const { start, end } of spans) {
          assert.ok(start >= at, "tokens overlap");
          assert.match(text.slice(at, start), /^[\ufeff \t\r\n]*$/);
          at = Math.max(at, end);
        }
        assert.equal(at, text.length);
      }),
    );
  });
});

describe("integers", () => {
  const values: [string, bigint][] = [
    ["42", 42n],
    ["0x1F", 31n],
    ["0600", 0o600n],
    ["0", 0n],
    ["4KiB", 4096n],
    ["4K", 4096n],
    ["2MiB", 2n ** 21n],
    ["2M", 2n ** 21n],
    ["1GiB", 2n ** 30n],
    ["1G", 2n ** 30n],
    ["2TiB", 2n ** 41n],
    ["2T", 2n ** 41n],
    ["0x10K", 16384n],
    ["18446744073709551615", 2n ** 64n - 1n],
    ["0xffffffffffffffff", 2n ** 64n - 1n],
  ];
  for (const [text, value] of values) it(`${text} is ${value}`, () => assert.equal(readInteger(text), value));

  for (const text of ["08", "0x", "12abc", "4KB", "18446744073709551616", "16777216TiB", "9".repeat(100000)]) {
    it(`${text.slice(0, 24)} is an error`, () => assert.equal(typeof readInteger(text), "object"));
  }
});

describe("lines", () => {
  it("counts \\n, \\r\\n and \\r, from 1", () => {
    const lines = linesOf("a\nb\r\nc\rd");
    assert.deepEqual(positionAt(lines, 0), { line: 1, column: 1 });
    assert.deepEqual(positionAt(lines, 2), { line: 2, column: 1 });
    assert.deepEqual(positionAt(lines, 5), { line: 3, column: 1 });
    assert.deepEqual(positionAt(lines, 8), { line: 4, column: 2 });
  });

  it("offsets and positions agree", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 100 }), fc.nat(120), (text, offset) => {
        const lines = linesOf(text);
        const inside = Math.min(offset, text.length);
        assert.equal(offsetAt(lines, positionAt(lines, inside)), inside);
      }),
    );
  });
});

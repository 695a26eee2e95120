import assert from "node:assert/strict";
import fc from "fast-check";
import { format, formatEdits } from "../../server/language/format.ts";
import { parse } from "../../sim/scenario/parser.ts";
import { contractExample, everyForm } from "../scenario/contract.ts";

const formatted = (text: string, unit = "  ") => format(parse("t", text), { unit });

/** A tree without its places. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape);
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) =>
      ["start", "end", "open"].includes(key) ? [] : [[key, shape(inner)]],
    ),
  );
}

describe("formatting", () => {
  const cases: [string, string, string][] = [
    [
      "spaces",
      "A:x=mmap( 0 ,4KiB,PROT_READ | PROT_WRITE,A|B,- 1,0)==3",
      "A: x = mmap(0, 4KiB, PROT_READ|PROT_WRITE, A|B, -1, 0) == 3\n",
    ],
    ["operators", "expect !a&&b.c [1]==~d<<2|e&(f)", "expect !a && b.c[1] == ~d << 2 | e & (f)\n"],
    ["conditions", "expect a?b:c", "expect a ? b : c\n"],
    [
      "names with hyphens",
      "kernel mshare-v3{fixes:[a-b,c-d],x:e-f}\nexpect bug double-free  unless fixed a-b",
      "kernel mshare-v3 { fixes: [a-b, c-d], x: e-f }\nexpect bug double-free unless fixed a-b\n",
    ],
    ["subtraction", "let x=a-b", "let x = a - b\n"],
    ["actors", "kids [ * ] : f()\ncpu 1:idle( )\nA . t{f()}", "kids[*]: f()\ncpu 1: idle()\nA.t { f() }\n"],
    ["schedules", "schedule[ A * 12,B until x,k[1].t ]", "schedule [A*12, B until x, k[1].t]\n"],
    ["blocks", "parallel{\nA:f()\n\n\n\nB{\nf()\n}\n\n}", "parallel {\n  A: f()\n\n  B {\n    f()\n  }\n}\n"],
    ["a statement a line", "process A process B", "process A\nprocess B\n"],
    ["long calls", "A: f({\na:1,\nb:2\n})\nA: g(1,\n2)", "A: f({\n  a: 1,\n  b: 2\n})\nA: g(1,\n    2)\n"],
    [
      "comments",
      "//a\nprocess A//b\n   /* c */process B  // d\nparallel { // e\n// f\nA:f() }",
      "//a\nprocess A //b\n/* c */ process B  // d\nparallel { // e\n  // f\n  A: f()\n}\n",
    ],
    ["empty lines at the ends", "\n\nprocess A\n\n\n", "process A\n"],
  ];
  for (const [what, before, after] of cases) it(what, () => assert.equal(formatted(before), after));

  it("leaves a file with mistakes alone", () => assert.deepEqual(formatEdits(parse("t", "A:   load(")), []));
  it("leaves a formatted file alone", () => assert.deepEqual(formatEdits(parse("t", everyForm)), []));
  it("leaves an empty file empty", () => assert.equal(formatted(""), ""));
  it("keeps line ends and indents as asked", () =>
    assert.equal(formatted("parallel {\r\nA: f()\r\n}", "\t"), "parallel {\r\n\tA: f()\r\n}\r\n"));
  it("keeps comments in columns", () => assert.match(formatted(contractExample), /\.pfn {6}\/\/ one shared/));

  it("keeps the meaning and the comments of anything, and settles at once", () => {
    const source = contractExample + everyForm;
    const { starts, ends } = parse("t", source).tokens;
    const space = fc.constantFrom(" ", "  ", "\n", "\n\n\n", "\t", " // c\n", "/* d */", "\r\n");
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(starts.length - 2), space), { maxLength: 25 }), (changes) => {
        const gaps = new Map(changes);
        let text = "";
        for (let index = 0; index < starts.length; index++) {
          const gap = source.slice(index === 0 ? 0 : ends[index - 1], starts[index]);
          text += (gap === "" ? gap : (gaps.get(index) ?? gap)) + source.slice(starts[index], ends[index]);
        }
        const file = parse("t", text);
        if (file.problems.length > 0) return;
        const once = format(file);
        const again = parse("t", once);
        assert.deepEqual(shape(again.items), shape(file.items));
        assert.deepEqual(
          again.tokens.comments.map((one) => once.slice(one.start, one.end)),
          file.tokens.comments.map((one) => text.slice(one.start, one.end)),
        );
        assert.equal(format(again), once);
      }),
      { numRuns: 150 },
    );
  });
});

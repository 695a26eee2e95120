// Where names are, what a file consists of, and its colours.
import assert from "node:assert/strict";
import { definition, highlights, prepareRename, references, rename } from "../../server/language/references.ts";
import { selectionRanges } from "../../server/language/selection.ts";
import { colours } from "../../server/language/semantic_tokens.ts";
import { documentSymbols, foldingRanges } from "../../server/language/symbols.ts";
import { contractExample } from "../scenario/contract.ts";
import { analysisOf, type Files, marked, textIn } from "./markers.ts";

describe("names", () => {
  const places = (source: string, files?: Files) => {
    const { analysis, cursor, ranges } = marked(source, files);
    return {
      found: references(analysis, cursor, "with-declaration").map((place) => place.range),
      ranges,
      analysis,
      cursor,
    };
  };

  it("are found from any of their places", () => {
    const { found, ranges } = places(
      "process <|A|>\n<|A|>: load(0)\nexpect mm(<|$0A|>) != null\nkernel: oom_kill(<|A|>)\nschedule [<|A|>*3]",
    );
    assert.deepEqual(
      found.sort((a, b) => a.start.line - b.start.line),
      [...ranges].sort((a, b) => a.start.line - b.start.line),
    );
  });

  it("of variables belong to their process", () => {
    const { found, ranges } = places(
      "process A\nprocess B\nA: <|x|> = load(0)\nB: x = load(0)\nA: load(<|$0x|>)\nB: load(x)\nexpect A.<|x|> == B.x\nA: <|x|> = load(1)",
    );
    assert.deepEqual(found, ranges);
  });

  it("of labels, lets, threads and counters are found too", () => {
    for (const source of [
      "process A\nlabel <|l|>\nA: load(0)\nexpect bug double-free at <|$0l|>",
      "let <|x|> = 1\nlet y = <|$0x|> + 1",
      "process A\nthread A.<|t|> on cpu 0\nA.<|$0t|>: load(0)\nschedule [A.<|t|>]",
      "process A\nrepeat 2 as <|i|> { A: load(<|$0i|>) }",
    ]) {
      const { found, ranges } = places(source);
      assert.deepEqual(found, ranges, source);
    }
  });

  it("lead to where they are made, also in an included file", () => {
    const { analysis, cursor } = marked('include "lib.mshare"\n$0C: load(0)', { "w/lib.mshare": "// lib\nprocess C" });
    assert.deepEqual(definition(analysis, cursor), {
      path: "w/lib.mshare",
      range: { start: { line: 1, character: 8 }, end: { line: 1, character: 9 } },
    });
  });

  it("highlight reads and writes", () => {
    const { analysis, cursor } = marked("process A\nA: x = load(0)\nA: load($0x)");
    assert.deepEqual(
      highlights(analysis, cursor).map((one) => [one.range.start.line, one.kind]),
      [
        [1, 3],
        [2, 2],
      ],
    );
  });

  it("can be changed everywhere at once", () => {
    const { analysis, cursor } = marked('include "lib.mshare"\n$0C: x = load(0)\nexpect C.x == 0', {
      "w/lib.mshare": "process C",
    });
    const edits = rename(analysis, cursor, "D");
    assert.ok(!("error" in edits));
    assert.deepEqual(
      [...edits].map(([path, changes]) => [path, changes.length]),
      [
        ["w/lib.mshare", 1],
        ["w/test.mshare", 2],
      ],
    );
    assert.ok(prepareRename(analysis, cursor));
  });

  it("are the same name wherever scenarios share a file, also where others declare it", () => {
    const lib = "A: load(8)\nprocess kid";
    const files = { "w/lib.mshare": lib };
    const first = analysisOf('process A\ninclude "lib.mshare"\nkid: load(8)', files);
    const second = analysisOf('include "lib.mshare"\nprocess A\nA: x = load(8)', files, "w/second.mshare");
    const part = analysisOf(lib, {}, "w/lib.mshare");
    const holding = (path: string) => [first, second].filter(({ scenario }) => scenario.program.files.has(path));
    const start = { line: 0, character: 0 };
    assert.equal(definition(part, start), undefined);
    assert.equal(definition(part, start, holding)?.path, first.path);
    assert.ok(prepareRename(part, start, holding));
    const edits = rename(part, start, "B", holding);
    assert.ok(!("error" in edits));
    assert.equal([...edits.values()].flat().length, 4, "once, twice, and once in the file that they share");
    assert.ok("error" in rename(part, start, "kid", holding));
  });

  it("cannot become what is no name, a word of the language, or taken", () => {
    const { analysis, cursor } = marked("process $0A\nprocess B\nlet x = 1");
    for (const name of ["1x", "a-b", "", "repeat", "PROT_READ", "B", "x"])
      assert.ok("error" in rename(analysis, cursor, name), name);
  });
});

describe("outline and folds", () => {
  it("list declarations and blocks", () => {
    const { analysis } = marked(contractExample);
    const names = documentSymbols(analysis).map((symbol) => symbol.name);
    assert.deepEqual(names, [
      "kernel mshare-v3",
      "machine",
      "writer",
      "reader",
      "writer.fd",
      "writer.p",
      "reader.fd",
      "reader.p",
      "expect pgd(writer, 2TiB).pfn == pgd(reader, 2TiB).pfn",
      "parallel",
      "expect bug missing-tlb-flush",
    ]);
  });
  it("fold blocks, long calls and comments", () => {
    const { analysis } = marked("// a\n// b\nparallel {\n  A: load(0)\n}\nA: f({\n  x: 1\n})\n");
    assert.deepEqual(
      foldingRanges(analysis)
        .map((fold) => `${fold.startLine}-${fold.endLine}`)
        .sort(),
      ["0-1", "2-3", "5-7"],
    );
  });
  it("select outwards", () => {
    const { analysis, cursor } = marked("process A\nparallel { A: load(2TiB + $04096) }");
    const texts: string[] = [];
    for (
      let range = selectionRanges(analysis, [cursor])[0] as { range: never; parent?: never } | undefined;
      range;
      range = range.parent
    )
      texts.push(textIn(analysis, range.range));
    assert.deepEqual(texts, [
      "4096",
      "2TiB + 4096",
      "load(2TiB + 4096)",
      "A: load(2TiB + 4096)",
      "parallel { A: load(2TiB + 4096) }",
      "process A\nparallel { A: load(2TiB + 4096) }",
    ]);
  });
});

describe("semantic tokens", () => {
  it("colour names by what they are", () => {
    const { analysis } = marked(
      "kernel mshare-v3 { tlb_flush: none } // c\nprocess A\nlet X = 1\nA: p = mmap(0, X, PROT_READ, MAP_SHARED, 3, 0) fails EINVAL\nexpect pte(A, A.p).pfn == 1\nexpect bug double-free",
    );
    const found = colours(analysis, 0, analysis.text.length).map(
      (one) => `${analysis.text.slice(one.start, one.end)}:${one.type}`,
    );
    assert.deepEqual(found, [
      ..."kernel:keyword mshare-v3:namespace tlb_flush:property none:enumMember".split(" "),
      "// c:comment",
      ..."process:keyword A:class let:keyword X:variable 1:number A:class p:variable mmap:function 0:number X:variable PROT_READ:enumMember MAP_SHARED:enumMember 3:number 0:number fails:keyword EINVAL:enumMember expect:keyword pte:method A:class A:class p:variable pfn:property 1:number expect:keyword bug:keyword double-free:type".split(
        " ",
      ),
    ]);
  });
});

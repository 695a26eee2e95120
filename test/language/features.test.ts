import assert from "node:assert/strict";
import type { MarkupContent } from "vscode-languageserver";
import { toOffset } from "../../server/language/analysis.ts";
import { codeActions } from "../../server/language/code_actions.ts";
import { codeLenses } from "../../server/language/code_lens.ts";
import { completion } from "../../server/language/completion.ts";
import { diagnostics } from "../../server/language/diagnostics.ts";
import { hover } from "../../server/language/hover.ts";
import { inlayHints } from "../../server/language/inlay_hints.ts";
import { documentLinks } from "../../server/language/links.ts";
import { definition, highlights, prepareRename, references, rename } from "../../server/language/references.ts";
import { selectionRanges } from "../../server/language/selection.ts";
import { colours } from "../../server/language/semantic_tokens.ts";
import { signatureHelp } from "../../server/language/signature_help.ts";
import { documentSymbols, foldingRanges } from "../../server/language/symbols.ts";
import { createRoster } from "../../sim/scenario/run/roster.ts";
import { contractExample } from "../scenario/contract.ts";
import { analysisOf, type Files, marked, textIn } from "./markers.ts";

const HEAD =
  'kernel mshare-v3 { tlb_flush: none }\nprocess writer\nprocess reader\nprocess kids[4]\nlet SIZE = 4 * 2MiB\nwriter: fd = open("/tmp/x", O_RDWR)\nwriter: p = mmap(2TiB, SIZE, PROT_READ, MAP_SHARED, fd, 0)\n';

function hovered(source: string, head = HEAD): string {
  const { analysis, cursor } = marked(head + source);
  return (hover(analysis, cursor)?.contents as MarkupContent | undefined)?.value ?? "";
}

function labels(source: string, head = HEAD): string[] {
  const { analysis, cursor } = marked(head + source);
  return completion(analysis, cursor).map((item) => item.label);
}

function offers(source: string, ...wanted: string[]): void {
  const found = labels(source);
  assert.deepEqual(
    wanted.filter((label) => !found.includes(label)),
    [],
    `offered: ${found.slice(0, 30).join(" ")}`,
  );
}

function offersNot(source: string, ...unwanted: string[]): void {
  const found = labels(source);
  assert.deepEqual(
    unwanted.filter((label) => found.includes(label)),
    [],
  );
}

describe("hover", () => {
  it("explains keywords", () => assert.match(hovered("para$0llel { writer: load(p) }"), /interleave/));
  it("explains calls with parameters, result and errnos", () => {
    const text = hovered("writer: mun$0map(p, 4096)");
    assert.match(text, /munmap\(addr, length\)/);
    assert.match(text, /EINVAL/);
  });
  it("explains an ioctl by its request", () =>
    assert.match(hovered("writer: ioc$0tl(fd, MSHAREFS_SET_SIZE, { start: 2TiB, size: 512GiB })"), /start, size/));
  it("gives constants with their values", () => {
    assert.match(hovered("writer: madvise(p, 4096, MADV_DONT$0NEED)"), /`4`/);
    assert.match(hovered("writer: close(9) fails EB$0ADF"), /`9`/);
    assert.match(hovered("writer: load(p) faults SIG$0SEGV"), /`11`/);
  });
  it("explains designs, options, fixes, bug kinds, events", () => {
    assert.match(hovered("kernel mshare$0-v3", ""), /mshare RFC v3/);
    assert.match(hovered("kernel mshare-v3 { tlb_$0flush: none }", ""), /none.*local.*all/);
    assert.match(hovered("kernel mshare-v3 { fixes: [unlink-on$0-munmap] }", ""), /dangling-page-table/);
    assert.match(hovered("expect bug missing-tlb$0-flush"), /translation/);
    assert.match(hovered("expect count(tlb_fl$0ush) == 0"), /flushes/);
  });
  it("explains functions and fields", () => {
    assert.match(hovered("expect p$0te(writer, writer.p).pfn == 0"), /4 KiB/);
    assert.match(hovered("expect pte(writer, writer.p).pf$0n == 0"), /frame number/);
    assert.match(hovered("expect status(writer).VmP$0TE == 0"), /[Pp]age tables/);
  });
  it("explains processes, variables and lets", () => {
    assert.match(hovered("wri$0ter: load(p)"), /process writer/);
    assert.match(hovered("writer: load(p$0)"), /mmap/);
    assert.match(hovered("writer: touch(p, SI$0ZE)"), /8MiB/);
  });
  it("gives the value of numbers and expressions, and an address's place in the tables", () => {
    // 2 TiB = 4 * 512 GiB: entry 4 of the PGD, first entries below.
    assert.match(hovered("writer: load(2T$0iB)"), /pgd 4 .* pud 0 .* pmd 0 .* pte 0/);
    assert.match(hovered("writer: load(2TiB + 1GiB $0+ 3 * 4096)"), /pgd 4 .* pud 1 .* pmd 0 .* pte 3/);
    assert.match(hovered("writer: load(0x201$0000)"), /pmd 1 .* pte 1/);
    assert.match(hovered("writer: load(-$01)"), /18446744073709551615/);
  });
  it("knows five levels", () => {
    assert.match(hovered("machine { levels: 5 }\nlet x = 256T$0iB", ""), /pgd 1 .* p4d 0/);
  });
  it("says nothing in comments and strings", () => {
    assert.equal(hovered("// parall$0el"), "");
    assert.equal(hovered('writer: unlink("para$0llel")'), "");
  });
});

describe("completion", () => {
  it("begins statements with keywords and processes", () =>
    offers("$0", "parallel", "expect", "process", "writer", "kids[*]"));
  it("goes on from a half word", () => offers("wri$0", "writer"));
  it("has no declarations inside blocks", () => {
    offers("parallel {\n  $0\n}", "writer", "repeat");
    offersNot("parallel {\n  $0\n}", "machine", "let");
  });
  it("has calls behind the colon", () => {
    offers("writer: $0", "mmap", "load", "store", "fork");
    offers("writer: x = $0", "mmap");
    offers("writer {\n  $0\n}", "mmap");
    offersNot("writer: $0", "swap_out");
  });
  it("has operations behind kernel: and cpu N:", () => {
    offers("kernel: $0", "swap_out", "compact");
    offers("cpu 0: $0", "switch_to", "idle");
    offersNot("kernel: $0", "mmap");
  });
  it("has the flags that a parameter takes first", () => {
    const found = labels("writer: mmap(0, 4096, $0");
    assert.ok(found.indexOf("PROT_READ") >= 0 && found.indexOf("PROT_READ") < 12);
    offers("writer: mmap(0, 4096, PROT_READ|$0", "PROT_WRITE");
    offers("writer: mmap(0, 4096, PROT_READ, MAP_$0", "MAP_SHARED");
    offers("writer: madvise(p, 4096, $0)", "MADV_DONTNEED");
  });
  it("has variables of who acts", () => {
    offers("writer: munmap($0", "p", "fd", "SIZE");
    offersNot("reader: munmap($0", "p", "fd");
    offers("reader: munmap(writer.$0", "p", "fd");
  });
  it("has requests and fields of structures", () => {
    offers("writer: ioctl(fd, $0", "MSHAREFS_SET_SIZE", "UFFDIO_COPY");
    assert.deepEqual(labels("writer: ioctl(fd, MSHAREFS_SET_SIZE, { $0"), ["start", "size"]);
    offers("writer: ioctl(fd, MSHAREFS_CREATE_MAPPING, { addr: 0, prot: $0", "PROT_READ");
  });
  it("has processes where one is asked for", () => {
    offers("writer: fork($0", "reader");
    offers("expect mm($0", "writer");
    offers("kernel: swap_out($0", "writer");
  });
  it("has codes in a comment that silences", () => {
    offers("writer: load(4096) // mshare-ignore $0", "unmapped-access", "will-fail", "unused-variable");
    offersNot("writer: load(4096) // mshare-ignore $0", "syntax", "unknown-call");
    offers("// mshare-ignore will-fail, un$0", "unmapped-access");
    offersNot("// mshare-ignore will-fail, $0", "will-fail");
    offers("// mshare-ignore-file $0", "will-fail");
    offers("// msh$0", "mshare-ignore", "mshare-ignore-file");
    assert.deepEqual(labels("// $0"), []);
    assert.deepEqual(labels("// see mshare-ignore $0"), []);
    assert.deepEqual(labels("// mshare-ignore will-fail because it$0"), []);
    const { analysis, cursor } = marked("process A\nA: load(4096) // mshare-ignore unmapped-ac$0");
    const [first] = completion(analysis, cursor).sort((a, b) => (a.sortText! < b.sortText! ? -1 : 1));
    assert.equal(first.label, "unmapped-access");
    assert.match(String(first.documentation), /raise SIGSEGV/);
    assert.equal(first.textEdit && "range" in first.textEdit && textIn(analysis, first.textEdit.range), "unmapped-ac");
  });
  it("has clauses, errnos and signals", () => {
    offers("writer: close(9) $0", "fails", "faults");
    offers("writer: close(9) fails $0", "EBADF");
    assert.deepEqual(labels("writer: load(0) faults $0"), ["SIGSEGV", "SIGBUS", "OOM"]);
  });
  it("has what follows expect and allow", () => {
    offers("expect $0", "bug", "no", "pte", "writer", "meminfo");
    offers("expect bug $0", "missing-tlb-flush");
    offers("expect bug missing-tl$0", "missing-tlb-flush");
    offers("label here\nexpect bug double-free at $0", "here");
    offers("expect bug double-free $0", "at", "unless");
    offers("expect bug double-free unless $0", "fixed");
    offers("expect bug double-free unless fixed $0", "unlink-on-munmap");
    offers("allow bug double-free, $0", "use-after-free");
    offers("expect count($0", "tlb_flush", "find_shared_vma");
  });
  it("replaces the whole hyphenated name", () => {
    const { analysis, cursor } = marked(`${HEAD}expect bug missing-tl$0`);
    const item = completion(analysis, cursor).find((one) => one.label === "missing-tlb-flush");
    assert.equal(item?.textEdit && "range" in item.textEdit && textIn(analysis, item.textEdit.range), "missing-tl");
  });
  it("has fields of what stands before the dot", () => {
    offers("expect pte(writer, 0).$0", "present", "pfn");
    offers("expect pte(writer, 0).pf$0 == 1", "pfn");
    offers("expect walk(writer, 0).pmd.$0", "table");
    offers("expect status(writer).$0", "VmPTE");
    offers("expect tlb(0).$0", "entries", "lookup");
  });
  it("has designs, options, values and fixes", () => {
    assert.deepEqual(labels("kernel $0", ""), ["linux", "mshare-v3", "ptshare-v2"]);
    assert.deepEqual(labels("kernel mshare-v3 { $0 }", ""), ["tlb_flush", "strict", "limit", "fixes"]);
    assert.deepEqual(labels("kernel mshare-v3 { tlb_flush: $0 }", ""), ["none", "local", "all"]);
    assert.deepEqual(labels("kernel mshare-v3 { fixes: [$0] }", ""), ["unlink-on-munmap", "flush-all-cpus"]);
    assert.ok(labels("machine { $0 }", "").includes("cpus"));
    assert.deepEqual(labels("machine { thp: $0 }", ""), ["never", "madvise", "always"]);
  });
  it("has schedules", () => {
    offers("schedule $0", "sequential", "random");
    offers("schedule [$0", "writer");
    offers("schedule [writer until $0", "tlb_flush");
  });
  it("is silent in comments, strings, numbers and new names", () => {
    for (const source of ["// wri$0", 'writer: unlink("wri$0")', "writer: load(12$0)", "process $0", "label $0"])
      assert.deepEqual(labels(source), []);
  });
  it("documents what it offers", () => {
    const { analysis, cursor } = marked(`${HEAD}writer: $0`);
    assert.deepEqual(
      completion(analysis, cursor).filter((item) => !item.documentation),
      [],
    );
  });
});

describe("signature help", () => {
  const active = (source: string) => {
    const { analysis, cursor } = marked(HEAD + source);
    const help = signatureHelp(analysis, cursor);
    return help && `${help.signatures[0].label} ${help.activeParameter}`;
  };
  it("follows the commas", () => {
    assert.equal(active("writer: munmap($0"), "munmap(addr, length) 0");
    assert.equal(active("writer: munmap(p, $0"), "munmap(addr, length) 1");
    assert.equal(active("writer: mmap(2TiB, (1 + 2), $0)"), "mmap(addr, length, prot, flags, fd, offset) 2");
  });
  it("knows functions, operations and structures", () => {
    assert.equal(active("expect pte(writer, $0"), "pte(A, addr) 1");
    assert.equal(active("kernel: swap_out(writer, $0"), "swap_out(process, addr, length) 1");
    assert.equal(active("writer: ioctl(fd, MSHAREFS_SET_SIZE, { start: $0"), "ioctl(fd, request, arg) 2");
    assert.equal(active("writer: touch(pte(writer, 0).p$0"), "touch(addr, length, write?) 0");
  });
  it("is silent outside of calls", () => assert.equal(active("expect $0"), null));
});

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

describe("small helps", () => {
  it("offer what the checker proposes", () => {
    const { analysis, cursor } = marked('process A\nA: $0opne("x", 0)');
    const actions = codeActions(analysis, "file:///t", { start: cursor, end: cursor });
    assert.equal(actions[0].title, "Change to open");
    assert.equal(actions[0].edit?.changes?.["file:///t"][0].newText, "open");
  });
  it("put Run, Debug and Explore above a scenario, not above a file to include", () => {
    const commands = (text: string) => codeLenses(marked(text).analysis, "u").map((lens) => lens.command?.command);
    assert.deepEqual(
      codeLenses(marked(contractExample).analysis, "u").map((lens) => [lens.command?.command, lens.range.start.line]),
      [
        ["mshare.run", 1],
        ["mshare.debug", 1],
        ["mshare.explore", 1],
      ],
    );
    const inLoop = "process A\nprocess B\nrepeat 2 {\n  parallel {\n    A: load(0)\n    B: load(0)\n  }\n}";
    assert.deepEqual(commands(inLoop), ["mshare.run", "mshare.debug", "mshare.explore"]);
    assert.deepEqual(commands("process A\nA: load(0)"), ["mshare.run", "mshare.debug"], "one interleaving only");
    assert.deepEqual(codeLenses(marked("process A\nlet x = 1").analysis, "u"), []);
    assert.deepEqual(codeLenses(marked("").analysis, "u"), []);
  });
  it("hint at parameters and values", () => {
    const { analysis } = marked("process A\nlet S = 4 * 2MiB\nA: mmap(0, S, PROT_READ, MAP_SHARED, -1, 0)");
    const hints = inlayHints(analysis, { start: { line: 0, character: 0 }, end: { line: 9, character: 0 } });
    assert.deepEqual(
      hints.map((hint) => hint.label),
      ["= 8MiB", "addr:", "fd:", "offset:", "on cpu 0"],
    );
  });
  it("hint at an address's place in the tables, also in structures and with five levels", () => {
    const hintsOf = (source: string) => {
      const { analysis } = marked(source);
      return inlayHints(analysis, { start: { line: 0, character: 0 }, end: { line: 99, character: 0 } });
    };
    const hints = hintsOf(`${HEAD}writer: load(2TiB + 1GiB + 3 * 4096)
writer: ioctl(fd, MSHAREFS_CREATE_MAPPING, { addr: 2TiB + 2MiB, size: 4KiB, prot: PROT_READ, flags: 0, fd: -1 })
writer: load(p + 4096)`);
    assert.deepEqual(
      hints.map(({ label }) => label).filter((label) => /\//.test(String(label))),
      ["4/0/0/0", "4/1/0/3", "4/0/1/0"],
    );
    assert.match(String(hints.find(({ label }) => label === "4/1/0/3")?.tooltip), /pgd 4 .* pud 1 .* pmd 0 .* pte 3/);
    const five = hintsOf("machine { levels: 5 }\nprocess A\nA: load(256TiB + 8)").map(({ label }) => label);
    assert.ok(five.includes("1/0/0/0/0"), five.join(" "));
  });
  it("hint at the CPUs of processes that name none", () => {
    const { analysis } = marked(
      "machine { cpus: 3 }\nprocess A\nprocess B on cpu 2\nprocess kids[6]\nprocess C\nthread A.t\nthread C.t on cpu 1\n",
    );
    const hints = inlayHints(analysis, { start: { line: 0, character: 0 }, end: { line: 9, character: 0 } });
    assert.deepEqual(
      hints.map(({ label, position }) => `${position.line} ${label}`),
      ["1 on cpu 0", "3 on cpu 1, 2, 0, 1, …", "4 on cpu 1", "5 on cpu 2"],
    );
    const roster = createRoster(analysis.scenario).members.map(({ name, cpu }) => `${name} ${cpu}`);
    assert.deepEqual(
      roster.filter((member) => !/kids\[[45]/.test(member)),
      ["A 0", "B 2", "kids[0] 1", "kids[1] 2", "kids[2] 0", "kids[3] 1", "C 1", "A.t 2", "C.t 1"],
    );
  });
  it("link includes", () => {
    const { analysis, ranges } = marked('include <|"lib.mshare"|>', { "w/lib.mshare": "" });
    assert.deepEqual(
      documentLinks(analysis, (path) => `u:${path}`),
      [{ range: ranges[0], target: "u:w/lib.mshare" }],
    );
  });
  it("show what is wrong in an included file at its include", () => {
    const { analysis } = marked('include "lib.mshare"\n', { "w/lib.mshare": "process A\nA: opne()" });
    const [shown] = diagnostics(analysis, (path) => path);
    assert.match(String(shown.message), /lib\.mshare, line 2/);
    assert.equal(shown.range.start.line, 0);
  });
});

describe("ignoring a warning", () => {
  const ignored = (source: string) => {
    const { analysis, cursor } = marked(source);
    const action = codeActions(analysis, "u", { start: cursor, end: cursor }).find((one) => /^Ignore/.test(one.title));
    const [edit] = action?.edit?.changes?.["u"] ?? [];
    const [start, end] = [toOffset(analysis.file, edit.range.start), toOffset(analysis.file, edit.range.end)];
    const text = analysis.text.slice(0, start) + edit.newText + analysis.text.slice(end);
    return { text, left: analysisOf(text).scenario.diagnostics.map((one) => one.code) };
  };

  it("writes a comment above the statement, as deep as it is, and silences it", () => {
    for (const source of [
      "process A\nA: load($04096)\n",
      "process A\nprocess B\nparallel {\n  A: load($04096)\n  B: close(3)\n}\n",
      "process A\nA: touch(\n  $04096, 4096)\n",
    ]) {
      const { text, left } = ignored(source);
      assert.deepEqual(left, [], text);
      assert.match(text, /^ *\/\/ mshare-ignore unmapped-access\n *A: /m);
    }
  });

  it("adds a code to the comment that is there", () => {
    const { text, left } = ignored("process A\n// mshare-ignore unused-variable\nA: x = load($04096)\n");
    assert.deepEqual(left, []);
    assert.match(text, /unused-variable, unmapped-access\n/);
  });

  it("is coloured where it is meant", () => {
    const analysis = analysisOf("process A\nA: load(4096) // mshare-ignore unmapped-access, will-fail: why\n");
    const coloured = colours(analysis, 10, analysis.text.length).slice(-7);
    assert.deepEqual(
      coloured.map(({ type, start, end }) => [type, analysis.text.slice(start, end)]),
      [
        ["comment", "// "],
        ["keyword", "mshare-ignore"],
        ["comment", " "],
        ["type", "unmapped-access"],
        ["comment", ", "],
        ["type", "will-fail"],
        ["comment", ": why"],
      ],
    );
  });

  it("offers nothing for an error", () => {
    const { analysis, cursor } = marked("process A\nA: op$0ne()\n");
    const titles = codeActions(analysis, "u", { start: cursor, end: cursor }).map((one) => one.title);
    assert.deepEqual(
      titles.filter((title) => /^Ignore/.test(title)),
      [],
    );
  });
});

// Mends, lenses, hints, links, and comments that silence.
import assert from "node:assert/strict";
import { toOffset } from "../../server/language/analysis.ts";
import { codeActions } from "../../server/language/code_actions.ts";
import { codeLenses } from "../../server/language/code_lens.ts";
import { diagnostics } from "../../server/language/diagnostics.ts";
import { hover } from "../../server/language/hover.ts";
import { inlayHints } from "../../server/language/inlay_hints.ts";
import { documentLinks } from "../../server/language/links.ts";
import { colours } from "../../server/language/semantic_tokens.ts";
import { createRoster } from "../../sim/scenario/run/roster.ts";
import { contractExample } from "../scenario/contract.ts";
import { analysisOf, edited, marked } from "./markers.ts";

const HEAD =
  'kernel mshare-v3 { tlb_flush: none }\nprocess writer\nprocess reader\nprocess kids[4]\nlet SIZE = 4 * 2MiB\nwriter: fd = open("/tmp/x", O_RDWR)\nwriter: p = mmap(2TiB, SIZE, PROT_READ, MAP_SHARED, fd, 0)\n';

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
  it("mend all at once what has one sure mend, and leave what may be meant", () => {
    const text = 'process A;\n// mshare-ignore shadowed\nA: x = open("/tmp/x", O_RDWR\nA: close(3);\nA: clsoe(4)';
    const { analysis } = marked(text);
    const nowhere = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };
    const [all, ...others] = codeActions(analysis, "u", nowhere, ["source.fixAll"]);
    assert.deepEqual(others, []);
    assert.equal(all.kind, "source.fixAll.mshare");
    const mended = edited(analysis, "u", all);
    assert.equal(
      mended,
      'process A\n// mshare-ignore shadowed\nA: x = open("/tmp/x", O_RDWR)\nA: close(3)\nA: clsoe(4)',
    );
    // Only of a file that can be read is it certain what a comment silences.
    const [next] = codeActions(marked(mended).analysis, "u", nowhere, ["source.fixAll"]);
    const again = edited(marked(mended).analysis, "u", next);
    assert.equal(again, 'process A\nA: x = open("/tmp/x", O_RDWR)\nA: close(3)\nA: clsoe(4)');
    assert.deepEqual(codeActions(marked("process A\nA: close(0)").analysis, "u", nowhere, ["source"]), []);
  });
  it("link the pages of what fixes mend", () => {
    const text =
      "kernel mshare-v3 { fixes: [<|unlink-on-munmap|>, oom] }\nprocess A\nA: load(0)\nexpect bug missing-tlb-flush unless fixed <|unlink-on-munmap|>";
    const { analysis, ranges } = marked(text);
    const page = (design: string, id: string) => (id === "unlink-on-munmap" ? `u:${design}` : undefined);
    assert.deepEqual(
      documentLinks(analysis, (path) => path, page).map(({ range, target }) => [range, target]),
      ranges.map((range) => [range, "u:mshare-v3"]),
    );
    const shown = hover(analysis, ranges[0].start, page)?.contents as { value: string };
    assert.match(shown.value, /\]\(u:mshare-v3\)/);
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

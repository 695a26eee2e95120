// What a hover in a scenario evaluates. In the texts | marks where the mouse is.
import assert from "node:assert/strict";
import { expressionAt, readers, variablesIn } from "../../extension/scenario-text.ts";
import { functions } from "../../sim/scenario/functions.ts";

const scenario = `// writer: p = 1
kernel  mshare-v3 { tlb_flush: none }
machine { cpus: 2 }
process writer on cpu 0
process guest[2]
let base = 2TiB
writer: fd = open("/sys/fs/mshare/db", O_CREAT|O_RDWR, 0600)
writer: ioctl(fd, MSHAREFS_SET_SIZE, { start: base, size: 512GiB, fd: fd })
writer: p = mmap(base, 512GiB, PROT_READ, MAP_SHARED, fd, 0) == 2TiB
expect pgd(writer, 2TiB + 4KiB).pfn == pgd(guest[0], guest[0].p).pfn
guest[1] { p = mmap(0, 4KiB) load(p) }
repeat 2 as i { guest[i]: load(p) }
parallel {
  kernel: swap_out(writer, writer.p, 4KiB)
  guest[*]: load(p) == 42
}
`;

/** Hovers at the mark in `marked`, a line of the scenario above. */
function hover(marked: string): string | undefined {
  const line = marked.replace("|", "");
  const start = scenario.indexOf(line);
  assert.ok(start >= 0, `not a line of the scenario: ${line}`);
  const found = expressionAt(scenario, start + marked.indexOf("|"));
  if (found) assert.ok(found.start <= start + marked.indexOf("|") && start + marked.indexOf("|") < found.end);
  return found?.expression;
}

describe("a hover in a scenario", () => {
  it("evaluates addresses with their suffix", () => {
    assert.equal(hover("let base = 2|TiB"), "2TiB");
    assert.equal(hover("expect pgd(writer, 2TiB + |4KiB)"), "4KiB");
  });

  it("evaluates a variable as its actor's, wherever the debugger stopped", () => {
    assert.equal(hover("writer: |p = mmap"), "writer.p");
    assert.equal(hover("MAP_SHARED, f|d, 0) == 2TiB"), "writer.fd");
    assert.equal(hover("guest[1] { p = mmap(0, 4KiB) load(|p) }"), "guest[1].p");
    assert.equal(hover("guest[i]: load(|p)"), "guest[i].p");
  });

  it("evaluates a variable inside a struct argument, but not its key", () => {
    assert.equal(hover("size: 512GiB, fd: f|d })"), "writer.fd");
    assert.equal(hover("size: 512GiB, f|d: fd })"), undefined);
  });

  it("evaluates what a request has written to, which no = announces", () => {
    const text = "process a\na: ioctl(3, MSHAREFS_GET_SIZE, { start: s, size: n, flags: MAP_FIXED })\na: load(s + n)\n";
    const at = (word: string) => expressionAt(text, text.lastIndexOf(word))?.expression;
    assert.deepEqual([at("s +"), at("n)"), at("MAP_FIXED")], ["a.s", "a.n", undefined]);
  });

  it("knows the functions that the language has", () =>
    assert.deepEqual([...readers].sort(), functions.map(({ name }) => name).sort()));

  it("evaluates constants of the file and processes by their name", () => {
    assert.equal(hover("writer: p = mmap(b|ase"), "base");
    assert.equal(hover("w|riter: p = mmap"), "writer");
    assert.equal(hover("pgd(g|uest[0], guest[0].p)"), "guest[0]");
  });

  it("evaluates the expression up to the word under the mouse", () => {
    assert.equal(hover("expect p|gd(writer, 2TiB + 4KiB).pfn"), "pgd(writer, 2TiB + 4KiB)");
    assert.equal(hover("expect pgd(writer, 2TiB + 4KiB).p|fn"), "pgd(writer, 2TiB + 4KiB).pfn");
    assert.equal(hover("swap_out(writer, writer.|p, 4KiB)"), "writer.p");
    assert.equal(hover("guest[0].|p).pfn"), "guest[0].p");
  });

  it("never evaluates what would change the machine", () => {
    assert.equal(hover("writer: p = m|map(base"), undefined);
    assert.equal(hover("kernel: swap_|out(writer"), undefined);
  });

  it("leaves words, comments, strings and options to the language server", () => {
    for (const marked of [
      "// wri|ter: p = 1",
      '"/sys/fs/m|share/db"',
      "m|share-v3 {",
      "{ tlb_f|lush: none }",
      "e|xpect pgd",
    ]) {
      assert.equal(hover(marked), undefined, marked);
    }
    assert.equal(hover("O_CR|EAT|O_RDWR"), undefined);
  });

  it("asks for no value where an actor means several processes", () => {
    assert.equal(hover("guest[*]: load(|p) == 42"), undefined);
  });

  it("survives a text that ends anywhere", () => {
    for (let length = 0; length <= scenario.length; length++) {
      for (const back of [1, 2, 7]) expressionAt(scenario.slice(0, length), length - back);
    }
  });
});

describe("values beside the lines of a scenario", () => {
  it("are each line's variables, once", () => {
    const found = variablesIn(scenario, 0, scenario.length);
    const byLine = found.map(({ start, expression }) => `${scenario.slice(0, start).split("\n").length} ${expression}`);
    assert.deepEqual(byLine, [
      "7 writer.fd",
      "8 writer.fd",
      "9 writer.p",
      "9 writer.fd",
      "10 guest[0].p",
      "11 guest[1].p",
      "12 guest[i].p",
      "14 writer.p",
    ]);
  });

  it("are those of the part of the text that shows", () => {
    const start = scenario.indexOf("writer: p = mmap");
    const found = variablesIn(scenario, start, scenario.indexOf("\n", start));
    assert.deepEqual(
      found.map(({ expression }) => expression),
      ["writer.p", "writer.fd"],
    );
  });
});

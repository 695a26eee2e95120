// What people write who know C, shells and other tools: one mistake is one problem, and its mend mends it.
import assert from "node:assert/strict";
import { checkText } from "./checking.ts";

/** What is written, and what the mend makes of it. */
const mistakes: readonly (readonly [written: string, mended: string])[] = [
  ["machine { cpus 4, memory: 256MiB }", "machine { cpus: 4, memory: 256MiB }"],
  ["machine { cpus = 4 }", "machine { cpus: 4 }"],
  ["machine { cpus: 4 memory: 256MiB }", "machine { cpus: 4, memory: 256MiB }"],
  ["machine { cpus: 4; memory: 256MiB }", "machine { cpus: 4, memory: 256MiB }"],
  ["machine {\n  cpus: 4;\n  memory: 256MiB\n}", "machine {\n  cpus: 4,\n  memory: 256MiB\n}"],
  ["kernel: mshare-v3", "kernel mshare-v3"],
  ["kernel mshare", "kernel mshare-v3"],
  ["kernel mshare-v3 { fixes: [unlink] }", "kernel mshare-v3 { fixes: [unlink-on-munmap] }"],
  ["process B, C", "process B\nprocess C"],
  ["process B on cpu0", "process B on cpu 0"],
  ["process B on 0", "process B on cpu 0"],
  ["process B cpu 0", "process B on cpu 0"],
  ["A.load(0) faults SIGSEGV", "A: load(0) faults SIGSEGV"],
  ["A load(0) faults SIGSEGV", "A: load(0) faults SIGSEGV"],
  ["A: load(0) fails SIGSEGV", "A: load(0) faults SIGSEGV"],
  ["A: munmap(1, 4096) faults EINVAL", "A: munmap(1, 4096) fails EINVAL"],
  ["A: munmap(1, 4096) fails -EINVAL", "A: munmap(1, 4096) fails EINVAL"],
  ["expect count(page_fault, mm == A) == 0", "expect count(page_fault, mm == mm(A)) == 0"],
  ["A: close(3) == EBADF", "A: close(3) fails EBADF"],
  ["A: close(3) != EBADF", "A: close(3) != -EBADF"],
  ["A: load(0 faults SIGSEGV", "A: load(0) faults SIGSEGV"],
  ["A: load(0)) faults SIGSEGV", "A: load(0) faults SIGSEGV"],
  ['A: int fd = memfd_create("m")', 'A: fd = memfd_create("m")'],
  ['A: unsigned long *fd = memfd_create("m")', 'A: fd = memfd_create("m")'],
  ['A: fd = memfd_create("m");', 'A: fd = memfd_create("m")'],
  [
    "A: p = mmap(0, 4 KiB, PROT_READ, MAP_PRIVATE|MAP_ANON, -1, 0)",
    "A: p = mmap(0, 4KiB, PROT_READ, MAP_PRIVATE|MAP_ANON, -1, 0)",
  ],
  [
    "A: p = mmap(0, 4KB, PROT_READ, MAP_PRIVATE|MAP_ANON, -1, 0)",
    "A: p = mmap(0, 4KiB, PROT_READ, MAP_PRIVATE|MAP_ANON, -1, 0)",
  ],
  ["expect stat(A).minflt = 0", "expect stat(A).minflt == 0"],
  ["expect mm(A).VmPTE == 0", "expect status(A).VmPTE == 0"],
  [
    "expect vma(A, 16MiB + 4KiB) == null || vma(A, 16MiB).Rss == 0",
    "expect vma(A, 16MiB + 4KiB) == null || smaps(A, 16MiB).Rss == 0",
  ],
  ["expect status(A).minflt == 0", "expect stat(A).minflt == 0"],
  ["expect status(A).PageTables > 0", "expect meminfo().PageTables > 0"],
  ["assert stat(A).minflt == 0", "expect stat(A).minflt == 0"],
  ["expect no bugs", "expect no bug"],
  ["allow bug tlb", "allow bug missing-tlb-flush"],
  ["# a comment", "// a comment"],
  [
    "kernel mshare-v3\nA: ioctl(3, MSHAREFS_SET_SIZE, { .start = 2TiB, .size = 512GiB }) fails EBADF",
    "kernel mshare-v3\nA: ioctl(3, MSHAREFS_SET_SIZE, { start: 2TiB, size: 512GiB }) fails EBADF",
  ],
  [
    "kernel mshare-v3\nA: ioctl(3, MSHAREFS_SET_SIZE, { start: 2TiB, len: 512GiB }) fails EBADF",
    "kernel mshare-v3\nA: ioctl(3, MSHAREFS_SET_SIZE, { start: 2TiB, size: 512GiB }) fails EBADF",
  ],
];

/** One mend after the other, as somebody who takes every light bulb does. */
function mendAll(text: string): string {
  for (let tries = 0; tries < 9; tries++) {
    const { diagnostics } = checkText(text);
    const first = diagnostics.find(({ severity }) => severity === "error") ?? diagnostics[0];
    if (!first?.mend) return text;
    const { mend } = first;
    const edits = [...mend.edits].sort((a, b) => b.start - a.start);
    for (const { start, end, text: put } of edits) text = text.slice(0, start) + put + text.slice(end);
  }
  throw new Error(`no end to the mends of ${text}`);
}

describe("the mistakes that people make", () => {
  for (const [written, mended] of mistakes)
    it(written.replaceAll("\n", " ⏎ "), () => {
      const text = `process A\n${written}\nA: load(0) faults SIGSEGV\n`;
      const { diagnostics } = checkText(text);
      const lines = written.split("\n").length + 1;
      assert.ok(diagnostics.length > 0);
      for (const { line, message } of diagnostics) assert.ok(line > 1 && line <= lines, message);
      const result = mendAll(text);
      assert.equal(result, `process A\n${mended}\nA: load(0) faults SIGSEGV\n`);
      assert.deepEqual(checkText(result).diagnostics, []);
    });

  it("say nothing of what follows from them", () => {
    const one = [
      "machine { cpus 4, memory: 256MiB }",
      "machine { cpus; memory: 256MiB }",
      "A: mmap(0, 4KB, PROT_READ, MAP_PRIVATE|MAP_ANON, -1, 0)",
      "A: fd := memfd_create(0)",
      "A: *p = 3",
      "process A B C",
      "A: x + 1 = load(0)",
      "expect bug",
      "allow all bugs",
      "kernel: linux-next { version: 6 }",
    ];
    for (const written of one) {
      const { diagnostics } = checkText(written.startsWith("process") ? written : `process A\n${written}`);
      assert.equal(
        diagnostics.filter(({ code }) => code !== "unknown-design").length,
        1,
        `${written}\n${diagnostics.map(({ message }) => message).join("\n")}`,
      );
    }
  });

  it("name what there is instead of what a C program would call", () => {
    for (const [call, instead] of [
      ["malloc(8)", "mmap"],
      ["waitpid(1)", "wait(child)"],
      ["execve(1)", "no programs"],
      ["sleep(1)", "no clock"],
    ])
      assert.ok(checkText(`process A\nA: ${call}`).diagnostics[0].message.includes(instead!), call);
  });

  it("are read past: what stands behind them is still a statement", () => {
    const text = "process A on 0 process B\nA: load(9KB B: load(0) faults SIGSEGV\nB: load(0) faults SIGSEGV";
    assert.deepEqual(
      checkText(text).diagnostics.filter(({ code }) => code === "unknown-process"),
      [],
    );
  });
});

// What the checker says of each mistake.
import assert from "node:assert/strict";
import { check } from "../../sim/scenario/check.ts";
import { severityOf } from "../../sim/scenario/codes.ts";
import { formatDiagnostic, refuses } from "../../sim/scenario/diagnostics.ts";
import { checkText, codesOf, findings, HEAD, messagesOf } from "./checking.ts";
import { contractExample, everyForm } from "./contract.ts";
import { vocabulary } from "./vocabulary.ts";

describe("checker", () => {
  it("has nothing to say about the contract's example", () => assert.deepEqual(findings(contractExample), []));
  it("has nothing to say about any form of the contract", () =>
    assert.deepEqual(findings(everyForm, { "w/other.mshare": "process extra\n" }), []));
  it("has nothing to say about an empty file", () => assert.deepEqual(findings(""), []));

  it("gives what a run needs to know", () => {
    const { design, machine, options, fixes, processes, lets } = checkText(everyForm, { "w/other.mshare": "" });
    assert.equal(design?.name, "mshare-v3");
    assert.deepEqual(Object.fromEntries(machine), {
      cpus: 4n,
      memory: 2n ** 30n,
      levels: 4n,
      swap: 0n,
      swap_device: "zram",
      page_cluster: 0n,
      hugepages: 0n,
      thp: "never",
      pcid: false,
    });
    assert.deepEqual(Object.fromEntries(options), { tlb_flush: "all", strict: "false", limit: "16" });
    assert.deepEqual(fixes, ["unlink-on-munmap", "flush-all-cpus"]);
    assert.deepEqual([...processes.keys()], ["A", "B", "kids"]);
    assert.equal(processes.get("kids")?.count, 8n);
    assert.equal(lets.get("SIZE")?.value, 8n * 2n ** 20n);
    assert.equal(lets.get("MASK")?.value, 0x7ff000n);
  });

  it("takes linux where the file names no kernel", () => assert.equal(checkText("process A").design?.name, "linux"));

  it("lets a run override the kernel", () => {
    const other = checkText(contractExample, {}, { kernel: "linux" });
    assert.equal(other.design?.name, "linux");
    assert.ok(refuses(other.diagnostics), "a design's constants are unknown to another");
    const plain = checkText(HEAD, {}, { options: { tlb_flush: "all" }, fixes: ["all"] });
    assert.equal(plain.options.get("tlb_flush"), "all");
    assert.deepEqual(plain.fixes, ["unlink-on-munmap", "flush-all-cpus"]);
    assert.deepEqual(plain.overrideErrors, []);
    assert.match(checkText(HEAD, {}, { kernel: "mshare-v4" }).overrideErrors[0], /mshare-v3/);
    assert.match(checkText(HEAD, {}, { options: { tlb_flush: "al" } }).overrideErrors[0], /none, local, all/);
    assert.match(checkText(HEAD, {}, { options: { tlbflush: "all" } }).overrideErrors[0], /tlb_flush/);
    assert.match(checkText(HEAD, {}, { fixes: ["nothing"] }).overrideErrors[0], /nothing/);
  });

  it("says file, line, column, severity, message and code", () => {
    const [diagnostic] = checkText("process A\nA: opne(1)").diagnostics;
    assert.equal(
      formatDiagnostic(diagnostic),
      "w/test.mshare:2:4: error: There is no call `opne`. Did you mean `open`? [unknown-call]",
    );
    assert.deepEqual([diagnostic.endLine, diagnostic.endColumn], [2, 8]);
    assert.deepEqual(diagnostic.mend?.edits, [{ start: 13, end: 17, text: "open" }]);
  });
});

/** Texts behind `HEAD`, each with the one code that it must give. */
const mistakes: Readonly<Record<string, readonly string[]>> = {
  "unknown-design": ["kernel mshare-v9"],
  "unknown-option": ["machine { cpu: 2 }", "kernel mshare-v3 { tlbflush: none }"],
  "bad-option-value": [
    "machine { thp: sometimes }",
    "machine { cpus: 0 }",
    "machine { pcid: 3 }",
    "machine { levels: 6 }",
    "kernel mshare-v3 { tlb_flush: both }",
    "kernel mshare-v3 { fixes: unlink-on-munmap }",
  ],
  "unknown-fix": ["kernel mshare-v3 { fixes: [unlink] }", "expect bug double-free unless fixed nothing"],
  "fix-of-other-design": ["expect bug double-free unless fixed host-mm-leak"],
  duplicate: [
    "process A",
    "let A = 1",
    "machine { cpus: 2, cpus: 3 }",
    "label l\nlabel l\nA: load(0)",
    "schedule sequential\nschedule random 1",
    "thread A.t on cpu 0\nthread A.t on cpu 0",
  ],
  "name-taken": ["process EINVAL", "let MAP_FIXED = 1", "A: O_RDWR = load(0)", "repeat 2 as EIO { A: load(0) }"],
  "reserved-name": ["process cpu", "let repeat = 3", "label expect\nA: load(0)"],
  "unknown-process": ["C: load(0)", "C { load(0) }", "A.t: load(0)", "thread C.t on cpu 0", "schedule [C*3]"],
  "bad-index": [
    "A[0]: load(0)",
    "process k[2]\nk: load(0)",
    "process k[2]\nk[2]: load(0)",
    "process k[2]\nexpect mm(k[5]) != null",
    "process k[2]\nthread k.t on cpu 0",
    "process k[2]\nschedule [k[*]]",
    "expect mm(A[*]) != null",
  ],
  "bad-count": ["process k[0]", "process k[1TiB]"],
  "no-such-cpu": [
    "process C on cpu 2",
    "thread A.t on cpu 7",
    "cpu 3: idle()",
    "expect tlb(2).entries == 0",
    "kernel: exit_idle(5)",
  ],
  "not-constant": [
    "let x = meminfo().MemFree",
    "process C on cpu stat(A).minflt",
    "A: x = load(0)\nprocess k[A.x]",
    "schedule random stat(A).minflt",
  ],
  overflow: ["let x = 0 - 1", "let x = 2TiB * 2TiB * 2TiB", "A: load(1 << 64)", "expect pte(A, -1 + 1).present"],
  "division-by-zero": ["let x = 5 / 0", "A: load(7 % 0)"],
  "let-cycle": ["let x = y\nlet y = x", "let x = x + 1"],
  "unknown-name": [
    "A: load(q)",
    "expect q == 1",
    "A: mmap(0, 4096, PROT_RED, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
    "A: x = load(0)\nexpect x == 0",
    "A: x = load(0)\nB: load(x)",
    "A: mmap(0, 4096, PROT_READ, MAP_SHARED_PT|MAP_SHARED, 3, 0)",
  ],
  "unknown-call": ["A: opne(1)", "A: swap_out(A, 0, 4096)", "A: memfd_protect(3, PROT_READ)"],
  "unknown-operation": ["kernel: reclaimm(3)", "kernel: open(1)", "cpu 0: reclaim(3)"],
  "unknown-function": ["expect mmm(A) == 0", "expect open(1) == 3", "expect tlb(0).look(A, 0) == null"],
  "unknown-field": [
    "expect pte(A, 0).pdf == 0",
    "expect A.q == 0",
    "A: ioctl(3, MSHAREFS_SET_SIZE, { start: 0, len: 0, size: 0 })",
    "expect status(A).VmPTEs == 0",
  ],
  "unknown-event": ["expect count(tlb_flushes) == 0", "schedule [A until nothing]"],
  "unknown-errno": ["A: close(3) fails EBAD"],
  "unknown-signal": ["A: load(0) faults SIGKILL", "A: load(0) faults SEGV"],
  "unknown-label": ["expect bug double-free at nowhere"],
  "unknown-bug-kind": ["expect bug double_free", "allow bug double-fre"],
  "wrong-argument-count": [
    "A: load()",
    "A: close(1, 2)",
    "A: mmap(0, 4096)",
    "expect mm() != null",
    "kernel: compact(1)",
    "expect tlb(0).lookup(A) == null",
  ],
  "wrong-type": [
    "A: fork(A)",
    'A: close("x")',
    "A: open(3, 0)",
    "A: fork(3)",
    "expect mm(3) != null",
    "A: load({ a: 1 })",
    "kernel: x = compact()",
    'A: close(3) == "x"',
    "process k[2]\nkernel: oom_kill(k)",
    'repeat "x" { A: load(0) }',
    'expect pte(A, "x").present',
    'expect "a" < 3',
  ],
  "bad-clause": ["A: load(0) fails EINVAL", "A: close(3) faults SIGSEGV"],
  misplaced: [
    "parallel { parallel { A: load(0) } }",
    "parallel { expect stat(A).minflt == 0 }",
    "parallel { process C }",
    "repeat 2 { let x = 3 }",
    "A { B: load(0) }",
    "A { parallel { B: load(0) } }",
    "parallel { allow bugs }",
  ],
  "variable-not-set": ["A: load(x)\nA: x = load(0)", "A: x = load(x)", "expect A.x == 0\nA: x = load(0)"],
  "acts-too-early": ["B: load(0)\nA: fork(B)"],
  "acts-after-exit": ["A: exit()\nA: load(0)"],
  "include-missing": ['include "nothing.mshare"', 'include ""'],
  "include-outside": [
    'include "../x.mshare"',
    'include "/etc/passwd"',
    'include "a/../../x.mshare"',
    'include "file:///etc/passwd"',
    'include "C:/x"',
  ],
  "missing-actor": ["load(0)"],
  "unknown-keyword": ["proces C"],
  "mixed-flags": [
    "A: mmap(0, 4096, PROT_READ|O_RDWR, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
    "A: madvise(0, 4096, MAP_SHARED) fails EINVAL",
  ],
  "missing-field": ["A: ioctl(3, MSHAREFS_SET_SIZE, { size: 512GiB })"],
  "absurd-number": ["repeat 1TiB { A: load(0) }", "repeat 100000 { repeat 100000 { A: load(0) } }"],
  precedence: ["expect pte(A, 0).flags & 1 == 1"],
  "constant-condition": ["expect 1 == 1", "expect EINVAL"],
  "positive-errno": ["A: close(3) == EBADF", "kernel: compact() < EAGAIN"],
  shadowed: ["let x = 1\nA: x = load(0)", "A: B = load(0)", "let i = 1\nrepeat 2 as i { A: load(0) }"],
  "empty-label": ["A: load(0)\nlabel end"],
  "unmapped-access": [
    "A: load(4096)",
    "A: touch(16TiB, 4KiB, write)",
    "A: p = mmap(16TiB, 4KiB, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nA: load(p + 4KiB)",
    "A: p = mmap(16TiB, 4KiB, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nB: load(A.p)",
    "parallel { A: load(4096)\nB: load(4096) faults SIGSEGV }",
  ],
  "use-after-unmap": [
    "A: p = mmap(0, 8KiB, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nA: munmap(p + 4KiB, 4KiB)\nA: load(p + 5000)",
    "A: p = mmap(0, 8KiB, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nA: munmap(p, 8KiB)\nA: fork(B)\nB: load(p)",
  ],
  "use-after-close": [
    'A: fd = memfd_create("m", 0)\nA: close(fd)\nA: close(fd)',
    'A: fd = memfd_create("m", 0)\nA: close(fd)\nA: mmap(0, 4KiB, PROT_READ, MAP_SHARED, fd, 0)',
  ],
  "cannot-fail": [
    "A: x = load(0) faults SIGSEGV\nexpect A.x >= 0",
    "expect count(page_fault) < 0",
    "expect pte(A, 0)",
    "expect pagemap(A, 0)",
    "expect !(mm(A).total_vm != mm(A).total_vm)",
    "expect mm(A).total_vm == 1 || 0 <= mm(A).total_vm",
  ],
  "parallel-alone": ["parallel { A: load(0) }", "parallel { A { load(0)\nload(8) } }", "parallel { }"],
  "useless-ignore": [
    "A: close(9) // mshare-ignore will-fail",
    "A: close(9) // mshare-ignore will-fial",
    "A: close(9) // mshare-ignore unknown-call",
    "// mshare-ignore-file shadowed",
  ],
  "unused-variable": ["let x = 1", "A: x = load(0)", "A: x = load(0)\nA: x = load(0)"],
  "unused-process": ["process C", "thread A.t on cpu 0"],
};

describe("checker, on mistakes", () => {
  for (const [code, texts] of Object.entries(mistakes)) {
    for (const text of texts) {
      it(`${code}: ${text.replaceAll("\n", " ⏎ ")}`, () => {
        const head = text.startsWith("kernel ") ? "process A\nprocess B\n" : HEAD;
        const found = codesOf(head + text);
        assert.ok(found.includes(code), `gives ${found.join(", ") || "nothing"}`);
        const others = found.filter((one) => one !== code && severityOf(one as "overflow") === "error");
        assert.deepEqual(others, [], "one mistake, one error");
      });
    }
  }

  it("one mistyped kernel does not make its words unknown", () => {
    assert.deepEqual(codesOf(contractExample.replace("mshare-v3", "mshare-v33")), ["unknown-design"]);
  });

  it("says to which kernel a word belongs", () => {
    const [message] = messagesOf(`${HEAD}A: mmap(0, 4096, PROT_READ, MAP_SHARED_PT|MAP_SHARED, 3, 0)`);
    assert.match(message, /ptshare-v2/);
  });

  it("says where a variable lives", () => {
    const [diagnostic] = checkText(`${HEAD}A: x = close(0)\nB: close(x)`).diagnostics;
    assert.equal(diagnostic.mend?.edits[0].text, "A.x");
  });

  it("offers to declare a process", () => {
    const { diagnostics } = checkText("process A\nC: close(0)\n");
    assert.deepEqual(diagnostics[0].mend?.edits, [{ start: 10, end: 10, text: "process C\n" }]);
  });

  it("refuses what this version cannot run yet", () => {
    const implemented = new Set([...vocabulary.implemented].filter((name) => name !== "mremap" && name !== "migrate"));
    const text = `${HEAD}A: mremap(0, 4096, 4096)\nkernel: migrate(A, 0)\nB: close(0)`;
    const { diagnostics } = check("t", text, { read: () => undefined }, { ...vocabulary, implemented });
    assert.deepEqual(
      diagnostics.map((one) => [one.code, one.line]),
      [
        ["not-in-this-version", 4],
        ["not-in-this-version", 5],
      ],
    );
    assert.match(diagnostics[0].message, /not in this version/);
  });
});

describe("checker, on names", () => {
  it("lets a forked process use its parent's variables", () => {
    assert.deepEqual(findings(`${HEAD}A: x = close(0)\nA: fork(B)\nB: close(x)\nexpect B.x == 0`), []);
  });
  it("lets a thread use its process's variables", () => {
    assert.deepEqual(
      findings(`${HEAD}thread A.t on cpu 1\nA: x = close(0)\nA.t: y = close(x)\nexpect A.t.y == 0 && A.t.x == A.x`),
      [],
    );
  });
  it("lets the elements of an array have variables each", () => {
    assert.deepEqual(findings(`${HEAD}process k[3]\nk[*]: x = close(0)\nk[1]: close(x)\nexpect k[2].x == 0`), []);
  });
  it("lets a loop or a parallel block use what another turn sets", () => {
    assert.deepEqual(findings(`${HEAD}repeat 2 { B: close(A.x)\nA: x = close(0) }`), []);
    assert.deepEqual(findings(`${HEAD}parallel { B: close(A.x)\nA: x = close(0) }`), []);
  });
  it("takes event arguments inside count", () => {
    assert.deepEqual(findings(`${HEAD}expect count(find_shared_vma, mm == mm(A) && cpu == 1) == 0`), []);
  });
  it("takes versions without quotes, and nothing else with a dot", () => {
    for (const version of ["6.12", '"6.12"', "6.18"])
      assert.deepEqual(
        findings(`kernel linux { version: ${version} }`).filter((one) => !/unknown-option/.test(one)),
        [],
      );
    assert.deepEqual(findings("machine { cpus: 2.5 }"), ["1:17 wrong-type"]);
  });
  it("offers the nearest name to the first mistyped ones, and is done in time with thousands", () => {
    const text = `process A\n${Array.from({ length: 900 }, (_, n) => `A: MAPP_SHARED${n} = close(MAP_SHAREDD)`).join("\n")}`;
    const unknown = checkText(text).diagnostics.filter((one) => one.code === "unknown-name");
    assert.match(unknown[0].message, /Did you mean `MAP_SHARED`/);
    assert.doesNotMatch(unknown.at(-1)!.message, /Did you mean/);
  });
  it("takes names above their declaration", () => {
    assert.deepEqual(findings("let y = x * 2\nA: close(y)\nlet x = 4\nprocess A"), []);
  });

  it("says nothing of arguments that are still to come", () => {
    assert.deepEqual(codesOf("process A\nA: p = mmap(0, 4096").sort(), ["syntax", "unused-variable"]);
    assert.ok(!codesOf("process A\nexpect pte(A").includes("wrong-argument-count"));
    assert.deepEqual(codesOf("process A\nA: munmap(4096)"), ["wrong-argument-count"]);
  });

  it("knows what people bring from C", () => {
    const [found] = checkText("process A\nA: munmap(NULL, 4096)").diagnostics;
    assert.deepEqual([found.code, found.mend?.edits.map(({ text }) => text)], ["unknown-name", ["0"]]);
  });

  it("tells a page from its number", () => {
    const text = "process A\nexpect page(pte(A, 0).table).refcount == 1";
    const [found] = checkText(text).diagnostics;
    assert.match(found.message, /page already/);
    const mended = [...found.mend!.edits]
      .reverse()
      .reduce((all, e) => all.slice(0, e.start) + e.text + all.slice(e.end), text);
    assert.deepEqual(findings(mended), []);
  });

  it("does not count what comments silence", () => {
    const many = Array.from({ length: 1500 }, () => "A: load(4096) // mshare-ignore unmapped-access");
    assert.deepEqual(codesOf(["process A", ...many, "A: opne(1)"].join("\n")), ["unknown-call"]);
  });
});

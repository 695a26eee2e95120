// What may stand at the cursor.
import assert from "node:assert/strict";
import { completion } from "../../server/language/completion.ts";
import { marked, textIn } from "./markers.ts";

const HEAD =
  'kernel mshare-v3 { tlb_flush: none }\nprocess writer\nprocess reader\nprocess kids[4]\nlet SIZE = 4 * 2MiB\nwriter: fd = open("/tmp/x", O_RDWR)\nwriter: p = mmap(2TiB, SIZE, PROT_READ, MAP_SHARED, fd, 0)\n';

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

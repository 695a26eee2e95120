// What the server says of a word, and of the call that is being written.
import assert from "node:assert/strict";
import type { MarkupContent } from "vscode-languageserver";
import { hover } from "../../server/language/hover.ts";
import { signatureHelp } from "../../server/language/signature_help.ts";
import { marked } from "./markers.ts";

const HEAD =
  'kernel mshare-v3 { tlb_flush: none }\nprocess writer\nprocess reader\nprocess kids[4]\nlet SIZE = 4 * 2MiB\nwriter: fd = open("/tmp/x", O_RDWR)\nwriter: p = mmap(2TiB, SIZE, PROT_READ, MAP_SHARED, fd, 0)\n';

function hovered(source: string, head = HEAD): string {
  const { analysis, cursor } = marked(head + source);
  return (hover(analysis, cursor)?.contents as MarkupContent | undefined)?.value ?? "";
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

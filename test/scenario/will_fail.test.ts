// What a kernel refuses, from the facts measured on a real one (mshare-v3, section B1) and from Linux's manual pages.
import assert from "node:assert/strict";
import { checkText, findings, HEAD } from "./checking.ts";

/** The errno of the warning that a text gives, or "ok". */
function verdict(text: string): string {
  const { diagnostics } = checkText(HEAD + text);
  assert.deepEqual(
    diagnostics.filter((one) => one.severity === "error"),
    [],
  );
  const warnings = diagnostics.filter((one) => one.code === "will-fail" || one.code === "will-fault");
  assert.ok(warnings.length <= 1, warnings.map((one) => one.message).join("\n"));
  return /(E[A-Z]+|SIG[A-Z]+)/.exec(warnings[0]?.message ?? "")?.[1] ?? "ok";
}

const OPEN = 'A: fd = open("/sys/fs/mshare/r", O_CREAT|O_EXCL|O_RDWR, 0600)\n';
const SIZE = `${OPEN}A: ioctl(fd, MSHAREFS_SET_SIZE, { start: 2TiB, size: 512GiB })\n`;
const setSize = (start: string, size: string) =>
  `${OPEN}A: ioctl(fd, MSHAREFS_SET_SIZE, { start: ${start}, size: ${size} })`;
const create = (changes: Readonly<Record<string, string>>) => {
  const fields = {
    addr: "2TiB",
    size: "2MiB",
    offset: "0",
    prot: "PROT_READ",
    flags: "MAP_ANONYMOUS|MAP_SHARED|MAP_FIXED",
    fd: "-1",
    ...changes,
  };
  return `A: ioctl(fd, MSHAREFS_CREATE_MAPPING, { ${Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}`)
    .join(", ")} })`;
};
const map = (addr: string, length: string) => `A: mmap(${addr}, ${length}, PROT_READ, MAP_SHARED, fd, 0)`;

const measured: readonly [string, string, string][] = [
  ["SET_SIZE aligned", setSize("2TiB", "512GiB"), "ok"],
  ["SET_SIZE with an unaligned start", setSize("2TiB + 4096", "512GiB - 4096"), "EINVAL"],
  ["SET_SIZE with an unaligned size", setSize("2TiB", "512GiB - 4096"), "EINVAL"],
  ["SET_SIZE of 1 GiB", setSize("2TiB", "1GiB"), "EINVAL"],
  [
    "SET_SIZE at 0, which may be repeated",
    `${setSize("0", "512GiB")}\nA: ioctl(fd, MSHAREFS_SET_SIZE, { start: 0, size: 1TiB })`,
    "ok",
  ],
  [
    "SET_SIZE after one at 0",
    `${setSize("0", "512GiB")}\nA: ioctl(fd, MSHAREFS_SET_SIZE, { start: 2TiB, size: 1TiB })`,
    "ok",
  ],
  ["SET_SIZE twice", `${SIZE}A: ioctl(fd, MSHAREFS_SET_SIZE, { start: 2TiB, size: 512GiB })`, "EINVAL"],
  ["SET_SIZE of size 0", setSize("2TiB", "0"), "ok"],
  ["CREATE_MAPPING after SET_SIZE of size 0", `${setSize("2TiB", "0")}\n${create({})}`, "EINVAL"],
  ["SET_SIZE beyond user addresses", setSize("256TiB", "512GiB"), "ok"],
  ["CREATE_MAPPING beyond user addresses", `${setSize("256TiB", "512GiB")}\n${create({ addr: "256TiB" })}`, "ENOMEM"],
  ["CREATE_MAPPING before SET_SIZE", OPEN + create({}), "EINVAL"],
  ["mmap before SET_SIZE", OPEN + map("2TiB", "512GiB"), "EINVAL"],
  ["CREATE_MAPPING inside", SIZE + create({}), "ok"],
  ["CREATE_MAPPING of all", SIZE + create({ size: "512GiB" }), "ok"],
  ["CREATE_MAPPING below", SIZE + create({ addr: "1TiB" }), "EINVAL"],
  ["CREATE_MAPPING at the end", SIZE + create({ addr: "2TiB + 512GiB" }), "EINVAL"],
  ["CREATE_MAPPING across the end", SIZE + create({ addr: "2TiB + 511GiB", size: "2GiB" }), "EINVAL"],
  ["CREATE_MAPPING of size 0", SIZE + create({ size: "0" }), "EINVAL"],
  ["CREATE_MAPPING unaligned", SIZE + create({ addr: "2TiB + 1" }), "EINVAL"],
  ["CREATE_MAPPING private", SIZE + create({ flags: "MAP_ANONYMOUS|MAP_PRIVATE|MAP_FIXED" }), "EINVAL"],
  ["CREATE_MAPPING not fixed", SIZE + create({ flags: "MAP_ANONYMOUS|MAP_SHARED" }), "EINVAL"],
  ["CREATE_MAPPING SHARED_VALIDATE", SIZE + create({ flags: "MAP_ANONYMOUS|MAP_SHARED_VALIDATE|MAP_FIXED" }), "EINVAL"],
  [
    "CREATE_MAPPING FIXED_NOREPLACE",
    SIZE + create({ flags: "MAP_ANONYMOUS|MAP_SHARED|MAP_FIXED_NOREPLACE" }),
    "EINVAL",
  ],
  ["CREATE_MAPPING fd 0", SIZE + create({ fd: "0" }), "EINVAL"],
  ["CREATE_MAPPING fd 3", SIZE + create({ fd: "3" }), "EINVAL"],
  ["CREATE_MAPPING GROWSDOWN", SIZE + create({ flags: "MAP_ANONYMOUS|MAP_SHARED|MAP_FIXED|MAP_GROWSDOWN" }), "EINVAL"],
  ["CREATE_MAPPING without MAP_ANONYMOUS", SIZE + create({ flags: "MAP_SHARED|MAP_FIXED" }), "ok"],
  ["CREATE_MAPPING HUGETLB", SIZE + create({ flags: "MAP_ANONYMOUS|MAP_SHARED|MAP_FIXED|MAP_HUGETLB" }), "ok"],
  [
    "CREATE_MAPPING POPULATE, LOCKED, NORESERVE",
    SIZE + create({ flags: "MAP_SHARED|MAP_FIXED|MAP_POPULATE|MAP_LOCKED|MAP_NORESERVE" }),
    "ok",
  ],
  ["CREATE_MAPPING PROT_NONE", SIZE + create({ prot: "PROT_NONE" }), "ok"],
  [
    "CREATE_MAPPING by another process",
    `${SIZE}B: fd = open("/sys/fs/mshare/r", O_RDWR)\n${create({ addr: "1TiB" }).replace("A:", "B:")}`,
    "EINVAL",
  ],
  ["mmap of the region", SIZE + map("2TiB", "512GiB"), "ok"],
  ["mmap of a part", SIZE + map("2TiB", "2MiB"), "EINVAL"],
  ["mmap elsewhere", SIZE + map("4TiB", "512GiB"), "EINVAL"],
  ["mmap unaligned", SIZE + map("2TiB + 4096", "512GiB"), "EINVAL"],
  ["read of a region's file", `${SIZE}A: read(fd, 0, 8)`, "EINVAL"],
  ["write of a region's file", `${SIZE}A: write(fd, 0, 8)`, "EINVAL"],
  ["read of mshare_info", 'A: i = open("/sys/fs/mshare/mshare_info", O_RDONLY)\nA: read(i, 0, 8)', "ok"],
  ["an unknown ioctl", `${OPEN}A: ioctl(fd, 0x1234)`, "ENOTTY"],
];

const manual: readonly [string, string, string][] = [
  ["mmap of nothing", "A: mmap(0, 0, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)", "EINVAL"],
  ["mmap neither shared nor private", "A: mmap(0, 4096, PROT_READ, MAP_ANONYMOUS, -1, 0)", "EINVAL"],
  ["mmap without a file", "A: mmap(0, 4096, PROT_READ, MAP_PRIVATE, -1, 0)", "EBADF"],
  ["mmap with an unaligned offset", "A: mmap(0, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 5)", "EINVAL"],
  ["mmap fixed, unaligned", "A: mmap(4097, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)", "EINVAL"],
  ["mmap with an unaligned hint", "A: mmap(4097, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)", "ok"],
  [
    "mmap fixed beyond user addresses",
    "A: mmap(1 << 47, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)",
    "ENOMEM",
  ],
  ["munmap unaligned", "A: munmap(4097, 4096)", "EINVAL"],
  ["munmap of nothing", "A: munmap(4096, 0)", "EINVAL"],
  ["munmap of what is not mapped", "A: munmap(4096, 4096)", "ok"],
  ["mprotect unaligned", "A: mprotect(4097, 4096, PROT_READ)", "EINVAL"],
  ["mprotect with foreign bits", "A: mprotect(4096, 4096, 0x40)", "EINVAL"],
  ["madvise unaligned", "A: madvise(4097, 4096, MADV_DONTNEED)", "EINVAL"],
  ["madvise of no such advice", "A: madvise(4096, 4096, 77)", "EINVAL"],
  ["mremap to nothing", "A: mremap(4096, 4096, 0)", "EINVAL"],
  ["mremap fixed that may not move", "A: mremap(4096, 4096, 4096, MREMAP_FIXED, 8192)", "EINVAL"],
  ["mremap DONTUNMAP of another size", "A: mremap(4096, 4096, 8192, MREMAP_MAYMOVE|MREMAP_DONTUNMAP)", "EINVAL"],
  ["memfd_create with foreign flags", 'A: memfd_create("m", 0x100)', "EINVAL"],
  ["ftruncate below zero", "A: ftruncate(3, -1)", "EINVAL"],
  ["an access beyond user addresses", "A: load(1 << 47)", "SIGSEGV"],
];

describe("calls that will fail", () => {
  for (const [what, text, errno] of [...measured, ...manual])
    it(`${what}: ${errno}`, () => assert.equal(verdict(text), errno));

  it("are not warned about where the statement expects just that", () => {
    assert.equal(verdict("A: munmap(4097, 4096) fails EINVAL"), "ok");
    assert.equal(verdict("A: munmap(4097, 4096) fails ENOMEM"), "EINVAL");
    assert.equal(verdict("A: load(1 << 47) faults SIGSEGV"), "ok");
    assert.equal(
      verdict(`${setSize("2TiB", "1GiB")} fails EINVAL\n${create({}).replace("})", "}) fails EINVAL")}`),
      "ok",
    );
  });

  it("offer to expect the errno", () => {
    const { diagnostics } = checkText(`${HEAD}A: munmap(4097, 0)`);
    const all = [diagnostics[0].mend, ...(diagnostics[0].otherMends ?? [])];
    assert.equal(all.at(-1)?.edits[0].text, " fails EINVAL");
  });

  it("offer what may be meant instead, and are gone with it", () => {
    const mended: readonly [string, string][] = [
      [setSize("2TiB + 4096", "512GiB"), "2TiB"],
      [setSize("2TiB", "1GiB"), "512GiB"],
      [`${SIZE}${create({ addr: "1TiB" })}`, "2TiB"],
      [`${SIZE}${create({ addr: "2TiB + 1" })}`, "2TiB"],
      [`${SIZE}${create({ flags: "MAP_ANONYMOUS|MAP_SHARED" })}`, "MAP_ANONYMOUS|MAP_SHARED|MAP_FIXED"],
      [`${SIZE}${create({ flags: "MAP_PRIVATE|MAP_FIXED" })}`, "MAP_SHARED|MAP_FIXED"],
      [`${SIZE}${create({ fd: "3" })}`, "-1"],
      [`${SIZE}${map("2TiB", "1GiB")}`, "512GiB"],
      [`${SIZE}${map("2TiB + 4KiB", "512GiB")}`, "2TiB"],
      [`${SIZE}${map("3TiB", "512GiB")}`, "2TiB"],
      [`${SIZE}${map("0", "512GiB")}`, "2TiB"],
      [`${SIZE}${map("2TiB", "512GiB").replace("A: ", "A: p = ")}\nA: munmap(p, 2MiB)`, "512GiB"],
      ["A: munmap(0x12345, 4096)", "0x12000"],
      ["A: mmap(0, 4KiB, PROT_READ, MAP_PRIVATE, -1, 0)", "MAP_PRIVATE|MAP_ANONYMOUS"],
      ["A: mmap(0, 4KiB, PROT_READ, MAP_ANONYMOUS, -1, 0)", "MAP_ANONYMOUS|MAP_PRIVATE"],
      ["A: p = mremap(1TiB, 4KiB, 8KiB, MREMAP_FIXED, 2TiB)", "MREMAP_FIXED|MREMAP_MAYMOVE"],
    ];
    for (const [text, better] of mended) {
      const { mend } = checkText(HEAD + text).diagnostics.find(({ code }) => code === "will-fail")!;
      assert.equal(mend?.title, `Change to ${better}`, text);
      const [{ start, end, text: put }] = mend!.edits;
      const whole = HEAD + text;
      assert.equal(verdict((whole.slice(0, start) + put + whole.slice(end)).slice(HEAD.length)), "ok", text);
    }
  });

  it("are judged only where everything is certain", () => {
    assert.equal(verdict(`${SIZE}repeat 3 { A: unlink("/sys/fs/mshare/r") }\n${create({ addr: "1TiB" })}`), "ok");
    assert.equal(verdict(`${SIZE}A: fd = open("/tmp/x", O_RDWR)\n${create({ addr: "1TiB" })}`), "ok");
    assert.equal(verdict(`A: x = load(0)\nA: munmap(x, x)`), "ok");
    assert.equal(verdict(`A: fd = open("/sys/fs/mshare/r", O_RDWR)\n${create({ addr: "1TiB" })}`), "ok");
  });

  it("know where nothing was mapped into a region, and where something may be", () => {
    const used = (more: string, access = "A: load(p + 2MiB)") =>
      findings(
        `${HEAD}${SIZE}${create({})}\nA: p = mmap(2TiB, 512GiB, PROT_READ, MAP_SHARED, fd, 0)\n${more}\n${access}`,
      ).filter((finding) => finding.endsWith("unmapped-access"));
    assert.equal(used("").length, 1);
    assert.equal(used("", "A: load(3TiB - 513GiB)").length, 1);
    for (const inside of ["A: load(p)", "A: load(p + 2MiB - 8)", "A: load(2TiB)"])
      assert.deepEqual(used("", inside), []);
    for (const perhaps of [
      create({ addr: "2TiB + 2MiB" }),
      `B: fd = open("/sys/fs/mshare/r", O_RDWR)\n${create({ addr: "2TiB + 2MiB" }).replace("A:", "B:")}`,
      `B: fd = open("/sys/fs/mshare/./r", O_RDWR)\n${create({ addr: "2TiB + 2MiB" }).replace("A:", "B:")}`,
      `repeat 2 { ${create({ addr: "2TiB + 2MiB" })} }`,
      "A: mmap(2TiB + 2MiB, 4KiB, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)",
    ])
      assert.deepEqual(used(perhaps), [], perhaps);
  });
  it("know the unit of five levels", () => {
    const text = `machine { levels: 5 }\n${setSize("256TiB", "256TiB")}`;
    assert.equal(verdict(text), "ok");
    assert.equal(verdict(text.replace("start: 256TiB", "start: 512GiB")), "EINVAL");
  });

  it("know that plain Linux has no msharefs", () => {
    const { diagnostics } = checkText('process A\nA: open("/sys/fs/mshare/r", O_RDWR)');
    assert.match(diagnostics[0].message, /ENOENT/);
  });
});

describe("what may be refused for another reason is not foreseen", () => {
  it("an ioctl of a descriptor that may be of another file", () =>
    assert.deepEqual(findings(`${HEAD}A: fd = madvise(0, 0, MADV_NORMAL)\n${CREATE_PRIVATE}`), []));
  it("a private mapping of a region, which may be too much memory", () =>
    assert.deepEqual(
      findings(
        `${HEAD}A: fd = open("/sys/fs/mshare/x", O_CREAT|O_EXCL|O_RDWR, 0600)\nA: mmap(2TiB, 512GiB, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)\n`,
      ),
      [],
    ));
});

const CREATE_PRIVATE =
  "A: ioctl(fd, MSHAREFS_CREATE_MAPPING, { addr: 2TiB, size: 4KiB, offset: 0, prot: PROT_READ, flags: MAP_PRIVATE, fd: -1 })\n";

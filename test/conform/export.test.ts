// Scenarios as C programs: what is refused and why, and that what is written compiles without a warning.
import assert from "node:assert/strict";
import { native } from "../../server/cli/native.node.ts";
import { mshare, skipWithoutCompiler } from "./machine.ts";

const exported = async (text: string) => mshare(["export", "a.mshare"], { "a.mshare": text });

const everything = `
let size = 64KiB
process a on cpu 0
process b[2]
process c
thread a.t on cpu 1
a: fd = open("/dev/shm/it\\"s \\\\ there??/", O_CREAT|O_RDWR, 0600)
a: fd = memfd_create("m")
a: ftruncate(fd, size * 2)
a: p = mmap(0, size, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
a: touch(p, size, write)
a.t { load(a.p)  x = store(p + 8, -1) }
b[*]: q = mmap(16TiB, size, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
repeat 2 as i { b[i]: store(q + i * 4KiB, i == 1 ? 7 : ~i) }
parallel { b[0]: load(q)  b[1] { load(b[1].q) exec(q) } }
a: mincore(p, size)
a: fork(c)
c: mremap(p, size, size / 2, MREMAP_MAYMOVE)
c: rename("/tmp/x", "/tmp/y") fails ENOENT
c: exit(3)
a: wait(c)
a: wait() fails ECHILD
`;

describe("mshare export", () => {
  it("refuses what no real Linux can do, with the place", async () => {
    const cases: readonly (readonly [string, RegExp])[] = [
      ["kernel mshare-v3\nprocess a\na: load(0)", /only scenarios of `linux`/],
      ["process a\nkernel: reclaim(1)", /a\.mshare:2:\d+: `kernel:` and `cpu` operations/],
      ["process a\ncpu 1: switch_to(a)", /`kernel:` and `cpu` operations/],
      ['process a\na: open("/etc/x", O_CREAT|O_RDWR)', /Only files below \/dev\/shm and \/tmp/],
      ['process a\na: unlink("/tmp/../etc/x")', /`\.\.` could lead out/],
      ["process a\na: load(status(a).VmPTE)", /reads the simulated machine/],
      ["process a\na: laod(0)", /laod/],
    ];
    for (const [text, reason] of cases) {
      const { status, out, error } = await exported(text);
      assert.equal(status, 2, text);
      assert.equal(out, "");
      assert.match(error, reason);
    }
  });

  it("takes one file that is there", async () => {
    assert.equal((await mshare(["export"])).status, 2);
    assert.equal((await mshare(["export", "nowhere.mshare"])).status, 2);
    assert.equal((await mshare(["export", "a.mshare", "b.mshare"], { "a.mshare": "", "b.mshare": "" })).status, 2);
  });

  it("keeps its own memory away from every address that the scenario names", async () => {
    const area = async (text: string) => BigInt(/#define AREA (0x[0-9a-f]+)UL/.exec((await exported(text)).out)![1]!);
    const plain = await area("process a\na: load(16TiB)");
    const moved = await area(`process a\na: load(${plain})`);
    const computed = await area(`let far = ${plain} - 4096\nprocess a\na: load(far + 4096)`);
    assert.notEqual(moved, plain);
    assert.notEqual(computed, plain);
  });

  it("writes each statement above the C that does it", async () => {
    const { out } = await exported("process a\na: p = mmap(0, 4KiB, PROT_READ, MAP_SHARED|MAP_ANONYMOUS, -1, 0)");
    assert.match(out, /\/\* a: p = mmap\(0, 4KiB, .*\*\/\n\s+perform\(&\(struct call\)\{.*SYS_mmap/);
  });

  describe("on this machine", () => {
    before(skipWithoutCompiler);

    it("compiles everything without a warning, and the program prints JSON", async function () {
      this.timeout(60_000);
      const { out, status, error } = await exported(everything);
      assert.equal(status, 0, error);
      const program = await native.compile(out);
      if (typeof program === "string") assert.fail(program);
      const ran = await program.run([]);
      const unknown = await program.run(["7"]);
      program.remove();
      assert.equal(ran.status, 0, ran.error);
      const { statements } = JSON.parse(ran.out) as { statements: { actor: string; call: string; errno?: string }[] };
      assert.deepEqual(
        statements.slice(-7).map(({ actor, call, errno }) => `${actor} ${call}${errno ? ` errno ${errno}` : ""}`),
        ["a mincore", "a fork", "c mremap", "c rename errno 2", "c exit", "a wait", "a wait errno 10"],
      );
      assert.equal(unknown.status, 2);
    });

    it("does not run what would hit its own memory or the machine's", async function () {
      this.timeout(60_000);
      for (const [call, reason] of [
        ["munmap(0, 128TiB - 4KiB)", /own memory/],
        ["madvise(0, 4KiB, MADV_HWPOISON)", /takes memory away/],
      ] as const) {
        const program = await native.compile((await exported(`process a\na: ${call}`)).out);
        if (typeof program === "string") assert.fail(program);
        const { status, error } = await program.run([]);
        program.remove();
        assert.equal(status, 2);
        assert.match(error, reason);
      }
    });
  });
});

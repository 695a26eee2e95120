// Huge pages, on Linux and in the simulator: PMD sharing and reservations compared, the pool left as it was found.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkFile, exportScenarios, randomHugetlbScenario } from "../../sim/session.ts";
import { mshare, shared, skipWithoutCompiler } from "./machine.ts";

const SHARING = `machine { hugepages: 8 }
process k0 on cpu 0
process k1 on cpu 1
k0: fd = memfd_create("x", MFD_HUGETLB)
k0: ftruncate(fd, 1GiB) == 0
k0: ftruncate(fd, 1GiB + 4KiB) fails EINVAL
k0: p = mmap(16TiB, 1GiB, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED|MAP_NORESERVE, fd, 0)
repeat 4 as i { k0: store(p + i*2MiB, i + 1) }
k0: fork(k1)
k1: load(p) == 1
k1: mprotect(p, 2MiB, PROT_READ) == 0
k1: load(p + 4MiB) == 3
k1: munmap(p + 512MiB, 2MiB)
k0: madvise(p, 4MiB, MADV_REMOVE)
k0: mincore(p, 8MiB)
k1: munmap(p, 1GiB)
k0: q = mmap(0, 4MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_HUGETLB, -1, 0)
k0: store(q, 5)
k0: munmap(q, 4096) fails EINVAL
k0: munmap(q, 4MiB)
`;

/** The scenario that 6.18 never comes back from: a shared gigabyte that moves to where it could share a table. */
const HANGS = `machine { hugepages: 2 }
process a on cpu 0
a: fd = memfd_create("x", MFD_HUGETLB)
a: ftruncate(fd, 1GiB)
a: p = mmap(16TiB, 1GiB, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED|MAP_NORESERVE, fd, 0)
a: store(p, 1)
a: mremap(p, 1GiB, 1GiB, MREMAP_MAYMOVE|MREMAP_FIXED, 17TiB)
`;

/** One that is in the middle of something for seconds. */
const WAITS = `machine { hugepages: 3 }
process a
process b
a: mmap(16TiB, 4MiB, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS|MAP_HUGETLB|MAP_FIXED, -1, 0)
a: touch(16TiB, 4MiB, write)
a: fork(b)
a: wait()
`;

/** More in CI. */
const PROGRAMS = process.env["CI"] ? 100 : 20;

const pool = () => /^HugePages_Total: +\d+$/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[0];

/** The pool when nobody has set pages aside for a moment: a program that does keeps the lock for seconds at most. */
async function quietPool(): Promise<string | undefined> {
  let least = pool();
  const pages = (line: string | undefined) => Number(line?.match(/\d+/)?.[0] ?? 0);
  for (let tries = 0; tries < 100 && pages(least) > 0; tries++) {
    await new Promise((done) => setTimeout(done, 50));
    const now = pool();
    if (pages(now) < pages(least)) least = now;
  }
  return least;
}

/** Others on this machine may have pages set aside at this moment, and give them back. */
async function comesBackTo(before: string | undefined): Promise<void> {
  for (let tries = 0; tries < 600 && pool() !== before; tries++) await new Promise((done) => setTimeout(done, 100));
  assert.equal(pool(), before);
}

describe("huge pages", () => {
  it("random programs are well formed, and the same for the same seed", () => {
    for (let seed = 0; seed < 200; seed++) {
      const text = randomHugetlbScenario(seed);
      const checked = checkFile({ read: () => text }, "random.mshare");
      assert.ok(
        !("missing" in checked) && !checked.refused,
        `seed ${seed}: ${"text" in checked ? checked.text[0] : ""}`,
      );
      assert.equal(randomHugetlbScenario(seed), text);
    }
  });

  describe("on this machine", () => {
    before(skipWithoutCompiler);

    it("what would wait for itself in the kernel is not run", async function () {
      this.timeout(120_000);
      const { status, error } = await mshare(["conform", "a.mshare"], { "a.mshare": HANGS });
      assert.equal(status, 2);
      assert.match(error, /deadlock/);
    });

    it(`${PROGRAMS} random programs agree, the pool is left as it was`, async function () {
      this.timeout(120_000 + PROGRAMS * 10_000);
      if (process.getuid?.() !== 0) {
        console.log("  huge pages: random programs are not run, setting pages aside needs root");
        this.skip();
      }
      const before = await quietPool();
      const judge = (count: number, seed: number) =>
        mshare(["conform", "--random", `${count}`, "--seed", `${seed}`, "--hugetlb"], {}, shared);
      const { status, out, error } = await judge(PROGRAMS, 3001);
      assert.notEqual(status, 2, error);
      // The machine looks at its pages too: what does not come again was that.
      for (const [, seed] of out.matchAll(/^seed (\d+) differs/gm)) {
        const again = await judge(1, Number(seed));
        assert.equal(again.status, 0, again.out + again.error);
      }
      await comesBackTo(before);
    });

    for (const signal of ["SIGKILL", "SIGINT"] as const)
      it(`the pool comes back when the program gets ${signal}, even twice`, async function () {
        this.timeout(180_000);
        if (process.getuid?.() !== 0) this.skip();
        const exported = exportScenarios({ read: () => WAITS }, [{ program: "a.mshare" }]);
        assert.ok("source" in exported);
        const folder = mkdtempSync(join(tmpdir(), "mshare-pool-"));
        const [source, program] = [join(folder, "a.c"), join(folder, "a")];
        writeFileSync(source, exported.source);
        assert.equal(spawnSync("cc", ["-O0", "-w", "-o", program, source]).status, 0);
        const before = await quietPool();
        const child = spawn(program, ["all", "quick"], { stdio: ["ignore", "pipe", "inherit"], detached: true });
        const ended = new Promise((done) => child.on("exit", done));
        // The description of the machine is printed when the pool is there.
        const text = await new Promise<string>((done) =>
          child.stdout.on("data", (part) => /\{/.test(`${part}`) && done(`${part}`)),
        );
        assert.match(text, /"hugepages":3,/);
        // All of its group, as from a terminal.
        process.kill(-child.pid!, signal);
        await new Promise((done) => setTimeout(done, 5));
        try {
          process.kill(-child.pid!, signal);
        } catch {}
        await ended;
        rmSync(folder, { recursive: true });
        await comesBackTo(before);
      });

    const compared = {
      "shared PMD tables, reservations and the pool": SHARING,
      "every call on huge pages": readFileSync("test/scenarios/conform-hugetlb/edges-of-hugetlb.mshare", "utf8"),
    };
    for (const [what, text] of Object.entries(compared))
      it(`${what} agree; without a pool the run says so`, async function () {
        this.timeout(180_000);
        const before = await quietPool();
        const { status, out, error } = await mshare(["conform", "a.mshare", "--json"], { "a.mshare": text });
        const { verdict, machine, differences } = JSON.parse(out) as {
          verdict: string;
          machine: { hugepages: number };
          differences: unknown[];
        };
        assert.equal(typeof machine.hugepages, "number", "how large the pool was is said");
        assert.notEqual(verdict, "differ", JSON.stringify(differences) + error);
        assert.notEqual(status, 1);
        await comesBackTo(before);
        if (machine.hugepages === 0) {
          console.log("  huge pages: none could be set aside here (that needs root); compared without any");
          this.skip();
        }
      });
  });
});

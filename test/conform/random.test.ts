// Random programs, on Linux and in the simulator: 2,000 in CI, else 300. MSHARE_CONFORM_PROGRAMS sets how many,
// MSHARE_CONFORM_SEED the first.
import assert from "node:assert/strict";
import { checkFile, randomScenario, shrink } from "../../sim/session.ts";
import { mshare, shared, skipWithoutCompiler } from "./machine.ts";

const programs = Number(process.env["MSHARE_CONFORM_PROGRAMS"] ?? (process.env["CI"] ? "2000" : "300"));
const seed = Number(process.env["MSHARE_CONFORM_SEED"] ?? "1");

describe("random programs", () => {
  it("are well formed: 1 to 4 processes, 5 to 60 calls, and the same for the same seed", () => {
    for (let i = 0; i < 300; i++) {
      const text = randomScenario(i);
      const checked = checkFile({ read: () => text }, "random.mshare");
      assert.ok(!("missing" in checked) && !checked.refused, `seed ${i}: ${"text" in checked ? checked.text[0] : ""}`);
      const lines = text.trim().split("\n");
      const declared = lines.filter((line) => line.startsWith("process ")).length;
      assert.ok(declared >= 1 && declared <= 4, `seed ${i}`);
      assert.ok(lines.length - declared <= 60, `seed ${i}`);
      assert.equal(randomScenario(i), text);
    }
  });

  it("use every kind of call", () => {
    const calls = new Set<string>();
    for (let i = 0; i < 300; i++)
      for (const [, call] of randomScenario(i).matchAll(/: (?:\w+ = )?(\w+)\(/g)) calls.add(call!);
    const wanted =
      "close dup exec exit fallocate fcntl fork fsync ftruncate link load lseek madvise memfd_create mincore mkdir mlock mlock2 mlockall mmap mprotect mremap msync munlock munlockall munmap open read rename rmdir store touch unlink wait write";
    assert.deepEqual([...calls].sort(), wanted.split(" "));
  });

  it("shrink to what matters", async () => {
    const lines = Array.from({ length: 40 }, (_, i) => `a: touch(16TiB + ${i}MiB, 64KiB)`);
    const needs = (text: string) => /\+ 7MiB/.test(text) && /\+ 30MiB/.test(text);
    const small = await shrink(lines.join("\n"), async (texts) => texts.map(needs));
    assert.equal(small, "a: touch(16TiB + 7MiB, 4KiB)\na: touch(16TiB + 30MiB, 4KiB)\n");
  });

  describe("on this machine", () => {
    before(skipWithoutCompiler);

    it("say the same however many processes judge them", async function () {
      this.timeout(300_000);
      const run = async (workers: number) =>
        mshare(["conform", "--random", "12", "--seed", "70001", "--workers", `${workers}`, "--json"], {}, shared);
      const [one, three] = [await run(1), await run(3)];
      assert.deepEqual([one.status, three.status], [0, 0], one.out + three.error);
      const tally = (out: string) => JSON.parse(out.trim().split("\n").at(-1)!) as Record<string, unknown>;
      const { programs, statements, seed: first, next } = tally(one.out);
      const other = tally(three.out);
      assert.deepEqual([programs, first, next], [12, 70001, 70013]);
      assert.deepEqual(other["statements"], statements);
    });

    it(`${programs} of them agree`, async function () {
      this.timeout(60_000 + programs * 2_000);
      const { status, out, error } = await mshare(
        ["conform", "--random", `${programs}`, "--seed", `${seed}`],
        {},
        shared,
      );
      assert.equal(status, 0, out + error);
      assert.match(out, new RegExp(`^${programs} random programs`, "m"));
    });
  });
});

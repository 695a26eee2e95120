// Random programs, on Linux and in the simulator: 2,000 in CI, else 300. MSHARE_CONFORM_PROGRAMS sets how many,
// MSHARE_CONFORM_SEED the first.
import assert from "node:assert/strict";
import {
  checkFile,
  type RealMachine,
  randomLargeScenario,
  randomScenario,
  shrink,
  simulateOn,
} from "../../sim/session.ts";
import { mshare, shared, skipWithoutCompiler } from "./machine.ts";

const programs = Number(process.env["MSHARE_CONFORM_PROGRAMS"] ?? (process.env["CI"] ? "2000" : "300"));
const seed = Number(process.env["MSHARE_CONFORM_SEED"] ?? "1");

const named = (prefix: string, names: string) => names.split(" ").map((name) => `${prefix}_${name}`);

/** Every flag and advice that the simulated calls know, but for huge pages, which programs of their own use, and what harms the machine. */
const FLAGS = [
  ...named("PROT", "NONE READ WRITE EXEC GROWSDOWN GROWSUP SEM"),
  ...named("MAP", "SHARED PRIVATE SHARED_VALIDATE DROPPABLE ANONYMOUS FIXED FIXED_NOREPLACE NORESERVE POPULATE LOCKED"),
  ...named("MAP", "GROWSDOWN STACK NONBLOCK 32BIT SYNC"),
  ...named("MREMAP", "MAYMOVE FIXED DONTUNMAP"),
  ...named(
    "MADV",
    "NORMAL RANDOM SEQUENTIAL WILLNEED DONTNEED FREE REMOVE DONTFORK DOFORK MERGEABLE UNMERGEABLE HUGEPAGE",
  ),
  ...named("MADV", "NOHUGEPAGE DONTDUMP DODUMP WIPEONFORK KEEPONFORK COLD PAGEOUT POPULATE_READ POPULATE_WRITE"),
  ...named("MADV", "DONTNEED_LOCKED COLLAPSE GUARD_INSTALL GUARD_REMOVE"),
  ...named("MCL", "CURRENT FUTURE ONFAULT"),
  "MLOCK_ONFAULT",
  ...named("MS", "SYNC ASYNC INVALIDATE"),
  ...named("FALLOC_FL", "KEEP_SIZE PUNCH_HOLE ZERO_RANGE"),
  ...named("O", "CREAT EXCL RDONLY WRONLY RDWR TRUNC APPEND NONBLOCK CLOEXEC"),
  ...named("SEEK", "SET CUR END DATA HOLE"),
  ...named("F", "ADD_SEALS GET_SEALS SEAL_SEAL SEAL_SHRINK SEAL_GROW SEAL_WRITE SEAL_FUTURE_WRITE SEAL_EXEC"),
  ...named("MFD", "CLOEXEC ALLOW_SEALING EXEC NOEXEC_SEAL"),
  ...named("UFFDIO", "API REGISTER UNREGISTER WAKE COPY ZEROPAGE CONTINUE WRITEPROTECT"),
];

/** One like any other. */
const MACHINE: RealMachine = {
  kernel: "6.18.0",
  ...{ thp: "never", overcommit: "0", memory: 2 ** 34, swap: 0, readsAhead: false, pageCluster: 0, swapDevice: "none" },
  ...{ cpus: 2, hugepages: 0, root: true, ages: false, randomized: false, frames: true, scan: true, full: true },
};

describe("random programs", () => {
  it("are well formed: 1 to 4 processes, 5 to 60 calls, and the same for the same seed", () => {
    for (let i = 0; i < 300; i++) {
      const text = randomScenario(i);
      const checked = checkFile({ read: () => text }, "random.mshare");
      assert.ok(!("missing" in checked) && !checked.refused, `seed ${i}: ${"text" in checked ? checked.text[0] : ""}`);
      const lines = text.trim().split("\n");
      const declared = lines.filter((line) => line.startsWith("process ")).length;
      const threads = lines.filter((line) => line.startsWith("thread ")).length;
      assert.ok(declared >= 1 && declared <= 4, `seed ${i}`);
      assert.ok(lines.length - declared - threads <= 60, `seed ${i}`);
      assert.equal(randomScenario(i), text);
    }
  });

  it("may be large: more processes and calls", () => {
    for (let i = 0; i < 50; i++) {
      const text = randomLargeScenario(i);
      const checked = checkFile({ read: () => text }, "random.mshare");
      assert.ok(!("missing" in checked) && !checked.refused, `seed ${i}: ${"text" in checked ? checked.text[0] : ""}`);
    }
  });

  it("use every kind of call, flag and advice", () => {
    const texts = Array.from({ length: 3000 }, (_, i) => randomScenario(i));
    const calls = new Set<string>();
    const names = new Set<string>();
    for (const text of texts) {
      for (const [, call] of text.matchAll(/: (?:\w+ = )?(\w+)\(/g)) calls.add(call!);
      for (const [name] of text.matchAll(/\b[A-Z][A-Z0-9]*_[A-Z0-9_]+/g)) names.add(name);
    }
    const wanted =
      "close dup exec exit fallocate fcntl fork fsync ftruncate ioctl link load lseek madvise memfd_create mincore mkdir mlock mlock2 mlockall mmap mprotect mremap msync munlock munlockall munmap open pagemap read rename rmdir smaps status store touch unlink userfaultfd wait write";
    assert.deepEqual([...calls].sort(), wanted.split(" "));
    for (const name of FLAGS) assert.ok(names.has(name), `${name} is not drawn in 3,000 programs`);
  });

  it("have faults that wait for another's answer, and nobody waits for ever", () => {
    let waiting = 0;
    for (let i = 0; i < 400; i++) {
      const text = randomScenario(i);
      if (!text.includes("parallel {")) continue;
      waiting++;
      const simulated = simulateOn({ read: () => text }, { program: "random.mshare" }, MACHINE, () => "counters");
      assert.ok(!("refused" in simulated), `seed ${i}: ${"refused" in simulated ? simulated.message : ""}`);
    }
    assert.ok(waiting > 40, `${waiting} of 400 programs`);
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

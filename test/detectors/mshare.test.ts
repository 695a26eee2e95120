// The known bugs of the first sharing design, as measured on a real kernel with its patches (docs/designs), are found; with
// all of them mended nothing is.
import assert from "node:assert/strict";
import { mshareV3 } from "../../sim/designs/mshare-v3/index.ts";
import {
  MADV_PAGEOUT,
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_SHARED,
  PROT_READ,
  PROT_WRITE,
} from "../../sim/kernel/uapi/mman.ts";
import { interleave } from "./interleaved.ts";
import { type Watched, watched } from "./watched.ts";

const START = 2 ** 41;
const SIZE = 2 ** 39;
const FILE = "/sys/fs/mshare/db";
const constant = (name: string) => Number(mshareV3.constants.find((each) => each.name === name)!.value);

/** A region with 64 MiB of memory, mapped by two processes on two CPUs. */
function region(fixes: readonly string[] = [], prot = PROT_READ | PROT_WRITE): Watched {
  const m = watched([0, 1], mshareV3.patch, { version: "6.12", swap: 2 ** 24, fixes: new Set(fixes) });
  const fd = m.sys(0, "open", FILE, 0o102, 0o600);
  m.sys(0, "ioctl", fd, constant("MSHAREFS_SET_SIZE"), { start: BigInt(START), size: BigInt(SIZE) });
  const mapping = {
    addr: BigInt(START),
    size: 2n ** 26n,
    offset: 0n,
    prot: BigInt(prot),
    flags: BigInt(MAP_ANONYMOUS | MAP_SHARED | MAP_FIXED),
    fd: 0xffff_ffffn,
  };
  assert.equal(m.sys(0, "ioctl", fd, constant("MSHAREFS_CREATE_MAPPING"), mapping), 0);
  attach(m, 0, fd);
  attach(m, 1, m.sys(1, "open", FILE, 2));
  return m;
}

function attach(m: Watched, who: number, fd: number, prot = PROT_READ | PROT_WRITE): void {
  assert.equal(m.sys(who, "mmap", START, SIZE, prot, MAP_SHARED, fd, 0), START);
}

const ALL = ["all"];
const kinds = (m: Watched) => [...new Set(m.kinds())].sort();

describe("detectors on shared page tables", () => {
  it("C5: the first fault takes mmap_lock inside mmap_lock; reported once, whatever follows", () => {
    const m = region();
    m.store(0, START);
    assert.deepEqual(m.kinds(), ["lock-recursion"]);
    m.touch(1, START, 2 ** 16, "write");
    assert.deepEqual(m.kinds(), ["lock-recursion"]);
    const [{ message, stack, task }] = m.detectors.reports() as [ReturnType<Watched["detectors"]["reports"]>[0]];
    assert.match(message, /\(&mm->mmap_lock\) of mm_struct/);
    assert.match(stack, /find_shared_vma/);
    assert.equal(task, "p0");
  });

  it("C1: munmap leaves the tables linked, and the memory readable", () => {
    const m = region();
    m.touch(1, START, 4096, "write");
    m.touch(0, START, 4096, "write");
    assert.equal(m.sys(0, "munmap", START, SIZE), 0);
    assert.deepEqual(kinds(m), ["dangling-page-table", "lock-recursion"]);
    assert.match(
      m.message("dangling-page-table"),
      /the PGD entry of p0 for 0x20000000000-0x28000000000 still leads to the PUD table .* no VMA of p0 is left/,
    );
    assert.equal(m.load(0, START), 0);
    assert.deepEqual(kinds(m), ["dangling-page-table", "lock-recursion", "permission-bypass"]);
    assert.match(m.message("permission-bypass"), /p0 reads 0x20000000000 .* but has no VMA there/);
  });

  it("C1: a process that never touched the region has nothing left", () => {
    const m = region();
    m.store(1, START);
    m.sys(0, "munmap", START, SIZE);
    assert.deepEqual(kinds(m), ["lock-recursion"]);
  });

  it("C3: a CPU walks the freed tables through the entry that was left", () => {
    const m = region();
    m.touch(0, START, 2 ** 16, "write");
    m.sys(0, "munmap", START, SIZE);
    m.sys(0, "close", 3);
    m.sys(1, "munmap", START, SIZE);
    m.sys(1, "close", 3);
    assert.equal(m.sys(1, "unlink", FILE), 0);
    const freed = m.detectors
      .reports()
      .filter(({ kind, message }) => kind === "dangling-page-table" && /freed while/.test(message));
    assert.equal(freed.length, 1);
    assert.match(m.message("missing-tlb-flush"), /is freed while CPU 0 may still use its translation of p0/);
    m.touch(0, START, 2 ** 17, "read");
    for (const kind of ["use-after-free", "stale-tlb-access"]) assert.ok(m.kinds().includes(kind), kind);
    assert.match(m.message("use-after-free"), /page walk of CPU 0 at .* reads pfn:.* a freed page table/);
  });

  it("C4: a guest's mprotect leaves the other's translation writable", () => {
    const m = region();
    m.touch(0, START, 4096, "write");
    m.touch(1, START, 4096, "write");
    assert.equal(m.sys(0, "mprotect", START, SIZE, PROT_READ), 0);
    assert.match(
      m.message("missing-tlb-flush"),
      /p0 returns to user space while CPU 1 may still use its translation of p1/,
    );
    assert.equal(m.store(1, START), 0);
    assert.match(m.message("stale-tlb-access"), /p1 writes 0x20000000000 on CPU 1 through a stale translation/);
    // Another page: the entry becomes writable again, for both.
    m.touch(1, START + 4096, 4096, "write");
    assert.equal(m.store(0, START + 4096), 0);
    assert.match(m.message("permission-bypass"), /p0 writes 0x20000001000 .* but its VMA does not permit it/);
  });

  it("C4: a page of the region that goes to swap is read on, by whoever has the frame then", () => {
    const m = region();
    m.store(0, START, 42);
    m.load(1, START);
    assert.equal(m.sys(0, "madvise", START, 4096, MADV_PAGEOUT), 0);
    const flushes = m.detectors.reports().filter(({ kind }) => kind === "missing-tlb-flush");
    assert.equal(flushes.length, 2, "on both CPUs");
    assert.match(
      flushes[1]!.message,
      /page pfn:.* is freed while CPU 1 may still use its translation of p1 for 0x20000000000/,
    );
    m.load(1, START);
    assert.match(
      m.message("stale-tlb-access"),
      /p1 reads 0x20000000000 on CPU 1 through a stale translation .* free now/,
    );
    assert.match(m.message("data-mismatch"), /p1 reads .* a frame in use as free/);
  });

  it("a read-only mapping in the region that a guest may write is faulted on forever", () => {
    const m = region([], PROT_READ);
    m.store(0, START);
    assert.ok(m.kinds().includes("livelock"));
  });

  it("the region's memory is charged to a task that has ended", () => {
    const m = region();
    m.store(0, START);
    m.sys(0, "exit", 0);
    assert.ok(!m.kinds().includes("accounting-mismatch"));
    m.store(1, START + 2 ** 22);
    assert.match(m.message("accounting-mismatch"), /db is charged to p0, which has ended/);
  });

  it("mended, it breaks no rule: one after the other", () => {
    const m = region(ALL);
    m.touch(0, START, 2 ** 16, "write");
    m.touch(1, START, 2 ** 17, "read");
    m.store(1, START + 2 ** 24);
    m.sys(1, "madvise", START, 2 ** 16, MADV_PAGEOUT);
    m.touch(0, START, 2 ** 15, "read");
    m.sys(0, "munmap", START, SIZE);
    m.load(0, START);
    m.sys(1, "mprotect", START, SIZE, PROT_READ);
    m.sys(1, "munmap", START, SIZE);
    for (const p of [0, 1]) m.sys(p, "close", 3);
    m.sys(1, "unlink", FILE);
    for (const p of [0, 1]) m.sys(p, "exit", 0);
    m.detectors.endOfRun();
    assert.deepEqual(m.detectors.reports(), []);
  });

  it("mended, it breaks no rule, however faults and munmap interleave", () => {
    for (let seed = 0; seed < 30; seed++) {
      const m = region(ALL);
      const units = [0, 1].map((who) => [
        ...Array.from({ length: 6 }, (_, i) => ({ name: "user_store", args: [START + i * 2 ** 21, who, 0] })),
        { name: "do_syscall", args: ["madvise", [START, 2 ** 23, MADV_PAGEOUT]] },
        { name: "user_load", args: [START] },
        { name: "do_syscall", args: ["munmap", [START, SIZE]] },
        { name: "user_load", args: [START] },
      ]);
      interleave(m, [0, 1], seed, (who) => units[who]!.shift());
      for (const p of [0, 1]) m.sys(p, "exit", 0);
      m.detectors.endOfRun();
      assert.deepEqual(m.detectors.reports(), [], `seed ${seed}`);
    }
  });
});

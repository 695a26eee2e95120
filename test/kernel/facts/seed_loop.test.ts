// The seed's loop (facts, "Throughput and the seed's loop"; seed 001_5d4c5ce83120c2c8.txt): 50 GiB are mapped, then 2 MiB after
// 2 MiB of them is touched and given back by MADV_DONTNEED. On 6.18.44 VmPTE was 44 kB before and 244 kB after; unpatched kernels
// without PT_RECLAIM kept every table, 102640 kB in the seed.
import assert from "node:assert/strict";
import { passes } from "../../scenario/run/running.ts";
import { drive, noPatch } from "../harness.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const PRIVATE_NORESERVE = 0x4022;
const MADV_DONTNEED = 4;

/** kB that VmPTE grows by. The page tables of what a program has besides are there before. */
function grows(version: "6.18" | "6.12"): number {
  const driver = drive([0], noPatch, { version, memory: GIB });
  const other = driver.call(0, "sys_mmap", 0, 4096, 3, PRIVATE_NORESERVE, -1, 0);
  driver.touch(0, other, 4096, "write");
  const mm = driver.task(0).mm!;
  const before = mm.pgtables_bytes;
  const start = driver.call(0, "sys_mmap", 0, 50 * GIB, 3, PRIVATE_NORESERVE, -1, 0);
  for (let at = start; at < start + 50 * GIB; at += 2 * MIB) {
    // A page of the 512: which of them are touched makes no difference to tables.
    driver.touch(0, at + ((at / MIB) % 512) * 4096, 4096, "write");
    driver.call(0, "sys_madvise", at, 2 * MIB, MADV_DONTNEED);
  }
  return (mm.pgtables_bytes - before) / 1024;
}

describe("the seed's loop over 50 GiB", function () {
  this.timeout(60_000);

  it("leaves 200 kB of page tables on 6.18: the PMD tables", () => {
    assert.equal(grows("6.18"), 244 - 44);
  });

  it("leaves the PTE tables too on 6.12: 102640 kB where a program has 40 kB besides", () => {
    assert.equal(grows("6.12"), 102640 - 40);
  });
});

describe("pt_reclaim", () => {
  for (const [options, left] of [
    ["", 8],
    ["pt_reclaim: on", 8],
    ["pt_reclaim: off", 12],
    ['version: "6.12"', 12],
    ['version: "6.12", pt_reclaim: on', 8],
  ] as const)
    it(`{ ${options} }: MADV_DONTNEED of a table's 2 MiB leaves ${left} kB`, () =>
      void passes(`kernel linux { ${options} }
        machine { cpus: 1, memory: 64MiB }
        process a
        a: p = mmap(16TiB, 2MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
        a: store(p, 1)
        a: madvise(p, 2MiB, MADV_DONTNEED)
        expect status(a).VmPTE == ${left}KiB`));
});

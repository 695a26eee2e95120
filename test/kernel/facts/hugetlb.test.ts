// Facts V: PMD-table sharing of hugetlb, as measured; and that processes get back what they were given.
import assert from "node:assert/strict";
import {
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_HUGETLB,
  MAP_NORESERVE,
  MAP_PRIVATE,
  MAP_SHARED,
  MFD_HUGETLB,
  MREMAP_FIXED,
  MREMAP_MAYMOVE,
  PROT_READ,
  PROT_WRITE,
} from "../../../sim/kernel/uapi/mman.ts";
import { type Driver, drive, noPatch } from "../harness.ts";

const BASE = 2 ** 44;
const MIB = 2 ** 20;
const HUGE = 2 * MIB;
const GIB = 2 ** 30;
const FD = 3;
const RW = PROT_READ | PROT_WRITE;
const SHARED = MAP_SHARED | MAP_FIXED | MAP_NORESERVE;

/** Two processes with the same file of huge pages, nothing mapped. */
function pair(version: "6.12" | "6.18", hugepages = 16): Driver {
  const d = drive([0, { cpu: 1, forked: true }], noPatch, { version, hugepages, memory: 2 ** 27 });
  assert.equal(d.call(0, "sys_memfd_create", "x", MFD_HUGETLB), FD);
  assert.equal(d.call(0, "sys_ftruncate", FD, GIB), 0);
  d.call(0, "sys_fork", d.task(1));
  return d;
}

const map = (d: Driver, who: number, bytes: number) =>
  assert.equal(d.call(who, "sys_mmap", BASE, bytes, RW, SHARED, FD, 0), BASE);
const vmPte = (d: Driver, who: number) => d.task(who).mm!.pgtables_bytes / 1024;
const pageTables = (d: Driver) => d.system.straight.vmstat.nr_pagetable * 4;
/** Hardware faults and minor faults of one access to each of the first four huge pages. */
function touch4(d: Driver, who: number, access: "read" | "write"): { hw: number; min: number } {
  const min = d.task(who).min_flt;
  let hw = 0;
  for (let i = 0; i < 4; i++) hw += d.touch(who, BASE + i * HUGE, 4096, access);
  return { hw, min: d.task(who).min_flt - min };
}

for (const version of ["6.12", "6.18"] as const) {
  describe(`hugetlb on ${version}`, () => {
    it("facts V: k1 shares k0's table with one counted fault, charged to both; a page added later is there for both", () => {
      const d = pair(version);
      map(d, 0, GIB);
      const [pte0, tables0] = [vmPte(d, 0), pageTables(d)];
      assert.equal(touch4(d, 0, "write").hw, 4);
      assert.equal(vmPte(d, 0) - pte0, 8);
      assert.equal(pageTables(d) - tables0, 8);
      map(d, 1, GIB);
      assert.deepEqual(touch4(d, 1, "read"), { hw: 1, min: 1 });
      assert.equal(vmPte(d, 1), 8);
      assert.equal(pageTables(d) - tables0, 12);
      assert.equal(d.touch(1, BASE + 4 * HUGE, 4096, "write"), 1);
      assert.equal(d.touch(0, BASE + 4 * HUGE, 4096, "read"), 0);
    });

    it("facts V: mprotect unshares; munmap leaves the other alone", () => {
      const d = pair(version);
      const tables0 = pageTables(d);
      map(d, 0, GIB);
      touch4(d, 0, "write");
      map(d, 1, GIB);
      touch4(d, 1, "read");
      assert.equal(d.call(1, "sys_mprotect", BASE, HUGE, PROT_READ), 0);
      assert.equal(vmPte(d, 1), 4);
      assert.equal(touch4(d, 1, "read").hw, 4);
      assert.equal(vmPte(d, 1), 8);
      assert.equal(pageTables(d) - tables0, 16);
      assert.equal(touch4(d, 0, "read").hw, 0);
      assert.equal(d.call(1, "sys_munmap", BASE, GIB), 0);
      assert.equal(vmPte(d, 1), 0);
      assert.equal(touch4(d, 0, "read").hw, 0);
    });

    it("facts V: fork copies no table of a shared mapping; one fault finds it", () => {
      const d = drive([0, { cpu: 1, forked: true }], noPatch, { version, hugepages: 8, memory: 2 ** 27 });
      d.call(0, "sys_memfd_create", "x", MFD_HUGETLB);
      d.call(0, "sys_ftruncate", FD, GIB);
      map(d, 0, GIB);
      touch4(d, 0, "write");
      d.call(0, "sys_fork", d.task(1));
      assert.equal(vmPte(d, 1) - vmPte(d, 0), -8);
      assert.equal(touch4(d, 1, "read").hw, 1);
      assert.equal(vmPte(d, 1), vmPte(d, 0));
    });

    it("facts V: below a whole gigabyte nothing is shared", () => {
      const d = pair(version);
      const tables0 = pageTables(d);
      map(d, 0, 512 * MIB);
      touch4(d, 0, "write");
      map(d, 1, 512 * MIB);
      assert.equal(touch4(d, 1, "read").hw, 4);
      assert.equal(pageTables(d) - tables0, 16);
      assert.equal(d.touch(1, BASE + 4 * HUGE, 4096, "write"), 1);
      assert.equal(d.touch(0, BASE + 4 * HUGE, 4096, "read"), 1);
    });

    it("gives back all huge pages and promises", () => {
      const d = pair(version, 8);
      const { hstate } = d.system.straight;
      map(d, 0, GIB);
      touch4(d, 0, "write");
      const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB;
      const q = d.call(1, "sys_mmap", 0, 2 * HUGE, RW, flags, -1, 0);
      assert.equal(hstate.resv_huge_pages, 2);
      assert.equal(d.touch(1, q, 4096, "write"), 1);
      assert.equal(hstate.resv_huge_pages, 1);
      assert.equal(d.call(1, "sys_munmap", q, 4096), -22);
      assert.equal(d.call(1, "sys_mmap", 0, 4 * HUGE, RW, flags, -1, 0), -12);
      for (const who of [0, 1]) d.call(who, "do_syscall", "exit", [0]);
      assert.equal(hstate.free_huge_pages, 8);
      assert.equal(hstate.resv_huge_pages, 0);
    });

    it("loses the promises of a private mapping whose part mremap moves, as Linux does", () => {
      const d = drive([0], noPatch, { version, hugepages: 8, memory: 2 ** 27 });
      const { hstate } = d.system.straight;
      const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_FIXED;
      assert.equal(d.call(0, "sys_mmap", BASE, 4 * HUGE, RW, flags, -1, 0), BASE);
      assert.equal(hstate.resv_huge_pages, 4);
      const move = MREMAP_MAYMOVE | MREMAP_FIXED;
      assert.equal(d.call(0, "sys_mremap", BASE, HUGE, HUGE, move, 2 * BASE), 2 * BASE);
      d.call(0, "sys_exit", 0);
      assert.equal(hstate.resv_huge_pages, 3);
    });
  });
}

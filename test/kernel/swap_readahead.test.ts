// Reading ahead in swap: what comes back with a page, by what swap is on. The windows by address are a real Linux's, see
// test/conform/swap.test.ts; those by slot follow mm/swap_state.c.
import assert from "node:assert/strict";
import { PG_readahead } from "../../sim/kernel/flags.ts";
import type { Config } from "../../sim/kernel/kernel.ts";
import { MADV_PAGEOUT } from "../../sim/kernel/uapi/mman.ts";
import { type Driver, drive, noPatch } from "./harness.ts";

const BASE = 2 ** 41;
const PRIVATE_ANON = 0x22;
const SHARED_ANON = 0x21;
const PAGES = 64;

interface Out {
  readonly flags?: number;
  readonly fork?: boolean;
}

/** Process 0 has 64 pages that are out, in memory no more; with `fork` process 2 has them too. */
function swappedOut(options: Partial<Config>, { flags = PRIVATE_ANON, fork = false }: Out = {}): Driver {
  const driver = drive([0, 1, { cpu: 0, forked: true }], noPatch, { memory: 2 ** 26, swap: 2 ** 24, ...options });
  driver.call(0, "sys_mmap", BASE, PAGES * 4096, 3, flags, -1, 0);
  driver.touch(0, BASE, PAGES * 4096, "write");
  driver.call(0, "sys_madvise", BASE, PAGES * 4096, MADV_PAGEOUT);
  // On a disk they are in the swap cache still, until somebody wants memory.
  driver.call(1, "kernel_reclaim", PAGES);
  assert.equal(driver.system.straight.vmstat.nr_swapcached, 0);
  if (fork) driver.call(0, "sys_fork", driver.task(2));
  return driver;
}

/** Major faults of a read of each of these pages, one after the other. */
const majors = (driver: Driver, pages: readonly number[], who = 0): number[] =>
  pages.map((page) => {
    const before = driver.task(who).maj_flt;
    driver.touch(who, BASE + page * 4096, 1, "read");
    return driver.task(who).maj_flt - before;
  });

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** Pages that are in the swap cache and not mapped. */
function ahead(driver: Driver): number[] {
  const told = driver.system.straight.do_mincore(driver.task(0).mm!, BASE, PAGES)!;
  const k = driver.system.straight;
  return range(0, PAGES).filter(
    (page) => told[page] === 1 && k.walk_entries(driver.task(0).mm!, BASE + page * 4096)[3] % 2 === 0,
  );
}

describe("reading ahead in swap", () => {
  it("does not happen where vm.page-cluster is 0", () => {
    for (const swapDevice of ["zram", "ssd", "disk"] as const) {
      const driver = swappedOut({ swapDevice, pageCluster: 0 });
      assert.deepEqual(majors(driver, range(0, 8)), Array(8).fill(1));
      assert.equal(driver.system.straight.vmstat.swap_ra, 0);
    }
  });

  it("does not happen for a page that only one process has on swap in memory", () => {
    const driver = swappedOut({ swapDevice: "zram", pageCluster: 3 });
    assert.deepEqual(majors(driver, range(0, 8)), Array(8).fill(1));
    assert.equal(driver.system.straight.vmstat.nr_swapcached, 0);
  });

  for (const [swapDevice, fork] of [
    ["zram", true],
    ["ssd", false],
  ] as const)
    it(`takes eight pages around the address at first, on ${swapDevice}${fork ? " where two have the page" : ""}`, () => {
      const driver = swappedOut({ swapDevice, pageCluster: 3 }, { fork });
      assert.deepEqual(majors(driver, [20]), [1]);
      // Half of the window below the address, the other half above it.
      assert.deepEqual(ahead(driver), [17, 18, 19, 21, 22, 23, 24]);
      const { vmstat } = driver.system.straight;
      assert.deepEqual([vmstat.swap_ra, vmstat.swap_ra_hit, vmstat.pswpin], [7, 0, 8]);
      assert.deepEqual(majors(driver, [21, 22]), [0, 0]);
      assert.equal(vmstat.swap_ra_hit, 2);
    });

  it("goes in the direction of the faults, with as large a window as pages were used", () => {
    const driver = swappedOut({ swapDevice: "ssd", pageCluster: 3 });
    majors(driver, range(20, 25));
    // Four hits: the next window of eight begins at the address that follows the last one.
    assert.deepEqual(majors(driver, [25]), [1]);
    assert.deepEqual(ahead(driver), [17, 18, 19, ...range(26, 33)]);
    assert.deepEqual(majors(driver, range(26, 34)), [0, 0, 0, 0, 0, 0, 0, 1]);
  });

  it("becomes less where nothing of it is used, by half at most", () => {
    const driver = swappedOut({ swapDevice: "ssd", pageCluster: 3 });
    const { vmstat } = driver.system.straight;
    const read = (page: number) => {
      const before = vmstat.pswpin;
      majors(driver, [page]);
      return vmstat.pswpin - before;
    };
    assert.deepEqual([read(4), read(20), read(40), read(60)], [8, 4, 2, 1]);
  });

  it("stays within the VMA and its page table", () => {
    const driver = swappedOut({ swapDevice: "ssd", pageCluster: 3 });
    majors(driver, [0]);
    assert.deepEqual(ahead(driver), [1, 2, 3, 4]);
  });

  it("goes by slots on a disk that rotates, whoever has them", () => {
    const driver = swappedOut({ swapDevice: "disk", pageCluster: 3 });
    // Slots count from 1, and eight that are read together begin at a multiple of eight.
    majors(driver, [20]);
    assert.deepEqual(ahead(driver), [15, 16, 17, 18, 19, 21, 22]);
    assert.deepEqual(majors(driver, range(15, 23)), Array(8).fill(0));
  });

  it("of a file: by slots, on every device but one in memory; there 6.12 does it too", () => {
    const pages = (swapDevice: Config["swapDevice"], version: Config["version"]) => {
      const driver = swappedOut({ swapDevice, pageCluster: 3, version }, { flags: SHARED_ANON });
      majors(driver, [20]);
      return driver.system.straight.vmstat.pswpin;
    };
    assert.deepEqual(
      [pages("zram", "6.18"), pages("zram", "6.12"), pages("ssd", "6.18"), pages("disk", "6.18")],
      [1, 8, 8, 8],
    );
  });

  it("reads what it finds, and the pages are whose they were", () => {
    for (const swapDevice of ["zram", "ssd", "disk"] as const)
      for (const flags of [PRIVATE_ANON, SHARED_ANON]) {
        const driver = drive([0, 1], noPatch, { memory: 2 ** 26, swap: 2 ** 24, swapDevice, pageCluster: 3 });
        for (const [who, at] of [
          [0, BASE],
          [1, BASE],
        ] as const) {
          driver.call(who, "sys_mmap", at, PAGES * 4096, 3, who === 0 ? flags : PRIVATE_ANON, -1, 0);
          for (let i = 0; i < PAGES; i++) driver.call(who, "user_store", at + i * 4096, 1000 * who + i, 0);
        }
        driver.call(1, "kernel_reclaim", 2 * PAGES);
        driver.call(1, "kernel_reclaim", 2 * PAGES);
        for (const i of [...range(0, PAGES)].reverse())
          for (const who of [0, 1]) {
            driver.call(who, "user_load", BASE + i * 4096);
            assert.equal(driver.task(who).load_low, 1000 * who + i);
          }
        driver.call(0, "sys_exit", 0);
        driver.call(1, "sys_exit", 0);
        const { vmstat } = driver.system.straight;
        assert.deepEqual([vmstat.nr_swapcached, vmstat.total_swap_pages - vmstat.nr_swap_pages], [0, 0]);
      }
  });
});

describe("a page that goes to a disk", () => {
  it("stays in the swap cache until somebody wants memory, and comes back from there", () => {
    const driver = drive([0, 1], noPatch, { memory: 2 ** 26, swap: 2 ** 24, swapDevice: "ssd", pageCluster: 3 });
    driver.call(0, "sys_mmap", BASE, 16 * 4096, 3, PRIVATE_ANON, -1, 0);
    driver.touch(0, BASE, 16 * 4096, "write");
    driver.call(0, "sys_madvise", BASE, 16 * 4096, MADV_PAGEOUT);
    const mm = driver.task(0).mm!;
    const { vmstat } = driver.system.straight;
    assert.deepEqual([mm.rss_anon, mm.rss_swap, vmstat.nr_swapcached, vmstat.pswpout], [0, 16, 16, 16]);
    assert.deepEqual(majors(driver, [0, 1]), [0, 0]);
    assert.equal(driver.call(1, "kernel_reclaim", 64), 14);
    assert.equal(vmstat.nr_swapcached, 2);
    assert.deepEqual(majors(driver, [2]), [1]);
  });

  it("keeps no mark of reading ahead when it is used", () => {
    const driver = swappedOut({ swapDevice: "ssd", pageCluster: 3 });
    majors(driver, range(0, 5));
    const k = driver.system.straight;
    for (let pfn = 0; pfn < k.zone.fresh; pfn++) {
      const page = k.page(pfn);
      if (page.mapcount > 0) assert.equal(page.flags & PG_readahead, 0);
    }
  });
});

// Swap, from the outside: what a process sees of its pages going out and coming back, and what is counted.
import assert from "node:assert/strict";
import { entryPfn } from "../../sim/hardware/entry.ts";
import { type Driver, drive, noPatch } from "./harness.ts";

const BASE = 2 ** 41;
const KIB_256 = 2 ** 18;
const MADV_FREE = 8;
const MADV_RANDOM = 1;
const MADV_SEQUENTIAL = 2;
const MADV_WILLNEED = 3;
const MADV_PAGEOUT = 21;
const PRIVATE_ANON = 0x22;
const SHARED_ANON = 0x21;

const machine = (swap = 2 ** 24, memory = 2 ** 26): Driver =>
  drive([0, 1, { cpu: 0, forked: true }], noPatch, { version: "6.12", memory, swap });

function mapped(driver: Driver, flags: number, bytes = KIB_256): Driver {
  driver.call(0, "sys_mmap", BASE, bytes, 3, flags, -1, 0);
  driver.touch(0, BASE, bytes, "write");
  return driver;
}

const pageout = (driver: Driver, bytes = 4096): number => driver.call(0, "sys_madvise", BASE, bytes, MADV_PAGEOUT);
const pte = (driver: Driver, who: number): number => driver.system.straight.walk_entries(driver.task(who).mm!, BASE)[3];
const faults = (driver: Driver, who: number) => ({ min: driver.task(who).min_flt, maj: driver.task(who).maj_flt });

/** Faults of one access. */
function access(driver: Driver, who: number, how: "read" | "write") {
  const before = faults(driver, who);
  const hw = driver.touch(who, BASE, 1, how);
  const after = faults(driver, who);
  return { hw, min: after.min - before.min, maj: after.maj - before.maj, value: driver.task(who).load_low };
}

describe("swap", () => {
  for (const [kind, flags] of [
    ["private", PRIVATE_ANON],
    ["shared", SHARED_ANON],
  ] as const) {
    it(`C4e#1: MADV_PAGEOUT of ${kind} anonymous memory of one process, then a read: one major fault, the same data`, () => {
      const driver = mapped(machine(), flags);
      driver.call(0, "user_store", BASE, 0x1111, 0);
      assert.equal(pageout(driver), 0);
      assert.equal(pte(driver, 0) % 2, 0, "not present");
      assert.deepEqual(access(driver, 0, "read"), { hw: 1, min: 0, maj: 1, value: 0x1111 });
    });
  }

  it("C4: MADV_PAGEOUT flushes each page by itself on the only CPU that has it", () => {
    const driver = mapped(machine(), SHARED_ANON);
    pageout(driver, 16 * 4096);
    assert.equal(driver.count("tlb_flush"), 16);
    assert.equal(driver.count("ipi"), 0);
  });

  it("MADV_PAGEOUT leaves pages alone that two processes map", () => {
    const driver = mapped(machine(), PRIVATE_ANON);
    driver.call(0, "sys_fork", driver.task(2));
    pageout(driver);
    assert.equal(pte(driver, 0) % 2, 1);
    assert.equal(driver.count("swap_writepage"), 0);
  });

  it("counts what went out in VmSwap and SwapFree, and no more when it is back", () => {
    const driver = mapped(machine(), PRIVATE_ANON);
    const { vmstat } = driver.system.straight;
    const free = vmstat.nr_swap_pages;
    pageout(driver, KIB_256);
    const mm = driver.task(0).mm!;
    assert.deepEqual([mm.rss_anon, mm.rss_swap, free - vmstat.nr_swap_pages, vmstat.pswpout], [0, 64, 64, 64]);
    driver.touch(0, BASE, KIB_256, "read");
    assert.deepEqual([mm.rss_anon, mm.rss_swap, vmstat.nr_swap_pages, vmstat.pswpin], [64, 0, free, 64]);
  });

  it("a page that was a process's own comes back writable; a read is enough", () => {
    const driver = mapped(machine(), PRIVATE_ANON);
    pageout(driver);
    assert.equal(access(driver, 0, "read").hw, 1);
    assert.equal(access(driver, 0, "write").hw, 0);
  });

  it("after a fork two processes refer to a slot: the first reads it, the second finds it in the swap cache", () => {
    const driver = mapped(machine(), PRIVATE_ANON);
    driver.call(0, "user_store", BASE, 7, 0);
    pageout(driver);
    driver.call(0, "sys_fork", driver.task(2));
    assert.deepEqual(access(driver, 0, "read"), { hw: 1, min: 0, maj: 1, value: 7 });
    assert.deepEqual(access(driver, 2, "read"), { hw: 1, min: 1, maj: 0, value: 7 });
    driver.call(0, "user_store", BASE, 8, 0);
    assert.equal(access(driver, 2, "read").value, 7);
  });

  it("kernel_swap_out takes a page away from everybody who maps it", () => {
    const driver = mapped(machine(), PRIVATE_ANON);
    driver.call(0, "sys_fork", driver.task(2));
    assert.equal(driver.call(1, "kernel_swap_out", driver.task(0), BASE, KIB_256), 64);
    for (const who of [0, 2]) assert.equal(driver.task(who).mm!.rss_swap, 64);
    assert.equal(driver.system.straight.vmstat.pswpout, 64);
  });

  it("an address space that goes gives its slots back", () => {
    const driver = mapped(machine(), PRIVATE_ANON);
    const { vmstat } = driver.system.straight;
    const free = vmstat.nr_swap_pages;
    pageout(driver, KIB_256);
    driver.call(0, "sys_exit", 0);
    assert.equal(vmstat.nr_swap_pages, free);
  });

  it("without swap nothing goes out", () => {
    const driver = mapped(machine(0), PRIVATE_ANON);
    assert.equal(pageout(driver, KIB_256), 0);
    assert.equal(driver.task(0).mm!.rss_anon, 64);
  });

  it("a page that somebody else holds is unmapped, but not written: it stays in the swap cache as it is", () => {
    const driver = mapped(machine(), PRIVATE_ANON);
    const { straight } = driver.system;
    const page = straight.page(entryPfn(pte(driver, 0)));
    page.refcount++;
    assert.equal(pageout(driver), 0);
    assert.deepEqual([driver.count("add_to_swap_cache"), driver.count("swap_writepage")], [1, 0]);
    assert.deepEqual(access(driver, 0, "read").maj, 0);
    driver.call(0, "put_page", page);
  });

  it("a page that comes back into a locked mapping is locked only when reclaim looks at it", () => {
    const driver = mapped(machine(), PRIVATE_ANON);
    const { straight } = driver.system;
    pageout(driver);
    assert.equal(driver.call(0, "sys_mlock", BASE, 8192), 0);
    assert.equal(straight.vmstat.nr_mlock, 1, "the page that was never away");
    assert.deepEqual(driver.call(0, "folio_referenced", straight.page(entryPfn(pte(driver, 0)))), {
      ptes: 0,
      locked: true,
    });
    assert.equal(straight.vmstat.nr_mlock, 2);
  });

  it("what is read in order, or at random, is not kept for having been used", () => {
    for (const [advice, expected] of [
      [0, 1],
      [MADV_RANDOM, 0],
      [MADV_SEQUENTIAL, 0],
    ] as const) {
      const driver = mapped(machine(), PRIVATE_ANON);
      driver.call(0, "sys_madvise", BASE, KIB_256, advice);
      const page = driver.system.straight.page(entryPfn(pte(driver, 0)));
      assert.deepEqual(driver.call(0, "folio_referenced", page), { ptes: expected, locked: false }, `${advice}`);
    }
  });

  it("6.18 reads a file's page from zram into the file, without the swap cache; 6.12 does not", () => {
    for (const [version, cached] of [
      ["6.18", 0],
      ["6.12", 1],
    ] as const) {
      const driver = mapped(drive([0], noPatch, { version, memory: 2 ** 26, swap: 2 ** 24 }), SHARED_ANON);
      pageout(driver);
      const before = driver.count("add_to_swap_cache");
      assert.deepEqual(access(driver, 0, "read").maj, 1);
      assert.equal(driver.count("add_to_swap_cache") - before, cached, version);
    }
  });

  it("a page that resists gives its slot back where swap is short", () => {
    const driver = mapped(machine(2 ** 15), PRIVATE_ANON);
    const { straight } = driver.system;
    const pfns = Array.from({ length: 5 }, (_, i) =>
      entryPfn(straight.walk_entries(driver.task(0).mm!, BASE + i * 4096)[3]),
    );
    for (const pfn of pfns) driver.call(0, "folio_alloc_swap", straight.page(pfn));
    assert.ok(straight.vm_swap_full());
    const page = straight.page(pfns[0]!);
    driver.call(0, "activate_locked", page);
    assert.equal(straight.vmstat.nr_swapcached, 4);
  });

  it("memory under pressure: more is written than there is memory, and all of it reads back", () => {
    const driver = machine(2 ** 25, 2 ** 24);
    const bytes = 2 ** 24;
    driver.call(0, "sys_mmap", BASE, bytes, 3, PRIVATE_ANON, -1, 0);
    for (let at = 0; at < bytes; at += 4096) driver.call(0, "user_store", BASE + at, at, 1);
    const mm = driver.task(0).mm!;
    assert.equal(mm.rss_anon + mm.rss_swap, bytes / 4096);
    assert.ok(mm.rss_swap > 0);
    for (let at = 0; at < bytes; at += 4096) {
      assert.equal(driver.call(0, "user_load", BASE + at), 0);
      assert.deepEqual([driver.task(0).load_low, driver.task(0).load_high], [at, 1]);
    }
  });

  it("memory and swap full: the access ends without memory", () => {
    const driver = machine(2 ** 20, 2 ** 23);
    driver.call(0, "sys_mmap", BASE, 2 ** 25, 3, PRIVATE_ANON | 0x4000, -1, 0);
    let result = 0;
    for (let at = 0; at < 2 ** 25 && result === 0; at += 4096) result = driver.call(0, "user_store", BASE + at, 1, 0);
    assert.equal(result, 1000);
  });

  it("pages after MADV_FREE go without being written, unless they were written to again", () => {
    const driver = mapped(machine(), PRIVATE_ANON);
    driver.call(0, "sys_madvise", BASE, KIB_256, MADV_FREE);
    driver.call(0, "user_store", BASE, 5, 0);
    driver.call(1, "kernel_swap_out", driver.task(0), BASE, KIB_256);
    const mm = driver.task(0).mm!;
    assert.deepEqual([mm.rss_anon, mm.rss_swap], [1, 0]);
    assert.deepEqual(access(driver, 0, "read"), { hw: 0, min: 0, maj: 0, value: 5 });
  });

  it("locked pages stay", () => {
    const driver = mapped(machine(), PRIVATE_ANON);
    driver.call(0, "sys_mlock", BASE, 8192);
    assert.equal(driver.call(1, "kernel_swap_out", driver.task(0), BASE, KIB_256), 62);
    driver.call(0, "sys_munlock", BASE, 8192);
    assert.equal(driver.call(1, "kernel_swap_out", driver.task(0), BASE, KIB_256), 2);
  });

  it("MADV_WILLNEED reads ahead: the next fault is a minor one", () => {
    const driver = mapped(machine(), PRIVATE_ANON);
    driver.call(0, "user_store", BASE, 9, 0);
    pageout(driver);
    driver.call(0, "sys_madvise", BASE, 4096, MADV_WILLNEED);
    assert.deepEqual(access(driver, 0, "read"), { hw: 1, min: 1, maj: 0, value: 9 });
  });

  it("mincore tells what is out", () => {
    const driver = mapped(machine(), PRIVATE_ANON);
    pageout(driver, 8192);
    const told = driver.system.straight.do_mincore(driver.task(0).mm!, BASE, 4);
    assert.deepEqual([...told!], [0, 0, 1, 1]);
  });

  it("a file's page that is out is a swap entry in the page cache, and goes with the file", () => {
    const driver = mapped(machine(), SHARED_ANON);
    const { vmstat } = driver.system.straight;
    const free = vmstat.nr_swap_pages;
    pageout(driver, KIB_256);
    const inode = driver.task(0).mm!.mm_mt.at(0)!.vm_file!.f_inode!;
    assert.deepEqual([inode.swapped, inode.i_mapping!.nrpages, free - vmstat.nr_swap_pages], [64, 0, 64]);
    assert.ok(inode.i_mapping!.i_pages.get(0)! < 0);
    driver.call(0, "sys_munmap", BASE, KIB_256);
    driver.call(0, "task_work_run");
    assert.equal(vmstat.nr_swap_pages, free);
  });

  it("reclaim does not wait for the lock of a page's reverse map: the page stays for now", () => {
    const driver = mapped(machine(), SHARED_ANON, 4096);
    const k = driver.system.straight;
    const mapping = driver.task(0).mm!.mm_mt.at(0)!.vm_file!.f_inode!.i_mapping!;
    const page = k.page(mapping.i_pages.get(0)! - 1);
    mapping.i_mmap_rwsem.count = -1;
    mapping.i_mmap_rwsem.holder = 1;
    driver.call(1, "folio_check_references", page, null);
    assert.notEqual(pte(driver, 0) & 0x20, 0, "whether it was used is not known");
    mapping.i_mmap_rwsem.count = 0;
    mapping.i_mmap_rwsem.holder = 0;
    driver.call(1, "folio_check_references", page, null);
    assert.equal(pte(driver, 0) & 0x20, 0);
  });

  it("pages that go without being written are flushed and given back by 31", () => {
    const driver = drive([0, { cpu: 1, threadOf: 0 }], noPatch, { memory: 2 ** 26, swap: 2 ** 24 });
    driver.call(0, "sys_mmap", BASE, KIB_256, 3, PRIVATE_ANON, -1, 0);
    for (const who of [0, 1]) driver.touch(who, BASE, KIB_256, "write");
    driver.call(0, "sys_madvise", BASE, KIB_256, MADV_FREE);
    const { machine: steps } = driver.system;
    const seen: string[] = [];
    for (const event of ["ipi", "free_page"]) steps.listen(event, () => seen.push(event));
    driver.call(0, "sys_madvise", BASE, KIB_256, MADV_PAGEOUT);
    const freed = seen
      .join(" ")
      .split("ipi")
      .map((one) => one.split("free_page").length - 1);
    assert.deepEqual(
      freed.filter((pages) => pages > 0),
      [31, 31, 2],
    );
  });

  it("nobody writes out what the OOM reaper is about to free", () => {
    const driver = mapped(machine(), PRIVATE_ANON, 4096);
    const page = driver.system.straight.page(entryPfn(pte(driver, 0)));
    driver.task(0).mm!.oom_reaped = 1;
    assert.equal(driver.call(1, "folio_check_references", page, null), "keep");
    driver.task(0).mm!.oom_reaped = 0;
  });
});

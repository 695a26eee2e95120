// Moving pages to other frames, and the OOM killer.
import assert from "node:assert/strict";
import { entryPfn } from "../../sim/hardware/entry.ts";
import { type Driver, drive, noPatch } from "./harness.ts";

const BASE = 2 ** 41;
const PRIVATE_ANON = 0x22;
const SHARED_ANON = 0x21;
const ENOENT = 2;

/** Process 0 and its thread on CPU 1, process 2, and a child. */
function machine(flags: number): Driver {
  const others = [{ cpu: 1, threadOf: 0 }, 1, { cpu: 0, forked: true }];
  const driver = drive([0, ...others], noPatch, { memory: 2 ** 26 });
  driver.call(0, "sys_mmap", BASE, 8192, 3, flags, -1, 0);
  driver.call(0, "user_store", BASE, 42, 0);
  return driver;
}

const pfn = (driver: Driver, who: number): number =>
  entryPfn(driver.system.straight.walk_entries(driver.task(who).mm!, BASE)[3]);

describe("migration", () => {
  for (const [kind, flags] of [
    ["private", PRIVATE_ANON],
    ["shared", SHARED_ANON],
  ] as const) {
    it(`moves a ${kind} page of two processes; both go on with the same data and no fault`, () => {
      const driver = machine(flags);
      driver.call(0, "sys_fork", driver.task(3));
      driver.touch(3, BASE, 1, "read");
      const before = pfn(driver, 0);
      assert.equal(driver.call(2, "kernel_migrate", driver.task(0), BASE), 0);
      assert.notEqual(pfn(driver, 0), before);
      assert.equal(pfn(driver, 3), pfn(driver, 0));
      for (const who of [0, 3]) {
        assert.equal(driver.touch(who, BASE, 1, "read"), 0);
        assert.equal(driver.task(who).load_low, 42);
      }
      assert.equal(driver.system.straight.page(before).type, 0, "the old frame is free");
    });
  }

  it("makes every CPU forget the old frame before it is given back", () => {
    const driver = machine(PRIVATE_ANON);
    driver.touch(1, BASE, 1, "read");
    driver.call(2, "kernel_migrate", driver.task(0), BASE);
    const { straight } = driver.system;
    driver.call(2, "sys_mmap", BASE, 4096, 3, PRIVATE_ANON, -1, 0);
    driver.call(2, "user_store", BASE, 7, 0);
    for (const who of [0, 1]) {
      driver.call(who, "user_load", BASE);
      assert.equal(driver.task(who).load_low, 42);
    }
    assert.equal(straight.vmstat.pgmigrate_success, 1);
  });

  it("keeps the rights: a page that was a process's own is written to without a fault", () => {
    const driver = machine(PRIVATE_ANON);
    driver.call(2, "kernel_migrate", driver.task(0), BASE);
    assert.equal(driver.touch(0, BASE, 1, "write"), 0);
  });

  it("ENOENT where no page is", () => {
    assert.equal(machine(PRIVATE_ANON).call(2, "kernel_migrate", machine(PRIVATE_ANON).task(2), BASE), -ENOENT);
    const driver = machine(PRIVATE_ANON);
    assert.equal(driver.call(2, "kernel_migrate", driver.task(0), BASE + 4096), -ENOENT);
  });

  it("compaction moves what can be moved", () => {
    const driver = machine(PRIVATE_ANON);
    driver.touch(0, BASE, 8192, "write");
    assert.equal(driver.call(2, "kernel_compact"), 2);
  });
});

describe("the OOM killer", () => {
  it("takes the private memory of its victim, whose own accesses end with SIGKILL", () => {
    const driver = machine(PRIVATE_ANON);
    assert.equal(driver.call(2, "kernel_oom_kill", driver.task(0)), 0);
    assert.equal(driver.task(0).mm!.rss_anon, 0);
    assert.equal(driver.task(0).signal, 9);
    assert.equal(driver.call(0, "user_load", BASE), 9);
  });

  it("leaves shared memory", () => {
    const driver = machine(SHARED_ANON);
    driver.call(2, "kernel_oom_kill", driver.task(0));
    assert.equal(driver.task(0).mm!.rss_shmem, 1);
  });
});

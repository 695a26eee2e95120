// Memory control groups against Documentation/admin-guide/cgroup-v2.rst: who is charged, what the files say, what a limit does.
import assert from "node:assert/strict";
import { MEMCG_MAX, MEMCG_OOM, MEMCG_OOM_KILL, type MemCgroup } from "../../sim/kernel/mm/memcontrol.ts";
import { MADV_PAGEOUT } from "../../sim/kernel/uapi/mman.ts";
import { type Driver, drive, noPatch } from "./harness.ts";

const BASE = 2 ** 41;
const GROUP = "/sys/fs/cgroup/a";
const PRIVATE_ANON = 0x22;
const SHARED_ANON = 0x21;
const [EAGAIN, EBUSY, EEXIST, EINVAL, ENODEV, ENOMEM, ESRCH] = [-11, -16, -17, -22, -19, -12, -3];

function machine(swap = 2 ** 22): Driver {
  const driver = drive([0, 1, { cpu: 0, forked: true }], noPatch, { memory: 2 ** 26, swap });
  assert.equal(driver.call(0, "sys_mkdir", GROUP, 0o755), 0);
  return driver;
}

/** Writes a text to a file of the group. */
function write(driver: Driver, file: string, text: string, who = 0): number {
  const fd = driver.call(who, "sys_open", `${GROUP}/${file}`, 1);
  if (fd < 0) return fd;
  const result = driver.call(who, "sys_write", fd, text, text.length);
  driver.call(who, "sys_close", fd);
  return result;
}

/** What a process outside the group reads in a file of it. */
function read(driver: Driver, file: string, group = GROUP): string {
  const at = 2 ** 42;
  driver.call(1, "sys_mmap", at, 4096, 3, PRIVATE_ANON, -1, 0);
  const fd = driver.call(1, "sys_open", `${group}/${file}`, 0);
  const length = driver.call(1, "sys_read", fd, at, 4096);
  driver.call(1, "sys_close", fd);
  if (length < 0) return String(length);
  const k = driver.system.straight;
  driver.call(1, "user_load", at);
  return String.fromCharCode(...k.read_frame(k.mmu.pfn, 0, length));
}

const join = (driver: Driver, who = 0) => assert.equal(write(driver, "cgroup.procs", `${who + 1}`), 1);
const memcg = (driver: Driver): MemCgroup => driver.system.straight.memcg_of_path(GROUP)!;
const stat = (driver: Driver) => driver.system.straight.memory_stat(memcg(driver));
const current = (driver: Driver) => memcg(driver).memory.usage;
const map = (driver: Driver, pages: number, flags = PRIVATE_ANON, who = 0) =>
  driver.call(who, "sys_mmap", BASE, pages * 4096, 3, flags, -1, 0);

describe("the cgroup file system", () => {
  it("makes groups with the files of the memory controller, and removes them", () => {
    const driver = machine();
    assert.equal(driver.call(0, "sys_mkdir", GROUP, 0o755), EEXIST);
    for (const [file, text] of [
      ["memory.current", "0\n"],
      ["memory.max", "max\n"],
      ["memory.swap.max", "max\n"],
      ["memory.swap.current", "0\n"],
      ["cgroup.procs", ""],
      ["cgroup.controllers", "memory\n"],
      ["cgroup.events", "populated 0\nfrozen 0\n"],
      ["memory.events", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n"],
    ] as const)
      assert.equal(read(driver, file), text, file);
    assert.equal(driver.call(0, "sys_open", "/sys/fs/cgroup/memory.current", 0), -2, "the root has none");
    assert.equal(driver.call(0, "sys_rmdir", GROUP), 0);
    assert.equal(driver.call(0, "sys_open", `${GROUP}/memory.max`, 0), -2);
  });

  it("moves processes by cgroup.procs, which lists them; a child begins in its parent's group", () => {
    const driver = machine();
    join(driver);
    assert.equal(read(driver, "cgroup.procs"), "1\n");
    assert.equal(driver.call(0, "sys_fork", driver.task(2)), 3);
    assert.equal(read(driver, "cgroup.procs"), "1\n3\n");
    assert.equal(read(driver, "cgroup.procs", "/sys/fs/cgroup"), "2\n");
    assert.equal(write(driver, "cgroup.procs", "0\n", 1), 2, "0 is the writer itself");
    assert.equal(read(driver, "cgroup.procs"), "1\n2\n3\n");
    assert.equal(write(driver, "cgroup.procs", "77"), ESRCH);
    assert.equal(write(driver, "cgroup.procs", "x"), EINVAL);
    assert.equal(driver.call(0, "sys_rmdir", GROUP), EBUSY);
  });

  it("a descriptor outlives its group, and reads ENODEV", () => {
    const driver = machine();
    const fd = driver.call(0, "sys_open", `${GROUP}/memory.max`, 2);
    driver.call(0, "sys_rmdir", GROUP);
    assert.equal(driver.call(0, "sys_write", fd, "1M", 2), ENODEV);
    assert.equal(driver.call(0, "sys_read", fd, BASE, 10), ENODEV);
    assert.equal(driver.call(0, "sys_close", fd), 0);
  });

  it("memory.max takes bytes, units and max", () => {
    const driver = machine();
    for (const [text, shown] of [
      ["8192", "8192\n"],
      ["5000\n", "4096\n"],
      ["16K", "16384\n"],
      ["1m", "1048576\n"],
      ["2G", "2147483648\n"],
      ["020000", "8192\n"],
      ["0x2000", "8192\n"],
      ["1P", "1125899906842624\n"],
      ["9E", "max\n"],
      ["max", "max\n"],
    ] as const) {
      assert.equal(write(driver, "memory.max", text), text.length);
      assert.equal(read(driver, "memory.max"), shown);
    }
    for (const text of ["", "-1", "1x", "many"]) assert.equal(write(driver, "memory.max", text), EINVAL, text);
    assert.equal(write(driver, "memory.reclaim", "max"), EINVAL, "only limits have no end");
  });
});

describe("a memory control group is charged", () => {
  it("for anonymous pages and page tables of its processes, and no more when they are gone", () => {
    const driver = machine();
    join(driver);
    map(driver, 16);
    driver.touch(0, BASE, 16 * 4096, "write");
    const { anon, pagetables, file } = stat(driver);
    assert.deepEqual({ anon, pagetables, file }, { anon: 16 * 4096, pagetables: 3 * 4096, file: 0 });
    assert.deepEqual([current(driver), memcg(driver).kmem.usage, memcg(driver).pgfault], [19, 3, 16]);
    driver.call(0, "sys_munmap", BASE, 16 * 4096);
    assert.equal(current(driver), 0);
    assert.equal(memcg(driver).memory.watermark, 19);
  });

  it("not for the zero page", () => {
    const driver = machine();
    join(driver);
    map(driver, 16);
    driver.touch(0, BASE, 16 * 4096, "read");
    assert.equal(stat(driver).anon, 0);
  });

  it("for a page of a file by who touches it first, whoever uses it later and whoever ends", () => {
    const driver = machine();
    join(driver);
    const open = (who: number) => {
      const fd = driver.call(who, "sys_open", "/dev/shm/f", 0o102, 0o600);
      driver.call(who, "sys_ftruncate", fd, 8 * 4096);
      driver.call(who, "sys_mmap", BASE, 8 * 4096, 3, 1, fd, 0);
    };
    open(0);
    open(1);
    driver.touch(0, BASE, 4 * 4096, "write");
    driver.touch(1, BASE, 8 * 4096, "write");
    assert.equal(stat(driver).shmem, 4 * 4096);
    assert.equal(stat(driver).file, 4 * 4096);
    driver.call(0, "sys_exit", 0);
    assert.equal(stat(driver).shmem, 4 * 4096);
    assert.equal(stat(driver).pagetables, 0);
    assert.equal(driver.call(1, "sys_rmdir", GROUP), 0, "a group with charges can be removed");
    driver.call(1, "sys_munmap", BASE, 8 * 4096);
    driver.call(1, "sys_unlink", "/dev/shm/f");
  });

  it("and stays charged for what a process has that moves away", () => {
    const driver = machine();
    join(driver);
    map(driver, 8);
    driver.touch(0, BASE, 4 * 4096, "write");
    const fd = driver.call(1, "sys_open", "/sys/fs/cgroup/cgroup.procs", 1);
    assert.equal(driver.call(1, "sys_write", fd, "1", 1), 1);
    driver.touch(0, BASE + 4 * 4096, 4 * 4096, "write");
    assert.equal(stat(driver).anon, 4 * 4096);
  });

  it("for copies on write by who writes; a fork's tables go to who forks", () => {
    const driver = machine();
    map(driver, 8);
    driver.touch(0, BASE, 8 * 4096, "write");
    join(driver);
    driver.call(0, "sys_fork", driver.task(2));
    // PGD, PUD, PMD and PTE table of the child.
    assert.deepEqual([stat(driver).anon, stat(driver).pagetables], [0, 4 * 4096]);
    driver.touch(2, BASE, 3 * 4096, "write");
    assert.equal(stat(driver).anon, 3 * 4096);
  });

  it("for a page that comes back from swap the group that had it, if it is there", () => {
    const driver = machine();
    join(driver);
    map(driver, 8);
    driver.touch(0, BASE, 8 * 4096, "write");
    driver.call(0, "sys_madvise", BASE, 8 * 4096, MADV_PAGEOUT);
    assert.deepEqual([stat(driver).anon, memcg(driver).swap.usage, memcg(driver).pswpout], [0, 8, 8]);
    const fd = driver.call(1, "sys_open", "/sys/fs/cgroup/cgroup.procs", 1);
    driver.call(1, "sys_write", fd, "1", 1);
    driver.touch(0, BASE, 4096, "read");
    assert.ok(stat(driver).anon >= 4096);
    driver.call(0, "sys_munmap", BASE, 8 * 4096);
    assert.deepEqual([memcg(driver).memory.usage - memcg(driver).kmem.usage, memcg(driver).swap.usage], [0, 0]);
  });

  it("a page that moves to another frame takes its charge along", () => {
    const driver = machine();
    join(driver);
    map(driver, 1);
    driver.touch(0, BASE, 4096, "write");
    assert.equal(driver.call(1, "kernel_migrate", driver.task(0), BASE), 0);
    assert.deepEqual([stat(driver).anon, current(driver)], [4096, 4]);
  });
});

describe("memory.max", () => {
  it("makes the group give up its own pages, not others'", () => {
    const driver = machine();
    map(driver, 64, PRIVATE_ANON, 1);
    driver.touch(1, BASE, 64 * 4096, "write");
    join(driver);
    write(driver, "memory.max", "256K");
    map(driver, 128, SHARED_ANON);
    driver.touch(0, BASE, 128 * 4096, "write");
    assert.ok(current(driver) <= 64);
    assert.ok(memcg(driver).memory_events(MEMCG_MAX) > 0);
    assert.equal(memcg(driver).memory_events(MEMCG_OOM), 0);
    assert.ok(memcg(driver).swap.usage >= 64);
    assert.equal(driver.task(1).mm!.rss_anon, 64);
  });

  it("without swap ends the access of the only process, which keeps what it has; the machine has plenty", () => {
    const driver = machine(0);
    join(driver);
    write(driver, "memory.max", "64K");
    map(driver, 64);
    let done = 0;
    while (driver.call(0, "user_store", BASE + done * 4096, 1, 0) === 0) done++;
    assert.equal(done, 13, "16 pages less three tables");
    assert.deepEqual([memcg(driver).memory_events(MEMCG_OOM), memcg(driver).memory_events(MEMCG_OOM_KILL)], [1, 1]);
    assert.equal(driver.count("mark_victim"), 1);
    // The stock is drained, then 16 tries more before the killer comes; for who is about to die the 17 once more. 6.18.44 begins
    // reclaim (mm_vmscan_memcg_reclaim_begin) 35 times for a process that fills a group without swap.
    assert.equal(memcg(driver).memory_events(MEMCG_MAX), 2 * 17 + 1);
    driver.call(0, "sys_munmap", BASE, 4096);
    assert.equal(driver.call(0, "user_store", BASE + done * 4096, 1, 0), 0);
  });

  it("pages that fallocate made and nobody filled go to swap as zeroes", () => {
    const driver = machine();
    // Frames that have something in them are free.
    map(driver, 256, PRIVATE_ANON, 1);
    driver.touch(1, BASE, 256 * 4096, "write");
    driver.call(1, "sys_munmap", BASE, 256 * 4096);
    join(driver);
    const fd = driver.call(0, "sys_memfd_create", "m", 0);
    assert.equal(driver.call(0, "sys_fallocate", fd, 0, 0, 32 * 4096), 0);
    write(driver, "memory.reclaim", "128K");
    assert.ok(memcg(driver).pswpout >= 32);
    driver.call(0, "sys_mmap", BASE, 32 * 4096, 3, 1, fd, 0);
    for (let page = 0; page < 32; page++) {
      assert.equal(driver.call(0, "user_load", BASE + page * 4096), 0);
      assert.equal(driver.task(0).load_low, 0);
    }
  });

  it("what fallocate is about is not written out, as it may have to be undone: beyond the limit the killer comes, and all of it goes", () => {
    const driver = machine();
    join(driver);
    write(driver, "memory.max", "256K");
    const fd = driver.call(0, "sys_memfd_create", "m", 0);
    assert.equal(driver.call(0, "sys_fallocate", fd, 0, 0, 128 * 4096), ENOMEM);
    const { vmstat } = driver.system.straight;
    assert.deepEqual([vmstat.nr_shmem, vmstat.pswpout, vmstat.oom_kill], [0, 0, 1]);
  });

  it("below what the group has reclaims at once", () => {
    const driver = machine();
    join(driver);
    map(driver, 64);
    driver.touch(0, BASE, 64 * 4096, "write");
    write(driver, "memory.max", "128K", 1);
    assert.ok(current(driver) <= 32);
  });

  it("memory.swap.max keeps pages in memory; memory.reclaim frees on demand", () => {
    const driver = machine();
    join(driver);
    map(driver, 64);
    driver.touch(0, BASE, 64 * 4096, "write");
    write(driver, "memory.swap.max", "32K");
    driver.call(0, "sys_madvise", BASE, 64 * 4096, MADV_PAGEOUT);
    assert.equal(memcg(driver).swap.usage, 8);
    write(driver, "memory.swap.max", "max");
    const before = current(driver);
    assert.equal(write(driver, "memory.reclaim", "64K"), 3);
    assert.ok(before - current(driver) >= 16);
    assert.equal(write(driver, "memory.reclaim", "64M"), EAGAIN);
  });
});

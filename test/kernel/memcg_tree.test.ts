// Groups within groups, against Documentation/admin-guide/cgroup-v2.rst: who may have controllers and processes, what counts for
// whom, which group gives way, what a removed one leaves.
import assert from "node:assert/strict";
import { MEMCG_HIGH, MEMCG_LOW, MEMCG_MAX, type MemCgroup } from "../../sim/kernel/mm/memcontrol.ts";
import { MADV_PAGEOUT } from "../../sim/kernel/uapi/mman.ts";
import { type Driver, drive, noPatch } from "./harness.ts";

const ROOT = "/sys/fs/cgroup";
const BASE = 2 ** 41;
const PRIVATE_ANON = 0x22;
const [ENOENT, EAGAIN, EBUSY, EINVAL, ERANGE] = [-2, -11, -16, -22, -34];
/** Process 3 makes the groups; 0, 1 and 2 are put into them. */
const SHELL = 3;

function write(driver: Driver, path: string, text: string, who = SHELL): number {
  const fd = driver.call(who, "sys_open", `${ROOT}${path}`, 1);
  if (fd < 0) return fd;
  const result = driver.call(who, "sys_write", fd, text, text.length);
  driver.call(who, "sys_close", fd);
  return result;
}

/** A machine with these groups, each above those below it; all but the last on each way have the controller to give. */
function tree(paths: readonly string[], options: { readonly swap?: number; readonly memory?: number } = {}): Driver {
  const driver = drive([0, 1, 0, 1], noPatch, { memory: 2 ** 26, swap: 2 ** 24, ...options });
  for (const path of paths) {
    assert.equal(driver.call(SHELL, "sys_mkdir", ROOT + path, 0o755), 0);
    const below = paths.some((other) => other.startsWith(`${path}/`));
    if (below) assert.equal(write(driver, `${path}/cgroup.subtree_control`, "+memory"), 7);
  }
  return driver;
}

const group = (driver: Driver, path: string): MemCgroup => driver.system.straight.memcg_of_path(ROOT + path)!;
const usage = (driver: Driver, path: string): number => group(driver, path).memory.usage;
const join = (driver: Driver, who: number, path: string) =>
  assert.equal(write(driver, `${path}/cgroup.procs`, `${who + 1}`), `${who + 1}`.length);

function touch(driver: Driver, who: number, pages: number): void {
  driver.call(who, "sys_mmap", BASE, 4096 * 4096, 3, PRIVATE_ANON | 0x4000, -1, 0);
  driver.touch(who, BASE, pages * 4096, "write");
}

/** Page tables of a process that has touched up to 512 neighbouring pages. */
const TABLES = 3;

describe("groups within groups", () => {
  it("have the memory controller where the group above gives it, which has no processes then", () => {
    const driver = tree(["/a", "/a/b"]);
    assert.equal(driver.call(SHELL, "sys_mkdir", `${ROOT}/a/b/c`, 0o755), 0);
    assert.equal(driver.call(SHELL, "sys_open", `${ROOT}/a/b/c/memory.max`, 0), ENOENT);
    assert.equal(write(driver, "/a/b/c/cgroup.subtree_control", "+memory"), ENOENT, "it has none to give");
    assert.equal(write(driver, "/a/cgroup.procs", "1"), EBUSY, "the rule of no internal processes");
    join(driver, 0, "/a/b");
    assert.equal(write(driver, "/a/b/cgroup.subtree_control", "+memory"), EBUSY);
    assert.equal(write(driver, "/a/cgroup.subtree_control", "+cpu"), EINVAL);
    // A process of a group without the controller is charged to the next group above that has it.
    join(driver, 1, "/a/b/c");
    touch(driver, 1, 10);
    assert.equal(usage(driver, "/a/b"), 10 + TABLES);
    assert.equal(write(driver, "/a/cgroup.subtree_control", "-memory"), 7);
    assert.equal(driver.call(SHELL, "sys_open", `${ROOT}/a/b/memory.max`, 0), ENOENT);
    assert.equal(usage(driver, "/a"), 10 + TABLES, "what they have counts for the group above still");
  });

  it("are removed from below", () => {
    const driver = tree(["/a", "/a/b"]);
    assert.equal(driver.call(SHELL, "sys_rmdir", `${ROOT}/a`), EBUSY);
    assert.equal(driver.call(SHELL, "sys_rmdir", `${ROOT}/a/b`), 0);
    assert.equal(driver.call(SHELL, "sys_rmdir", `${ROOT}/a`), 0);
  });

  it("cgroup.max.depth and cgroup.max.descendants forbid more", () => {
    const driver = tree(["/a", "/a/b"]);
    const mkdir = (path: string) => driver.call(SHELL, "sys_mkdir", ROOT + path, 0o755);
    assert.equal(write(driver, "/a/cgroup.max.depth", "1"), 1);
    assert.equal(mkdir("/a/b/c"), EAGAIN);
    assert.equal(write(driver, "/a/cgroup.max.depth", "max"), 3);
    assert.equal(write(driver, "/a/cgroup.max.descendants", "1"), 1);
    assert.equal(mkdir("/a/c"), EAGAIN);
    assert.equal(write(driver, "/a/cgroup.max.descendants", "2"), 1);
    assert.equal(mkdir("/a/c"), 0);
    assert.equal(write(driver, "/a/cgroup.max.depth", "-1"), ERANGE);
    assert.equal(write(driver, "/a/cgroup.max.depth", "x"), EINVAL);
  });

  it("what a group has counts for all above it; a move takes nothing along", () => {
    const driver = tree(["/a", "/a/b", "/a/c"]);
    join(driver, 0, "/a/b");
    join(driver, 1, "/a/c");
    touch(driver, 0, 20);
    touch(driver, 1, 30);
    assert.deepEqual(
      ["/a", "/a/b", "/a/c"].map((path) => usage(driver, path)),
      [50 + 2 * TABLES, 20 + TABLES, 30 + TABLES],
    );
    join(driver, 0, "/a/c");
    touch(driver, 0, 25);
    assert.deepEqual(
      ["/a/b", "/a/c"].map((path) => usage(driver, path)),
      [20 + TABLES, 35 + TABLES],
    );
    const { anon, pagetables } = driver.system.straight.memory_stat(group(driver, "/a"));
    assert.deepEqual([anon, pagetables], [55 * 4096, 2 * TABLES * 4096]);
    assert.equal(group(driver, "/a").pgfault, 55);
    driver.call(0, "sys_exit", 0);
    driver.call(1, "sys_exit", 0);
    assert.deepEqual(
      ["/a", "/a/b", "/a/c"].map((path) => usage(driver, path)),
      [0, 0, 0],
    );
    assert.equal(group(driver, "/a").memory.watermark, 55 + 2 * TABLES);
  });

  it("the limit of a group is that of all below it together; their pages go, nobody else's", () => {
    const driver = tree(["/a", "/a/b", "/a/c", "/d"]);
    join(driver, 0, "/a/b");
    join(driver, 1, "/a/c");
    join(driver, 2, "/d");
    touch(driver, 2, 100);
    write(driver, "/a/memory.max", "400K");
    touch(driver, 0, 60);
    touch(driver, 1, 60);
    assert.ok(usage(driver, "/a") <= 100);
    const [a, b, c] = ["/a", "/a/b", "/a/c"].map((path) => group(driver, path));
    assert.ok(a!.memory_events(MEMCG_MAX) > 0);
    assert.deepEqual([b!.memory_events(MEMCG_MAX), c!.memory_events(MEMCG_MAX)], [0, 0]);
    assert.equal(a!.swap.usage, b!.swap.usage + c!.swap.usage);
    assert.equal(driver.task(2).mm!.rss_anon, 100);
  });

  it("an event counts for all above, in memory.events.local for the group alone", () => {
    const driver = tree(["/a", "/a/b"]);
    join(driver, 0, "/a/b");
    write(driver, "/a/b/memory.max", "128K");
    touch(driver, 0, 64);
    const [a, b] = [group(driver, "/a"), group(driver, "/a/b")];
    assert.ok(b.memory_events(MEMCG_MAX) > 0);
    assert.equal(a.memory_events(MEMCG_MAX), b.memory_events(MEMCG_MAX));
    assert.deepEqual(
      [a.memory_events_local(MEMCG_MAX), b.memory_events_local(MEMCG_MAX)],
      [0, b.memory_events(MEMCG_MAX)],
    );
  });

  it("a removed group's pages stay its own, and count above it until they are free; its tables are the parent's", () => {
    const driver = tree(["/a", "/a/b"]);
    join(driver, 0, "/a/b");
    touch(driver, 0, 40);
    driver.call(0, "sys_madvise", BASE, 10 * 4096, MADV_PAGEOUT);
    join(driver, 0, "");
    assert.equal(driver.call(SHELL, "sys_rmdir", `${ROOT}/a/b`), 0);
    const a = group(driver, "/a");
    assert.deepEqual([a.memory.usage, a.swap.usage, a.nr_descendants], [30 + TABLES, 10, 1]);
    assert.equal(driver.system.straight.charged_pages(a).length, TABLES);
    // What comes back from swap belongs to whoever has it now: nobody, as the process is in no group.
    driver.touch(0, BASE, 4096, "read");
    assert.deepEqual([a.memory.usage, a.swap.usage], [30 + TABLES, 9]);
    driver.call(0, "sys_munmap", BASE, 4096 * 4096);
    assert.deepEqual([a.memory.usage, a.swap.usage, a.nr_descendants], [0, 0, 0]);
  });
});

describe("memory.high", () => {
  it("makes who goes beyond it reclaim, on its way back to its program, and kills nobody", () => {
    const driver = tree(["/a"]);
    join(driver, 0, "/a");
    write(driver, "/a/memory.high", "200K");
    touch(driver, 0, 100);
    const a = group(driver, "/a");
    assert.ok(a.memory.usage <= 50, `${a.memory.usage}`);
    assert.ok(a.memory_events(MEMCG_HIGH) > 0);
    assert.equal(a.memory_events(MEMCG_MAX), 0);
  });

  it("without swap is no limit", () => {
    const driver = tree(["/a"], { swap: 0 });
    join(driver, 0, "/a");
    write(driver, "/a/memory.high", "200K");
    touch(driver, 0, 100);
    assert.equal(usage(driver, "/a"), 100 + TABLES);
    assert.equal(driver.count("mark_victim"), 0);
  });

  it("written below what the group has, reclaims at once", () => {
    const driver = tree(["/a"]);
    join(driver, 0, "/a");
    touch(driver, 0, 100);
    write(driver, "/a/memory.high", "100K");
    assert.ok(usage(driver, "/a") <= 25);
  });
});

describe("memory.low and memory.min", () => {
  const limited = (setting: string, text: string): Driver => {
    const driver = tree(["/a", "/a/b", "/a/c"]);
    join(driver, 0, "/a/b");
    join(driver, 1, "/a/c");
    write(driver, `/a/${setting}`, "max");
    write(driver, `/a/b/${setting}`, text);
    write(driver, "/a/memory.max", "800K");
    touch(driver, 0, 90);
    return driver;
  };

  for (const setting of ["memory.low", "memory.min"])
    it(`${setting} keeps a group's pages while others have some`, () => {
      const driver = limited(setting, "400K");
      touch(driver, 1, 300);
      assert.equal(usage(driver, "/a/b"), 90 + TABLES);
      assert.ok(usage(driver, "/a") <= 200);
      assert.equal(group(driver, "/a/b").memory_events(MEMCG_LOW), 0);
    });

  it("low gives way when there is nothing else", () => {
    const driver = limited("memory.low", "400K");
    write(driver, "/a/memory.max", "200K");
    assert.ok(usage(driver, "/a/b") <= 50);
    assert.ok(group(driver, "/a/b").memory_events(MEMCG_LOW) > 0);
  });

  it("min does not: reclaim on demand finds nothing", () => {
    const driver = limited("memory.min", "400K");
    assert.equal(write(driver, "/a/memory.reclaim", "100K"), EAGAIN);
    assert.equal(usage(driver, "/a/b"), 90 + TABLES);
    assert.equal(write(driver, "/a/b/memory.reclaim", "100K"), 4, "of the group itself it does not protect");
  });

  it("children share what their parent has, by what they use", () => {
    const driver = tree(["/a", "/a/b", "/a/c"]);
    join(driver, 0, "/a/b");
    join(driver, 1, "/a/c");
    touch(driver, 0, 97);
    touch(driver, 1, 197);
    for (const path of ["/a/b", "/a/c"]) write(driver, `${path}/memory.low`, "max");
    write(driver, "/a/memory.low", "600K");
    const k = driver.system.straight;
    for (const path of ["/a", "/a/b", "/a/c"])
      k.page_counter_calculate_protection(k.root_mem_cgroup, group(driver, path));
    assert.deepEqual(
      ["/a", "/a/b", "/a/c"].map((path) => group(driver, path).memory.elow),
      [150, 50, 100],
    );
  });

  it("what children do not want of their parent's protects them by what they have beyond their own (memory_recursiveprot)", () => {
    const driver = tree(["/a", "/a/b", "/a/c"]);
    join(driver, 0, "/a/b");
    join(driver, 1, "/a/c");
    touch(driver, 0, 97);
    touch(driver, 1, 197);
    write(driver, "/a/memory.min", "480K");
    write(driver, "/a/b/memory.min", "80K");
    const k = driver.system.straight;
    for (const path of ["/a", "/a/b", "/a/c"])
      k.page_counter_calculate_protection(k.root_mem_cgroup, group(driver, path));
    // 120 pages, of which b claims 20: the rest by 80 to 200.
    assert.deepEqual(
      ["/a", "/a/b", "/a/c"].map((path) => group(driver, path).memory.emin),
      [120, 20 + 28, 71],
    );
  });
});

describe("memory.swap.max", () => {
  it("of a group above counts, and memory.swap.events say so", () => {
    const driver = tree(["/a", "/a/b"]);
    join(driver, 0, "/a/b");
    touch(driver, 0, 64);
    write(driver, "/a/memory.swap.max", "32K");
    driver.call(0, "sys_madvise", BASE, 64 * 4096, MADV_PAGEOUT);
    assert.deepEqual([group(driver, "/a").swap.usage, group(driver, "/a/b").swap.usage], [8, 8]);
    const { max, fail } = driver.system.straight.swap_events(group(driver, "/a/b"));
    assert.ok(max! > 0 && fail! >= max!);
  });
});

// What is kept free, who is woken for it and who has to wait: against Documentation/admin-guide/sysctl/vm.rst and mm/physical_memory.rst,
// and the marks against those that this machine's own Linux has.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { min_free_kbytes, WMARK_HIGH, WMARK_LOW, WMARK_MIN, zone_watermarks } from "../../sim/kernel/mm/watermarks.ts";
import { type Driver, drive, noPatch } from "./harness.ts";

const BASE = 2 ** 41;
const MIB = 2 ** 20;
const PRIVATE_ANON = 0x22;

const machine = (memory: number, swap = 0): Driver => drive([0, 1], noPatch, { memory, swap });
const mark = (driver: Driver, which: number): number => driver.system.straight.zone._watermark(which);
const free = (driver: Driver): number => driver.system.straight.zone.nr_free;
const map = (driver: Driver, bytes: number) => driver.call(0, "sys_mmap", BASE, bytes, 3, PRIVATE_ANON | 0x4000, -1, 0);

/** Writes to page after page until one does not succeed. Gives how many did. */
function fill(driver: Driver, pages: number, from = 0): number {
  for (let i = 0; i < pages; i++) if (driver.call(0, "user_store", BASE + (from + i) * 4096, 1, 0) !== 0) return i;
  return pages;
}

interface RealZone {
  readonly min: number;
  readonly low: number;
  readonly high: number;
  readonly managed: number;
}

/** The zones of this machine's memory, but Movable and Device ones and what has none. */
function realZones(text: string): RealZone[] {
  return text
    .split(/^Node /m)
    .filter((zone) => /zone +(DMA|DMA32|Normal)$/m.test(zone))
    .map((zone) => {
      const line = (name: string) => Number(new RegExp(`^ +${name} +(\\d+)`, "m").exec(zone)?.[1] ?? 0);
      return { min: line("min"), low: line("low"), high: line("high"), managed: line("managed") };
    })
    .filter(({ managed }) => managed > 0);
}

describe("watermarks", () => {
  it("vm.min_free_kbytes is the root of 16 times the memory in KiB, as the table in mm/page_alloc.c has it", () => {
    for (const [mib, kbytes] of [
      [16, 512],
      [32, 724],
      [64, 1024],
      [128, 1448],
      [256, 2048],
      [512, 2896],
      [1024, 4096],
      [2048, 5792],
      [4096, 8192],
      [8192, 11584],
      [16384, 16384],
    ] as const)
      assert.ok(Math.abs(min_free_kbytes(mib * 1024) - kbytes) <= 2, `${mib} MiB: ${min_free_kbytes(mib * 1024)}`);
    assert.deepEqual([min_free_kbytes(100), min_free_kbytes(2 ** 40)], [128, 262144]);
  });

  it("the marks of this machine's zones follow from its vm.min_free_kbytes", function () {
    const read = (path: string) => readFileSync(path, "utf8");
    let text: string;
    try {
      text = read("/proc/zoneinfo");
      if (Number(read("/proc/sys/vm/watermark_scale_factor")) !== 10) throw new Error("another scale factor");
    } catch (error) {
      console.log(`\n  watermarks of a real Linux: skipped, ${error instanceof Error ? error.message : error}`);
      this.skip();
    }
    const zones = realZones(text);
    const managed = zones.reduce((sum, zone) => sum + zone.managed, 0);
    const minFree = Number(read("/proc/sys/vm/min_free_kbytes"));
    assert.ok(zones.length > 0);
    for (const zone of zones)
      assert.deepEqual([zone.min, zone.low, zone.high], [...zone_watermarks(zone.managed, managed, minFree)]);
  });

  it("of 1 GiB: some 4, 5 and 6 MiB; /proc/zoneinfo and MemAvailable tell of them", () => {
    const driver = machine(2 ** 30);
    const k = driver.system.straight;
    assert.deepEqual([mark(driver, WMARK_MIN), mark(driver, WMARK_LOW), mark(driver, WMARK_HIGH)], [1023, 1284, 1545]);
    const { min, low, high, managed } = k.zoneinfo();
    assert.deepEqual([min, low, high, managed], [1023, 1284, 1545, 261888]);
    assert.match(
      k.zoneinfo_text(),
      /^Node 0, zone {3}Normal\n {2}pages free {5}\d+\n {8}boost {4}0\n {8}min {6}1023\n/,
    );
    assert.equal(k.meminfo()["MemAvailable"], (free(driver) - high!) * 4096);
  });

  it("below low kswapd is woken, and reclaims until more than high is free", () => {
    const driver = machine(16 * MIB, 16 * MIB);
    const [low, high] = [mark(driver, WMARK_LOW), mark(driver, WMARK_HIGH)];
    const { vmstat } = driver.system.straight;
    map(driver, 64 * MIB);
    let pages = 0;
    const write = () => assert.equal(fill(driver, 1, pages++), 1);
    while (vmstat.pageoutrun === 0) {
      assert.ok(free(driver) >= low, `page ${pages}: ${free(driver)} free`);
      write();
    }
    assert.deepEqual([driver.count("mm_vmscan_wakeup_kswapd"), driver.count("mm_vmscan_kswapd_sleep")], [1, 1]);
    // All pages have been used a moment ago: it may take a second time until they count as not used.
    while (free(driver) <= high && vmstat.pageoutrun < 4) write();
    assert.ok(free(driver) > high);
    assert.ok(vmstat.pgsteal_kswapd > 0 && vmstat.pgscan_kswapd >= vmstat.pgsteal_kswapd);
    assert.deepEqual([vmstat.pgscan_direct, vmstat.pgsteal_direct, vmstat.allocstall], [0, 0, 0]);
    assert.equal(vmstat.pswpout, vmstat.pgsteal_anon);
    // It goes on like this: nobody has to reclaim by himself.
    assert.equal(fill(driver, 4000, pages), 4000);
    assert.ok(vmstat.pageoutrun > 1);
    assert.equal(vmstat.allocstall, 0);
  });

  it("not below min: who asks in one long call comes there before kswapd runs, and reclaims by itself", () => {
    const driver = machine(16 * MIB, 16 * MIB);
    const { vmstat } = driver.system.straight;
    const MAP_POPULATE = 0x8000;
    driver.call(0, "sys_mmap", BASE, 20 * MIB, 3, PRIVATE_ANON | 0x4000 | MAP_POPULATE, -1, 0);
    assert.equal(driver.task(0).mm!.rss_anon + driver.task(0).mm!.rss_swap, (20 * MIB) / 4096);
    assert.ok(vmstat.allocstall > 0 && vmstat.pgsteal_direct > 0);
    assert.ok(driver.count("mm_vmscan_wakeup_kswapd") >= 1);
    assert.ok(free(driver) > mark(driver, WMARK_MIN));
  });

  it("where nothing can be reclaimed, the OOM killer comes with min pages left", () => {
    const driver = machine(16 * MIB);
    map(driver, 64 * MIB);
    const pages = fill(driver, 5000);
    assert.equal(driver.count("mark_victim"), 1);
    assert.equal(free(driver), mark(driver, WMARK_MIN));
    assert.ok(pages > 3000);
    // kswapd has found nothing, again and again, and gives up after sixteen times.
    const { vmstat, zone } = driver.system.straight;
    for (let i = 0; i < 40; i++) fill(driver, 1, pages);
    assert.ok(vmstat.pageoutrun <= 16 && zone.kswapd_failures <= 16, `${vmstat.pageoutrun}`);
    assert.equal(vmstat.pgsteal_kswapd, 0);
  });

  it("plenty of memory: nobody is woken", () => {
    const driver = machine(2 ** 30);
    map(driver, 64 * MIB);
    assert.equal(fill(driver, 4000), 4000);
    assert.deepEqual([driver.count("mm_vmscan_wakeup_kswapd"), driver.system.straight.vmstat.pageoutrun], [0, 0]);
  });
});

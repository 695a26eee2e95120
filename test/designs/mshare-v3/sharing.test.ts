// What sharing costs and what its bugs do, by the facts H.A.cost, A (pagemap, smaps), C1, C3, C4, C5, E1.
import assert from "node:assert/strict";
import { EINVAL } from "../../../sim/kernel/uapi/errno.ts";
import { O_RDWR } from "../../../sim/kernel/uapi/fcntl.ts";
import { MADV_DONTNEED } from "../../../sim/kernel/uapi/mman.ts";
import { SIGSEGV } from "../../../sim/kernel/uapi/signal.ts";
import {
  createMapping,
  join,
  KiB,
  load,
  MiB,
  mapRegion,
  meminfoOf,
  mshareMachine,
  open,
  PATH,
  pagemapOf,
  region,
  SIZE,
  START,
  setSize,
  smapsOf,
  statusOf,
  store,
  touch,
} from "./region.ts";

describe("mshare v3: sharing", () => {
  for (const n of [1, 2, 3, 8])
    it(`H.A.cost: ${n} processes and 16 MiB cost 40 KiB of tables; each later one takes 1 fault that does not count`, () => {
      const d = mshareMachine(new Array(n).fill(0));
      const before = meminfoOf(d)["PageTables"]!;
      region(d);
      assert.deepEqual(touch(d, 0, START, 16 * MiB, "write"), { hw: 4097, min: 4096, maj: 0 });
      for (let who = 1; who < n; who++) {
        join(d, who);
        assert.deepEqual(touch(d, who, START, 16 * MiB, "write"), { hw: 1, min: 0, maj: 0 });
        assert.equal(statusOf(d, who).VmPTE, 0);
        assert.equal(statusOf(d, who).VmRSS, 0);
        assert.equal(statusOf(d, who).VmSize, SIZE);
      }
      assert.equal(meminfoOf(d)["PageTables"]! - before, 40 * KiB);
      assert.equal(meminfoOf(d)["SecPageTables"], 0);
    });

  it("A: pages and tables stay when all processes are gone, until unlink", () => {
    const d = mshareMachine([0, 0]);
    const before = meminfoOf(d)["PageTables"]!;
    region(d);
    touch(d, 0, START, 16 * MiB, "write");
    d.call(0, "sys_exit", 0);
    assert.equal(meminfoOf(d)["PageTables"]! - before, 40 * KiB);
    assert.equal(meminfoOf(d)["Shmem"], 16 * MiB);
    assert.equal(d.call(1, "sys_unlink", PATH), 0);
    assert.equal(meminfoOf(d)["PageTables"]! - before, 0);
    assert.equal(meminfoOf(d)["Shmem"], 0);
  });

  it("A: smaps says private and whole in every process, 0 before the link; pagemap says exclusive", () => {
    const d = mshareMachine([0, 0, 0]);
    region(d);
    touch(d, 0, START, 16 * MiB, "write");
    join(d, 1);
    join(d, 2);
    assert.equal(smapsOf(d, 1, START).Rss, 0);
    assert.equal(pagemapOf(d, 1, START).raw, 0n);
    touch(d, 1, START, 4096, "read");
    for (const who of [0, 1]) {
      const { Rss, Pss, Private_Dirty, Shared_Dirty } = smapsOf(d, who, START);
      assert.deepEqual(
        { Rss, Pss, Private_Dirty, Shared_Dirty },
        { Rss: 16 * MiB, Pss: 16 * MiB, Private_Dirty: 16 * MiB, Shared_Dirty: 0 },
      );
      assert.equal(pagemapOf(d, who, START).raw, pagemapOf(d, 0, START).raw);
      assert.equal(pagemapOf(d, who, START).exclusive, true);
    }
    assert.equal(smapsOf(d, 2, START).Rss, 0);
  });

  it("A: every fault runs twice: vma_lock_retry counts all, vma_lock_success none", () => {
    const d = mshareMachine([0]);
    region(d);
    touch(d, 0, START, 4 * MiB, "write");
    assert.equal(d.system.straight.vmstat.vma_lock_retry, 1025);
    assert.equal(d.system.straight.vmstat.vma_lock_success, 0);
  });

  it("E1: the first fault compares, finds both entries empty, and makes the host's tables; the second links", () => {
    const d = mshareMachine([0]);
    region(d);
    const [p4d, pgd] = [d.count("set_p4d"), d.count("set_pgd")];
    assert.deepEqual(touch(d, 0, START, 4096, "write"), { hw: 2, min: 1, maj: 0 });
    assert.equal(d.count("set_p4d") - p4d, 1);
    assert.equal(d.count("set_pgd") - pgd, 1);
    assert.equal(d.count("pgd_same"), 2);
  });

  it("E1: a hole in the region: SIGSEGV", () => {
    const d = mshareMachine([0]);
    region(d);
    assert.deepEqual(load(d, 0, START + 100 * MiB), { signal: SIGSEGV });
  });

  it("C1: after munmap the tables stay linked: no fault, no flush, others see the writes", () => {
    const d = mshareMachine([0, 1]);
    region(d);
    touch(d, 0, START, 256 * KiB, "write");
    join(d, 1);
    touch(d, 1, START, 4096, "read");
    const flushes = d.count("tlb_flush");
    assert.equal(d.call(0, "sys_munmap", START, SIZE), 0);
    assert.equal(d.count("tlb_flush"), flushes);
    assert.deepEqual(touch(d, 0, START, 256 * KiB, "read"), { hw: 0, min: 0, maj: 0 });
    assert.equal(store(d, 0, START, 0xbb), 0);
    assert.deepEqual(load(d, 1, START), { value: 0xbb });
    assert.deepEqual(load(d, 0, START + MiB), { signal: SIGSEGV });
    store(d, 1, START + MiB, 0xcc);
    assert.deepEqual(load(d, 0, START + MiB), { value: 0xcc });
    assert.equal(pagemapOf(d, 0, START).raw, 0n);
  });

  it("C1, mended by unlink-on-munmap: SIGSEGV, and the others keep their memory", () => {
    const d = mshareMachine([0, 1], { fixes: new Set(["unlink-on-munmap"]) });
    region(d);
    touch(d, 0, START, 256 * KiB, "write");
    join(d, 1);
    store(d, 1, START, 7);
    d.call(0, "sys_munmap", START, SIZE);
    // Not only the first: the flush reaches each page below the entry.
    for (let page = 0; page < 64; page++) assert.deepEqual(load(d, 0, START + page * 4096), { signal: SIGSEGV });
    assert.deepEqual(load(d, 1, START), { value: 7 });
    assert.equal(d.system.straight.host_mm(PATH)!.pgtables_bytes, 12 * KiB);
    d.call(0, "sys_exit", 0);
    assert.deepEqual(load(d, 1, START), { value: 7 });
  });

  it("C3: munmap, close and unlink free tables and pages though the entry is still linked", () => {
    const d = mshareMachine([0]);
    const before = meminfoOf(d)["PageTables"]!;
    const fd = region(d);
    touch(d, 0, START, MiB, "write");
    d.call(0, "sys_munmap", START, SIZE);
    d.call(0, "sys_close", fd);
    assert.equal(meminfoOf(d)["Shmem"], MiB);
    d.call(0, "sys_unlink", PATH);
    assert.equal(meminfoOf(d)["Shmem"], 0);
    assert.equal(meminfoOf(d)["PageTables"], before);
  });

  it("B4: parts can neither be unmapped nor protected; MADV_DONTNEED does nothing", () => {
    const d = mshareMachine([0]);
    region(d);
    touch(d, 0, START, 64 * KiB, "write");
    assert.equal(d.call(0, "sys_munmap", START, 4096), -EINVAL);
    assert.equal(d.call(0, "sys_munmap", START + SIZE / 2, SIZE / 2), -EINVAL);
    assert.equal(d.call(0, "sys_mprotect", START, 4096, 1), -EINVAL);
    for (const bytes of [64 * KiB, SIZE]) assert.equal(d.call(0, "sys_madvise", START, bytes, MADV_DONTNEED), 0);
    assert.deepEqual(touch(d, 0, START, 64 * KiB, "read"), { hw: 0, min: 0, maj: 0 });
  });

  it("two halves of a region, mapped with offsets that continue, become one mapping (mm/mmap.c of 6.12)", () => {
    for (const [offset, vmas, result] of [
      [SIZE, 1, -EINVAL],
      [0, 2, 0],
    ] as const) {
      const d = mshareMachine([0]);
      const fd = open(d, 0, "create");
      setSize(d, 0, fd, START, 2 * SIZE);
      assert.equal(d.call(0, "sys_mmap", START, SIZE, 3, 1, fd, 0), START);
      assert.equal(d.call(0, "sys_mmap", START + SIZE, SIZE, 3, 1, fd, offset), START + SIZE);
      assert.equal(d.task(0).mm!.mm_mt.length, vmas);
      assert.equal(statusOf(d, 0).VmSize, 2 * SIZE);
      assert.equal(d.call(0, "sys_munmap", START + SIZE, SIZE), result);
    }
  });

  it("C4d: mprotect of the whole mapping flushes the caller's CPU only: the other one writes on without a fault", () => {
    for (const [mend, hw] of [
      [{}, 0],
      [{ options: { tlb_flush: "all" } }, 1],
      [{ fixes: new Set(["flush-sharers"]) }, 1],
    ] as const) {
      const d = mshareMachine([0, 1], mend);
      region(d);
      join(d, 1);
      touch(d, 0, START, 4096, "write");
      touch(d, 1, START, 4096, "write");
      const ipis = d.count("ipi");
      assert.equal(d.call(0, "sys_mprotect", START, SIZE, 1), 0);
      assert.equal(d.count("ipi") - ipis, hw);
      assert.deepEqual(touch(d, 1, START, 4096, "write"), { hw, min: hw, maj: 0 });
    }
  });

  it("C5: the host's mmap_lock is of the guest's class; with nested-mmap-lock it is annotated", () => {
    for (const [fixes, name] of [
      [[], "&mm->mmap_lock"],
      [["nested-mmap-lock"], "&mm->mmap_lock/1"],
    ] as const) {
      const d = mshareMachine([0], { fixes: new Set(fixes) });
      region(d);
      touch(d, 0, START, 4096, "write");
      const { machine } = d.system;
      const names = new Set<unknown>();
      machine.listen("lock", () => {
        if (machine.args[0] === d.system.straight.host_mm(PATH)!.mmap_lock) names.add(machine.args[1]);
      });
      touch(d, 0, START + 4096, 4096, "write");
      assert.deepEqual([...names], [name]);
    }
  });

  it("a mapping for reading can be written through the linked tables; guest-permissions refuses it", () => {
    const d = mshareMachine([0, 1]);
    region(d);
    touch(d, 0, START, 4096, "write");
    const fd = open(d, 1, "existing");
    assert.equal(mapRegion(d, 1, fd, 1), START);
    load(d, 1, START);
    assert.equal(store(d, 1, START, 5), 0);
    assert.deepEqual(load(d, 0, START), { value: 5 });
    const mended = mshareMachine([0, 1], { fixes: new Set(["guest-permissions"]) });
    region(mended);
    assert.ok(mapRegion(mended, 1, mended.call(1, "sys_open", PATH, O_RDWR), 1) < 0);
  });

  it("a write to a read-only mapping in the region faults for ever; host-permissions: SIGSEGV", () => {
    for (const fixes of [[], ["host-permissions"]]) {
      const d = mshareMachine([0], { fixes: new Set(fixes) });
      const fd = open(d, 0, "create");
      setSize(d, 0, fd, START, SIZE);
      createMapping(d, 0, fd, { prot: 1 });
      mapRegion(d, 0, fd);
      store(d, 0, START, 1);
      assert.equal(d.count("livelock"), fixes.length === 0 ? 1 : 0);
    }
  });
});

// What the series says of itself, and what follows from its code: which tables are shared, what faults and what counts.
import assert from "node:assert/strict";
import { EINVAL, EOPNOTSUPP } from "../../../sim/kernel/uapi/errno.ts";
import { MAP_SHARED, MAP_SHARED_VALIDATE, PROT_READ } from "../../../sim/kernel/uapi/mman.ts";
import { SIGSEGV } from "../../../sim/kernel/uapi/signal.ts";
import type { Driver } from "../../kernel/harness.ts";
import {
  GiB,
  hostOf,
  join,
  KiB,
  load,
  MiB,
  map,
  open,
  pageTables,
  pteTable,
  ptshareMachine,
  SHARED_PT,
  SIZE,
  START,
  statusOf,
  steppingMachine,
  store,
  TiB,
  tables,
  touch,
} from "./machine.ts";

const PUD_TABLE = 4 * KiB;

describe("ptshare v2: mmap", () => {
  it("2/4: MAP_SHARED_PT needs a shared mapping; MAP_SHARED_VALIDATE does not know it; MAP_PRIVATE passes as posted", () => {
    const d = ptshareMachine([0]);
    const fd = open(d, 0);
    assert.equal(map(d, 0, fd, { flags: SHARED_PT - MAP_SHARED }), -EINVAL);
    assert.equal(map(d, 0, fd, { flags: SHARED_PT | MAP_SHARED_VALIDATE }), -EOPNOTSUPP);
    assert.equal(map(d, 0, fd, { flags: SHARED_PT + 1 }), START);
    const mended = ptshareMachine([0], { fixes: new Set(["private-mapping"]) });
    assert.equal(map(mended, 0, open(mended, 0), { flags: SHARED_PT + 1 }), -EINVAL);
  });

  it("3/4: what is not aligned to 2 MiB is mapped, and not shared", () => {
    for (const [addr, size] of [
      [START + 4096, SIZE],
      [START, SIZE - 4096],
    ] as const) {
      const d = ptshareMachine([0]);
      assert.equal(map(d, 0, open(d, 0), { addr, size }), addr);
      assert.equal(hostOf(d), null);
      assert.deepEqual(touch(d, 0, addr, 64 * KiB), { hw: 16, min: 16 });
      assert.equal(statusOf(d, 0).RssShmem, 64 * KiB);
    }
  });

  it("3/4: the first mapping makes a host mm with its range and one VMA", () => {
    const d = ptshareMachine([0]);
    join(d, 0);
    const host = hostOf(d)!;
    assert.deepEqual([host.mmap_base, host.task_size, host.map_count, host.owner], [START, SIZE, 1, null]);
    assert.deepEqual([host.mm_mt.at(0)!.vm_start, host.mm_mt.at(0)!.vm_end], [START, START + SIZE]);
    assert.equal(host.mm_mt.at(0)!.vm_file, null);
  });

  it("4/4: the first process' PUD entry leads to the host's PMD table before any access", () => {
    const d = ptshareMachine([0, 1]);
    join(d, 0);
    join(d, 1);
    const [, pmd] = tables(d, 0, START);
    assert.equal(d.system.straight.page(pmd!).pt_mm, hostOf(d));
    // get_page and put_page around the link: it holds nothing.
    assert.equal(d.system.straight.page(pmd!).refcount, 1);
    assert.equal(tables(d, 1, START)[0], 0);
  });

  it("Mike Kravetz' question: a mapping of another size shares nothing with the first two", () => {
    const d = ptshareMachine([0, 0, 0]);
    for (const [who, size] of [
      [0, 4 * MiB],
      [1, 4 * MiB],
      [2, 8 * MiB],
    ] as const) {
      join(d, who, { size });
      touch(d, who, START, 4096);
    }
    assert.equal(pteTable(d, 0, START), pteTable(d, 1, START));
    assert.notEqual(pteTable(d, 0, START), pteTable(d, 2, START));
    assert.equal(statusOf(d, 2).VmPTE, 12 * KiB);
  });

  it("other addresses share only with option `addresses: any`; faults there are right with vm-mm-swap mended", () => {
    for (const [addresses, shared] of [
      ["same", false],
      ["any", true],
    ] as const) {
      const d = ptshareMachine([0, 0], { options: { addresses }, fixes: new Set(["vm-mm-swap", "fault-unlock"]) });
      join(d, 0);
      join(d, 1, { addr: 3 * TiB });
      store(d, 0, START + 8 * KiB, 7);
      assert.deepEqual(load(d, 1, 3 * TiB + 8 * KiB), { value: 7 });
      store(d, 1, 3 * TiB + MiB, 8);
      assert.deepEqual(load(d, 0, START + MiB), { value: 8 });
      assert.equal(pteTable(d, 0, START) === pteTable(d, 1, 3 * TiB), shared);
    }
  });
});

describe("ptshare v2: faults", () => {
  for (const n of [2, 3, 8])
    it(`${n} processes and 4 MiB: two PTE tables for all; each later process takes one fault for 2 MiB that does not count`, () => {
      const d = ptshareMachine(new Array(n).fill(0));
      const before = pageTables(d);
      join(d, 0);
      assert.deepEqual(touch(d, 0, START, SIZE), { hw: 1024, min: 1024 });
      assert.equal(hostOf(d)!.pgtables_bytes, 16 * KiB);
      for (let who = 1; who < n; who++) {
        join(d, who);
        assert.deepEqual(touch(d, who, START, SIZE), { hw: 2, min: 0 });
        assert.equal(pteTable(d, who, START), pteTable(d, 0, START));
        assert.equal(statusOf(d, who).VmRSS, 0);
        assert.equal(statusOf(d, who).VmPTE, 8 * KiB);
      }
      // The host's 4 tables, the first process' PUD table, PUD and PMD table of every other one.
      assert.equal(pageTables(d) - before, 16 * KiB + PUD_TABLE + (n - 1) * 8 * KiB);
      assert.equal(hostOf(d)!.rss_shmem, 1024);
      assert.equal(statusOf(d, 0).VmRSS, 0);
    });

  it("a first access of a later process where nobody was before: filled in the host, linked, found", () => {
    const d = ptshareMachine([0, 0]);
    join(d, 0);
    join(d, 1);
    assert.deepEqual(touch(d, 1, START + 2 * MiB, 4096), { hw: 2, min: 1 });
    assert.deepEqual(touch(d, 1, START + 2 * MiB + 4096, 4096), { hw: 1, min: 1 });
    assert.deepEqual(touch(d, 0, START + 2 * MiB, 4096), { hw: 0, min: 0 });
  });

  it("a mapping of several GiB: its first GiB is linked at mmap, the others by faults", () => {
    const d = ptshareMachine([0]);
    join(d, 0, { addr: 2 * TiB, size: 2 * GiB });
    const [, pmd] = tables(d, 0, 2 * TiB);
    assert.notEqual(pmd, 0);
    assert.equal(tables(d, 0, 2 * TiB + GiB)[1], 0);
    assert.equal(d.system.straight.page(pmd!).pt_mm, hostOf(d));
    assert.deepEqual(touch(d, 0, 2 * TiB, 4096), { hw: 1, min: 1 });
  });

  it("no fault takes the lock of a VMA: there were none in 6.3", () => {
    const d = ptshareMachine([0]);
    join(d, 0);
    touch(d, 0, START, 64 * KiB);
    const { vma_lock_success, vma_lock_retry, vma_lock_abort } = d.system.straight.vmstat;
    assert.deepEqual([vma_lock_success, vma_lock_retry, vma_lock_abort], [0, 0, 0]);
  });

  it("memfd works as any file (Khalid Aziz, 2023-04-27: I look for just a file pointer)", () => {
    const d = ptshareMachine([0, { cpu: 0, forked: true }]);
    const fd = d.call(0, "sys_memfd_create", "db", 0);
    d.call(0, "sys_ftruncate", fd, SIZE);
    map(d, 0, fd);
    touch(d, 0, START, 4096);
    store(d, 0, START, 5);
    d.call(0, "sys_fork", d.task(1));
    assert.deepEqual(load(d, 1, START), { value: 5 });
    assert.equal(pteTable(d, 1, START), pteTable(d, 0, START));
    assert.equal(d.system.straight.host_mm("memfd:db")!.rss_shmem, 1);
  });
});

describe("ptshare v2: what reaches everyone, and the end", () => {
  it("cover letter: one mprotect takes the right to write from all", () => {
    const d = ptshareMachine([0, 0]);
    join(d, 0);
    join(d, 1);
    touch(d, 0, START, 16 * KiB);
    touch(d, 1, START, 4096);
    const writable = () => d.system.straight.walk_entries(d.task(1).mm!, START)[3]! & 2;
    assert.equal(writable(), 2);
    assert.equal(d.call(0, "sys_mprotect", START, SIZE, PROT_READ), 0);
    assert.equal(writable(), 0);
  });

  it("Khalid Aziz, 2023-04-27: one MADV_DONTNEED removes the entries of all; option `dontneed: nobody` does not", () => {
    for (const [dontneed, faults] of [
      // All 16 pages are in the file: one fault maps them again (fault-around, 64 KiB).
      ["everyone", 1],
      ["nobody", 0],
    ] as const) {
      const d = ptshareMachine([0, 0], { options: { dontneed } });
      join(d, 0);
      join(d, 1);
      touch(d, 1, START, 64 * KiB);
      assert.equal(d.call(0, "sys_madvise", START, SIZE, 4), 0);
      // On one CPU without PCIDs a task switch flushes.
      assert.equal(touch(d, 1, START, 64 * KiB).min, faults);
    }
  });

  it("cover letter: no partial munmap; the whole goes, the others go on", () => {
    const d = ptshareMachine([0, 0]);
    join(d, 0);
    join(d, 1);
    touch(d, 0, START, 4096);
    store(d, 0, START, 9);
    touch(d, 1, START, 4096);
    assert.equal(d.call(1, "sys_munmap", START, 2 * MiB), -EINVAL);
    assert.equal(d.call(1, "sys_munmap", START + 2 * MiB, 2 * MiB), -EINVAL);
    assert.equal(d.call(1, "sys_munmap", START, SIZE - 1), -EINVAL);
    assert.equal(d.call(1, "sys_munmap", START, SIZE), 0);
    assert.deepEqual(load(d, 1, START), { signal: SIGSEGV });
    assert.deepEqual(load(d, 0, START), { value: 9 });
  });

  it("the last munmap takes the host mm along; an exit leaves it for good", () => {
    const d = ptshareMachine([0, 0]);
    join(d, 0);
    join(d, 1);
    touch(d, 0, START, 4096);
    d.call(0, "sys_munmap", START, SIZE);
    assert.notEqual(hostOf(d), null);
    d.call(1, "sys_munmap", START, SIZE);
    assert.equal(hostOf(d), null);
    const left = ptshareMachine([0]);
    join(left, 0);
    touch(left, 0, START, 4096);
    left.call(0, "sys_exit", 0);
    assert.equal(hostOf(left)!.mm_users, 1);
  });

  it("as posted a guest that unmaps counts pages that it never counted, and keeps its PMD table", () => {
    const d = ptshareMachine([0, 0]);
    join(d, 0);
    join(d, 1);
    touch(d, 0, START, 64 * KiB);
    touch(d, 1, START, 4096);
    d.call(1, "sys_munmap", START, SIZE);
    assert.equal(d.task(1).mm!.rss_shmem, -16);
    assert.equal(d.task(1).mm!.pgtables_bytes, 4 * KiB);
    assert.equal(hostOf(d)!.rss_shmem, 16);
  });

  it("mended, nothing is left of tables and pages but the file's, whoever goes how", () => {
    for (const last of ["sys_munmap", "sys_exit"]) {
      const d = ptshareMachine([0, 1, 0], { fixes: new Set(["all"]) });
      const before = pageTables(d);
      for (const who of [0, 1, 2]) join(d, who);
      touch(d, 0, START, MiB, "write");
      assert.deepEqual(touch(d, 1, START, MiB), { hw: 1, min: 0 });
      d.call(0, "sys_munmap", START, SIZE);
      assert.deepEqual(load(d, 1, START), { value: 1 });
      assert.equal(hostOf(d)!.rss_shmem, 256);
      for (const who of [1, 2]) last === "sys_exit" ? d.call(who, last, 0) : d.call(who, last, START, SIZE);
      assert.equal(hostOf(d), null);
      assert.equal(pageTables(d), before);
      assert.equal(d.task(0).mm!.rss_shmem, 0);
    }
  });
});

describe("ptshare v2: both flavours of the kernel", () => {
  const play = (d: Driver) => {
    const first = join(d, 0);
    join(d, 1);
    touch(d, 0, START, 64 * KiB);
    store(d, 0, START, 3);
    touch(d, 1, START, 96 * KiB);
    d.call(0, "sys_fork", d.task(2));
    touch(d, 2, START + 2 * MiB, 8 * KiB);
    d.call(1, "sys_madvise", START, MiB, 4);
    d.call(0, "sys_mprotect", START, SIZE, PROT_READ);
    touch(d, 1, START, 32 * KiB);
    map(d, 2, first, { addr: 4 * TiB, size: 2 * MiB });
    d.call(2, "sys_exit", 0);
    d.call(1, "sys_munmap", START, SIZE);
    d.call(0, "sys_munmap", START, SIZE);
  };
  for (const fixes of [[], ["all"]])
    it(`agree to the last bit${fixes.length > 0 ? ", mended" : ""}`, () => {
      const places = [0, 1, { cpu: 0, forked: true }];
      const straight = ptshareMachine(places, { fixes: new Set(fixes) });
      const stepping = steppingMachine(places, { fixes: new Set(fixes) });
      play(straight);
      play(stepping);
      assert.equal(stepping.system.machine.step, straight.system.machine.step);
      assert.equal(stepping.system.machine.store.hash(), straight.system.machine.store.hash());
      assert.deepEqual([...stepping.system.machine.counts], [...straight.system.machine.counts]);
    });
});

// Facts A, B1, B4, B5 to B7 and C4 that are told in sentences, not step by step: what a real kernel with the series did.
import assert from "node:assert/strict";
import { EEXIST, EINVAL, ENOENT, ENOMEM } from "../../../sim/kernel/uapi/errno.ts";
import {
  MADV_DONTFORK,
  MADV_DONTNEED_LOCKED,
  MADV_HUGEPAGE,
  MADV_PAGEOUT,
  MADV_POPULATE_WRITE,
} from "../../../sim/kernel/uapi/mman.ts";
import { SIGSEGV } from "../../../sim/kernel/uapi/signal.ts";
import type { Driver } from "../../kernel/harness.ts";
import {
  createMapping,
  GiB,
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
  REGION_MAP,
  region,
  SIZE,
  START,
  setSize,
  smapsOf,
  statusOf,
  store,
  TiB,
  touch,
} from "./region.ts";

const FIXED_SHARED_ANON = 0x31;
const MAP_NORESERVE = 0x4000;
const MAP_FIXED_NOREPLACE = 0x100000;
const SWAP = { swap: 2 ** 28 };

/** A region of `size` that process 0 maps, 64 MiB of memory at its start. */
function regionOf(d: Driver, size: number): number {
  const fd = open(d, 0, "create");
  setSize(d, 0, fd, START, size);
  createMapping(d, 0, fd);
  d.call(0, "sys_mmap", START, size, 3, 1, fd, 0);
  return fd;
}

describe("mshare v3: measured (facts A)", () => {
  it("A: 64 processes cost what one costs; fork and memfd cost as much for each", () => {
    const d = mshareMachine(new Array(64).fill(0));
    const before = meminfoOf(d)["PageTables"]!;
    region(d);
    touch(d, 0, START, 16 * MiB, "write");
    for (let who = 1; who < 64; who++) {
      join(d, who);
      assert.deepEqual(touch(d, who, START, 4096, "write"), { hw: 1, min: 0, maj: 0 });
    }
    assert.equal(meminfoOf(d)["PageTables"]! - before, 40 * KiB);
  });

  it("A: the first access of a new process to a page that nobody has: link, then populate; the next ones one fault each", () => {
    const d = mshareMachine([0, 1]);
    region(d);
    touch(d, 0, START, 4096, "write");
    join(d, 1);
    assert.deepEqual(touch(d, 1, START + MiB, 4096, "write"), { hw: 2, min: 1, maj: 0 });
    assert.deepEqual(touch(d, 1, START + MiB + 4096, 4 * 4096, "write"), { hw: 4, min: 4, maj: 0 });
  });

  it("A: tables that others add later are seen without a fault", () => {
    const d = mshareMachine([0, 1]);
    region(d);
    touch(d, 0, START, 4096, "write");
    join(d, 1);
    touch(d, 1, START, 4096, "read");
    touch(d, 0, START + 20 * MiB, MiB, "write");
    assert.deepEqual(touch(d, 1, START + 20 * MiB, MiB, "read"), { hw: 0, min: 0, maj: 0 });
  });

  it("A: holes cost a fault a page, for reading too; a page that was read is writable for all", () => {
    const d = mshareMachine([0, 1]);
    region(d);
    touch(d, 0, START + MiB, 4096, "write");
    assert.deepEqual(touch(d, 0, START, 16 * 4096, "read"), { hw: 16, min: 16, maj: 0 });
    assert.deepEqual(touch(d, 0, START + 64 * KiB, 16 * 4096, "write"), { hw: 16, min: 16, maj: 0 });
    join(d, 1);
    touch(d, 1, START + MiB, 4096, "read");
    for (const who of [0, 1]) assert.deepEqual(touch(d, who, START, 16 * 4096, "write"), { hw: 0, min: 0, maj: 0 });
  });

  it("A: pages that are there without entries come 16 at a time (fault-around, through the host's VMA)", () => {
    const d = mshareMachine([0]);
    region(d);
    touch(d, 0, START, 16 * 4096, "write");
    const host = d.system.straight.host_mm(PATH)!;
    const details = { even_cows: true, reclaim_pt: false };
    d.call(0, "zap_page_range_single", host.mm_mt.at(0), START, 16 * 4096, details);
    d.call(0, "flush_tlb_all", "remote shootdown");
    assert.deepEqual(touch(d, 0, START, 16 * 4096, "read"), { hw: 1, min: 1, maj: 0 });
  });

  it("A: users of the region have no RSS of it, 512 GiB of VmSize, and no table", () => {
    const d = mshareMachine([0]);
    const before = statusOf(d, 0);
    region(d);
    touch(d, 0, START, MiB, "write");
    const { VmSize, RssShmem, VmRSS, VmPTE } = statusOf(d, 0);
    assert.deepEqual([VmSize - before.VmSize, RssShmem, VmRSS - before.VmRSS, VmPTE - before.VmPTE], [SIZE, 0, 0, 0]);
    assert.equal(d.system.straight.host_mm(PATH)!.rss_shmem, 256);
  });

  it("A: plain memory succeeds under the VMA's lock each time", () => {
    const d = mshareMachine([0]);
    d.call(0, "sys_mmap", START, 4 * MiB, 3, FIXED_SHARED_ANON, -1, 0);
    touch(d, 0, START, 4 * MiB, "write");
    assert.equal(d.system.straight.vmstat.vma_lock_success, 1024);
    assert.equal(d.system.straight.vmstat.vma_lock_retry, 0);
  });

  it("A: MADV_HUGEPAGE of a guest changes nothing: pages of 4 KiB, 1,025 faults for 4 MiB", () => {
    const d = mshareMachine([0]);
    region(d);
    d.call(0, "sys_madvise", START, SIZE, MADV_HUGEPAGE);
    assert.deepEqual(touch(d, 0, START, 4 * MiB, "write"), { hw: 1025, min: 1024, maj: 0 });
  });
});

describe("mshare v3: measured (facts B)", () => {
  it("B1: adjacent, by another process, after others have linked, after the creator's exit: ok", () => {
    const d = mshareMachine([0, 1]);
    region(d);
    touch(d, 0, START, 4096, "write");
    const fd = join(d, 1);
    assert.equal(createMapping(d, 1, fd, { addr: START + 64 * MiB, size: 2 * MiB }), 0);
    touch(d, 1, START, 4096, "read");
    assert.equal(createMapping(d, 1, fd, { addr: START + 66 * MiB, size: 2 * MiB }), 0);
    d.call(0, "sys_exit", 0);
    assert.equal(createMapping(d, 1, fd, { addr: START + 68 * MiB, size: 2 * MiB }), 0);
    assert.deepEqual(touch(d, 1, START + 68 * MiB, 4096, "write"), { hw: 1, min: 1, maj: 0 });
  });

  // The fact says "ok" and not with which flags, of a machine of 1.5 GiB. The series leaves accounting as it is, and a real Linux
  // gives a shared anonymous mapping of that size ENOMEM with vm.overcommit_memory 0 (test/scenarios/conform/promises-of-memory.mshare),
  // and takes it with MAP_NORESERVE, or whatever the flags with vm.overcommit_memory 1, which no simulated machine has: so tried
  // on 6.18. What was measured was one of the last two.
  it("B1: a second slot of 512 GiB as a whole: ok with MAP_NORESERVE; without it more than memory and swap can ever hold", () => {
    for (const [flags, result] of [
      [REGION_MAP | MAP_NORESERVE, 0],
      [REGION_MAP, -ENOMEM],
    ] as const) {
      const d = mshareMachine([0]);
      const fd = regionOf(d, TiB);
      assert.equal(createMapping(d, 0, fd, { addr: START + SIZE, size: SIZE, flags }), result);
      if (result === 0) assert.deepEqual(touch(d, 0, START + SIZE + GiB, 4096, "write"), { hw: 2, min: 1, maj: 0 });
    }
  });

  it("B4: nothing can be mapped over a part: EINVAL, and EEXIST with MAP_FIXED_NOREPLACE", () => {
    const d = mshareMachine([0]);
    region(d);
    const over = (flags: number) => d.call(0, "sys_mmap", START + MiB, 4096, 3, 0x32 | flags, -1, 0);
    assert.equal(over(0), -EINVAL);
    assert.equal(over(MAP_FIXED_NOREPLACE), -EEXIST);
    for (const [addr, bytes] of [
      [START, 4096],
      [START + SIZE / 2, 4096],
      [START + SIZE - 4096, 4096],
    ] as const)
      assert.equal(d.call(0, "sys_munmap", addr, bytes), -EINVAL);
  });

  it("B4: MADV_POPULATE_WRITE of 4 MiB: no hardware fault, 1,024 counted; others read without a fault", () => {
    const d = mshareMachine([0, 1]);
    region(d);
    touch(d, 0, START + 8 * MiB, 4096, "write");
    join(d, 1);
    touch(d, 1, START + 8 * MiB, 4096, "read");
    const { min_flt } = d.task(0);
    const faults = d.count("page_fault");
    assert.equal(d.call(0, "sys_madvise", START, 4 * MiB, MADV_POPULATE_WRITE), 0);
    assert.deepEqual([d.count("page_fault") - faults, d.task(0).min_flt - min_flt], [0, 1024]);
    assert.deepEqual(touch(d, 1, START, 4 * MiB, "read"), { hw: 0, min: 0, maj: 0 });
  });

  it("B4: MADV_DONTNEED_LOCKED does nothing; MADV_PAGEOUT of a part and of the whole really takes pages out", () => {
    const d = mshareMachine([0], SWAP);
    region(d);
    touch(d, 0, START, 64 * KiB, "write");
    assert.equal(d.call(0, "sys_madvise", START, SIZE, MADV_DONTNEED_LOCKED), 0);
    assert.equal(pagemapOf(d, 0, START).present, true);
    assert.equal(d.call(0, "sys_madvise", START, 4096, MADV_PAGEOUT), 0);
    assert.equal(pagemapOf(d, 0, START).present, false);
    assert.equal(pagemapOf(d, 0, START + 4096).present, true);
    assert.equal(d.call(0, "sys_madvise", START, SIZE, MADV_PAGEOUT), 0);
    assert.equal(smapsOf(d, 0, START).Rss, 0);
    assert.equal(meminfoOf(d)["Shmem"], 0);
  });

  it("B5: madvise(DONTFORK) of the whole is accepted: the child has no such mapping", () => {
    const d = mshareMachine([0, { cpu: 1, forked: true }] as never);
    region(d);
    assert.equal(d.call(0, "sys_madvise", START, SIZE, MADV_DONTFORK), 0);
    assert.ok(d.call(0, "sys_fork", d.task(1)) > 0);
    assert.deepEqual(load(d, 1, START), { signal: SIGSEGV });
  });

  it("B6: an unlinked region lives on for who has it mapped or open", () => {
    const d = mshareMachine([0, 1]);
    const fd = region(d);
    const other = open(d, 1, "existing");
    store(d, 0, START, 5);
    assert.equal(d.call(0, "sys_unlink", PATH), 0);
    d.call(0, "sys_close", fd);
    assert.deepEqual(touch(d, 0, START + MiB, 4096, "write"), { hw: 1, min: 1, maj: 0 });
    assert.equal(mapRegion(d, 1, other), START);
    assert.deepEqual(load(d, 1, START), { value: 5 });
    assert.equal(open(d, 1, "existing"), -ENOENT);
  });
});

describe("mshare v3: stale translations (facts C4)", () => {
  /** A page of the region, 0x1111, that process 0 and, on the other CPU, process 1 have in their TLBs. */
  function shared(more: object = {}): Driver {
    const d = mshareMachine([0, 1, 0], { ...SWAP, ...more });
    region(d);
    store(d, 0, START, 0x1111);
    join(d, 1);
    touch(d, 1, START, 4096, "write");
    store(d, 1, START, 0x1111);
    const memory = d.call(2, "sys_mmap", 16 * TiB, MiB, 3, 0x32, -1, 0);
    touch(d, 2, memory, 8 * 4096, "write");
    load(d, 0, START);
    return d;
  }
  const stranger = 16 * TiB;

  it("H.C4.stale_own: MADV_PAGEOUT frees the page with no flush at all; the caller itself reads on", () => {
    const d = shared();
    const flushes = d.count("tlb_flush");
    assert.equal(d.call(0, "sys_madvise", START, 4096, MADV_PAGEOUT), 0);
    assert.equal(d.count("tlb_flush") - flushes, 0);
    assert.equal(pagemapOf(d, 0, START).present, false);
    const faults = d.count("page_fault");
    assert.deepEqual(load(d, 0, START), { value: 0x1111 });
    assert.equal(d.count("page_fault") - faults, 0);
  });

  it("H.C4e.stale_remote: a CPU reads the private data of whoever got the frame, while the caller gets the right page back", () => {
    const d = shared();
    d.call(0, "sys_madvise", START, 4096, MADV_PAGEOUT);
    touch(d, 2, stranger + 64 * KiB, 4096, "write");
    store(d, 2, stranger + 64 * KiB, 0xdeadbeef);
    const faults = d.count("page_fault");
    assert.deepEqual(load(d, 1, START), { value: 0xdeadbeef });
    assert.equal(d.count("page_fault") - faults, 0);
    assert.deepEqual(touch(d, 0, START, 4096, "read"), { hw: 1, min: 0, maj: 1 });
    assert.deepEqual(load(d, 0, START), { value: 0x1111 });
    assert.deepEqual(load(d, 1, START), { value: 0xdeadbeef });
  });

  it("H.C4e.stale_write: writes through the stale translation land in another process's private memory", () => {
    const d = shared();
    d.call(0, "sys_madvise", START, 4096, MADV_PAGEOUT);
    store(d, 2, stranger + 64 * KiB, 0xdeadbeef);
    store(d, 1, START, 0x7777);
    assert.deepEqual(load(d, 2, stranger + 64 * KiB), { value: 0x7777 });
  });

  it("H.C5b.reclaim: ordinary reclaim does the same; the other CPU reads the old value on", () => {
    const d = shared();
    for (let rounds = 0; rounds < 8 && pagemapOf(d, 0, START).present; rounds++) d.call(2, "try_to_free_pages", 64);
    assert.equal(pagemapOf(d, 0, START).present, false);
    const faults = d.count("page_fault");
    assert.deepEqual(load(d, 1, START), { value: 0x1111 });
    assert.equal(d.count("page_fault") - faults, 0);
  });

  it("C4, control: a plain page that two processes map is not paged out, as its mapcount is 2", () => {
    const d = mshareMachine([0, { cpu: 1, forked: true }] as never, SWAP);
    d.call(0, "sys_mmap", START, MiB, 3, FIXED_SHARED_ANON, -1, 0);
    touch(d, 0, START, 64 * KiB, "write");
    d.call(0, "sys_fork", d.task(1));
    touch(d, 1, START, 64 * KiB, "read");
    assert.equal(d.call(0, "sys_madvise", START, 4096, MADV_PAGEOUT), 0);
    assert.equal(pagemapOf(d, 0, START).present, true);
  });

  it("C4, control: plain shared memory of one process is paged out with a flush of its own CPU", () => {
    const d = mshareMachine([0], SWAP);
    d.call(0, "sys_mmap", START, MiB, 3, FIXED_SHARED_ANON, -1, 0);
    touch(d, 0, START, 64 * KiB, "write");
    const flushes = d.count("tlb_flush");
    d.call(0, "sys_madvise", START, 4096, MADV_PAGEOUT);
    assert.equal(d.count("tlb_flush") - flushes, 1);
    assert.deepEqual(touch(d, 0, START, 4096, "read"), { hw: 1, min: 0, maj: 1 });
  });
});

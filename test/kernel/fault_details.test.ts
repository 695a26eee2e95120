// Details of faults and of zapping that no counter of a native run shows: in which order stores come, and what is counted when
// something goes wrong. From mm/memory.c and mm/oom_kill.c.
import assert from "node:assert/strict";
import { _PAGE_UFFD_WP } from "../../sim/hardware/entry.ts";
import { KVM_CREATE_VM } from "../../sim/kernel/uapi/kvm.ts";
import { passes } from "../scenario/run/running.ts";
import { type Driver, drive, noPatch } from "./harness.ts";

const BASE = 2 ** 44;
const PRIVATE = 0x32;
const MADV_PAGEOUT = 21;
const FAULT_FLAG_UNSHARE = 0x400;

function mapped(pages: number, more = {}): Driver {
  const driver = drive([0, { cpu: 1, forked: true }], noPatch, more);
  driver.call(0, "sys_mmap", BASE, pages * 4096, 3, PRIVATE, -1, 0);
  driver.touch(0, BASE, pages * 4096, "write");
  return driver;
}

describe("details of faults", () => {
  it("a slot is given up before its entry is cleared", () => {
    const driver = mapped(1, { swap: 2 ** 24 });
    driver.call(0, "sys_madvise", BASE, 4096, MADV_PAGEOUT);
    const { machine } = driver.system;
    const seen: string[] = [];
    for (const event of ["swap_free", "set_pte"]) machine.listen(event, () => seen.push(event));
    driver.call(0, "sys_munmap", BASE, 4096);
    assert.deepEqual(seen, ["swap_free", "set_pte"]);
  });

  it("a page of swap that finds no memory is no major fault", () => {
    const driver = mapped(1, { swap: 2 ** 24, memory: 2 ** 22 });
    driver.call(0, "sys_madvise", BASE, 4096, MADV_PAGEOUT);
    const { straight } = driver.system;
    const { zone, vmstat } = straight;
    // Everything is in use, by nobody who could give it up.
    driver.task(0).oom_score_adj = -1000;
    while (straight.take_free_page());
    assert.equal(zone.nr_free, 0);
    driver.call(0, "user_load", BASE);
    assert.equal(vmstat.pgmajfault, 0);
    assert.equal(driver.task(0).maj_flt, 0);
  });

  it("unsharing a page that fork has made two processes' keeps the mark that its writes are watched, and no right to write", () => {
    const driver = mapped(1);
    driver.call(0, "sys_fork", driver.task(1));
    const { straight } = driver.system;
    const mm = driver.task(0).mm!;
    const vma = [...mm.mm_mt][0]!;
    const pfn = straight.leaf_entry(mm, BASE) - (straight.leaf_entry(mm, BASE) % 4096);
    const [, , pmd] = straight.walk_entries(mm, BASE);
    const ptep = Math.floor(pmd / 4096) * 512 + (Math.floor(BASE / 4096) % 512);
    straight.memory.writeEntry(Math.floor(ptep / 512), ptep % 512, straight.leaf_entry(mm, BASE) + _PAGE_UFFD_WP);
    driver.call(0, "handle_mm_fault", vma, BASE, FAULT_FLAG_UNSHARE);
    const entry = straight.leaf_entry(mm, BASE);
    assert.notEqual(entry - (entry % 4096), pfn, "a page of its own");
    assert.equal(entry & _PAGE_UFFD_WP, _PAGE_UFFD_WP);
    // Neither PAGE_RW nor PAGE_DIRTY.
    assert.equal(entry & 0x42, 0);
  });

  it("VmHWM knows of pages that a shorter file has taken away", () => {
    passes(`machine { cpus: 1, memory: 64MiB }
      process a
      a: fd = memfd_create("f", 0)
      a: ftruncate(fd, 64KiB)
      a: p = mmap(0, 64KiB, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
      a: touch(p, 64KiB, write)
      a: ftruncate(fd, 0)
      expect status(a).VmRSS == 0
      expect status(a).VmHWM == 64KiB`);
  });
});

describe("faults of the kernel on a program's behalf", () => {
  const FILE = `machine { cpus: 1, memory: 64MiB }
    process a
    a: fd = memfd_create("f", 0)
    a: ftruncate(fd, 64KiB)
    a: p = mmap(0, 64KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)`;

  it("end its copy where nothing is mapped: no signal is sent", () =>
    void passes(`${FILE}
      a: read(fd, 64KiB, 8) fails EFAULT
      a: write(fd, 64KiB, 8) fails EFAULT
      a: mprotect(p, 4KiB, PROT_READ)
      a: read(fd, p, 8) fails EFAULT
      expect count(signal) == 0
      a: load(64KiB) faults SIGSEGV
      expect count(signal) == 1`));

  it("take mmap_lock, where the program's own take the VMA's lock; their error code says who it was", () =>
    void passes(`${FILE}
      a: read(fd, p, 8) == 8
      expect count(lock, name == "vm_lock" && mode == "read") == 0
      expect count(page_fault, error == 2) == 1
      a: store(p + 4KiB, 1)
      expect count(lock, name == "vm_lock" && mode == "read") == 1
      expect count(page_fault, error == 6) == 1`));
});

describe("the OOM reaper", () => {
  it("hides an address space from the killer after it has taken what it can, and tells other MMUs that it is unmapped", () => {
    const driver = mapped(4);
    const { machine } = driver.system;
    const mm = driver.task(0).mm!;
    // Other MMUs: those of a guest.
    const kvm = driver.call(0, "sys_open", "/dev/kvm", 2);
    assert.ok(driver.call(0, "sys_ioctl", kvm, KVM_CREATE_VM, 0) > 0);
    const seen: unknown[] = [];
    machine.listen("set_pte", () => seen.push(mm.oom_skip));
    const told: unknown[] = [];
    machine.listen("mmu_notifier_invalidate_range_start", () => told.push((machine.args as readonly unknown[])[3]));
    driver.call(0, "kernel_oom_kill", driver.task(0));
    assert.deepEqual(seen, [0, 0, 0, 0]);
    assert.equal(mm.oom_skip, 1);
    assert.deepEqual(told, ["MMU_NOTIFY_UNMAP"]);
  });

  it("comes again while who has mmap_lock is busy", () => {
    const driver = drive([0, { cpu: 1, threadOf: 0 }, 0], noPatch);
    driver.call(0, "sys_mmap", BASE, 16384, 3, PRIVATE, -1, 0);
    driver.touch(0, BASE, 16384, "write");
    const { machine, platform, threads } = driver.system;
    const mm = driver.task(0).mm!;
    const maps = platform.unit("sys_mmap", [BASE + 2 ** 20, 4096, 3, PRIVATE, -1, 0]).stepping();
    const kills = platform.unit("kernel_oom_kill", [driver.task(0)]).stepping();
    const go = (who: number, steps: typeof maps) => {
      machine.thread = threads[who]!;
      const next = steps.next();
      machine.thread = null;
      return next;
    };
    while (mm.mmap_lock.count === 0) assert.equal(go(1, maps).done, false);
    for (let i = 0; i < 20 && threads[2]!.waitReason !== "the mmap_lock of who was killed"; i++) go(2, kills);
    assert.deepEqual([mm.oom_skip, threads[2]!.waitReason], [0, "the mmap_lock of who was killed"]);
    while (mm.mmap_lock.count !== 0) assert.equal(go(1, maps).done, false);
    for (let i = 0; i < 200 && !go(2, kills).done; i++);
    assert.deepEqual([mm.oom_skip, mm.rss_anon], [1, 0]);
  });
});

// Shared memory files: fault-around, sizes, holes, seals, limits, accounting. Facts: D.g1, A "Fault-around", A.memfd.
import assert from "node:assert/strict";
import { EBUSY, EFAULT, EINVAL, ENOMEM, ENOSPC, ENXIO, EPERM } from "../../../sim/kernel/uapi/errno.ts";
import {
  F_ADD_SEALS,
  F_GET_SEALS,
  F_SEAL_FUTURE_WRITE,
  F_SEAL_GROW,
  F_SEAL_SEAL,
  F_SEAL_SHRINK,
  F_SEAL_WRITE,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  O_CREAT,
  O_RDWR,
  SEEK_DATA,
  SEEK_HOLE,
} from "../../../sim/kernel/uapi/fcntl.ts";
import { MADV_PAGEOUT, MFD_ALLOW_SEALING, MFD_EXEC, MFD_NOEXEC_SEAL } from "../../../sim/kernel/uapi/mman.ts";
import { SIGBUS } from "../../../sim/kernel/uapi/signal.ts";
import { type Driver, drive } from "../harness.ts";

const MiB = 2 ** 20;
const BASE = 16 * 2 ** 40;
const RW = 3;
const SHARED_FIXED = 0x11;
const PRIVATE_FIXED = 0x12;

function memfd(d: Driver, bytes: number, flags = 0): number {
  const fd = d.call(0, "sys_memfd_create", "test", flags);
  if (bytes > 0) d.call(0, "sys_ftruncate", fd, bytes);
  return fd;
}

const map = (d: Driver, fd: number, bytes: number, flags = SHARED_FIXED, at = BASE, prot = RW): number =>
  d.call(0, "sys_mmap", at, bytes, prot, flags, fd, 0);
const pteKb = (d: Driver): number => d.system.straight.proc_status(d.task(0)).VmPTE / 1024;
const shmem = (d: Driver): number => d.system.straight.meminfo()["Shmem"]!;

describe("shared memory", () => {
  for (const version of ["6.12", "6.18"] as const)
    it(`D.g1@${version}: a populated memfd, mapped again: fault-around of 16 pages for reads, none for writes`, () => {
      const d = drive([0, 0], undefined, { version });
      const fd = memfd(d, 4 * MiB);
      map(d, fd, 4 * MiB, SHARED_FIXED, BASE - 4 * MiB);
      d.touch(0, BASE - 4 * MiB, 4 * MiB, "write");
      d.call(0, "sys_munmap", BASE - 4 * MiB, 4 * MiB);
      assert.equal(map(d, fd, 4 * MiB), BASE);
      assert.equal(d.touch(0, BASE + MiB, 4096, "read"), 1);
      assert.equal(pteKb(d), 12);
      assert.equal(d.touch(0, BASE, 2 * MiB, "read"), 31);
      assert.equal(d.touch(0, BASE, 2 * MiB, "write"), 0);
      assert.equal(pteKb(d), 12);
      assert.equal(d.touch(0, BASE + 2 * MiB, 2 * MiB, "write"), 512);
      assert.equal(pteKb(d), 16);
    });

  it("A: an unpopulated hole costs a fault a page, for reading too, and is writable afterwards", () => {
    const d = drive([0]);
    map(d, memfd(d, MiB), MiB);
    assert.equal(d.touch(0, BASE, 16 * 4096, "read"), 16);
    assert.equal(d.touch(0, BASE, 16 * 4096, "write"), 0);
    assert.equal(shmem(d), 16 * 4096);
  });

  it("fault-around stays within the VMA and the file", () => {
    const d = drive([0]);
    const fd = memfd(d, 5 * 4096);
    map(d, fd, MiB, SHARED_FIXED, BASE + MiB);
    d.touch(0, BASE + MiB, 5 * 4096, "write");
    map(d, fd, MiB);
    assert.equal(d.touch(0, BASE, 5 * 4096, "read"), 1);
    assert.equal(d.system.straight.proc_status(d.task(0)).RssShmem, 10 * 4096);
    assert.equal(d.call(0, "user_load", BASE + 5 * 4096), SIGBUS);
  });

  it("SIGBUS beyond the end, also after the file was truncated; its pages are free", () => {
    const d = drive([0]);
    const fd = memfd(d, MiB);
    map(d, fd, MiB);
    d.touch(0, BASE, MiB, "write");
    assert.equal(shmem(d), MiB);
    assert.equal(d.call(0, "sys_ftruncate", fd, 4096 + 100), 0);
    assert.equal(shmem(d), 2 * 4096);
    assert.equal(d.system.straight.proc_status(d.task(0)).RssShmem, 2 * 4096);
    assert.equal(d.call(0, "user_store", BASE + 8192, 1, 0), SIGBUS);
    assert.equal(d.call(0, "user_load", BASE + 4096), 0);
  });

  it("truncation zeroes the rest of the last page", () => {
    const d = drive([0]);
    const fd = memfd(d, 4096);
    map(d, fd, 4096);
    d.call(0, "user_store", BASE + 128, 5, 0);
    d.call(0, "sys_ftruncate", fd, 100);
    d.call(0, "sys_ftruncate", fd, 4096);
    d.call(0, "user_load", BASE + 128);
    assert.equal(d.task(0).load_low, 0);
  });

  it("a page in swap counts as swapped, comes back to be cut, and goes with the rest of the file", () => {
    const d = drive([0], undefined, { swap: 16 * MiB });
    const fd = memfd(d, MiB);
    map(d, fd, MiB);
    d.touch(0, BASE, MiB, "write");
    d.call(0, "user_store", BASE + 4096 + 128, 5, 0);
    d.call(0, "user_store", BASE + 4096, 6, 0);
    assert.equal(d.call(0, "sys_madvise", BASE, MiB, MADV_PAGEOUT), 0);
    const free = () => d.system.straight.meminfo()["SwapFree"]!;
    const total = d.system.straight.meminfo()["SwapTotal"]!;
    assert.equal(d.system.straight.smaps(d.task(0), BASE).Swap, MiB);
    assert.equal(shmem(d), 0);
    assert.equal(total - free(), MiB);
    d.call(0, "sys_ftruncate", fd, 4096 + 100);
    assert.equal(shmem(d), 4096);
    d.call(0, "sys_ftruncate", fd, MiB);
    d.call(0, "user_load", BASE + 4096 + 128);
    assert.equal(d.task(0).load_low, 0);
    d.call(0, "user_load", BASE + 4096);
    assert.equal(d.task(0).load_low, 6);
    d.call(0, "sys_ftruncate", fd, 0);
    assert.equal(free(), total);
    assert.equal(shmem(d), 0);
  });

  it("truncation takes private copies too, punching a hole leaves them", () => {
    const d = drive([0]);
    const fd = memfd(d, 8192);
    map(d, fd, 8192, PRIVATE_FIXED);
    d.touch(0, BASE, 8192, "write");
    const punch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    assert.equal(d.call(0, "sys_fallocate", fd, punch, 0, 8192), 0);
    assert.equal(d.system.straight.proc_status(d.task(0)).RssAnon, 8192);
    d.call(0, "sys_ftruncate", fd, 4096);
    assert.equal(d.system.straight.proc_status(d.task(0)).RssAnon, 4096);
  });

  it("a punched hole reads zero and costs a fault again", () => {
    const d = drive([0]);
    const fd = memfd(d, MiB);
    map(d, fd, MiB);
    d.touch(0, BASE, 8 * 4096, "write");
    assert.equal(d.call(0, "sys_fallocate", fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 8192), 0);
    assert.equal(shmem(d), 6 * 4096);
    assert.equal(d.touch(0, BASE, 8 * 4096, "read"), 2);
    d.call(0, "user_load", BASE + 4096);
    assert.equal(d.task(0).load_low, 0);
  });

  it("fallocate reserves pages that read as holes do; lseek finds data and holes", () => {
    const d = drive([0]);
    const fd = memfd(d, 0);
    assert.equal(d.call(0, "sys_fallocate", fd, 0, 0, 4 * 4096), 0);
    assert.equal(shmem(d), 4 * 4096);
    map(d, fd, 4 * 4096);
    d.touch(0, BASE + 8192, 4096, "write");
    assert.equal(d.call(0, "sys_lseek", fd, 0, SEEK_DATA), 8192);
    assert.equal(d.call(0, "sys_lseek", fd, 8192, SEEK_HOLE), 12288);
    assert.equal(d.call(0, "sys_lseek", fd, 12288, SEEK_DATA), -ENXIO);
  });

  it("A.memfd: a page mapped by two counts half for each, and says so", () => {
    const d = drive([0, 0]);
    const fd = d.call(0, "sys_open", "/dev/shm/a", O_CREAT | O_RDWR, 0o600);
    d.call(0, "sys_ftruncate", fd, 16 * MiB);
    map(d, fd, 16 * MiB);
    d.touch(0, BASE, 16 * MiB, "write");
    const other = d.call(1, "sys_open", "/dev/shm/a", O_RDWR);
    d.call(1, "sys_mmap", BASE, 16 * MiB, RW, SHARED_FIXED, other, 0);
    assert.equal(d.touch(1, BASE, 16 * MiB, "write"), 4096);
    const { Pss, Rss, Shared_Dirty } = d.system.straight.smaps(d.task(1), BASE);
    assert.deepEqual({ Pss, Rss, Shared_Dirty }, { Pss: 8 * MiB, Rss: 16 * MiB, Shared_Dirty: 16 * MiB });
    assert.equal(d.system.straight.pagemap(d.task(0), BASE).exclusive, false);
  });

  it("shared anonymous memory is a deleted file /dev/zero; it goes with its last mapping", () => {
    const d = drive([0]);
    assert.equal(d.call(0, "do_syscall", "mmap", [BASE, MiB, RW, 0x31, -1, 0]), BASE);
    d.touch(0, BASE, MiB, "write");
    assert.match(d.system.straight.proc_maps(d.task(0)), /rw-s .* \/dev\/zero \(deleted\)\n$/);
    assert.equal(shmem(d), MiB);
    d.call(0, "do_syscall", "munmap", [BASE, MiB]);
    assert.equal(shmem(d), 0);
    assert.equal(d.count("inode_evict"), 1);
  });

  it("more shared memory than memory and swap: ENOMEM, unless it is not reserved", () => {
    const d = drive([0]);
    const bytes = 2 ** 31;
    assert.equal(d.call(0, "sys_mmap", BASE, bytes, RW, 0x31, -1, 0), -ENOMEM);
    assert.equal(d.call(0, "sys_mmap", BASE, bytes, RW, 0x31 | 0x4000, -1, 0), BASE);
  });

  it("a tmpfs holds half of the memory: ENOSPC for write, SIGBUS for a mapping", () => {
    const d = drive([0], undefined, { memory: 32 * MiB });
    const fd = d.call(0, "sys_open", "/tmp/big", O_CREAT | O_RDWR, 0o600);
    const limit = d.system.straight.meminfo()["MemTotal"]! / 2;
    d.call(0, "sys_ftruncate", fd, 32 * MiB);
    map(d, fd, 32 * MiB);
    let at = BASE;
    while (d.call(0, "user_store", at, 1, 0) === 0) at += 4096;
    assert.equal(at - BASE, Math.floor(limit / 4096) * 4096);
    assert.equal(d.call(0, "user_store", at, 1, 0), SIGBUS);
    d.call(0, "sys_lseek", fd, at - BASE, 0);
    assert.equal(d.call(0, "sys_write", fd, BASE, 8), -ENOSPC);
  });

  const refused: readonly [string, readonly unknown[], number][] = [
    ["unknown flags", ["a", 0x100], -EINVAL],
    ["both EXEC and NOEXEC_SEAL", ["a", MFD_EXEC | MFD_NOEXEC_SEAL], -EINVAL],
    ["a long name", ["x".repeat(250), 0], -EINVAL],
    ["no name", [0n, 0], -EFAULT],
  ];
  for (const [what, args, errno] of refused)
    it(`memfd_create with ${what}: ${errno}`, () => {
      assert.equal(drive([0]).call(0, "sys_memfd_create", ...args), errno);
    });

  describe("seals", () => {
    const seal = (d: Driver, fd: number, seals: number) => d.call(0, "sys_fcntl", fd, F_ADD_SEALS, seals);

    it("cannot be set on a memfd made without MFD_ALLOW_SEALING", () => {
      const d = drive([0]);
      const fd = memfd(d, 4096);
      assert.equal(d.call(0, "sys_fcntl", fd, F_GET_SEALS), F_SEAL_SEAL);
      assert.equal(seal(d, fd, F_SEAL_GROW), -EPERM);
    });

    it("stop growing, shrinking, and further seals", () => {
      const d = drive([0]);
      const fd = memfd(d, 8192, MFD_ALLOW_SEALING);
      assert.equal(seal(d, fd, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL), 0);
      assert.equal(d.call(0, "sys_ftruncate", fd, 4096), -EPERM);
      assert.equal(d.call(0, "sys_ftruncate", fd, 12288), -EPERM);
      assert.equal(d.call(0, "sys_ftruncate", fd, 8192), 0);
      assert.equal(seal(d, fd, F_SEAL_WRITE), -EPERM);
      assert.equal(seal(d, fd, 0x1000), -EINVAL);
    });

    it("F_SEAL_WRITE waits for no writable mapping: EBUSY; then none can be made", () => {
      const d = drive([0]);
      const fd = memfd(d, 4096, MFD_ALLOW_SEALING);
      map(d, fd, 4096);
      assert.equal(seal(d, fd, F_SEAL_WRITE), -EBUSY);
      d.call(0, "sys_munmap", BASE, 4096);
      assert.equal(seal(d, fd, F_SEAL_WRITE), 0);
      assert.equal(map(d, fd, 4096), -EPERM);
      assert.equal(map(d, fd, 4096, PRIVATE_FIXED), BASE);
      assert.equal(d.call(0, "sys_write", fd, BASE, 8), -EPERM);
    });

    it("F_SEAL_FUTURE_WRITE leaves the mappings that there are", () => {
      const d = drive([0]);
      const fd = memfd(d, 4096, MFD_ALLOW_SEALING);
      map(d, fd, 4096);
      assert.equal(seal(d, fd, F_SEAL_FUTURE_WRITE), 0);
      assert.equal(d.call(0, "user_store", BASE, 1, 0), 0);
      assert.equal(map(d, fd, 4096, SHARED_FIXED, BASE + MiB), -EPERM);
    });
  });
});

// Facts B3: msharefs as a file system; the operations of fact H.B3.fs in their order, by root.
import assert from "node:assert/strict";
import {
  MSHAREFS_CREATE_MAPPING,
  MSHAREFS_GET_SIZE,
  MSHAREFS_SET_SIZE,
} from "../../../sim/designs/mshare-v3/mshare.ts";
import { EBUSY, errnoName } from "../../../sim/kernel/uapi/errno.ts";
import { O_CREAT, O_RDONLY, O_RDWR, S_IFIFO, S_IFREG, SEEK_END, SEEK_SET } from "../../../sim/kernel/uapi/fcntl.ts";
import { _IO, _IOW } from "../../../sim/kernel/uapi/ioctl.ts";
import { facts } from "./facts.ts";
import { createMapping, MiB, meminfoOf, mshareMachine, region, SIZE, START, setSize, touch } from "./region.ts";

const mnt = (name: string) => `/sys/fs/mshare/${name}`;

describe("mshare v3: msharefs (facts B3)", () => {
  it("H.B3.fs: results of all operations in order", () => {
    const fact = facts.find(({ id }) => id === "H.B3.fs")!;
    const d = mshareMachine([0]);
    const call = (name: string, ...args: unknown[]) => d.call(0, name, ...args);
    const make = (name: string) => call("sys_close", call("sys_open", mnt(name), O_CREAT | O_RDWR, 0o600));
    let fd = -1;
    const opened = (name: string, flags: number) => {
      fd = call("sys_open", mnt(name), flags);
      return fd;
    };
    const buffer = call("sys_mmap", 0, 4096, 3, 0x22, -1, 0);
    make("f");
    const ops: readonly (() => number)[] = [
      () => call("sys_unlink", mnt("mshare_info")),
      () => call("sys_rename", mnt("mshare_info"), mnt("x")),
      () => call("sys_rename", mnt("f"), mnt("mshare_info")),
      () => call("sys_rename", mnt("f"), mnt("g")),
      () => call("sys_link", mnt("g"), mnt("h")),
      () => call("sys_link", mnt("mshare_info"), mnt("info2")),
      () => call("sys_unlink", mnt("info2")),
      () => call("sys_unlink", mnt("h")),
      () => call("sys_mkdir", mnt("d"), 0o755),
      () => make("d/f2") || call("sys_rmdir", mnt("d")),
      () => call("sys_rename", mnt("d/f2"), mnt("f3")),
      () => call("sys_rmdir", mnt("d")),
      () => call("sys_unlink", mnt("f3")),
      () => call("sys_rmdir", mnt("mshare_info")),
      () => call("sys_mkdir", mnt("mshare_info"), 0o755),
      () => call("sys_symlink", "x", mnt("s")),
      () => call("sys_mknod", mnt("ff"), S_IFIFO | 0o600),
      () => call("sys_mknod", mnt("reg"), S_IFREG | 0o600),
      () => call("sys_open", mnt("mshare_info"), O_RDWR),
      () => call("sys_chmod", mnt("g"), 0o600),
      () => call("sys_chmod", mnt("mshare_info"), 0o600),
      () => call("sys_truncate", mnt("g"), 8192),
      () => call("sys_truncate", mnt("mshare_info"), 10),
      () => call("sys_read", opened("g", O_RDWR), buffer, 8),
      () => call("sys_write", fd, buffer, 8),
      () => call("sys_ftruncate", fd, 4096),
      () => call("sys_lseek", fd, 0, SEEK_SET),
      () => call("sys_lseek", fd, 0, SEEK_END),
      () => call("sys_fsync", fd),
      () => call("sys_fallocate", fd, 0, 0, 4096),
      () => call("sys_ioctl", fd, 0x1234, 0n),
      () => call("sys_ioctl", fd, _IO("x", 3), 0n),
      () => call("sys_ioctl", fd, _IOW("x", 1, 4), 0n),
      () => call("sys_ioctl", fd, MSHAREFS_SET_SIZE, 0n),
      () => call("sys_ioctl", fd, MSHAREFS_GET_SIZE, 0n),
      () => call("sys_ioctl", fd, MSHAREFS_CREATE_MAPPING, 0n),
      // From here on mshare_info, then the region's file opened for reading.
      () => setSize(d, 0, opened("mshare_info", O_RDONLY), START, SIZE),
      () => call("sys_mmap", 0, 4096, 1, 1, fd, 0),
      () => call("sys_lseek", fd, 5, SEEK_SET),
      () => call("sys_lseek", fd, 0, SEEK_END),
      () => setSize(d, 0, opened("g", O_RDONLY), START, SIZE),
      () => createMapping(d, 0, fd),
      () => call("sys_mmap", START, SIZE, 3, 1, fd, 0),
      () => call("sys_mmap", START, SIZE, 1, 1, fd, 0),
      () => call("sys_mprotect", START, SIZE, 3),
      () => call("sys_munmap", START, SIZE),
      () => call("sys_mmap", START, SIZE, 2, 1, fd, 0),
      () => call("sys_unlink", mnt("g")),
    ];
    const results = ops.map((op) => {
      const result = op();
      return result < 0 ? errnoName(-result) : "ok";
    });
    const named = (list: readonly unknown[]) => list.map((result, i) => `${i} ${fact.steps[i]!.op}: ${result}`);
    assert.deepEqual(named(results), named(Object.values(fact.expected)));
  });

  it("mshare_info reads the alignment of regions, and is inode 2 with mode 0444", () => {
    const d = mshareMachine([0]);
    const buffer = d.call(0, "sys_mmap", 0, 4096, 3, 0x22, -1, 0);
    const fd = d.call(0, "sys_open", mnt("mshare_info"), O_RDONLY);
    assert.equal(d.call(0, "sys_read", fd, buffer, 100), 13);
    const { pfn } = d.system.straight.pagemap(d.task(0), buffer);
    assert.equal(String.fromCharCode(...d.system.straight.read_frame(pfn, 0, 13)), "549755813888\n");
    assert.equal(d.call(0, "sys_read", fd, buffer, 100), 0);
    const stat: Record<string, bigint> = {};
    d.call(0, "sys_fstat", fd, stat);
    assert.equal(stat["st_ino"], 2n);
    assert.equal(stat["st_mode"], BigInt(S_IFREG | 0o444));
    d.call(0, "sys_stat", "/sys/fs/mshare", stat);
    assert.equal(stat["st_ino"], 1n);
    assert.equal(stat["st_mode"]! & 0o777n, 0o777n);
  });

  it("umount while mapped: EBUSY; while only files exist: ok, regions are freed, a new mount is empty", () => {
    const d = mshareMachine([0]);
    const fd = region(d);
    touch(d, 0, START, 16 * MiB, "write");
    d.call(0, "sys_close", fd);
    assert.equal(d.call(0, "sys_umount2", "/sys/fs/mshare", 0), -EBUSY);
    d.call(0, "sys_munmap", START, SIZE);
    assert.equal(meminfoOf(d)["Shmem"], 16 * MiB);
    assert.equal(d.call(0, "sys_umount2", "/sys/fs/mshare", 0), 0);
    assert.equal(meminfoOf(d)["Shmem"], 0);
    assert.equal(d.call(0, "sys_mount", "none", "/sys/fs/mshare", "msharefs"), 0);
    assert.ok(d.call(0, "sys_open", mnt("db"), O_RDWR) < 0);
    assert.ok(d.call(0, "sys_open", mnt("mshare_info"), O_RDONLY) >= 3);
  });
});

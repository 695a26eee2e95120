// Files and names of the simulated kernel: errnos as Linux gives them.
import assert from "node:assert/strict";
import { EBADF, EEXIST, EINVAL, EISDIR, ENOENT, ENOTDIR, ENOTEMPTY, EXDEV } from "../../../sim/kernel/uapi/errno.ts";
import { O_CREAT, O_DIRECTORY, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC } from "../../../sim/kernel/uapi/fcntl.ts";
import { drive } from "../harness.ts";

const RW = O_CREAT | O_RDWR;

describe("files", () => {
  it("have descriptors from 3, the lowest free one first", () => {
    const d = drive([0]);
    assert.equal(d.call(0, "sys_open", "/tmp/a", RW, 0o600), 3);
    assert.equal(d.call(0, "sys_open", "/tmp/b", RW, 0o600), 4);
    assert.equal(d.call(0, "sys_close", 3), 0);
    assert.equal(d.call(0, "sys_open", "/tmp/c", RW, 0o600), 3);
    assert.equal(d.call(0, "sys_close", 9), -EBADF);
  });

  const errors: readonly [string, string, readonly unknown[], number][] = [
    ["open what is not there", "sys_open", ["/tmp/none", O_RDONLY], -ENOENT],
    ["open with an empty path", "sys_open", ["", O_RDONLY], -ENOENT],
    ["make what exists, exclusively", "sys_open", ["/tmp/a", RW | O_EXCL, 0o600], -EEXIST],
    ["write to a directory", "sys_open", ["/tmp", O_RDWR], -EISDIR],
    ["make a file where a directory is", "sys_open", ["/tmp/d", O_CREAT | O_RDONLY, 0o600], -EISDIR],
    ["make a file with a slash behind", "sys_open", ["/tmp/x/", RW, 0o600], -EISDIR],
    ["open a file as a directory", "sys_open", ["/tmp/a", O_DIRECTORY], -ENOTDIR],
    ["make a directory by open", "sys_open", ["/tmp/y", O_CREAT | O_DIRECTORY, 0o600], -EINVAL],
    ["go through a file", "sys_open", ["/tmp/a/b", O_RDONLY], -ENOTDIR],
    ["make a directory twice", "sys_mkdir", ["/tmp/d", 0o755], -EEXIST],
    ["make a directory nowhere", "sys_mkdir", ["/tmp/no/d", 0o755], -ENOENT],
    ["remove a full directory", "sys_rmdir", ["/tmp/d"], -ENOTEMPTY],
    ["remove a file as a directory", "sys_rmdir", ["/tmp/a"], -ENOTDIR],
    ["unlink a directory", "sys_unlink", ["/tmp/d"], -EISDIR],
    ["unlink what is not there", "sys_unlink", ["/tmp/none"], -ENOENT],
    ["rename to another file system", "sys_rename", ["/tmp/a", "/dev/shm/a"], -EXDEV],
    ["rename a file over a directory", "sys_rename", ["/tmp/a", "/tmp/d"], -EISDIR],
    ["rename a directory over a file", "sys_rename", ["/tmp/d", "/tmp/a"], -ENOTDIR],
    ["rename a directory into itself", "sys_rename", ["/tmp/d", "/tmp/d/e"], -EINVAL],
    ["link over a file", "sys_link", ["/tmp/a", "/tmp/d/f"], -EEXIST],
    ["truncate a directory", "sys_truncate", ["/tmp/d", 0], -EISDIR],
    ["read from nothing", "sys_read", [77, 0, 8], -EBADF],
  ];
  for (const [what, name, args, errno] of errors)
    it(`refuse to ${what}`, () => {
      const d = drive([0]);
      d.call(0, "sys_open", "/tmp/a", RW, 0o600);
      d.call(0, "sys_mkdir", "/tmp/d", 0o755);
      d.call(0, "sys_open", "/tmp/d/f", RW, 0o600);
      assert.equal(d.call(0, name, ...args), errno);
    });

  it("live on without a name while somebody has them open", () => {
    const d = drive([0]);
    const fd = d.call(0, "sys_open", "/dev/shm/a", RW, 0o600);
    assert.equal(d.call(0, "sys_unlink", "/dev/shm/a"), 0);
    assert.equal(d.count("inode_evict"), 0);
    assert.equal(d.call(0, "sys_ftruncate", fd, 8192), 0);
    assert.equal(d.call(0, "sys_close", fd), 0);
    assert.equal(d.count("inode_evict"), 1);
  });

  it("lose one name of two", () => {
    const d = drive([0]);
    const stat: Record<string, bigint> = {};
    d.call(0, "sys_open", "/tmp/a", RW, 0o600);
    assert.equal(d.call(0, "sys_link", "/tmp/a", "/tmp/b"), 0);
    assert.equal(d.call(0, "sys_unlink", "/tmp/a"), 0);
    assert.equal(d.call(0, "sys_stat", "/tmp/b", stat), 0);
    assert.equal(stat["st_nlink"], 1n);
  });

  it("move, with what they have", () => {
    const d = drive([0]);
    d.call(0, "sys_mkdir", "/tmp/d", 0o755);
    const fd = d.call(0, "sys_open", "/tmp/a", RW, 0o600);
    d.call(0, "sys_ftruncate", fd, 4096);
    assert.equal(d.call(0, "sys_rename", "/tmp/a", "/tmp/d/b"), 0);
    assert.equal(d.call(0, "sys_open", "/tmp/a", O_RDONLY), -ENOENT);
    const stat: Record<string, bigint> = {};
    assert.equal(d.call(0, "sys_stat", "/tmp/d/../d/b", stat), 0);
    assert.equal(stat["st_size"], 4096n);
  });

  it("read what was written, through the page cache", () => {
    const d = drive([0]);
    const buffer = d.call(0, "sys_mmap", 0, 8192, 3, 0x22, -1, 0);
    d.call(0, "user_store", buffer, 0x1234, 0);
    const fd = d.call(0, "sys_open", "/tmp/a", RW, 0o600);
    assert.equal(d.call(0, "sys_write", fd, buffer, 8), 8);
    assert.equal(d.call(0, "sys_lseek", fd, 0, 0), 0);
    assert.equal(d.call(0, "sys_read", fd, buffer + 4096, 100), 8);
    d.call(0, "user_load", buffer + 4096);
    assert.equal(d.task(0).load_low, 0x1234);
    d.call(0, "sys_close", fd);
    const again = d.call(0, "sys_open", "/tmp/a", O_RDWR | O_TRUNC);
    assert.equal(d.call(0, "sys_read", again, buffer, 8), 0);
  });

  it("show in /proc", () => {
    const d = drive([0]);
    const buffer = d.call(0, "sys_mmap", 0, 65536, 3, 0x22, -1, 0);
    const fd = d.call(0, "sys_open", "/proc/self/status", O_RDONLY);
    assert.ok(fd >= 3);
    assert.ok(d.call(0, "sys_read", fd, buffer, 4096) > 200);
    assert.equal(d.call(0, "sys_open", "/proc/77/status", O_RDONLY), -ENOENT);
    assert.ok(d.call(0, "sys_open", "/proc/meminfo", O_RDONLY) >= 3);
    assert.ok(d.call(0, "sys_open", "/sys/kernel/mm/transparent_hugepage/enabled", O_RDONLY) >= 3);
  });
});

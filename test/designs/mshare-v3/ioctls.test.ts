// Facts B1: the ioctls in the order in which they were executed on one file of a real kernel, and their errors.
import assert from "node:assert/strict";
import {
  MSHAREFS_CREATE_MAPPING,
  MSHAREFS_GET_SIZE,
  MSHAREFS_SET_SIZE,
} from "../../../sim/designs/mshare-v3/mshare.ts";
import { EEXIST, EFAULT, EINVAL, ENOMEM, ENOTTY } from "../../../sim/kernel/uapi/errno.ts";
import { O_RDONLY } from "../../../sim/kernel/uapi/fcntl.ts";
import { _IO, _IOW } from "../../../sim/kernel/uapi/ioctl.ts";
import {
  createMapping,
  GiB,
  type Mapping,
  MiB,
  mapRegion,
  mshareMachine,
  open,
  PATH,
  REGION_MAP,
  SHARED,
  SIZE,
  START,
  setSize,
  TiB,
} from "./region.ts";

const MAP_PRIVATE_FIXED_ANON = 0x32;
const MAP_FIXED_NOREPLACE = 0x100000;

function getSize(d: ReturnType<typeof mshareMachine>, fd: number) {
  const minfo: Record<string, bigint> = {};
  assert.equal(d.call(0, "sys_ioctl", fd, MSHAREFS_GET_SIZE, minfo), 0);
  return minfo;
}

describe("mshare v3: ioctls (facts B1)", () => {
  it("before SET_SIZE: size 0, nothing can be mapped", () => {
    const d = mshareMachine([0]);
    const fd = open(d, 0, "create");
    assert.deepEqual(getSize(d, fd), { start: 0n, size: 0n });
    assert.equal(createMapping(d, 0, fd), -EINVAL);
    assert.equal(mapRegion(d, 0, fd), -EINVAL);
  });

  const unaligned: readonly [string, number, number][] = [
    ["start + 4096", START + 4096, SIZE],
    ["size + 4096", START, SIZE + 4096],
    ["size - 4096", START, SIZE - 4096],
    ["size 1 GiB", START, GiB],
    ["start + 4096, size - 4096", START + 4096, SIZE - 4096],
  ];
  for (const [what, start, size] of unaligned)
    it(`SET_SIZE ${what}: EINVAL`, () => {
      const d = mshareMachine([0]);
      assert.equal(setSize(d, 0, open(d, 0, "create"), start, size), -EINVAL);
    });

  it("SET_SIZE with start 0 may be repeated until one has another start", () => {
    const d = mshareMachine([0]);
    const fd = open(d, 0, "create");
    assert.equal(setSize(d, 0, fd, 0, SIZE), 0);
    assert.deepEqual(getSize(d, fd), { start: 0n, size: BigInt(SIZE) });
    assert.equal(setSize(d, 0, fd, 0, TiB), 0);
    assert.equal(createMapping(d, 0, fd), -EINVAL);
    assert.equal(mapRegion(d, 0, fd), -EINVAL);
    assert.equal(setSize(d, 0, fd, START, TiB), 0);
    assert.equal(setSize(d, 0, fd, START, TiB), -EINVAL);
    assert.equal(setSize(d, 0, fd, 4 * TiB, SIZE), -EINVAL);
  });

  it("SET_SIZE with start 0, mended by set-size-once: EINVAL", () => {
    const d = mshareMachine([0], { fixes: new Set(["set-size-once"]) });
    assert.equal(setSize(d, 0, open(d, 0, "create"), 0, SIZE), -EINVAL);
  });

  it("SET_SIZE with size 0: size becomes 2^64 - 1, and nothing can be mapped", () => {
    const d = mshareMachine([0]);
    const fd = open(d, 0, "create");
    assert.equal(setSize(d, 0, fd, START, 0), 0);
    assert.deepEqual(getSize(d, fd), { start: BigInt(START), size: 0xffffffffffffffffn });
    assert.equal(mapRegion(d, 0, fd), -EINVAL);
    assert.equal(createMapping(d, 0, fd), -EINVAL);
  });

  it("SET_SIZE beyond user addresses: ok, but mapping gives ENOMEM", () => {
    const d = mshareMachine([0]);
    const fd = open(d, 0, "create");
    assert.equal(setSize(d, 0, fd, 256 * TiB, SIZE), 0);
    assert.equal(createMapping(d, 0, fd, { addr: 256 * TiB }), -ENOMEM);
    assert.equal(d.call(0, "sys_mmap", 256 * TiB, SIZE, 3, SHARED | 0x10, fd, 0), -ENOMEM);
  });

  it("through a descriptor that was opened for reading: ok", () => {
    const d = mshareMachine([0]);
    open(d, 0, "create");
    const fd = d.call(0, "sys_open", PATH, O_RDONLY);
    assert.equal(setSize(d, 0, fd, START, SIZE), 0);
    assert.equal(createMapping(d, 0, fd), 0);
  });

  const requests: readonly [string, number, number][] = [
    ["0x1234", 0x1234, -ENOTTY],
    ["_IO('x', 3)", _IO("x", 3), -ENOTTY],
    ["_IOW('x', 1, int)", _IOW("x", 1, 4), -ENOTTY],
    ["SET_SIZE", MSHAREFS_SET_SIZE, -EFAULT],
    ["GET_SIZE", MSHAREFS_GET_SIZE, -EFAULT],
    ["CREATE_MAPPING", MSHAREFS_CREATE_MAPPING, -EFAULT],
  ];
  for (const [what, request, errno] of requests)
    it(`request ${what} with a NULL argument: ${errno === -ENOTTY ? "ENOTTY" : "EFAULT"}`, () => {
      const d = mshareMachine([0]);
      assert.equal(d.call(0, "sys_ioctl", open(d, 0, "create"), request, 0n), errno);
      const info = d.call(0, "sys_open", "/sys/fs/mshare/mshare_info", O_RDONLY);
      assert.equal(d.call(0, "sys_ioctl", info, request, 0n), -ENOTTY);
    });

  const mappings: readonly [string, Mapping, number][] = [
    ["below the region", { addr: START - 2 * MiB, size: 2 * MiB }, -EINVAL],
    ["at its end", { addr: START + SIZE, size: 2 * MiB }, -EINVAL],
    ["across its end", { addr: START + SIZE - 2 * MiB, size: 4 * MiB }, -EINVAL],
    ["size 0", { size: 0 }, -EINVAL],
    ["unaligned", { addr: START + 5, size: 4096 }, -EINVAL],
    ["private", { flags: MAP_PRIVATE_FIXED_ANON }, -EINVAL],
    ["not fixed", { flags: 0x21 }, -EINVAL],
    ["SHARED_VALIDATE", { flags: 0x33 }, -EINVAL],
    ["FIXED_NOREPLACE without FIXED", { flags: 0x21 | MAP_FIXED_NOREPLACE }, -EINVAL],
    ["fd 0", { fd: 0 }, -EINVAL],
    ["fd 3", { fd: 3 }, -EINVAL],
    ["GROWSDOWN", { flags: REGION_MAP | 0x100 }, -EINVAL],
    ["without MAP_ANONYMOUS", { flags: 0x11 }, 0],
    ["HUGETLB", { flags: REGION_MAP | 0x40000 }, 0],
    ["LOCKED", { flags: REGION_MAP | 0x2000 }, 0],
    ["POPULATE", { flags: REGION_MAP | 0x8000 }, 0],
    ["NORESERVE", { flags: REGION_MAP | 0x4000 }, 0],
    ["PROT_READ", { prot: 1 }, 0],
    ["PROT_NONE", { prot: 0 }, 0],
    ["PROT_EXEC", { prot: 4 }, 0],
    ["over another one", { addr: START + SIZE - 4 * MiB, size: 2 * MiB }, -EEXIST],
  ];
  for (const [what, mapping, result] of mappings)
    it(`CREATE_MAPPING ${what}: ${result}`, () => {
      const d = mshareMachine([0]);
      const fd = open(d, 0, "create");
      setSize(d, 0, fd, START, SIZE);
      createMapping(d, 0, fd, { addr: START + SIZE - 4 * MiB, size: 4096 });
      assert.equal(createMapping(d, 0, fd, mapping), result);
    });

  it("LOCKED and POPULATE populate nothing: 16 pages later cost 16 faults, and 1 to link", () => {
    for (const flag of [0x2000, 0x8000]) {
      const d = mshareMachine([0]);
      const fd = open(d, 0, "create");
      setSize(d, 0, fd, START, SIZE);
      createMapping(d, 0, fd, { flags: REGION_MAP | flag });
      mapRegion(d, 0, fd);
      assert.equal(d.touch(0, START, 16 * 4096, "write"), 17);
    }
  });
});

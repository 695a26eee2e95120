// What the two sharing designs have in different ways: how memory comes to be shared, and calls that only one has a use for.
import type { Draw } from "../../../sim/conform/random_draw.ts";

export type SharingDesign = "mshare-v3" | "ptshare-v2";

export const RW = "PROT_READ|PROT_WRITE";

export interface Dialect {
  readonly options: (draw: Draw) => readonly string[];
  /** Where what is shared begins, and how long its mapping is. */
  readonly start: string;
  readonly size: string;
  /** The first process makes what is shared, with `fd` open. */
  readonly make: (draw: Draw) => readonly string[];
  readonly open: string;
  readonly map: (draw: Draw) => string;
  /** Calls that only this design has a use for. */
  readonly own: (draw: Draw) => string;
  readonly unlink: string;
}

const mshare: Dialect = {
  options: (draw) => [
    `owner: ${draw.one(["creator", "nobody", "toucher"])}`,
    `dontneed: ${draw.one(["nobody", "everyone"])}`,
    `lock_handover: ${draw.one(["all", "retry"])}`,
  ],
  start: "2TiB",
  size: "512GiB",
  make: (draw) => [
    'fd = open("/sys/fs/mshare/db", O_CREAT|O_RDWR, 0600)',
    `ioctl(fd, MSHAREFS_SET_SIZE, { start: 2TiB, size: ${draw.one(["512GiB", "512GiB", "1TiB"])} })`,
    createMapping("2TiB", RW),
    ...(draw.chance(0.3) ? [createMapping("2TiB + 4MiB", draw.one([RW, "PROT_READ"]))] : []),
    ...(draw.chance(0.3) ? [createMapping("2TiB + 512GiB", RW)] : []),
  ],
  open: 'fd = open("/sys/fs/mshare/db", O_RDWR)',
  map: (draw) => (draw.chance(0.9) ? map("2TiB", "512GiB", RW) : map("2TiB", "1TiB", RW)),
  own: (draw) =>
    draw.one([
      createMapping("2TiB + 8MiB", RW),
      createMapping("2TiB + 8MiB", "PROT_READ"),
      "store(2TiB + 4MiB, 1)",
      "load(2TiB + 4MiB)",
      "touch(2TiB + 8MiB, 12KiB, write)",
      map("2TiB + 512GiB", "512GiB", RW),
      "store(2TiB + 512GiB, 5)",
      "load(2TiB + 512GiB)",
      "munmap(2TiB + 512GiB, 512GiB)",
      "mremap(2TiB, 512GiB, 512GiB, MREMAP_MAYMOVE|MREMAP_FIXED, 8TiB)",
      map("2TiB", "512GiB", "PROT_READ"),
      "mmap(2TiB, 512GiB, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)",
      'rename("/sys/fs/mshare/db", "/sys/fs/mshare/other")',
      'open("/sys/fs/mshare/other", O_RDWR)',
      "ioctl(fd, MSHAREFS_SET_SIZE, { start: 2TiB, size: 512GiB })",
      "ioctl(fd, MSHAREFS_GET_SIZE, { start: 0, size: 0 })",
    ]),
  unlink: 'unlink("/sys/fs/mshare/db")',
};

const map = (addr: string, size: string, prot: string): string => `mmap(${addr}, ${size}, ${prot}, MAP_SHARED, fd, 0)`;

function createMapping(addr: string, prot: string): string {
  return `ioctl(fd, MSHAREFS_CREATE_MAPPING, { addr: ${addr}, size: 2MiB, offset: 0, prot: ${prot}, flags: MAP_ANONYMOUS|MAP_SHARED|MAP_FIXED, fd: -1 })`;
}

const ptshare: Dialect = {
  options: (draw) => [
    `owner: ${draw.one(["nobody", "toucher"])}`,
    `dontneed: ${draw.one(["everyone", "nobody"])}`,
    `addresses: ${draw.one(["same", "any"])}`,
    `freed_tables: ${draw.one(["marked", "unmarked"])}`,
  ],
  start: "1TiB",
  size: "4MiB",
  make: () => ['fd = open("/dev/shm/db", O_CREAT|O_RDWR, 0600)', "ftruncate(fd, 8MiB)"],
  open: 'fd = open("/dev/shm/db", O_RDWR)',
  map: () => share("1TiB", "4MiB", RW, "0"),
  own: (draw) =>
    draw.one([
      "ftruncate(fd, 8KiB)",
      "ftruncate(fd, 8MiB)",
      "fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 4KiB, 8KiB)",
      share("1TiB + 4MiB", "2MiB", RW, "4MiB"),
      share("1TiB", "2MiB", RW, "0"),
      share("1TiB", "4MiB", "PROT_READ", "0"),
      "mmap(1TiB, 4MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED, fd, 0)",
      "mmap(1TiB, 4MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_SHARED_PT, fd, 0)",
      "mmap(1TiB + 8MiB, 2MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)",
      "store(1TiB + 8MiB, 6)",
      "store(1TiB + 4MiB, 2)",
      share("1GiB + 1TiB", "4MiB", RW, "0"),
      "store(1GiB + 1TiB, 3)",
      "munmap(1GiB + 1TiB, 4MiB)",
      "munmap(1TiB, 8MiB)",
      "mremap(1TiB, 4MiB, 4MiB, MREMAP_MAYMOVE|MREMAP_FIXED, 3TiB)",
      'write(fd, "hello", 5)',
    ]),
  unlink: 'unlink("/dev/shm/db")',
};

function share(addr: string, size: string, prot: string, offset: string): string {
  return `mmap(${addr}, ${size}, ${prot}, MAP_SHARED|MAP_SHARED_PT, fd, ${offset})`;
}

export const dialects: Readonly<Record<SharingDesign, Dialect>> = { "mshare-v3": mshare, "ptshare-v2": ptshare };

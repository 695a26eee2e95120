// Calls of a process in random scenarios of sharing, and what the machine does beside them.
import type { Draw } from "../../../sim/conform/random_draw.ts";
import { type Dialect, RW } from "./dialects.ts";

/** Pages that are used, so few that processes meet. */
export const PAGES = 6;

const page = (draw: Draw, start: string): string => `${start} + ${draw.between(0, PAGES - 1) * 4}KiB`;
const some = (draw: Draw): string => `${draw.between(1, 3) * 4}KiB`;

export function anything(draw: Draw, dialect: Dialect, runsGuest: boolean): string {
  const { start, size } = dialect;
  const at = page(draw, start);
  const kind = draw.weighted({
    load: 8,
    store: 8,
    touch: 4,
    guest: runsGuest ? 12 : 0,
    madvise: 5,
    unmap: 3,
    map: 5,
    protect: 2,
    advice: 1,
    lock: 1,
    look: 1,
    private: 5,
    huge: 1,
    own: 3,
    unlink: 1,
    close: 0.5,
  });
  switch (kind) {
    case "load":
      return `load(${at})`;
    case "store":
      return `store(${at}, ${draw.between(1, 99)})`;
    case "touch":
      return `touch(${start}, ${draw.between(1, PAGES) * 4}KiB${draw.chance(0.5) ? ", write" : ""})`;
    case "guest":
      return draw.chance(0.5)
        ? `kvm_load(vm, ${draw.between(0, PAGES - 1) * 4}KiB)`
        : `kvm_store(vm, ${draw.between(0, PAGES - 1) * 4}KiB, ${draw.between(1, 99)})`;
    case "madvise":
      return `madvise(${at}, ${some(draw)}, ${draw.one(["MADV_DONTNEED", "MADV_PAGEOUT", "MADV_PAGEOUT", "MADV_COLD", "MADV_POPULATE_WRITE", "MADV_POPULATE_READ"])})`;
    case "unmap":
      return draw.chance(0.8) ? `munmap(${start}, ${size})` : `munmap(${at}, 4KiB)`;
    case "map":
      return dialect.map(draw);
    case "protect":
      return draw.chance(0.6)
        ? `mprotect(${start}, ${size}, ${draw.one(["PROT_READ", RW, "PROT_NONE"])})`
        : `mprotect(${at}, 4KiB, PROT_READ)`;
    case "advice":
      return draw.one([
        `madvise(${start}, ${size}, ${draw.one(["MADV_DONTFORK", "MADV_DOFORK", "MADV_WILLNEED", "MADV_SEQUENTIAL", "MADV_DONTNEED", "MADV_PAGEOUT"])})`,
        `madvise(${at}, ${some(draw)}, ${draw.one(["MADV_REMOVE", "MADV_WILLNEED", "MADV_DONTNEED_LOCKED", "MADV_FREE", "MADV_GUARD_INSTALL", "MADV_GUARD_REMOVE"])})`,
      ]);
    case "lock":
      return draw.one([
        `mlock(${at}, ${some(draw)})`,
        `mlock2(${at}, ${some(draw)}, MLOCK_ONFAULT)`,
        `munlock(${at}, ${some(draw)})`,
        "mlock(16TiB, 32KiB)",
        "munlock(16TiB, 32KiB)",
        "munlockall()",
      ]);
    case "look":
      return draw.one([
        `mincore(${at}, ${some(draw)})`,
        `msync(${at}, ${some(draw)}, MS_SYNC)`,
        `pagemap(${at})`,
        `smaps(${at})`,
        "status()",
      ]);
    case "private":
      return ownMemory(draw);
    case "huge":
      return hugePages(draw);
    case "own":
      return dialect.own(draw);
    case "unlink":
      return dialect.unlink;
    case "close":
      // The lowest free descriptor is the one that was closed.
      return draw.one(["close(fd)", dialect.open.replace("fd = ", "")]);
  }
}

/** Memory that is not shared: it takes the frames that others give up. */
function ownMemory(draw: Draw): string {
  return draw.one([
    `store(${page(draw, "16TiB")}, 7)`,
    `store(${page(draw, "16TiB")}, 8)`,
    `load(${page(draw, "16TiB")})`,
    "touch(16TiB, 24KiB, write)",
    "munmap(16TiB, 64KiB)",
    `mmap(16TiB, 64KiB, ${RW}, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)`,
    "mprotect(16TiB, 16KiB, PROT_READ)",
    `mprotect(16TiB, 64KiB, ${RW})`,
    "mremap(16TiB, 64KiB, 64KiB, MREMAP_MAYMOVE|MREMAP_FIXED, 17TiB)",
    "madvise(16TiB, 32KiB, MADV_DONTNEED)",
    "madvise(16TiB, 32KiB, MADV_FREE)",
    // In the same top-level entries as what is shared, or in its midst if nothing is there.
    `mmap(2TiB, 64KiB, ${RW}, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)`,
    `mmap(1TiB + 2MiB, 64KiB, ${RW}, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED_NOREPLACE, -1, 0)`,
    // More than a small machine has.
    `mmap(20TiB, 8MiB, ${RW}, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED|MAP_NORESERVE, -1, 0)`,
    "touch(20TiB, 1MiB, write)",
  ]);
}

/** Tables that hugetlb shares by itself, beside those of the design. */
function hugePages(draw: Draw): string {
  return draw.one([
    `mmap(24TiB, 1GiB, ${RW}, MAP_SHARED|MAP_FIXED|MAP_NORESERVE, huge, 0)`,
    "store(24TiB, 9)",
    "load(24TiB + 2MiB)",
    "munmap(24TiB, 1GiB)",
    "madvise(24TiB, 2MiB, MADV_DONTNEED)",
  ]);
}

export function machineWork(draw: Draw, { start }: Dialect, processes: readonly string[]): string {
  return draw.one([
    `swap_out(${draw.one(processes)}, ${page(draw, start)}, ${some(draw)})`,
    `swap_out(${draw.one(processes)}, ${page(draw, start)}, ${some(draw)})`,
    `migrate(${draw.one(processes)}, ${page(draw, start)})`,
    `reclaim(${draw.between(1, 16)})`,
    "compact()",
    "split_huge_pages()",
  ]);
}

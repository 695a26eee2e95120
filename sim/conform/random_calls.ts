// Random calls of one process: addresses near the boundaries of page tables, sizes of a page to a gigabyte.
import type { Actor } from "./random.ts";
import type { Draw } from "./random_draw.ts";

const PAGE = 4096;
const MIB = 2 ** 20;

/** Boundaries of entries of all levels: 2 MiB, 1 GiB, 512 GiB. */
const ANCHORS = ["16TiB", "16TiB + 1GiB", "16TiB + 512GiB", "2TiB + 2MiB", "1GiB"] as const;

const inKib = (bytes: number): string => (bytes % MIB === 0 ? `${bytes / MIB}MiB` : `${bytes / 1024}KiB`);

function newPlace(draw: Draw): string {
  const anchor = draw.one(ANCHORS);
  const bytes =
    draw.weighted({ near: 5, table: 3 }) === "near" ? draw.between(-6, 8) * PAGE : draw.between(-2, 4) * MIB;
  if (bytes === 0) return anchor;
  return bytes > 0 ? `${anchor} + ${inKib(bytes)}` : `${anchor} - ${inKib(-bytes)}`;
}

function newSize(draw: Draw): number {
  const kind = draw.weighted({ pages: 10, mib: 8, huge: 1 });
  if (kind === "pages") return draw.between(1, 20) * PAGE;
  return kind === "mib" ? draw.between(1, 6) * MIB : 2 ** 30;
}

/** A range in or around what is mapped; now and then anywhere. */
function range(draw: Draw, actor: Actor): { readonly place: string; readonly bytes: number; readonly left: number } {
  if (actor.mappings.length === 0 || draw.chance(0.04)) {
    const bytes = newSize(draw);
    return { place: newPlace(draw), bytes, left: bytes };
  }
  const { place, bytes } = draw.one(actor.mappings);
  const pages = bytes / PAGE;
  const kind = draw.weighted({ whole: 3, first: 3, table: 2, any: 4 });
  if (kind === "whole") return { place, bytes, left: bytes };
  if (kind === "first") return { place, bytes: draw.between(1, Math.min(pages, 40)) * PAGE, left: bytes };
  const skip = kind === "table" ? draw.between(0, 2) * MIB : draw.between(0, Math.min(pages, 600)) * PAGE;
  const at = skip === 0 ? place : `${place} + ${inKib(skip)}`;
  const left = Math.max(bytes - skip, PAGE);
  const most = kind === "table" ? 2 * MIB : left;
  return { place: at, bytes: draw.chance(0.5) ? Math.min(left, most) : draw.between(1, 30) * PAGE, left };
}

/** Mostly whole pages; now and then not, or nothing. */
function sizeText(draw: Draw, bytes: number): string {
  if (draw.chance(0.02)) return "0";
  return draw.chance(0.04) ? `${inKib(bytes)} - ${draw.between(1, 4000)}` : inKib(bytes);
}

const placeText = (draw: Draw, place: string): string => (draw.chance(0.01) ? `${place} + 8` : place);

export function mappingCall(draw: Draw, actor: Actor): string {
  switch (draw.weighted({ mmap: 16, munmap: 8, mremap: 7, mprotect: 7, madvise: 14, mincore: 1 })) {
    case "mmap":
      return mmapCall(draw, actor);
    case "munmap": {
      const { place, bytes } = range(draw, actor);
      forget(actor, place, bytes);
      return `munmap(${placeText(draw, place)}, ${sizeText(draw, bytes)})`;
    }
    case "mremap":
      return mremapCall(draw, actor);
    case "mprotect": {
      const { place, bytes } = range(draw, actor);
      return `mprotect(${placeText(draw, place)}, ${sizeText(draw, bytes)}, ${protection(draw)})`;
    }
    case "madvise": {
      const { place, bytes } = range(draw, actor);
      return `madvise(${placeText(draw, place)}, ${sizeText(draw, bytes)}, ${advice(draw)})`;
    }
    default: {
      const { place, bytes } = range(draw, actor);
      return `mincore(${place}, ${sizeText(draw, Math.min(bytes, 16 * MIB))})`;
    }
  }
}

const protection = (draw: Draw): string =>
  draw.weighted({
    "PROT_READ|PROT_WRITE": 20,
    PROT_READ: 4,
    PROT_NONE: 2,
    PROT_WRITE: 1,
    "PROT_READ|PROT_EXEC": 1,
    "PROT_READ|PROT_WRITE|PROT_EXEC": 1,
  });

const advice = (draw: Draw): string =>
  draw.weighted({
    MADV_DONTNEED: 12,
    MADV_FREE: 6,
    MADV_REMOVE: 4,
    MADV_POPULATE_READ: 3,
    MADV_POPULATE_WRITE: 3,
    MADV_WILLNEED: 2,
    MADV_COLD: 1,
    MADV_PAGEOUT: 1,
    MADV_DONTFORK: 2,
    MADV_DOFORK: 1,
    MADV_WIPEONFORK: 2,
    MADV_KEEPONFORK: 1,
    MADV_NORMAL: 1,
    MADV_RANDOM: 1,
    MADV_SEQUENTIAL: 1,
    MADV_DONTDUMP: 1,
    MADV_DODUMP: 1,
    MADV_NOHUGEPAGE: 1,
    MADV_GUARD_INSTALL: 3,
    MADV_GUARD_REMOVE: 2,
    MADV_DONTNEED_LOCKED: 1,
  });

export function mmapCall(draw: Draw, actor: Actor): string {
  const bytes = newSize(draw);
  const file = actor.descriptors.length > 0 && draw.chance(0.4);
  const shared = draw.chance(0.5) ? "MAP_SHARED" : "MAP_PRIVATE";
  const more = [
    ...(draw.chance(0.07) ? ["MAP_POPULATE"] : []),
    ...(draw.chance(0.05) ? ["MAP_NORESERVE"] : []),
    ...(draw.chance(0.03) ? ["MAP_LOCKED"] : []),
    ...(draw.chance(0.02) ? ["MAP_GROWSDOWN"] : []),
    ...(draw.chance(0.02) ? ["MAP_32BIT"] : []),
  ];
  const what = file ? `${draw.one(actor.descriptors)}, ${draw.between(0, 3) * PAGE}` : "-1, 0";
  const anonymous = file ? [] : ["MAP_ANONYMOUS"];
  const rest = (flags: readonly string[]) =>
    `${sizeText(draw, bytes)}, ${protection(draw)}, ${[shared, ...anonymous, ...flags, ...more].join("|")}, ${what})`;
  if (!file && draw.chance(0.2)) {
    const name = `m${actor.variables++}`;
    actor.mappings.push({ place: name, bytes });
    const flags = [shared, "MAP_ANONYMOUS"].join("|");
    return `${name} = mmap(0, ${inKib(bytes)}, ${protection(draw)}, ${flags}, -1, 0)`;
  }
  const place = actor.mappings.length > 0 && draw.chance(0.4) ? range(draw, actor).place : newPlace(draw);
  actor.mappings.push({ place, bytes });
  const fixed = draw.weighted({ MAP_FIXED: 14, MAP_FIXED_NOREPLACE: 2, "": 3 });
  return `mmap(${place}, ${rest(fixed === "" ? [] : [fixed])}`;
}

/** What is unmapped whole is no longer a place to go to. */
function forget(actor: Actor, place: string, bytes: number): void {
  actor.mappings = actor.mappings.filter((one) => one.place !== place || one.bytes > bytes);
}

function mremapCall(draw: Draw, actor: Actor): string {
  const { place, bytes } = range(draw, actor);
  const size = draw.chance(0.5) ? bytes : newSize(draw);
  const old = sizeText(draw, bytes);
  const flags = draw.weighted({
    "0": 3,
    MREMAP_MAYMOVE: 5,
    "MREMAP_MAYMOVE|MREMAP_FIXED": 8,
    "MREMAP_MAYMOVE|MREMAP_DONTUNMAP": 2,
    "MREMAP_MAYMOVE|MREMAP_FIXED|MREMAP_DONTUNMAP": 2,
    MREMAP_FIXED: 0.3,
  });
  if (!flags.includes("FIXED")) return `mremap(${place}, ${old}, ${inKib(size)}, ${flags})`;
  const to = newPlace(draw);
  if (!flags.includes("DONTUNMAP")) forget(actor, place, bytes);
  actor.mappings.push({ place: to, bytes: size });
  return `mremap(${place}, ${old}, ${inKib(size)}, ${flags}, ${to})`;
}

export function accessCallText(draw: Draw, actor: Actor): string {
  const { place, left } = range(draw, actor);
  switch (draw.weighted({ touch: 14, load: 4, store: 6, exec: 0.7 })) {
    case "load":
      return `load(${place}${draw.chance(0.2) ? " + 8" : ""})`;
    case "store":
      return `store(${place}, ${draw.between(0, 200)})`;
    case "exec":
      return `exec(${place} + 64)`;
    default: {
      const pages = draw.chance(0.2) ? draw.one([64, 512, 513]) : draw.between(1, 20);
      const bytes = draw.chance(0.95) ? Math.min(pages * PAGE, left) : pages * PAGE;
      return `touch(${place}, ${inKib(bytes)}${draw.chance(0.6) ? ", write" : ""})`;
    }
  }
}

const PATHS = ["/dev/shm/f", "/dev/shm/g", "/tmp/h", "/dev/shm/d/f", "/dev/shm/d"] as const;

export function fileCall(draw: Draw, actor: Actor): string {
  const fd = actor.descriptors.length > 0 && draw.chance(0.95) ? draw.one(actor.descriptors) : draw.between(3, 6);
  const none = actor.descriptors.length === 0;
  switch (
    draw.weighted({
      open: none ? 20 : 5,
      memfd_create: none ? 10 : 2,
      ftruncate: 9,
      write: 3,
      read: 3,
      close: 2,
      unlink: 1,
      rename: 1,
      mkdir: 1,
      rmdir: 0.5,
    })
  ) {
    case "open":
      return openCall(draw, actor);
    case "memfd_create":
      opened(actor);
      return `memfd_create("m", ${draw.weighted({ "0": 5, MFD_CLOEXEC: 2, MFD_ALLOW_SEALING: 1 })})`;
    case "ftruncate":
      return `ftruncate(${fd}, ${draw.weighted({ size: 8, odd: 2 }) === "size" ? inKib(newSize(draw)) : draw.between(0, 70000)})`;
    case "write":
    case "read": {
      const { place } = range(draw, actor);
      const count = draw.chance(0.7) ? draw.between(1, 4) * PAGE : draw.between(0, 20000);
      return `${draw.chance(0.5) ? "read" : "write"}(${fd}, ${place}, ${count})`;
    }
    case "close":
      actor.descriptors = actor.descriptors.filter((one) => one !== fd);
      return `close(${fd})`;
    case "rename":
      // Real files of one program lie in one file system; the simulated /tmp is another.
      return `rename("${draw.one(["/dev/shm/f", "/dev/shm/g", "/dev/shm/d"])}", "${draw.one(["/dev/shm/f", "/dev/shm/g", "/dev/shm/d/f"])}")`;
    case "mkdir":
      return `mkdir("${draw.one(PATHS)}", 0755)`;
    case "rmdir":
      return `rmdir("${draw.one(PATHS)}")`;
    default:
      return `unlink("${draw.one(PATHS)}")`;
  }
}

function openCall(draw: Draw, actor: Actor): string {
  opened(actor);
  const flags = draw.weighted({
    "O_CREAT|O_RDWR": 10,
    O_RDWR: 4,
    O_RDONLY: 1,
    "O_CREAT|O_RDWR|O_TRUNC": 1,
    "O_CREAT|O_EXCL|O_RDWR": 1,
    "O_CREAT|O_WRONLY": 1,
  });
  return `open("${draw.one(PATHS)}", ${flags}, 0600)`;
}

function opened(actor: Actor): void {
  for (let fd = 3; ; fd++) {
    if (actor.descriptors.includes(fd)) continue;
    actor.descriptors.push(fd);
    return;
  }
}

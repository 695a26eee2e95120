// Random calls about mappings, and accesses to them.
import type { Actor } from "./random.ts";
import type { Draw } from "./random_draw.ts";
import {
  GIB,
  inKib,
  MIB,
  newPlace,
  newSize,
  PAGE,
  placeText,
  presentRange,
  presentSize,
  range,
  sizeText,
} from "./random_places.ts";

/** What a line begins with that stands for a loop: the number of its rounds follows, then the call. */
export const LOOP = "repeat ";

export function mappingCall(draw: Draw, actor: Actor): string {
  switch (
    draw.weighted({
      mmap: 16,
      munmap: 8,
      mremap: 9,
      mprotect: 8,
      madvise: 18,
      lock: 4,
      mincore: 1.5,
      msync: 1.5,
      many: 2,
      look: 0.7,
    })
  ) {
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
    case "madvise":
      return madviseCall(draw, actor);
    case "lock":
      return lockCall(draw, actor);
    case "many":
      return manyCalls(draw, actor);
    case "look":
      return lookCall(draw, actor);
    case "msync": {
      const { place, bytes } = range(draw, actor);
      const flags = draw.weighted({
        MS_SYNC: 3,
        MS_ASYNC: 2,
        MS_INVALIDATE: 2,
        "MS_SYNC|MS_INVALIDATE": 1,
        "MS_ASYNC|MS_INVALIDATE": 1,
        "MS_SYNC|MS_ASYNC": 0.5,
        "0": 1,
        "8": 0.2,
      });
      return `msync(${placeText(draw, place)}, ${sizeText(draw, bytes)}, ${flags})`;
    }
    default: {
      const { place, bytes } = range(draw, actor);
      const told = draw.chance(0.5) ? `, ${range(draw, actor).place}` : "";
      if (told) actor.next.push(`load(${told.slice(2)})`);
      return `mincore(${placeText(draw, place)}, ${sizeText(draw, Math.min(bytes, 16 * MIB))}${told})`;
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
    "PROT_READ|PROT_WRITE|PROT_GROWSDOWN": 0.2,
    "PROT_READ|PROT_GROWSUP": 0.1,
    "PROT_READ|PROT_SEM": 0.1,
    "0x10": 0.1,
  });

/** What /proc says, asked by the process itself. */
function lookCall(draw: Draw, actor: Actor): string {
  const { place } = range(draw, actor);
  switch (draw.weighted({ status: 1, smaps: 2, pagemap: 2 })) {
    case "status":
      return `status("${draw.one(["VmPTE", "VmRSS", "VmSize", "VmData", "VmLck", "VmSwap", "RssAnon", "RssShmem"])}")`;
    case "smaps":
      return `smaps(${place}, "${draw.one(["Rss", "Pss", "Size", "Swap", "Referenced", "Private_Dirty", "Locked"])}")`;
    default:
      return `pagemap(${place})`;
  }
}

/** The same call for every second page or so: many mappings, which merge again one after the other. */
function manyCalls(draw: Draw, actor: Actor): string {
  const { place } = range(draw, actor);
  const step = draw.one([PAGE, 2 * PAGE, 3 * PAGE, MIB, 2 * MIB]);
  const at = `${place} + i * ${inKib(step)}`;
  const call = (() => {
    switch (draw.weighted({ mprotect: 5, munmap: 3, mmap: 4, madvise: 3, mlock: 1, munlock: 1, mremap: 2, store: 3 })) {
      case "mprotect":
        return `mprotect(${at}, 4KiB, ${protection(draw)})`;
      case "munmap":
        return `munmap(${at}, 4KiB)`;
      case "mmap": {
        const file = actor.descriptors.length > 0 && draw.chance(0.4);
        const flags = `${draw.one(["MAP_SHARED", "MAP_PRIVATE"])}|MAP_FIXED${file ? "" : "|MAP_ANONYMOUS"}`;
        const offset = draw.one(["i * 4KiB", "(9 - i) * 4KiB", "0"]);
        return `mmap(${at}, ${inKib(Math.min(step, 2 * PAGE))}, ${protection(draw)}, ${flags}, ${file ? `${draw.one(actor.descriptors)}, ${offset}` : "-1, 0"})`;
      }
      case "madvise":
        return `madvise(${at}, 4KiB, ${draw.one(["MADV_DONTNEED", "MADV_FREE", "MADV_PAGEOUT", "MADV_DONTFORK", "MADV_RANDOM", "MADV_GUARD_INSTALL", "MADV_WIPEONFORK"])})`;
      case "mlock":
        return `mlock(${at}, 4KiB)`;
      case "munlock":
        return `munlock(${at}, 4KiB)`;
      case "mremap":
        return `mremap(${at}, 4KiB, 4KiB, MREMAP_MAYMOVE|MREMAP_FIXED, ${newPlace(draw)} + i * ${inKib(draw.one([PAGE, 2 * PAGE]))})`;
      default:
        return `store(${at}, i)`;
    }
  })();
  return `${LOOP}${draw.between(2, 9)} ${call}`;
}

/** Advice that makes an entry for every page of its range. */
const POPULATES = ["MADV_POPULATE_READ", "MADV_POPULATE_WRITE", "MADV_GUARD_INSTALL"];

function madviseCall(draw: Draw, actor: Actor): string {
  const what = draw.weighted({
    MADV_DONTNEED: 14,
    MADV_FREE: 6,
    MADV_REMOVE: 4,
    MADV_POPULATE_READ: 3,
    MADV_POPULATE_WRITE: 3,
    MADV_WILLNEED: 2,
    MADV_COLD: 2,
    MADV_PAGEOUT: 4,
    MADV_DONTFORK: 2,
    MADV_DOFORK: 1,
    MADV_WIPEONFORK: 2,
    MADV_KEEPONFORK: 1,
    MADV_NORMAL: 1,
    MADV_RANDOM: 1,
    MADV_SEQUENTIAL: 1,
    MADV_DONTDUMP: 1,
    MADV_DODUMP: 1,
    MADV_HUGEPAGE: 0.7,
    MADV_NOHUGEPAGE: 0.7,
    MADV_GUARD_INSTALL: 3,
    MADV_GUARD_REMOVE: 2,
    MADV_DONTNEED_LOCKED: 1.5,
    MADV_MERGEABLE: 0.3,
    MADV_UNMERGEABLE: 0.3,
    MADV_COLLAPSE: 0.2,
    "77": 0.2,
  });
  const { place, bytes } = POPULATES.includes(what) ? presentRange(draw, actor) : range(draw, actor);
  return `madvise(${placeText(draw, place)}, ${sizeText(draw, bytes)}, ${what})`;
}

function lockCall(draw: Draw, actor: Actor): string {
  const kind = draw.weighted({
    mlock: 6,
    mlock2: 4,
    munlock: 6,
    mlockall: actor.large ? 0 : 1,
    onfault: 1,
    munlockall: 1,
  });
  switch (kind) {
    case "mlockall": {
      const flags = draw.weighted({ MCL_CURRENT: 3, MCL_FUTURE: 2, "MCL_CURRENT|MCL_FUTURE": 2, "0": 0.3 });
      if (flags.includes("FUTURE")) actor.locksAll = true;
      return `mlockall(${flags})`;
    }
    case "onfault":
      return `mlockall(${draw.one(["MCL_CURRENT|MCL_ONFAULT", "MCL_FUTURE|MCL_ONFAULT", "MCL_ONFAULT"])})`;
    case "munlockall":
      return "munlockall()";
  }
  const { place, bytes } = presentRange(draw, actor);
  const at = `${placeText(draw, place)}, ${sizeText(draw, bytes)}`;
  return kind === "mlock2"
    ? `mlock2(${at}, ${draw.weighted({ MLOCK_ONFAULT: 4, "0": 2, "2": 0.3 })})`
    : `${kind}(${at})`;
}

/**
 * Flags that do not go with a place that Linux chooses: the first 2 GiB are soon full, and between a mapping at the top
 * that grows down and the addresses of a program lies the exported program's own memory.
 */
const NEED_A_PLACE = ["MAP_32BIT", "MAP_GROWSDOWN"];

/** Flags that make all pages of a mapping present. */
const FILLS = ["MAP_POPULATE", "MAP_LOCKED"];

export function mmapCall(draw: Draw, actor: Actor): string {
  const more = [
    ...(draw.chance(0.07) ? ["MAP_POPULATE"] : []),
    ...(draw.chance(0.06) ? ["MAP_NORESERVE"] : []),
    ...(draw.chance(0.03) ? ["MAP_LOCKED"] : []),
    ...(draw.chance(0.03) ? ["MAP_GROWSDOWN"] : []),
    ...(draw.chance(0.02) ? ["MAP_32BIT"] : []),
    ...(draw.chance(0.02) ? ["MAP_STACK"] : []),
    ...(draw.chance(0.01) ? ["MAP_NONBLOCK"] : []),
    ...(draw.chance(0.005) ? ["MAP_SYNC"] : []),
  ];
  const bytes = more.some((flag) => FILLS.includes(flag)) ? presentSize(draw) : newSize(draw, actor);
  if (bytes > 4 * MIB) actor.large = true;
  const file = actor.descriptors.length > 0 && draw.chance(0.4);
  const shared = draw.weighted({
    MAP_SHARED: 9,
    MAP_PRIVATE: 10,
    MAP_SHARED_VALIDATE: 0.5,
    MAP_DROPPABLE: 0.3,
    "0": 0.1,
  });
  const what = file ? `${draw.one(actor.descriptors)}, ${fileOffset(draw)}` : "-1, 0";
  const flags = [shared, ...(file ? [] : ["MAP_ANONYMOUS"])];
  const call = (place: string, extra: readonly string[]) =>
    `mmap(${place}, ${sizeText(draw, bytes)}, ${protection(draw)}, ${[...flags, ...extra, ...more].join("|")}, ${what})`;
  if (draw.chance(0.15)) {
    const name = `m${actor.variables++}`;
    actor.mappings.push({ place: name, bytes });
    return `${name} = mmap(0, ${inKib(bytes)}, ${protection(draw)}, ${[...flags, ...more.filter((one) => !NEED_A_PLACE.includes(one))].join("|")}, ${what})`;
  }
  const place = actor.mappings.length > 0 && draw.chance(0.4) ? range(draw, actor).place : newPlace(draw);
  actor.mappings.push({ place, bytes });
  const fixed = draw.weighted({ MAP_FIXED: 14, MAP_FIXED_NOREPLACE: 2, "": 3 });
  return call(place, fixed === "" ? [] : [fixed]);
}

function fileOffset(draw: Draw): string {
  const kind = draw.weighted({ pages: 12, table: 3, far: 0.5, odd: 0.3 });
  if (kind === "pages") return `${draw.between(0, 3) * PAGE}`;
  if (kind === "table") return inKib(draw.between(1, 2) * 2 * MIB);
  return kind === "far" ? inKib(GIB) : "100";
}

/** What is unmapped whole is no longer a place to go to. */
function forget(actor: Actor, place: string, bytes: number): void {
  actor.mappings = actor.mappings.filter((one) => one.place !== place || one.bytes > bytes);
}

function mremapCall(draw: Draw, actor: Actor): string {
  const { place, bytes } = range(draw, actor);
  const size = draw.chance(0.6) ? bytes : Math.min(newSize(draw, actor), Math.max(bytes * 2, 8 * MIB));
  if (size > 4 * MIB) actor.large = true;
  const old = draw.chance(0.04) ? "0" : sizeText(draw, bytes);
  const flags = draw.weighted({
    "0": 3,
    MREMAP_MAYMOVE: 5,
    "MREMAP_MAYMOVE|MREMAP_FIXED": 8,
    "MREMAP_MAYMOVE|MREMAP_DONTUNMAP": 2,
    "MREMAP_MAYMOVE|MREMAP_FIXED|MREMAP_DONTUNMAP": 2,
    MREMAP_FIXED: 0.3,
    MREMAP_DONTUNMAP: 0.2,
    "MREMAP_MAYMOVE|8": 0.1,
  });
  const grows = draw.chance(0.15) ? "" : undefined;
  if (!flags.includes("FIXED")) {
    if (flags === "MREMAP_MAYMOVE" && grows === "") {
      const name = `m${actor.variables++}`;
      actor.mappings.push({ place: name, bytes: size });
      forget(actor, place, bytes);
      return `${name} = mremap(${place}, ${inKib(bytes)}, ${inKib(size)}, ${flags})`;
    }
    return `mremap(${placeText(draw, place)}, ${old}, ${inKib(size)}, ${flags})`;
  }
  const to = actor.mappings.length > 0 && draw.chance(0.15) ? range(draw, actor).place : newPlace(draw);
  if (!flags.includes("DONTUNMAP")) forget(actor, place, bytes);
  actor.mappings.push({ place: to, bytes: size });
  return `mremap(${placeText(draw, place)}, ${old}, ${inKib(size)}, ${flags}, ${placeText(draw, to)})`;
}

export function accessCall(draw: Draw, actor: Actor): string {
  const { place, left } = range(draw, actor);
  switch (draw.weighted({ touch: 14, load: 4, store: 6, exec: 0.7 })) {
    case "load":
      return `load(${place}${draw.chance(0.2) ? draw.one([" + 8", " + 4092"]) : ""})`;
    case "store":
      return `store(${place}${draw.chance(0.1) ? " + 4092" : ""}, ${draw.between(0, 200)})`;
    case "exec":
      return `exec(${place} + 64)`;
    default: {
      const pages = draw.chance(0.05) ? draw.one([64, 512, 513]) : draw.between(1, 20);
      const bytes = draw.chance(0.95) ? Math.min(pages * PAGE, left) : pages * PAGE;
      return `touch(${place}, ${inKib(bytes)}${draw.chance(0.6) ? ", write" : ""})`;
    }
  }
}

// Random scenarios of huge pages: a small pool, files of huge pages, mappings of a gigabyte that share PMD tables, and little
// ones. Each mapping has a place of its own, 4 GiB apart, so that what is meant to be whole is whole: a part of a private
// mapping that mremap moves takes the reservation of the rest along for good, and that of a real machine with it.
import { createDraw, type Draw, withTaste } from "./random_draw.ts";

const MIB = 2 ** 20;
const HUGE = 2 * MIB;
const GIB = 2 ** 30;
/** Huge pages of the pool: few, so that it runs out now and then. */
const POOL = 6;

interface Mapping {
  readonly place: string;
  readonly bytes: number;
  readonly shared: boolean;
}

interface Actor {
  readonly name: string;
  state: "unborn" | "alive" | "gone";
  mappings: Mapping[];
  files: { readonly fd: number; bytes: number }[];
  descriptors: number;
}

interface World {
  readonly draw: Draw;
  readonly actors: readonly Actor[];
  places: number;
}

const inMib = (bytes: number): string => (bytes % MIB === 0 ? `${bytes / MIB}MiB` : `${bytes / 1024}KiB`);

/** The text of scenario number `seed`: 1 to 3 processes (now and then up to 6), 5 to 50 calls, on a machine with a pool. */
export function randomHugetlbScenario(seed: number): string {
  const plain = createDraw(seed);
  const draw = plain.chance(0.4) ? plain : withTaste(plain);
  const actors = Array.from({ length: draw.chance(0.2) ? draw.between(4, 6) : draw.between(1, 3) }, (_, i): Actor => {
    const unborn = i > 0 && draw.chance(0.7);
    return { name: `p${i}`, state: unborn ? "unborn" : "alive", mappings: [], files: [], descriptors: 3 };
  });
  const world: World = { draw, actors, places: 0 };
  const lines: string[] = [];
  for (const calls = draw.between(5, 50); lines.length < calls; ) {
    const alive = actors.filter((actor) => actor.state === "alive");
    if (alive.length === 0) break;
    const actor = draw.one(alive);
    lines.push(`${actor.name}: ${hugetlbCall(world, actor)}`);
  }
  const used = actors.filter((actor) => actor.state !== "unborn");
  const declared = used.map((actor, i) => `process ${actor.name} on cpu ${i % 2}`);
  return `${[`machine { hugepages: ${POOL} }`, ...declared, ...lines].join("\n")}\n`;
}

function hugetlbCall(world: World, actor: Actor): string {
  const { draw } = world;
  if (actor.mappings.length === 0 && draw.chance(0.9))
    return draw.chance(0.3) ? fileCall(draw, actor) : mmapCall(world, actor);
  switch (draw.weighted({ access: 40, mmap: 12, change: 26, file: 8, mremap: 6, fork: 5, exit: 1 })) {
    case "mmap":
      return mmapCall(world, actor);
    case "change":
      return actor.mappings.length > 0 ? changeCall(draw, actor) : accessCall(draw, actor);
    case "file":
      return fileCall(draw, actor);
    case "mremap":
      return mremapCall(world, actor) ?? accessCall(draw, actor);
    case "fork":
      return forkCall(world, actor) ?? accessCall(draw, actor);
    case "exit":
      if (world.actors.filter((one) => one.state === "alive").length < 2) return accessCall(draw, actor);
      actor.state = "gone";
      return "exit(0)";
    default:
      return accessCall(draw, actor);
  }
}

function fileCall(draw: Draw, actor: Actor): string {
  const file = actor.files.length > 0 ? draw.one(actor.files) : undefined;
  if (!file || draw.chance(0.2)) {
    actor.files.push({ fd: actor.descriptors++, bytes: 0 });
    return `memfd_create("h", ${draw.weighted({ MFD_HUGETLB: 9, "MFD_HUGETLB|MFD_HUGE_2MB": 1 })})`;
  }
  const kind = draw.weighted({ size: 8, odd: 1, close: 0.5, fill: 2, hole: 4, seek: 0.5, read: 1, write: 0.3 });
  const from = draw.between(0, 4) * HUGE;
  switch (kind) {
    case "fill":
      return `fallocate(${file.fd}, ${draw.weighted({ "0": 4, FALLOC_FL_KEEP_SIZE: 2 })}, ${inMib(from)}, ${inMib(draw.between(1, 3) * HUGE)})`;
    case "hole": {
      const odd = draw.chance(0.2) ? 4096 * draw.between(1, 600) : 0;
      return `fallocate(${file.fd}, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, ${from + odd}, ${odd + draw.between(1, 3) * HUGE})`;
    }
    case "seek":
      return `lseek(${file.fd}, ${draw.between(0, 3) * MIB}, SEEK_SET)`;
    case "read":
    case "write": {
      const place = actor.mappings.length > 0 ? draw.one(actor.mappings).place : "4GiB";
      return `${kind}(${file.fd}, ${place}, ${draw.one([8, 4096, 10000])})`;
    }
  }
  if (kind === "close") {
    // Descriptors of open files are the lowest that are free: the last one keeps that simple.
    const last = actor.files.at(-1)!;
    if (last.fd !== actor.descriptors - 1) return `ftruncate(${last.fd}, 0)`;
    actor.files.pop();
    actor.descriptors--;
    return `close(${last.fd})`;
  }
  if (kind === "odd") return `ftruncate(${file.fd}, ${draw.between(1, 3) * HUGE + 4096 * draw.between(1, 511)})`;
  file.bytes = draw.chance(0.3) ? GIB : draw.between(0, 5) * HUGE;
  return `ftruncate(${file.fd}, ${inMib(file.bytes)})`;
}

const protection = (draw: Draw): string =>
  draw.weighted({ "PROT_READ|PROT_WRITE": 14, PROT_READ: 3, PROT_NONE: 1, "PROT_READ|PROT_EXEC": 1 });

/** A place of its own; mostly on a boundary of a PMD table, so that it can be shared. */
function newPlace(world: World): string {
  const { draw } = world;
  const base = `${16 * 1024 + 4 * world.places++}GiB`;
  return draw.weighted({ boundary: 10, huge: 3, page: 0.5 }) === "boundary"
    ? base
    : `${base} + ${draw.chance(0.15) ? `${4 * draw.between(1, 511)}KiB` : inMib(draw.between(1, 511) * HUGE)}`;
}

function mmapCall(world: World, actor: Actor): string {
  const { draw } = world;
  const file = actor.files.length > 0 && draw.chance(0.65) ? draw.one(actor.files) : undefined;
  const shared = draw.chance(0.6);
  const giga = draw.chance(0.35);
  const bytes = giga
    ? GIB * Number(draw.weighted({ "1": 5, "2": 1 })) + (draw.chance(0.2) ? HUGE : 0)
    : draw.between(1, 4) * HUGE;
  const flags = [
    shared ? "MAP_SHARED" : "MAP_PRIVATE",
    ...(file ? [] : ["MAP_ANONYMOUS", draw.chance(0.9) ? "MAP_HUGETLB" : "MAP_HUGETLB|MAP_HUGE_2MB"]),
    // A gigabyte is never there: it can only be mapped without a promise.
    ...(giga || draw.chance(0.25) ? ["MAP_NORESERVE"] : []),
    ...(!giga && draw.chance(0.08) ? ["MAP_POPULATE"] : []),
    ...(draw.chance(0.03) ? ["MAP_LOCKED"] : []),
  ];
  const offset = !file || draw.chance(0.7) ? 0 : draw.one([HUGE, 2 * HUGE, GIB, 4096]);
  const what = file ? `${file.fd}, ${offset}` : "-1, 0";
  const length = draw.chance(0.06) ? `${inMib(bytes)} - ${4096 * draw.between(1, 100)}` : inMib(bytes);
  const mapping = { bytes, shared };
  if (draw.chance(0.06)) {
    const name = `m${world.places++}`;
    actor.mappings.push({ place: name, ...mapping });
    // It must not fail: others use the name.
    const sure = flags.includes("MAP_NORESERVE") ? flags : [...flags, "MAP_NORESERVE"];
    return `${name} = mmap(0, ${length}, ${protection(draw)}, ${sure.join("|")}, ${file ? `${file.fd}, 0` : what})`;
  }
  const old = actor.mappings.length > 0 && draw.chance(0.1) ? draw.one(actor.mappings) : undefined;
  const place = old?.place ?? newPlace(world);
  if (old) actor.mappings = actor.mappings.filter((one) => one !== old);
  actor.mappings.push({ place, ...mapping });
  return `mmap(${place}, ${length}, ${protection(draw)}, ${[...flags, "MAP_FIXED"].join("|")}, ${what})`;
}

/** Huge pages into a mapping: the first few mostly, else near the end of the first gigabyte. */
function somewhere(draw: Draw, { bytes }: Mapping): number {
  const pages = Math.ceil(bytes / HUGE);
  return draw.chance(0.85) ? draw.between(0, Math.min(pages, 4) - 1) : Math.min(pages - 1, 510 + draw.between(0, 2));
}

const at = (place: string, bytes: number): string => (bytes === 0 ? place : `${place} + ${inMib(bytes)}`);

function accessCall(draw: Draw, actor: Actor): string {
  if (actor.mappings.length === 0) return `load(${16 * 1024 + 4 * draw.between(0, 3)}GiB)`;
  const mapping = draw.one(actor.mappings);
  const place = at(
    mapping.place,
    somewhere(draw, mapping) * HUGE + (draw.chance(0.2) ? draw.between(1, 511) * 4096 : 0),
  );
  switch (draw.weighted({ load: 8, store: 10, touch: 3, exec: 0.3 })) {
    case "load":
      return `load(${place})`;
    case "store":
      return `store(${place}, ${draw.between(0, 200)})`;
    case "exec":
      return `exec(${place})`;
    default:
      return `touch(${place}, ${draw.one(["8KiB", "64KiB", "2MiB"])}${draw.chance(0.5) ? ", write" : ""})`;
  }
}

/** A range within a mapping: some huge pages, a part of one now and then, or all. */
function range(draw: Draw, mapping: Mapping): { place: string; length: string; whole: boolean } {
  if (draw.chance(0.25)) return { place: mapping.place, length: inMib(mapping.bytes), whole: true };
  const from = somewhere(draw, mapping) * HUGE;
  const pages = Math.max(1, Math.min(draw.between(1, 3), Math.ceil((mapping.bytes - from) / HUGE)));
  const odd = draw.chance(0.1);
  const place = at(mapping.place, from + (odd && draw.chance(0.5) ? 4096 * draw.between(1, 511) : 0));
  return { place, length: inMib(odd ? 4096 * draw.between(1, 700) : pages * HUGE), whole: false };
}

function changeCall(draw: Draw, actor: Actor): string {
  const mapping = draw.one(actor.mappings);
  const { place, length, whole } = range(draw, mapping);
  switch (draw.weighted({ munmap: 8, mprotect: 9, madvise: 12, mincore: 2, mlock: 1.5, munlock: 1, msync: 0.5 })) {
    case "mlock":
      return draw.chance(0.5) ? `mlock(${place}, ${length})` : `mlock2(${place}, ${length}, MLOCK_ONFAULT)`;
    case "munlock":
      return `munlock(${place}, ${length})`;
    case "msync":
      return `msync(${place}, ${length}, ${draw.one(["MS_SYNC", "MS_INVALIDATE", "0"])})`;
    case "munmap":
      if (whole) actor.mappings = actor.mappings.filter((one) => one !== mapping);
      return `munmap(${place}, ${length})`;
    case "mprotect":
      return `mprotect(${place}, ${length}, ${protection(draw)})`;
    case "mincore":
      return `mincore(${mapping.place}, ${inMib(Math.min(mapping.bytes, 8 * MIB))})`;
    default:
      return `madvise(${place}, ${length}, ${advice(draw)})`;
  }
}

const advice = (draw: Draw): string =>
  draw.weighted({
    MADV_DONTNEED: 10,
    MADV_REMOVE: 6,
    MADV_POPULATE_READ: 2,
    MADV_POPULATE_WRITE: 2,
    MADV_DONTFORK: 1,
    MADV_DOFORK: 0.5,
    MADV_FREE: 1,
    MADV_COLD: 0.5,
    MADV_PAGEOUT: 0.5,
    MADV_WILLNEED: 1,
    MADV_WIPEONFORK: 0.5,
    MADV_HUGEPAGE: 0.5,
    MADV_SEQUENTIAL: 1,
    MADV_GUARD_INSTALL: 0.5,
    MADV_DODUMP: 0.5,
    MADV_DONTDUMP: 0.5,
    MADV_DONTNEED_LOCKED: 0.5,
    MADV_COLLAPSE: 0.3,
  });

/** Whole small mappings only. Linux waits for itself when a shared gigabyte moves to a place where it could be shared. */
function mremapCall(world: World, actor: Actor): string | undefined {
  const { draw } = world;
  const small = actor.mappings.filter((one) => one.bytes < GIB);
  if (small.length === 0) return undefined;
  const mapping = draw.one(small);
  const { place, bytes } = mapping;
  switch (draw.weighted({ move: 8, shrink: 4, grow: 1, dontunmap: 1, odd: 1 })) {
    case "move": {
      const to = newPlace(world);
      actor.mappings = actor.mappings.filter((one) => one !== mapping);
      actor.mappings.push({ ...mapping, place: to });
      return `mremap(${place}, ${inMib(bytes)}, ${inMib(bytes)}, MREMAP_MAYMOVE|MREMAP_FIXED, ${to})`;
    }
    case "shrink":
      return `mremap(${place}, ${inMib(bytes)}, ${inMib(draw.between(1, bytes / MIB) * MIB)}, MREMAP_MAYMOVE)`;
    case "grow":
      return `mremap(${place}, ${inMib(bytes)}, ${inMib(bytes + HUGE)}, MREMAP_MAYMOVE)`;
    case "dontunmap":
      return `mremap(${place}, ${inMib(bytes)}, ${inMib(bytes)}, MREMAP_MAYMOVE|MREMAP_DONTUNMAP)`;
    default:
      return `mremap(${at(place, 4096)}, ${inMib(bytes)}, ${inMib(bytes)}, 0)`;
  }
}

function forkCall(world: World, actor: Actor): string | undefined {
  const child = world.actors.find((other) => other.state === "unborn");
  if (!child) return undefined;
  child.state = "alive";
  child.mappings = [...actor.mappings];
  child.files = actor.files.map((file) => ({ ...file }));
  child.descriptors = actor.descriptors;
  return `fork(${child.name})`;
}

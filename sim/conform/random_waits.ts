// Faults that wait: one touches memory of a userfaultfd, another answers. What is registered is so for this while only, and in
// the end it is taken back, and who is not answered yet is woken: nobody waits for ever.
import type { Actor } from "./random.ts";
import type { Draw } from "./random_draw.ts";
import { inKib, PAGE } from "./random_places.ts";
import { forkCall } from "./random_processes.ts";

/** Nothing else of a program lies there, but what comes of it later. */
const HOMES = ["6TiB", "6TiB - 8KiB", "6TiB + 2MiB - 4KiB", "7TiB - 12KiB"] as const;

interface Watched {
  readonly draw: Draw;
  readonly fd: string;
  readonly place: string;
  readonly pages: number;
}

/** Whether there can be somebody who answers. */
export const canWait = (actor: Actor, actors: readonly Actor[]): boolean =>
  actor.mayHaveThread || actors.some(({ state }) => state === "unborn");

/** Complete lines, some 9 of them. */
export function waitingLines(draw: Draw, actor: Actor, actors: readonly Actor[]): string[] {
  const { name } = actor;
  const [fd, pages, place] = [`u${actor.variables++}`, draw.between(1, 6), draw.one(HOMES)];
  const watched: Watched = { draw, fd, place, pages };
  const mapped = mapping(watched, actor);
  // Write protection of files is what the simulated kernel has not.
  const protects = mapped.includes("MAP_PRIVATE") && mapped.includes("MAP_ANONYMOUS");
  const mode = protects
    ? draw.weighted({ MISSING: 4, WP: 4, "MISSING|UFFDIO_REGISTER_MODE_WP": 4 })
    : draw.weighted({ MISSING: 6, MINOR: 4, "MISSING|UFFDIO_REGISTER_MODE_MINOR": 2 });
  const lines = [
    `${name}: ${mapped}`,
    ...(draw.chance(0.4) ? [`${name}: ${access(watched, actor)}`] : []),
    `${name}: ${fd} = userfaultfd(${draw.weighted({ O_NONBLOCK: 9, "O_NONBLOCK|UFFD_USER_MODE_ONLY": 1 })})`,
    `${name}: ioctl(${fd}, UFFDIO_API, { api: UFFD_API, features: ${draw.weighted({ "0": 4, UFFD_FEATURE_MINOR_SHMEM: 3, "UFFD_FEATURE_MISSING_SHMEM|UFFD_FEATURE_EXACT_ADDRESS": 1 })} })`,
    `${name}: ioctl(${fd}, UFFDIO_REGISTER, { range: { start: ${place}, len: ${inKib(pages * PAGE)} }, mode: UFFDIO_REGISTER_MODE_${mode} })`,
  ];
  if (draw.chance(0.3)) lines.push(`${name}: ${answer(watched, actor)}`);
  const other = answering(actor, actors, lines);
  const own = Array.from({ length: draw.between(1, 2) }, () => access(watched, actor));
  const writes = own.some((one) => one.startsWith("write("));
  const answers = Array.from({ length: draw.between(0, 4) }, () => answer(watched, actor)).filter(
    // Who waits in the middle of a write has the file locked.
    (one) => !(writes && one.includes("MADV_REMOVE")),
  );
  // To take back what is registered wakes those who wait for missing pages only.
  const whole = `{ start: ${place}, len: ${inKib(pages * PAGE)} }`;
  const end = `ioctl(${fd}, UFFDIO_UNREGISTER, ${whole}) ioctl(${fd}, UFFDIO_WAKE, ${whole})`;
  lines.push(`parallel { ${name} { ${own.join(" ")} } ${other} { ${[...answers, end].join(" ")} } }`);
  // What else is done with a number that was another userfaultfd's before must not make anybody wait.
  lines.push(`${name}: close(${fd})`);
  if (other !== `${name}.t`) lines.push(`${other}: close(${fd})`);
  actor.mappings.push({ place, bytes: pages * PAGE });
  return lines;
}

/** Who answers: a child that has the userfaultfd too, or a thread. */
function answering(actor: Actor, actors: readonly Actor[], lines: string[]): string {
  const fork = actor.mayHaveThread && actor.hasThread ? undefined : forkCall(actor, actors);
  if (fork === undefined) {
    actor.hasThread = true;
    return `${actor.name}.t`;
  }
  lines.push(`${actor.name}: ${fork}`);
  return actor.children.at(-1)!;
}

function mapping({ draw, place, pages }: Watched, { descriptors }: Actor): string {
  const file = descriptors.length > 0 && draw.chance(0.4);
  const flags = `${draw.weighted({ MAP_PRIVATE: 6, MAP_SHARED: 4 })}|MAP_FIXED${file ? "" : "|MAP_ANONYMOUS"}`;
  const protection = draw.weighted({ "PROT_READ|PROT_WRITE": 9, PROT_READ: 1, "PROT_READ|PROT_WRITE|PROT_EXEC": 1 });
  return `mmap(${place}, ${inKib(pages * PAGE)}, ${protection}, ${flags}, ${file ? `${draw.one(descriptors)}, ${draw.between(0, 2) * PAGE}` : "-1, 0"})`;
}

/** Memory that nobody has to answer for. */
function elsewhere(draw: Draw, { mappings }: Actor): string {
  // A variable may hold any address, one of these too.
  const others = mappings.filter(({ place }) => /^(?![67]TiB)\d/.test(place));
  return others.length > 0 ? draw.one(others).place : "9TiB";
}

/** A part of it: a place, and pages from there. */
function part({ draw, place, pages }: Watched): { at: string; bytes: number } {
  const skip = draw.chance(0.5) ? 0 : draw.between(0, pages - 1);
  return {
    at: skip === 0 ? place : `${place} + ${inKib(skip * PAGE)}`,
    bytes: draw.between(1, pages - skip) * PAGE,
  };
}

function access(watched: Watched, { descriptors }: Actor): string {
  const { draw } = watched;
  const { at, bytes } = part(watched);
  const file = descriptors.length > 0;
  switch (
    draw.weighted({ touch: 8, load: 3, store: 4, exec: 0.3, io: file ? 3 : 0, advice: 2, lock: 1, mincore: 0.3 })
  ) {
    case "load":
      return `load(${at}${draw.chance(0.1) ? " + 4092" : ""})`;
    case "store":
      return `store(${at}${draw.chance(0.1) ? " + 4092" : ""}, ${draw.between(0, 200)})`;
    case "exec":
      return `exec(${at} + 64)`;
    case "io":
      return `${draw.one(["read", "write"])}(${draw.one(descriptors)}, ${at}${draw.chance(0.3) ? " + 100" : ""}, ${draw.chance(0.7) ? bytes : draw.between(1, 9000)})`;
    case "advice":
      return `madvise(${at}, ${inKib(bytes)}, ${draw.one(["MADV_POPULATE_READ", "MADV_POPULATE_WRITE"])})`;
    case "lock":
      return draw.chance(0.6) ? `mlock(${at}, ${inKib(bytes)})` : `munlock(${at}, ${inKib(bytes)})`;
    case "mincore":
      return `mincore(${at}, ${inKib(bytes)})`;
    default:
      return `touch(${at}, ${inKib(bytes)}${draw.chance(0.6) ? ", write" : ""})`;
  }
}

function answer(watched: Watched, actor: Actor): string {
  const { draw, fd } = watched;
  const { at, bytes } = part(watched);
  const whole = `range: { start: ${at}, len: ${inKib(bytes)} }`;
  switch (
    draw.weighted({
      copy: 8,
      zeropage: 5,
      continue: 3,
      protect: 5,
      wake: 1,
      read: 3,
      drop: 1,
      mprotect: 0.7,
      touch: 0.7,
    })
  ) {
    case "zeropage":
      return `ioctl(${fd}, UFFDIO_ZEROPAGE, { ${whole}, mode: ${draw.weighted({ "0": 6, UFFDIO_ZEROPAGE_MODE_DONTWAKE: 1 })} })`;
    case "continue":
      return `ioctl(${fd}, UFFDIO_CONTINUE, { ${whole} })`;
    case "protect":
      return `ioctl(${fd}, UFFDIO_WRITEPROTECT, { ${whole}, mode: ${draw.weighted({ "0": 6, UFFDIO_WRITEPROTECT_MODE_WP: 3, UFFDIO_WRITEPROTECT_MODE_DONTWAKE: 1 })} })`;
    case "wake":
      return `ioctl(${fd}, UFFDIO_WAKE, { start: ${at}, len: ${inKib(bytes)} })`;
    case "read":
      return `read(${fd}, ${elsewhere(draw, actor)}, ${draw.one([32, 32, 64, 31, 100])})`;
    case "drop":
      return `madvise(${at}, ${inKib(bytes)}, ${draw.one(["MADV_DONTNEED", "MADV_REMOVE", "MADV_PAGEOUT", "MADV_COLD", "MADV_FREE"])})`;
    case "mprotect":
      return `mprotect(${at}, ${inKib(bytes)}, ${draw.one(["PROT_READ", "PROT_NONE", "PROT_READ|PROT_WRITE"])})`;
    case "touch":
      return `touch(${elsewhere(draw, actor)}, 4KiB, write)`;
    default: {
      const mode = draw.weighted({ "0": 8, UFFDIO_COPY_MODE_WP: 2, UFFDIO_COPY_MODE_DONTWAKE: 1 });
      return `ioctl(${fd}, UFFDIO_COPY, { dst: ${at}, src: ${elsewhere(draw, actor)}, len: ${inKib(bytes)}, mode: ${mode} })`;
    }
  }
}

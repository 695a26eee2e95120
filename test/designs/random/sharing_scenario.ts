// Random scenarios of sharing: several processes, a thread, a fork, sometimes a virtual machine, in parallel blocks; reclaim,
// migration and compaction beside them. The same text for the same seed.
import { createDraw, type Draw } from "../../../sim/conform/random_draw.ts";

export type SharingDesign = "mshare-v3" | "ptshare-v2";

const WAYS = ["all", "mm_cpumask", "i_mmap", "single_mask", "mmu_notifier"] as const;
/** Pages that are used, so few that processes meet. */
const PAGES = 6;

/** What a design has in another way than the other one. */
interface Dialect {
  readonly options: (draw: Draw) => string;
  readonly start: string;
  readonly size: string;
  /** The first process makes what is shared, with `fd` open. */
  readonly make: (draw: Draw) => readonly string[];
  readonly open: string;
  readonly map: string;
  /** Calls that only this design has a use for. */
  readonly own: (draw: Draw) => string;
  readonly unlink: string;
}

const RW = "PROT_READ|PROT_WRITE";

const mshare: Dialect = {
  options: (draw) =>
    `, owner: ${draw.one(["creator", "nobody", "toucher"])}, dontneed: ${draw.one(["nobody", "everyone"])}, lock_handover: ${draw.one(["all", "retry"])}`,
  start: "2TiB",
  size: "512GiB",
  make: (draw) => [
    'fd = open("/sys/fs/mshare/db", O_CREAT|O_RDWR, 0600)',
    "ioctl(fd, MSHAREFS_SET_SIZE, { start: 2TiB, size: 512GiB })",
    createMapping("2TiB", RW),
    ...(draw.chance(0.3) ? [createMapping("2TiB + 4MiB", draw.one([RW, "PROT_READ"]))] : []),
  ],
  open: 'fd = open("/sys/fs/mshare/db", O_RDWR)',
  map: `mmap(2TiB, 512GiB, ${RW}, MAP_SHARED, fd, 0)`,
  own: (draw) =>
    draw.one([
      createMapping("2TiB + 8MiB", RW),
      "store(2TiB + 4MiB, 1)",
      "load(2TiB + 4MiB)",
      "mremap(2TiB, 512GiB, 512GiB, MREMAP_MAYMOVE|MREMAP_FIXED, 8TiB)",
      `mmap(2TiB, 512GiB, PROT_READ, MAP_SHARED, fd, 0)`,
    ]),
  unlink: 'unlink("/sys/fs/mshare/db")',
};

function createMapping(addr: string, prot: string): string {
  return `ioctl(fd, MSHAREFS_CREATE_MAPPING, { addr: ${addr}, size: 2MiB, offset: 0, prot: ${prot}, flags: MAP_ANONYMOUS|MAP_SHARED|MAP_FIXED, fd: -1 })`;
}

const ptshare: Dialect = {
  options: (draw) =>
    `, dontneed: ${draw.one(["everyone", "nobody"])}, addresses: ${draw.one(["same", "any"])}, freed_tables: ${draw.one(["marked", "unmarked"])}`,
  start: "1TiB",
  size: "4MiB",
  make: () => ['fd = open("/dev/shm/db", O_CREAT|O_RDWR, 0600)', "ftruncate(fd, 8MiB)"],
  open: 'fd = open("/dev/shm/db", O_RDWR)',
  map: `mmap(1TiB, 4MiB, ${RW}, MAP_SHARED|MAP_SHARED_PT, fd, 0)`,
  own: (draw) =>
    draw.one([
      "ftruncate(fd, 8KiB)",
      "ftruncate(fd, 8MiB)",
      "fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 4KiB, 8KiB)",
      `mmap(1TiB + 4MiB, 2MiB, ${RW}, MAP_SHARED|MAP_SHARED_PT, fd, 4MiB)`,
      "store(1TiB + 4MiB, 2)",
      `mmap(1GiB + 1TiB, 4MiB, ${RW}, MAP_SHARED|MAP_SHARED_PT, fd, 0)`,
      "store(1GiB + 1TiB, 3)",
      "munmap(1GiB + 1TiB, 4MiB)",
      "mremap(1TiB, 4MiB, 4MiB, MREMAP_MAYMOVE|MREMAP_FIXED, 3TiB)",
    ]),
  unlink: 'unlink("/dev/shm/db")',
};

/** The text of the scenario of a seed. Every fix is on: nothing may be found. */
export function sharingScenario(design: SharingDesign, seed: number): string {
  const draw = createDraw(seed);
  const dialect = design === "mshare-v3" ? mshare : ptshare;
  const cpus = draw.between(1, 3);
  const lines = [
    `kernel ${design} { tlb_flush: ${draw.one(WAYS)}${dialect.options(draw)}, fixes: all }`,
    `machine { cpus: ${cpus}, memory: ${draw.one(["4MiB", "16MiB"])}, swap: 16MiB, pcid: ${draw.chance(0.5)} }`,
    `schedule random ${seed}`,
  ];
  const processes = ["a", "b", "c"].slice(0, draw.between(2, 3));
  for (const name of processes) lines.push(`process ${name} on cpu ${draw.between(0, cpus - 1)}`);
  lines.push(`thread a.t on cpu ${draw.between(0, cpus - 1)}`);
  const forks = draw.chance(0.4);
  if (forks) lines.push(`process child on cpu ${draw.between(0, cpus - 1)}`);

  lines.push("a {", ...dialect.make(draw).map((call) => `  ${call}`), "}");
  for (const name of processes) {
    if (name !== "a") lines.push(`${name}: ${dialect.open}`);
    if (draw.chance(0.85)) lines.push(`${name}: ${dialect.map}`);
    lines.push(`${name}: mmap(16TiB, 64KiB, ${RW}, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)`);
    if (draw.chance(0.6)) lines.push(`${name}: touch(${dialect.start}, ${PAGES * 4}KiB, write)`);
  }
  const guest = draw.chance(0.25) ? draw.one(processes) : undefined;
  if (guest) lines.push(...virtualMachine(guest, dialect.start));

  const actors = [...processes, "a.t"];
  const ended = new Set<string>();
  const blocks = draw.between(1, 3);
  for (let block = 0; block < blocks; block++) {
    const last = block === blocks - 1;
    lines.push("parallel {");
    for (const actor of actors) {
      if (ended.has(actor) || draw.chance(0.1)) continue;
      lines.push(`  ${actor} {`);
      const calls = draw.between(1, 4);
      for (let i = 0; i < calls; i++) lines.push(`    ${anything(draw, dialect, actor === guest)}`);
      if (draw.chance(last ? 0.3 : 0.08)) {
        lines.push("    exit()");
        ended.add(actor);
      }
      lines.push("  }");
    }
    for (let i = draw.between(0, 3); i > 0; i--) lines.push(`  kernel: ${machineWork(draw, dialect, processes)}`);
    lines.push("}");
    if (forks && block === 0 && blocks > 1 && !ended.has("a")) {
      lines.push("a: fork(child)");
      actors.push("child");
    }
  }
  return `${lines.join("\n")}\n`;
}

function virtualMachine(who: string, start: string): string[] {
  return [
    `${who}: kvm = open("/dev/kvm", O_RDWR)`,
    `${who}: vm = ioctl(kvm, KVM_CREATE_VM)`,
    `${who}: ioctl(vm, KVM_SET_USER_MEMORY_REGION, { slot: 0, guest_phys_addr: 0, memory_size: 2MiB, userspace_addr: ${start} })`,
    `${who}: kvm_load(vm, 0)`,
  ];
}

const page = (draw: Draw, start: string): string => `${start} + ${draw.between(0, PAGES - 1) * 4}KiB`;

function anything(draw: Draw, dialect: Dialect, runsGuest: boolean): string {
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
    private: 5,
    own: 3,
    unlink: 1,
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
      return `madvise(${at}, ${draw.between(1, 3) * 4}KiB, ${draw.one(["MADV_DONTNEED", "MADV_PAGEOUT", "MADV_PAGEOUT", "MADV_COLD", "MADV_POPULATE_WRITE", "MADV_POPULATE_READ"])})`;
    case "unmap":
      return draw.chance(0.8) ? `munmap(${start}, ${size})` : `munmap(${at}, 4KiB)`;
    case "map":
      return dialect.map;
    case "protect":
      return draw.chance(0.6)
        ? `mprotect(${start}, ${size}, ${draw.one(["PROT_READ", RW, "PROT_NONE"])})`
        : `mprotect(${at}, 4KiB, PROT_READ)`;
    case "private":
      return ownMemory(draw);
    case "own":
      return dialect.own(draw);
    case "unlink":
      return dialect.unlink;
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
  ]);
}

function machineWork(draw: Draw, { start }: Dialect, processes: readonly string[]): string {
  return draw.one([
    `swap_out(${draw.one(processes)}, ${page(draw, start)}, ${draw.between(1, 3) * 4}KiB)`,
    `migrate(${draw.one(processes)}, ${page(draw, start)})`,
    `reclaim(${draw.between(1, 16)})`,
    "compact()",
  ]);
}

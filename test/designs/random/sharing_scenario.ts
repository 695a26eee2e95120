// Random scenarios of sharing: several processes, threads, forks, sometimes a virtual machine, in parallel blocks; reclaim,
// migration and compaction beside them. The same text for the same seed.
import { createDraw, type Draw } from "../../../sim/conform/random_draw.ts";
import { anything, machineWork, PAGES } from "./calls.ts";
import { type Dialect, dialects, RW, type SharingDesign } from "./dialects.ts";

export type { SharingDesign };

const WAYS = ["none", "all", "mm_cpumask", "i_mmap", "single_mask", "mmu_notifier"];

/** Who acts, and what has been said of them so far. */
interface Cast {
  readonly draw: Draw;
  readonly dialect: Dialect;
  readonly cpus: number;
  readonly processes: readonly string[];
  readonly guest: string | undefined;
  readonly ended: Set<string>;
  readonly actors: string[];
  forks: "to come" | "done" | "none";
}

/** The text of the scenario of a seed. `fixes`: what stands behind `fixes:`; where nothing may be found, all. */
export function sharingScenario(design: SharingDesign, seed: number, fixes = "all"): string {
  const draw = createDraw(seed);
  const dialect = dialects[design];
  const cpus = draw.between(1, 4);
  const options = [
    `tlb_flush: ${draw.one(WAYS)}`,
    `mmap_lock: ${draw.one(["plain", "nested"])}`,
    ...dialect.options(draw),
    `fixes: ${fixes}`,
  ];
  const lines = [
    `kernel ${design} { ${options.join(", ")} }`,
    `machine { cpus: ${cpus}, memory: ${draw.one(["14MiB", "16MiB", "32MiB"])}, swap: ${draw.one(["16MiB", "16MiB", "0"])}, hugepages: 4, pcid: ${draw.chance(0.5)} }`,
    `schedule random ${seed}`,
  ];
  const processes = ["a", "b", "c"].slice(0, draw.between(2, 3));
  const forks = draw.chance(0.4);
  const threads = draw.chance(0.3) ? ["a.t", "b.t"] : ["a.t"];
  for (const name of processes) lines.push(`process ${name} on cpu ${draw.between(0, cpus - 1)}`);
  for (const name of threads) lines.push(`thread ${name} on cpu ${draw.between(0, cpus - 1)}`);
  if (forks) lines.push(`process child on cpu ${draw.between(0, cpus - 1)}`);

  lines.push("a {", ...dialect.make(draw).map((call) => `  ${call}`), "}");
  for (const name of processes) {
    if (name !== "a") lines.push(`${name}: ${dialect.open}`);
    lines.push(`${name}: huge = open("/dev/hugepages/h", O_CREAT|O_RDWR, 0600)`);
    if (draw.chance(0.85)) lines.push(`${name}: ${dialect.map(draw)}`);
    lines.push(`${name}: mmap(16TiB, 64KiB, ${RW}, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)`);
    if (draw.chance(0.6)) lines.push(`${name}: touch(${dialect.start}, ${PAGES * 4}KiB, write)`);
  }
  const guest = draw.chance(0.25) ? draw.one(processes) : undefined;
  if (guest) lines.push(...virtualMachine(guest, dialect.start));

  const cast: Cast = {
    draw,
    dialect,
    cpus,
    processes,
    guest,
    ended: new Set(),
    actors: [...processes, ...threads],
    forks: forks ? "to come" : "none",
  };
  const blocks = draw.between(1, 3);
  for (let block = 0; block < blocks; block++) {
    lines.push(...parallel(cast, block === blocks - 1));
    lines.push(...between(cast));
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

function parallel(cast: Cast, last: boolean): string[] {
  const { draw, dialect, actors, ended, guest, processes } = cast;
  const lines = ["parallel {"];
  // A fork in the midst of all else; its child acts in the same block already.
  const forking = cast.forks === "to come" && !ended.has("a") && draw.chance(0.5);
  if (forking) {
    cast.forks = "done";
    actors.push("child");
  }
  for (const actor of actors) {
    if (ended.has(actor) || (draw.chance(0.1) && !(forking && actor === "a"))) continue;
    lines.push(`  ${actor} {`);
    if (forking && actor === "a") lines.push("    fork(child)");
    for (let i = draw.between(1, 4); i > 0; i--) {
      lines.push(`    ${anything(draw, dialect, actor === guest)}`);
    }
    if (draw.chance(last ? 0.3 : 0.08)) {
      lines.push("    exit()");
      ended.add(actor);
    }
    lines.push("  }");
  }
  for (let i = draw.between(0, 3); i > 0; i--) lines.push(`  kernel: ${machineWork(draw, dialect, processes)}`);
  lines.push("}");
  return lines;
}

/** What happens while nobody else acts: a fork, processes on other CPUs, CPUs that idle. */
function between(cast: Cast): string[] {
  const { draw, cpus, actors, ended } = cast;
  const lines: string[] = [];
  if (cast.forks === "to come" && !ended.has("a") && draw.chance(0.6)) {
    cast.forks = "done";
    actors.push("child");
    lines.push("a: fork(child)");
  }
  if (draw.chance(0.3)) lines.push(`cpu ${draw.between(0, cpus - 1)}: switch_to(${draw.one(actors)})`);
  if (draw.chance(0.15)) lines.push(`cpu ${draw.between(0, cpus - 1)}: idle()`);
  if (draw.chance(0.1)) lines.push(`kernel: exit_idle(${draw.between(0, cpus - 1)})`);
  return lines;
}

// Looks at the simulated processes as an exported program looks at the real ones.
import type { System } from "../kernel/boot.ts";
import { vm_flags_letters } from "../kernel/fs/proc/task_mmu.ts";
import type { Mm, Vma } from "../kernel/mm_types.ts";
import { statOf, statusOf } from "../scenario/run/proc.ts";
import type { Roster } from "../scenario/run/roster.ts";
import type { Groups, ObservedMapping, ObservedProcess, ObservedProcesses, PageRun } from "./observation.ts";

const COUNTERS = [
  "VmPTE",
  "VmRSS",
  "RssAnon",
  "RssFile",
  "RssShmem",
  "VmSwap",
  "VmSize",
  "VmLck",
  "VmPin",
  "VmPeak",
  "VmData",
  "VmStk",
  "HugetlbPages",
] as const;

export type Detail = "everything" | "counters";

/** `faults`: hardware faults so far, by number of the process. */
export function observe(system: System, roster: Roster, faults: readonly number[], detail: Detail): ObservedProcesses {
  const frames = new Map<number, number>();
  const seen: Record<string, ObservedProcess | null> = {};
  roster.members.forEach(({ name, processOf }, i) => {
    if (processOf !== i) return;
    const task = system.taskOf(system.threads[i]!);
    const { mm } = task;
    if (!mm || !task.started || task.exit_state !== 0) {
      if (task.started) seen[name] = null;
      return;
    }
    const { minflt, majflt } = statOf(system, task);
    const status = statusOf(system, task);
    const lines = Object.fromEntries(COUNTERS.map((line) => [line, Number(status[line])]));
    const executable = { "VmExe + VmLib": Number(status["VmExe"]) + Number(status["VmLib"]) };
    const pool = system.config.hugepages > 0 ? poolOf(system) : {};
    const counters = {
      minflt: Number(minflt),
      majflt: Number(majflt),
      faults: faults[i] ?? 0,
      ...pool,
      ...lines,
      ...executable,
    };
    if (detail === "counters") seen[name] = { counters };
    else seen[name] = { counters, maps: mapsOf(system, mm), pages: pagesOf(system, mm, frames) };
  });
  return seen;
}

/** Counters of the whole machine, by file and line: "meminfo: Shmem" in bytes, "vmstat: pswpin". */
export function machineCounters({ straight: k }: System): Readonly<Record<string, number>> {
  const lines: Record<string, number> = {};
  for (const [line, bytes] of Object.entries(k.meminfo())) lines[`meminfo: ${line}`] = bytes;
  for (const [line, count] of Object.entries(k.vmstat_counters())) lines[`vmstat: ${line}`] = count;
  return lines;
}

/** What is charged to the control groups that there are, by path below /sys/fs/cgroup. */
export function groupsOf({ straight: k }: System): Groups {
  const groups: Record<string, Readonly<Record<string, number>>> = {};
  for (const memcg of k.mem_cgroup_tree(k.root_mem_cgroup).slice(1)) {
    if (k.memcg_of_path(`/sys/fs/cgroup${memcg.name}`) !== memcg) continue;
    const { anon, shmem, file_mapped } = k.memory_stat(memcg);
    groups[memcg.name] = { anon, shmem, file_mapped, oom_kill: k.memory_events(memcg).oom_kill };
  }
  return groups;
}

/** The pool of huge pages: the same for all processes, and told with each. */
function poolOf(system: System): Record<string, number> {
  const { free_huge_pages, resv_huge_pages } = system.straight.hstate;
  return { HugePages_Free: free_huge_pages, HugePages_Rsvd: resv_huge_pages };
}

function mapsOf(system: System, mm: Mm): ObservedMapping[] {
  return [...(mm.mm_mt as Iterable<Vma>)].map((vma) => {
    const bit = (flag: number, letter: string) => (vma.vm_flags & flag ? letter : "-");
    const lines = Object.entries(system.straight.smaps_of(vma)).filter(([, bytes]) => bytes !== 0);
    return {
      start: vma.vm_start,
      end: vma.vm_end,
      perms: `${bit(1, "r")}${bit(2, "w")}${bit(4, "x")}${vma.vm_flags & 0x80 ? "s" : "p"}`,
      offset: vma.vm_file ? vma.vm_pgoff * 4096 : 0,
      VmFlags: lettersOf(vma.vm_flags),
      ...Object.fromEntries(lines),
    };
  });
}

const letters = new Map<number, string>();

/** Whether a kernel tracks soft-dirty pages is a matter of its configuration: that flag is left out. */
function lettersOf(flags: number): string {
  let known = letters.get(flags);
  if (known === undefined) {
    known = vm_flags_letters(flags)
      .replace(/ ?\bsd\b/, "")
      .trim();
    letters.set(flags, known);
  }
  return known;
}

/** `frames` numbers the frames in the order in which they are met. */
function pagesOf(system: System, mm: Mm, frames: Map<number, number>): PageRun[] {
  const { straight: k } = system;
  const runs: [number, number, number, number, number][] = [];
  const add = (page: number, entry: bigint) => {
    const flags = Number((entry >> 56n) & 0xe7n);
    if (flags === 0) return;
    const frame = flags & 0x80 ? numberOf(Number(entry & ((1n << 55n) - 1n)), frames) : -1;
    const last = runs.at(-1);
    if (!last || page !== last[0] + last[1] || flags !== last[2]) {
      runs.push([page, 1, flags, frame, 0]);
      return;
    }
    const stride = frame - (last[3] + last[4] * (last[1] - 1));
    if (last[1] === 1 ? stride === 0 || stride === 1 : stride === last[4]) {
      last[4] = stride;
      last[1]++;
    } else runs.push([page, 1, flags, frame, 0]);
  };
  for (const vma of mm.mm_mt as Iterable<Vma>)
    k.pagemap_range(mm, vma.vm_start, vma.vm_end, (address, raw) => add(address / 4096, raw));
  return runs;
}

function numberOf(pfn: number, frames: Map<number, number>): number {
  const known = frames.get(pfn);
  if (known !== undefined) return known;
  frames.set(pfn, frames.size);
  return frames.size - 1;
}

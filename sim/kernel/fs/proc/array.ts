// /proc/PID/stat and the text of /proc/PID/status (fs/proc/array.c).
import type { Kernel } from "../../kernel.ts";
import type { Task } from "../../mm_types.ts";

/** Fields of /proc/PID/stat that mean something here; `vsize` in bytes, `rss` in pages. */
export interface Stat {
  readonly pid: number;
  readonly comm: string;
  readonly state: string;
  readonly ppid: number;
  /** Faults since the process was made: without and with reading from swap. */
  readonly minflt: number;
  readonly majflt: number;
  readonly vsize: number;
  readonly rss: number;
  readonly processor: number;
}

export function proc_stat(k: Kernel, task: Task): Stat {
  const { mm } = task;
  const group = k.tasks().filter((other) => other.tgid === task.tgid);
  const sum = (of: (task: Task) => number) => group.reduce((total, other) => total + of(other), 0);
  return {
    pid: task.pid,
    comm: task.comm,
    state: task.exit_state === 0 ? "S" : "Z",
    ppid: task.parent?.tgid ?? 0,
    minflt: sum((other) => other.min_flt),
    majflt: sum((other) => other.maj_flt),
    vsize: mm ? mm.total_vm * 4096 : 0,
    rss: mm ? mm.rss_anon + mm.rss_file + mm.rss_shmem : 0,
    processor: task.cpu,
  };
}

export function stat_text(k: Kernel, task: Task): string {
  const { pid, comm, state, ppid, minflt, majflt, vsize, rss, processor } = k.proc_stat(task);
  const zeros = (n: number) => Array.from({ length: n }, () => 0);
  const before = [ppid, pid, pid, 0, -1, 0, minflt, 0, majflt, 0, ...zeros(4), 20, 0, 1, 0, 0];
  return `${pid} (${comm}) ${state} ${[...before, vsize, rss, ...zeros(13), processor, ...zeros(13)].join(" ")}\n`;
}

export function status_text(k: Kernel, task: Task): string {
  const head = `Name:\t${task.comm}\nState:\t${task.exit_state === 0 ? "S (sleeping)" : "Z (zombie)"}\nTgid:\t${task.tgid}\nPid:\t${task.pid}\nPPid:\t${task.parent?.tgid ?? 0}\n`;
  if (!task.mm) return head;
  const lines = Object.entries(k.proc_status(task)).map(
    ([name, bytes]) => `${name}:\t${String(bytes / 1024).padStart(8)} kB\n`,
  );
  return head + lines.join("");
}

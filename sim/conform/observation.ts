// What a run of a scenario looks like from outside: the same for a real Linux and for the simulated one.

/** A run of pages: first page's number, pages, bits 56 to 63 of pagemap, frame of the first, frames from page to page. */
export type PageRun = readonly [page: number, count: number, flags: number, frame: number, stride: number];

/** A run of pages with the same in them: first page's number, pages, a sum of their words; -1: they cannot be read. */
export type ContentRun = readonly [page: number, count: number, sum: number];

/** What is in the pages that are present or swapped, those left out that are all 0; by name of the process. */
export type Contents = Readonly<Record<string, readonly ContentRun[]>>;

/** Bits of a page run's flags. */
export const PAGE_FLAGS: Readonly<Record<number, string>> = {
  128: "present",
  64: "swapped",
  32: "file",
  1: "exclusive",
  2: "uffd-wp",
  4: "guard",
};

/** A mapping as /proc/PID/smaps shows it: sizes in bytes, lines that are 0 left out. */
export interface ObservedMapping {
  readonly start: number;
  readonly end: number;
  readonly perms: string;
  readonly offset: number;
  readonly VmFlags?: string;
  readonly [line: string]: string | number | undefined;
}

export interface ObservedProcess {
  /** Lines of /proc/PID/status in bytes, minflt, majflt, and hardware faults where they could be counted. */
  readonly counters: Readonly<Record<string, number>>;
  /** Absent where only counters were looked at. */
  readonly maps?: readonly ObservedMapping[];
  readonly pages?: readonly PageRun[];
}

/** By name; null for a process that is not there. */
export type ObservedProcesses = Readonly<Record<string, ObservedProcess | null>>;

export interface ObservedStatement {
  /** Number of the file that it stands in, the scenario's own first. */
  readonly file: number;
  readonly line: number;
  readonly actor: string;
  readonly call: string;
  /** One of the four; none where an argument was not known, for an earlier call has failed. */
  readonly result?: bigint;
  readonly errno?: string;
  readonly signal?: string;
  /** Of a real Linux: the call waits for ever; nothing was done after it. */
  readonly waits?: true;
  /** Of the simulated run: what the statement's clause asked for and did not get. */
  readonly problem?: string;
  /** False where only counters were looked at. */
  readonly full: boolean;
  readonly processes: ObservedProcesses;
}

export type Groups = Readonly<Record<string, Readonly<Record<string, number>>>>;

export interface ObservedRun {
  readonly statements: readonly ObservedStatement[];
  /** After the last statement. */
  readonly end: ObservedProcesses;
  /** After the last statement; null where there was too much to look at. */
  readonly contents: Contents | null;
  /** After the last statement: lines of memory.stat in bytes and oom_kill, by path below /sys/fs/cgroup; null where there are no groups. */
  readonly groups: Groups | null;
  /** By how much counters of the whole machine grew, as "meminfo: Shmem" (bytes) or "vmstat: pswpin"; null where that could not be measured. */
  readonly machineWide: Readonly<Record<string, number>> | null;
}

/** The machine on which an exported program ran, as it describes itself. */
export interface RealMachine {
  /** `uname -r`. */
  readonly kernel: string;
  readonly thp: string;
  readonly overcommit: string;
  /** Bytes. */
  readonly memory: number;
  readonly swap: number;
  /** Neighbours of a page that comes back from swap may come with it: vm.page-cluster is not 0. */
  readonly readsAhead: boolean;
  /** vm.page-cluster, and what swap is on; "several" where that cannot be said with one word. */
  readonly pageCluster: number;
  readonly swapDevice: "none" | "zram" | "ssd" | "disk" | "several";
  readonly cpus: number;
  /** Huge pages of 2 MiB that were free for the scenario. */
  readonly hugepages: number;
  readonly root: boolean;
  /** A thread of DAMON looks at pages and so changes what is seen of their use. */
  readonly ages: boolean;
  /** Addresses could not be made predictable. */
  readonly randomized: boolean;
  /** Frame numbers of pagemap could be read. */
  readonly frames: boolean;
  /** PAGEMAP_SCAN was there. */
  readonly scan: boolean;
  /** Pages and mappings were looked at after every statement, to the end. */
  readonly full: boolean;
}

export interface RealRun extends ObservedRun {
  readonly machine: RealMachine;
  /** Swap space in bytes when the run ended: others may have added or taken some. */
  readonly swapAtEnd: number;
}

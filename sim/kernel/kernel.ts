// The kernel object: what every kernel function gets as `k`. Functions call each other through it, so that a design can
// replace any of them. There are two of these for one machine, over the same state: one whose functions stop at each step
// and one whose functions are plain calls (tools/flavours.mjs).
import type { Trace } from "../core/events.ts";
import type { Frames } from "../core/frames.ts";
import { type Machine, UNWIND } from "../core/machine.ts";
import type { Store } from "../core/store.ts";
import { Thread, WAITING } from "../core/thread.ts";
import type { Memory } from "../hardware/memory.ts";
import type { Mmu } from "../hardware/mmu.ts";
import type { Tlb } from "../hardware/tlb.ts";
import type { Batches } from "./batches.ts";
import type { KernelEvents } from "./events.ts";
import type { OperationTables } from "./fs/operations.ts";
import type { KernelFunctions } from "./functions.ts";
import type { Cgroup } from "./kernel/cgroup.ts";
import type { RcuState } from "./kernel/rcu/tree.ts";
import type { MemCgroup } from "./mm/memcontrol.ts";
import type { Zone } from "./mm/page_alloc.ts";
import type { Lruvec } from "./mm/swap.ts";
import type { SwapInfo } from "./mm/swapfile.ts";
import type { Vmstat } from "./mm/vmstat.ts";
import type { Cpu, Hstate, HugetlbFaultMutex, Mm, Page, Task } from "./mm_types.ts";

/** Hardware and boot options. */
export interface Config {
  /** The Linux that is simulated. */
  readonly version: "6.18" | "6.12";
  readonly cpus: number;
  /** Bytes of memory and swap, multiples of 4096. */
  readonly memory: number;
  readonly swap: number;
  /** What kind of device swap is on: in compressed memory, or on a disk that does not or does rotate. */
  readonly swapDevice: "zram" | "ssd" | "disk";
  /** vm.page-cluster: up to 2 to the power of so many pages come from swap at a time. */
  readonly pageCluster: number;
  readonly pcid: boolean;
  /** Page-table levels. */
  readonly levels: number;
  /** 2 MiB pages in the pool. */
  readonly hugepages: number;
  /** MADV_DONTNEED frees PTE tables that it has emptied (CONFIG_PT_RECLAIM). */
  readonly ptReclaim: boolean;
  /** The design's options, and the ids of the bugs that are mended. */
  readonly options: Readonly<Record<string, string>>;
  readonly fixes: ReadonlySet<string>;
  /** Ids of Linux's own bugs of the past that are put back. */
  readonly unfixed: ReadonlySet<string>;
}

/** What kernel functions find besides each other. */
export interface KernelBase extends OperationTables {
  readonly machine: Machine;
  readonly store: Store;
  readonly memory: Memory;
  readonly mmu: Mmu;
  readonly config: Config;
  readonly trace: Trace<KernelEvents>;
  /** Runs of like steps that can be done at once. */
  readonly batches: Batches;
  readonly sites: Uint8Array;
  /** Takes calls of this kernel's functions apart. */
  readonly frames: Frames;
  readonly init_mm: Mm;
  readonly zone: Zone;
  readonly vmstat: Vmstat;
  readonly lruvec: Lruvec;
  readonly swap_info: SwapInfo;
  readonly hstate: Hstate;
  readonly hugetlb_fault_mutex_table: readonly HugetlbFaultMutex[];
  readonly root_mem_cgroup: MemCgroup;
  readonly root_cgroup: Cgroup;
  readonly rcu_state: RcuState;
  /** The kernel thread that reclaims before anybody has to. */
  readonly kswapd: Task;
  /** The frame that all reads of untouched private memory share. */
  readonly zero_pfn: number;
  tasks(): readonly Task[];
  /** The thread and task that run now, and their CPU. */
  readonly thread: Thread;
  readonly current: Task;
  readonly cpu: Cpu;
  /** Whether a task is in its program, not in the kernel on its behalf. */
  in_user_mode(task: Task): boolean;
  /** Whether a thread, by its number as holder of a lock, need not wait: for `reason` it waits as long as anybody asks. */
  can_go_on(holder: number, reason: string): boolean;
  cpuOf(id: number): Cpu;
  tlbOf(id: number): Tlb;
  page(pfn: number): Page;
  fixed(bug: string): boolean;
  /** Whether a bug that Linux once had is put back. */
  unfixed(bug: string): boolean;
  option(name: string): string;
  /** Ends this step's turn until `ready`; the caller checks again what it waited for. */
  wait(ready: () => boolean, reason: string): number;
  /** Plain calls only: runs what other CPUs have been asked to do. */
  runInterrupts(): void;
}

export interface Kernel extends KernelBase, Omit<KernelFunctions, keyof KernelBase> {}

/** Functions of modules, without their first parameter, as methods of the kernel. Members that are no functions are `never`. */
export type Bound<M> = {
  // biome-ignore lint/suspicious/noExplicitAny: any kernel
  readonly [N in keyof M]: M[N] extends (k: any, ...args: infer A) => infer R ? (...args: A) => R : never;
};

/** A module of kernel functions; what is not a function in it does not matter. */
export type FunctionTable = Readonly<Record<string, unknown>>;

/** Makes `functions` methods of `base`; later tables replace functions of earlier ones. */
export function bindKernel(base: KernelBase, functions: readonly FunctionTable[]): Kernel {
  const kernel = base as unknown as Record<string, unknown>;
  for (const table of functions) {
    for (const [name, fn] of Object.entries(table)) if (typeof fn === "function") kernel[name] = fn.bind(null, base);
  }
  return base as Kernel;
}

/** `current` while nobody runs. */
const NOBODY = new Thread(0, "nobody", 0);

export function waitIn(machine: Machine, ready: () => boolean, reason: string): number {
  if (machine.straight) throw UNWIND;
  const thread = machine.thread ?? NOBODY;
  thread.waitsFor = ready;
  thread.waitReason = reason;
  return WAITING;
}

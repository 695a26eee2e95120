// Builds a machine with a kernel in it: structures, events, functions in both flavours, memory, CPUs, the first processes.
import { type EventSpecs, makeTrace, type Trace } from "../core/events.ts";
import type { Fields } from "../core/fields.ts";
import { Frames } from "../core/frames.ts";
import { Machine } from "../core/machine.ts";
import type { StructType } from "../core/struct.ts";
import { Thread } from "../core/thread.ts";
import { Memory } from "../hardware/memory.ts";
import { Mmu } from "../hardware/mmu.ts";
import { type Tlb, tlb_cache } from "../hardware/tlb.ts";
import { type Batches, createBatches } from "./batches.ts";
import { createDaemons, DAEMON_NAMES, type Daemon } from "./daemons.ts";
import { events, type KernelEvents } from "./events.ts";
import type { OperationTables } from "./fs/operations.ts";
import { userfaultfd_ctx } from "./fs/userfaultfd_ctx.ts";
import { kernelFunctions } from "./functions.ts";
import * as straight from "./functions.ts?straight";
import { CGROUP_MAX, type Cgroup, cgroup } from "./kernel/cgroup.ts";
import { type RcuState, rcu_head, rcu_state } from "./kernel/rcu/tree.ts";
import { bindKernel, type Config, type FunctionTable, type Kernel, type KernelBase, waitIn } from "./kernel.ts";
import { FAULT_MUTEXES, hugetlb_init } from "./mm/hugetlb.ts";
import { type MemCgroup, mem_cgroup } from "./mm/memcontrol.ts";
import { mmu_table_batch } from "./mm/mmu_gather.ts";
import { mmu_notifier } from "./mm/mmu_notifier.ts";
import { FIRST_FRAME, PAGE_TYPE, type Zone, zone } from "./mm/page_alloc.ts";
import { PAGE_COUNTER_MAX } from "./mm/page_counter.ts";
import { type Lruvec, lruvec } from "./mm/swap.ts";
import { type SwapInfo, swap_info_struct } from "./mm/swapfile.ts";
import { type Vmstat, vmstat } from "./mm/vmstat.ts";
import { setup_per_zone_wmarks } from "./mm/watermarks.ts";
import * as types from "./mm_types.ts";
import { createPlatform, type KernelPlatform } from "./platform.ts";
import { kvm } from "./virt/kvm/kvm_host.ts";

/** What a design adds to the kernel. Functions replace those of the same name. */
export interface Patch {
  readonly stepping: readonly FunctionTable[];
  readonly straight: readonly FunctionTable[];
  // biome-ignore lint/suspicious/noExplicitAny: structures of all shapes
  readonly structures: readonly StructType<any>[];
  readonly events: EventSpecs;
  readonly operations: Partial<OperationTables>;
  /** Kernel functions, by name, that run at boot after the file systems are there. */
  readonly init: readonly string[];
}

export interface ProcessSpec {
  readonly name: string;
  readonly cpu: number;
  /** A thread of this process (by index in the list); else a process of its own. */
  readonly threadOf?: number;
  /** Comes into being when another process forks it. */
  readonly forked?: boolean;
}

/** A booted system: step 0. */
export interface System {
  readonly machine: Machine;
  readonly config: Config;
  /** The same kernel twice: steps one can stop at, and plain calls. */
  readonly stepping: Kernel;
  readonly straight: Kernel;
  readonly platform: KernelPlatform;
  /** By number: the declared processes and threads, in order; then the kernel's own. */
  readonly threads: readonly Thread[];
  readonly kernelThread: Thread;
  /** By CPU: who does what is asked of a CPU itself, in the place of its idle task. */
  readonly cpuThreads: readonly Thread[];
  /** Who works in the background; who has the least to do first. */
  readonly daemons: readonly Daemon[];
  taskOf(thread: Thread): types.Task;
}

// biome-ignore lint/suspicious/noExplicitAny: structures of all shapes
const kernelStructures: readonly StructType<any>[] = Object.values(types).filter(
  (value) =>
    typeof value === "object" && "declaration" in value && value !== types.rw_semaphore && value !== types.spinlock,
) as readonly StructType<Fields>[];

/** Boots. `operations`: the tables of the unpatched kernel. */
export function boot(
  config: Config,
  patch: Patch,
  processes: readonly ProcessSpec[],
  operations: OperationTables,
): System {
  const machine = new Machine();
  const { store } = machine;
  const memory = new Memory(store);
  for (const structure of kernelStructures) store.define(structure);
  for (const structure of [
    zone,
    vmstat,
    lruvec,
    swap_info_struct,
    mmu_notifier,
    mem_cgroup,
    cgroup,
    rcu_head,
    rcu_state,
    mmu_table_batch,
    kvm,
    userfaultfd_ctx,
    tlb_cache,
    ...patch.structures,
  ])
    store.define(structure);
  machine.events.add(events);
  machine.events.add(patch.events);
  machine.begin();
  const trace = makeTrace<KernelEvents>(machine.events, machine.args, machine.fire);
  const replaced = new Set(patch.straight.flatMap((table) => Object.keys(table)));
  const batches = createBatches(machine, replaced);
  const shared = sharedState(machine, memory, config, trace, batches, mergeOperations(operations, patch.operations));
  const stepping = bindKernel(kernelBase(shared), [...kernelFunctions, ...patch.stepping]);
  const straightKernel = bindKernel(kernelBase(shared), [
    ...(straight as { kernelFunctions: readonly FunctionTable[] }).kernelFunctions,
    ...patch.straight,
  ]);
  shared.straight = straightKernel;
  const { now } = machine.store;
  // What is there when the run begins was made at its step 0, however many steps that took.
  machine.store.now = () => 0;
  const system = start(shared, stepping, straightKernel, processes, patch);
  machine.store.now = now;
  machine.step = 0;
  machine.units = 0;
  machine.counts.fill(0);
  return system;
}

function mergeOperations(base: OperationTables, more: Partial<OperationTables>): OperationTables {
  const merged: Record<string, unknown> = {};
  for (const [name, table] of Object.entries(base)) merged[name] = { ...table, ...more[name as keyof OperationTables] };
  return merged as unknown as OperationTables;
}

/** What both flavours of the kernel share. */
interface Shared {
  readonly machine: Machine;
  readonly memory: Memory;
  readonly mmu: Mmu;
  readonly config: Config;
  readonly trace: Trace<KernelEvents>;
  readonly batches: Batches;
  readonly operations: OperationTables;
  readonly cpus: types.Cpu[];
  readonly tlbs: Tlb[];
  readonly init_mm: types.Mm;
  readonly zone: Zone;
  readonly vmstat: Vmstat;
  readonly lruvec: Lruvec;
  readonly swap_info: SwapInfo;
  readonly hstate: types.Hstate;
  readonly hugetlb_fault_mutex_table: readonly types.HugetlbFaultMutex[];
  readonly root_mem_cgroup: MemCgroup;
  readonly root_cgroup: Cgroup;
  readonly rcu_state: RcuState;
  /** By number, as the tasks. */
  threads: readonly Thread[];
  readonly tasks: types.Task[];
  readonly pages: { fixed(pfn: number): unknown };
  zero_pfn: number;
  straight: Kernel | null;
  platform: KernelPlatform | null;
}

function sharedState(
  machine: Machine,
  memory: Memory,
  config: Config,
  trace: Trace<KernelEvents>,
  batches: Batches,
  operations: OperationTables,
): Shared {
  const { store } = machine;
  const rootLruvec = store.alloc(lruvec) as Lruvec;
  return {
    machine,
    memory,
    mmu: new Mmu(memory, config.levels),
    config,
    trace,
    batches,
    operations,
    cpus: Array.from({ length: config.cpus }, (_, id) =>
      Object.assign(store.alloc(types.cpu_state), { id, online: 1 }),
    ),
    tlbs: Array.from({ length: config.cpus }, (_, cpu) => Object.assign(store.alloc(tlb_cache), { cpu }) as Tlb),
    init_mm: store.alloc(types.mm_struct),
    zone: store.alloc(zone),
    vmstat: store.alloc(vmstat),
    lruvec: rootLruvec,
    swap_info: store.alloc(swap_info_struct),
    hstate: store.alloc(types.hstate),
    hugetlb_fault_mutex_table: Array.from({ length: FAULT_MUTEXES * config.cpus }, () =>
      store.alloc(types.hugetlb_fault_mutex),
    ),
    ...rootGroups(machine, rootLruvec),
    rcu_state: store.alloc(rcu_state),
    threads: [],
    tasks: [],
    pages: store.storage("page"),
    zero_pfn: 0,
    straight: null,
    platform: null,
  };
}

function rootGroups(machine: Machine, lists: Lruvec): { root_mem_cgroup: MemCgroup; root_cgroup: Cgroup } {
  const root_mem_cgroup = machine.store.alloc(mem_cgroup) as MemCgroup;
  for (const counter of [root_mem_cgroup.memory, root_mem_cgroup.swap, root_mem_cgroup.kmem]) {
    counter.high = PAGE_COUNTER_MAX;
    counter.max = PAGE_COUNTER_MAX;
  }
  root_mem_cgroup.lruvec = lists;
  root_mem_cgroup.online = 1;
  const root_cgroup = machine.store.alloc(cgroup) as Cgroup;
  root_cgroup.subtree_control = 1;
  root_cgroup.max_depth = CGROUP_MAX;
  root_cgroup.max_descendants = CGROUP_MAX;
  return { root_mem_cgroup, root_cgroup };
}

function kernelBase(shared: Shared): KernelBase {
  const { machine, cpus, tlbs, tasks, pages, config } = shared;
  const base: Omit<KernelBase, "frames"> = {
    machine,
    store: machine.store,
    memory: shared.memory,
    mmu: shared.mmu,
    config,
    trace: shared.trace,
    batches: shared.batches,
    sites: machine.sites,
    init_mm: shared.init_mm,
    zone: shared.zone,
    vmstat: shared.vmstat,
    lruvec: shared.lruvec,
    swap_info: shared.swap_info,
    hstate: shared.hstate,
    hugetlb_fault_mutex_table: shared.hugetlb_fault_mutex_table,
    root_mem_cgroup: shared.root_mem_cgroup,
    root_cgroup: shared.root_cgroup,
    rcu_state: shared.rcu_state,
    get kswapd() {
      return tasks.at(-DAEMON_NAMES.length)!;
    },
    in_user_mode: (task) =>
      shared.threads[tasks.indexOf(task)]?.call == null && machine.thread?.id !== tasks.indexOf(task),
    can_go_on: (holder, reason) => {
      const { waitsFor, waitReason } = shared.threads[holder - 1] ?? { waitsFor: null, waitReason: "" };
      return !waitsFor || (waitReason !== reason && waitsFor());
    },
    ...shared.operations,
    get zero_pfn() {
      return shared.zero_pfn;
    },
    get thread() {
      return machine.thread!;
    },
    get current() {
      const thread = machine.thread!;
      return thread.id < 0 ? cpus[thread.cpu]!.curr! : tasks[thread.id]!;
    },
    get cpu() {
      return cpus[machine.thread!.cpu]!;
    },
    tasks: () => tasks,
    cpuOf: (id) => cpus[id]!,
    tlbOf: (id) => tlbs[id]!,
    page: (pfn) => pages.fixed(pfn) as types.Page,
    fixed: (bug) => config.fixes.has(bug) || config.fixes.has("all"),
    unfixed: (bug) => config.unfixed.has(bug),
    option: (name) => config.options[name] ?? "",
    wait: (ready, reason) => waitIn(machine, ready, reason),
    runInterrupts() {
      if (machine.straight) shared.platform!.runNow();
    },
  };
  return Object.assign(base, { frames: new Frames(base) });
}

function start(shared: Shared, stepping: Kernel, k: Kernel, processes: readonly ProcessSpec[], patch: Patch): System {
  const { machine, config, cpus, tasks } = shared;
  const frames = config.memory / 4096;
  shared.zone.managed_pages = frames - FIRST_FRAME;
  shared.zone.nr_free = frames - FIRST_FRAME;
  shared.zone.fresh = FIRST_FRAME;
  shared.vmstat.totalram_pages = frames - FIRST_FRAME;
  hugetlb_init(shared.hstate, shared.zone, config);
  setup_per_zone_wmarks(shared.zone);
  shared.init_mm.name = "init_mm";
  shared.init_mm.mm_users = 2;
  shared.init_mm.mm_count = 1;
  const kernelThread = new Thread(processes.length, "kernel", 0);
  const cpuThreads = cpus.map(({ id }) => new Thread(kernelThread.id + 1 + id, `cpu ${id}`, id));
  const own = DAEMON_NAMES.map((name, i) => new Thread(kernelThread.id + 1 + cpus.length + i, name, 0));
  const declared = processes.map(({ name, cpu }, i) => new Thread(i, name, cpu));
  const threads = [...declared, kernelThread, ...cpuThreads, ...own];
  shared.threads = threads;
  for (const thread of threads) tasks.push(newTask(machine, thread));
  for (const { id } of [kernelThread, ...cpuThreads, ...own]) tasks[id]!.kthread = 1;
  for (const cpu of cpus) {
    cpu.idle = tasks[cpuThreads[cpu.id]!.id]!;
    cpu.idle.comm = `swapper/${cpu.id}`;
    cpu.curr = cpu.idle;
    cpu.loaded_mm = shared.init_mm;
  }
  const daemons = createDaemons(k, (name) => own[DAEMON_NAMES.indexOf(name)]!);
  const taskOf = (thread: Thread) => tasks[thread.id]!;
  shared.platform = createPlatform({ machine, stepping, straight: k, cpus, daemons, taskOf });
  machine.straight = true;
  machine.thread = kernelThread;
  prepare(shared, k, processes, patch);
  machine.straight = false;
  machine.thread = null;
  const { platform } = shared;
  return { machine, config, stepping, straight: k, platform, threads, kernelThread, cpuThreads, daemons, taskOf };
}

function newTask(machine: Machine, thread: Thread): types.Task {
  const task = machine.store.alloc(types.task_struct);
  task.pid = thread.id + 1;
  task.tgid = task.pid;
  task.comm = thread.name;
  task.cpu = thread.cpu;
  return task;
}

/** The part of booting that kernel functions do. */
function prepare(shared: Shared, k: Kernel, processes: readonly ProcessSpec[], patch: Patch): void {
  const now = k as unknown as Record<string, (...args: unknown[]) => unknown>;
  const zero = now["alloc_page"]!(PAGE_TYPE.zero) as types.Page;
  k.clear_highpage(zero);
  shared.zero_pfn = zero.slot;
  shared.init_mm.pgd = now["pgd_alloc"]!(shared.init_mm) as number;
  // The kernel's own top-level table is part of its image (swapper_pg_dir): nothing counts it.
  shared.vmstat.nr_pagetable = 0;
  k.init_swap();
  now["init_filesystems"]!();
  now["kvm_init"]!();
  for (const name of patch.init) now[name]!();
  processes.forEach(({ name, threadOf, forked }, i) => {
    if (forked) return;
    const task = shared.tasks[i]!;
    const leader = threadOf === undefined ? null : shared.tasks[threadOf]!;
    if (leader) {
      task.tgid = leader.tgid;
      task.mm = leader.mm;
      task.files = leader.files;
      leader.mm!.mm_users++;
      leader.files!.users++;
    } else {
      task.mm = now["mm_alloc"]!(name) as types.Mm;
      task.mm.owner = task;
      task.files = k.alloc_files();
    }
    task.active_mm = task.mm;
    task.started = 1;
  });
}

// Plays facts that were measured on a real kernel: each step is done by a process of a simulated machine, and what the
// step gave there must come out here.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import {
  MSHAREFS_CREATE_MAPPING,
  MSHAREFS_GET_SIZE,
  MSHAREFS_SET_SIZE,
} from "../../../sim/designs/mshare-v3/mshare.ts";
import { errnoName } from "../../../sim/kernel/uapi/errno.ts";
import { O_CREAT, O_EXCL, O_RDWR } from "../../../sim/kernel/uapi/fcntl.ts";
import { MADV_PAGEOUT, MADV_POPULATE_READ } from "../../../sim/kernel/uapi/mman.ts";
import { signalName } from "../../../sim/kernel/uapi/signal.ts";
import type { Driver } from "../../kernel/harness.ts";

/** A process that hung did not answer in time; what it did then came with its next answer. */
const UNCERTAIN = new Set(["C4#2.23", "C4#2.25"]);
/** Steps after which no other process ran, so that what was in the TLB was so still. */
const AT_ONCE = new Set([10, 11, 12, 13, 14, 15, 16].map((i) => `C4#0.${i}`));

export interface FactStep {
  readonly op: string;
  readonly i?: number;
  readonly k?: number;
  readonly [name: string]: unknown;
}
export interface Fact {
  readonly id: string;
  readonly title: string;
  readonly steps: readonly FactStep[];
  readonly expected: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const file = "test/designs/mshare-v3/facts.json";
export const facts: readonly Fact[] = JSON.parse(readFileSync(file, "utf8")).facts;

/** Pages of the test program itself that were shared memory: its text lay in a tmpfs. */
const PROGRAM_SHMEM_KB = 392;
/** What the measuring programs did besides: stacks that were copied, buffers (facts.json: "ignore"). */
const NOISY = new Set(["fork", "mincore", "open", "exit"]);
/** Fields that say something about the program, not about the kernel; `si_code` is not simulated. */
const IGNORED = new Set(["VmPTE_kB", "RssAnon_kB", "PageTables_kB", "si_code", "n_done"]);

const OPEN_FLAGS: Readonly<Record<string, number>> = { RDWR: O_RDWR, CREAT: O_CREAT, EXCL: O_EXCL };
const MAP_FLAGS: Readonly<Record<string, number>> = { SHARED: 1, PRIVATE: 2, FIXED: 16, ANON: 32 };
const ADVICE: Readonly<Record<string, number>> = { PAGEOUT: MADV_PAGEOUT };
const joined = (words: unknown, values: Readonly<Record<string, number>>): number =>
  String(words)
    .split("|")
    .reduce((sum, word) => sum | values[word]!, 0);
const protection = (prot: unknown): number =>
  (String(prot).includes("r") ? 1 : 0) + (String(prot).includes("w") ? 2 : 0);

/** Processes enough for each fact, its parent among them. */
const PROCESSES = 72;

/** The CPU of each process of a fact, the parent first; last one on each CPU that runs between the steps. */
export function cpusOf(fact: Fact): number[] {
  const pinned = fact.steps.filter(({ op }) => op === "pin_cpu");
  const cpus = new Array<number>(PROCESSES).fill(0);
  pinned.forEach(({ k, cpu }) => {
    cpus[1 + (k ?? 0)] = Number(cpu);
  });
  return [...cpus, 0, 1];
}

/** Plays a fact on a machine and compares. Its process 0 is the parent of those that the fact names. */
export function play(fact: Fact, d: Driver): void {
  const player = new Player(fact, d);
  const last = Number(/N=(\d+)/.exec(fact.title)?.[1] ?? 1) - 1;
  for (const step of fact.steps) {
    const got = player.step(step);
    if (fact.steps.some(({ op }) => op === "pin_cpu") && !AT_ONCE.has(`${fact.id}.${step.i}`)) player.idle();
    if (UNCERTAIN.has(`${fact.id}.${step.i}`)) continue;
    // "the others behave like 1"
    if (step.k === 1 && fact.title.includes("behave like")) for (let k = 2; k < last; k++) player.step({ ...step, k });
    const expected = fact.expected[String(step.i)];
    if (expected) compare(step, got, expected);
  }
}

function compare(
  step: FactStep,
  got: Readonly<Record<string, unknown>>,
  expected: Readonly<Record<string, unknown>>,
): void {
  const wanted: Record<string, unknown> = {};
  const had: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(expected)) {
    if (IGNORED.has(name) || (NOISY.has(step.op) && ["hw", "min", "maj"].includes(name))) continue;
    wanted[name] = value;
    had[name] = got[name];
  }
  assert.deepEqual(had, wanted, `step ${step.i}: ${JSON.stringify(step)}`);
}

class Player {
  readonly #d: Driver;
  readonly #fact: Fact;
  /** Which process a number of the fact is now. */
  readonly #processes = new Map<number, number>();
  readonly #slots = new Map<string, number>();
  #next = 1;
  #shmemBefore = -1;
  #inherited = false;

  constructor(fact: Fact, d: Driver) {
    this.#fact = fact;
    this.#d = d;
  }

  /** Between the steps other processes ran on both CPUs: TLBs without PCIDs are empty then. */
  idle(): void {
    for (const who of [PROCESSES, PROCESSES + 1]) this.#d.call(who, "nothing");
  }

  step(step: FactStep): Record<string, unknown> {
    const k = step.k ?? 0;
    const who = this.#processes.get(k) ?? 0;
    switch (step.op) {
      case "new_process":
        return this.#newProcess(step, k);
      case "probe_meminfo":
        return this.#meminfo(step);
      case "probe_status": {
        const status = this.#d.system.straight.proc_status(this.#d.task(who));
        return { VmPTE_delta_kB: status.VmPTE / 1024, RssShmem_kB: status.RssShmem / 1024 + PROGRAM_SHMEM_KB };
      }
      case "probe_pagemap":
        return this.#pagemap(who, Number(step["addr"]));
      case "fork": {
        const child = this.#next++;
        this.#processes.set(Number(step["child"]), child);
        for (const [name, fd] of this.#slots)
          if (name.startsWith(`${who}:`)) this.#slots.set(name.replace(/^\d+/, String(child)), fd);
        return { ok: this.#d.call(who, "sys_fork", this.#d.task(child)) > 0 };
      }
      default:
        return this.#counted(who, step);
    }
  }

  /** A step whose faults count. */
  #counted(who: number, step: FactStep): Record<string, unknown> {
    const d = this.#d;
    const task = d.task(who);
    const [hw, min, maj] = [d.count("page_fault"), task.min_flt, task.maj_flt];
    const got = this.#do(who, step);
    // How often a process faulted that hung says nothing.
    if (got["livelock"]) return { ...got, hw: -1, min: -1, maj: 0 };
    return { ...got, hw: d.count("page_fault") - hw, min: task.min_flt - min, maj: task.maj_flt - maj };
  }

  #do(who: number, step: FactStep): Record<string, unknown> {
    const call = (name: string, ...args: unknown[]) => result(this.#d.call(who, name, ...args));
    const fd = this.#slots.get(`${who}:${step["slot"]}`) ?? -1;
    const addr = Number(step["addr"]);
    switch (step.op) {
      case "open": {
        const opened = this.#d.call(who, "sys_open", step["path"], joined(step["oflags"], OPEN_FLAGS), 0o600);
        this.#slots.set(`${who}:${step["slot"]}`, opened);
        return result(opened);
      }
      case "close":
        return call("sys_close", fd);
      case "unlink":
        return call("sys_unlink", step["path"]);
      case "exit":
        this.#inherited = false;
        return call("sys_exit", 0);
      case "pin_cpu":
        return { ok: true };
      case "mprotect":
        return call("sys_mprotect", addr, step["len"], protection(step["prot"]));
      case "madvise":
        return call("sys_madvise", addr, step["len"], ADVICE[String(step["advice"])]);
      case "munmap":
        return call("sys_munmap", addr, step["len"]);
      case "mmap":
        return this.#mmap(who, step, fd);
      case "set_size":
        return call("sys_ioctl", fd, MSHAREFS_SET_SIZE, { start: big(step["start"]), size: big(step["size"]) });
      case "get_size": {
        const minfo: Record<string, bigint> = {};
        const got = call("sys_ioctl", fd, MSHAREFS_GET_SIZE, minfo);
        return { ...got, start: Number(minfo["start"]), size: Number(minfo["size"]) };
      }
      case "create_mapping":
        return call("sys_ioctl", fd, MSHAREFS_CREATE_MAPPING, {
          addr: big(step["addr"]),
          size: big(step["size"]),
          prot: BigInt(protection(step["prot"])),
          flags: BigInt(joined(step["flags"], MAP_FLAGS)),
          fd: big(step["fd"]),
        });
      case "mincore":
        return this.#mincore(who, addr, Number(step["len"]));
      case "process_vm_readv": {
        // What process_vm_readv does to get at the page is what populating it does.
        const got = call("sys_madvise", addr, 4096, MADV_POPULATE_READ);
        return { ...got, value: this.#valueAt(who, addr) };
      }
      case "kernel_read_via_write2": {
        const tmp = this.#d.call(who, "sys_open", "/tmp/out", O_RDWR | O_CREAT, 0o600);
        const written = this.#d.call(who, "sys_write", tmp, addr, 8);
        this.#d.call(who, "sys_ftruncate", tmp, 0);
        this.#d.call(who, "sys_close", tmp);
        return { ok: written === 8 };
      }
      case "read":
      case "write":
        return this.#access(who, step);
      default:
        throw new Error(`no step ${step.op}`);
    }
  }

  #access(who: number, step: FactStep): Record<string, unknown> {
    const d = this.#d;
    const addr = Number(step["addr"]);
    const livelocks = d.count("livelock");
    let signal = 0;
    for (let at = addr; at < addr + Number(step["len"]) && !signal; at += Number(step["step"])) {
      signal = step.op === "read" ? d.call(who, "user_load", at) : d.call(who, "user_store", at, step["value"], 0);
    }
    const last_value = signal ? 0 : d.task(who).load_low;
    if (d.count("livelock") > livelocks) return { livelock: true, last_value, signal: "SIGALRM" };
    return signal ? { signal: signalName(signal), last_value } : { ok: true, last_value };
  }

  #mmap(who: number, step: FactStep, fd: number): Record<string, unknown> {
    const { addr, len, prot, flags, off } = step;
    const inherited = fd < 0 ? this.#memfd(who) : fd;
    const flagBits = joined(flags, MAP_FLAGS);
    const ret = this.#d.call(who, "sys_mmap", addr, len, protection(prot), flagBits, inherited, off);
    return ret < 0 ? { errno: errnoName(-ret) } : { ret };
  }

  /** The facts with a memfd: all processes have the same one open, 64 MiB. */
  #memfd(who: number): number {
    const path = "/dev/shm/memfd";
    const fd = this.#d.call(who, "sys_open", path, O_RDWR | O_CREAT, 0o600);
    this.#d.call(who, "sys_ftruncate", fd, 64 * 2 ** 20);
    return fd;
  }

  /** A process that maps nothing by itself has a shared anonymous mapping from its parent, new for each set of processes. */
  #newProcess(step: FactStep, k: number): Record<string, unknown> {
    const who = this.#next++;
    const rest = this.#fact.steps.slice(this.#fact.steps.findIndex((other) => other.i === step.i) + 1);
    const until = rest.findIndex((other) => other.op === "exit");
    const maps = rest.slice(0, until).some((other) => other.op === "mmap");
    this.#processes.set(k, who);
    if (maps) return {};
    if (!this.#inherited) this.#d.call(0, "sys_mmap", 2 * 2 ** 40, 64 * 2 ** 20, 3, 0x31, -1, 0);
    this.#inherited = true;
    this.#d.call(0, "sys_fork", this.#d.task(who));
    return {};
  }

  #meminfo(step: FactStep): Record<string, unknown> {
    const shmem = this.#d.system.straight.meminfo()["Shmem"]! / 1024;
    if (this.#shmemBefore < 0) this.#shmemBefore = Number(this.#fact.expected[String(step.i)]?.["Shmem_kB"]) - shmem;
    return { Shmem_kB: shmem + this.#shmemBefore };
  }

  #pagemap(who: number, addr: number): Record<string, unknown> {
    const k = this.#d.system.straight;
    const { present, exclusive, pfn } = k.pagemap(this.#d.task(who), addr);
    return {
      present: present ? 1 : 0,
      mapcount: present ? k.page(pfn).mapcount : -1,
      exclusive: exclusive ? 1 : 0,
    };
  }

  #valueAt(who: number, addr: number): number {
    const k = this.#d.system.straight;
    const { pfn } = k.pagemap(this.#d.task(who), addr);
    return new DataView(k.read_frame(pfn, addr % 4096, 8).buffer).getUint32(0, true);
  }

  #mincore(who: number, addr: number, len: number): Record<string, unknown> {
    const vec = this.#d.call(who, "sys_mmap", 0, len / 4096, 3, 0x22, -1, 0);
    const got = result(this.#d.call(who, "sys_mincore", addr, len, vec));
    let resident = 0;
    for (let at = 0; at < len / 4096; at += 4096) {
      const { pfn } = this.#d.system.straight.pagemap(this.#d.task(who), vec + at);
      resident += this.#d.system.straight.read_frame(pfn, 0, 4096).reduce((sum, byte) => sum + (byte & 1), 0);
    }
    return { ...got, resident };
  }
}

const big = (n: unknown): bigint => BigInt.asUintN(64, BigInt(Number(n)));
const result = (n: number): Record<string, unknown> => (n < 0 ? { errno: errnoName(-n) } : { ok: true, ret: n });

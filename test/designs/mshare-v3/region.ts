// A machine with mshare v3 on it, and what the tests do to regions again and again.

import { WAITING } from "../../../sim/core/thread.ts";
import { mshareV3 } from "../../../sim/designs/mshare-v3/index.ts";
import { MSHAREFS_CREATE_MAPPING, MSHAREFS_SET_SIZE } from "../../../sim/designs/mshare-v3/mshare.ts";
import type { Config } from "../../../sim/kernel/kernel.ts";
import { O_CREAT, O_EXCL, O_RDWR } from "../../../sim/kernel/uapi/fcntl.ts";
import { type Driver, drive } from "../../kernel/harness.ts";

export const KiB = 1024;
export const MiB = 2 ** 20;
export const GiB = 2 ** 30;
export const TiB = 2 ** 40;
/** Where regions lie, and how long they are, unless a test says otherwise. */
export const START = 2 * TiB;
export const SIZE = 512 * GiB;
export const PROT_RW = 3;
export const SHARED = 1;
export const REGION_MAP = 0x31; // MAP_SHARED|MAP_ANONYMOUS|MAP_FIXED

export const PATH = "/sys/fs/mshare/db";

/** `cpus`: the CPU of each process. System calls end as they do in Linux: files that were closed go then. */
export function mshareMachine(cpus: readonly number[], options: Partial<Config> = {}): Driver {
  const driver = drive(cpus, mshareV3.patch, { version: "6.12", ...options });
  const call: Driver["call"] = (who, name, ...args) =>
    name.startsWith("sys_") ? driver.call(who, "do_syscall", name.slice(4), args) : driver.call(who, name, ...args);
  return { ...driver, call };
}

/** The same with the functions that stop at each step: every step of a call, one after the other. */
export function steppingMachine(cpus: readonly number[], options: Partial<Config> = {}): Driver {
  const driver = mshareMachine(cpus, options);
  const { machine, platform, threads } = driver.system;
  const call: Driver["call"] = (who, name, ...args) => {
    const isCall = name.startsWith("sys_");
    const unit = isCall ? platform.unit("do_syscall", [name.slice(4), args]) : platform.unit(name, args);
    const thread = threads[who]!;
    machine.thread = thread;
    const switchIn = platform.switchIn(thread)?.stepping();
    while (switchIn && !switchIn.next().done);
    const steps = unit.stepping();
    for (;;) {
      const { value, done } = steps.next();
      if (done) {
        machine.thread = null;
        return value as number;
      }
      if (value === WAITING) throw new Error(`${name} waits for ${thread.waitReason}`);
    }
  };
  return { ...driver, call };
}

export const u64 = (n: number | bigint): bigint => BigInt.asUintN(64, BigInt(n));

/** Opens a region's file for a process; `create` makes it. Returns the descriptor. */
export function open(d: Driver, who: number, how: "create" | "existing", path = PATH): number {
  return d.call(who, "sys_open", path, how === "create" ? O_CREAT | O_EXCL | O_RDWR : O_RDWR, 0o600);
}

export function setSize(d: Driver, who: number, fd: number, start: number | bigint, size: number | bigint): number {
  return d.call(who, "sys_ioctl", fd, MSHAREFS_SET_SIZE, { start: u64(start), size: u64(size) });
}

export interface Mapping {
  readonly addr?: number | bigint;
  readonly size?: number | bigint;
  readonly prot?: number;
  readonly flags?: number;
  readonly fd?: number;
}

/** 64 MiB at the region's start, readable and writable, unless said otherwise. */
export function createMapping(d: Driver, who: number, fd: number, more: Mapping = {}): number {
  const { addr = START, size = 64 * MiB, prot = PROT_RW, flags = REGION_MAP, fd: inner = -1 } = more;
  const arg = {
    addr: u64(addr),
    size: u64(size),
    offset: 0n,
    prot: BigInt(prot),
    flags: BigInt(flags),
    fd: u64(inner),
  };
  return d.call(who, "sys_ioctl", fd, MSHAREFS_CREATE_MAPPING, arg);
}

export const mapRegion = (d: Driver, who: number, fd: number, prot = PROT_RW): number =>
  d.call(who, "sys_mmap", START, SIZE, prot, SHARED, fd, 0);

/** Process 0 makes the region with 64 MiB of memory in it and maps it. Returns its descriptor. */
export function region(d: Driver): number {
  const fd = open(d, 0, "create");
  setSize(d, 0, fd, START, SIZE);
  createMapping(d, 0, fd);
  mapRegion(d, 0, fd);
  return fd;
}

/** Another process opens and maps the region. */
export function join(d: Driver, who: number): number {
  const fd = open(d, who, "existing");
  mapRegion(d, who, fd);
  return fd;
}

/** Accesses a word in each page; gives hardware faults and minor and major faults, as the facts count them. */
export function touch(d: Driver, who: number, address: number, bytes: number, access: "read" | "write") {
  const task = d.task(who);
  const [min, maj] = [task.min_flt, task.maj_flt];
  const hw = d.touch(who, address, bytes, access);
  return { hw, min: task.min_flt - min, maj: task.maj_flt - maj };
}

/** What one access gives: the low 32 bits that were read, or the signal. */
export function load(d: Driver, who: number, address: number): { value: number } | { signal: number } {
  const signal = d.call(who, "user_load", address);
  return signal ? { signal } : { value: d.task(who).load_low };
}

export const store = (d: Driver, who: number, address: number, value: number): number =>
  d.call(who, "user_store", address, value, 0);

export const statusOf = (d: Driver, who: number) => d.system.straight.proc_status(d.task(who));
export const pagemapOf = (d: Driver, who: number, address: number) => d.system.straight.pagemap(d.task(who), address);
export const smapsOf = (d: Driver, who: number, address: number) => d.system.straight.smaps(d.task(who), address);
export const meminfoOf = (d: Driver) => d.system.straight.meminfo();

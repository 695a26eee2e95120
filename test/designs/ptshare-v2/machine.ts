// A machine with the ptshare RFC on it, and what the tests do to shared mappings again and again.
import { WAITING } from "../../../sim/core/thread.ts";
import { ptshareV2 } from "../../../sim/designs/ptshare-v2/index.ts";
import { MAP_SHARED_PT } from "../../../sim/designs/ptshare-v2/structures.ts";
import type { ProcessSpec } from "../../../sim/kernel/boot.ts";
import type { Config } from "../../../sim/kernel/kernel.ts";
import { O_CREAT, O_RDWR } from "../../../sim/kernel/uapi/fcntl.ts";
import { MAP_SHARED } from "../../../sim/kernel/uapi/mman.ts";
import { type Driver, drive } from "../../kernel/harness.ts";

export const KiB = 1024;
export const MiB = 2 ** 20;
export const GiB = 2 ** 30;
export const TiB = 2 ** 40;
/** Where shared mappings lie, and how long they are, unless a test says otherwise. */
export const START = TiB;
export const SIZE = 4 * MiB;
export const PATH = "/dev/shm/db";
export const PROT_RW = 3;
export const SHARED_PT = MAP_SHARED | MAP_SHARED_PT;

type Place = number | Omit<ProcessSpec, "name">;

export function ptshareMachine(places: readonly Place[], options: Partial<Config> = {}): Driver {
  const driver = drive(places, ptshareV2.patch, { version: "6.12", ...options });
  const call: Driver["call"] = (who, name, ...args) =>
    name.startsWith("sys_") ? driver.call(who, "do_syscall", name.slice(4), args) : driver.call(who, name, ...args);
  return { ...driver, call };
}

/** The same with the functions that stop at each step: every step of a call, one after the other. */
export function steppingMachine(places: readonly Place[], options: Partial<Config> = {}): Driver {
  const driver = ptshareMachine(places, options);
  const { machine, platform, threads } = driver.system;
  const steps = (unit: ReturnType<typeof platform.unit>, who: number) => {
    machine.thread = threads[who]!;
    const switchIn = platform.switchIn(threads[who]!)?.stepping();
    while (switchIn && !switchIn.next().done);
    const running = unit.stepping();
    for (;;) {
      const { value, done } = running.next();
      if (value === WAITING) interrupts();
      if (!done) continue;
      machine.thread = null;
      return value as number;
    }
  };
  /** A call that waits does so for other CPUs: these do what they were asked, then it is its turn again. */
  const interrupts = () => {
    const { thread } = machine;
    for (const handler of platform.interrupts()) {
      machine.thread = handler;
      for (const _step of platform.interrupt(handler).stepping());
    }
    machine.thread = thread;
  };
  const call: Driver["call"] = (who, name, ...args) =>
    steps(
      name.startsWith("sys_") ? platform.unit("do_syscall", [name.slice(4), args]) : platform.unit(name, args),
      who,
    );
  const touch: Driver["touch"] = (who, address, bytes, access) => {
    const before = driver.count("page_fault");
    for (let at = address; at < address + bytes; at += 4096)
      access === "read" ? call(who, "user_load", at) : call(who, "user_store", at, 1, 0);
    return driver.count("page_fault") - before;
  };
  return { ...driver, call, touch };
}

/** Opens the file for a process, 8 MiB long. Returns the descriptor. */
export function open(d: Driver, who: number): number {
  const fd = d.call(who, "sys_open", PATH, O_RDWR | O_CREAT, 0o600);
  d.call(who, "sys_ftruncate", fd, 8 * MiB);
  return fd;
}

export interface Mapping {
  readonly addr?: number;
  readonly size?: number;
  readonly prot?: number;
  readonly flags?: number;
  readonly offset?: number;
}

export function map(d: Driver, who: number, fd: number, more: Mapping = {}): number {
  const { addr = START, size = SIZE, prot = PROT_RW, flags = SHARED_PT, offset = 0 } = more;
  return d.call(who, "sys_mmap", addr, size, prot, flags, fd, offset);
}

/** A process opens the file and maps it. Returns its descriptor. */
export function join(d: Driver, who: number, more: Mapping = {}): number {
  const fd = open(d, who);
  map(d, who, fd, more);
  return fd;
}

/** Frames of the tables that a walk of the process meets, top level first; 0 where there is none. */
export function tables(d: Driver, who: number, address: number): readonly number[] {
  const k = d.system.straight;
  const entries = k.walk_entries(d.task(who).mm!, address);
  return entries.slice(0, 3).map((entry) => Math.floor(entry / 4096) % 2 ** 24);
}

/** PTE table of an address, 0 for none. */
export const pteTable = (d: Driver, who: number, address: number): number => tables(d, who, address)[2]!;

export function load(d: Driver, who: number, address: number): { value: number } | { signal: number } {
  const signal = d.call(who, "user_load", address);
  return signal ? { signal } : { value: d.task(who).load_low };
}

export const store = (d: Driver, who: number, address: number, value: number): number =>
  d.call(who, "user_store", address, value, 0);

/** Reads a word in each page; gives hardware faults and minor faults. */
export function touch(d: Driver, who: number, address: number, bytes: number, access: "read" | "write" = "read") {
  const before = d.task(who).min_flt;
  const hw = d.touch(who, address, bytes, access);
  return { hw, min: d.task(who).min_flt - before };
}

export const hostOf = (d: Driver) => d.system.straight.host_mm(PATH);
export const statusOf = (d: Driver, who: number) => d.system.straight.proc_status(d.task(who));
export const pageTables = (d: Driver): number => d.system.straight.meminfo()["PageTables"]!;

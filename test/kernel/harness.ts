// Drives a booted kernel directly, without scenarios: plain calls by a process, one after the other.
import type { Thread } from "../../sim/core/thread.ts";
import { boot, type Patch, type ProcessSpec, type System } from "../../sim/kernel/boot.ts";
import { operationTables } from "../../sim/kernel/fs/tables.ts";
import type { Config } from "../../sim/kernel/kernel.ts";

export const noPatch: Patch = { stepping: [], straight: [], structures: [], events: {}, operations: {}, init: [] };

export const config = (more: Partial<Config> = {}): Config => ({
  version: "6.18",
  cpus: 2,
  memory: 2 ** 30,
  swap: 0,
  swapDevice: "zram",
  pageCluster: 0,
  pcid: false,
  levels: 4,
  hugepages: 0,
  ptReclaim: more.version !== "6.12",
  options: {},
  fixes: new Set(),
  unfixed: new Set(),
  ...more,
});

export interface Driver {
  readonly system: System;
  /** Process `who` (by index) calls a kernel function; gives its result. */
  call(who: number, name: string, ...args: unknown[]): number;
  /** Accesses one word in each page of a range; gives the number of hardware faults. */
  touch(who: number, address: number, bytes: number, access: "read" | "write"): number;
  count(event: string): number;
  task(who: number): ReturnType<System["taskOf"]>;
}

/** `processes`: the CPU of each; `forked` ones come into being by a fork, `threadOf` ones belong to another, by index. */
export function drive(
  processes: readonly (number | Omit<ProcessSpec, "name">)[],
  patch: Patch = noPatch,
  options: Partial<Config> = {},
): Driver {
  const specs = processes.map((process, i) => ({
    name: `p${i}`,
    ...(typeof process === "number" ? { cpu: process } : process),
  }));
  const system = boot(config(options), patch, specs, operationTables);
  const { machine, platform } = system;
  const count = (event: string) => machine.counts[machine.events.id(event)!]!;
  const run = (thread: Thread, name: string, args: readonly unknown[]) => {
    machine.straight = true;
    machine.thread = thread;
    platform.switchIn(thread)?.straight();
    const result = platform.unit(name, args).straight();
    machine.straight = false;
    machine.thread = null;
    return result as number;
  };
  const call = (who: number, name: string, ...args: unknown[]) => {
    const result = run(system.threads[who]!, name, args);
    // What has been woken does its work before the next call.
    for (const { thread, run: work, isAwake } of system.daemons) {
      if (!isAwake()) continue;
      thread.cpu = system.taskOf(thread).cpu;
      run(thread, work, []);
    }
    return result;
  };
  const touch = (who: number, address: number, bytes: number, access: "read" | "write") => {
    const before = count("page_fault");
    for (let at = address; at < address + bytes; at += 4096) {
      if (access === "read") call(who, "user_load", at);
      else call(who, "user_store", at, 1, 0);
    }
    return count("page_fault") - before;
  };
  return { system, call, touch, count, task: (who) => system.taskOf(system.threads[who]!) };
}

// A machine of its own for each test, with all detectors attached; system calls and accesses of its processes.
import { attachDetectors, type Detectors, withDetectors } from "../../sim/detectors/attach.ts";
import { boot, type Patch, type System } from "../../sim/kernel/boot.ts";
import { operationTables } from "../../sim/kernel/fs/tables.ts";
import type { Config } from "../../sim/kernel/kernel.ts";
import { MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE } from "../../sim/kernel/uapi/mman.ts";
import { config, noPatch } from "../kernel/harness.ts";

export interface Watched {
  readonly system: System;
  readonly detectors: Detectors;
  /** Process `who` (by index) calls a kernel function; gives its result. */
  call(who: number, name: string, ...args: unknown[]): number;
  /** A system call of process `who`. */
  sys(who: number, name: string, ...args: unknown[]): number;
  /** mmap of private anonymous memory, readable and writable. */
  anon(who: number, bytes: number): number;
  load(who: number, address: number): number;
  store(who: number, address: number, value?: number): number;
  /** Accesses one word in each page of a range. */
  touch(who: number, address: number, bytes: number, access: "read" | "write"): void;
  task(who: number): ReturnType<System["taskOf"]>;
  /** Runs `act` as thread `who`, between system calls. */
  as(who: number, act: () => void): void;
  /** Kinds of the reports so far, in order of finding. */
  kinds(): string[];
  message(kind: string): string;
}

/** A process, by the CPU that it is on; `forked`: it comes into being when another one forks it. */
export type Place = number | { readonly cpu: number; readonly forked?: boolean; readonly threadOf?: number };

export function watched(places: readonly Place[], patch: Patch = noPatch, options: Partial<Config> = {}): Watched {
  const specs = places.map((place, i) => ({ name: `p${i}`, ...(typeof place === "number" ? { cpu: place } : place) }));
  const system = boot(config(options), withDetectors(patch), specs, operationTables);
  const detectors = attachDetectors(system);
  const { machine, platform } = system;
  const as = <T>(who: number, act: () => T): T => {
    const thread = system.threads[who]!;
    machine.straight = true;
    machine.thread = thread;
    platform.switchIn(thread)?.straight();
    const result = act();
    machine.straight = false;
    machine.thread = null;
    return result;
  };
  const call = (who: number, name: string, ...args: unknown[]) => {
    const result = as(who, () => platform.unit(name, args).straight() as number);
    // What has been woken does its work before the next call.
    for (const { thread, run, isAwake } of system.daemons)
      if (isAwake()) as(thread.id, () => platform.unit(run, []).straight());
    return result;
  };
  const sys: Watched["sys"] = (who, name, ...args) => call(who, "do_syscall", name, args);
  const load: Watched["load"] = (who, address) => call(who, "user_load", address);
  const store: Watched["store"] = (who, address, value = 1) => call(who, "user_store", address, value, 0);
  return {
    system,
    detectors,
    call,
    sys,
    load,
    store,
    as,
    anon: (who, bytes) => sys(who, "mmap", 0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
    touch(who, address, bytes, access) {
      for (let at = address; at < address + bytes; at += 4096) access === "read" ? load(who, at) : store(who, at);
    },
    task: (who) => system.taskOf(system.threads[who]!),
    kinds: () => detectors.reports().map(({ kind }) => kind),
    message: (kind) => detectors.reports().find((report) => report.kind === kind)?.message ?? "",
  };
}

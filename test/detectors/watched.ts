// A machine of its own for each test, with all detectors attached; system calls and accesses of its processes.
import { attachDetectors, type Detectors, withDetectors } from "../../sim/detectors/attach.ts";
import type { Patch } from "../../sim/kernel/boot.ts";
import type { Config } from "../../sim/kernel/kernel.ts";
import { type Driver, drive, noPatch } from "../kernel/harness.ts";

export interface Watched extends Driver {
  readonly detectors: Detectors;
  /** A system call of process `who`. */
  sys(who: number, name: string, ...args: unknown[]): number;
  /** Kinds of the reports so far, in order of finding. */
  kinds(): string[];
}

/** `processes`: the CPU of each. */
export function watched(processes: readonly number[], patch: Patch = noPatch, options: Partial<Config> = {}): Watched {
  const driver = drive(processes, withDetectors(patch), options);
  const detectors = attachDetectors(driver.system);
  return {
    ...driver,
    detectors,
    sys: (who, name, ...args) => driver.call(who, "do_syscall", name, args),
    kinds: () => detectors.reports().map(({ kind }) => kind),
  };
}

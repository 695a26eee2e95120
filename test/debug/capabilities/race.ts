// A scenario with a race in it, and a session on it over a wire.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { type Stopped, Wire } from "../wire.ts";

export const race = `machine { cpus: 2, memory: 64MiB }
process a on cpu 0
process b on cpu 1
a: p = mmap(0, 16KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
b: p = mmap(0, 16KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
label both
parallel {
  a: store(p, 1)
  b: store(p, 2)
}
a: store(p, 3)
a: x = load(p)
`;

export class Race extends Wire {
  readonly folder = mkdtempSync(join(tmpdir(), "mshare-wire-"));
  /** The scenario's file. */
  readonly both = join(this.folder, "race.mshare");

  constructor() {
    super();
    this.client.defaultTimeout = 50_000;
    writeFileSync(this.both, race);
  }

  /** Sets a breakpoint there, with whatever else it has. */
  lineAt(line: number, more: object = {}): () => Promise<unknown> {
    const breakpoints = [{ line, ...more }];
    return () => this.ask("setBreakpoints", { source: { path: this.both }, breakpoints });
  }

  /** Stops before the first statement. */
  entry(): Promise<Stopped> {
    return this.launch({ program: this.both, stopOnEntry: true });
  }

  /** Stops behind the parallel block. */
  at11(): Promise<Stopped> {
    return this.launch({ program: this.both }, this.lineAt(11));
  }

  async end(): Promise<void> {
    await this.client.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** By capability: what is done with it, and the effect that is seen. */
export type CapabilityTests = Partial<Record<keyof DebugProtocol.Capabilities, (wire: Race) => Promise<void>>>;

// Breakpoints outlive a restart: what the client set is kept here and given to each new session again.
// Clients know a breakpoint by the number of its first answer, so numbers are the book's own, not the engine's.
import type { BreakpointStatus, DebugSession } from "../../sim/debugging.ts";

/** Gives one set of breakpoints to a session; answers in the order of the set. */
export type Setter = (session: DebugSession) => readonly BreakpointStatus[];

interface Entry {
  readonly set: Setter;
  readonly ids: readonly number[];
  statuses: readonly BreakpointStatus[];
}

export interface KeptStatus extends BreakpointStatus {
  /** What the client calls it. */
  readonly id: number;
}

export class BreakpointBook {
  private readonly entries = new Map<string, Entry>();
  private nextId = 1;

  has(key: string): boolean {
    return this.entries.has(key);
  }

  /** Replaces the set of that name (`lines FILE`, `events`, …). */
  replace(key: string, session: DebugSession, set: Setter): readonly KeptStatus[] {
    const statuses = set(session);
    const before = this.entries.get(key)?.ids ?? [];
    const entry = { set, statuses, ids: statuses.map((_, index) => before[index] ?? this.nextId++) };
    this.entries.set(key, entry);
    return kept(entry);
  }

  /** Sets everything again in a fresh session; gives those whose state is another than before. */
  reapply(session: DebugSession): readonly KeptStatus[] {
    const changed: KeptStatus[] = [];
    for (const entry of this.entries.values()) {
      const before = kept(entry);
      entry.statuses = entry.set(session);
      changed.push(...kept(entry).filter((status, index) => !sameState(status, before[index])));
    }
    return changed;
  }

  /** The client's numbers of the breakpoints that a stop hit. */
  clientIds(hit: readonly number[]): number[] {
    const found: number[] = [];
    for (const { statuses, ids } of this.entries.values()) {
      statuses.forEach((status, index) => {
        if (hit.includes(status.id)) found.push(ids[index]);
      });
    }
    return found;
  }
}

function kept(entry: Entry): KeptStatus[] {
  return entry.statuses.map((status, index) => ({ ...status, id: entry.ids[index] }));
}

function sameState(a: BreakpointStatus, b: BreakpointStatus): boolean {
  return a.verified === b.verified && a.line === b.line && a.message === b.message;
}

// Breakpoints at lines, of scenarios and of kernel files; and the line to which a run goes for once.
import type { BreakpointStatus, LineBreakpoint, Until } from "../debugging.ts";
import { type Breakpoint, type Hit, type Judge, refused } from "./breakpoint.ts";
import type { BreakpointWorld, Place } from "./breakpoint_world.ts";

interface LineStop extends Breakpoint, Pick<Place, "sites"> {
  readonly at: { readonly file: string; readonly line: number };
}

/** Of what no client has set. */
const NO_ID = -1;

export interface LineStops {
  set(file: string, wanted: readonly LineBreakpoint[]): readonly BreakpointStatus[];
  all(): readonly Breakpoint[];
  /** Whether lines of kernel files are among them: they can be reached at any event. */
  inKernel(): boolean;
  atSites(sites: Uint8Array): Hit[];
  atStatement(file: string, line: number): Hit[];
}

export function createLineStops(world: BreakpointWorld, { make, stops, hit }: Judge): LineStops {
  const lines = new Map<string, LineStop[]>();
  const all = () => [...lines.values()].flat();
  return {
    set(file, wanted) {
      const made: LineStop[] = [];
      const before = lines.get(file) ?? [];
      const statuses = wanted.map((one) => {
        const { breakpoint, problem } = make(one, `line ${one.line}`, before);
        const place = world.place(file, one.line);
        if (!place) return refused(breakpoint, world.noPlace(file));
        if (problem) return { ...refused(breakpoint, problem), line: one.line };
        made.push({ ...breakpoint, at: { file, line: place.line }, sites: place.sites });
        return { id: breakpoint.id, verified: true, line: place.line };
      });
      lines.set(file, made);
      return statuses;
    },
    all,
    inKernel: () => all().some(isInKernel),
    atSites: (sites) =>
      all()
        .filter((stop) => passed(stop, sites) && stops(stop))
        .map((stop) => hit(stop, "breakpoint", `${stop.at.file}:${stop.at.line}: ${world.event()}`)),
    atStatement(file, line) {
      const here = (lines.get(file) ?? []).filter((stop) => !isInKernel(stop) && stop.at.line === line);
      const text = `line ${line}: ${world.statement({ file, line })}`;
      // Nothing of the statement is done yet: this is before it, whatever was asked for.
      return here.filter((stop) => stops(stop)).map((stop) => ({ ...hit(stop, "breakpoint", text), when: "after" }));
    },
  };
}

/** A stop for this once, beside the others or instead of them. */
export interface UntilStop {
  set(until: Until | undefined): void;
  /** All others are passed on the way. */
  readonly passesOthers: boolean;
  inKernel(): boolean;
  atSites(sites: Uint8Array): Hit[];
  atStatement(file: string, line: number): Hit[];
}

export function createUntilStop(world: BreakpointWorld): UntilStop {
  let passesOthers = false;
  let stop: (Place & { readonly file: string; readonly text: string }) | undefined;
  const hits = (isReached: boolean): Hit[] =>
    stop && isReached ? [{ reason: "goto", id: NO_ID, text: stop.text, times: 0, when: "after" }] : [];
  return {
    set(until) {
      passesOthers = until?.onTheWay === "pass";
      const place = until && world.place(until.file, until.line);
      stop = place && { ...place, file: until.file, text: until.text };
    },
    get passesOthers() {
      return passesOthers;
    },
    inKernel: () => stop !== undefined && isInKernel(stop),
    atSites: (sites) => hits(stop !== undefined && passed(stop, sites)),
    atStatement: (file, line) =>
      hits(stop !== undefined && !isInKernel(stop) && stop.file === file && stop.line === line),
  };
}

const isInKernel = ({ sites }: Pick<Place, "sites">): boolean => sites.length > 0;
const passed = (place: Pick<Place, "sites">, sites: Uint8Array): boolean =>
  place.sites.some((site) => sites[site] === 1);

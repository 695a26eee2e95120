// Data breakpoints: places of structures, which the store watches, and bytes of memory, which are looked at after every step.
import type { BreakpointStatus, DataBreakpoint } from "../debugging.ts";
import { type Breakpoint, type Hit, type Judge, refused } from "./breakpoint.ts";
import type { BreakpointWorld, PlacedWatch } from "./breakpoint_world.ts";

interface PlaceStop extends Breakpoint {
  readonly dataId: string;
  /** Where it was when it was set. */
  watched: readonly PlacedWatch[];
}
/** Bytes at a memory reference: a page that goes away changes them, too. */
interface BytesStop extends Breakpoint {
  readonly memory: string;
  readonly length: number;
  before: string;
}
/** `bytes:MEMORY REFERENCE:LENGTH` */
const BYTES = /^bytes:(.+):(\d{1,4})$/;

export interface DataStops {
  set(wanted: readonly DataBreakpoint[]): readonly BreakpointStatus[];
  all(): readonly Breakpoint[];
  /** Whether every step has to be looked at. */
  everyStep(): boolean;
  /** What was written since the last call. */
  take(): Hit[];
  /** What is now is what was before the next step. */
  forget(): void;
  watches(): readonly PlacedWatch[];
}

export function createDataStops(world: BreakpointWorld, { make, stops, hit }: Judge): DataStops {
  let places: PlaceStop[] = [];
  let bytes: BytesStop[] = [];
  let written: { readonly stop: PlaceStop; readonly before: number; readonly after: number }[] = [];

  const resolve = (stop: PlaceStop) =>
    world.watch(stop.dataId, (before, after) => written.push({ stop, before, after }));

  const setBytes = (breakpoint: Breakpoint, memory: string, length: number): BreakpointStatus => {
    const problem = world.memoryProblem(memory);
    if (problem !== undefined) return refused(breakpoint, problem);
    bytes.push({ ...breakpoint, memory, length, before: world.bytes(memory, length) });
    return { id: breakpoint.id, verified: true };
  };

  const setPlace = (breakpoint: Breakpoint, dataId: string): BreakpointStatus => {
    const stop: PlaceStop = { ...breakpoint, dataId, watched: [] };
    const watched = resolve(stop);
    if (typeof watched === "string") return refused(breakpoint, watched);
    stop.watched = watched;
    places.push(stop);
    const message = world.absent(dataId);
    return { id: breakpoint.id, verified: true, ...(message !== undefined && { message }) };
  };

  const bytesHits = (stop: BytesStop): Hit[] => {
    const { before, memory, length } = stop;
    stop.before = world.bytes(memory, length);
    if (before === stop.before || !stops(stop)) return [];
    return [hit(stop, "data", `${world.called(memory)}: ${before} → ${stop.before}`)];
  };

  return {
    set(wanted) {
      const known = [...places, ...bytes];
      places = [];
      bytes = [];
      written = [];
      return wanted.map((one) => {
        const { breakpoint, problem } = make(one, one.dataId, known);
        if (problem) return refused(breakpoint, problem);
        const [, memory, length] = BYTES.exec(one.dataId) ?? [];
        return memory === undefined ? setPlace(breakpoint, one.dataId) : setBytes(breakpoint, memory, Number(length));
      });
    },
    all: () => [...places, ...bytes],
    everyStep: () => bytes.length > 0,
    take() {
      const seen = written;
      written = [];
      const hits = bytes.flatMap(bytesHits);
      for (const { stop, before, after } of seen) {
        if (before === after || !stops(stop)) continue;
        const change = `${world.shown(stop.dataId, before)} → ${world.shown(stop.dataId, after)}`;
        hits.push(hit(stop, "data", `${world.called(stop.dataId)}: ${change}`));
      }
      return hits;
    },
    forget() {
      written = [];
      for (const stop of bytes) stop.before = world.bytes(stop.memory, stop.length);
    },
    // Places move while the run does: a page table that was empty has words by now. What is not alive now may come back.
    watches: () =>
      places.flatMap((stop) => {
        const now = resolve(stop);
        return typeof now === "string" ? stop.watched : now;
      }),
  };
}

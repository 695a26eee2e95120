// What a run is to stop at, and which of it has just happened: breakpoints of all kinds, and what concerns them all.
import type {
  BreakpointStatus,
  DataBreakpoint,
  EventBreakpoint,
  ExceptionFilter,
  LineBreakpoint,
  StepBreakpoint,
  Until,
} from "../debugging.ts";
import { type Breakpoint, createJudge, createKind, type Hit } from "./breakpoint.ts";
import { near } from "./breakpoint_words.ts";
import type { BreakpointWorld, PlacedWatch } from "./breakpoint_world.ts";
import { createDataStops } from "./data_stops.ts";
import type { EventPattern } from "./event_words.ts";
import { forgetAfter, type Passes } from "./hit_counts.ts";
import { createLineStops, createUntilStop } from "./line_stops.ts";

export interface Breakpoints {
  setLines(file: string, wanted: readonly LineBreakpoint[]): readonly BreakpointStatus[];
  setEvents(wanted: readonly EventBreakpoint[]): readonly BreakpointStatus[];
  setData(wanted: readonly DataBreakpoint[]): readonly BreakpointStatus[];
  setSteps(wanted: readonly StepBreakpoint[]): readonly BreakpointStatus[];
  setFilters(wanted: readonly ExceptionFilter[]): readonly BreakpointStatus[];
  /** Whether hits are to be counted that were before a breakpoint was set; and that they have been. */
  uncounted(): boolean;
  counted(): void;
  /** What comes after now will be otherwise than it was. */
  newFuture(): void;
  /** The machine is somewhere else: what bytes are now is what they were before the next step. */
  jumped(): void;
  /** A stop for this once, beside the others or instead of them. */
  setUntil(until: Until | undefined): void;
  /** Of the event that has just been announced. */
  atEvent(entered: ReadonlySet<string>, sites: Uint8Array): Hit[];
  atStatement(file: string, line: number): Hit[];
  /** Writes to watched places since the last call. */
  takeData(): Hit[];
  forException(filter: string, text: string): Hit[];
  /** Events that matter to some breakpoint; "all" while lines of kernel files do. */
  interest(): ReadonlySet<number> | "all";
  functions(): ReadonlySet<string>;
  /** Steps at which the run is to be looked at, whatever they do. */
  steps(): readonly number[];
  watches(): readonly PlacedWatch[];
  hasFilter(filter: string): boolean;
  /** Whether something stops before its step. */
  stopsBefore(): boolean;
}

export function createBreakpoints(world: BreakpointWorld): Breakpoints {
  const judge = createJudge(world);
  const { stops, hit } = judge;
  const lines = createLineStops(world, judge);
  const events = createKind<EventBreakpoint, { readonly pattern: EventPattern }>(
    judge,
    ({ text }) => text,
    ({ text }) => {
      const pattern = world.pattern(text);
      return "error" in pattern ? pattern : { pattern };
    },
  );
  const data = createDataStops(world, judge);
  const steps = createKind<StepBreakpoint, { readonly step: number }>(
    judge,
    ({ step }) => `step ${step}`,
    ({ step }) => (step >= 1 ? { step } : { error: `there is no step ${step}: they count from 1` }),
  );
  const filters = createKind<ExceptionFilter, { readonly filter: string }>(
    judge,
    ({ filter }) => filter,
    ({ filter }) =>
      world.filters.includes(filter)
        ? { filter }
        : { error: `No kind of bug is called \`${filter}\`.${near(filter, world.filters)}` },
  );
  const until = createUntilStop(world);

  const all = (): Breakpoint[] => [lines, events, data, steps, filters].flatMap((kind) => kind.all());
  const allPasses = (): Passes[] => all().flatMap(({ passes }) => passes ?? []);

  const atSteps = () =>
    steps
      .all()
      .filter((stop) => stop.step === world.step() && stops(stop))
      .map((stop) => hit(stop, "breakpoint", `step ${stop.step}: ${world.event()}`));

  const atEvents = (entered: ReadonlySet<string>) =>
    events
      .all()
      .filter(({ pattern }) => pattern.functionName === undefined || entered.has(pattern.functionName))
      .filter((stop) => stop.pattern.matches() && stops(stop, stop.pattern.condition))
      .map((stop) => hit(stop, "event", ""));

  return {
    setLines: lines.set,
    setEvents: events.set,
    setData: data.set,
    setSteps: steps.set,
    setFilters: filters.set,
    setUntil(wanted) {
      until.set(wanted);
      if (until.passesOthers) for (const passes of allPasses()) passes.complete = false;
    },
    atEvent(entered, sites) {
      const hits = until.atSites(sites);
      if (until.passesOthers) return hits;
      return [...hits, ...atSteps(), ...atEvents(entered), ...lines.atSites(sites)];
    },
    atStatement(file, line) {
      const hits = until.atStatement(file, line);
      return until.passesOthers ? hits : [...hits, ...lines.atStatement(file, line)];
    },
    takeData() {
      if (!until.passesOthers) return data.take();
      data.forget();
      return [];
    },
    forException(filter, text) {
      if (until.passesOthers) return [];
      const matching = filters.all().filter((stop) => stop.filter === filter && stops(stop));
      return matching.map((stop) => hit(stop, "exception", text));
    },
    uncounted: () => allPasses().some(({ complete }) => !complete),
    counted() {
      for (const passes of allPasses()) passes.complete = true;
    },
    newFuture() {
      for (const passes of allPasses()) forgetAfter(passes, world.step());
    },
    jumped: data.forget,
    interest: () =>
      data.everyStep() || until.inKernel() || lines.inKernel()
        ? "all"
        : new Set(events.all().flatMap(({ pattern }) => pattern.events)),
    functions: () => new Set(events.all().flatMap(({ pattern }) => pattern.functionName ?? [])),
    steps: () => steps.all().map(({ step }) => step),
    watches: data.watches,
    hasFilter: (filter) => filters.all().some((stop) => stop.filter === filter),
    stopsBefore: () => all().some(({ options }) => options.when === "before"),
  };
}

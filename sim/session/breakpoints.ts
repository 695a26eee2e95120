// What a run is to stop at, and which of it has just happened.
import type { Watch } from "../core/storage.ts";
import type {
  BreakpointOptions,
  BreakpointStatus,
  DataBreakpoint,
  EventBreakpoint,
  ExceptionFilter,
  LineBreakpoint,
  Output,
  StepBreakpoint,
  Until,
} from "../debugging.ts";
import type { Expr } from "../scenario/ast.ts";
import type { Evaluation } from "../scenario/expressions.ts";
import { isTrue } from "../scenario/values.ts";
import {
  countFits,
  countProblem,
  messageProblem,
  near,
  readCondition,
  stepProblem,
  whenProblem,
} from "./breakpoint_words.ts";
import type { EventPattern, NoPattern } from "./event_words.ts";
import { createPasses, forgetAfter, type Passes, timesPassed } from "./hit_counts.ts";

interface Breakpoint {
  readonly id: number;
  readonly options: BreakpointOptions;
  readonly condition?: Expr;
  /** What it stops for: `line 13`, an event in words. */
  readonly title: string;
  /** The same with its condition: one that is set anew is known by it. */
  readonly about: string;
  /** Only with a hit condition. */
  readonly passes?: Passes;
}
interface LineStop extends Breakpoint {
  readonly file: string;
  readonly line: number;
  /** Kernel files: marks of that line (machine.sites); scenario files: none. */
  readonly sites: readonly number[];
}
interface StepStop extends Breakpoint {
  readonly step: number;
}
interface EventStop extends Breakpoint {
  readonly pattern: EventPattern;
}
interface DataStop extends Breakpoint {
  readonly dataId: string;
}
/** Bytes at a memory reference, looked at after every step: a page that goes away changes them, too. */
interface BytesStop extends Breakpoint {
  readonly memory: string;
  readonly length: number;
  before: string;
}
/** `bytes:MEMORY REFERENCE:LENGTH` */
const BYTES = /^bytes:(.+):(\d{1,4})$/;

/** Of what no client has set. */
const NO_ID = -1;

/** A place of the store, and the structure that it is in. */
type PlacedWatch = Watch & { readonly structure: string };

interface FilterStop extends Breakpoint {
  readonly filter: string;
}

/** Why the run stops here. */
export interface Hit {
  readonly reason: "breakpoint" | "event" | "data" | "exception" | "goto";
  readonly id: number;
  /** What it says of itself; "" where the event says it all. */
  readonly text: string;
  /** How often it was passed up to now, where it counts; else 0. */
  readonly times: number;
  /** On which side of the step that was just done it stops. */
  readonly when: "before" | "after";
}

/** Why the run stops here, in a line. `event`: what has just happened. */
export function hitText({ reason, text, times }: Hit, event: string): string {
  const own = reason === "data" ? `${text} (${event})` : text === "" ? event : text;
  return times > 0 ? `${own} (hit ${times})` : own;
}

/** What breakpoints ask about the world. */
export interface BreakpointWorld {
  pattern(text: string): EventPattern | NoPattern;
  /** The line from which on a line breakpoint can stop, with its marks; undefined: nowhere in the file. */
  place(file: string, line: number): { readonly line: number; readonly sites: readonly number[] } | undefined;
  /** Why a run cannot stop at a line of that file. */
  noPlace(file: string): string;
  /** The places of the store behind a data breakpoint, or why there is none. */
  watch(dataId: string, hit: (before: number, after: number) => void): readonly PlacedWatch[] | string;
  /** Why a data breakpoint waits: there is no such object now; undefined where there is. */
  absent(dataId: string): string | undefined;
  /** Why a memory reference names nothing; undefined where it may. */
  memoryProblem(memory: string): string | undefined;
  /** What people call a field, an entry or a place in memory. */
  called(id: string): string;
  /** A value written there, as people read it. */
  shown(dataId: string, value: number): string;
  /** Bytes at a memory reference, as people read them; "nothing" where nothing is mapped. */
  bytes(memory: string, length: number): string;
  /** Whether the run can be taken back a step. */
  readonly goesBack: boolean;
  /** All that conditions may name, and all that filters are called. */
  readonly names: ReadonlySet<string>;
  readonly filters: readonly string[];
  /** Evaluates for the running thread, at the current event. */
  evaluate(expr: Expr): Evaluation;
  /** Replaces `{expression}` in a log message. */
  interpolate(message: string): string;
  step(): number;
  /** The furthest step that the run has done. */
  last(): number;
  /** What has just happened, in words. */
  event(): string;
  /** The text of the statement at a place. */
  statement(place: { readonly file: string; readonly line: number }): string;
  output(output: Output): void;
  /** Tells it unless it was told before. */
  warnOnce(text: string): void;
}

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
  let nextId = 1;
  const lines = new Map<string, LineStop[]>();
  let events: EventStop[] = [];
  let data: DataStop[] = [];
  let bytes: BytesStop[] = [];
  let steps: StepStop[] = [];
  let filters: FilterStop[] = [];
  let watches = new Map<DataStop, readonly PlacedWatch[]>();
  let until: LineStop | undefined;
  let untilText = "";
  let passing = false;
  let written: { stop: DataStop; before: number; after: number }[] = [];

  const resolve = (stop: DataStop) =>
    world.watch(stop.dataId, (before, after) => written.push({ stop, before, after }));

  const all = (): Breakpoint[] => [...[...lines.values()].flat(), ...events, ...data, ...bytes, ...steps, ...filters];
  const allPasses = (): Passes[] => all().flatMap(({ passes }) => passes ?? []);

  /** Clients set all of a kind anew when one of them changes: the others' hits are still known. */
  const passesOf = ({ hitCondition }: BreakpointOptions, about: string, before: readonly Breakpoint[]) => {
    if (!hitCondition) return {};
    const known = before.find((one) => one.about === about)?.passes;
    return { passes: known ?? createPasses(world.last() === 0 ? "nothing has run" : "something has run") };
  };

  const basics = (
    options: BreakpointOptions,
    title: string,
    before: readonly Breakpoint[],
  ): { breakpoint: Breakpoint; problem?: string } => {
    const about = `${title} if ${options.condition ?? ""}`;
    const breakpoint = { id: nextId++, options, title, about, ...passesOf(options, about, before) };
    const problem =
      countProblem(options.hitCondition) ??
      messageProblem(options.logMessage, world.names) ??
      whenProblem(options.when, world.goesBack);
    if (problem !== undefined || !options.condition) return { breakpoint, ...(problem !== undefined && { problem }) };
    const condition = readCondition(options.condition, world.names);
    if ("error" in condition) return { breakpoint, problem: condition.error };
    return { breakpoint: { ...breakpoint, condition: condition.expr } };
  };

  const unknownFilter = (filter: string): string | undefined =>
    world.filters.includes(filter)
      ? undefined
      : `No kind of bug is called \`${filter}\`.${near(filter, world.filters)}`;

  /** What has no value is not true. That is said once: a breakpoint that silently never stops costs an afternoon. */
  const holds = ({ title }: Breakpoint, condition: Expr): boolean => {
    const result = world.evaluate(condition);
    if ("value" in result) return isTrue(result.value);
    if (result.code !== "no-value-yet")
      world.warnOnce(`warning: ${title}: the condition has no value here, and does not stop the run: ${result.error}`);
    return false;
  };

  /** Conditions, hit counts, log messages: whether the run stops for it. */
  const stops = (stop: Breakpoint, also?: Expr): boolean => {
    for (const condition of [stop.condition, also]) {
      if (condition && !holds(stop, condition)) return false;
    }
    if (stop.passes && !countFits(stop.options.hitCondition, timesPassed(stop.passes, world.step()))) return false;
    if (stop.options.logMessage === undefined) return true;
    const { logMessage } = stop.options;
    world.output({ category: "console", text: logMessage === "" ? world.event() : world.interpolate(logMessage) });
    return false;
  };

  const hit = (stop: Breakpoint, reason: Hit["reason"], text: string): Hit => {
    const times = stop.passes ? timesPassed(stop.passes, world.step()) : 0;
    return { reason, id: stop.id, text, times, when: stop.options.when === "before" ? "before" : "after" };
  };
  const untilReached = (): Hit => ({ reason: "goto", id: NO_ID, text: untilText, times: 0, when: "after" });

  return {
    setLines(file, wanted) {
      const made: LineStop[] = [];
      const before = lines.get(file) ?? [];
      const statuses = wanted.map((one) => {
        const { breakpoint, problem } = basics(one, `line ${one.line}`, before);
        const place = world.place(file, one.line);
        if (!place) return { id: breakpoint.id, verified: false, message: world.noPlace(file) };
        if (problem) return { id: breakpoint.id, verified: false, line: one.line, message: problem };
        made.push({ ...breakpoint, file, line: place.line, sites: place.sites });
        return { id: breakpoint.id, verified: true, line: place.line };
      });
      lines.set(file, made);
      return statuses;
    },
    setEvents(wanted) {
      const before = events;
      events = [];
      return wanted.map((one) => {
        const { breakpoint, problem } = basics(one, one.text, before);
        const pattern = world.pattern(one.text);
        if (problem || "error" in pattern)
          return { id: breakpoint.id, verified: false, message: problem ?? (pattern as NoPattern).error };
        events.push({ ...breakpoint, pattern });
        return { id: breakpoint.id, verified: true };
      });
    },
    setData(wanted) {
      const before = [...data, ...bytes];
      data = [];
      bytes = [];
      watches = new Map();
      written = [];
      return wanted.map((one) => {
        const { breakpoint, problem } = basics(one, one.dataId, before);
        const range = BYTES.exec(one.dataId);
        if (range && !problem) {
          const [, memory, length] = range;
          const message = world.memoryProblem(memory!);
          if (message !== undefined) return { id: breakpoint.id, verified: false, message };
          bytes.push({
            ...breakpoint,
            memory: memory!,
            length: Number(length),
            before: world.bytes(memory!, Number(length)),
          });
          return { id: breakpoint.id, verified: true };
        }
        const stop: DataStop = { ...breakpoint, dataId: one.dataId };
        const watched = resolve(stop);
        if (problem || typeof watched === "string")
          return { id: breakpoint.id, verified: false, message: problem ?? (watched as string) };
        data.push(stop);
        watches.set(stop, watched);
        const message = world.absent(one.dataId);
        return { id: breakpoint.id, verified: true, ...(message !== undefined && { message }) };
      });
    },
    setSteps(wanted) {
      const before = steps;
      steps = [];
      return wanted.map((one) => {
        const { breakpoint, problem = stepProblem(one.step) } = basics(one, `step ${one.step}`, before);
        if (problem) return { id: breakpoint.id, verified: false, message: problem };
        steps.push({ ...breakpoint, step: one.step });
        return { id: breakpoint.id, verified: true };
      });
    },
    setUntil(wanted) {
      passing = wanted?.onTheWay === "pass";
      if (passing) for (const passes of allPasses()) passes.complete = false;
      until = undefined;
      const place = wanted && world.place(wanted.file, wanted.line);
      if (!wanted || !place) return;
      until = {
        id: NO_ID,
        options: {},
        title: wanted.text,
        about: wanted.text,
        file: wanted.file,
        line: place.line,
        sites: place.sites,
      };
      untilText = wanted.text;
    },
    setFilters(wanted) {
      const before = filters;
      filters = [];
      return wanted.map((one) => {
        const { breakpoint, problem = unknownFilter(one.filter) } = basics(one, one.filter, before);
        if (problem) return { id: breakpoint.id, verified: false, message: problem };
        filters.push({ ...breakpoint, filter: one.filter });
        return { id: breakpoint.id, verified: true };
      });
    },
    atEvent(entered, sites) {
      const hits: Hit[] = [];
      if (until?.sites.some((site) => sites[site] === 1)) hits.push(untilReached());
      if (passing) return hits;
      for (const stop of steps) {
        if (stop.step === world.step() && stops(stop))
          hits.push(hit(stop, "breakpoint", `step ${stop.step}: ${world.event()}`));
      }
      for (const stop of events) {
        const { pattern } = stop;
        if (pattern.functionName !== undefined && !entered.has(pattern.functionName)) continue;
        if (pattern.matches() && stops(stop, pattern.condition)) hits.push(hit(stop, "event", ""));
      }
      for (const stop of [...lines.values()].flat()) {
        if (stop.sites.some((site) => sites[site] === 1) && stops(stop))
          hits.push(hit(stop, "breakpoint", `${stop.file}:${stop.line}: ${world.event()}`));
      }
      return hits;
    },
    atStatement(file, line) {
      const reached = until?.sites.length === 0 && until.file === file && until.line === line;
      const hits = reached ? [untilReached()] : [];
      if (passing) return hits;
      const here = (lines.get(file) ?? []).filter((stop) => stop.sites.length === 0 && stop.line === line);
      const text = `line ${line}: ${world.statement({ file, line })}`;
      // Nothing of the statement is done yet: this is before it, whatever was asked for.
      for (const stop of here) if (stops(stop)) hits.push({ ...hit(stop, "breakpoint", text), when: "after" });
      return hits;
    },
    takeData() {
      const seen = written;
      written = [];
      const hits = bytes.flatMap((stop): Hit[] => {
        const { before } = stop;
        stop.before = world.bytes(stop.memory, stop.length);
        if (before === stop.before || passing || !stops(stop)) return [];
        return [hit(stop, "data", `${world.called(stop.memory)}: ${before} → ${stop.before}`)];
      });
      if (passing) return [];
      for (const { before, after, stop } of seen) {
        if (before === after || !stops(stop)) continue;
        const change = `${world.shown(stop.dataId, before)} → ${world.shown(stop.dataId, after)}`;
        hits.push(hit(stop, "data", `${world.called(stop.dataId)}: ${change}`));
      }
      return hits;
    },
    uncounted: () => allPasses().some(({ complete }) => !complete),
    counted() {
      for (const passes of allPasses()) passes.complete = true;
    },
    newFuture() {
      for (const passes of allPasses()) forgetAfter(passes, world.step());
    },
    jumped() {
      written = [];
      for (const stop of bytes) stop.before = world.bytes(stop.memory, stop.length);
    },
    forException(filter, text) {
      if (passing) return [];
      const matching = filters.filter((stop) => stop.filter === filter && stops(stop));
      return matching.map((stop) => hit(stop, "exception", text));
    },
    interest() {
      if (bytes.length > 0 || (until && until.sites.length > 0)) return "all";
      const needed = new Set<number>();
      for (const stop of [...lines.values()].flat()) if (stop.sites.length > 0) return "all";
      for (const { pattern } of events) for (const event of pattern.events) needed.add(event);
      return needed;
    },
    functions: () => new Set(events.flatMap(({ pattern }) => pattern.functionName ?? [])),
    steps: () => steps.map(({ step }) => step),
    // Places move while the run does: a page table that was empty has words by now. What is not alive now may come back.
    watches: () =>
      data.flatMap((stop) => {
        const now = resolve(stop);
        return typeof now === "string" ? watches.get(stop)! : now;
      }),
    hasFilter: (filter) => filters.some((stop) => stop.filter === filter),
    stopsBefore: () => all().some(({ options }) => options.when === "before"),
  };
}

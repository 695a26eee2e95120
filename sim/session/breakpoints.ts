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
} from "../debugging.ts";
import { toRaw } from "../hardware/entry.ts";
import type { Expr } from "../scenario/ast.ts";
import { parseExpressionText } from "../scenario/parser.ts";
import { isTrue, type Value } from "../scenario/values.ts";
import type { EventPattern, NoPattern } from "./event_words.ts";
import { hex } from "./show.ts";

interface Breakpoint {
  readonly id: number;
  readonly options: BreakpointOptions;
  readonly condition?: Expr;
  /** Steps at which it was passed, in order: hit conditions count them in the time of the run. */
  readonly passed: number[];
}
interface LineStop extends Breakpoint {
  readonly file: string;
  readonly line: number;
  /** Kernel files: marks of that line (machine.sites); scenario files: none. */
  readonly sites: readonly number[];
}
interface EventStop extends Breakpoint {
  readonly pattern: EventPattern;
}
interface DataStop extends Breakpoint {
  readonly dataId: string;
}
/** A place of the store, and the structure that it is in. */
type PlacedWatch = Watch & { readonly structure: string };

interface FilterStop extends Breakpoint {
  readonly filter: string;
}

/** Why the run stops here. */
export interface Hit {
  readonly reason: "breakpoint" | "event" | "data" | "exception";
  readonly id: number;
  readonly text: string;
}

/** What breakpoints ask about the world. */
export interface BreakpointWorld {
  pattern(text: string): EventPattern | NoPattern;
  /** The line from which on a line breakpoint can stop, with its marks; undefined: nowhere in the file. */
  place(file: string, line: number): { readonly line: number; readonly sites: readonly number[] } | undefined;
  /** The places of the store behind a data breakpoint, or why there is none. */
  watch(dataId: string, hit: (before: number, after: number) => void): readonly PlacedWatch[] | string;
  /** Evaluates for the running thread, at the current event. */
  evaluate(expr: Expr): Value | undefined;
  /** Replaces `{expression}` in a log message. */
  interpolate(message: string): string;
  step(): number;
  output(output: Output): void;
}

export interface Breakpoints {
  setLines(file: string, wanted: readonly LineBreakpoint[]): readonly BreakpointStatus[];
  setEvents(wanted: readonly EventBreakpoint[]): readonly BreakpointStatus[];
  setData(wanted: readonly DataBreakpoint[]): readonly BreakpointStatus[];
  setFilters(wanted: readonly ExceptionFilter[]): readonly BreakpointStatus[];
  /** Of the event that has just been announced. */
  atEvent(entered: ReadonlySet<string>, sites: Uint8Array): Hit[];
  atStatement(file: string, line: number): Hit[];
  /** Writes to watched places since the last call. */
  takeData(): Hit[];
  forException(filter: string, text: string): Hit[];
  /** Events that matter to some breakpoint; "all" while lines of kernel files do. */
  interest(): ReadonlySet<number> | "all";
  functions(): ReadonlySet<string>;
  watches(): readonly PlacedWatch[];
  hasFilter(filter: string): boolean;
}

export function createBreakpoints(world: BreakpointWorld): Breakpoints {
  let nextId = 1;
  const lines = new Map<string, LineStop[]>();
  let events: EventStop[] = [];
  let data: DataStop[] = [];
  let filters: FilterStop[] = [];
  let watches = new Map<DataStop, readonly PlacedWatch[]>();
  let written: { stop: DataStop; before: number; after: number }[] = [];

  const resolve = (stop: DataStop) =>
    world.watch(stop.dataId, (before, after) => written.push({ stop, before, after }));

  const basics = (options: BreakpointOptions): { breakpoint: Breakpoint; problem?: string } => {
    const breakpoint = { id: nextId++, options, passed: [] };
    if (!options.condition) return { breakpoint };
    const { expr, problems } = parseExpressionText(options.condition);
    return problems[0]
      ? { breakpoint, problem: `condition: ${problems[0].message}` }
      : { breakpoint: { ...breakpoint, condition: expr } };
  };

  /** Conditions, hit counts, log messages: whether the run stops for it. */
  const stops = (stop: Breakpoint, also?: Expr): boolean => {
    for (const condition of [stop.condition, also]) {
      if (!condition) continue;
      const value = world.evaluate(condition);
      if (value === undefined || !isTrue(value)) return false;
    }
    const step = world.step();
    if (stop.passed.at(-1) !== step && !stop.passed.includes(step)) {
      stop.passed.push(step);
      stop.passed.sort((a, b) => a - b);
    }
    if (!countFits(stop.options.hitCondition, stop.passed.indexOf(step) + 1)) return false;
    if (stop.options.logMessage === undefined) return true;
    world.output({ category: "console", text: world.interpolate(stop.options.logMessage) });
    return false;
  };

  return {
    setLines(file, wanted) {
      const made: LineStop[] = [];
      const statuses = wanted.map((one) => {
        const { breakpoint, problem } = basics(one);
        const place = world.place(file, one.line);
        if (!place) return { id: breakpoint.id, verified: false, message: "Nothing happens in this line or below it." };
        if (problem) return { id: breakpoint.id, verified: false, line: one.line, message: problem };
        made.push({ ...breakpoint, file, line: place.line, sites: place.sites });
        return { id: breakpoint.id, verified: true, line: place.line };
      });
      lines.set(file, made);
      return statuses;
    },
    setEvents(wanted) {
      events = [];
      return wanted.map((one) => {
        const { breakpoint, problem } = basics(one);
        const pattern = world.pattern(one.text);
        if (problem || "error" in pattern)
          return { id: breakpoint.id, verified: false, message: problem ?? (pattern as NoPattern).error };
        events.push({ ...breakpoint, pattern });
        return { id: breakpoint.id, verified: true };
      });
    },
    setData(wanted) {
      data = [];
      watches = new Map();
      written = [];
      return wanted.map((one) => {
        const { breakpoint, problem } = basics(one);
        const stop: DataStop = { ...breakpoint, dataId: one.dataId };
        const watched = resolve(stop);
        if (problem || typeof watched === "string")
          return { id: breakpoint.id, verified: false, message: problem ?? (watched as string) };
        data.push(stop);
        watches.set(stop, watched);
        return { id: breakpoint.id, verified: true };
      });
    },
    setFilters(wanted) {
      filters = [];
      return wanted.map((one) => {
        const { breakpoint, problem } = basics(one);
        if (problem) return { id: breakpoint.id, verified: false, message: problem };
        filters.push({ ...breakpoint, filter: one.filter });
        return { id: breakpoint.id, verified: true };
      });
    },
    atEvent(entered, sites) {
      const hits: Hit[] = [];
      for (const stop of events) {
        const { pattern } = stop;
        if (pattern.functionName !== undefined && !entered.has(pattern.functionName)) continue;
        if (pattern.matches() && stops(stop, pattern.condition)) hits.push({ reason: "event", id: stop.id, text: "" });
      }
      for (const stop of [...lines.values()].flat()) {
        if (stop.sites.some((site) => sites[site] === 1) && stops(stop))
          hits.push({ reason: "breakpoint", id: stop.id, text: `${stop.file}:${stop.line}` });
      }
      return hits;
    },
    atStatement(file, line) {
      const here = (lines.get(file) ?? []).filter((stop) => stop.sites.length === 0 && stop.line === line);
      return here.filter((stop) => stops(stop)).map(({ id }) => ({ reason: "breakpoint", id, text: `line ${line}` }));
    },
    takeData() {
      const seen = written;
      written = [];
      return seen
        .filter(({ before, after, stop }) => before !== after && stops(stop))
        .map(({ stop, before, after }) => ({
          reason: "data",
          id: stop.id,
          text: `${stop.dataId}: ${shownWrite(stop, before)} → ${shownWrite(stop, after)}`,
        }));
    },
    forException(filter, text) {
      const matching = filters.filter((stop) => stop.filter === filter && stops(stop));
      return matching.map(({ id }) => ({ reason: "exception", id, text }));
    },
    interest() {
      const needed = new Set<number>();
      for (const stop of [...lines.values()].flat()) if (stop.sites.length > 0) return "all";
      for (const { pattern } of events) for (const event of pattern.events) needed.add(event);
      return needed;
    },
    functions: () => new Set(events.flatMap(({ pattern }) => pattern.functionName ?? [])),
    // Places move while the run does: a page table that was empty has words by now. What is not alive now may come back.
    watches: () =>
      data.flatMap((stop) => {
        const now = resolve(stop);
        return typeof now === "string" ? watches.get(stop)! : now;
      }),
    hasFilter: (filter) => filters.some((stop) => stop.filter === filter),
  };
}

/** Entries as the hardware has them. */
const shownWrite = ({ dataId }: DataStop, value: number): string =>
  dataId.startsWith("entry:") ? hex(toRaw(value)) : String(value);

/** `5` (that time), `>= 5`, `> 5`, `< 5`, `== 5`, `% 2` (every second time). */
export function countFits(condition: string | undefined, count: number): boolean {
  if (!condition?.trim()) return true;
  const match = /^\s*(>=|<=|>|<|==|=|%)?\s*(\d+)\s*$/.exec(condition);
  if (!match) return true;
  const n = Number(match[2]);
  switch (match[1]) {
    case ">=":
      return count >= n;
    case "<=":
      return count <= n;
    case ">":
      return count > n;
    case "<":
      return count < n;
    case "%":
      return n > 0 && count % n === 0;
    default:
      return count === n;
  }
}

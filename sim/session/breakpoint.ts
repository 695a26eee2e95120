// What breakpoints of every kind have: a condition, a hit count, a message, a side of the step; and whether the run stops for one.
import type { BreakpointOptions, BreakpointStatus } from "../debugging.ts";
import type { Expr } from "../scenario/ast.ts";
import { isTrue } from "../scenario/values.ts";
import { countFits, countProblem, messageProblem, readCondition, whenProblem } from "./breakpoint_words.ts";
import type { BreakpointWorld } from "./breakpoint_world.ts";
import { createPasses, type Passes, timesPassed } from "./hit_counts.ts";

export interface Breakpoint {
  readonly id: number;
  readonly options: BreakpointOptions;
  readonly condition?: Expr;
  /** What it stops for: `line 13`, an event in words. */
  readonly title: string;
  /** The same with its condition: one that is set anew is known by it. */
  readonly about: string;
  /** Only with a hit condition. */
  readonly passes?: Passes;
  /** Of those at a line. */
  readonly at?: { readonly file: string; readonly line: number };
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

export const refused = ({ id }: Breakpoint, message: string): BreakpointStatus => ({ id, verified: false, message });

export interface Judge {
  /** `before`: those of the kind that were set till now. Clients set all anew when one changes: the others' hits are still known. */
  make(
    options: BreakpointOptions,
    title: string,
    before: readonly Breakpoint[],
  ): {
    readonly breakpoint: Breakpoint;
    /** What is wrong with what people wrote into its boxes. */
    readonly problem?: string;
  };
  /** Whether the run stops for one that is reached: conditions, hit counts; a log message is told instead. */
  stops(stop: Breakpoint, also?: Expr): boolean;
  hit(stop: Breakpoint, reason: Hit["reason"], text: string): Hit;
}

export function createJudge(world: BreakpointWorld): Judge {
  let nextId = 1;

  const passesOf = ({ hitCondition }: BreakpointOptions, about: string, before: readonly Breakpoint[]) => {
    if (!hitCondition) return {};
    const known = before.find((one) => one.about === about)?.passes;
    return { passes: known ?? createPasses(world.last() === 0 ? "nothing has run" : "something has run") };
  };

  /** What has no value is not true. That is said once: a breakpoint that silently never stops costs an afternoon. */
  const holds = ({ title }: Breakpoint, condition: Expr): boolean => {
    const result = world.evaluate(condition);
    if ("value" in result) return isTrue(result.value);
    if (result.code !== "no-value-yet")
      world.warnOnce(`warning: ${title}: the condition has no value here, and does not stop the run: ${result.error}`);
    return false;
  };

  return {
    make(options, title, before) {
      const about = `${title} if ${options.condition ?? ""}`;
      const breakpoint = { id: nextId++, options, title, about, ...passesOf(options, about, before) };
      const problem =
        countProblem(options.hitCondition) ??
        messageProblem(options.logMessage, world.names) ??
        whenProblem(options.when, world.goesBack);
      if (problem !== undefined) return { breakpoint, problem };
      if (!options.condition) return { breakpoint };
      const condition = readCondition(options.condition, world.names);
      if ("error" in condition) return { breakpoint, problem: condition.error };
      return { breakpoint: { ...breakpoint, condition: condition.expr } };
    },
    stops(stop, also) {
      for (const condition of [stop.condition, also]) {
        if (condition && !holds(stop, condition)) return false;
      }
      if (stop.passes && !countFits(stop.options.hitCondition, timesPassed(stop.passes, world.step()))) return false;
      const { logMessage } = stop.options;
      if (logMessage === undefined) return true;
      world.message(logMessage === "" ? world.event() : world.interpolate(logMessage), stop.at);
      return false;
    },
    hit(stop, reason, text) {
      const times = stop.passes ? timesPassed(stop.passes, world.step()) : 0;
      return { reason, id: stop.id, text, times, when: stop.options.when === "before" ? "before" : "after" };
    },
  };
}

/** Breakpoints of a kind, and what those of that kind have besides. */
export interface Kind<Wanted, Own> {
  /** Instead of those that were set. */
  set(wanted: readonly Wanted[]): readonly BreakpointStatus[];
  all(): readonly (Breakpoint & Own)[];
}

export function createKind<Wanted extends BreakpointOptions, Own extends object>(
  { make }: Judge,
  title: (wanted: Wanted) => string,
  read: (wanted: Wanted) => Own | { readonly error: string },
): Kind<Wanted, Own> {
  let kept: (Breakpoint & Own)[] = [];
  return {
    set(wanted) {
      const before = kept;
      kept = [];
      return wanted.map((one) => {
        const { breakpoint, problem } = make(one, title(one), before);
        if (problem) return refused(breakpoint, problem);
        const own = read(one);
        if ("error" in own) return refused(breakpoint, own.error);
        kept.push({ ...breakpoint, ...own });
        return { id: breakpoint.id, verified: true };
      });
    },
    all: () => kept,
  };
}

// What breakpoints ask about the world, and tell it.
import type { Watch } from "../core/storage.ts";
import type { Expr } from "../scenario/ast.ts";
import type { Evaluation } from "../scenario/expressions.ts";
import type { EventPattern, NoPattern } from "./event_words.ts";

/** A place of the store, and the structure that it is in. */
export type PlacedWatch = Watch & { readonly structure: string };

/** A line at which a run can stop. */
export interface Place {
  readonly line: number;
  /** Kernel files: marks of that line (machine.sites); scenario files: none. */
  readonly sites: readonly number[];
}

export interface BreakpointWorld {
  pattern(text: string): EventPattern | NoPattern;
  /** The line from which on a line breakpoint can stop, with its marks; undefined: nowhere in the file. */
  place(file: string, line: number): Place | undefined;
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
  /** Tells the message of a breakpoint. `at`: its line; without, the message is about the statement under way. */
  message(text: string, at?: { readonly file: string; readonly line: number }): void;
  /** Tells it unless it was told before. */
  warnOnce(text: string): void;
}

// What a run remembers, all of it in the store, so that going back in time takes the scenario back too.
import { bool, number, oneOf, text, value } from "../../core/fields.ts";
import { Recent } from "../../core/recent.ts";
import { type Of, struct } from "../../core/struct.ts";

/** How many results, expectations, warnings are kept. */
export const KEPT_RESULTS = 1000;

/** Where a walk through the statements stands: one frame for each block that it is in, outermost first. */
export interface WalkFrame {
  /** Number of the list of statements (plan.ts). */
  readonly list: number;
  readonly index: number;
  /** Turn of a loop, from 0, of `turns`. */
  readonly turn: number;
  readonly turns: number;
  /** Which of a statement's actors is next (`NAME[*]`). */
  readonly element: number;
}

export interface Walker {
  /** The thread whose statements it does; -1: everybody's, one after the other. */
  readonly owner: number;
  readonly frames: readonly WalkFrame[];
}

export interface Place {
  readonly file: string;
  readonly line: number;
}

/** Callbacks of RCU that were queued one after the other for the same statement. */
export interface QueuedCallbacks {
  readonly place: Place;
  readonly count: number;
}

export interface StatementResult {
  readonly file: string;
  readonly line: number;
  readonly actor: string;
  readonly call: string;
  /** Null where the call failed, a signal ended it, or it could not be done. */
  readonly result: bigint | null;
  readonly errno: string | null;
  readonly signal: string | null;
  readonly ok: boolean;
  readonly step: number;
  /** What was expected, where that was not met. */
  readonly problem?: string;
}

export interface ExpectationResult {
  readonly file: string;
  readonly line: number;
  readonly text: string;
  readonly ok: boolean;
  /** The values that made it false, or why it could not be judged. */
  readonly problem?: string;
  readonly step: number;
}

export interface Warning {
  readonly file: string;
  readonly line: number;
  readonly message: string;
  readonly count: number;
}

/** What processes and the system have just before everybody exits. */
export interface FinalCounters {
  readonly processes: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly meminfo: Readonly<Record<string, number>>;
}

export const scenario_state = struct("scenario", {
  phase: oneOf({ 0: "statements", 1: "exits", 2: "over" }),
  walkers: value<readonly Walker[]>([]),
  /** What the schedule remembers. */
  schedule_memory: number(),
  /** The member that exits now or next, and whether it has begun to. */
  exiting: number(),
  exit_begun: bool(),
  /** Somebody may have been killed, and is not gone yet (dying.ts). */
  killing: bool(),
  /** The last 1,000 statement executions, and how many came before. */
  results: value<Recent<StatementResult>>(Recent.upTo(KEPT_RESULTS)),
  omitted: number(),
  failures: number(),
  expectations: value<readonly ExpectationResult[]>([]),
  warnings: value<readonly Warning[]>([]),
  /** A loop that does no step went on too long: the run was ended there. */
  cut_off: bool(),
  label: text(),
  /** Callbacks that wait, in order; the statement of the one that is under way, or was the last of its grace period (callbacks.ts). */
  callbacks: value<readonly QueuedCallbacks[]>([]),
  called_for: value<Place | null>(null),
  final: value<FinalCounters | null>(null),
  accesses: number(),
});

/** A range whose pages are accessed one by one. */
export interface Touch {
  readonly address: number;
  readonly pages: number;
  readonly write: boolean;
}

export const actor_state = struct("actor", {
  variables: value<Readonly<Record<string, bigint>>>({}),
  /** What a running `touch` accesses, and how many of its pages it has accessed. */
  touch: value<Touch | null>(null),
  progress: number(),
  /** It was killed, and is on its way out (dying.ts). */
  dying: number(),
  /** Place of the running statement: its file's number and the offset of its start, or -1. */
  file: number(),
  at: number(),
  /** Start of the statement that began last, in that file; -1: none has. */
  last: number(),
});

/** A counter of `count(EVENT, condition)` in the file. */
export const count_state = struct("counter", { times: number() });

export interface ScenarioState extends Of<typeof scenario_state> {}
export interface ActorState extends Of<typeof actor_state> {}
export interface CountState extends Of<typeof count_state> {}

// Where everybody stands: each walker is brought to its next call, and parallel blocks open into a walker for each of their
// threads. What is kept here beside the store can be worked out again at any time; a jump in time makes it so.
import type { Thread } from "../../core/thread.ts";
import type { System } from "../../kernel/boot.ts";
import type { Expr, Item } from "../ast.ts";
import type { Value } from "../values.ts";
import { BadArgument } from "./calls.ts";
import { textOf } from "./judge.ts";
import type { Plan } from "./plan.ts";
import type { Results } from "./results.ts";
import type { ScenarioState, Walker, WalkFrame } from "./state.ts";
import { type Arrival, afterBlock, afterCall, MOST_MOVES, NothingHappens, settle, type WalkContext } from "./walk.ts";
import type { Who } from "./who.ts";

export type CallArrival = Extract<Arrival, { kind: "call" }>;

export interface Settling {
  /** Brings every walker to its next call. Throws NothingHappens where none comes to one. */
  settle(): void;
  /** Threads that have a call to do or are in one, in the order in which a parallel block names them. */
  readonly ready: readonly Thread[];
  /** The call that a thread is at. */
  arrivalOf(thread: Thread): CallArrival | undefined;
  /** Who is in the middle of a call. */
  inFlight(): readonly Thread[];
  /** What was found out is not so any more. */
  forget(): void;
  /** What is known now; calling the result makes it so again. */
  keep(): () => void;
  /** What `work` finds out is forgotten after it. */
  meanwhile<T>(work: () => T): T;
}

interface Parts {
  readonly system: System;
  readonly plan: Plan;
  readonly state: ScenarioState;
  readonly who: Who;
  readonly results: Results;
  value(expr: Expr, thread: number, frames: readonly WalkFrame[]): Value;
  /** Whether somebody works in the background: what comes after a parallel block comes after that. */
  working(): boolean;
  /** The next statement of `arrival` can never be done, for this reason. */
  refuse(arrival: CallArrival, problem: string): void;
  expect(item: Extract<Item, { kind: "expect" }>, frames: readonly WalkFrame[]): void;
}

export function createSettling({ system, plan, state, who, results, value, working, refuse, expect }: Parts): Settling {
  let arrivals = new Map<number, CallArrival>();
  let ready: readonly Thread[] = [];
  let settledFor: readonly Walker[] | null = null;
  /** Since a call was last done or arrived at. */
  let moves = 0;
  const mainThread = system.kernelThread.id;

  const context: WalkContext = {
    moved() {
      if (++moves > MOST_MOVES) throw new NothingHappens("loops without a step");
    },
    actors: (item, frames) => attempt(item, () => who.threadsOf(item.actor, frames)) ?? [],
    turns: (item, frames) => attempt(item, () => turnsOf(item, frames)) ?? 0,
    passing(item, frames) {
      if (item.kind === "expect") expect(item, frames);
      else if (item.kind === "label") state.label = item.name.text;
    },
  };

  /** What stands in the statement may mean nothing where the run is: no such element, no integer. */
  function attempt<T>(item: Item, work: () => T): T | undefined {
    try {
      return work();
    } catch (reason) {
      if (!(reason instanceof BadArgument)) throw reason;
      const actor = "actor" in item ? textOf(item.actor, plan.fileOf(item)) : "";
      results.refused(item, actor, item.kind === "call-statement" ? item.call.name.text : item.kind, reason.message);
      return undefined;
    }
  }

  function turnsOf(item: Extract<Item, { kind: "repeat" }>, frames: readonly WalkFrame[]): number {
    const block = frames.findLast((frame) => plan.lists[frame.list]!.actor);
    const thread = block ? who.threadsOf(plan.lists[block.list]!.actor!, frames)[0]! : mainThread;
    const count = value(item.count, thread, frames);
    if (typeof count !== "bigint") throw new BadArgument("`repeat` takes an integer");
    return Number(count);
  }

  function settleAll(): void {
    if (settledFor === state.walkers) {
      // Who waits to be forked can go on as soon as that is done, also where the call that forks is not over.
      if (ready.length < arrivals.size) findReady();
      return;
    }
    const before = arrivals;
    arrivals = new Map();
    let walkers = state.walkers;
    moves = 0;
    for (;;) {
      context.moved();
      const main = walkers[0]!;
      if (walkers.length > 1) {
        const parts = walkers.slice(1).flatMap((walker) => arrive(walker, before));
        if (parts.length === 0) {
          walkers = [afterBlock(main)];
          if (!working()) continue;
          state.walkers = walkers;
          settledFor = null;
          ready = [];
          return;
        }
        walkers = [main, ...parts];
        const lost = lostPart(parts);
        if (!lost) break;
        refuse(arrivals.get(lost.owner)!, who.unable(lost.owner)!);
        walkers = walkers.map((one) => (one === lost ? afterCall(one) : one));
        continue;
      }
      const arrival = settle(plan, main, context);
      if (arrival.kind === "end") {
        walkers = [{ ...main, frames: [] }];
        break;
      }
      if (arrival.kind === "call") {
        const problem = who.unable(arrival.actor);
        if (problem !== undefined) {
          refuse(arrival, problem);
          walkers = [afterCall(arrival.walker)];
          continue;
        }
        arrivals.set(arrival.actor, arrival);
        walkers = [arrival.walker];
        break;
      }
      const parts = openParallel(arrival);
      // A block that gives nobody anything to do is over at once.
      walkers = parts.length > 0 ? [arrival.walker, ...parts] : [afterBlock(arrival.walker)];
    }
    if (!sameWalkers(walkers, state.walkers)) state.walkers = walkers;
    settledFor = state.walkers;
    findReady();
  }

  function findReady(): void {
    ready = [...arrivals.keys()].filter((id) => who.unable(id) === undefined).map((id) => system.threads[id]!);
    for (const thread of ready) if (!thread.call) thread.cpu = system.taskOf(thread).cpu;
  }

  /**
   * A part of a parallel block whose next statement can never be done. Who is not forked yet waits for that, as long as
   * anybody else has something to do.
   */
  function lostPart(parts: readonly Walker[]): Walker | undefined {
    const isAlive = ({ owner }: Walker) => who.unable(owner) === undefined;
    if (!parts.some(isAlive)) return parts[0];
    return parts.find((part) => !isAlive(part) && system.taskOf(system.threads[part.owner]!).started === 1);
  }

  function arrive(walker: Walker, before: ReadonlyMap<number, CallArrival>): Walker[] {
    const known = before.get(walker.owner);
    const arrival = known?.walker === walker ? known : settle(plan, walker, context);
    if (arrival.kind !== "call") return [];
    arrivals.set(arrival.actor, arrival);
    return [arrival.walker];
  }

  function openParallel({ item, walker }: Extract<Arrival, { kind: "parallel" }>): Walker[] {
    const list = plan.listOf(item);
    const threads = new Set<number>();
    const look = (items: readonly Item[]) => {
      for (const one of items) {
        if (one.kind === "call-statement" || one.kind === "actor-block") {
          const { actor } = one;
          const whole = actor.kind === "process" && actor.index !== undefined && actor.index !== "all";
          for (const id of who.threadsOf(whole ? { ...actor, index: "all" } : actor, walker.frames)) threads.add(id);
        } else if (one.kind === "repeat") look(one.body);
      }
    };
    look(item.body);
    const frames = [...walker.frames, { list, index: 0, turn: 0, turns: 1, element: 0 }];
    return [...threads].map((owner) => ({ owner, frames }));
  }

  function keep(): () => void {
    const kept = { arrivals, ready, settledFor };
    return () => ({ arrivals, ready, settledFor } = kept);
  }

  return {
    settle: settleAll,
    get ready() {
      return ready;
    },
    arrivalOf: (thread) => arrivals.get(thread.id),
    inFlight: () => [...arrivals.keys()].map((id) => system.threads[id]!).filter((thread) => thread.call),
    forget() {
      settledFor = null;
    },
    keep,
    meanwhile(work) {
      const again = keep();
      try {
        return work();
      } finally {
        again();
      }
    },
  };
}

function sameWalkers(a: readonly Walker[], b: readonly Walker[]): boolean {
  return a.length === b.length && a.every((walker, i) => walker === b[i]);
}

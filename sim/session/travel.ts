// Moving in time: to a step, to the last step at which something was so; all by re-execution, and in slices, so that a long way
// can be given up in its middle.

import type { Outcome } from "../core/forward.ts";
import { NEAR } from "../core/run.ts";
import type { Lookup } from "../debugging.ts";
import type { Loaded } from "./load.ts";

/** Work that yields whenever a slice of it is done. */
export type Sliced<T> = Generator<undefined, T, undefined>;

/** Told when the machine is somewhere else. */
export interface Traveller {
  /** In the middle of a search. */
  jumped(): void;
  /** Where it was wanted. */
  arrived(): void;
  /** Back where it had been, after looking around. */
  returned(): void;
}

/** Which events a search is asked about: those that breakpoints are about, every one, or these. */
export type Attention = "armed" | "all" | readonly number[];
/** A stretch that was searched: from the checkpoint at `start`, and the last step that fitted. */
export interface Stretch {
  readonly start: number;
  readonly found: number | undefined;
}

export interface Travel {
  /** A search is going on: what breakpoints find now is not for people. */
  readonly searching: boolean;
  /** Steps in a slice; setting it begins a new one. */
  slice: number;
  goTo(step: number): Sliced<void>;
  /** The same on the way to somewhere else. */
  visit(step: number): Sliced<void>;
  /** One stretch, from the checkpoint before `upTo` up to it: the last step at which `match` says yes. */
  scan(match: (event: number) => boolean, upTo: number, attention: Attention): Sliced<Stretch>;
  /** The last such step before `from`. `match` judges each step by itself: it is asked about the last of all first. */
  lastBefore(match: (event: number) => boolean, from: number, attention: Attention): Sliced<number | undefined>;
  /** The same where `match` is to be asked about all steps from a checkpoint on: from checkpoint to checkpoint, latest first. */
  lastInARow(match: (event: number) => boolean, from: number, attention: Attention): Sliced<number | undefined>;
  /** The first such step after `from` that is recorded. */
  firstAfter(match: (event: number) => boolean, from: number, attention: Attention): Sliced<number | undefined>;
  /** The first recorded step, from 0 on, whose state is so; once it is, it stays so. Undefined: none is. */
  firstState(isSo: () => boolean): Sliced<number | undefined>;
  /** Looks around in time; afterwards the machine is where it was. The caller arms its breakpoints again. */
  fromHere<T>(work: () => Sliced<T>): Sliced<T>;
}

/** A jump over more steps than this is sliced. */
const LONG = 100_000;

export function createTravel({ system, run, runner }: Loaded, traveller: Traveller): Travel {
  const { machine } = system;
  let searching = false;
  let slice = Number.POSITIVE_INFINITY;
  /** Steps of it that have been done. */
  let spent = 0;

  function* rest(): Sliced<void> {
    if (spent < slice) return;
    yield;
    spent = 0;
  }

  /** Forward in what is left of the slice. */
  const forward = (step: number): Outcome => {
    const from = machine.step;
    const outcome = run.forward(step, Math.max(1, slice - spent));
    spent += machine.step - from;
    return outcome;
  };

  /** Runs on with another observer than the breakpoints'. */
  const looking = <T>(look: (event: number) => boolean, work: () => T): T => {
    const { observer } = machine;
    searching = true;
    machine.observedUpTo = machine.step;
    machine.observer = look;
    try {
      return work();
    } finally {
      searching = false;
      machine.observer = observer;
    }
  };

  const attend = (attention: Attention) => {
    if (attention !== "armed") machine.attend(attention === "all" ? machine.events.names.keys() : attention);
  };

  const travel: Travel = {
    get searching() {
      return searching;
    },
    get slice() {
      return slice;
    },
    set slice(steps) {
      slice = steps;
      spent = 0;
    },
    *goTo(step) {
      yield* reach(step);
      traveller.arrived();
    },
    visit: reach,
    *scan(match, upTo, attention) {
      const start = run.rewind(upTo);
      traveller.jumped();
      let found: number | undefined;
      const look = (event: number) => {
        if (match(event)) found = machine.step;
        return false;
      };
      for (;;) {
        attend(attention);
        if (looking(look, () => forward(upTo)) !== "budget") return { start, found };
        yield* rest();
      }
    },
    *lastBefore(match, from, attention) {
      // What is looked for is near, most of the time; and to look takes longer than to run.
      const near = yield* lastNear(match, from - 1, attention);
      return near ?? (yield* travel.lastInARow(match, from, attention));
    },
    *lastInARow(match, from, attention) {
      if (from > 1 && run.distance(from - 1) > 2 * NEAR) yield* longWay(from - 1);
      for (let upTo = from - 1; upTo > 0; ) {
        const { start, found } = yield* travel.scan(match, upTo, attention);
        if (found !== undefined) return found;
        upTo = start;
        // Whoever gives up here is at the beginning of what was looked at.
        run.rewind(start + 1);
        yield* rest();
      }
      return undefined;
    },
    *firstAfter(match, from, attention) {
      yield* reach(from);
      traveller.jumped();
      let found: number | undefined;
      const look = (event: number) => {
        if (!match(event)) return false;
        found = machine.step;
        return true;
      };
      while (found === undefined && machine.step < run.last) {
        attend(attention);
        if (looking(look, () => forward(run.last)) !== "budget") break;
        yield* rest();
      }
      return found;
    },
    *firstState(isSo) {
      yield* reach(run.last);
      if (!isSo()) return undefined;
      let low = -1;
      let high = run.last;
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        yield* reach(middle);
        if (isSo()) high = middle;
        else low = middle;
        yield* rest();
      }
      return high;
    },
    *fromHere(work) {
      const now = machine.step;
      const over = runner.state.phase === OVER;
      // What is asked for by its step is still asked for then.
      const captures = [...machine.captures];
      try {
        return yield* work();
      } finally {
        for (const [step, stack] of captures) if (!machine.captures.has(step)) machine.captures.set(step, stack);
        yield* reach(now);
        // What comes after the last step takes none.
        if (over) run.forward(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
        traveller.returned();
      }
    },
  };

  /** The last such step up to this one, which is far from a checkpoint, if it is among the last of all. */
  function* lastNear(
    match: (event: number) => boolean,
    upTo: number,
    attention: Attention,
  ): Sliced<number | undefined> {
    if (upTo < 1) return undefined;
    run.rewind(upTo);
    traveller.jumped();
    if (run.distance(upTo) <= 2 * NEAR) return undefined;
    // It may be the very last, and then everything is known of it.
    machine.captures.set(upTo, "");
    yield* longWay(upTo);
    traveller.jumped();
    let found: number | undefined;
    const look = (event: number) => {
      if (match(event)) found = machine.step;
      return false;
    };
    while (machine.step < upTo) {
      attend(attention);
      if (looking(look, () => forward(upTo)) !== "budget") break;
      yield* rest();
    }
    return found;
  }

  function* reach(step: number): Sliced<void> {
    if (machine.step === step && machine.captures.get(step)) {
      machine.observedUpTo = step;
      return;
    }
    machine.captures.set(step, "");
    // Also for the step at which the machine is: the call stack is kept only on the way.
    if (step > 0 && machine.step >= step) run.rewind(step);
    if (run.distance(step) > LONG) yield* longWay(step);
    spent += run.distance(step);
    run.goto(step);
    machine.observedUpTo = machine.step;
  }

  /** Most of the way to `step`, unseen. */
  function* longWay(step: number): Sliced<void> {
    if (machine.step >= step || run.recording.before(step).step > machine.step) run.rewind(step);
    for (;;) {
      machine.observedUpTo = Number.POSITIVE_INFINITY;
      const from = machine.step;
      const left = step - NEAR - from;
      const outcome = run.forward(step, Math.max(1, Math.min(slice - spent, left)));
      spent += machine.step - from;
      if (outcome !== "budget" || machine.step >= step - NEAR) break;
      yield* rest();
    }
    if (machine.step < step) run.keep();
  }

  return travel;
}

/** The scenario's phase after which nothing comes. */
const OVER = 2;

/** Sliced work as who asks for it drives it. `done` is called when the machine is where it was. */
export function lookup<T>(travel: Travel, work: Sliced<T>, done: () => void): Lookup<T> {
  let givenUp = false;
  const result = (step: IteratorResult<undefined, T>) => {
    if (!step.done) return undefined;
    done();
    return givenUp ? "given up" : { answer: step.value };
  };
  let first: IteratorResult<undefined, T> | undefined;
  return {
    advance(steps) {
      travel.slice = steps;
      const step = first ?? work.next();
      first = undefined;
      return result(step);
    },
    giveUp() {
      givenUp = true;
      first = work.return(undefined as T);
    },
  };
}

/** Ends sliced work in its middle, at once. */
export function givenUp(travel: Travel, work: Sliced<unknown>): void {
  travel.slice = Number.POSITIVE_INFINITY;
  for (let step = work.return(undefined); !step.done; step = work.next());
}

/** Sliced work in one go. */
export function whole<T>(travel: Travel, work: Sliced<T>): T {
  const { slice } = travel;
  travel.slice = Number.POSITIVE_INFINITY;
  for (;;) {
    const { done, value } = work.next();
    if (!done) continue;
    travel.slice = slice;
    return value;
  }
}

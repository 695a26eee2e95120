// Moving in time: to a step, to the last step at which something was so, to who wrote something; all by re-execution, and in
// slices, so that a long way can be given up in its middle.
import { captureStack } from "../core/machine.ts";
import type { BugReport } from "../detectors/report.ts";
import { describeEvent } from "./describe.ts";
import { addTo, concerns, type HistoryLine, shortened, tellingEvents } from "./history.ts";
import type { Loaded } from "./load.ts";
import { watchPlace } from "./places.ts";
import type { History } from "./splat.ts";
import { framesOf, type SourceMaps } from "./stack.ts";

/** Work that yields whenever a slice of it is done. */
export type Sliced<T> = Generator<undefined, T, undefined>;

/** Told when the machine is somewhere else. */
export interface Traveller {
  /** In the middle of a search. */
  jumped(): void;
  /** Where it was wanted. */
  arrived(): void;
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
  /** Steps in a slice. */
  slice: number;
  goTo(step: number): Sliced<void>;
  /** One stretch, from the checkpoint before `upTo` up to it: the last step at which `match` says yes. */
  scan(match: (event: number) => boolean, upTo: number, attention: Attention): Sliced<Stretch>;
  /** The last such step before `from`, from checkpoint to checkpoint, latest first. */
  lastBefore(match: (event: number) => boolean, from: number, attention: Attention): Sliced<number | undefined>;
  /** Texts and places of `count` steps from `from` on, as far as they are recorded. */
  stepsAround(from: number, count: number): StepText[];
  /** What happened to a report's objects until it was made. */
  historyOf(bug: BugReport): History;
  whoWrote(dataId: string): { readonly step: number; readonly description: string } | { readonly error: string };
}

export interface StepText {
  readonly step: number;
  readonly text: string;
  readonly file?: string;
  readonly line?: number;
}

/** A jump over more steps than this is sliced. */
const LONG = 100_000;
/** So near to where a long jump leads a checkpoint is taken, so that the next jump is short. */
const NEAR = 500;

/** Steps that are looked at for the history of a report's objects: some hundred milliseconds. */
const HISTORY_STEPS = 300_000;

/** The caller arms its breakpoints again after `stepsAround` and `whoWrote`. */
export function createTravel(loaded: Loaded, maps: SourceMaps, traveller: Traveller): Travel {
  const { system, run } = loaded;
  const { machine } = system;
  let searching = false;

  /** Runs on with another observer than the breakpoints'. */
  const looking = <T>(look: (event: number) => void, work: () => T): T => {
    const { observer } = machine;
    searching = true;
    machine.observedUpTo = machine.step;
    machine.observer = (event) => {
      look(event);
      return false;
    };
    try {
      return work();
    } finally {
      searching = false;
      machine.observer = observer;
    }
  };

  /** To the end, whatever a slice is. */
  const inOneGo = <T>(begin: () => Sliced<T>): T => {
    const { slice } = travel;
    travel.slice = Number.POSITIVE_INFINITY;
    const work = begin();
    for (;;) {
      const { done, value } = work.next();
      if (!done) continue;
      travel.slice = slice;
      return value;
    }
  };

  const travel: Travel = {
    get searching() {
      return searching;
    },
    slice: Number.POSITIVE_INFINITY,
    *goTo(step) {
      machine.captures.set(step, "");
      // Also for the step at which the machine is: the call stack is kept only on the way.
      if (step > 0 && machine.step >= step) run.rewind(step);
      if (run.distance(step) > LONG) yield* longWay(step);
      run.goto(step);
      machine.observedUpTo = machine.step;
      traveller.arrived();
    },
    *scan(match, upTo, attention) {
      const start = run.rewind(upTo);
      traveller.jumped();
      let found: number | undefined;
      const look = (event: number) => {
        if (match(event)) found = machine.step;
      };
      for (;;) {
        if (attention !== "armed") machine.attend(attention === "all" ? machine.events.names.keys() : attention);
        if (looking(look, () => run.forward(upTo, travel.slice)) !== "budget") return { start, found };
        yield;
      }
    },
    *lastBefore(match, from, attention) {
      for (let upTo = from - 1; upTo > 0; ) {
        const { start, found } = yield* travel.scan(match, upTo, attention);
        if (found !== undefined) return found;
        upTo = start;
        // Whoever gives up here is at the beginning of what was looked at.
        run.rewind(start + 1);
        yield;
      }
      return undefined;
    },
    stepsAround(from, count) {
      const now = machine.step;
      const last = Math.min(run.last, from + count - 1);
      const found: StepText[] = [];
      for (let upTo = last; upTo >= Math.max(1, from); ) {
        const stretch: StepText[] = [];
        const note = () => {
          if (machine.step < from) return false;
          const frame = framesOf(captureStack(), maps)[0];
          const text = `${machine.thread?.name ?? ""}: ${describeEvent(system)}`;
          stretch.push({ step: machine.step, text, file: frame?.file, line: frame?.line });
          return false;
        };
        const to = upTo;
        upTo = inOneGo(() => travel.scan(note, to, "all")).start;
        found.unshift(...stretch);
      }
      inOneGo(() => travel.goTo(now));
      return found;
    },
    historyOf(bug) {
      const now = machine.step;
      const telling = tellingEvents(system);
      let lines: HistoryLine[] = [];
      let upTo = Math.min(now, bug.step);
      while (upTo > 0 && bug.step - upTo < HISTORY_STEPS) {
        const stretch: HistoryLine[] = [];
        const note = () => {
          if (concerns(loaded, bug)) addTo(stretch, system);
          return false;
        };
        const to = upTo;
        upTo = inOneGo(() => travel.scan(note, to, telling)).start;
        lines = [...stretch, ...lines];
      }
      inOneGo(() => travel.goTo(now));
      return { lines: shortened(lines), from: upTo + 1 };
    },
    whoWrote(dataId) {
      const now = machine.step;
      let hit = false;
      const watched = watchPlace(system, dataId, (before, after) => {
        if (before !== after) hit = true;
        machine.alert();
      });
      if (typeof watched === "string") return { error: watched };
      for (const storage of machine.store.storages)
        storage.watch(watched.filter((one) => one.structure === storage.type.name));
      let description = "";
      const written = () => {
        if (!hit) return false;
        hit = false;
        description = describeEvent(system);
        return true;
      };
      const found = inOneGo(() => travel.lastBefore(written, now + 1, "armed"));
      inOneGo(() => travel.goTo(now));
      return found === undefined ? { error: "nobody has written it since the start" } : { step: found, description };
    },
  };

  /** Most of the way to `step`, unseen. */
  function* longWay(step: number): Sliced<void> {
    if (machine.step > step || run.recording.before(step).step > machine.step) run.rewind(step);
    for (;;) {
      machine.observedUpTo = Number.POSITIVE_INFINITY;
      const left = step - NEAR - machine.step;
      const outcome = run.forward(step, Math.min(travel.slice, Math.max(1, left)));
      if (outcome !== "budget" || machine.step >= step - NEAR) break;
      yield;
    }
    if (run.atBoundary && machine.step < step) run.recording.take();
  }

  return travel;
}

// Takes up a goal and works on it in slices: forward under the eyes of breakpoints, or a way through the past.
import { captureStack } from "../core/machine.ts";
import type { Frame, Goal, Stop, Until } from "../debugging.ts";
import { describeEvent } from "./describe.ts";
import type { Loaded } from "./load.ts";
import { framesOf, type SourceMaps } from "./stack.ts";
import { createStepper, firstStepper } from "./stepper.ts";
import { partOf, type Stops, type Why } from "./stops.ts";
import { threadNumbered } from "./threads.ts";
import { givenUp, type Sliced, type Travel, whole } from "./travel.ts";
import type { FoundTrouble } from "./trouble.ts";
import type { Watching } from "./watching.ts";
import { backInKernel, backToBegin, backToStatement, backToStop, type WayWorld } from "./ways.ts";

export interface Moving {
  begin(goal: Goal): void;
  /** About so many steps; the stop, or undefined to be called again. */
  advance(steps: number): Stop | undefined;
  pause(): Stop;
  /** The machine has been taken somewhere else. */
  arrived(): void;
}

interface Parts {
  readonly loaded: Loaded;
  readonly maps: SourceMaps;
  readonly travel: Travel;
  readonly stops: Stops;
  readonly watching: Watching;
  /** Frames of a thread; steps are done once more where they were not kept. */
  stack(thread: number): Sliced<readonly Frame[]>;
  /** The same, of those that were kept. */
  keptStack(thread: number): readonly Frame[];
  /** A thread of the user's choice does what comes: what is recorded of the future is not so any more. */
  newFuture(): void;
  /** The run is over. */
  summary(): void;
  /** The history has come to its memory. */
  historyFull(): void;
}

type Granularity = Extract<Goal, { kind: "step" }>["by"];

export function createMoving(parts: Parts): Moving {
  const { loaded, maps, travel, stops, watching } = parts;
  const { system, run, maxSteps } = loaded;
  const { machine } = system;
  let goal: Goal = { kind: "goto", step: 0 };
  /** Undefined: forward. */
  let way: Sliced<Stop | undefined> | undefined;
  /** Before all else: a look at the whole run for hits that were before their breakpoint was set. */
  let counting: Sliced<unknown> | undefined;
  /** Where the present goal was taken up. */
  let origin = 0;
  /** What was found when the run was over, and has not been told yet; undefined: it is not over. */
  let lastTroubles: FoundTrouble[] | undefined;

  const ways: WayWorld = {
    system,
    travel,
    running: () => stops.numberOf(machine.thread),
    stack: parts.keptStack,
    kernelFrames: () => framesOf(captureStack(), maps),
    hitsNow: watching.hitsNow,
    stopsBefore: watching.breakpoints.stopsBefore,
    watchCalls: watching.functions.watchCalls,
  };

  const wayOf = (wanted: Goal): Sliced<Stop | undefined> | undefined => {
    if (wanted.kind === "reverse") return wayToStop(wanted.until);
    if (wanted.kind === "stepBack") return wayOneBack(wanted.thread, wanted.by);
    if (wanted.kind === "restart") return wayToBegin(wanted.thread, wanted.depth);
    if (wanted.kind === "step") return wayIntoStep(wanted);
    if (wanted.kind !== "goto") return undefined;
    if (wanted.step <= run.last) return wayTo(Math.max(0, wanted.step));
    return machine.step < run.last ? wayToLast() : undefined;
  };

  /** Call stacks of earlier stops. */
  const dropCaptures = () => {
    for (const step of [...machine.captures.keys()]) if (step !== machine.step) machine.captures.delete(step);
  };

  const beginning = (thread: number): Stop => stops.make("entry", "beginning of recorded history", { thread });

  function* wayToStop(until: Until | undefined): Sliced<Stop> {
    const from = machine.step;
    const found = yield* backToStop(ways);
    if (found) return yield* stopFor(found);
    if (until?.onTheWay !== "pass") return beginning(1);
    return yield* wayTo(from, `${until.text} was not reached before`);
  }

  /** What stops before the step that was just done comes first. */
  function* stopFor(why: Why): Sliced<Stop> {
    const early = partOf(why, ({ when }) => when === "before");
    if (early.hits.length === 0) return stops.because(why);
    const stop = stops.before(early);
    yield* travel.goTo(machine.step - 1);
    return stop();
  }

  function* wayOneBack(thread: number, by: Granularity): Sliced<Stop> {
    const [innermost] = yield* parts.stack(thread);
    if (by === "instruction" || innermost?.kind === "kernel") {
      const found = yield* backInKernel(ways, thread, by);
      return found ? stops.make("step", describeEvent(system), { thread }) : beginning(thread);
    }
    const found = yield* backToStatement(ways);
    return found === undefined ? beginning(1) : stops.make("step", describeEvent(system), { thread: found });
  }

  function* wayToBegin(thread: number, depth: number): Sliced<Stop> {
    const stack = yield* parts.stack(thread);
    const frame = stack[depth];
    if (!frame || machine.step === 0) return stops.make("restart", describeEvent(system), { thread });
    const what = frame.kind === "kernel" ? `the first step in ${frame.name}` : "the statement's beginning";
    const found = yield* backToBegin(ways, thread, stack, depth);
    return found ? stops.make("restart", `${what}: ${describeEvent(system)}`, { thread }) : beginning(thread);
  }

  function* wayTo(step: number, instead?: string): Sliced<Stop> {
    yield* travel.goTo(step);
    return stops.here("goto", instead);
  }

  /** What is recorded is not done once more on the way to a step that lies beyond. */
  function* wayToLast(): Sliced<undefined> {
    yield* travel.goTo(run.last);
    watching.arm();
    return undefined;
  }

  /** The stop is about a failed expectation, and the statement that comes after it has begun: nobody has seen that one yet. */
  const hasBegunNext = (): boolean =>
    stops.troubled?.failure !== undefined && machine.event === machine.events.id("statement");

  /** A step begins where the thread stands; to know that may need steps to be done once more. It then goes forward. */
  function* wayIntoStep(wanted: Extract<Goal, { kind: "step" }>): Sliced<Stop | undefined> {
    if (wanted.by !== "instruction" && !wanted.alone && hasBegunNext()) return stops.here("step");
    const stack = yield* parts.stack(wanted.thread);
    dropCaptures();
    const only = wanted.alone ? threadNumbered(loaded, wanted.thread) : null;
    if (only) parts.newFuture();
    run.letOnly(only);
    const world = { machine, dapId: stops.numberOf, framesNow: () => framesOf(captureStack(), maps) };
    watching.stepper = machine.step === 0 ? firstStepper(wanted, world) : createStepper(wanted, stack, world);
    machine.observedUpTo = machine.step;
    watching.arm();
    return undefined;
  }

  /** Goals that honour breakpoints, where one of them has hits that were not counted yet. */
  const countingFor = (wanted: Goal): Sliced<unknown> | undefined => {
    const honours = wanted.kind === "continue" || wanted.kind === "reverse" || wanted.kind === "step";
    const passes = "until" in wanted && wanted.until?.onTheWay === "pass";
    if (!honours || passes || !watching.breakpoints.uncounted()) return undefined;
    const comeBy = (event: number) => {
      watching.hitsNow(event);
      return false;
    };
    return travel.fromHere(() => travel.firstAfter(comeBy, 0, "armed"));
  };

  /** What is found when the run is over stops it too, one after the other. */
  const finish = (): Stop => {
    if (!lastTroubles) {
      lastTroubles = watching.trouble.since(-1);
      parts.summary();
    }
    const exception = lastTroubles.shift();
    if (!exception) return stops.make("end", "end of the run");
    return stops.because({ hits: exception.hits, thread: stops.current, exception });
  };

  /** Goes the first slice of a way. */
  const take = (next: Sliced<Stop>): Stop | undefined => {
    way = next;
    const { done, value } = way.next();
    return done ? value : undefined;
  };

  const forward = (steps: number): Stop | undefined => {
    const outcome = run.forward(Math.min(goal.kind === "goto" ? goal.step : maxSteps, maxSteps), steps);
    if (run.recording.isFull) parts.historyFull();
    if (outcome === "budget") return undefined;
    if (outcome === "stopped" && watching.why) return take(stopFor(watching.why));
    if (goal.kind === "goto" && machine.step >= goal.step) return stops.here("goto");
    if (goal.kind === "continue" && goal.until?.onTheWay === "pass") {
      way = wayTo(origin, `${goal.until.text} is not reached before the end of the run, step ${run.last}`);
      return undefined;
    }
    if (outcome === "done" && goal.kind === "goto") {
      way = wayTo(origin, `there is no step ${goal.step}: the run ends at step ${run.last}`);
      return undefined;
    }
    if (outcome === "done") return finish();
    return stops.make("limit", `the limit of ${maxSteps} steps`, { thread: stops.numberOf(machine.thread) });
  };

  return {
    begin(wanted) {
      goal = wanted;
      watching.why = null;
      watching.stepper = null;
      origin = machine.step;
      watching.origin = origin;
      if (wanted.kind !== "step") {
        dropCaptures();
        run.letOnly(null);
      }
      machine.observedUpTo = machine.step;
      watching.breakpoints.setUntil(wanted.kind === "continue" || wanted.kind === "reverse" ? wanted.until : undefined);
      watching.arm();
      counting = countingFor(wanted);
      way = wayOf(wanted);
    },
    advance(steps) {
      travel.slice = steps;
      if (counting) {
        if (!counting.next().done) return undefined;
        counting = undefined;
        watching.breakpoints.counted();
        watching.arm();
      }
      if (!way) return forward(steps);
      const { done, value } = way.next();
      if (!done) return undefined;
      if (value) return value;
      way = undefined;
      return forward(steps);
    },
    /** Stops at the next step: events and call stacks are only known where a step is done, and between two statements there is none. */
    pause() {
      if (counting) {
        // The goal was not begun: the machine is where it was, and everything is known there.
        givenUp(travel, counting);
        counting = undefined;
        way = undefined;
        watching.stepper = null;
        watching.breakpoints.setUntil(undefined);
        watching.arm();
        return stops.here("pause");
      }
      way = undefined;
      watching.stepper = null;
      watching.breakpoints.setUntil(undefined);
      machine.observedUpTo = machine.step;
      watching.arm();
      // Between two calls the last one has its result, which it has not where one comes to its last step again.
      if (run.atBoundary) run.keep();
      machine.captures.set(machine.step + 1, "");
      run.forward(machine.step + 1, 1);
      // What stops the run there is passed when it goes on.
      return watching.why ? whole(travel, stopFor(watching.why)) : stops.here("pause");
    },
    arrived() {
      watching.why = null;
      lastTroubles = undefined;
    },
  };
}

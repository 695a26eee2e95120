// A scenario being debugged: the engine side of `DebugSession` (debugging.ts). Puts together run, breakpoints, views.

import { captureStack } from "../core/machine.ts";
import type { Thread } from "../core/thread.ts";
import type { DebugSession, Goal, Host, LaunchOptions, Output, Refusal, Stop, Until } from "../debugging.ts";
import type { BugObject } from "../detectors/report.ts";
import type { Expr } from "../scenario/ast.ts";
import { parseExpressionText } from "../scenario/parser.ts";
import type { Value } from "../scenario/values.ts";
import { namesIn } from "./breakpoint_words.ts";
import { type Breakpoints, createBreakpoints, type Hit, hitText } from "./breakpoints.ts";
import { completions } from "./completions.ts";
import { describeEvent } from "./describe.ts";
import { trackDifferences } from "./differences.ts";
import { eventPattern, eventWords, type WordContext } from "./event_words.ts";
import { createFunctionWatch } from "./function_watch.ts";
import { breakableLines, kernelFiles, kernelSites, scenarioLine } from "./lines.ts";
import { type Loaded, load } from "./load.ts";
import { createLooking, type Names } from "./looking.ts";
import { expressionNode } from "./nodes.ts";
import { stateOf } from "./object_state.ts";
import { labels, placeNamed } from "./place_names.ts";
import { nameOfPlace, valueAtPlace } from "./place_titles.ts";
import { watchPlace, writePlace } from "./places.ts";
import { type RunReport, reportOf } from "./report.ts";
import { bytesText } from "./show.ts";
import { splat, titleOf } from "./splat.ts";
import { createSourceMaps, framesOf } from "./stack.ts";
import { createStepper, firstStepper, type Stepper } from "./stepper.ts";
import { reportText } from "./summary.ts";
import { runnable, threadInfos, threadNumber, threadNumbered } from "./threads.ts";
import { createTravel, type Sliced } from "./travel.ts";
import { createTrouble, exceptionFilters, type FoundTrouble } from "./trouble.ts";
import { backInKernel, backToBegin, backToStatement, backToStop, type WayWorld } from "./ways.ts";

export interface OpenDebugSession extends DebugSession {
  /** What the run came to so far. */
  report(): RunReport;
}

export function openDebugSession(host: Host, options: LaunchOptions): OpenDebugSession | Refusal {
  const loaded = load(host, options);
  return "refused" in loaded ? loaded : createSession(loaded, host);
}

/** Steps after which a call that runs as plain calls is watched step by step, so that it can be paused: some 100 ms. */
const PATIENCE = 50_000;

/** What a stop is about: decided by the observer, kept until the next one. */
interface Why {
  readonly hits: readonly Hit[];
  readonly step: boolean;
  readonly thread: number;
  readonly exception?: FoundTrouble | undefined;
}

function createSession(loaded: Loaded, host: Host): OpenDebugSession {
  const { system, runner, run, detectors, scenario, maxSteps } = loaded;
  const { machine } = system;
  const maps = createSourceMaps(host.sourceMap);
  const outputs: Output[] = [];
  const changed = trackDifferences(system);
  let goal: Goal = { kind: "goto", step: 0 };
  let why: Why | null = null;
  let stepper: Stepper | null = null;
  let way: Sliced<Stop> | undefined;
  /** Where the present goal was taken up. */
  let origin = 0;
  /** What the present stop is about, where it is about trouble. */
  let troubled: FoundTrouble | undefined;
  let current = 1;
  let ended = false;
  let summarised = false;

  const dapId = (thread: Thread | null): number => (thread === null ? current : threadNumber(thread));
  const looking = createLooking(loaded, maps, changed, () => current);
  const value = (expr: Expr, thread: Thread, names: Names): Value | undefined => {
    const result = looking.exprValue(expr, thread, names);
    return "value" in result ? result.value : undefined;
  };
  /** For conditions: the running thread at the current event. */
  const valueNow = (expr: Expr): Value | undefined => {
    const running = machine.thread && machine.thread.id >= 0 ? machine.thread : threadNumbered(loaded, current);
    return value(expr, running, "event first");
  };

  const functions = createFunctionWatch(system);
  const words: WordContext = {
    system,
    functions: functions.names,
    mmOf: (name) => looking.taskNamed(name)?.mm,
    taskOf: looking.taskNamed,
    value: (expr) => value(expr, threadNumbered(loaded, current), "process only"),
    names: namesIn(loaded),
    processes: [...scenario.processes.keys()],
  };
  /** What is found while looking for something in the past is not news. */
  function tell(output: Output): void {
    if (!travel.searching) outputs.push(output);
  }
  const breakpoints: Breakpoints = createBreakpoints({
    pattern: (text) => eventPattern(text, words),
    place(file, line) {
      const at = scenarioLine(runner.plan, file, line);
      if (at !== undefined) return { line: at, sites: [] };
      return kernelSites(file, line);
    },
    watch: (dataId, hit) =>
      watchPlace(system, dataId, (before, after) => {
        if (machine.step >= machine.observedUpTo || travel.searching) {
          hit(before, after);
          machine.alert();
        }
      }),
    called: (id) => nameOfPlace(system, id),
    shown: (id, value) => valueAtPlace(system, id, value),
    bytes: (memory, length) => bytesText(looking.readMemory(memory, 0, length)),
    names: namesIn(loaded),
    filters: exceptionFilters().map(({ filter }) => filter),
    evaluate: valueNow,
    interpolate: (message) =>
      message.replace(/\{([^{}]+)\}/g, (_, text: string) => {
        const { expr, problems } = parseExpressionText(text);
        const result = problems.length > 0 ? undefined : valueNow(expr);
        return result === undefined ? `{${text}}` : expressionNode("", result, "decimal").value;
      }),
    step: () => machine.step,
    event: () => describeEvent(system),
    statement: looking.statementText,
    output: tell,
  });

  const trouble = createTrouble(loaded, breakpoints, tell);

  /** What stops the run at the step that was just done. */
  function hitsNow(event: number) {
    const hits: Hit[] = [];
    if (machine.events.names[event] === "statement") {
      const place = machine.place();
      hits.push(...breakpoints.atStatement(place.file, place.line));
    }
    hits.push(...breakpoints.atEvent(functions.take(), machine.sites), ...breakpoints.takeData());
    machine.sites.fill(0);
    const exception = trouble.since(event, hits);
    return { hits, exception };
  }

  /** Asked after each step that may matter, see Machine.observer. */
  const observe = (event: number): boolean => {
    const { hits, exception } = hitsNow(event);
    const stepDone = stepper?.done(event) ?? false;
    if (hits.length === 0 && !stepDone) return false;
    why = { hits, step: stepDone, thread: dapId(machine.thread), exception };
    machine.captures.set(machine.step, machine.straight ? "" : captureStack());
    return true;
  };

  /** What the observer is to be asked about from now on. */
  const arm = () => {
    const interest = breakpoints.interest();
    const everything = interest === "all" || stepper?.everyStep === true;
    const all = Array.from(machine.events.names.keys());
    const statement = machine.events.id("statement")!;
    machine.attend(everything ? all : [...interest, statement, machine.events.id("signal")!]);
    functions.arm(breakpoints.functions());
    for (const step of breakpoints.steps()) if (step > machine.step) machine.captures.set(step, "");
    const watches = breakpoints.watches();
    for (const storage of machine.store.storages)
      storage.watch(watches.filter((watch) => watch.structure === storage.type.name));
    machine.observer = observe;
  };

  /** Breakpoints may change while the run goes on, between two slices. */
  const armed = <T>(statuses: T): T => {
    arm();
    return statuses;
  };

  const makeStop = (reason: Stop["reason"], description: string, stop: Partial<Stop> = {}): Stop => {
    current = stop.thread ?? current;
    troubled = stop.exception as FoundTrouble | undefined;
    looking.forget();
    changed.newStop();
    return { reason, description: `${description}${pastText()}`, thread: current, hit: [], ...stop };
  };

  /** Stops in the thread that has done the last step. */
  const makeStopHere = (reason: Stop["reason"], text?: string): Stop =>
    machine.step === 0
      ? makeStop(reason, text ?? "before the first step", { thread: 1 })
      : makeStop(reason, text ?? describeEvent(system), { thread: dapId(lastThread()) });

  /** Between two steps nobody runs: then it is who has done the last one. */
  const lastThread = (): Thread | null => {
    const did = [...system.threads, ...system.platform.handlers].filter(({ lastStep }) => lastStep === machine.step);
    return machine.thread ?? did.find(({ call }) => call !== null) ?? did[0] ?? null;
  };

  const pastText = (): string => (machine.step < run.last ? `: step ${machine.step} of ${run.last}, in the past` : "");

  const stopHere = (): Stop => {
    const reason = why!;
    const hit = reason.hits.flatMap(({ id, reason: kind }) => (kind === "goto" ? [] : [id]));
    const first = reason.hits[0];
    const event = describeEvent(system);
    if (reason.exception)
      return makeStop("exception", titleOf(reason.exception.message), {
        thread: reason.thread,
        hit,
        exception: reason.exception,
      });
    if (!first) return makeStop("step", event, { thread: reason.thread });
    return makeStop(first.reason, hitText(first, event), { thread: reason.thread, hit });
  };

  const travel = createTravel(loaded, maps, {
    jumped() {
      trouble.catchUp();
      breakpoints.jumped();
    },
    arrived() {
      why = null;
      ended = false;
      trouble.catchUp();
      breakpoints.jumped();
      functions.take();
    },
  });

  const ways: WayWorld = {
    system,
    travel,
    running: () => dapId(machine.thread),
    stack: (thread) => session.stack(thread),
    hitsNow,
    watchFunction: (name) => functions.arm(new Set([name])),
    entered: (name) => functions.take().has(name),
  };

  const beginning = (thread: number): Stop => makeStop("entry", "beginning of recorded history", { thread });

  /** A way to somewhere in the past, a slice at a time; undefined where the goal lies ahead. */
  const wayOf = (wanted: Goal): Sliced<Stop> | undefined => {
    if (wanted.kind === "reverse") return wayToStop(wanted.until);
    if (wanted.kind === "stepBack") return wayOneBack(wanted.thread, wanted.by);
    if (wanted.kind === "restart") return wayToBegin(wanted.thread, wanted.depth);
    return wanted.kind === "goto" && wanted.step <= run.last ? wayTo(Math.max(0, wanted.step)) : undefined;
  };

  function* wayToStop(until: Until | undefined): Sliced<Stop> {
    const from = machine.step;
    const found = yield* backToStop(ways);
    if (found) {
      why = { ...found, step: false };
      return stopHere();
    }
    if (until?.onTheWay !== "pass") return beginning(1);
    return yield* wayTo(from, `${until.text} was not reached before`);
  }

  function* wayOneBack(thread: number, by: "statement" | "line" | "instruction"): Sliced<Stop> {
    if (by === "instruction" || session.stack(thread)[0]?.kind === "kernel") {
      const found = yield* backInKernel(ways, thread, by);
      return found ? makeStop("step", describeEvent(system), { thread }) : beginning(thread);
    }
    const found = yield* backToStatement(ways);
    return found === undefined ? beginning(1) : makeStop("step", describeEvent(system), { thread: found });
  }

  function* wayToBegin(thread: number, depth: number): Sliced<Stop> {
    const frame = session.stack(thread)[depth];
    if (!frame || machine.step === 0) return makeStop("restart", describeEvent(system), { thread });
    const what = frame.kind === "kernel" ? `the first step in ${frame.name}` : "the statement's beginning";
    const found = yield* backToBegin(ways, thread, frame);
    return found ? makeStop("restart", `${what}: ${describeEvent(system)}`, { thread }) : beginning(thread);
  }

  function* wayTo(step: number, instead?: string): Sliced<Stop> {
    yield* travel.goTo(step);
    return makeStopHere("goto", instead);
  }

  const finish = (): Stop => {
    if (!ended) {
      ended = true;
      detectors.endOfRun();
      const hits: Hit[] = [];
      const exception = trouble.since(-1, hits);
      if (!summarised)
        outputs.push({
          category: "stdout",
          text: reportText(session.report(), loaded.options.colors ? "color" : "plain"),
        });
      summarised = true;
      if (exception)
        return makeStop("exception", titleOf(exception.message), { hit: hits.map(({ id }) => id), exception });
    }
    return makeStop("end", "end of the run");
  };

  const forward = (steps: number): Stop | undefined => {
    const outcome = run.forward(Math.min(goal.kind === "goto" ? goal.step : maxSteps, maxSteps), steps);
    if (outcome === "budget") return undefined;
    if (outcome === "stopped" && why) return stopHere();
    if (goal.kind === "goto" && machine.step >= goal.step) return makeStopHere("goto");
    if (goal.kind === "continue" && goal.until?.onTheWay === "pass") {
      way = wayTo(origin, `${goal.until.text} is not reached before the end of the run, step ${run.last}`);
      return undefined;
    }
    if (outcome === "done") return finish();
    return makeStop("limit", `the limit of ${maxSteps} steps`, { thread: dapId(machine.thread) });
  };

  const begin = (wanted: Goal) => {
    // The stack is known where the run has stopped; it costs a way there when that is forgotten.
    const stack = wanted.kind === "step" ? session.stack(wanted.thread) : [];
    goal = wanted;
    why = null;
    stepper = null;
    origin = machine.step;
    for (const step of [...machine.captures.keys()]) if (step !== machine.step) machine.captures.delete(step);
    const only = wanted.kind === "step" && wanted.alone ? threadNumbered(loaded, wanted.thread) : null;
    if (only) tellNewFuture();
    run.letOnly(only);
    machine.observedUpTo = machine.step;
    breakpoints.setUntil(wanted.kind === "continue" || wanted.kind === "reverse" ? wanted.until : undefined);
    if (wanted.kind === "step") {
      const world = { machine, dapId, framesNow: () => framesOf(captureStack(), maps) };
      stepper = machine.step === 0 ? firstStepper(wanted, world) : createStepper(wanted, stack, world);
    }
    arm();
    way = wayOf(wanted);
  };

  /** Stops at the next step of a call that is under way, or on a way back: events and call stacks are only known where a step is done. */
  const pause = (): Stop => {
    const looksBack = way !== undefined;
    way = undefined;
    stepper = null;
    breakpoints.setUntil(undefined);
    machine.observedUpTo = machine.step;
    arm();
    if (looksBack || !run.atBoundary) {
      machine.captures.set(machine.step + 1, "");
      if (run.forward(machine.step + 1, 1) === "stopped" && why) return stopHere();
    }
    return makeStopHere("pause");
  };

  const session: OpenDebugSession = {
    program: scenario.program.entry.path,
    get now() {
      return machine.step;
    },
    get last() {
      return run.last;
    },
    get finished() {
      return run.ended && machine.step === run.last;
    },
    get current() {
      return current;
    },
    start: begin,
    advance(steps) {
      if (!way) return forward(steps);
      travel.slice = steps;
      const { done, value } = way.next();
      return done ? value : undefined;
    },
    pause,
    takeOutput: () => outputs.splice(0),
    setLineBreakpoints: (file, wanted) => armed(breakpoints.setLines(file, wanted)),
    setEventBreakpoints: (wanted) => armed(breakpoints.setEvents(wanted)),
    setDataBreakpoints: (wanted) => armed(breakpoints.setData(wanted)),
    setStepBreakpoints: (wanted) => armed(breakpoints.setSteps(wanted)),
    setExceptionFilters: (wanted) => breakpoints.setFilters(wanted),
    exceptionFilters,
    breakableLines: (file, from, to) => breakableLines(runner.plan, file, from, to),
    threads: () => threadInfos(loaded),
    runnable: () => runnable(loaded),
    sources: () => [...runner.plan.files.map(({ path }) => path), ...kernelFiles()],
    place: (text) => placeNamed(loaded, text),
    labels: () => labels(loaded),
    eventWords: () => eventWords(words),
    stack: looking.stack,
    scopes: looking.scopes,
    explain() {
      if (!troubled?.bug) return troubled?.message ?? "";
      const { bug } = troubled;
      const history = travel.historyOf(bug);
      arm();
      const state = (object: BugObject) => stateOf(system, object);
      return splat(bug, { calls: framesOf(bug.stack, maps), statement: looking.statementText(bug), history, state });
    },
    evaluate: looking.evaluate,
    hover: looking.hover,
    readMemory: looking.readMemory,
    addressSpaces: looking.addressSpaces,
    tlbs: looking.tlbs,
    bugs: looking.bugs,
    complete: (text, column) => completions(loaded, text, column),
    write(dataId, text) {
      const written = writePlace(system, dataId, text);
      if (typeof written !== "string") return written;
      changedByHand(() => writePlace(system, dataId, text));
      return { name: dataId, value: written, dataId };
    },
    writeMemory(memory, offset, bytes) {
      const kept = bytes.slice();
      const done = looking.writeBytes(memory, offset, kept);
      if (done > 0) changedByHand(() => looking.writeBytes(memory, offset, kept));
      return done;
    },
    steps(from, count) {
      const steps = travel.stepsAround(from, count);
      arm();
      return steps;
    },
    whoWrote(dataId) {
      const written = travel.whoWrote(dataId);
      arm();
      return written;
    },
    report: () => reportOf(loaded, maps, () => [], !run.ended),
  };

  const tellNewFuture = () => {
    if (machine.step === run.last) return;
    const text = `A new future starts at step ${machine.step}; steps ${machine.step + 1} to ${run.last} are forgotten.`;
    outputs.push({ category: "console", text });
  };

  /** What is recorded after now does not happen any more; the change is made again whenever the run comes by. */
  const changedByHand = (again: () => unknown) => {
    tellNewFuture();
    run.intervene(again);
    breakpoints.jumped();
    looking.forget();
  };

  arm();
  machine.observedUpTo = 0;
  run.patience = PATIENCE;

  return session;
}

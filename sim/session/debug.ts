// A scenario being debugged: the engine side of `DebugSession` (debugging.ts). Puts together run, breakpoints, views.

import { captureStack } from "../core/machine.ts";
import type { Thread } from "../core/thread.ts";
import type {
  DebugSession,
  ExceptionReport,
  Frame,
  Goal,
  Host,
  LaunchOptions,
  Output,
  Refusal,
  Stop,
} from "../debugging.ts";
import type { Expr } from "../scenario/ast.ts";
import { parseExpressionText } from "../scenario/parser.ts";
import type { Value } from "../scenario/values.ts";
import { type Breakpoints, createBreakpoints, type Hit } from "./breakpoints.ts";
import { markChanges } from "./changes.ts";
import { completions } from "./completions.ts";
import { describeEvent } from "./describe.ts";
import { eventPattern, type WordContext } from "./event_words.ts";
import { createFunctionWatch } from "./function_watch.ts";
import { breakableLines, kernelSites, scenarioLine } from "./lines.ts";
import { type Loaded, load } from "./load.ts";
import { createLooking, type Names } from "./looking.ts";
import { expressionNode } from "./nodes.ts";
import { watchPlace, writePlace } from "./places.ts";
import { type RunReport, reportOf } from "./report.ts";
import { createSourceMaps, framesOf } from "./stack.ts";
import { createStepper, firstStepper, type Stepper } from "./stepper.ts";
import { reportText } from "./summary.ts";
import { threadInfos, threadNumber, threadNumbered } from "./threads.ts";
import { createTravel } from "./travel.ts";
import { createTrouble, exceptionFilters } from "./trouble.ts";

export interface OpenDebugSession extends DebugSession {
  /** What the run came to so far. */
  report(): RunReport;
}

export function openDebugSession(host: Host, options: LaunchOptions): OpenDebugSession | Refusal {
  const loaded = load(host, options);
  return "refused" in loaded ? loaded : createSession(loaded, host);
}

/** What a stop is about: decided by the observer, kept until the next one. */
interface Why {
  readonly hits: readonly Hit[];
  readonly step: boolean;
  readonly thread: number;
  readonly exception?: ExceptionReport;
}

/** How far a search backward has come: everything from `upTo` on was looked at. */
interface WayBack {
  upTo: number;
  readonly inKernel: boolean;
}

function createSession(loaded: Loaded, host: Host): OpenDebugSession {
  const { system, runner, run, detectors, scenario, maxSteps } = loaded;
  const { machine } = system;
  const maps = createSourceMaps(host.sourceMap);
  const outputs: Output[] = [];
  const changes = markChanges();
  let goal: Goal = { kind: "goto", step: 0 };
  let why: Why | null = null;
  let stepper: Stepper | null = null;
  let back: WayBack | null = null;
  let current = 1;
  let ended = false;
  let summarised = false;

  const dapId = (thread: Thread | null): number => (thread === null ? current : threadNumber(thread));
  const looking = createLooking(loaded, maps, changes, () => current);
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
    evaluate: valueNow,
    interpolate: (message) =>
      message.replace(/\{([^{}]+)\}/g, (_, text: string) => {
        const { expr, problems } = parseExpressionText(text);
        const result = problems.length > 0 ? undefined : valueNow(expr);
        return result === undefined ? `{${text}}` : expressionNode("", result, "decimal").value;
      }),
    step: () => machine.step,
    output: tell,
  });

  const trouble = createTrouble(loaded, maps, breakpoints, tell);

  /** Asked after each step that may matter, see Machine.observer. */
  const observe = (event: number): boolean => {
    const hits: Hit[] = [];
    if (machine.events.names[event] === "statement") {
      const place = machine.place();
      hits.push(...breakpoints.atStatement(place.file, place.line));
    }
    hits.push(...breakpoints.atEvent(functions.take(), machine.sites), ...breakpoints.takeData());
    machine.sites.fill(0);
    const exception = trouble.since(event, hits);
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
    looking.forget();
    changes.newStop();
    return { reason, description: `${description}${pastText()}`, thread: current, hit: [], ...stop };
  };

  /** Stops in the thread that has done the last step. */
  const makeStopHere = (reason: Stop["reason"]): Stop =>
    machine.step === 0
      ? makeStop(reason, "before the first step", { thread: 1 })
      : makeStop(reason, describeEvent(system), { thread: dapId(lastThread()) });

  /** Between two steps nobody runs: then it is who has done the last one. */
  const lastThread = (): Thread | null => {
    const did = [...system.threads, ...system.platform.handlers].filter(({ lastStep }) => lastStep === machine.step);
    return machine.thread ?? did.find(({ call }) => call !== null) ?? did[0] ?? null;
  };

  const pastText = (): string => (machine.step < run.last ? `: step ${machine.step} of ${run.last}, in the past` : "");

  const stopHere = (): Stop => {
    const reason = why!;
    const hit = reason.hits.map(({ id }) => id);
    const first = reason.hits[0];
    const event = describeEvent(system);
    if (reason.exception)
      return makeStop("exception", reason.exception.message, {
        thread: reason.thread,
        hit,
        exception: reason.exception,
      });
    if (!first) return makeStop("step", event, { thread: reason.thread });
    const text = first.reason === "data" ? `${first.text} (${event})` : first.reason === "event" ? event : first.text;
    return makeStop(first.reason, text, { thread: reason.thread, hit });
  };

  const travel = createTravel(loaded, maps, {
    jumped: () => trouble.catchUp(),
    arrived() {
      why = null;
      ended = false;
      trouble.catchUp();
      breakpoints.takeData();
      functions.take();
    },
  });
  const { goTo, scan, lastBefore } = travel;

  /** A way back, one stretch a call: undefined while nothing was found. */
  const backwards = (way: WayBack): Stop | undefined => {
    if (goal.kind === "stepBack" && way.inKernel) return stepBackInKernel(goal.thread, goal.by);
    let hits: readonly Hit[] = [];
    let thread = current;
    let exception: ExceptionReport | undefined;
    const statement = machine.events.id("statement")!;
    const isStatement = (event: number): boolean => {
      if (event === statement) thread = dapId(machine.thread);
      return event === statement;
    };
    const isStop = (event: number): boolean => {
      const here: Hit[] = [];
      if (event === statement) here.push(...breakpoints.atStatement(machine.place().file, machine.place().line));
      here.push(...breakpoints.atEvent(functions.take(), machine.sites), ...breakpoints.takeData());
      machine.sites.fill(0);
      const seen = trouble.since(event, here);
      if (here.length === 0) return false;
      hits = here;
      exception = seen;
      thread = dapId(machine.thread);
      return true;
    };
    if (way.upTo > 0) {
      const { start, found } = scan(goal.kind === "stepBack" ? isStatement : isStop, way.upTo);
      way.upTo = start;
      if (found === undefined && start > 0) return undefined;
      if (found !== undefined) {
        goTo(found);
        if (goal.kind === "stepBack") return makeStop("step", describeEvent(system), { thread });
        why = { hits, step: false, thread, exception };
        return stopHere();
      }
    }
    goTo(0);
    return makeStop("entry", "beginning of recorded history", { thread: 1 });
  };

  const stepBackInKernel = (id: number, by: "statement" | "line" | "instruction"): Stop => {
    const line = (frame: Frame | undefined) => `${frame?.file}:${frame?.line}`;
    const before = line(session.stack(id)[0]);
    const all = Array.from(machine.events.names.keys());
    for (;;) {
      machine.attend(all);
      const found = lastBefore(() => dapId(machine.thread) === id, machine.step);
      goTo(found ?? 0);
      if (found === undefined) return makeStop("entry", "beginning of recorded history", { thread: id });
      if (by === "instruction" || line(session.stack(id)[0]) !== before)
        return makeStop("step", describeEvent(system), { thread: id });
    }
  };

  const inKernel = (id: number): boolean => session.stack(id)[0]?.kind === "kernel";

  const finish = (): Stop => {
    if (!ended) {
      ended = true;
      detectors.endOfRun();
      const hits: Hit[] = [];
      const exception = trouble.since(-1, hits);
      if (!summarised) outputs.push({ category: "stdout", text: reportText(session.report(), "plain") });
      summarised = true;
      if (exception) return makeStop("exception", exception.message, { hit: hits.map(({ id }) => id), exception });
    }
    return makeStop("end", "end of the run");
  };

  const forward = (steps: number): Stop | undefined => {
    const outcome = run.forward(Math.min(goal.kind === "goto" ? goal.step : maxSteps, maxSteps), steps);
    if (outcome === "budget") return undefined;
    if (outcome === "done") return finish();
    if (outcome === "stopped" && why) return stopHere();
    if (goal.kind === "goto" && machine.step >= goal.step) return makeStopHere("goto");
    return makeStop("limit", `the limit of ${maxSteps} steps`, { thread: dapId(machine.thread) });
  };

  const begin = (wanted: Goal) => {
    goal = wanted;
    why = null;
    stepper = null;
    back = null;
    if (wanted.kind === "reverse") back = { upTo: machine.step - 1, inKernel: false };
    if (wanted.kind === "stepBack")
      back = { upTo: machine.step - 1, inKernel: wanted.by === "instruction" || inKernel(wanted.thread) };
    machine.captures.clear();
    run.alone = wanted.kind === "step" && wanted.alone ? threadNumbered(loaded, wanted.thread) : null;
    machine.observedUpTo = machine.step;
    trouble.catchUp();
    if (wanted.kind === "step") {
      const stack = session.stack(wanted.thread);
      const world = { machine, dapId, framesNow: () => framesOf(captureStack(), maps) };
      stepper = machine.step === 0 ? firstStepper(wanted, world) : createStepper(wanted, stack, world);
    }
    arm();
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
      if (back) return backwards(back);
      if (goal.kind === "goto") {
        if (goal.step > run.last) return forward(steps);
        goTo(Math.max(0, goal.step));
        return makeStopHere("goto");
      }
      return forward(steps);
    },
    pause() {
      if (back) goTo(machine.step);
      back = null;
      return makeStopHere("pause");
    },
    takeOutput: () => outputs.splice(0),
    setLineBreakpoints: (file, wanted) => armed(breakpoints.setLines(file, wanted)),
    setEventBreakpoints: (wanted) => armed(breakpoints.setEvents(wanted)),
    setDataBreakpoints: (wanted) => armed(breakpoints.setData(wanted)),
    setExceptionFilters: (wanted) => breakpoints.setFilters(wanted),
    exceptionFilters,
    breakableLines: (file, from, to) => breakableLines(runner.plan, file, from, to),
    threads: () => threadInfos(loaded),
    stack: looking.stack,
    scopes: looking.scopes,
    evaluate: looking.evaluate,
    hover: looking.hover,
    readMemory: looking.readMemory,
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

  /** What is recorded after now does not happen any more; the change is made again whenever the run comes by. */
  const changedByHand = (again: () => unknown) => {
    const { last } = run;
    if (machine.step < last)
      outputs.push({
        category: "console",
        text: `A new future starts at step ${machine.step}; steps ${machine.step + 1} to ${last} are forgotten.`,
      });
    run.intervene(again);
    looking.forget();
  };

  arm();
  machine.observedUpTo = 0;

  return session;
}

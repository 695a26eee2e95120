// A scenario being debugged: the engine side of `DebugSession` (debugging.ts). Puts together run, breakpoints, views.

import { captureStack } from "../core/machine.ts";
import type { Handle } from "../core/struct.ts";
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
  ThreadInfo,
  ValueNode,
} from "../debugging.ts";
import { formatReport } from "../detectors/report.ts";
import type { Expr } from "../scenario/ast.ts";
import { bugKinds } from "../scenario/bug_kinds.ts";
import { constantsOf } from "../scenario/check.ts";
import { evaluate } from "../scenario/expressions.ts";
import { parseExpressionText } from "../scenario/parser.ts";
import { isObject, type Value } from "../scenario/values.ts";
import { type Breakpoints, createBreakpoints, type Hit } from "./breakpoints.ts";
import { markChanges } from "./changes.ts";
import { completions } from "./completions.ts";
import { describeEvent } from "./describe.ts";
import { eventPattern, type WordContext } from "./event_words.ts";
import { placeOfExpression } from "./expression_place.ts";
import { createFunctionWatch } from "./function_watch.ts";
import { breakableLines, kernelSites, scenarioLine } from "./lines.ts";
import { type Loaded, load } from "./load.ts";
import { expressionNode } from "./nodes.ts";
import { frameAt, watchPlace, writePlace } from "./places.ts";
import { type RunReport, reportOf } from "./report.ts";
import { scopesOf } from "./scopes.ts";
import { hex } from "./show.ts";
import { createSourceMaps, framesOf } from "./stack.ts";
import { createStepper, firstStepper, type Stepper } from "./stepper.ts";
import { reportText } from "./summary.ts";
import { type Sharers, sharers, walkNodes } from "./tables.ts";
import { createTravel } from "./travel.ts";

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

/** Numbers of the interrupt contexts of CPUs, for debuggers: from here on. */
const IRQ_THREADS = 1_000_000;

function createSession(loaded: Loaded, host: Host): OpenDebugSession {
  const { system, runner, run, detectors, scenario, maxSteps } = loaded;
  const { machine } = system;
  const maps = createSourceMaps(host.sourceMap);
  const constant = constantsOf(scenario);
  const outputs: Output[] = [];
  const changes = markChanges();
  let goal: Goal = { kind: "goto", step: 0 };
  let why: Why | null = null;
  let stepper: Stepper | null = null;
  let back: WayBack | null = null;
  let current = 1;
  let seen = { bugs: 0, failures: 0 };
  let ended = false;
  let summarised = false;
  let who: { step: number; sharers: Sharers } | null = null;

  const dapId = (thread: Thread | null): number =>
    thread === null ? current : thread.id >= 0 ? thread.id + 1 : IRQ_THREADS + thread.cpu;
  const threadOf = (id: number): Thread =>
    (id >= IRQ_THREADS ? system.platform.handlers[id - IRQ_THREADS] : system.threads[id - 1]) ?? system.kernelThread;
  const inspectorOf = (thread: Thread) => runner.inspector.within(thread.id, runner.framesOf(thread));

  /** Evaluates for a thread; names of the current event's arguments go first while stopped at it. */
  const exprValue = (expr: Expr, thread: Thread, withEvent: boolean) => {
    const inspector = inspectorOf(thread);
    const own = {
      ...inspector,
      name: (name: string) => (withEvent ? runner.inspector.eventArgument(name) : undefined) ?? inspector.name(name),
    };
    return evaluate(expr, { inspector: own, constant });
  };
  const runningThread = () => (machine.thread && machine.thread.id >= 0 ? machine.thread : threadOf(current));
  const value = (expr: Expr): Value | undefined => {
    const result = exprValue(expr, runningThread(), true);
    return "value" in result ? result.value : undefined;
  };

  const functions = createFunctionWatch(system);
  const words: WordContext = {
    system,
    functions: functions.names,
    mmOf: (name) => memberTask(name)?.mm,
    taskOf: (name) => memberTask(name) as Handle | undefined,
    value: (expr) => {
      const result = exprValue(expr, threadOf(current), false);
      return "value" in result ? result.value : undefined;
    },
  };
  const memberTask = (name: string) => {
    const at = system.threads.findIndex((thread) => thread.name === name);
    return at < 0 ? undefined : system.taskOf(system.threads[at]!);
  };

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
    evaluate: value,
    interpolate: (message) =>
      message.replace(/\{([^{}]+)\}/g, (_, text: string) => {
        const { expr, problems } = parseExpressionText(text);
        const result = problems.length > 0 ? undefined : value(expr);
        return result === undefined ? `{${text}}` : expressionNode("", result, "decimal").value;
      }),
    step: () => machine.step,
    output(output) {
      if (!travel.searching) outputs.push(output);
    },
  });

  /** Asked after each step that may matter, see Machine.observer. */
  const observe = (event: number): boolean => {
    const hits: Hit[] = [];
    if (machine.events.names[event] === "statement") {
      const place = machine.place();
      hits.push(...breakpoints.atStatement(place.file, place.line));
    }
    hits.push(...breakpoints.atEvent(functions.take(), machine.sites), ...breakpoints.takeData());
    machine.sites.fill(0);
    const exception = newTrouble(event, hits);
    const stepDone = stepper?.done(event) ?? false;
    if (hits.length === 0 && !stepDone) return false;
    why = { hits, step: stepDone, thread: dapId(machine.thread), exception };
    machine.captures.set(machine.step, machine.straight ? "" : captureStack());
    return true;
  };

  /** Reports, failures and signals since the last step that was looked at. */
  const newTrouble = (event: number, hits: Hit[]): ExceptionReport | undefined => {
    let exception: ExceptionReport | undefined;
    const reports = detectors.reports();
    for (const bug of reports.slice(seen.bugs)) {
      const found = breakpoints.forException(bug.kind, bug.message);
      if (found.length === 0) continue;
      hits.push(...found);
      const calls = framesOf(bug.stack, maps).map(({ name, file, line }) => `${name}  ${file}:${line}`);
      exception ??= { kind: bug.kind, message: bug.message, details: formatReport(bug, calls) };
    }
    seen = { ...seen, bugs: reports.length };
    if (runner.state.failures > seen.failures) {
      const problem = lastFailure();
      const found = breakpoints.forException("expectation", problem);
      hits.push(...found);
      if (found.length > 0) exception ??= { kind: "expectation", message: problem, details: problem };
    }
    seen = { ...seen, failures: runner.state.failures };
    if (machine.events.names[event] === "signal") {
      const text = describeEvent(system);
      const found = breakpoints.forException("signal", text);
      hits.push(...found);
      if (found.length > 0) exception ??= { kind: "signal", message: text, details: text };
    }
    return exception;
  };

  const lastFailure = (): string => {
    const { expectations, results } = runner.state;
    const expectation = expectations.findLast((one) => !one.ok);
    const result = results.findLast((one) => !one.ok);
    if (expectation && (!result || expectation.step >= result.step))
      return `line ${expectation.line}: ${expectation.text}: ${expectation.problem ?? "false"}`;
    return result ? `line ${result.line}: ${result.actor}: ${result.call}: ${result.problem ?? "failed"}` : "failed";
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
    who = null;
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
    jumped() {
      seen = { bugs: detectors.reports().length, failures: runner.state.failures };
    },
    arrived() {
      why = null;
      ended = false;
      seen = { bugs: detectors.reports().length, failures: runner.state.failures };
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
      const trouble = newTrouble(event, here);
      if (here.length === 0) return false;
      hits = here;
      exception = trouble;
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
      const exception = newTrouble(-1, hits);
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
    run.alone = wanted.kind === "step" && wanted.alone ? threadOf(wanted.thread) : null;
    machine.observedUpTo = machine.step;
    seen = { bugs: detectors.reports().length, failures: runner.state.failures };
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
    threads: () => threadInfos(loaded, dapId),
    stack(id) {
      const thread = threadOf(id);
      const frames = kernelFrames(thread);
      const statement = runner.statementOf(thread);
      if (!statement) return machine.step === 0 && id === current ? [firstFrame()] : frames;
      const scenarioFrame: Frame = {
        name: thread.name,
        kind: "scenario",
        file: statement.file,
        line: statement.line,
        column: statement.column,
      };
      return [...frames, scenarioFrame];
    },
    scopes(id) {
      const thread = threadOf(id);
      const member = runner.roster.members[thread.id];
      const task = thread.id < runner.roster.members.length ? system.taskOf(thread) : undefined;
      const variables = member ? runner.inspector.variablesOf(thread.id) : {};
      const input = { system, task, cpu: thread.cpu, variables, who: sharersNow() };
      return scopesOf(input).map((scope) => ({ ...scope, node: changes.mark(scope.name, scope.node) }));
    },
    evaluate(text, id) {
      const { expr, problems } = parseExpressionText(text);
      if (problems[0]) return { error: problems[0].message };
      const result = exprValue(expr, threadOf(id), true);
      if ("error" in result) return { error: result.error };
      const place = placeOfExpression(system, expr, (part) => {
        const inner = exprValue(part, threadOf(id), true);
        return "value" in inner ? inner.value : undefined;
      });
      return { ...expressionNode(text, result.value, "decimal"), expression: text, ...place };
    },
    hover(text, id) {
      const { expr, problems } = parseExpressionText(text);
      if (problems[0]) return { error: problems[0].message };
      const thread = threadOf(id);
      const result = exprValue(expr, thread, true);
      if ("error" in result) return { error: result.error };
      return hoverNode(text, result.value, thread);
    },
    complete: (text, column) => completions(loaded, text, column),
    write(dataId, text) {
      const written = writePlace(system, dataId, text);
      if (typeof written !== "string") return written;
      changedByHand(() => writePlace(system, dataId, text));
      return { name: dataId, value: written, dataId };
    },
    readMemory(memory, offset, count) {
      const bytes: number[] = [];
      while (bytes.length < count) {
        const place = frameAt(system, memory, offset + bytes.length, memberTask);
        if (!place) break;
        const here = Math.min(count - bytes.length, 4096 - place.at);
        bytes.push(...system.straight.read_frame(place.pfn, place.at, here));
      }
      return Uint8Array.from(bytes);
    },
    writeMemory(memory, offset, bytes) {
      const kept = bytes.slice();
      const done = writeBytes(memory, offset, kept);
      if (done > 0) changedByHand(() => writeBytes(memory, offset, kept));
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

  /** Before the first step no statement has begun: the place to show is where the first one will. */
  const firstFrame = (): Frame => {
    const file = scenario.program.entry.path;
    const [line = 1] = breakableLines(runner.plan, file, 1, Number.POSITIVE_INFINITY);
    return { name: "before the first statement", kind: "scenario", file, line, column: 1 };
  };

  const sharersNow = (): Sharers => {
    if (who?.step !== machine.step) who = { step: machine.step, sharers: sharers(system) };
    return who.sharers;
  };

  /** Frames of a thread that is in the kernel; where its stack was not kept, the run is done once more to get it. */
  const kernelFrames = (thread: Thread): Frame[] => {
    const step = thread.call ? thread.lastStep : 0;
    if (step === 0) return [];
    if (!machine.captures.get(step)) {
      machine.captures.set(step, "");
      const now = machine.step;
      const observed = machine.observedUpTo;
      if (now > 0) {
        run.rewind(step);
        run.goto(now);
      }
      machine.observedUpTo = observed;
    }
    return framesOf(machine.captures.get(step) ?? "", maps);
  };
  const hoverNode = (text: string, value: Value, thread: Thread): ValueNode => {
    const task = thread.id < runner.roster.members.length ? system.taskOf(thread) : undefined;
    const named = isObject(value) && "task" in value ? (value.task as typeof task) : task;
    const address = typeof value === "bigint" && value >= 4096n && value < 2n ** 47n ? Number(value) : undefined;
    if (address === undefined || !named?.mm) return expressionNode(text, value, "decimal");
    const walk = walkNodes(system, named.mm, address, sharersNow());
    return {
      name: text,
      value: `${hex(address)} in ${named.mm.name}: ${walk.at(-1)!.value}`,
      expression: text,
      memory: `process:${named.comm}:${address}`,
      children: () => walk,
    };
  };

  const writeBytes = (memory: string, offset: number, bytes: Uint8Array): number => {
    let done = 0;
    while (done < bytes.length) {
      const place = frameAt(system, memory, offset + done, memberTask);
      if (!place) break;
      const here = Math.min(bytes.length - done, 4096 - place.at);
      system.straight.write_frame(place.pfn, place.at, bytes.subarray(done, done + here));
      done += here;
    }
    return done;
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
    who = null;
  };

  arm();
  machine.observedUpTo = 0;

  return session;
}

function threadInfos({ runner, system }: Loaded, dapId: (thread: Thread) => number): ThreadInfo[] {
  const members = runner.roster.members.length;
  const infos: ThreadInfo[] = [];
  for (const thread of system.threads) {
    const own = thread.id < members;
    if (!own && thread.call === null && thread !== system.kernelThread) continue;
    const task = system.taskOf(thread);
    const gone = own && (task.exit_state !== 0 || !task.started);
    const state = gone ? "finished" : thread.waitsFor ? "waiting" : thread.call ? "running" : "idle";
    infos.push({ id: dapId(thread), name: `cpu${thread.cpu}: ${thread.name}`, cpu: thread.cpu, state });
  }
  return infos;
}

export function exceptionFilters() {
  const bugs = bugKinds.map(({ name, doc }) => ({ filter: name, label: name, doc, default: true }));
  return [
    ...bugs,
    {
      filter: "expectation",
      label: "failed expectations",
      doc: "An expectation or a clause does not hold.",
      default: true,
    },
    { filter: "signal", label: "signals", doc: "An access raises a fatal signal.", default: false },
  ];
}

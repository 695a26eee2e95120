// A scenario being debugged: the engine side of `DebugSession` (debugging.ts). Puts together run, breakpoints, views.
import type {
  DebugSession,
  Frame,
  Host,
  LaunchOptions,
  LineCount,
  Lookup,
  Output,
  Refusal,
  ValueNode,
} from "../debugging.ts";
import type { BugObject } from "../detectors/report.ts";
import { completions } from "./completions.ts";
import { whoDid } from "./deeds.ts";
import { trackDifferences } from "./differences.ts";
import { historiesOf, SOME_STEPS } from "./history.ts";
import { breakableLines, kernelFiles } from "./lines.ts";
import { DEFAULT_HISTORY_MIB, type Loaded, load } from "./load.ts";
import { createLooking } from "./looking.ts";
import { momentsOf } from "./moments.ts";
import { createMoving } from "./moving.ts";
import { stateOf } from "./object_state.ts";
import { labels, placeNamed } from "./place_names.ts";
import { nameOfPlace } from "./place_titles.ts";
import { writePlace } from "./places.ts";
import { type RunReport, reportOf } from "./report.ts";
import { splat } from "./splat.ts";
import { createSourceMaps, framesOf } from "./stack.ts";
import { stepsAround } from "./step_texts.ts";
import { createStops } from "./stops.ts";
import { reportText } from "./summary.ts";
import { runnable, threadInfos } from "./threads.ts";
import { createTravel, lookup, type Sliced } from "./travel.ts";
import { exceptionFilters } from "./trouble.ts";
import { isVariable, writeVariable } from "./variables.ts";
import { createWatching } from "./watching.ts";

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

function createSession(loaded: Loaded, host: Host): OpenDebugSession {
  const { system, runner, run, scenario } = loaded;
  const { machine } = system;
  const { historyMiB = DEFAULT_HISTORY_MIB } = loaded.options;
  const maps = createSourceMaps(host.sourceMap);
  const outputs: Output[] = [];
  const changed = trackDifferences(system);
  let summarised = false;
  let saidFull = false;

  const looking = createLooking(loaded, maps, changed, () => stops.current);
  const stops = createStops(loaded, () => {
    looking.forget();
    changed.newStop();
  });
  const settled = () => {
    watching.trouble.catchUp();
    watching.breakpoints.jumped();
    watching.functions.take();
  };
  const travel = createTravel(loaded, {
    jumped() {
      watching.trouble.catchUp();
      watching.breakpoints.jumped();
    },
    arrived() {
      settled();
      moving.arrived();
    },
    returned: settled,
  });
  const tell = (text: string) => outputs.push({ category: "console", text });
  const watching = createWatching({
    loaded,
    looking,
    stops,
    isSearching: () => travel.searching,
    tell: (output) => outputs.push(output),
  });
  const moving = createMoving({
    loaded,
    maps,
    travel,
    stops,
    watching,
    stack,
    keptStack: looking.stack,
    newFuture,
    historyFull() {
      if (saidFull || historyMiB === 0) return;
      saidFull = true;
      tell(
        `The history has come to its ${historyMiB} MiB: it keeps fewer checkpoints from here on. No step is lost, ways back take longer (historyMiB).`,
      );
    },
    summary() {
      if (summarised) return;
      summarised = true;
      const text = reportText(session.report(), loaded.options.colors ? "color" : "plain");
      outputs.push({ category: "stdout", text });
    },
  });

  function* stack(thread: number): Sliced<readonly Frame[]> {
    const step = looking.missingStack(thread);
    if (step !== undefined) yield* travel.fromHere(() => travel.visit(step));
    const at = thread === stops.current ? stops.troubled?.failure?.at : undefined;
    const failed: readonly Frame[] = at ? [{ ...at, kind: "scenario", column: 1 }] : [];
    return [...failed, ...looking.stack(thread)];
  }

  function newFuture(): void {
    if (machine.step === run.last) return;
    watching.breakpoints.newFuture();
    watching.messages.forgetAfter(machine.step);
    watching.lineCounts.forgetAfter(machine.step);
    tell(`A new future starts at step ${machine.step}; steps ${machine.step + 1} to ${run.last} are forgotten.`);
  }

  /** What is recorded after now does not happen any more; the change is made again whenever the run comes by. */
  const changedByHand = (again: () => unknown) => {
    newFuture();
    run.intervene(again);
    watching.breakpoints.jumped();
    looking.forget();
  };

  /** Breakpoints may change while the run goes on, between two slices. */
  const armed = <T>(statuses: T): T => {
    watching.arm();
    return statuses;
  };

  const look = <T>(work: Sliced<T>): Lookup<T> => lookup(travel, work, watching.arm);
  const aroundHere = <T>(work: () => Sliced<T>): Lookup<T> => look(travel.fromHere(work));

  function* explanation(): Sliced<string> {
    const { troubled } = stops;
    if (!troubled?.bug) return troubled?.message ?? "";
    const { bug } = troubled;
    const [history] = yield* travel.fromHere(() => historiesOf(loaded, travel, [bug], SOME_STEPS));
    const state = (object: BugObject) => stateOf(system, object);
    const calls = framesOf(bug.stack, maps);
    return splat(bug, { calls, statement: looking.statementText(bug), history: history!, state });
  }

  function* changesSince(step: number): Sliced<readonly ValueNode[]> {
    const then = yield* travel.fromHere(function* () {
      yield* travel.visit(step);
      return changed.take();
    });
    return changed.since(then);
  }

  const lineCounts = (): readonly LineCount[] =>
    runner.plan.files.flatMap(({ path: file }) =>
      breakableLines(runner.plan, file, 1, Number.POSITIVE_INFINITY).map((line) => ({
        ...{ file, line, times: watching.lineCounts.upTo(file, line, machine.step) },
      })),
    );

  const { breakpoints } = watching;
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
      return stops.current;
    },
    start: moving.begin,
    advance: moving.advance,
    pause: moving.pause,
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
    eventWords: watching.words,
    stack: (thread) => look(stack(thread)),
    scopes: looking.scopes,
    explain: () => look(explanation()),
    evaluate: looking.evaluate,
    hover: looking.hover,
    called: (dataId) => nameOfPlace(system, dataId),
    readMemory: looking.readMemory,
    addressSpaces: looking.addressSpaces,
    tlbs: looking.tlbs,
    bugs: looking.bugs,
    messages: watching.messages.all,
    lineCounts,
    complete: (text, column) => completions(loaded, text, column),
    write(id, given) {
      const text = looking.numberIn(given, stops.current);
      const variable = isVariable(id);
      const write = () => (variable ? writeVariable(loaded, id, text) : writePlace(system, id, text));
      const written = write();
      if (typeof written !== "string") return written;
      changedByHand(write);
      return { name: id, value: written, writable: true, ...(variable ? { variable: id } : { dataId: id }) };
    },
    writeMemory(memory, offset, bytes) {
      const kept = bytes.slice();
      const done = looking.writeBytes(memory, offset, kept);
      if (done > 0) changedByHand(() => looking.writeBytes(memory, offset, kept));
      return done;
    },
    steps: (from, count) => aroundHere(() => stepsAround(loaded, travel, maps, from, count)),
    who: (question, id) => aroundHere(() => whoDid(loaded, travel, question, id)),
    when: (text) => aroundHere(() => momentsOf(loaded, travel, text, machine.step, watching.matcher)),
    changedSince: (step) => look(changesSince(step)),
    report: () => reportOf(loaded, maps, !run.ended),
  };

  watching.arm();
  machine.observedUpTo = 0;
  run.patience = PATIENCE;

  return session;
}

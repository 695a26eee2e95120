// What a run is watched for while it goes on: breakpoints, reports, the end of a step; and why it stopped.
import { captureStack } from "../core/machine.ts";
import type { Thread } from "../core/thread.ts";
import type { Output } from "../debugging.ts";
import type { Expr } from "../scenario/ast.ts";
import { parseExpressionText } from "../scenario/parser.ts";
import type { Value } from "../scenario/values.ts";
import { namesIn } from "./breakpoint_words.ts";
import { type Breakpoints, createBreakpoints, type Hit } from "./breakpoints.ts";
import { describeEvent } from "./describe.ts";
import { eventPattern, eventWords, type WordContext } from "./event_words.ts";
import { createFunctionWatch, type FunctionWatch } from "./function_watch.ts";
import { kernelSites, scenarioLine } from "./lines.ts";
import type { Loaded } from "./load.ts";
import type { Looking, Names } from "./looking.ts";
import { expressionNode } from "./nodes.ts";
import { nameOfPlace, valueAtPlace } from "./place_titles.ts";
import { watchPlace } from "./places.ts";
import { bytesText } from "./show.ts";
import type { Stepper } from "./stepper.ts";
import type { Stops, Why } from "./stops.ts";
import { threadNumbered } from "./threads.ts";
import { createTrouble, exceptionFilters, type FoundTrouble, type Trouble } from "./trouble.ts";

export interface Watching {
  readonly breakpoints: Breakpoints;
  readonly functions: FunctionWatch;
  readonly trouble: Trouble;
  /** Events and kernel functions at which a run can stop. */
  words(): ReturnType<typeof eventWords>;
  /** Ends the step under way; null: none is. */
  stepper: Stepper | null;
  /** Why the run has stopped. */
  why: Why | null;
  /** What stops the run at the step that was just done. */
  hitsNow(event: number): { readonly hits: readonly Hit[]; readonly exception: FoundTrouble | undefined };
  /** What is to be watched has changed, or somebody else has watched. */
  arm(): void;
}

interface Parts {
  readonly loaded: Loaded;
  readonly looking: Looking;
  readonly stops: Stops;
  /** Whether the machine is on a search, and what it comes by no news. */
  isSearching(): boolean;
  tell(output: Output): void;
}

export function createWatching({ loaded, looking, stops, isSearching, tell }: Parts): Watching {
  const { system, run, runner, scenario } = loaded;
  const { machine } = system;
  const value = (expr: Expr, thread: Thread, names: Names): Value | undefined => {
    const result = looking.exprValue(expr, thread, names);
    return "value" in result ? result.value : undefined;
  };
  /** For conditions: the running thread at the current event. */
  const valueNow = (expr: Expr): Value | undefined => {
    const running = machine.thread && machine.thread.id >= 0 ? machine.thread : threadNumbered(loaded, stops.current);
    return value(expr, running, "event first");
  };
  const told = (output: Output) => {
    if (!isSearching()) tell(output);
  };

  const functions = createFunctionWatch(system);
  const words: WordContext = {
    system,
    get functions() {
      return functions.names;
    },
    mmOf: (name) => looking.taskNamed(name)?.mm,
    taskOf: looking.taskNamed,
    value: (expr) => value(expr, threadNumbered(loaded, stops.current), "process only"),
    names: namesIn(loaded),
    processes: [...scenario.processes.keys()],
  };
  const breakpoints = createBreakpoints({
    pattern: (text) => eventPattern(text, words),
    place(file, line) {
      const at = scenarioLine(runner.plan, file, line);
      if (at !== undefined) return { line: at, sites: [] };
      return kernelSites(file, line);
    },
    watch: (dataId, hit) =>
      watchPlace(system, dataId, (before, after) => {
        if (machine.step >= machine.observedUpTo || isSearching()) {
          hit(before, after);
          machine.alert();
        }
      }),
    called: (id) => nameOfPlace(system, id),
    shown: (id, written) => valueAtPlace(system, id, written),
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
    last: () => run.last,
    event: () => describeEvent(system),
    statement: looking.statementText,
    output: told,
  });
  const trouble = createTrouble(loaded, breakpoints, told);

  /** Asked after each step that may matter, see Machine.observer. */
  const observe = (event: number): boolean => {
    const { hits, exception } = watching.hitsNow(event);
    const stepDone = watching.stepper?.done(event) ?? false;
    if (hits.length === 0 && !stepDone) return false;
    watching.why = { hits, thread: stops.numberOf(machine.thread), exception };
    machine.captures.set(machine.step, machine.straight ? "" : captureStack());
    return true;
  };

  const watching: Watching = {
    breakpoints,
    functions,
    trouble,
    words: () => eventWords(words),
    stepper: null,
    why: null,
    hitsNow(event) {
      const hits: Hit[] = [];
      if (machine.events.names[event] === "statement") {
        const place = machine.place();
        hits.push(...breakpoints.atStatement(place.file, place.line));
      }
      hits.push(...breakpoints.atEvent(functions.take(), machine.sites), ...breakpoints.takeData());
      machine.sites.fill(0);
      const troubles = trouble.since(event);
      hits.push(...troubles.flatMap((one) => one.hits));
      return { hits, exception: troubles[0] };
    },
    arm() {
      const interest = breakpoints.interest();
      const everything = interest === "all" || watching.stepper?.everyStep === true;
      const all = Array.from(machine.events.names.keys());
      const always = ["statement", "signal"].map((name) => machine.events.id(name)!);
      machine.attend(everything ? all : [...interest, ...always]);
      functions.arm(breakpoints.functions());
      for (const step of breakpoints.steps()) if (step > machine.step) machine.captures.set(step, "");
      const watches = breakpoints.watches();
      for (const storage of machine.store.storages)
        storage.watch(watches.filter((watch) => watch.structure === storage.type.name));
      machine.observer = observe;
    },
  };
  return watching;
}

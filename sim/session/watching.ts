// What a run is watched for while it goes on: breakpoints, reports, the end of a step; and why it stopped.
import { captureStack } from "../core/machine.ts";
import type { Thread } from "../core/thread.ts";
import type { Output } from "../debugging.ts";
import type { Expr } from "../scenario/ast.ts";
import type { Evaluation } from "../scenario/expressions.ts";
import { parseExpressionText } from "../scenario/parser.ts";
import { isTrue } from "../scenario/values.ts";
import type { Hit } from "./breakpoint.ts";
import { IN_BRACES, namesIn } from "./breakpoint_words.ts";
import { type Breakpoints, createBreakpoints } from "./breakpoints.ts";
import { describeEvent } from "./describe.ts";
import { eventPattern, eventWords, type WordContext } from "./event_words.ts";
import { createFunctionWatch, type FunctionWatch } from "./function_watch.ts";
import { createLineCounts, type LineCounts } from "./line_counts.ts";
import { breakableLines, kernelSites, scenarioLine } from "./lines.ts";
import type { Loaded } from "./load.ts";
import type { Looking } from "./looking.ts";
import { createMessages, type Messages } from "./messages.ts";
import type { Matcher } from "./moments.ts";
import { messageText } from "./nodes.ts";
import { nameOfPlace, valueAtPlace } from "./place_titles.ts";
import { ENTRY, findField, memoryProblem, watchPlace } from "./places.ts";
import { bytesText } from "./show.ts";
import type { Stepper } from "./stepper.ts";
import { partOf, type Stops, type Why } from "./stops.ts";
import { threadNumbered } from "./threads.ts";
import { createTrouble, exceptionFilters, type FoundTrouble, type Trouble } from "./trouble.ts";

export interface Watching {
  readonly breakpoints: Breakpoints;
  readonly functions: FunctionWatch;
  readonly trouble: Trouble;
  readonly messages: Messages;
  readonly lineCounts: LineCounts;
  /** Events and kernel functions at which a run can stop. */
  words(): ReturnType<typeof eventWords>;
  /** Understands an event in words; what is watched for it is so until `arm`. */
  matcher(text: string): Matcher | { readonly error: string };
  /** Ends the step under way; null: none is. */
  stepper: Stepper | null;
  /** Why the run has stopped. */
  why: Why | null;
  /** Where the present goal was taken up: what stops before the next step has stopped there. */
  origin: number;
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
  /** Who conditions are about, where that is not who runs. */
  let meant: Thread | undefined;
  /** Whose variables conditions and events mean. */
  const running = (): Thread =>
    machine.thread && machine.thread.id >= 0 ? machine.thread : threadNumbered(loaded, stops.current);
  /** For conditions: the running thread at the current event, which is no business of somebody else. */
  const evaluateNow = (expr: Expr): Evaluation =>
    meant ? looking.exprValue(expr, meant, "process only") : looking.exprValue(expr, running(), "event first");
  const told = (output: Output) => {
    if (!isSearching()) tell(output);
  };

  const warned = new Set<string>();
  const messages = createMessages();
  const lineCounts = createLineCounts();

  const functions = createFunctionWatch(system);
  const words: WordContext = {
    system,
    get functions() {
      return functions.names;
    },
    mmOf: (name) => looking.taskNamed(name)?.mm,
    taskOf: looking.taskNamed,
    value: (expr) => looking.exprValue(expr, running(), "process only"),
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
    noPlace(file) {
      if (breakableLines(runner.plan, file, 1, Number.POSITIVE_INFINITY).length > 0)
        return "Nothing happens in this line or below it.";
      return file.startsWith("sim/")
        ? "Nothing of the simulated kernel happens in this file."
        : `This run reads ${runner.plan.files.map(({ path }) => path).join(", ")}, and not this file.`;
    },
    watch: (dataId, hit) =>
      watchPlace(system, dataId, (before, after) => {
        if (machine.step >= machine.observedUpTo || isSearching()) {
          hit(before, after);
          machine.alert();
        }
      }),
    absent(dataId) {
      const field = ENTRY.test(dataId) ? undefined : findField(system, dataId);
      return typeof field === "string" ? `${field}: the run stops once there is` : undefined;
    },
    memoryProblem: (memory) => memoryProblem(system, memory, looking.taskNamed),
    called: (id) => nameOfPlace(system, id),
    shown: (id, written) => valueAtPlace(system, id, written),
    bytes: (memory, length) => bytesText(looking.readMemory(memory, 0, length)),
    goesBack: loaded.options.historyMiB !== 0,
    names: namesIn(loaded),
    filters: exceptionFilters().map(({ filter }) => filter),
    evaluate: evaluateNow,
    interpolate: (message) =>
      message.replace(IN_BRACES, (_, text: string) => {
        const { expr } = parseExpressionText(text);
        const result = evaluateNow(expr);
        return "value" in result ? messageText(result.value) : `{${text}: ${result.error}}`;
      }),
    step: () => machine.step,
    last: () => run.last,
    event: () => describeEvent(system),
    statement: looking.statementText,
    message(text, at = machine.place()) {
      if (isSearching()) return;
      messages.tell({ step: machine.step, description: text, task: running().name, ...at });
      tell({ category: "console", text, ...(at.line > 0 && { file: at.file, line: at.line }) });
    },
    warnOnce(text) {
      if (isSearching() || warned.has(text)) return;
      warned.add(text);
      tell({ category: "important", text });
    },
  });
  const trouble = createTrouble({
    loaded,
    breakpoints,
    inNameOf(thread, ask) {
      meant = thread;
      try {
        return ask();
      } finally {
        meant = undefined;
      }
    },
    print: told,
  });

  /** Asked after each step that may matter, see Machine.observer. */
  const observe = (event: number): boolean => {
    const now = watching.hitsNow(event);
    const isHere = ({ when }: Hit) => when === "before" && machine.step === watching.origin + 1;
    const { hits, exception } = partOf(now, (hit) => !isHere(hit));
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
    messages,
    lineCounts,
    words: () => eventWords(words),
    matcher(text) {
      const pattern = eventPattern(text, words);
      if ("error" in pattern) return pattern;
      const { functionName, condition, matches } = pattern;
      functions.arm(new Set(functionName === undefined ? [] : [functionName]));
      const isEntered = () => functionName === undefined || functions.take().has(functionName);
      const isSo = () => {
        const result = condition && evaluateNow(condition);
        return !result || ("value" in result && isTrue(result.value));
      };
      return {
        attention: functionName === undefined ? pattern.events : "all",
        isMeant: () => isEntered() && matches() && isSo(),
      };
    },
    stepper: null,
    why: null,
    origin: 0,
    hitsNow(event) {
      const hits: Hit[] = [];
      if (machine.events.names[event] === "statement") {
        const place = machine.place();
        lineCounts.begun(place.file, place.line, machine.step);
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
      // Also of the past: one may come by on a way back.
      for (const step of breakpoints.steps()) if (!machine.captures.has(step)) machine.captures.set(step, "");
      const watches = breakpoints.watches();
      for (const storage of machine.store.storages)
        storage.watch(watches.filter((watch) => watch.structure === storage.type.name));
      machine.observer = observe;
    },
  };
  return watching;
}

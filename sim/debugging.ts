// The vocabulary between the simulator and whoever debugs it: plain data, no protocol, no editor.
// session.ts implements `DebugSession`; server/debug translates it to DAP.
import type { Diagnostic } from "./scenario/diagnostics.ts";

/** What the simulator needs from outside. Paths are the caller's own; the simulator only joins and compares them. */
export interface Host {
  /** A file's text, or undefined where it does not exist or may not be read. */
  read(path: string): string | undefined;
  /** Why `read` gave nothing, as the rest of a sentence that begins with the path. */
  whyUnreadable?(path: string): string | undefined;
  /** The folder that includes may not leave, in the same form as paths; without it the folder of the scenario. */
  readonly root?: string;
  /** The source map of a generated file of this program, for kernel stack frames; undefined where there is none. */
  sourceMap?(generated: string): string | undefined;
}

/** How a run is set up; what is left out comes from the file, then from the defaults. */
export interface LaunchOptions {
  readonly program: string;
  readonly kernel?: string;
  readonly options?: Readonly<Record<string, string>>;
  readonly fixes?: readonly string[];
  /** `sequential`, `random:SEED`, or the text of a schedule list `[A*12, B]`. */
  readonly schedule?: string;
  readonly maxSteps?: number;
  /** Output lines may hold ANSI colours. */
  readonly colors?: boolean;
  /** Stop also at reports that the scenario allows (`allow bugs`, `allow bug KIND`); else they are only printed. */
  readonly stopOnAllowed?: boolean;
  /** Mebibytes that checkpoints may take. */
  readonly historyMiB?: number;
}

/** A launch that cannot be: one clear message, and what the checker said. */
export interface Refusal {
  readonly refused: true;
  readonly message: string;
  readonly diagnostics: readonly Diagnostic[];
}

/** One named value of the stopped machine. Children are made when asked for. */
export interface ValueNode {
  readonly name: string;
  /** As people read it: addresses and flags in hex with names, sizes with units. */
  readonly value: string;
  readonly type?: string;
  /** An expression of the scenario language that gives this value, for watches and hovers. */
  readonly expression?: string;
  /** Stable path of a field or entry: identifies it across stops and sessions of the same scenario. Data breakpoints take it. */
  readonly dataId?: string;
  /** A variable of the scenario that has a value: `variable:writer.p`. `DebugSession.write` takes it; only statements set it else. */
  readonly variable?: string;
  /** The simulated object that this is or leads to, the same at every stop: `vm_area_struct:3:1`. `DebugSession.who` takes it. */
  readonly object?: string;
  /** Where its bytes are: `page:PFN` or `process:NAME:ADDRESS`. Memory views take it. */
  readonly memory?: string;
  /** True where `DebugSession.write` accepts a new value for `dataId` or `variable`. */
  readonly writable?: boolean;
  /** Number of children where it is large; `children` then takes a range. */
  readonly count?: number;
  /** Present where there are children. `start` and `count` page large ones. */
  readonly children?: (start?: number, count?: number) => readonly ValueNode[];
}

export interface Scope {
  readonly name: string;
  readonly expensive: boolean;
  readonly node: ValueNode;
}

/** One line of a call stack: kernel functions over the scenario's statement, innermost first. */
export interface Frame {
  readonly name: string;
  readonly kind: "kernel" | "scenario";
  /** Scenario files by the path they were opened with; kernel sources relative to the project: `sim/kernel/mm/memory.ts`. */
  readonly file: string;
  /** Lines and columns count from 1. */
  readonly line: number;
  readonly column: number;
}

export interface ThreadInfo {
  /** Stable over the whole session; counts from 1. */
  readonly id: number;
  readonly name: string;
  readonly cpu: number;
  readonly state: "running" | "waiting" | "idle" | "finished";
}

export interface BreakpointOptions {
  readonly condition?: string;
  /** `5`, `>= 5`, `% 2`: as in other debuggers. */
  readonly hitCondition?: string;
  /** Printed instead of a stop; `{…}` in it holds expressions. Empty: what happens is told. */
  readonly logMessage?: string;
  /** `before`: stops at the state before the step that it is about, `after` (the default) behind it. Statements begin in either way. */
  readonly when?: string;
}

export interface LineBreakpoint extends BreakpointOptions {
  readonly line: number;
}

/** In people's words: `set_pgd into reader`, `TLB flush if cpu == 1`, `find_shared_vma`. */
export interface EventBreakpoint extends BreakpointOptions {
  readonly text: string;
}

export interface DataBreakpoint extends BreakpointOptions {
  readonly dataId: string;
}

/** At the state after that step, whoever does it. */
export interface StepBreakpoint extends BreakpointOptions {
  readonly step: number;
}

export interface ExceptionFilter {
  /** A bug kind, `expectation` or `signal`. */
  readonly filter: string;
  readonly condition?: string;
  readonly when?: string;
}

/** What became of a breakpoint. `id` is its name in `Stop.hit`. */
export interface BreakpointStatus {
  readonly id: number;
  readonly verified: boolean;
  readonly line?: number;
  readonly message?: string;
}

/** A word that may be said, and what it means. */
export interface Word {
  readonly name: string;
  readonly doc: string;
}

/** A line at which a run is to stop this once. */
export interface Until {
  readonly file: string;
  readonly line: number;
  /** What people call it: `line 31`, a label. */
  readonly text: string;
  /** Whether breakpoints and reports stop the run before it gets there. Where it passes and never gets there it comes back. */
  readonly onTheWay: "stop" | "pass";
}

export type Goal =
  /** Forward or backward to the next breakpoint, exception, or end of the run or of the recording. */
  | { readonly kind: "continue" | "reverse"; readonly until?: Until }
  | {
      readonly kind: "step";
      readonly how: "in" | "over" | "out";
      readonly by: "statement" | "line" | "instruction";
      readonly thread: number;
      /** Only this thread runs, as far as locks allow. */
      readonly alone?: boolean;
    }
  | { readonly kind: "stepBack"; readonly by: "statement" | "line" | "instruction"; readonly thread: number }
  /** Back to where a frame of the thread's stack began: `depth` counts from the innermost, 0. */
  | { readonly kind: "restart"; readonly thread: number; readonly depth: number }
  /** To the state after that step. Step 0 is before anything ran. */
  | { readonly kind: "goto"; readonly step: number };

export interface Stop {
  readonly reason:
    | "entry"
    | "step"
    | "breakpoint"
    | "event"
    | "data"
    | "exception"
    | "pause"
    | "goto"
    | "restart"
    | "end"
    | "limit";
  /** One line in plain words. */
  readonly description: string;
  readonly thread: number;
  readonly hit: readonly number[];
  readonly exception?: ExceptionReport;
}

export interface ExceptionReport {
  /** A bug kind, `expectation` or a signal's name. */
  readonly kind: string;
  readonly message: string;
}

/** A report of a detector. */
export interface FoundBug {
  readonly kind: string;
  readonly message: string;
  /** When it was first seen, by whom, for which statement; line 0: for none. */
  readonly step: number;
  readonly task: string;
  readonly file: string;
  readonly line: number;
  /** How often it was seen. */
  readonly count: number;
  /** Neither expected nor allowed by the scenario. */
  readonly unexpected: boolean;
}

/** An output line for a debug console, made while running: logpoints, reports, warnings. */
export interface Output {
  readonly category: "console" | "stdout" | "stderr" | "important";
  readonly text: string;
  readonly file?: string;
  readonly line?: number;
}

/**
 * An answer for which steps may have to be done once more, in slices as a move. Until it is given the machine is somewhere else in
 * time: nothing may be looked at, changed or begun meanwhile.
 */
export interface Lookup<T> {
  /** Works on, about `steps` steps; gives the answer, or undefined to be called again. */
  advance(steps: number): { readonly answer: T } | "given up" | undefined;
  /** No answer is wanted any more. `advance` has to be called on until it says "given up": then the machine is back. */
  giveUp(): void;
}

/** A step of the kernel, for lists of them. */
export interface StepText {
  readonly step: number;
  readonly text: string;
  /** The innermost line of the kernel. */
  readonly file?: string;
  readonly line?: number;
  /** A scheduling point: who could go on after it, where these are more than one. */
  readonly choice?: readonly string[];
}

/** Somebody did something to an object. */
export interface Deed {
  readonly step: number;
  readonly description: string;
  readonly task: string;
  /** The statement that it was done for; line 0: none. */
  readonly file: string;
  readonly line: number;
}

/** A line on which a run can stop, and how often its statements were begun: exact up to 9,999. */
export interface LineCount {
  readonly file: string;
  readonly line: number;
  readonly times: number;
}

/** All times at which something happened, as far as the run was recorded, past and future. */
export interface Occurrences {
  readonly times: number;
  /** In order; of very many those that are nearest to now. */
  readonly moments: readonly Deed[];
  /** How many are before the first of these. */
  readonly earlier: number;
}

export type Question = "wrote" | "allocated" | "linked" | "freed";

/** A scenario being debugged. Lives in one thread, does no I/O; long runs go in slices so that the caller can stay responsive. */
export interface DebugSession {
  readonly program: string;
  /** Steps done so far; the furthest step that this run has reached; whether that is its end. */
  readonly now: number;
  readonly last: number;
  readonly finished: boolean;

  /** Takes up a goal; `advance` then works on it, about `steps` steps a call, and gives the stop or undefined to be called again. */
  start(goal: Goal): void;
  advance(steps: number): Stop | undefined;
  /** Stops where the run stands now, at the next step. */
  pause(): Stop;
  /** Lines since the last call. */
  takeOutput(): readonly Output[];

  /** Each call replaces the set of its kind (lines: of that file). Order of the answer = order of the argument. */
  setLineBreakpoints(file: string, breakpoints: readonly LineBreakpoint[]): readonly BreakpointStatus[];
  setEventBreakpoints(breakpoints: readonly EventBreakpoint[]): readonly BreakpointStatus[];
  setDataBreakpoints(breakpoints: readonly DataBreakpoint[]): readonly BreakpointStatus[];
  setStepBreakpoints(breakpoints: readonly StepBreakpoint[]): readonly BreakpointStatus[];
  setExceptionFilters(filters: readonly ExceptionFilter[]): readonly BreakpointStatus[];
  exceptionFilters(): readonly {
    readonly filter: string;
    readonly label: string;
    readonly doc: string;
    readonly default: boolean;
  }[];
  /** Lines of a file, from..to inclusive, on which a run can stop. */
  breakableLines(file: string, from: number, to: number): readonly number[];

  threads(): readonly ThreadInfo[];
  /** Who could do the next step: numbers of threads, with what each of them is about to do. */
  runnable(): readonly { readonly thread: number; readonly text: string }[];
  /** Files in which the run can stop: the scenario's, then the kernel's. */
  sources(): readonly string[];
  /** What a person calls a place: a label, a line number of the scenario, `FILE:LINE`. */
  place(text: string): { readonly file: string; readonly line: number } | { readonly error: string };
  /** Thread of the current stop. */
  readonly current: number;
  stack(thread: number): Lookup<readonly Frame[]>;
  scopes(thread: number): readonly Scope[];
  /** The report of the present stop, laid out like a kernel splat, with the history of its objects; "" where there is none. */
  explain(): Lookup<string>;
  /** Labels of the scenario, with their lines. */
  labels(): readonly Word[];
  /** Events and kernel functions at which a run can stop. */
  eventWords(): readonly Word[];
  /** All address spaces, each with its VMAs, its page tables, and those of them that others share. */
  addressSpaces(): readonly ValueNode[];
  /** Each CPU with what it has loaded and the translations that it keeps. */
  tlbs(): readonly ValueNode[];
  /** What detectors have found up to now. */
  bugs(): readonly FoundBug[];
  /** What breakpoints with a message have told of the run as far as it was recorded, by steps. */
  messages(): readonly Deed[];
  /** How often each line of the scenario was begun up to now. */
  lineCounts(): readonly LineCount[];
  /** Evaluates an expression of the scenario language in a thread's process. Never changes the machine. */
  evaluate(expression: string, thread: number): ValueNode | { readonly error: string };
  /** Text, one level a line, of the walk of an address, a variable or an expression; what a hover shows. */
  hover(expression: string, thread: number): ValueNode | { readonly error: string };
  /** Completions for an expression, cut at `column` (from 0). */
  complete(
    text: string,
    column: number,
  ): readonly {
    readonly label: string;
    readonly detail?: string;
    readonly type: "function" | "variable" | "field" | "constant";
  }[];
  /** What people call a field or an entry (`ValueNode.dataId`): `map_count of mm of writer`. */
  called(dataId: string): string;
  /** Sets a field, an entry or a variable by hand. In the past this drops the recorded future. Says what it did, or why not. */
  write(id: string, value: string): ValueNode | { readonly error: string };
  /** Bytes at a memory reference (`ValueNode.memory`); fewer than asked where memory ends. */
  readMemory(memory: string, offset: number, count: number): Uint8Array;
  /** Writes bytes; gives how many. */
  writeMemory(memory: string, offset: number, bytes: Uint8Array): number;
  /** Kernel steps around the current one, for a disassembly view: past and, where recorded, future. */
  steps(from: number, count: number): Lookup<readonly StepText[]>;
  /**
   * Who wrote a field or an entry last before now (`id`: ValueNode.dataId); who allocated, linked last, freed an object
   * (ValueNode.object). Who frees it may lie in the recorded future.
   */
  who(question: Question, id: string): Lookup<Deed | { readonly error: string }>;
  /** When that happened: an event in words, as event breakpoints take it, or a place, as `place` does. */
  when(text: string): Lookup<Occurrences | { readonly error: string }>;
  /** What is different now from the state after an earlier step. */
  changedSince(step: number): Lookup<readonly ValueNode[]>;
}

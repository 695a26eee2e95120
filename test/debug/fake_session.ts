// A small machine with a past, to test the translation on: processes assign numbers, one "kernel" function deep (fake_program.ts).
// What it runs is in fake_run.ts; this is what it shows.
import type { Engine, Session } from "../../server/debug/environment.ts";
import type {
  BreakpointStatus,
  DataBreakpoint,
  Deed,
  EventBreakpoint,
  ExceptionFilter,
  Frame,
  LineBreakpoint,
  Lookup,
  Occurrences,
  Question,
  Refusal,
  Scope,
  StepBreakpoint,
  ValueNode,
} from "../../sim/debugging.ts";
import { FakeRun } from "./fake_run.ts";

/** What needs no search. */
const found = <T>(answer: T): Lookup<T> => ({ advance: () => ({ answer }), giveUp() {} });

const KERNEL_FILE = "sim/kernel/mm/memory.ts";
const filters = [
  { filter: "use-after-free", label: "Use after free", doc: "nothing touches freed objects", default: true },
  { filter: "expectation", label: "Failed expectations", doc: "an expect that does not hold", default: true },
  { filter: "signal", label: "Signals", doc: "a fatal signal", default: false },
];

export const fakeEngine: Engine = {
  exceptionFilters: () => filters,
  openDebugSession(host, options): Session | Refusal {
    const text = host.read(options.program);
    if (text === undefined) return { refused: true, message: `there is no file ${options.program}`, diagnostics: [] };
    const wrong = text.split("\n").findIndex((line) => line.includes("???"));
    if (wrong < 0) return new FakeSession(options, text);
    const place = { file: options.program, line: wrong + 1, column: 1, endLine: wrong + 1, endColumn: 4 };
    const what = { severity: "error", code: "syntax", message: "this is no statement", start: 0, end: 3 } as const;
    const message = `${options.program}:${wrong + 1}:1: error: ${what.message}`;
    return { refused: true, message, diagnostics: [{ ...what, ...place }] as never };
  },
};

export class FakeSession extends FakeRun implements Session {
  private nextId = 100;

  setLineBreakpoints(file: string, breakpoints: readonly LineBreakpoint[]): readonly BreakpointStatus[] {
    const known = file === this.program;
    const statuses = breakpoints.map(({ line }) => {
      const at = known ? this.parts.find((part) => part.line >= line)?.line : undefined;
      if (at === undefined) return { id: this.nextId++, verified: false, message: "nothing stops there" };
      return { id: this.nextId++, verified: true, line: at };
    });
    if (known)
      this.lines = breakpoints.map((each, i) => ({ ...each, line: statuses[i].line ?? -1, id: statuses[i].id }));
    return statuses;
  }

  setEventBreakpoints(breakpoints: readonly EventBreakpoint[]): readonly BreakpointStatus[] {
    this.events = breakpoints.map((each) => ({ ...each, id: this.nextId++ }));
    return this.events.map(({ id, text }) =>
      /^set_\w$/.test(text) ? { id, verified: true } : { id, verified: false, message: "did you mean set_x?" },
    );
  }

  setDataBreakpoints(breakpoints: readonly DataBreakpoint[]): readonly BreakpointStatus[] {
    this.watched = breakpoints.map((each) => ({ ...each, id: this.nextId++ }));
    return this.watched.map(({ id }) => ({ id, verified: true }));
  }

  setStepBreakpoints(breakpoints: readonly StepBreakpoint[]): readonly BreakpointStatus[] {
    return breakpoints.map(() => ({ id: this.nextId++, verified: true }));
  }

  explain() {
    return found(this.explanation);
  }

  runnable() {
    return this.names.map((name, index) => ({ thread: index + 1, text: `${name}: runs` }));
  }

  place(text: string): { readonly file: string; readonly line: number } | { readonly error: string } {
    return /^\d+$/.test(text) ? { file: this.program, line: Number(text) } : { error: `there is no label ${text}` };
  }

  labels() {
    return [{ name: "here", doc: "line 1" }];
  }

  eventWords() {
    return [{ name: "set_x", doc: "x is set" }];
  }

  sources(): readonly string[] {
    return [this.program, KERNEL_FILE];
  }

  setExceptionFilters(wanted: readonly ExceptionFilter[]): readonly BreakpointStatus[] {
    this.caught = [...wanted];
    return wanted.map(({ filter }) => ({
      id: this.nextId++,
      verified: filters.some((known) => known.filter === filter),
    }));
  }

  exceptionFilters(): typeof filters {
    return filters;
  }

  breakableLines(file: string, from: number, to: number): readonly number[] {
    if (file !== this.program) return [];
    return this.parts.map(({ line }) => line).filter((line) => line >= from && line <= to);
  }

  addressSpaces(): readonly ValueNode[] {
    return [{ name: "A", value: "1 VMA", children: () => [{ name: "x", value: "5" }] }];
  }

  tlbs(): readonly ValueNode[] {
    return [];
  }

  bugs(): [] {
    return [];
  }

  messages(): [] {
    return [];
  }

  lineCounts(): [] {
    return [];
  }

  threads() {
    const state = (thread: number) => (thread === this.current ? "running" : "waiting") as "running" | "waiting";
    return this.names.map((name, index) => ({
      id: index + 1,
      name: `cpu${index % 2}: ${name}`,
      cpu: index % 2,
      state: state(index + 1),
    }));
  }

  stack(thread: number) {
    return found(this.frames(thread));
  }

  private frames(thread: number): readonly Frame[] {
    const part = this.parts.find((each) => each.thread === thread && each.start + each.length > this.now);
    if (!part) return [];
    const scenario = { kind: "scenario", name: part.text, file: this.program, line: part.line, column: 1 } as const;
    if (this.now === part.start) return [scenario];
    return [{ kind: "kernel", name: "store_value", file: KERNEL_FILE, line: 20, column: 3 }, scenario];
  }

  scopes(thread: number): readonly Scope[] {
    const name = this.names[thread - 1];
    const children = () => ["x", "y"].map((field) => this.field(`${name}.${field}`));
    const cell = (index: number): ValueNode => ({ name: `[${index}]`, value: String(index * 4096) });
    const cells = (start = 0, count = 5000) => Array.from({ length: count }, (_, index) => cell(start + index));
    return [
      { name: "Process", expensive: false, node: { name, value: "", children } },
      { name: "Table", expensive: true, node: { name: "table", value: "5000 entries", count: 5000, children: cells } },
    ];
  }

  evaluate(expression: string): ValueNode | { readonly error: string } {
    if (/^[A-Z]\w*\.[xy]$/.test(expression)) return this.field(expression);
    if (/^-?\d+$/.test(expression)) return { name: expression, value: expression, type: "integer" };
    return { error: `nothing is called \`${expression}\`` };
  }

  hover(expression: string): ValueNode | { readonly error: string } {
    const node = this.evaluate(expression);
    return "error" in node ? node : { ...node, value: `pgd[0] of ${expression}\npte[0] = ${node.value}` };
  }

  complete(text: string, column: number) {
    const word = /\w*$/.exec(text.slice(0, column))?.[0] ?? "";
    const known = [{ label: "mm", detail: "mm(process)", type: "function" as const }];
    return known.filter(({ label }) => label.startsWith(word));
  }

  write(dataId: string, value: string): ValueNode | { readonly error: string } {
    if (!/^\d+$/.test(value)) return { error: `\`${value}\` is not an integer` };
    this.assign(dataId, BigInt(value));
    return this.field(dataId.slice("var:".length));
  }

  called(dataId: string): string {
    return dataId.slice("var:".length);
  }

  readMemory(memory: string, offset: number, count: number): Uint8Array {
    if (memory !== "page:7" || offset < 0) return new Uint8Array();
    return Uint8Array.from(
      { length: Math.max(0, Math.min(count, 4096 - offset)) },
      (_, index) => (offset + index) & 255,
    );
  }

  writeMemory(memory: string, offset: number, bytes: Uint8Array): number {
    if (memory !== "page:7") return 0;
    this.forgetFuture();
    return Math.min(bytes.length, 4096 - offset);
  }

  steps(from: number, count: number) {
    const [first, last] = [Math.max(from, 1), Math.min(from + count - 1, this.last)];
    const steps = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => {
      const part = this.partAt(first + index - 1);
      return { step: first + index, text: part?.text ?? "", file: this.program, line: part?.line };
    });
    return found(steps);
  }

  who(_question: Question, dataId: string): Lookup<Deed | { readonly error: string }> {
    const part = this.parts.filter((each) => each.write?.dataId === dataId && each.start < this.now).at(-1);
    if (!part) return found({ error: "nobody has written it yet" });
    const task = this.names[part.thread - 1]!;
    return found({ step: part.start + 1, description: part.text, task, file: this.program, line: part.line });
  }

  when(text: string): Lookup<Occurrences> {
    const meant = this.parts.filter(({ line, start }) => String(line) === text && start < this.last);
    const moments = meant.map(({ start, text: description, thread, line }) => {
      return { step: start + 1, description, task: this.names[thread - 1]!, file: this.program, line };
    });
    return found({ times: moments.length, moments, earlier: 0 });
  }

  changedSince(): Lookup<readonly ValueNode[]> {
    return found([]);
  }

  private field(name: string): ValueNode {
    const value = this.value(`var:${name}`);
    const expression = name;
    const known = { type: "long", expression, dataId: `var:${name}`, memory: "page:7", writable: true };
    return { name: name.split(".").at(-1) ?? name, value: String(value), ...known };
  }
}

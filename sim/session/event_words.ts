// Events in people's words: "TLB flush", "pud_populate into guest", "put_page to 0", "page fault at 2TiB if cpu == 1".
// A text becomes a name (of events or of a function), restrictions, and a condition.
import type { Handle } from "../core/struct.ts";
import type { System } from "../kernel/boot.ts";
import type { Mm } from "../kernel/mm_types.ts";
import type { Expr } from "../scenario/ast.ts";
import type { Evaluation } from "../scenario/expressions.ts";
import { near, readCondition } from "./breakpoint_words.ts";

export interface EventPattern {
  /** Numbers of the events meant; empty for a function. */
  readonly events: readonly number[];
  readonly functionName?: string;
  /** Whether the event that has just been announced is meant. */
  matches(): boolean;
  readonly condition?: Expr;
}

export interface NoPattern {
  readonly error: string;
}

export interface WordContext {
  readonly system: System;
  readonly functions: ReadonlySet<string>;
  /** The mm of a process by its name, while it has one. */
  mmOf(process: string): Mm | null | undefined;
  taskOf(process: string): Handle | undefined;
  /** For the running process. */
  value(expr: Expr): Evaluation;
  /** All that conditions may name. */
  readonly names: ReadonlySet<string>;
  readonly processes: readonly string[];
}

const PREPOSITIONS = new Set(["into", "in", "of", "on", "at", "to", "for", "by", "from", "with"]);
const TABLES: Readonly<Record<string, string>> = { pte: "pte", pmd: "pmd", pud: "pud", p4d: "p4d", pgd: "pgd" };

const normal = (text: string): string =>
  text
    .trim()
    .toLowerCase()
    .replace(/[\s_-]+/g, "_");

/** Understands a text, or says what is wrong with it and what was near. */
export function eventPattern(text: string, context: WordContext): EventPattern | NoPattern {
  const cut = /^(.*?)(?:\s+if\s+(.+))?$/s.exec(text.trim())!;
  const condition = cut[2] === undefined ? undefined : readCondition(cut[2], context.names);
  if (condition && "error" in condition) return condition;
  const words = cut[1]!.split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) return { error: "An event is missing, as `TLB flush`." };
  const { named, preposition, object } = readName(words, context);
  if ("error" in named) return named;
  const restriction = object === "" ? () => true : restrict(preposition, object, named.events, context);
  if (typeof restriction !== "function") return restriction;
  const { machine } = context.system;
  return {
    ...named,
    matches: () => (named.functionName !== undefined || named.events.includes(machine.event)) && restriction(),
    condition: condition?.expr,
  };
}

type Named = Omit<EventPattern, "matches">;

interface ReadName {
  readonly named: Named | NoPattern;
  readonly preposition: string;
  /** What the preposition concerns; "" where there is none. */
  readonly object: string;
}

/** Where the name ends: names may hold prepositions themselves (`swap in`), so the longest beginning that is a name is it. */
function readName(words: readonly string[], context: WordContext): ReadName {
  const cuts = words.flatMap((word, i) => (i > 0 && PREPOSITIONS.has(word.toLowerCase()) ? [i] : []));
  const at = (end: number): ReadName => {
    const object = words.slice(end + 1).join(" ");
    const named = namedEvents(normal(words.slice(0, end).join(" ")), object, context);
    return { named, preposition: words[end]?.toLowerCase() ?? "", object };
  };
  const readings = [words.length, ...cuts.toReversed()].map(at);
  return readings.find(({ named }) => !("error" in named)) ?? readings.at(-1)!;
}

/** What may stand at the beginning of such a text: events, then functions. */
export function eventWords({ system, functions }: WordContext): { readonly name: string; readonly doc: string }[] {
  const { names, specs } = system.machine.events;
  const events = names.map((name, i) => ({ name, doc: specs[i]!.doc }));
  const others = [...functions].filter((name) => !names.includes(name)).sort();
  return [...events, ...others.map((name) => ({ name, doc: "a kernel function" }))];
}

/** Verbs that mean several events, by what they are said of. */
function verbs(name: string, object: string): readonly string[] {
  const of = normal(object);
  const table = /(^|_)table$/.test(of);
  if (name === "free") return table ? ["free_table"] : of.includes("mm") ? ["mm_free"] : ["free_page", "free_table"];
  if (name === "alloc" || name === "allocation")
    return table ? ["alloc_table"] : of.includes("mm") ? ["mm_alloc"] : ["alloc_page", "alloc_table"];
  if (name === "link") return ["set_pgd", "set_p4d", "set_pud", "set_pmd"];
  return [];
}

function namedEvents(name: string, object: string, { system, functions }: WordContext): Named | NoPattern {
  const { events } = system.machine;
  const called = (isName: (spelling: string) => boolean): Named | undefined => {
    const ids = events.names.flatMap((event, id) =>
      [event, ...(events.specs[id]!.aliases ?? [])].some((spelling) => isName(normal(spelling))) ? [id] : [],
    );
    return ids.length > 0 ? { events: ids } : undefined;
  };
  const functionCalled = (wanted: string): Named | undefined => {
    const functionName = [...functions].find((known) => normal(known) === wanted);
    return functionName === undefined ? undefined : { events: [], functionName };
  };
  const meant = verbs(name, object).map((verb) => events.id(verb)!);
  const plain = name.replace(/^(system_call|syscall|call)_(of_)?/, "");
  const sorted = inAnyOrder(name);
  const found =
    (meant.length > 0
      ? { events: [...new Set([...(called((one) => one === name)?.events ?? []), ...meant])] }
      : undefined) ??
    called((one) => one === name) ??
    functionCalled(name) ??
    functionCalled(FUNCTIONS[name] ?? "") ??
    functionCalled(`sys_${plain}`) ??
    called((one) => inAnyOrder(one) === sorted);
  if (found) return found;
  const known = new Set([...events.names, ...functions]);
  const hint = holding(name, known) || near(name, known);
  return { error: `No event or kernel function is called "${name.replaceAll("_", " ")}".${hint}` };
}

/** Kernel functions by what people call what they do. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  cow: "wp_page_copy",
  copy_on_write: "wp_page_copy",
  wp_fault: "do_wp_page",
  oom: "out_of_memory",
};

/** Plurals and the order of words do not matter: `page faults`, `flush TLB`. */
const inAnyOrder = (name: string): string =>
  name
    .split("_")
    .map((word) => word.replace(/(?<=sh|x)es$|(?<=[a-rt-z])s$/, ""))
    .sort()
    .join("_");

/** " Near: …", of names that hold the word or the words as parts; "" where there is none. */
function holding(name: string, known: Iterable<string>): string {
  if (name.length < 3) return "";
  const found = [...known].filter((one) => `_${normal(one)}_`.includes(`_${name}_`));
  const [shortest, ...others] = found.sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  return shortest === undefined ? "" : ` Near: ${[shortest, ...others.slice(0, 2)].join(", ")}.`;
}

/** What stands behind a preposition, as a question to the current event. */
function restrict(
  preposition: string,
  object: string,
  events: readonly number[],
  context: WordContext,
): (() => boolean) | NoPattern {
  const { system } = context;
  const { machine } = system;
  const argument = (name: string): unknown => {
    const at = machine.events.specs[machine.event]!.args.indexOf(name);
    return at < 0 ? undefined : machine.args[at];
  };
  const lower = normal(object);
  if (lower === "guest" || lower === "a_guest") return () => isGuest(system, argument("mm") as Mm | undefined);
  if (lower === "host" || lower === "a_host") return () => isHost(system, argument("mm") as Mm | undefined);
  const table = /^(?:a_)?(\w+?)_table$/.exec(lower)?.[1];
  if (table && TABLES[table]) return () => argument("level") === TABLES[table];
  const cpu = /^cpu_(\d+)$/.exec(lower)?.[1];
  if (cpu) return () => (argument("cpu") ?? machine.thread?.cpu) === Number(cpu);
  if (context.taskOf(object) !== undefined) {
    return () => {
      const mm = argument("mm");
      if (mm !== undefined) return mm === context.mmOf(object);
      return (argument("task") ?? runningTask(system)) === context.taskOf(object);
    };
  }
  const number = numberIn(object, context);
  if (number) return numberRestriction(preposition, number, argument);
  const mayHaveNames = events.some((event) => machine.events.specs[event]!.args.some((arg) => NAMES.includes(arg)));
  if (/^[\w&>*.:/-]+$/.test(object) && (mayHaveNames || PATH.test(object))) return () => nameIn(argument, object);
  const known = [...context.processes, ...Object.keys(TABLES).map((level) => `${level} table`), "guest", "host"];
  return { error: `"${object}" is no process, CPU, table, address or number.${near(object, known)}` };
}

/** Arguments that hold names. */
const NAMES = ["name", "reason", "call", "level", "mode", "signal"];
/** What the address space of a shared region is called by: a file. */
const PATH = /[/:]/;

/** What an address or a number comes to when asked: variables get their values in the course of the run. Undefined: the text is none. */
function numberIn(text: string, { value, names }: WordContext): (() => number) | undefined {
  const read = readCondition(text, names);
  if ("error" in read) return undefined;
  const now = value(read.expr);
  const isNumber = "value" in now ? typeof now.value === "bigint" : now.code === "no-value-yet";
  if (!isNumber) return undefined;
  return () => {
    const result = value(read.expr);
    const known = "value" in result ? result : now;
    return "value" in known && typeof known.value === "bigint" ? Number(known.value) : Number.NaN;
  };
}

function numberRestriction(
  preposition: string,
  number: () => number,
  argument: (name: string) => unknown,
): () => boolean {
  const page = (address: number) => Math.floor(address / 4096);
  if (preposition === "at" || preposition === "of")
    return () => {
      const address = argument("address") ?? argument("start");
      const wanted = number();
      if (address !== undefined && wanted >= 4096) return page(address as number) === page(wanted);
      return argument("pfn") === wanted;
    };
  return () => {
    const wanted = number();
    return ["refcount", "pages", "to", "result", "cpu"].some((name) => argument(name) === wanted);
  };
}

/** Anything that bears the name: a lock, a reason, a file. */
function nameIn(argument: (name: string) => unknown, wanted: string): boolean {
  const text = wanted.toLowerCase();
  const mm = argument("mm") as Mm | null | undefined;
  if (mm?.$.isAlive(mm) && mm.name.toLowerCase() === text) return true;
  return NAMES.some((name) => {
    const value = argument(name);
    return typeof value === "string" && value.toLowerCase().includes(text);
  });
}

function runningTask(system: System): Handle | undefined {
  const { thread } = system.machine;
  return thread && thread.id >= 0 ? system.taskOf(thread) : undefined;
}

export function isGuest(system: System, mm: Mm | undefined | null): boolean {
  return Boolean(mm) && system.straight.tasks().some((task) => task.mm === mm);
}

/** An address space that no process has: a design keeps it for a shared region. */
export function isHost(system: System, mm: Mm | undefined | null): boolean {
  return Boolean(mm) && mm !== system.straight.init_mm && !isGuest(system, mm);
}

// Events in people's words: "TLB flush", "pud_populate into guest", "put_page to 0", "page fault at 2TiB if cpu == 1".
// A text becomes a name (of events or of a function), restrictions, and a condition.
import type { Handle } from "../core/struct.ts";
import type { System } from "../kernel/boot.ts";
import type { Mm } from "../kernel/mm_types.ts";
import type { Expr } from "../scenario/ast.ts";
import { parseExpressionText } from "../scenario/parser.ts";
import type { Value } from "../scenario/values.ts";
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
  value(expr: Expr): Value | undefined;
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
  const at = words.findIndex((word, i) => i > 0 && PREPOSITIONS.has(word.toLowerCase()));
  const name = normal((at < 0 ? words : words.slice(0, at)).join(" "));
  const preposition = at < 0 ? "" : words[at]!.toLowerCase();
  const object = at < 0 ? "" : words.slice(at + 1).join(" ");
  if (name === "") return { error: "An event is missing, as `TLB flush`." };
  const named = namedEvents(name, object, context);
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

function namedEvents(
  name: string,
  object: string,
  { system, functions }: WordContext,
): Omit<EventPattern, "matches"> | NoPattern {
  const { events } = system.machine;
  const ids = new Set<number>();
  events.names.forEach((event, id) => {
    const spellings = [event, ...(events.specs[id]!.aliases ?? [])].map(normal);
    if (spellings.includes(name)) ids.add(id);
  });
  for (const verb of verbs(name, object)) ids.add(events.id(verb)!);
  if (ids.size > 0) return { events: [...ids] };
  const functionName = [...functions].find((known) => normal(known) === name);
  if (functionName) return { events: [], functionName };
  const hint = near(name, new Set([...events.names, ...functions]));
  return { error: `No event or kernel function is called "${name.replaceAll("_", " ")}".${hint}` };
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
  const { expr, problems } = parseExpressionText(object);
  const value = problems.length === 0 ? context.value(expr) : undefined;
  if (typeof value === "bigint") return numberRestriction(preposition, Number(value), argument);
  const mayHaveNames = events.some((event) => machine.events.specs[event]!.args.some((arg) => NAMES.includes(arg)));
  if (/^[\w&>*.:/-]+$/.test(object) && (mayHaveNames || PATH.test(object))) return () => nameIn(argument, object);
  const known = [...context.processes, ...Object.keys(TABLES).map((level) => `${level} table`), "guest", "host"];
  return { error: `"${object}" is no process, CPU, table, address or number.${near(object, known)}` };
}

/** Arguments that hold names. */
const NAMES = ["name", "reason", "call", "level", "mode"];
/** What the address space of a shared region is called by: a file. */
const PATH = /[/:]/;

function numberRestriction(preposition: string, n: number, argument: (name: string) => unknown): () => boolean {
  if (preposition === "at" || preposition === "of")
    return () => {
      const address = argument("address") ?? argument("start");
      if (address !== undefined && n >= 4096) return Math.floor((address as number) / 4096) === Math.floor(n / 4096);
      return argument("pfn") === n;
    };
  return () => ["refcount", "pages", "to", "result", "cpu"].some((name) => argument(name) === n);
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

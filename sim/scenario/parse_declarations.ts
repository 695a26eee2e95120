// Declarations: kernel, machine, process, thread, schedule, let, include.
import type { Expr, Item, Name, Option, ScheduleEntry, SchedulePolicy, StringExpr } from "./ast.ts";
import {
  accept,
  acceptWord,
  advance,
  atLineStart,
  type Cursor,
  expect,
  expected,
  hyphenated,
  hyphenatedLength,
  key,
  lastEnd,
  name,
  newName,
  peek,
  report,
  start,
  startsStatement,
  word,
} from "./cursor.ts";
import { list, parseExpression, parseOperand } from "./parse_expression.ts";
import { parseActor, processActor } from "./parse_statements.ts";

/** `kernel DESIGN { option: value }`. */
export function kernelDeclaration(c: Cursor): Item {
  const from = start(c);
  advance(c);
  if (peek(c) === ":") {
    const span = { start: start(c), end: c.tokens.ends[c.at] };
    const mend = { title: "Remove the colon", edits: [{ ...span, text: "" }] };
    report(c, { code: "syntax", ...span, message: "A design is named without a colon: `kernel mshare-v3`.", mend });
    advance(c);
  }
  const design = hyphenated(c, "the name of a kernel design");
  const options = peek(c) === "{" ? parseOptions(c) : [];
  return { kind: "kernel-declaration", design, options, start: from, end: lastEnd(c) };
}

/** `machine { cpus: 2, … }`. */
export function machineDeclaration(c: Cursor): Item {
  const from = start(c);
  advance(c);
  const options = parseOptions(c);
  return { kind: "machine", options, start: from, end: lastEnd(c) };
}

function parseOptions(c: Cursor): Option[] {
  const options: Option[] = [];
  if (!expect(c, "{", "before the options")) return options;
  list(c, "}", () => {
    const read = option(c);
    if (read) options.push(read);
  });
  expect(c, "}", "after the options");
  return options;
}

function option(c: Cursor): Option | undefined {
  const made = key(c, "an option, `name: value`");
  if (!made) return undefined;
  const from = made.start;
  if (accept(c, "[")) {
    const items: Name[] = [];
    list(c, "]", () => items.push(hyphenated(c, "a name")));
    expect(c, "]", "to close the list");
    return { name: made, list: items, start: from, end: lastEnd(c) };
  }
  const version = optionVersion(c);
  if (version) return { name: made, word: version, value: versionValue(version), start: from, end: lastEnd(c) };
  const wordValue = optionWord(c);
  const value = wordValue && wordValue.tokens === 1 ? nameValue(c, wordValue.word) : parseExpression(c);
  return { name: made, word: wordValue?.word, value, start: from, end: lastEnd(c) };
}

/** `6.12`: numbers with dots between them are a word, as in `kernel linux { version: 6.12 }`. */
function optionVersion(c: Cursor): Name | undefined {
  const { kinds, starts, ends } = c.tokens;
  const touches = (at: number) => starts[at] === ends[at - 1];
  let last = c.at;
  if (kinds[last] !== "integer") return undefined;
  while (kinds[last + 1] === "." && kinds[last + 2] === "integer" && touches(last + 1) && touches(last + 2)) last += 2;
  if (last === c.at) return undefined;
  const start = starts[c.at];
  while (c.at <= last) advance(c);
  return { text: c.text.slice(start, ends[last]), start, end: ends[last] };
}

function versionValue({ text, start, end }: Name): Expr {
  return { kind: "string", value: text, start, end };
}

/** The value as a hyphenated word, where nothing but a word stands before the next comma. Reads nothing. */
function optionWord(c: Cursor): { readonly word: Name; readonly tokens: number } | undefined {
  const tokens = hyphenatedLength(c);
  if (tokens === 0) return undefined;
  const next = peek(c, tokens);
  const ends = next === "," || next === "}" || next === "end" || c.tokens.first[c.at + tokens] === 1;
  if (!ends) return undefined;
  const span = { start: start(c), end: c.tokens.ends[c.at + tokens - 1] };
  return { word: { text: c.text.slice(span.start, span.end), ...span }, tokens };
}

/** A single word is never an error as a value: `none` is no name of the file. */
function nameValue(c: Cursor, read: Name): Expr {
  advance(c);
  return { kind: "name", name: read.text, start: read.start, end: read.end };
}

/** `process NAME`, `process NAME[COUNT]`, each with `on cpu N`. */
export function processDeclaration(c: Cursor): Item {
  const from = start(c);
  advance(c);
  const made = newName(c, "a name for the process");
  let count: Expr | undefined;
  if (peek(c) === "[" && !atLineStart(c)) {
    advance(c);
    count = parseExpression(c);
    expect(c, "]", "after the number of processes");
  }
  const cpu = onCpu(c);
  if (anotherProcess(c)) {
    const span = { start: start(c), end: c.tokens.starts[c.at + 1] };
    report(c, {
      code: "syntax",
      start: span.start,
      end: span.start + 1,
      message: "Each process has a declaration of its own: `process A` and `process B`.",
      mend: { title: "Declare it by itself", edits: [{ ...span, text: "\nprocess " }] },
    });
  }
  return { kind: "process-declaration", name: made, count, cpu, start: from, end: lastEnd(c) };
}

/** `, B` behind `process A`. */
function anotherProcess(c: Cursor): boolean {
  if (peek(c) !== "," || peek(c, 1) !== "word" || atLineStart(c)) return false;
  return c.tokens.first[c.at + 2] === 1 || peek(c, 2) === "," || peek(c, 2) === "end";
}

/** `thread PROC.NAME on cpu N`. */
export function threadDeclaration(c: Cursor): Item {
  const from = start(c);
  advance(c);
  const actor = processActor(c);
  const { thread, ...process } = actor;
  if (!thread && !startsStatement(c)) {
    const end = lastEnd(c);
    report(c, {
      code: "syntax",
      start: actor.start,
      end: Math.max(actor.end, actor.start),
      message: "A thread is named after its process: `thread writer.t1 on cpu 1`.",
      mend: { title: "Name the thread t1", edits: [{ start: end, end, text: ".t1" }], isGuess: true },
    });
  }
  const made = thread ?? { text: "", start: lastEnd(c), end: lastEnd(c) };
  const cpu = onCpu(c);
  return { kind: "thread", process: { ...process, end: process.end }, name: made, cpu, start: from, end: lastEnd(c) };
}

function onCpu(c: Cursor): Expr | undefined {
  // `process A cpu 0`: the `on` is missing. A statement `cpu 0: …` may stand behind a process, in its line too.
  const withoutOn = word(c) === "cpu" && !atLineStart(c) && peek(c, 1) === "integer" && peek(c, 2) !== ":";
  if (withoutOn) {
    const end = lastEnd(c);
    expected(c, "`on` before `cpu`", { title: "Insert on", edits: [{ start: end, end, text: " on" }] });
  } else if (word(c) !== "on" || startsStatement(c)) return undefined;
  else advance(c);
  const joined = /^cpu(\d+)$/.exec(word(c));
  if (joined) return joinedCpu(c, joined[1]);
  if (!acceptWord(c, "cpu")) {
    const end = lastEnd(c);
    expected(c, "`cpu` after `on`", { title: "Insert cpu", edits: [{ start: end, end, text: " cpu" }] });
  }
  return parseExpression(c);
}

/** `on cpu0`. */
function joinedCpu(c: Cursor, digits: string): Expr {
  const span = { start: start(c), end: c.tokens.ends[c.at] };
  const text = `cpu ${digits}`;
  const mend = { title: `Change to ${text}`, edits: [{ ...span, text }] };
  report(c, { code: "syntax", ...span, message: `A CPU is written with a space: \`${text}\`.`, mend });
  advance(c);
  return { kind: "integer", value: BigInt(digits), ...span };
}

/** `schedule sequential`, `schedule random SEED`, `schedule [A*12, B until EVENT, A]`. */
export function scheduleDeclaration(c: Cursor): Item {
  const from = start(c);
  advance(c);
  const policy = schedulePolicy(c);
  return { kind: "schedule", policy, start: from, end: lastEnd(c) };
}

export function schedulePolicy(c: Cursor): SchedulePolicy {
  if (acceptWord(c, "sequential")) return { kind: "sequential" };
  if (acceptWord(c, "random")) return { kind: "random", seed: parseExpression(c) };
  if (peek(c) !== "[") {
    expected(c, "`sequential`, `random SEED` or a list `[A*12, B]`");
    return { kind: "sequential" };
  }
  advance(c);
  const entries: ScheduleEntry[] = [];
  list(c, "]", () => {
    const entry = scheduleEntry(c);
    if (entry) entries.push(entry);
  });
  expect(c, "]", "to close the list");
  const engine = word(c) === "engine" && peek(c, 1) === "string" ? engineVersion(c) : undefined;
  return { kind: "list", entries, engine };
}

function scheduleEntry(c: Cursor): ScheduleEntry | undefined {
  if (peek(c) !== "word") {
    expected(c, "a process, such as `writer*12`");
    return undefined;
  }
  const from = start(c);
  // `cpu 0*12` are twelve steps of CPU 0.
  const actor = parseActor(c, parseOperand);
  if (accept(c, "*")) return { actor, steps: parseExpression(c), start: from, end: lastEnd(c) };
  if (acceptWord(c, "until")) return { actor, until: name(c, "an event"), start: from, end: lastEnd(c) };
  return { actor, start: from, end: lastEnd(c) };
}

function engineVersion(c: Cursor): StringExpr {
  advance(c);
  return parseExpression(c) as StringExpr;
}

export function letDeclaration(c: Cursor): Item {
  const from = start(c);
  advance(c);
  const made = newName(c, "a name");
  expect(c, "=", "and a value");
  const value = parseExpression(c);
  return { kind: "let", name: made, value, start: from, end: lastEnd(c) };
}

export function includeDeclaration(c: Cursor): Item {
  const from = start(c);
  advance(c);
  if (peek(c) !== "string") {
    expected(c, 'the path of a file, such as "common.mshare"');
    return { kind: "error", start: from, end: lastEnd(c) };
  }
  const path = parseExpression(c);
  if (path.kind !== "string") {
    report(c, { code: "syntax", start: path.start, end: path.end, message: "A path is one string." });
    return { kind: "error", start: from, end: lastEnd(c) };
  }
  return { kind: "include", path, start: from, end: lastEnd(c) };
}

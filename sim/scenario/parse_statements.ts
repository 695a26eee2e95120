// Statements and actors. Blocks hold statements; what may stand in which block is the checker's business,
// except that the parser must know whether a call needs an actor before it.
import type { Actor, CallExpr, Clause, CompareOperator, Expr, Item, Name, ProcessActor } from "./ast.ts";
import {
  accept,
  acceptWord,
  advance,
  atLineStart,
  type Cursor,
  expect,
  expected,
  hyphenated,
  lastEnd,
  name,
  newName,
  peek,
  report,
  start,
  startsStatement,
  takeName,
  word,
} from "./cursor.ts";
import { mayNest, parseArguments, parseExpression, skipNested } from "./parse_expression.ts";

/** Reads one item of a block; `actor` is the block's own, if it has one. */
export type ItemParser = (c: Cursor, actor: Actor | undefined) => Item;

const compareOperators = new Set<string>(["==", "!=", "<", "<=", ">", ">="]);

/** `A: …` or `A { … }`; the cursor stands on the first word of the actor. */
export function actorStatement(c: Cursor, item: ItemParser): Item {
  const from = start(c);
  const actor = parseActor(c);
  if (peek(c) === "{") {
    const { body, open } = block(c, item, actor);
    return { kind: "actor-block", actor, body, open, start: from, end: lastEnd(c) };
  }
  expect(c, ":", "between the process and what it does");
  return callStatement(c, actor, from);
}

/** `number`: how the number of a CPU is read. */
export function parseActor(c: Cursor, number: (c: Cursor) => Expr = parseExpression): Actor {
  const from = start(c);
  if (acceptWord(c, "kernel")) return { kind: "kernel", start: from, end: lastEnd(c) };
  if (acceptWord(c, "cpu")) {
    c.colons++;
    const cpu = number(c);
    c.colons--;
    return { kind: "cpu", number: cpu, start: from, end: lastEnd(c) };
  }
  return processActor(c);
}

/** `NAME`, `NAME[index]`, `NAME[*]`, each with `.THREAD`. */
export function processActor(c: Cursor): ProcessActor {
  const from = start(c);
  const process = peek(c) === "word" ? takeName(c) : name(c, "the name of a process");
  const index = actorIndex(c);
  const thread = accept(c, ".") ? threadName(c) : undefined;
  return { kind: "process", name: process, index, thread, start: from, end: lastEnd(c) };
}

function threadName(c: Cursor): Name {
  return peek(c) === "word" ? takeName(c) : name(c, "the name of a thread");
}

function actorIndex(c: Cursor): Expr | "all" | undefined {
  if (!accept(c, "[")) return undefined;
  const all = peek(c) === "*" && peek(c, 1) === "]";
  const index = all ? "all" : parseExpression(c);
  if (all) advance(c);
  expect(c, "]", "to close the [");
  return index;
}

/** `x = call(…) clause`, after the actor. */
export function callStatement(c: Cursor, actor: Actor, from: number): Item {
  if (peek(c) !== "word" || (atLineStart(c) && startsStatement(c))) {
    expected(c, "a call, such as `load(p)`");
    return { kind: "error", start: from, end: Math.max(from, lastEnd(c)) };
  }
  const variable = peek(c, 1) === "=" ? newName(c, "a variable") : undefined;
  if (variable) advance(c);
  const call = parseCall(c);
  if (!call) return { kind: "error", start: from, end: lastEnd(c) };
  const clause = parseClause(c);
  return { kind: "call-statement", actor, variable, call, clause, start: from, end: lastEnd(c) };
}

function parseCall(c: Cursor): CallExpr | undefined {
  const called = name(c, "a call");
  if (called.text === "") return undefined;
  if (peek(c) !== "(") {
    expected(c, `\`(\` after \`${called.text}\``, {
      title: "Insert ()",
      edits: [{ start: called.end, end: called.end, text: "()" }],
    });
    if (atLineStart(c) || peek(c) === "end")
      return { kind: "call", name: called, args: [], start: called.start, end: called.end };
    return undefined;
  }
  const args = parseArguments(c);
  return { kind: "call", name: called, args, start: called.start, end: lastEnd(c) };
}

function parseClause(c: Cursor): Clause | undefined {
  const from = start(c);
  if (compareOperators.has(peek(c))) {
    const operator = peek(c) as CompareOperator;
    advance(c);
    const value = parseExpression(c);
    return { kind: "compare", operator, value, start: from, end: lastEnd(c) };
  }
  if (acceptWord(c, "fails")) {
    const errno = name(c, "an errno, such as EINVAL");
    return { kind: "fails", errno, start: from, end: lastEnd(c) };
  }
  if (acceptWord(c, "faults")) {
    const signal = name(c, "SIGSEGV, SIGBUS or OOM");
    return { kind: "faults", signal, start: from, end: lastEnd(c) };
  }
  if (peek(c) === "=") {
    const at = start(c);
    report(c, {
      code: "syntax",
      start: at,
      end: at + 1,
      message: "To judge the result write `==`; to keep it write `x = call(…)`.",
      mend: { title: "Change to ==", edits: [{ start: at, end: at + 1, text: "==" }] },
    });
    advance(c);
    const value = parseExpression(c);
    return { kind: "compare", operator: "==", value, start: from, end: lastEnd(c) };
  }
  return undefined;
}

/** `{ … }` of statements. */
export function block(c: Cursor, item: ItemParser, actor: Actor | undefined): { body: Item[]; open: number } {
  const open = start(c);
  const body: Item[] = [];
  if (peek(c) !== "{") {
    expected(c, "`{`");
    return { body, open: lastEnd(c) };
  }
  if (!mayNest(c)) {
    skipNested(c);
    return { body, open };
  }
  c.depth++;
  advance(c);
  while (peek(c) !== "}" && peek(c) !== "end") {
    const before = c.at;
    body.push(item(c, actor));
    if (c.at === before) advance(c);
  }
  if (!accept(c, "}")) {
    report(c, { code: "syntax", start: open, end: open + 1, message: "This { is never closed." });
  }
  c.depth--;
  return { body, open };
}

export function parallel(c: Cursor, item: ItemParser): Item {
  const from = start(c);
  advance(c);
  const { body, open } = block(c, item, undefined);
  return { kind: "parallel", body, open, start: from, end: lastEnd(c) };
}

/** `repeat N { … }`, `repeat N as i { … }`. */
export function repeat(c: Cursor, item: ItemParser, actor: Actor | undefined): Item {
  const from = start(c);
  advance(c);
  c.beforeBlock = true;
  const count = parseExpression(c);
  c.beforeBlock = false;
  const variable = acceptWord(c, "as") ? newName(c, "a name for the loop's counter") : undefined;
  const { body, open } = block(c, item, actor);
  return { kind: "repeat", count, variable, body, open, start: from, end: lastEnd(c) };
}

/** `expect EXPR`, `expect bug …`, `expect no bug`. */
export function expectStatement(c: Cursor): Item {
  const from = start(c);
  advance(c);
  if (word(c) === "no" && word(c, 1) === "bug") {
    advance(c);
    advance(c);
    return { kind: "expect-no-bug", start: from, end: lastEnd(c) };
  }
  if (word(c) === "bug" && peek(c, 1) !== "." && peek(c, 1) !== "(") return expectBug(c, from);
  const condition = parseExpression(c);
  return { kind: "expect", condition, start: from, end: lastEnd(c) };
}

function expectBug(c: Cursor, from: number): Item {
  advance(c);
  const bug = hyphenated(c, "a kind of bug");
  let at: Name | undefined;
  let unlessFixed: Name | undefined;
  if (acceptWord(c, "at")) at = name(c, "a label");
  if (acceptWord(c, "unless")) {
    if (!acceptWord(c, "fixed")) expected(c, "`fixed`");
    unlessFixed = hyphenated(c, "the id of a fix");
  }
  return { kind: "expect-bug", bug, at, unlessFixed, start: from, end: lastEnd(c) };
}

/** `allow bugs`, `allow bug KIND, KIND`. */
export function allowStatement(c: Cursor): Item {
  const from = start(c);
  advance(c);
  if (acceptWord(c, "bugs")) return { kind: "allow", bugs: [], all: true, start: from, end: lastEnd(c) };
  const bugs: Name[] = [];
  if (!acceptWord(c, "bug")) {
    expected(c, "`bug KIND` or `bugs`");
    return { kind: "error", start: from, end: lastEnd(c) };
  }
  do bugs.push(hyphenated(c, "a kind of bug"));
  while (accept(c, ","));
  return { kind: "allow", bugs, all: false, start: from, end: lastEnd(c) };
}

export function label(c: Cursor): Item {
  const from = start(c);
  advance(c);
  const made = newName(c, "a name for this place");
  return { kind: "label", name: made, start: from, end: lastEnd(c) };
}

/** Steps over what cannot be read, up to where a statement may begin again. */
export function skipToStatement(c: Cursor): void {
  let open = 0;
  while (peek(c) !== "end") {
    const kind = peek(c);
    if (kind === "}" && open === 0) return;
    if (atLineStart(c) && open === 0 && kind === "word") return;
    if (atLineStart(c) && startsStatement(c)) return;
    if (kind === "{" || kind === "(" || kind === "[") open++;
    if ((kind === "}" || kind === ")" || kind === "]") && open > 0) open--;
    advance(c);
  }
}

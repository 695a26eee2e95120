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
  followsMistake,
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
  if (actor.kind === "process" && actor.thread && !actor.index && peek(c) === "(") return dottedCall(c, actor, from);
  const end = lastEnd(c);
  const mend = { title: "Insert :", edits: [{ start: end, end, text: ":" }], isGuess: true } as const;
  if (!accept(c, ":")) expected(c, "`:` between the process and what it does", mend);
  return callStatement(c, actor, from);
}

/** `A.load(0)`, as if a process were an object. */
function dottedCall(c: Cursor, { name, thread, start }: ProcessActor, from: number): Item {
  const called = thread as Name;
  const edits = [{ start: name.end, end: called.start, text: ": " }];
  report(c, {
    code: "syntax",
    start: name.end,
    end: called.start,
    message: `Between a process and what it does stands a colon: \`${name.text}: ${called.text}(…)\`.`,
    mend: { title: "Change to :", edits },
  });
  const args = parseArguments(c);
  const call: CallExpr = { kind: "call", name: called, args, start: called.start, end: lastEnd(c) };
  const actor: Actor = { kind: "process", name, start, end: name.end };
  return { kind: "call-statement", actor, call, clause: parseClause(c), start: from, end: lastEnd(c) };
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
  skipType(c);
  const variable = peek(c, 1) === "=" ? newName(c, "a variable") : undefined;
  if (variable) advance(c);
  const call = parseCall(c);
  if (!call) return { kind: "error", start: from, end: lastEnd(c) };
  const clause = parseClause(c);
  return { kind: "call-statement", actor, variable, call, clause, start: from, end: lastEnd(c) };
}

/** `unsigned long *p = mmap(…)`. */
function skipType(c: Cursor): void {
  let ahead = 0;
  while ((peek(c, ahead) === "word" || peek(c, ahead) === "*") && c.tokens.first[c.at + ahead + 1] !== 1) ahead++;
  const variable = ahead - 1;
  if (variable < 1 || peek(c, ahead) !== "=" || peek(c, variable) !== "word") return;
  const span = { start: start(c), end: c.tokens.ends[c.at + variable - 1] };
  const edits = [{ start: span.start, end: c.tokens.starts[c.at + variable], text: "" }];
  const mend = { title: "Remove the type", edits };
  report(c, { code: "syntax", ...span, message: "A variable has no type: it keeps what the call gives.", mend });
  c.at += variable;
}

function parseCall(c: Cursor): CallExpr | undefined {
  const called = name(c, "a call");
  if (called.text === "") return undefined;
  if (peek(c) !== "(") {
    expected(c, `\`(\` after \`${called.text}\``, {
      title: "Insert ()",
      edits: [{ start: called.end, end: called.end, text: "()" }],
      isGuess: true,
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
    acceptMinus(c);
    const errno = name(c, "an errno, such as EINVAL");
    return { kind: "fails", errno, start: from, end: lastEnd(c) };
  }
  if (acceptWord(c, "faults")) {
    const signal = name(c, "SIGSEGV, SIGBUS or OOM");
    return { kind: "faults", signal, start: from, end: lastEnd(c) };
  }
  if (peek(c) === "=" && !followsMistake(c)) {
    const value = afterEquals(c, "To judge the result write `==`; to keep it write `x = call(…)`.");
    return { kind: "compare", operator: "==", value, start: from, end: lastEnd(c) };
  }
  return undefined;
}

/** `fails -EINVAL`: the kernel's way to say it. */
function acceptMinus(c: Cursor): void {
  if (peek(c) !== "-" || peek(c, 1) !== "word") return;
  const span = { start: start(c), end: c.tokens.ends[c.at] };
  const mend = { title: "Remove the minus", edits: [{ ...span, text: "" }] };
  report(c, { code: "syntax", ...span, message: "`fails` takes the errno without a minus.", mend });
  advance(c);
}

/** The value behind a `=` that should be `==`. */
function afterEquals(c: Cursor, message: string): Expr {
  const span = { start: start(c), end: c.tokens.ends[c.at] };
  report(c, { code: "syntax", ...span, message, mend: { title: "Change to ==", edits: [{ ...span, text: "==" }] } });
  advance(c);
  return parseExpression(c);
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
  if (word(c) === "no" && (word(c, 1) === "bug" || word(c, 1) === "bugs")) {
    advance(c);
    advance(c);
    const end = lastEnd(c);
    if (c.text.startsWith("s", end - 1)) {
      const mend = { title: "Change to bug", edits: [{ start: end - 1, end, text: "" }] };
      report(c, { code: "syntax", start: end - 4, end, message: "It is `expect no bug`.", mend });
    }
    return { kind: "expect-no-bug", start: from, end: lastEnd(c) };
  }
  if (word(c) === "bug" && peek(c, 1) !== "." && peek(c, 1) !== "(") return expectBug(c, from);
  let condition = parseExpression(c);
  if (peek(c) === "=" && !atLineStart(c) && !followsMistake(c)) {
    const right = afterEquals(c, "To compare write `==`.");
    condition = { kind: "binary", operator: "==", left: condition, right, start: condition.start, end: right.end };
  }
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

// Expressions, with C's operators and their precedence. Never throws; two limits keep any input from exhausting the
// stack, here and in whatever later walks the tree.
import type { BinaryOperator, Expr, Name, StructField, UnaryOperator } from "./ast.ts";
import {
  accept,
  advance,
  atLineStart,
  type Cursor,
  expect,
  expected,
  key,
  lastEnd,
  name,
  peek,
  refusedHere,
  report,
  start,
  startsCall,
  startsStatement,
  tokenText,
  word,
} from "./cursor.ts";
import { readInteger, unitNames } from "./integers.ts";
import type { TokenKind } from "./lexer.ts";
import { nearest } from "./nearest.ts";

const MAX_OPERATORS = 1000;
export const MAX_DEPTH = 100;

/** C's precedence; the larger binds tighter. */
const precedence: ReadonlyMap<TokenKind, number> = new Map([
  ["||", 1],
  ["&&", 2],
  ["|", 3],
  ["^", 4],
  ["&", 5],
  ["==", 6],
  ["!=", 6],
  ["<", 7],
  ["<=", 7],
  [">", 7],
  [">=", 7],
  ["<<", 8],
  [">>", 8],
  ["+", 9],
  ["-", 9],
  ["*", 10],
  ["/", 10],
  ["%", 10],
]);

/** A whole expression, up to what cannot continue it. */
export function parseExpression(c: Cursor): Expr {
  const outer = c.operators;
  c.operators = 0;
  const expr = conditional(c);
  c.operators = outer;
  return expr;
}

/** What stands before an operator: where `*` goes on with something else. */
export function parseOperand(c: Cursor): Expr {
  const outer = c.operators;
  c.operators = 0;
  const expr = unary(c);
  c.operators = outer;
  return expr;
}

function conditional(c: Cursor): Expr {
  const condition = binary(c, 1);
  if (peek(c) !== "?" || !mayNest(c)) return condition;
  c.depth++;
  advance(c);
  c.colons++;
  const then = conditional(c);
  c.colons--;
  expect(c, ":", "between the two values of ? :");
  const otherwise = conditional(c);
  c.depth--;
  return { kind: "conditional", condition, then, otherwise, start: condition.start, end: otherwise.end };
}

function binary(c: Cursor, least: number): Expr {
  let left = unary(c);
  for (;;) {
    const operator = peek(c);
    const binds = precedence.get(operator);
    if (binds === undefined || binds < least || !countsOperator(c)) return left;
    advance(c);
    const right = binary(c, binds + 1);
    left = { kind: "binary", operator: operator as BinaryOperator, left, right, start: left.start, end: right.end };
  }
}

function unary(c: Cursor): Expr {
  const operator = peek(c);
  if (operator !== "-" && operator !== "+" && operator !== "!" && operator !== "~") return postfix(c);
  const from = start(c);
  if (!mayNest(c)) return missing(c);
  c.depth++;
  advance(c);
  const operand = unary(c);
  c.depth--;
  return { kind: "unary", operator: operator as UnaryOperator, operand, start: from, end: operand.end };
}

function postfix(c: Cursor): Expr {
  let object = primary(c);
  for (;;) {
    const kind = peek(c);
    if (kind === "." && countsOperator(c)) {
      advance(c);
      const field = name(c, "a field name after the dot");
      object =
        peek(c) === "("
          ? method(c, object, field)
          : { kind: "field", object, field, start: object.start, end: field.end };
    } else if (kind === "[" && !atLineStart(c) && countsOperator(c)) {
      object = index(c, object);
    } else {
      return object;
    }
  }
}

function method(c: Cursor, object: Expr, field: Name): Expr {
  const args = parseArguments(c);
  return { kind: "method", object, method: field, args, start: object.start, end: lastEnd(c) };
}

function index(c: Cursor, object: Expr): Expr {
  if (!mayNest(c)) return object;
  c.depth++;
  advance(c);
  if (peek(c) === "*" && peek(c, 1) === "]") {
    const at = start(c);
    advance(c);
    report(c, {
      code: "bad-index",
      start: at,
      end: at + 1,
      message: "`[*]` means each process of an array; it can only stand before a statement's colon.",
    });
    advance(c);
    c.depth--;
    return {
      kind: "index",
      object,
      index: { kind: "missing", start: at, end: at },
      start: object.start,
      end: lastEnd(c),
    };
  }
  const inner = conditional(c);
  expect(c, "]", "to close the [");
  c.depth--;
  return { kind: "index", object, index: inner, start: object.start, end: lastEnd(c) };
}

function primary(c: Cursor): Expr {
  const from = start(c);
  const end = c.tokens.ends[c.at];
  switch (peek(c)) {
    case "integer":
      return integer(c);
    case "string": {
      const value = resolveEscapes(c, from, end);
      advance(c);
      return { kind: "string", value, start: from, end };
    }
    case "word": {
      if (atLineStart(c) && beginsNext(c)) return missing(c);
      const text = tokenText(c);
      advance(c);
      if (peek(c) !== "(") return { kind: "name", name: text, start: from, end };
      const args = parseArguments(c);
      return { kind: "call", name: { text, start: from, end }, args, start: from, end: lastEnd(c) };
    }
    case "(":
      return group(c);
    default:
      return missing(c);
  }
}

/** Whether the word at the cursor is the next statement's rather than a value. */
function beginsNext(c: Cursor): boolean {
  if (c.colons > 0) return false;
  return c.beforeBlock ? startsCall(c) : startsStatement(c);
}

function group(c: Cursor): Expr {
  const from = start(c);
  if (!mayNest(c)) return missing(c);
  c.depth++;
  advance(c);
  const inner = conditional(c);
  expect(c, ")", "to close the (");
  c.depth--;
  return { kind: "group", inner, start: from, end: lastEnd(c) };
}

function missing(c: Cursor): Expr {
  expected(c, "a value");
  const at = lastEnd(c);
  return { kind: "missing", start: at, end: at };
}

function integer(c: Cursor): Expr {
  const span = { start: start(c), end: c.tokens.ends[c.at] };
  const text = tokenText(c);
  const value = readInteger(text);
  advance(c);
  if (typeof value === "bigint") {
    const unit = separatedUnit(c, span.end);
    const meant = unit === "" ? value : readInteger(text + unit);
    return typeof meant === "bigint" ? { kind: "integer", value: meant, ...span } : { kind: "missing", ...span };
  }
  const unit = value.suffix === undefined ? [] : unitsLike(value.suffix);
  const mends = unit.map((to) => ({
    title: `Change to ${to}`,
    edits: [{ start: span.end - (value.suffix ?? "").length, end: span.end, text: to }],
  }));
  report(c, { code: "bad-integer", ...span, message: value.error, mend: mends[0] });
  return { kind: "missing", ...span };
}

/** `KB` and `mib` mean what can be meant here. */
function unitsLike(suffix: string): string[] {
  const [, letter] = /^([kmgt])i?b$/i.exec(suffix) ?? [];
  return letter ? [`${letter.toUpperCase()}iB`] : nearest(suffix, unitNames, 1);
}

/** `512 GiB`: the unit must touch its number. Gives the unit, or "" where there is none. */
function separatedUnit(c: Cursor, end: number): string {
  const unit = tokenText(c);
  if (peek(c) !== "word" || atLineStart(c) || !unitNames.includes(unit)) return "";
  const gap = { start: end, end: start(c) };
  report(c, {
    code: "bad-integer",
    start: end,
    end: c.tokens.ends[c.at],
    message: `Write the unit without a space: \`${c.text.slice(c.tokens.starts[c.at - 1], end)}${tokenText(c)}\`.`,
    mend: { title: "Remove the space", edits: [{ ...gap, text: "" }] },
  });
  advance(c);
  return unit;
}

const escapes: Readonly<Record<string, string>> = { "\\": "\\", '"': '"', n: "\n", t: "\t", r: "\r" };

function resolveEscapes(c: Cursor, from: number, end: number): string {
  const closed = end - from >= 2 && c.text[end - 1] === '"';
  const body = c.text.slice(from + 1, closed ? end - 1 : end);
  if (!body.includes("\\")) return body;
  return body.replace(/\\(x[0-9A-Fa-f]{2}|.)/gs, (whole, code: string, at: number) => {
    if (code.length === 3) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    if (Object.hasOwn(escapes, code)) return escapes[code];
    report(c, {
      code: "bad-escape",
      start: from + 1 + at,
      end: from + 1 + at + whole.length,
      message: `\`${whole}\` is not an escape; there are \\\\ \\" \\n \\t \\r and \\xHH.`,
    });
    return code;
  });
}

/** `(a, b, { c: d })`; the cursor stands on the `(`. */
export function parseArguments(c: Cursor): Expr[] {
  const args: Expr[] = [];
  if (!mayNest(c)) {
    skipNested(c);
    return args;
  }
  c.depth++;
  advance(c);
  list(c, ")", () => args.push(peek(c) === "{" ? struct(c) : parseExpression(c)));
  expect(c, ")", "to close the (");
  c.depth--;
  return args;
}

function struct(c: Cursor): Expr {
  const from = start(c);
  const fields: StructField[] = [];
  if (!mayNest(c)) {
    skipNested(c);
    return { kind: "missing", start: from, end: lastEnd(c) };
  }
  c.depth++;
  advance(c);
  list(c, "}", () => {
    const field = key(c, "a field, `name: value`");
    if (!field) return;
    const value = peek(c) === "{" ? struct(c) : parseExpression(c);
    fields.push({ name: field, value, start: field.start, end: value.end });
  });
  expect(c, "}", "to close the {");
  c.depth--;
  return { kind: "struct", fields, start: from, end: lastEnd(c) };
}

/** Items between commas up to `close`; a comma before it is allowed. Gives up where a statement begins or nothing was read. */
export function list(c: Cursor, close: TokenKind, item: () => void): void {
  while (peek(c) !== close && peek(c) !== "end") {
    const before = c.at;
    item();
    if (accept(c, ",") || acceptSemicolon(c, close)) continue;
    if (peek(c) === close || word(c) === "fails" || word(c) === "faults") return;
    if (c.at === before || (atLineStart(c) && startsStatement(c)) || !startsItem(peek(c))) return;
    const end = lastEnd(c);
    expected(c, `\`,\` or \`${close}\``, { title: "Insert ,", edits: [{ start: end, end, text: "," }] });
  }
}

/** `;` where a comma belongs. At the end of a line it rather ends a statement whose bracket is not closed. */
function acceptSemicolon(c: Cursor, close: TokenKind): boolean {
  const next = peek(c, 1);
  if (peek(c) !== ";" || !(next === close || startsItem(next))) return false;
  const here = c.at++;
  const ends = atLineStart(c) && startsStatement(c);
  c.at = here;
  if (ends) return false;
  const span = { start: start(c), end: c.tokens.ends[c.at] };
  expected(c, "`,`", { title: "Change to ,", edits: [{ ...span, text: "," }] });
  advance(c);
  return true;
}

function startsItem(kind: TokenKind): boolean {
  return kind === "word" || kind === "integer" || kind === "string" || kind === "{" || kind === "(";
}

/** Says no, once, where brackets are nested too deeply. */
export function mayNest(c: Cursor): boolean {
  if (c.depth < MAX_DEPTH) return true;
  refuse(c, `Nested more than ${MAX_DEPTH} deep.`);
  return false;
}

function countsOperator(c: Cursor): boolean {
  if (++c.operators <= MAX_OPERATORS) return true;
  refuse(c, `An expression of more than ${MAX_OPERATORS} operators.`);
  return false;
}

function refuse(c: Cursor, message: string): void {
  if (!refusedHere(c)) report(c, { code: "too-deep", start: start(c), end: c.tokens.ends[c.at], message });
}

/** Steps over a bracketed text that is nested too deeply to read. */
export function skipNested(c: Cursor): void {
  let open = 0;
  do {
    const kind = peek(c);
    if (kind === "(" || kind === "{" || kind === "[") open++;
    if (kind === ")" || kind === "}" || kind === "]") open--;
    if (kind === "end") return;
    advance(c);
  } while (open > 0);
}

// Text to tree. Parsing never throws and never stops early: it returns the tree and the problems together.
import type { Actor, Expr, Item, SchedulePolicy } from "./ast.ts";
import {
  advance,
  atLineStart,
  type Cursor,
  cursorAt,
  expected,
  followsMistake,
  lastEnd,
  peek,
  problemsOf,
  refusedHere,
  report,
  shown,
  start,
  startsStatement,
  statementWords,
  suggestion,
  takeName,
  tokenText,
  word,
} from "./cursor.ts";
import type { Problem } from "./diagnostics.ts";
import type { Tokens } from "./lexer.ts";
import { type Lines, linesOf } from "./lines.ts";
import { nearest } from "./nearest.ts";
import {
  includeDeclaration,
  kernelDeclaration,
  letDeclaration,
  machineDeclaration,
  processDeclaration,
  scheduleDeclaration,
  schedulePolicy,
  threadDeclaration,
} from "./parse_declarations.ts";
import { parseExpression } from "./parse_expression.ts";
import {
  actorStatement,
  allowStatement,
  callStatement,
  expectStatement,
  label,
  parallel,
  repeat,
  skipToStatement,
} from "./parse_statements.ts";

/** The largest file that is read, in UTF-16 units; a larger one is refused. */
export const MAX_TEXT_LENGTH = 4 * 2 ** 20;

export interface ParsedFile {
  readonly path: string;
  readonly text: string;
  readonly lines: Lines;
  readonly tokens: Tokens;
  readonly items: readonly Item[];
  readonly problems: readonly Problem[];
  /** Where each item began to be read; reparse.ts reads on from there. */
  readonly marks: readonly Mark[];
}

/** What had been read: so many tokens, so many problems found in how they stand. */
export interface Mark {
  readonly tokens: number;
  readonly problems: number;
}

/** Reads a file. `path` is only remembered. */
export function parse(path: string, text: string): ParsedFile {
  if (text.length > MAX_TEXT_LENGTH) return tooLarge(path, text);
  const c = cursorAt(text);
  const items: Item[] = [];
  const marks: Mark[] = [];
  parseItems(c, items, marks, () => false);
  return { path, text, lines: linesOf(text), tokens: c.tokens, items, problems: problemsOf(c), marks };
}

/** Reads items until the end, or until `known` says between two of them that the rest is known. */
export function parseItems(c: Cursor, items: Item[], marks: Mark[], known: () => boolean): void {
  while (peek(c) !== "end" && !known()) {
    const before = c.at;
    marks.push({ tokens: before, problems: c.problems.length });
    items.push(parseItem(c, undefined));
    if (c.at === before) advance(c);
  }
}

/** Reads one expression, as conditions, watches and the debug console give it. What follows it is a problem. */
export function parseExpressionText(text: string): { readonly expr: Expr; readonly problems: readonly Problem[] } {
  const c = cursorAt(text.length > MAX_TEXT_LENGTH ? "" : text);
  const expr = parseExpression(c);
  endsHere(c);
  return { expr, problems: problemsOf(c) };
}

/** Reads a schedule as the command line and saved files give it: `sequential`, `random 7`, `[A*12, B]`. */
export function parseScheduleText(text: string): {
  readonly policy: SchedulePolicy;
  readonly problems: readonly Problem[];
} {
  const c = cursorAt(text.length > MAX_TEXT_LENGTH ? "" : text);
  const policy = schedulePolicy(c);
  endsHere(c);
  return { policy, problems: problemsOf(c) };
}

function endsHere(c: Cursor): void {
  if (peek(c) === "end" || problemsOf(c).length > 0) return;
  report(c, {
    code: "syntax",
    start: start(c),
    end: c.tokens.ends[c.at],
    message: `\`${shown(tokenText(c))}\` cannot follow here.`,
  });
}

function tooLarge(path: string, text: string): ParsedFile {
  const mebibytes = MAX_TEXT_LENGTH / 2 ** 20;
  const message = `The file is larger than ${mebibytes} MiB and is not read.`;
  const tokens = cursorAt("").tokens;
  return {
    path,
    text,
    lines: { starts: [0], length: text.length },
    tokens,
    items: [],
    problems: [{ code: "too-large", start: 0, end: 0, message }],
    marks: [],
  };
}

/** One declaration or statement. `actor` is that of the `A { … }` around it, which calls then need not name. */
function parseItem(c: Cursor, actor: Actor | undefined): Item {
  if (followsMistake(c) && !startsStatement(c)) return skipped(c);
  const kind = peek(c);
  if (kind === ";") return stray(c, "A statement ends without `;`.");
  if (kind === "}" || kind === ")" || kind === "]") return stray(c, `This ${kind} closes nothing.`);
  if (kind !== "word") return unreadable(c);
  const next = peek(c, 1);
  if (actor && (next === "(" || next === "=")) return callStatement(c, actor, start(c));
  const keyword = keywordItem(c, actor);
  if (keyword) return keyword;
  if (next === ":" || next === "{" || next === "[" || next === ".") return actorStatement(c, parseItem);
  return unknownStart(c);
}

function keywordItem(c: Cursor, actor: Actor | undefined): Item | undefined {
  const next = peek(c, 1);
  if (word(c) === "kernel" && next === ":" && namesDesign(c)) return kernelDeclaration(c);
  if (next === ":" && word(c) !== "cpu") return undefined;
  switch (word(c)) {
    case "kernel":
      return next === "{" ? undefined : kernelDeclaration(c);
    case "machine":
      return machineDeclaration(c);
    case "process":
      return processDeclaration(c);
    case "thread":
      return threadDeclaration(c);
    case "schedule":
      return scheduleDeclaration(c);
    case "let":
      return letDeclaration(c);
    case "include":
      return includeDeclaration(c);
    case "cpu":
      return actorStatement(c, parseItem);
    case "parallel":
      return parallel(c, parseItem);
    case "repeat":
      return repeat(c, parseItem, actor);
    case "expect":
      return expectStatement(c);
    case "allow":
      return allowStatement(c);
    case "label":
      return label(c);
    default:
      return undefined;
  }
}

/** `kernel: mshare-v3`: no operation has a hyphen. */
function namesDesign(c: Cursor): boolean {
  return peek(c, 2) === "word" && peek(c, 3) === "-" && peek(c, 4) === "word";
}

function stray(c: Cursor, message: string): Item {
  const span = { start: start(c), end: c.tokens.ends[c.at] };
  const isBracket = peek(c) !== ";";
  advance(c);
  const ends = atLineStart(c) || peek(c) === "end" || peek(c) === "}" || startsStatement(c);
  const text = !isBracket && start(c) === span.end ? " " : "";
  const mend = { title: "Remove it", edits: [{ ...span, text }] };
  // Of a bracket too many it may be the other one that is missing.
  const isGuess = isBracket || !ends;
  report(c, { code: "syntax", ...span, message, mend: isGuess ? { ...mend, isGuess } : mend });
  return { kind: "error", ...span };
}

function skipped(c: Cursor): Item {
  const from = start(c);
  advance(c);
  skipToStatement(c);
  return { kind: "error", start: from, end: lastEnd(c) };
}

function unreadable(c: Cursor): Item {
  const text = shown(tokenText(c));
  const isKnown = peek(c) === "bad" || refusedHere(c);
  const item = skipped(c);
  const { start, end } = item;
  if (!isKnown) report(c, { code: "syntax", start, end, message: `\`${text}\` begins no statement.` });
  return item;
}

/** Words that other languages have for what stands here. */
const otherWords: ReadonlyMap<string, string> = new Map([
  ["assert", "expect"],
  ["check", "expect"],
  ["for", "repeat"],
  ["loop", "repeat"],
  ["while", "repeat"],
  ["const", "let"],
  ["import", "include"],
  ["proc", "process"],
]);

/** A word that begins nothing: a call without its process, or a mistyped keyword. */
function unknownStart(c: Cursor): Item {
  const span = { start: start(c), end: c.tokens.ends[c.at] };
  const text = word(c);
  const meant = otherWords.get(text);
  if (meant === undefined && nearest(text, statementWords).length === 0 && callFollows(c, 1)) {
    const actor: Actor = { kind: "process", name: takeName(c), ...span };
    expected(c, `\`:\` after \`${shown(text)}\``, {
      title: "Insert :",
      edits: [{ ...span, start: span.end, text: ":" }],
    });
    return callStatement(c, actor, span.start);
  }
  const isCall = meant === undefined && callFollows(c, 0);
  advance(c);
  if (isCall) {
    report(c, {
      code: "missing-actor",
      ...span,
      message: `Who does this? Write a process before it: \`NAME: ${shown(text)}(…)\`.`,
    });
  } else {
    const { hint, mend, otherMends } = suggestion({ text: meant ?? text, ...span }, statementWords);
    report(c, {
      code: "unknown-keyword",
      ...span,
      message: `\`${shown(text)}\` begins no declaration or statement.${hint}`,
      mend,
      otherMends,
    });
  }
  if (!atLineStart(c)) skipToStatement(c);
  return { kind: "error", start: span.start, end: lastEnd(c) };
}

/** `NAME(` or `NAME = NAME` in one line. */
function callFollows(c: Cursor, ahead: number): boolean {
  const isWithin = (more: number) => c.tokens.first[c.at + ahead + more] !== 1;
  if (peek(c, ahead) !== "word" || (ahead > 0 && !isWithin(0)) || !isWithin(1)) return false;
  return peek(c, ahead + 1) === "(" || (peek(c, ahead + 1) === "=" && peek(c, ahead + 2) === "word");
}

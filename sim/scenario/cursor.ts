// Where the parser stands in the tokens, and the small steps that every part of it takes.
import type { Name, Span } from "./ast.ts";
import type { Mend, Problem } from "./diagnostics.ts";
import { lex, type TokenKind, type Tokens } from "./lexer.ts";
import { holding, nearest } from "./nearest.ts";

export interface Cursor {
  readonly text: string;
  readonly tokens: Tokens;
  /** Index of the token to read next. */
  at: number;
  /** Of parsing; those of the words are the tokens'. */
  readonly problems: Problem[];
  /** How many brackets and blocks are open. */
  depth: number;
  /** Operators read in the current expression. */
  operators: number;
  /** How many `? …` and `cpu …` wait for their colon; there `word :` begins no statement. */
  colons: number;
  /** Whether a block follows the expression, as in `repeat N {`; then `word {` begins no statement. */
  beforeBlock: boolean;
}

/** Words that begin a declaration or statement. */
export const statementWords: ReadonlySet<string> = new Set([
  "kernel",
  "machine",
  "process",
  "thread",
  "schedule",
  "let",
  "include",
  "parallel",
  "repeat",
  "expect",
  "allow",
  "label",
  "cpu",
]);

/** Words that cannot be names of processes, threads, lets, labels and variables. */
export const reservedWords: ReadonlySet<string> = new Set([
  ...statementWords,
  ...["fails", "faults", "true", "false", "null"],
]);

export const MAX_PROBLEMS = 1000;

export function cursorAt(text: string): Cursor {
  return cursorOver(text, lex(text), 0, []);
}

export function cursorOver(text: string, tokens: Tokens, at: number, problems: Problem[]): Cursor {
  return { text, tokens, at, problems, depth: 0, operators: 0, colons: 0, beforeBlock: false };
}

/** What is wrong with the words and with how they stand. */
export function problemsOf({ tokens, problems }: Cursor): Problem[] {
  return [...tokens.problems.slice(0, MAX_PROBLEMS), ...problems];
}

export function peek(c: Cursor, ahead = 0): TokenKind {
  return c.tokens.kinds[Math.min(c.at + ahead, c.tokens.kinds.length - 1)];
}

export function start(c: Cursor): number {
  return c.tokens.starts[c.at];
}

/** Where the last token read ended. */
export function lastEnd(c: Cursor): number {
  return c.at === 0 ? 0 : c.tokens.ends[c.at - 1];
}

export function word(c: Cursor, ahead = 0): string {
  const at = c.at + ahead;
  return c.tokens.kinds[at] === "word" ? c.text.slice(c.tokens.starts[at], c.tokens.ends[at]) : "";
}

export function tokenText(c: Cursor): string {
  return c.text.slice(c.tokens.starts[c.at], c.tokens.ends[c.at]);
}

export function atLineStart(c: Cursor): boolean {
  return c.tokens.first[c.at] === 1;
}

export function advance(c: Cursor): void {
  if (c.at < c.tokens.kinds.length - 1) c.at++;
}

export function accept(c: Cursor, kind: TokenKind): boolean {
  if (peek(c) !== kind) return false;
  advance(c);
  return true;
}

export function acceptWord(c: Cursor, text: string): boolean {
  if (word(c) !== text) return false;
  advance(c);
  return true;
}

export function report(c: Cursor, problem: Problem): void {
  if (c.problems.length < MAX_PROBLEMS) c.problems.push(problem);
  else if (c.problems.length === MAX_PROBLEMS) {
    c.problems.push({
      code: "too-many-problems",
      start: problem.start,
      end: problem.end,
      message: "Too many problems; the rest is not shown.",
    });
  }
}

/** Says what should stand here, once a place. What is missing at the end of a line is shown there, not at the next line's word. */
export function expected(c: Cursor, what: string, mend?: Mend): void {
  if (refusedHere(c)) return;
  const here = start(c);
  const ended = peek(c) === "end" || atLineStart(c);
  // Of a character that means nothing it has been said.
  if (!ended && peek(c) === "bad") return;
  const from = ended && c.at > 0 ? lastEnd(c) : here;
  const to = ended ? from : c.tokens.ends[c.at];
  if (c.problems.at(-1)?.start === from) return;
  const found = ended ? "" : `, found \`${shown(tokenText(c))}\``;
  report(c, { code: "syntax", start: from, end: Math.max(to, from), message: `Expected ${what}${found}.`, mend });
}

/** True where a mistake stands earlier in the same line: what follows it is no news, and may well be meant otherwise. */
export function followsMistake(c: Cursor): boolean {
  const last = c.problems.at(-1);
  if (!last || atLineStart(c)) return false;
  let first = c.at;
  while (first > 0 && c.tokens.first[first] !== 1) first--;
  return last.start >= c.tokens.starts[first];
}

/** True where a limit was reached at this very token: what is missing after it is no news. */
export function refusedHere(c: Cursor): boolean {
  const last = c.problems.at(-1);
  return last?.code === "too-deep" && last.start === start(c);
}

/** Reads `kind`, or says that it is missing and offers to insert it. */
export function expect(c: Cursor, kind: TokenKind, why: string): boolean {
  if (accept(c, kind)) return true;
  const end = lastEnd(c);
  const mend = { title: `Insert ${kind}`, edits: [{ start: end, end, text: kind }] };
  // In the middle of a line there may rather be something too much.
  const isGuess = !(atLineStart(c) || peek(c) === "end" || word(c) === "fails" || word(c) === "faults");
  expected(c, `\`${kind}\` ${why}`, isGuess ? { ...mend, isGuess } : mend);
  return false;
}

export function shown(text: string): string {
  return text.length > 30 ? `${text.slice(0, 30)}…` : text;
}

/** `NAME:` of an option or a field, also where it is written as in C: `.NAME = `, `NAME = `. Undefined where no value follows. */
export function key(c: Cursor, what: string): Name | undefined {
  const from = start(c);
  const dotted = peek(c) === "." && peek(c, 1) === "word";
  if (peek(c) !== "word" && !dotted) {
    expected(c, what);
    return undefined;
  }
  if (dotted) advance(c);
  const made = takeName(c);
  if (!dotted && accept(c, ":")) return made;
  const follows = peek(c) === "=" || peek(c) === ":";
  if (!dotted && !follows) {
    const mend = { title: "Insert :", edits: [{ start: made.end, end: made.end, text: ":" }] };
    const follows = startsValue(c);
    expected(c, `\`:\` after \`${made.text}\``, follows ? mend : { ...mend, isGuess: true });
    return follows ? made : undefined;
  }
  if (follows) advance(c);
  const span = { start: from, end: lastEnd(c) };
  const text = `${made.text}:`;
  report(c, {
    code: "syntax",
    ...span,
    message: `A name and its value have a colon between them here: \`${shown(made.text)}: …\`.`,
    mend: { title: `Change to ${shown(text)}`, edits: [{ ...span, text }] },
  });
  return made;
}

function startsValue(c: Cursor): boolean {
  const kind = peek(c);
  return !atLineStart(c) && (kind === "word" || kind === "integer" || kind === "string");
}

/** Reads the word at the cursor. */
export function takeName(c: Cursor): Name {
  const made = { text: word(c), start: start(c), end: c.tokens.ends[c.at] };
  advance(c);
  return made;
}

/** Reads an identifier; says `what` is missing and gives an empty name where there is none. */
export function name(c: Cursor, what: string): Name {
  if (peek(c) === "word" && !(atLineStart(c) && c.colons === 0 && startsCall(c))) return takeName(c);
  expected(c, what);
  return { text: "", start: lastEnd(c), end: lastEnd(c) };
}

/** An identifier that this file makes a name of. */
export function newName(c: Cursor, what: string): Name {
  const made = name(c, what);
  if (reservedWords.has(made.text)) {
    report(c, {
      code: "reserved-name",
      ...spanOf(made),
      message: `\`${made.text}\` is a word of the language and cannot be a name.`,
    });
  }
  return made;
}

/** True where a token follows the one before it without any space. */
function touches(c: Cursor, at: number): boolean {
  return c.tokens.starts[at] === c.tokens.ends[at - 1];
}

/** How many tokens the hyphenated name at the cursor takes; 0 where there is no name. */
export function hyphenatedLength(c: Cursor): number {
  if (peek(c) !== "word") return 0;
  let at = c.at + 1;
  const { kinds } = c.tokens;
  while (
    kinds[at] === "-" &&
    touches(c, at) &&
    touches(c, at + 1) &&
    (kinds[at + 1] === "word" || kinds[at + 1] === "integer")
  )
    at += 2;
  return at - c.at;
}

/** A name that may hold hyphens: of a design, a bug kind, a fix. */
export function hyphenated(c: Cursor, what: string): Name {
  const length = hyphenatedLength(c);
  if (length === 0 || (atLineStart(c) && startsCall(c))) return name(c, what);
  const from = start(c);
  c.at += length;
  return { text: c.text.slice(from, lastEnd(c)), start: from, end: lastEnd(c) };
}

/** True where the word at the cursor can only begin a new statement: `writer: open(`, `kids[0]: x =`, `process x`. */
export function startsCall(c: Cursor): boolean {
  const text = word(c);
  if (text === "") return false;
  const next = peek(c, 1);
  if (statementWords.has(text) && (next === "word" || next === "integer" || next === "string")) return true;
  const after = actorLength(c);
  if (peek(c, after) !== ":") return false;
  const called = peek(c, after + 2) === "(" || peek(c, after + 2) === "=";
  return (
    (peek(c, after + 1) === "word" && called) || peek(c, after + 1) === "end" || c.tokens.first[c.at + after + 1] === 1
  );
}

/** The same, or `writer {`. Where a name before a `{` may belong to something else, ask `startsCall`. */
export function startsStatement(c: Cursor): boolean {
  return startsCall(c) || (word(c) !== "" && peek(c, actorLength(c)) === "{");
}

/** How many tokens `NAME`, `NAME[i]`, `NAME[*].THREAD` take; a longer index counts as none. */
function actorLength(c: Cursor): number {
  let length = 1;
  if (peek(c, length) === "[" && peek(c, length + 2) === "]") length += 3;
  if (peek(c, length) === "." && peek(c, length + 1) === "word") length += 2;
  return length;
}

export function spanOf(span: Span): Span {
  return { start: span.start, end: span.end };
}

/** A problem's mend that replaces a mistyped name by the nearest of `names`, and what the message says of it. */
export function suggestion(at: Name, names: Iterable<string>): { hint: string; mend?: Mend; otherMends?: Mend[] } {
  const all = [...names];
  const near = nearest(at.text, all);
  const found = near.length > 0 ? near : holding(at.text, all);
  return replacing(at, found);
}

/** The same with names that are known to fit, the likeliest first. */
export function replacing(at: Name, found: readonly string[]): ReturnType<typeof suggestion> {
  if (found.length === 0) return { hint: "" };
  const mends = found.map((text) => ({ title: `Change to ${text}`, edits: [{ start: at.start, end: at.end, text }] }));
  return { hint: ` Did you mean \`${found[0]}\`?`, mend: mends[0], otherMends: mends.slice(1) };
}

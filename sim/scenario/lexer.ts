// Text to words. Nothing is lost: every character belongs to a token, a comment or white space, and whatever
// is not of the language becomes a token of kind "bad" with a problem beside it.
import type { Problem } from "./diagnostics.ts";

export type Punctuation =
  | "{"
  | "}"
  | "("
  | ")"
  | "["
  | "]"
  | ","
  | ":"
  | ";"
  | "."
  | "?"
  | "="
  | "+"
  | "-"
  | "*"
  | "/"
  | "%"
  | "<<"
  | ">>"
  | "<"
  | "<="
  | ">"
  | ">="
  | "=="
  | "!="
  | "&"
  | "&&"
  | "|"
  | "||"
  | "^"
  | "~"
  | "!";

export type TokenKind = "word" | "integer" | "string" | "bad" | "end" | Punctuation;

export interface Comment {
  readonly start: number;
  readonly end: number;
  readonly form: "line" | "block";
}

/** Tokens side by side in arrays: a large file has a million of them. The last is "end", at the end of the text. */
export interface Tokens {
  readonly kinds: readonly TokenKind[];
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** 1 for a token that begins a line. */
  readonly first: Uint8Array;
  readonly comments: readonly Comment[];
  readonly problems: readonly Problem[];
}

const singles: readonly (Punctuation | undefined)[] = Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code);
  return "{}()[],:;.?=+-*/%<>&|^~!".includes(char) ? (char as Punctuation) : undefined;
});

/** Signs of two characters by the code of their first. */
const pairs: readonly (readonly Punctuation[] | undefined)[] = singles.map((single) => {
  const found = (["<<", ">>", "<=", ">=", "==", "!=", "&&", "||"] as const).filter((pair) => pair[0] === single);
  return found.length > 0 ? found : undefined;
});

/** The longest sign at a place; most characters begin none of two. */
function signAt(text: string, at: number): Punctuation | undefined {
  const code = text.charCodeAt(at);
  for (const pair of pairs[code] ?? []) if (text[at + 1] === pair[1]) return pair;
  return singles[code];
}

const isDigit = (code: number) => code >= 48 && code <= 57;
const isWordStart = (code: number) => (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95;
/** 1 for the codes that a word goes on with: most characters of a file are asked. */
const wordParts = Uint8Array.from({ length: 128 }, (_, code) => (isWordStart(code) || isDigit(code) ? 1 : 0));
const isWordPart = (code: number) => wordParts[code] === 1;

/** True for a text that can be a name: `fd`, `p_2`. */
export function isIdentifier(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(text);
}

export function lex(text: string): Tokens {
  return lexPart(text, text.charCodeAt(0) === 0xfeff ? 1 : 0, text.length, () => false);
}

/**
 * Tokens from `from`, the text's start or the end of one, until `known` says of the start of one that the rest is known:
 * there the last token is "end". `room` is how many characters are likely to be read.
 */
export function lexPart(text: string, from: number, room: number, known: (at: number) => boolean): Tokens {
  const kinds: TokenKind[] = [];
  let starts = new Int32Array(room + 1);
  let ends = new Int32Array(room + 1);
  let first = new Uint8Array(room + 1);
  const comments: Comment[] = [];
  const problems: Problem[] = [];
  let newLine = from === 0 || (from === 1 && text.charCodeAt(0) === 0xfeff);
  let at = from;

  const push = (kind: TokenKind, end: number) => {
    const index = kinds.length;
    if (index === starts.length) [starts, ends, first] = [larger(starts), larger(ends), larger(first)];
    starts[index] = at;
    ends[index] = end;
    first[index] = newLine ? 1 : 0;
    kinds.push(kind);
    newLine = false;
    at = end;
  };

  const bad = () => {
    const end = endOfBad(text, at);
    problems.push({ code: "bad-character", start: at, end, ...badCharacter(text, at, end) });
    push("bad", end);
  };

  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === 10 || code === 13) {
      newLine = true;
      at++;
    } else if (code === 32 || code === 9) {
      at++;
    } else if (known(at)) {
      break;
    } else if (isWordStart(code)) {
      push("word", endOfWord(text, at));
    } else if (isDigit(code)) {
      push("integer", endOfWord(text, at));
    } else if (code === 34) {
      push("string", endOfString(text, at, problems));
    } else if (code === 47 && text[at + 1] === "/") {
      const end = endOfLine(text, at);
      comments.push({ start: at, end, form: "line" });
      at = end;
    } else if (code === 47 && text[at + 1] === "*") {
      const end = endOfBlockComment(text, at, problems);
      comments.push({ start: at, end, form: "block" });
      newLine ||= /[\r\n]/.test(text.slice(at, end));
      at = end;
    } else {
      const sign = signAt(text, at);
      if (sign === undefined) bad();
      else push(sign, at + sign.length);
    }
  }
  push("end", at);
  const count = kinds.length;
  return {
    kinds,
    starts: starts.slice(0, count),
    ends: ends.slice(0, count),
    first: first.slice(0, count),
    comments,
    problems,
  };
}

function larger<Part extends Int32Array | Uint8Array>(part: Part): Part {
  const made = new (part.constructor as new (length: number) => Part)(part.length * 2);
  made.set(part);
  return made;
}

function endOfWord(text: string, at: number): number {
  while (at < text.length && isWordPart(text.charCodeAt(at))) at++;
  return at;
}

function endOfLine(text: string, at: number): number {
  while (at < text.length && text[at] !== "\n" && text[at] !== "\r") at++;
  return at;
}

function endOfString(text: string, start: number, problems: Problem[]): number {
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at];
    if (char === '"') return at + 1;
    if (char === "\n" || char === "\r") break;
    if (char === "\\") at++;
  }
  const end = endOfLine(text, start);
  problems.push({
    code: "unterminated-string",
    start,
    end,
    message: 'This string has no closing ".',
    mend: { title: 'Add the closing "', edits: [{ start: end, end, text: '"' }] },
  });
  return end;
}

function endOfBlockComment(text: string, start: number, problems: Problem[]): number {
  const close = text.indexOf("*/", start + 2);
  if (close >= 0) return close + 2;
  problems.push({ code: "unterminated-comment", start, end: start + 2, message: "This comment has no closing */." });
  return text.length;
}

/** A run of foreign characters is one problem, not one each. */
function endOfBad(text: string, start: number): number {
  let at = start + 1;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code <= 32 || isWordPart(code) || code === 34 || singles[code]) break;
  }
  return at;
}

function badCharacter(text: string, start: number, end: number): Pick<Problem, "message" | "mend"> {
  const run = text.slice(start, end);
  if (/^#+$/.test(run)) {
    const mend = { title: "Change to //", edits: [{ start, end, text: "//" }] };
    return { message: `\`${run}\` means nothing here; a comment begins with \`//\`.`, mend };
  }
  const shown = run.length > 20 ? `${run.slice(0, 20)}…` : run;
  const message = `\`${shown.replace(/[^\x20-\x7e]/g, (char) => (char.charCodeAt(0) < 160 ? "?" : char))}\` means nothing here.`;
  return { message };
}

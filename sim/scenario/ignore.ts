// Comments that silence a warning: `// mshare-ignore CODE, CODE` behind a statement or on the line above it,
// `// mshare-ignore-file CODE` for a whole file. An error cannot be silenced, and a comment that silences nothing is a
// warning itself: it would hide the next one that is right.
import type { Item, Span } from "./ast.ts";
import { type DiagnosticCode, diagnosticCodes, severityOf } from "./codes.ts";
import { suggestion } from "./cursor.ts";
import { type Diagnostic, diagnosticOf, type Mend, type Problem } from "./diagnostics.ts";
import type { Comment } from "./lexer.ts";
import { firstFrom, positionAt } from "./lines.ts";
import type { ParsedFile } from "./parser.ts";
import type { Program } from "./program.ts";
import { nodesAt } from "./visit.ts";

export const IGNORE = "mshare-ignore";

interface Ignored extends Span {
  readonly code: string;
  readonly comment: Comment;
  /** All that its comment names, this among them. */
  readonly siblings: readonly Ignored[];
  /** What it speaks of; a diagnostic that begins there is silent. */
  readonly covers: Span;
  used: boolean;
}

/** The comments of a scenario that silence. */
export interface Silencings {
  /** True where a comment silences this. An error is never silenced. */
  silences(diagnostic: Diagnostic): boolean;
  /** What is to be said of comments that silenced nothing, once everything has been asked. */
  useless(): readonly Diagnostic[];
}

const NONE: Silencings = { silences: () => false, useless: () => [] };

export function silencingsOf(program: Program): Silencings {
  const ignored = new Map<string, Ignored[]>();
  for (const file of program.files.values()) {
    const found = ignoredIn(file);
    if (found.length > 0) ignored.set(file.path, found);
  }
  if (ignored.size === 0) return NONE;
  const byCode = new Map<string, Coverage>();
  for (const [file, all] of ignored)
    for (const code of new Set(all.map((one) => one.code)))
      byCode.set(`${code} ${file}`, coverageOf(all.filter((one) => one.code === code)));
  return {
    silences({ severity, code, file, start }) {
      if (severity === "error") return false;
      const silencing = coveringAt(byCode.get(`${code} ${file}`), start);
      for (const one of silencing) one.used = true;
      return silencing.length > 0;
    },
    useless() {
      // What is of no use here may be so where an included file is used otherwise.
      const { path, text, lines } = program.entry;
      const unused = (ignored.get(path) ?? []).filter(({ used }) => !used).slice(0, MOST_USELESS);
      return unused.map((one) => diagnosticOf(useless(text, one), path, lines));
    },
  };
}

/** The comments of one code in one file, by where what they cover begins. */
interface Coverage {
  readonly all: readonly Ignored[];
  /** The furthest end of what each and those before it cover: where to stop looking back. */
  readonly reach: readonly number[];
}

function coverageOf(some: readonly Ignored[]): Coverage {
  const all = [...some].sort((a, b) => a.covers.start - b.covers.start);
  let furthest = 0;
  const reach = all.map(({ covers }) => (furthest = Math.max(furthest, covers.end)));
  return { all, reach };
}

function coveringAt(coverage: Coverage | undefined, offset: number): Ignored[] {
  if (!coverage) return [];
  const { all, reach } = coverage;
  const found: Ignored[] = [];
  const next = firstFrom(all.length, (index) => all[index].covers.start > offset);
  for (let index = next - 1; index >= 0 && reach[index] >= offset; index--)
    if (all[index].covers.end >= offset) found.push(all[index]);
  return found;
}

/** More would help nobody. */
const MOST_USELESS = 200;

/** What a comment may name. */
export const silenceable = diagnosticCodes.filter((name) => severityOf(name) !== "error");

const FORM = /^\/[/*]\s*(mshare-ignore(?:-file)?)[ \t:]+([a-z0-9-]+(?:[ \t]*,[ \t]*[a-z0-9-]+)*)/d;

export interface Silencing {
  /** `mshare-ignore` or `mshare-ignore-file`. */
  readonly word: Span;
  readonly wholeFile: boolean;
  readonly codes: readonly (Span & { readonly code: string })[];
}

/** What a comment silences, with the places of its words; undefined for one that is only read by people. */
export function silencingOf(text: string, comment: Comment): Silencing | undefined {
  const match = FORM.exec(text.slice(comment.start, comment.end));
  if (!match) return undefined;
  const wordStart = comment.start + match.indices![1]![0];
  const listStart = comment.start + match.indices![2]![0];
  const codes = [...match[2].matchAll(/[a-z0-9-]+/g)].map(({ 0: code, index }) => {
    const start = listStart + index;
    return { code, start, end: start + code.length };
  });
  return {
    word: { start: wordStart, end: wordStart + match[1].length },
    wholeFile: match[1] !== IGNORE,
    codes,
  };
}

function ignoredIn(file: ParsedFile): Ignored[] {
  // Most files have none, and a large one should not pay for asking.
  if (!file.text.includes(IGNORE)) return [];
  return file.tokens.comments.flatMap((comment) => {
    const silencing = silencingOf(file.text, comment);
    if (!silencing) return [];
    const covers = silencing.wholeFile ? { start: 0, end: file.text.length } : coveredBy(file, comment);
    const siblings: Ignored[] = [];
    for (const code of silencing.codes) siblings.push({ ...code, comment, siblings, covers, used: false });
    return siblings;
  });
}

/** Alone on its line: the statement that follows. Behind one: that statement, however many lines it has. */
function coveredBy(file: ParsedFile, comment: Comment): Span {
  const { text, tokens, lines } = file;
  const lineStart = lines.starts[positionAt(lines, comment.start).line - 1];
  const isAlone = text.slice(lineStart, comment.start).trim() === "";
  const at = isAlone ? firstTokenFrom(tokens.starts, comment.end) : lastNonSpace(text, comment.start);
  const around = nodesAt(file.items, at).filter(isItem);
  const own = around.findLast((item) => !("body" in item)) ?? around.at(-1);
  if (!own || (!isAlone && own.end < lineStart)) return { start: lineStart, end: comment.end };
  return { start: own.start, end: "body" in own ? own.open : own.end };
}

const itemKinds: ReadonlySet<string> = new Set<Item["kind"]>([
  "kernel-declaration",
  "machine",
  "process-declaration",
  "thread",
  "schedule",
  "let",
  "include",
  "call-statement",
  "actor-block",
  "parallel",
  "repeat",
  "expect",
  "expect-bug",
  "expect-no-bug",
  "allow",
  "label",
  "error",
]);

function isItem(node: ReturnType<typeof nodesAt>[number]): node is Item {
  return "kind" in node && itemKinds.has(node.kind);
}

function firstTokenFrom(starts: Int32Array, offset: number): number {
  return starts[firstFrom(starts.length - 1, (index) => starts[index] >= offset)];
}

function lastNonSpace(text: string, before: number): number {
  let at = before;
  while (at > 0 && /\s/.test(text[at - 1])) at--;
  return Math.max(0, at - 1);
}

function useless(text: string, one: Ignored): Problem {
  const { code, start, end } = one;
  const base = { code: "useless-ignore" as const, start, end };
  const remove = removal(text, one);
  const known = diagnosticCodes.find((name) => name === code);
  if (known) return { ...base, message: whyUseless(known), mend: remove };
  const { hint, mend, otherMends } = suggestion({ text: code, start, end }, silenceable);
  const mends = [mend, ...(otherMends ?? []), remove].filter((offer) => offer !== undefined);
  return {
    ...base,
    message: `There is no diagnostic \`${code}\`.${hint}`,
    mend: mends[0],
    otherMends: mends.slice(1),
  };
}

function whyUseless(code: DiagnosticCode): string {
  return severityOf(code) === "error"
    ? `\`${code}\` is an error, which no comment silences.`
    : `Nothing here gives \`${code}\`; this comment would hide it when it does.`;
}

/** Takes one code out of the list, or the whole comment with the last. */
function removal(text: string, one: Ignored): Mend {
  const { siblings } = one;
  if (siblings.length > 1) {
    const at = siblings.indexOf(one);
    const span = at > 0 ? { start: siblings[at - 1].end, end: one.end } : { start: one.start, end: siblings[1].start };
    return { title: `Remove ${one.code}`, edits: [{ ...span, text: "" }] };
  }
  let { start, end } = one.comment;
  while (start > 0 && (text[start - 1] === " " || text[start - 1] === "\t")) start--;
  // A comment that has its line for itself goes with the line.
  if (start === 0 || text[start - 1] === "\n") end += /^\r?\n?/.exec(text.slice(end, end + 2))![0].length;
  return { title: "Remove this comment", edits: [{ start, end, text: "" }] };
}

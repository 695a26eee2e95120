// A file after an edit: what stands before and behind the edit is not read again. The result is what `parse` gives, by a
// property test. Tokens carry no state from one to the next, and items none but the problem last reported, so that reading
// can begin and end between any two of them.
import { cursorOver, lastEnd, MAX_PROBLEMS, problemsOf } from "./cursor.ts";
import { lexPart, type Tokens } from "./lexer.ts";
import { firstFrom, type Lines, lineStartsIn } from "./lines.ts";
import { MAX_TEXT_LENGTH, type Mark, type ParsedFile, parse, parseItems } from "./parser.ts";
import { shiftItem, shiftProblem } from "./shift.ts";

/** How far beyond an item its reading may look: `NAME[i].THREAD: word (` and some more. */
const LOOKAHEAD = 16;

/** The tree of `text`. The items of `old` move into it, so that `old` is at an end: who asks it for them gets an error. */
export function reparse(old: ParsedFile, text: string): ParsedFile {
  const isTooLarge = Math.max(text.length, old.text.length) > MAX_TEXT_LENGTH;
  if (isTooLarge || old.problems.length >= MAX_PROBLEMS) return parse(old.path, text);
  const damage = damageOf(old.text, text);
  const lexed = relex(old.tokens, text, damage);
  const { tokens, kept, again } = lexed;
  let keep = firstFrom(old.marks.length, (index) => old.marks[index].tokens + LOOKAHEAD > kept);
  // A mark is where its item begins; it ends at the next.
  keep = Math.max(0, keep - 1);
  const ofTokens = Math.min(old.tokens.problems.length, MAX_PROBLEMS);
  const oldProblems = old.problems.slice(ofTokens);
  const from: Mark = old.marks[keep] ?? { tokens: 0, problems: 0 };
  const c = cursorOver(text, tokens, from.tokens, oldProblems.slice(0, from.problems));
  const items = old.items.slice(0, keep);
  const marks = old.marks.slice(0, keep);
  const moved = tokens.kinds.length - old.tokens.kinds.length;
  let next = keep;
  parseItems(c, items, marks, () => {
    // In the middle of a line it counts what is wrong before it.
    if (c.at <= again || c.tokens.first[c.at] !== 1) return false;
    while (next < old.marks.length && old.marks[next].tokens + moved < c.at) next++;
    const mark = old.marks[next];
    if (mark === undefined || mark.tokens + moved !== c.at) return false;
    // What is said at one place is said once: the items behind must have nothing to add to what was said before them.
    const said = oldProblems[mark.problems - 1];
    const isApart = (c.problems.at(-1)?.start ?? -1) < lastEnd(c);
    return isApart && (said?.start ?? -1) < old.tokens.ends[mark.tokens - 1];
  });
  const rest = c.at < tokens.kinds.length - 1 ? next : old.marks.length;
  const said = c.problems.length - (old.marks[rest]?.problems ?? 0);
  if (rest < old.marks.length)
    for (const problem of oldProblems.slice(old.marks[rest].problems))
      c.problems.push(shiftProblem(problem, damage.shift));
  if (c.problems.length >= MAX_PROBLEMS) return parse(old.path, text);
  for (let index = rest; index < old.items.length; index++) {
    const { tokens, problems } = old.marks[index];
    marks.push({ tokens: tokens + moved, problems: problems + said });
    items.push(damage.shift === 0 ? old.items[index] : shiftItem(old.items[index], damage.shift));
  }
  endTree(old);
  return {
    path: old.path,
    text,
    lines: relines(old.lines, text, damage),
    tokens,
    items,
    problems: problemsOf(c),
    marks,
  };
}

/** An old tree would show places of the new text; better that whoever keeps one finds out at once. */
function endTree(old: ParsedFile): void {
  Object.defineProperty(old, "items", {
    get() {
      throw new Error(`the tree of ${old.path} has moved into that of a newer text`);
    },
  });
}

/** What an edit changed: `start`..`oldEnd` became `start`..`newEnd`, and what is behind moved by `shift`. */
interface Damage {
  readonly start: number;
  readonly oldEnd: number;
  readonly newEnd: number;
  readonly shift: number;
}

function damageOf(before: string, after: string): Damage {
  const shorter = Math.min(before.length, after.length);
  const start = sameFor(shorter, (from, to) => before.slice(from, to) === after.slice(from, to));
  const same = sameFor(
    shorter - start,
    (from, to) =>
      before.slice(before.length - to, before.length - from) === after.slice(after.length - to, after.length - from),
  );
  return { start, oldEnd: before.length - same, newEnd: after.length - same, shift: after.length - before.length };
}

/** How many of `count` characters are the same. Long pieces are compared at once, the one that differs by halves. */
function sameFor(count: number, isSame: (from: number, to: number) => boolean): number {
  let same = 0;
  for (let piece = 65536; piece >= 1; piece >>= 1)
    while (same + piece <= count && isSame(same, same + piece)) same += piece;
  return same;
}

/** A line end of two characters may be made or broken at either end of the edit. */
function relines({ starts }: Lines, text: string, damage: Damage): Lines {
  const kept = firstFrom(starts.length, (index) => starts[index] >= damage.start);
  const rest = firstFrom(starts.length, (index) => starts[index] > damage.oldEnd + 1);
  const from = kept === 0 ? 0 : starts[kept - 1];
  const made = starts.slice(0, Math.max(kept, 1)).concat(lineStartsIn(text, from, damage.newEnd + 1));
  for (let index = rest; index < starts.length; index++) made.push(starts[index] + damage.shift);
  return { starts: made, length: text.length };
}

interface Relexed {
  readonly tokens: Tokens;
  /** So many of the first tokens are the old ones. */
  readonly kept: number;
  /** From this token on they are the old ones again. */
  readonly again: number;
}

function relex(old: Tokens, text: string, damage: Damage): Relexed {
  // What ends where the edit begins may go on in it.
  const count = old.kinds.length - 1;
  const kept = firstFrom(count, (index) => old.ends[index] >= damage.start);
  const from = kept === 0 ? (text.charCodeAt(0) === 0xfeff ? 1 : 0) : old.ends[kept - 1];
  let next = kept;
  const part = lexPart(text, from, damage.newEnd - from + 4096, (at) => {
    if (at < damage.newEnd) return false;
    while (next < count && old.starts[next] + damage.shift < at) next++;
    return next < count && old.starts[next] + damage.shift === at;
  });
  const stop = part.starts[part.starts.length - 1];
  const rest = stop < text.length ? next : count;
  const between = part.kinds.length - 1;
  const again = kept + between;
  const numbers = (of: "starts" | "ends") => {
    const made = new Int32Array(again + old.kinds.length - rest);
    made.set(old[of].subarray(0, kept));
    made.set(part[of].subarray(0, between), kept);
    made.set(old[of].subarray(rest), again);
    for (let to = again; to < made.length; to++) made[to] += damage.shift;
    return made;
  };
  const first = new Uint8Array(again + old.kinds.length - rest);
  first.set(old.first.subarray(0, kept));
  first.set(part.first, kept);
  first.set(old.first.subarray(rest + 1), again + 1);
  const isBefore = ({ start }: { readonly start: number }) => kept > 0 && start < from;
  const oldStop = stop < text.length ? old.starts[rest] : damage.oldEnd + text.length;
  const behind = <Placed extends { readonly start: number }>(all: readonly Placed[]) =>
    all.slice(firstFrom(all.length, (index) => all[index].start >= oldStop));
  return {
    kept,
    again,
    tokens: {
      kinds: old.kinds.slice(0, kept).concat(part.kinds.slice(0, between), old.kinds.slice(rest)),
      starts: numbers("starts"),
      ends: numbers("ends"),
      first,
      comments: [
        ...old.comments.filter(isBefore),
        ...part.comments,
        ...behind(old.comments).map(({ start, end, form }) => ({
          start: start + damage.shift,
          end: end + damage.shift,
          form,
        })),
      ],
      problems: [
        ...old.problems.filter(isBefore),
        ...part.problems,
        ...behind(old.problems).map((problem) => shiftProblem(problem, damage.shift)),
      ],
    },
  };
}

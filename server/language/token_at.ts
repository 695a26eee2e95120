// The token at an offset, and the comments around it.
import type { Comment, TokenKind } from "../../sim/scenario/lexer.ts";
import { firstFrom } from "../../sim/scenario/lines.ts";
import type { ParsedFile } from "../../sim/scenario/parser.ts";

export interface PlacedToken {
  readonly index: number;
  readonly kind: TokenKind;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export function tokenOf(file: ParsedFile, index: number): PlacedToken {
  const { kinds, starts, ends } = file.tokens;
  return {
    index,
    kind: kinds[index],
    text: file.text.slice(starts[index], ends[index]),
    start: starts[index],
    end: ends[index],
  };
}

/** The index of the last token that begins before `offset`; -1 where there is none. */
export function tokenBefore(file: ParsedFile, offset: number): number {
  const { starts, kinds } = file.tokens;
  const index = firstFrom(starts.length, (at) => starts[at] >= offset) - 1;
  return index >= 0 && kinds[index] === "end" ? index - 1 : index;
}

/** The token that covers an offset; its end counts, but a token that begins there goes first. */
export function tokenAt(file: ParsedFile, offset: number): PlacedToken | undefined {
  if (isInComment(file, offset)) return undefined;
  const before = tokenBefore(file, offset + 1);
  for (const index of [before, before - 1]) {
    if (index < 0) continue;
    const token = tokenOf(file, index);
    if (token.start <= offset && offset < token.end) return token;
    if (token.end === offset) return token;
  }
  return undefined;
}

export function isInComment(file: ParsedFile, offset: number): boolean {
  return commentAt(file, offset) !== undefined;
}

/** The comment in which something typed at the offset would be. */
export function commentAt(file: ParsedFile, offset: number): Comment | undefined {
  const { comments } = file.tokens;
  let low = 0;
  let high = comments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (comments[middle].start < offset) low = middle + 1;
    else high = middle;
  }
  const comment = comments[low - 1];
  if (!comment) return undefined;
  const isInside = comment.form === "line" ? offset <= comment.end : offset < comment.end;
  return isInside ? comment : undefined;
}

// The space between two neighbours on a line.
import type { TokenKind } from "../../sim/scenario/lexer.ts";
import type { ParsedFile } from "../../sim/scenario/parser.ts";
import type { FormatMarks } from "./format_marks.ts";

/** A token or a comment. */
export interface Piece {
  readonly kind: TokenKind | "line-comment" | "block-comment";
  readonly start: number;
  readonly end: number;
}

/** All tokens and comments in order of place. */
export function piecesOf(file: ParsedFile): Piece[] {
  const { kinds, starts, ends, comments } = file.tokens;
  const pieces: Piece[] = [];
  let next = 0;
  for (let index = 0; index < kinds.length; index++) {
    for (; next < comments.length && comments[next].start < starts[index]; next++)
      pieces.push(commentPiece(comments[next]));
    if (kinds[index] !== "end") pieces.push({ kind: kinds[index], start: starts[index], end: ends[index] });
  }
  for (; next < comments.length; next++) pieces.push(commentPiece(comments[next]));
  return pieces;
}

function commentPiece(comment: {
  readonly start: number;
  readonly end: number;
  readonly form: "line" | "block";
}): Piece {
  return { kind: comment.form === "line" ? "line-comment" : "block-comment", start: comment.start, end: comment.end };
}

export function separator(file: ParsedFile, marks: FormatMarks, before: Piece, piece: Piece): string {
  if (piece.kind === "line-comment") return " ".repeat(Math.max(1, piece.start - before.end));
  if (marks.glued.has(before.start) || marks.glued.has(piece.start) || marks.prefixes.has(before.start)) return "";
  if (before.kind === "." || piece.kind === ".") return "";
  if (before.kind === "(" || before.kind === "[") return "";
  if (piece.kind === ")" || piece.kind === "]" || piece.kind === ",") return "";
  if (piece.kind === ":") return marks.ternaryColons.has(piece.start) ? " " : "";
  if (before.kind === "{" && piece.kind === "}") return "";
  if (piece.kind === "(") return marks.callParens.has(piece.start) ? "" : " ";
  if (piece.kind === "[")
    return before.kind === "word" && file.text.slice(before.start, before.end) !== "schedule"
      ? ""
      : before.kind === "]" || before.kind === ")"
        ? ""
        : " ";
  return " ";
}

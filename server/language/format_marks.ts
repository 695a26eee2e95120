// What the formatter must know of the tree: the same sign is spaced differently as an operator and in a name.
import type { Item, Name } from "../../sim/scenario/ast.ts";
import type { ParsedFile } from "../../sim/scenario/parser.ts";
import { type Node, visit } from "../../sim/scenario/visit.ts";

/** Offsets of tokens. */
export interface FormatMarks {
  /** First tokens of statements that stand on lines of their own. */
  readonly itemStarts: ReadonlySet<number>;
  /** `{` of statements, and the `}` of those that go over several lines. */
  readonly blockOpens: ReadonlySet<number>;
  readonly brokenCloses: ReadonlySet<number>;
  /** No space on either side. */
  readonly glued: ReadonlySet<number>;
  /** No space behind. */
  readonly prefixes: ReadonlySet<number>;
  /** The `:` of `? :`. */
  readonly ternaryColons: ReadonlySet<number>;
  /** The `(` of calls. */
  readonly callParens: ReadonlySet<number>;
}

export function marksOf(file: ParsedFile): FormatMarks {
  const marks = {
    itemStarts: new Set<number>(),
    blockOpens: new Set<number>(),
    brokenCloses: new Set<number>(),
    glued: new Set<number>(),
    prefixes: new Set<number>(),
    ternaryColons: new Set<number>(),
    callParens: new Set<number>(),
  };
  for (const item of file.items) marks.itemStarts.add(item.start);
  for (const item of file.items) visit(item, (node) => mark(file, marks, node));
  return marks;
}

type Marks = { readonly [Key in keyof FormatMarks]: Set<number> };

function mark(file: ParsedFile, marks: Marks, node: Node): void {
  if (!("kind" in node)) {
    if ("actor" in node) {
      if (node.steps) markToken(file, marks.glued, node.actor.end, "*");
    } else if ("list" in node || "word" in node) {
      for (const name of [node.word, ...(node.list ?? [])]) markHyphens(marks, name);
    }
    return;
  }
  switch (node.kind) {
    case "unary":
      marks.prefixes.add(node.start);
      return;
    case "binary":
      if (node.operator === "|" && isFlag(node.left) && isFlag(node.right))
        markToken(file, marks.glued, node.left.end, "|");
      return;
    case "conditional":
      markToken(file, marks.ternaryColons, node.then.end, ":");
      return;
    case "call":
      markToken(file, marks.callParens, node.name.end, "(");
      return;
    case "method":
      markToken(file, marks.callParens, node.method.end, "(");
      return;
    case "process":
      if (node.index === "all") markToken(file, marks.glued, node.name.end, "*");
      return;
    case "kernel-declaration":
      markHyphens(marks, node.design);
      return;
    case "expect-bug":
      for (const name of [node.bug, node.unlessFixed]) markHyphens(marks, name);
      return;
    case "allow":
      for (const name of node.bugs) markHyphens(marks, name);
      return;
    case "actor-block":
    case "parallel":
    case "repeat":
      markBlock(file, marks, node);
  }
}

function markBlock(file: ParsedFile, marks: Marks, block: Extract<Item, { open: number }>): void {
  marks.blockOpens.add(block.open);
  const isBroken =
    /[\r\n]/.test(file.text.slice(block.open, block.end)) ||
    block.body.some((item) => "open" in item && item.body.length > 1);
  if (!isBroken) return;
  marks.brokenCloses.add(block.end - 1);
  for (const item of block.body) marks.itemStarts.add(item.start);
}

/** `PROT_READ|PROT_WRITE` is written without spaces. */
function isFlag(expr: Node): boolean {
  if (!("kind" in expr)) return false;
  return (
    expr.kind === "name" || (expr.kind === "binary" && expr.operator === "|" && isFlag(expr.left) && isFlag(expr.right))
  );
}

/** The next token of that text behind an offset; comments may stand between. */
function markToken(file: ParsedFile, set: Set<number>, from: number, text: string): void {
  const { starts, kinds } = file.tokens;
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[middle] < from) low = middle + 1;
    else high = middle;
  }
  while (low < kinds.length && kinds[low] !== text && kinds[low] !== "end") low++;
  set.add(starts[low]);
}

function markHyphens(marks: Marks, name: Name | undefined): void {
  if (!name) return;
  for (let at = name.text.indexOf("-"); at >= 0; at = name.text.indexOf("-", at + 1)) marks.glued.add(name.start + at);
}

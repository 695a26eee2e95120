// Moves what was read to another place of the text, in place: a large file has a hundred thousand nodes, and nearly all
// of them stand behind the key that was just pressed.
import type { Actor, Clause, Expr, Item, Name, Option, ScheduleEntry, Span } from "./ast.ts";
import type { Problem } from "./diagnostics.ts";

type Movable = { -readonly [Key in keyof Span]: Span[Key] };

function move(span: Span, by: number): void {
  (span as Movable).start += by;
  (span as Movable).end += by;
}

const moveName = (name: Name | undefined, by: number): void => {
  if (name) move(name, by);
};

const moveExpr = (expr: Expr | undefined, by: number): void => {
  if (expr) shiftExpr(expr, by);
};

/** A problem is shown to others and stays as it was; a moved one is a new one. */
export function shiftProblem(problem: Problem, by: number): Problem {
  if (by === 0) return problem;
  const moved = <Placed extends Span>(one: Placed): Placed => ({ ...one, start: one.start + by, end: one.end + by });
  const mend = (one: NonNullable<Problem["mend"]>) => ({ ...one, edits: one.edits.map(moved) });
  return {
    ...moved(problem),
    ...(problem.mend && { mend: mend(problem.mend) }),
    ...(problem.otherMends && { otherMends: problem.otherMends.map(mend) }),
  };
}

/** `around` is the actor of the `A { … }` around: its calls bear it too, and it moves once. */
export function shiftItem(item: Item, by: number, around?: Actor): Item {
  move(item, by);
  switch (item.kind) {
    case "call-statement":
      if (item.actor !== around) shiftActor(item.actor, by);
      moveName(item.variable, by);
      shiftExpr(item.call, by);
      if (item.clause) shiftClause(item.clause, by);
      break;
    case "actor-block":
      shiftActor(item.actor, by);
      shiftBody(item, by, item.actor);
      break;
    case "parallel":
      shiftBody(item, by, around);
      break;
    case "repeat":
      shiftExpr(item.count, by);
      moveName(item.variable, by);
      shiftBody(item, by, around);
      break;
    case "expect":
      shiftExpr(item.condition, by);
      break;
    case "expect-bug":
      move(item.bug, by);
      moveName(item.at, by);
      moveName(item.unlessFixed, by);
      break;
    case "allow":
      for (const bug of item.bugs) move(bug, by);
      break;
    case "label":
      move(item.name, by);
      break;
    case "kernel-declaration":
      move(item.design, by);
      for (const option of item.options) shiftOption(option, by);
      break;
    case "machine":
      for (const option of item.options) shiftOption(option, by);
      break;
    case "process-declaration":
      move(item.name, by);
      moveExpr(item.count, by);
      moveExpr(item.cpu, by);
      break;
    case "thread":
      shiftActor(item.process, by);
      move(item.name, by);
      moveExpr(item.cpu, by);
      break;
    case "schedule":
      if (item.policy.kind === "random") shiftExpr(item.policy.seed, by);
      if (item.policy.kind === "list") {
        for (const entry of item.policy.entries) shiftEntry(entry, by);
        moveExpr(item.policy.engine, by);
      }
      break;
    case "let":
      move(item.name, by);
      shiftExpr(item.value, by);
      break;
    case "include":
      shiftExpr(item.path, by);
      break;
  }
  return item;
}

type Block = Extract<Item, { readonly open: number }>;

function shiftBody(block: Block, by: number, actor: Actor | undefined): void {
  (block as { -readonly [Key in keyof Block]: Block[Key] }).open += by;
  for (const item of block.body) shiftItem(item, by, actor);
}

function shiftClause(clause: Clause, by: number): void {
  move(clause, by);
  if (clause.kind === "compare") shiftExpr(clause.value, by);
  else move(clause.kind === "fails" ? clause.errno : clause.signal, by);
}

function shiftActor(actor: Actor, by: number): void {
  move(actor, by);
  if (actor.kind === "cpu") shiftExpr(actor.number, by);
  if (actor.kind !== "process") return;
  move(actor.name, by);
  if (actor.index !== "all") moveExpr(actor.index, by);
  moveName(actor.thread, by);
}

function shiftOption(option: Option, by: number): void {
  move(option, by);
  move(option.name, by);
  moveName(option.word, by);
  moveExpr(option.value, by);
  for (const name of option.list ?? []) move(name, by);
}

function shiftEntry(entry: ScheduleEntry, by: number): void {
  move(entry, by);
  shiftActor(entry.actor, by);
  moveExpr(entry.steps, by);
  moveName(entry.until, by);
}

function shiftExpr(expr: Expr, by: number): void {
  move(expr, by);
  switch (expr.kind) {
    case "unary":
      shiftExpr(expr.operand, by);
      break;
    case "binary":
      shiftExpr(expr.left, by);
      shiftExpr(expr.right, by);
      break;
    case "conditional":
      shiftExpr(expr.condition, by);
      shiftExpr(expr.then, by);
      shiftExpr(expr.otherwise, by);
      break;
    case "group":
      shiftExpr(expr.inner, by);
      break;
    case "call":
      move(expr.name, by);
      for (const arg of expr.args) shiftExpr(arg, by);
      break;
    case "field":
      shiftExpr(expr.object, by);
      move(expr.field, by);
      break;
    case "method":
      shiftExpr(expr.object, by);
      move(expr.method, by);
      for (const arg of expr.args) shiftExpr(arg, by);
      break;
    case "index":
      shiftExpr(expr.object, by);
      shiftExpr(expr.index, by);
      break;
    case "struct":
      for (const field of expr.fields) {
        move(field, by);
        move(field.name, by);
        shiftExpr(field.value, by);
      }
      break;
  }
}

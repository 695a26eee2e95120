// Walking the tree: the parts of a node in order of their place, and the nodes around an offset.
import type { Actor, Clause, Expr, Item, Option, ScheduleEntry, StructField } from "./ast.ts";
import { firstFrom } from "./lines.ts";

/** Anything of the tree except names. Options, fields and entries have no `kind`. */
export type Node = Item | Expr | Actor | Clause | Option | ScheduleEntry | StructField;

function present<T>(...parts: readonly (T | undefined)[]): T[] {
  return parts.filter((part): part is T => part !== undefined);
}

/** The parts of a node, first to last. The actor of a call inside `A { … }` belongs to the block, not to the call. */
export function children(node: Node): readonly Node[] {
  if (!("kind" in node)) return plainChildren(node);
  switch (node.kind) {
    case "unary":
      return [node.operand];
    case "binary":
      return [node.left, node.right];
    case "conditional":
      return [node.condition, node.then, node.otherwise];
    case "group":
      return [node.inner];
    case "call":
      return node.args;
    case "field":
      return [node.object];
    case "method":
      return [node.object, ...node.args];
    case "index":
      return [node.object, node.index];
    case "struct":
      return node.fields;
    case "kernel-declaration":
    case "machine":
      return node.options;
    case "process-declaration":
      return present(node.count, node.cpu);
    case "thread":
      return present<Node>(node.process, node.cpu);
    case "schedule":
      return node.policy.kind === "random"
        ? [node.policy.seed]
        : node.policy.kind === "list"
          ? [...node.policy.entries, ...present(node.policy.engine)]
          : [];
    case "let":
      return [node.value];
    case "include":
      return [node.path];
    case "call-statement":
      return present<Node>(node.actor.start >= node.start ? node.actor : undefined, node.call, node.clause);
    case "actor-block":
      return [node.actor, ...node.body];
    case "parallel":
      return node.body;
    case "repeat":
      return [node.count, ...node.body];
    case "expect":
      return [node.condition];
    case "compare":
      return [node.value];
    case "cpu":
      return [node.number];
    case "process":
      return node.index !== undefined && node.index !== "all" ? [node.index] : [];
    default:
      return [];
  }
}

function plainChildren(node: Option | ScheduleEntry | StructField): readonly Node[] {
  if ("actor" in node) return present<Node>(node.actor, node.steps);
  return present(node.value);
}

/** Calls `visitor` for a node and everything below it, parents first. */
export function visit(node: Node, visitor: (node: Node) => void): void {
  visitor(node);
  for (const child of children(node)) visit(child, visitor);
}

/** The one of these that an offset is in; of two that meet there the second. Parts of a node are in order of place. */
function nodeAt(level: readonly Node[], offset: number): Node | undefined {
  let last: Node | undefined;
  const first = firstFrom(level.length, (index) => level[index].end >= offset);
  for (let at = first; at < level.length && level[at].start <= offset; at++) {
    last = level[at];
    if (offset < last.end) return last;
  }
  return last;
}

/** The nodes around an offset, outermost first. A node's end counts as inside. */
export function nodesAt(items: readonly Item[], offset: number): Node[] {
  const path: Node[] = [];
  let level: readonly Node[] = items;
  for (;;) {
    const next = nodeAt(level, offset);
    if (!next) return path;
    path.push(next);
    level = children(next);
  }
}

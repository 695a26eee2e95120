// The statements of a scenario as numbered lists, so that a place in them is plain data.
import type { Actor, Item, ParallelBlock, RepeatBlock, Statement } from "../ast.ts";
import type { CheckedScenario } from "../check.ts";
import { positionAt } from "../lines.ts";
import type { ParsedFile } from "../parser.ts";

export interface StatementList {
  readonly items: readonly Item[];
  readonly repeat?: RepeatBlock;
  readonly parallel?: ParallelBlock;
  /** Of a block `A { … }`. */
  readonly actor?: Actor;
}

export interface Plan {
  /** Number 0 is the scenario itself. */
  readonly lists: readonly StatementList[];
  /** The list of a block. */
  listOf(block: Statement): number;
  fileOf(item: Item): ParsedFile;
  /** Line from 1. */
  lineOf(item: Item): number;
  /** Files by number, the entry first. */
  readonly files: readonly ParsedFile[];
}

export function createPlan(scenario: CheckedScenario): Plan {
  const lists: StatementList[] = [];
  const numbers = new Map<Item, number>();
  const files = new Map<Item, ParsedFile>();
  const add = (items: readonly Item[], file: ParsedFile | undefined, more: Omit<StatementList, "items">): number => {
    const list = lists.push({ items, ...more }) - 1;
    for (const item of items) {
      if (file) files.set(item, file);
      const within = file ?? files.get(item)!;
      if (item.kind === "repeat") numbers.set(item, add(item.body, within, { repeat: item }));
      else if (item.kind === "parallel") numbers.set(item, add(item.body, within, { parallel: item }));
      else if (item.kind === "actor-block") numbers.set(item, add(item.body, within, { actor: item.actor }));
    }
    return list;
  };
  const lineOf = (item: Item) => positionAt((files.get(item) ?? scenario.program.entry).lines, item.start).line;
  /** Asked for at every call. */
  const lines = new Map<Item, number>();
  for (const { item, file } of scenario.program.items) files.set(item, file);
  add(
    scenario.program.items.map(({ item }) => item),
    undefined,
    {},
  );
  return {
    lists,
    listOf: (block) => numbers.get(block)!,
    fileOf: (item) => files.get(item) ?? scenario.program.entry,
    lineOf(item) {
      let line = lines.get(item);
      if (line === undefined) lines.set(item, (line = lineOf(item)));
      return line;
    },
    files: [...scenario.program.files.values()],
  };
}

// A `parallel` block in which nobody is beside anybody: it says that something interleaves, and nothing can.
import type { Actor, Item, ParallelBlock } from "./ast.ts";
import { type CheckState, report } from "./check_state.ts";
import type { Mend } from "./diagnostics.ts";

export function checkParallel(state: CheckState, block: ParallelBlock): void {
  const actors = new Set<string>();
  for (const item of block.body) addActors(state, item, actors);
  if (actors.size > 1 || block.body.some((item) => item.kind === "error")) return;
  const [only] = actors;
  const message =
    only === undefined
      ? "This block is empty."
      : `Only \`${only}\` acts here: a single actor's statements stay in order, block or not.`;
  const end = block.start + "parallel".length;
  const mend = only === undefined ? undefined : unwrap(state, block);
  report(state, { code: "parallel-alone", start: block.start, end, message, mend });
}

function addActors(state: CheckState, item: Item, actors: Set<string>): void {
  if (item.kind === "call-statement" || item.kind === "actor-block") add(state, item.actor, actors);
  if (item.kind === "repeat") for (const inner of item.body) addActors(state, inner, actors);
}

function add(state: CheckState, actor: Actor, actors: Set<string>): void {
  const text = state.file.text.slice(actor.start, actor.end);
  actors.add(text);
  if (actor.kind !== "process" || actor.index === undefined) return;
  // `kids[*]` are several, and `kids[i]` another one each time.
  const isOne = actor.index !== "all" && actor.index.kind === "integer";
  if (!isOne && state.processes.get(actor.name.text)?.count !== 1n) actors.add(`another ${text}`);
}

function unwrap(state: CheckState, block: ParallelBlock): Mend {
  const { text } = state.file;
  const head = /^\{[ \t]*(\r?\n[ \t]*)?/.exec(text.slice(block.open))![0].length;
  const tail = /(\r?\n)?[ \t]*\}$/.exec(text.slice(block.open, block.end))?.[0].length ?? 0;
  return {
    title: "Take the statements out of the block",
    edits: [
      { start: block.start, end: block.open + head, text: "" },
      { start: block.end - tail, end: block.end, text: "" },
    ],
  };
}

// Walking through the statements: to the next call of a thread, past everything that takes no step.
import type { CallStatement, Item } from "../ast.ts";
import type { Plan } from "./plan.ts";
import type { Walker, WalkFrame } from "./state.ts";

/** What the walk asks about the world. */
export interface WalkContext {
  /** Told of every move from one statement to the next; throws `NothingHappens` when they were too many. */
  moved(): void;
  /** Threads that a statement names, in order. `frames` give the counters of loops. */
  actors(item: Extract<Item, { actor: unknown }>, frames: readonly WalkFrame[]): readonly number[];
  turns(item: Extract<Item, { kind: "repeat" }>, frames: readonly WalkFrame[]): number;
  /** Something that happens in no time: an expectation, a label. */
  passing(item: Item, frames: readonly WalkFrame[]): void;
}

export type Arrival =
  /** `actor`: the thread that does the call now. */
  | { readonly kind: "call"; readonly statement: CallStatement; readonly actor: number; readonly walker: Walker }
  | { readonly kind: "parallel"; readonly item: Extract<Item, { kind: "parallel" }>; readonly walker: Walker }
  | { readonly kind: "end" };

/** Blocks and loops that can be passed between two calls before it is clear that nothing will ever happen. */
export const MOST_MOVES = 1_000_000;

export class NothingHappens extends Error {}

export function settle(plan: Plan, start: Walker, context: WalkContext): Arrival {
  let { frames } = start;
  const { owner } = start;
  for (;;) {
    context.moved();
    const frame = frames.at(-1);
    if (!frame) return { kind: "end" };
    const list = plan.lists[frame.list]!;
    const item = list.items[frame.index];
    if (!item) {
      // A thread's part of a parallel block ends with the block.
      if (list.parallel && owner >= 0) return { kind: "end" };
      // What comes after a parallel block is for the scenario's own walker, when all parts have ended.
      if (list.parallel) return { kind: "end" };
      frames = frame.turn + 1 < frame.turns ? replaceTop(frames, again(frame)) : next(frames.slice(0, -1));
      continue;
    }
    if (item.kind === "call-statement") {
      const actors = context.actors(item, frames);
      const actor =
        owner < 0 ? actors[frame.element] : frame.element === 0 && actors.includes(owner) ? owner : undefined;
      if (actor !== undefined) return { kind: "call", statement: item, actor, walker: { owner, frames } };
      frames = next(frames);
    } else if (item.kind === "parallel") {
      return { kind: "parallel", item, walker: { owner, frames } };
    } else if (item.kind === "repeat") {
      const turns = context.turns(item, frames);
      const empty = plan.lists[plan.listOf(item)]!.items.length === 0;
      frames = turns > 0 && !empty ? push(frames, plan.listOf(item), turns) : next(frames);
    } else if (item.kind === "actor-block") {
      const mine = owner < 0 || context.actors(item, frames).includes(owner);
      frames = mine ? push(frames, plan.listOf(item), 1) : next(frames);
    } else {
      if (owner < 0) context.passing(item, frames);
      frames = next(frames);
    }
  }
}

/** Past the call that was done: to the statement's next actor, or the next statement. */
export function afterCall({ owner, frames }: Walker): Walker {
  const { list, index, turn, turns, element } = frames.at(-1)!;
  return { owner, frames: replaceTop(frames, { list, index, turn, turns, element: element + 1 }) };
}

/** Past a block. */
export const afterBlock = ({ owner, frames }: Walker): Walker => ({ owner, frames: next(frames) });

const push = (frames: readonly WalkFrame[], list: number, turns: number): readonly WalkFrame[] => [
  ...frames,
  { list, index: 0, turn: 0, turns, element: 0 },
];
const again = ({ list, turn, turns }: WalkFrame): WalkFrame => ({ list, index: 0, turn: turn + 1, turns, element: 0 });

function replaceTop(frames: readonly WalkFrame[], top: WalkFrame): readonly WalkFrame[] {
  const replaced = frames.slice();
  replaced[replaced.length - 1] = top;
  return replaced;
}

function next(frames: readonly WalkFrame[]): readonly WalkFrame[] {
  const top = frames.at(-1);
  if (!top) return frames;
  const { list, index, turn, turns } = top;
  return replaceTop(frames, { list, index: index + 1, turn, turns, element: 0 });
}

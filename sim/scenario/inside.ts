// Where a statement stands: in which blocks, and what may not stand there.
import type { Actor, Span } from "./ast.ts";
import type { Around } from "./check_expression.ts";
import { type CheckState, reportAt } from "./check_state.ts";
import { actingSymbol, momentOf, type Walk } from "./collect.ts";
import type { ActingSymbol, CounterSymbol } from "./symbols.ts";

export interface Inside {
  readonly counters: readonly CounterSymbol[];
  readonly parallel: boolean;
  /** Inside any block, where declarations may not stand. */
  readonly block: boolean;
  /** How often the loops around repeat it, as far as they are constant. */
  readonly times: bigint;
  readonly repeated?: true;
  /** The actor of the `A { … }` around. */
  readonly actor?: Actor;
}

export function aroundOf(walk: Walk, inside: Inside, actor?: ActingSymbol): Around {
  return { actor, counters: inside.counters, moment: momentOf(walk) };
}

export function actorOf(state: CheckState, actor: Actor | undefined): ActingSymbol | undefined {
  return actor && actingSymbol(state, actor);
}

/** `length`: of the words that are marked. */
export function misplacedIf(state: CheckState, misplaced: boolean, item: Span, length: number, message: string): void {
  if (misplaced)
    reportAt(state, "misplaced", { start: item.start, end: Math.min(item.end, item.start + length) }, message);
}

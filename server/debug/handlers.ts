// Every request that the adapter answers. A handler translates its arguments, calls the session, translates the answer.
import type { Adapter } from "./adapter.ts";
import { breakpointHandlers } from "./handlers/breakpoints.ts";
import { evaluationHandlers } from "./handlers/evaluation.ts";
import { jumpHandlers } from "./handlers/jumps.ts";
import { lifecycleHandlers } from "./handlers/lifecycle.ts";
import { memoryHandlers } from "./handlers/memory.ts";
import { moveHandlers } from "./handlers/moves.ts";
import { stackHandlers } from "./handlers/stack.ts";
import { timeHandlers } from "./handlers/time.ts";
import { variableHandlers } from "./handlers/variables.ts";
import { viewHandlers } from "./handlers/views.ts";
import type { Later } from "./lookups.ts";
import type { Arguments } from "./read.ts";

/** Gives the response's body, or where it comes from, or throws a RequestError. */
export type Handler = (adapter: Adapter, args: Arguments) => object | Later | undefined;
export type Handlers = Readonly<Record<string, Handler>>;

/** A map, so that a request named like a member of Object finds nothing. */
export const handlers: ReadonlyMap<string, Handler> = new Map(
  [
    lifecycleHandlers,
    breakpointHandlers,
    moveHandlers,
    jumpHandlers,
    stackHandlers,
    variableHandlers,
    evaluationHandlers,
    memoryHandlers,
    timeHandlers,
    viewHandlers,
  ].flatMap((table) => Object.entries(table)),
);

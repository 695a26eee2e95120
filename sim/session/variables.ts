// Variables of the scenario as debuggers name them: `variable:writer.p`. Statements set them, and people by hand.
import type { Thread } from "../core/thread.ts";
import type { Expr } from "../scenario/ast.ts";
import type { Loaded } from "./load.ts";
import { readNumber } from "./places.ts";
import { hex } from "./show.ts";

const VARIABLE = /^variable:(.+)\.(\w+)$/;

export const isVariable = (id: string): boolean => VARIABLE.test(id);

/** The variable that an expression is, in a thread's process, where it has a value. */
export function variableOf(loaded: Loaded, expr: Expr, thread: Thread): string | undefined {
  if (expr.kind === "group") return variableOf(loaded, expr.inner, thread);
  const { system, runner } = loaded;
  const [owner, name] =
    expr.kind === "name"
      ? [thread, expr.name]
      : expr.kind === "field" && expr.object.kind === "name"
        ? [threadNamed(system.threads, expr.object.name), expr.field.text]
        : [];
  if (!owner || name === undefined) return undefined;
  const known = owner.id >= 0 ? runner.inspector.variablesOf(owner.id) : {};
  return Object.hasOwn(known, name) ? `variable:${owner.name}.${name}` : undefined;
}

/** Gives a variable another value: a number typed by a person. Says what is there now, or why not. */
export function writeVariable(
  { system, runner }: Loaded,
  id: string,
  text: string,
): string | { readonly error: string } {
  const [, process = "", name = ""] = VARIABLE.exec(id) ?? [];
  const value = readNumber(text);
  if (value === undefined) return { error: `"${text}" is no number` };
  const thread = threadNamed(system.threads, process);
  if (!thread || !runner.inspector.setVariable(thread.id, name, value))
    return { error: `${process}.${name} has no value yet` };
  runner.reread();
  return variableText(value);
}

/** Small ones are descriptors and counts, others are addresses. */
export const variableText = (value: bigint): string => (value > 65535n ? hex(value) : String(value));

const threadNamed = (threads: readonly Thread[], wanted: string): Thread | undefined =>
  threads.find(({ name }) => name === wanted);

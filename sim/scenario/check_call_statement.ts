// Judges a call: who makes it and when, what becomes of its result.
import type { Actor, CallStatement, Name } from "./ast.ts";
import { checkActor } from "./check_actor.ts";
import { checkCall } from "./check_call.ts";
import { checkClause } from "./check_clause.ts";
import type { Around } from "./check_expression.ts";
import { type CheckState, occurs, reportAt } from "./check_state.ts";
import { momentOf, type Walk } from "./collect.ts";
import { actorOf, type Inside, misplacedIf } from "./inside.ts";
import { type ActingSymbol, isSurelyBefore, type Moment, type ProcessSymbol } from "./symbols.ts";
import { checkWillFail, type Foresight, followKernel } from "./will_fail.ts";

export function checkCallStatement(
  state: CheckState,
  walk: Walk,
  foresight: Foresight,
  item: CallStatement,
  inside: Inside,
): void {
  const { actor, call, clause, variable } = item;
  const inherited = actor === inside.actor;
  const now = momentOf(walk);
  const { counters } = inside;
  const symbol = inherited ? actorOf(state, actor) : checkActor(state, actor, { counters, moment: now });
  if (!inherited && inside.actor)
    misplacedIf(
      state,
      !sameActor(state, actor, inside.actor),
      actor,
      actor.end - actor.start,
      "This block belongs to another actor.",
    );
  const around: Around = { actor: symbol, counters, moment: now };
  if (symbol) checkMoment(state, symbol, item, now);
  const checked = checkCall(state, call, actor.kind, around);
  if (variable) checkVariable(state, variable, symbol, actor);
  if (clause) checkClause(state, clause, item, around);
  if (checked && actor.kind === "process")
    checkWillFail(state, foresight, {
      item,
      checked,
      symbol,
      steady: inside.times === 1n && !inside.parallel && !walk.region,
      mayNotRun: inside.repeated === true,
      order: walk.order,
    });
  if (actor.kind !== "process") followKernel(state, foresight, item);
  walk.order++;
}

function sameActor(state: CheckState, a: Actor, b: Actor): boolean {
  const text = state.file.text;
  return text.slice(a.start, a.end) === text.slice(b.start, b.end);
}

/** A forked process may not act before its fork, an exited one not any more. */
function checkMoment(state: CheckState, symbol: ActingSymbol, item: CallStatement, now: Moment): void {
  const process: ProcessSymbol = symbol.kind === "thread" ? symbol.process : symbol;
  if (
    process.count === undefined &&
    process.forked &&
    now.order < process.forked.order &&
    isSurelyBefore(now, process.forked)
  ) {
    reportAt(
      state,
      "acts-too-early",
      item.actor,
      `\`${process.name}\` starts with the \`fork(${process.name})\` further down and cannot act before.`,
    );
  }
  if (process.exited && now.order > process.exited.order && isSurelyBefore(process.exited, now)) {
    reportAt(state, "acts-after-exit", item.actor, `\`${process.name}\` has called \`exit()\` before.`);
  }
}

function checkVariable(state: CheckState, variable: Name, symbol: ActingSymbol | undefined, actor: Actor): void {
  if (variable.text === "") return;
  if (actor.kind !== "process") {
    reportAt(state, "wrong-type", variable, `${actor.kind === "kernel" ? "The kernel" : "A CPU"} has no variables.`);
    return;
  }
  if (state.names.constants.has(variable.text)) {
    reportAt(state, "name-taken", variable, `\`${variable.text}\` is a constant of Linux and cannot be another name.`);
  }
  const known = symbol?.variables.get(variable.text);
  if (!symbol || !known) return;
  const isFirst = known.place.start === variable.start && known.place.file === state.file.path;
  occurs(state, known, variable, isFirst ? "define" : "write");
  if (!isFirst) return;
  const other =
    state.lets.get(variable.text) ??
    state.processes.get(variable.text) ??
    (symbol.kind === "process" ? symbol.threads.get(variable.text) : undefined);
  if (other)
    reportAt(state, "shadowed", variable, `In \`${symbol.name}\` this hides the ${other.kind} \`${variable.text}\`.`);
}

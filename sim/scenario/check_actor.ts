// Who acts: judges the actor of a statement and gives its symbol.
import type { Actor, ProcessActor } from "./ast.ts";
import { type Around, checkCpu, checkExpression, needInteger } from "./check_expression.ts";
import { checkElement } from "./check_functions.ts";
import { type CheckState, occurs, report, reportAt, reportUnknown } from "./check_state.ts";
import { reportUnknownProcess } from "./collect.ts";
import type { ActingSymbol, ProcessSymbol } from "./symbols.ts";

/** The symbol of a process or thread; undefined for `kernel`, `cpu N` and what is not known. */
export function checkActor(
  state: CheckState,
  actor: Actor,
  around: Around,
  also: readonly string[] = [],
): ActingSymbol | undefined {
  if (actor.kind === "kernel") return undefined;
  if (actor.kind === "cpu") {
    const checked = checkExpression(state, actor.number, around);
    if (needInteger(state, actor.number, checked, "A CPU")) checkCpu(state, actor.number, checked);
    return undefined;
  }
  const process = state.processes.get(actor.name.text);
  if (!process) {
    if (actor.name.text !== "") reportUnknownProcess(state, actor.name, also);
    if (actor.index && actor.index !== "all") checkExpression(state, actor.index, around);
    return undefined;
  }
  occurs(state, process, actor.name, "read");
  checkIndexOf(state, process, actor, around);
  return actor.thread ? threadOf(state, process, actor) : process;
}

function checkIndexOf(state: CheckState, process: ProcessSymbol, actor: ProcessActor, around: Around): void {
  const { index } = actor;
  if (index !== undefined && index !== "all") {
    const checked = checkExpression(state, index, around);
    if (process.count !== undefined && needInteger(state, index, checked, "An index"))
      checkElement(state, process, index, checked);
  }
  if (process.count === undefined && index !== undefined) {
    reportAt(state, "bad-index", actor, `\`${process.name}\` is a single process, not an array.`);
  }
  if (process.count !== undefined && index === undefined) {
    const { end } = actor.name;
    const offer = (text: string) => ({ title: `Change to ${process.name}${text}`, edits: [{ start: end, end, text }] });
    const message = `\`${process.name}\` is an array; write \`${process.name}[0]\` for one, \`${process.name}[*]\` for each.`;
    report(state, {
      code: "bad-index",
      start: actor.name.start,
      end,
      message,
      mend: offer("[*]"),
      otherMends: [offer("[0]")],
    });
  }
}

function threadOf(state: CheckState, process: ProcessSymbol, actor: ProcessActor): ActingSymbol | undefined {
  const name = actor.thread;
  if (!name || name.text === "") return undefined;
  const thread = process.threads.get(name.text);
  if (thread) {
    occurs(state, thread, name, "read");
    return thread;
  }
  reportUnknown(state, "unknown-process", name, `\`${process.name}\` has no thread \`${name.text}\`.`, () =>
    process.threads.keys(),
  );
  return undefined;
}

// What the debug console's commands do.
import type { ValueNode } from "../../../sim/debugging.ts";
import type { Adapter } from "../adapter.ts";
import { type Command, helpText, parseCommand } from "../console.ts";
import type { Debuggee } from "../debuggee.ts";
import { RequestError } from "../errors.ts";
import { addConsoleEvent, clearConsoleEvents, eventOf } from "../events.ts";
import { move, withHistory } from "./moves.ts";
import { keyOfExpression, runToPlace, seek, tellFormats, whoWrote } from "./time.ts";

/** What a command says, or undefined where the line is an expression. */
export function runCommand(adapter: Adapter, debuggee: Debuggee, line: string, thread: number): string | undefined {
  const command = parseCommand(line);
  if (command === undefined) return undefined;
  if ("error" in command) throw new RequestError("badArguments", command.error);
  return run(adapter, debuggee, command, thread);
}

function run(adapter: Adapter, debuggee: Debuggee, command: Command, thread: number): string {
  const { session } = debuggee;
  switch (command.kind) {
    case "help":
      return helpText;
    case "time":
      return `step ${session.now} of ${session.last}${session.finished ? " (the end of the run)" : ""}`;
    case "steps":
      return lastSteps(debuggee, command.count);
    case "goto":
      seek(adapter, command.step);
      return `going to step ${command.step}`;
    case "gotoWrite": {
      withHistory(adapter);
      const written = whoWrote(debuggee, dataIdOf(debuggee, command.expression, thread));
      seek(adapter, written.step);
      return `going to step ${written.step}: ${written.description}`;
    }
    case "runTo":
      runToPlace(adapter, debuggee, command.place, command.direction);
      return `${command.direction === "back" ? "back" : "on"} to ${command.place}`;
    case "tasks":
      return (
        session
          .runnable()
          .map(({ text }) => text)
          .join("\n") || "nobody can do a step"
      );
    case "choose":
      return choose(adapter, debuggee, command.task);
    case "format":
      if (command.expression === undefined) adapter.formats.all = command.base;
      else adapter.formats.set(keyOfExpression(debuggee, command.expression), command.base);
      tellFormats(adapter);
      return `${command.expression ?? "values"}: ${command.base ?? "as by default"}`;
    case "whoWrote":
      return whoWroteExpression(debuggee, command.expression, thread);
    case "break": {
      const { verified, message } = addConsoleEvent(adapter, eventOf(command.event));
      if (!verified) throw new RequestError("refused", message ?? `nothing is called ${command.event}`);
      return `the run stops at ${command.event}`;
    }
    case "clear":
      return `${clearConsoleEvents(adapter)} removed`;
  }
}

function lastSteps({ session }: Debuggee, count: number): string {
  const from = Math.max(1, session.now - count + 1);
  const steps = session.steps(from, session.now - from + 1);
  return steps.map(({ step, text }) => `${step}  ${text}`).join("\n") || "no step was done yet";
}

function choose(adapter: Adapter, debuggee: Debuggee, task: string): string {
  const able = debuggee.session.runnable();
  const found = able.find(({ text }) => text.startsWith(`${task} on cpu`));
  if (!found)
    throw new RequestError(
      "refused",
      `${task} cannot do the next step; these can:\n${able.map(({ text }) => text).join("\n")}`,
    );
  move(adapter, debuggee, { kind: "step", how: "in", by: "instruction", thread: found.thread, alone: true });
  return found.text;
}

function dataIdOf(debuggee: Debuggee, expression: string, thread: number): string {
  const { dataId } = known(debuggee.session.evaluate(expression, thread));
  if (dataId !== undefined) return dataId;
  throw new RequestError("refused", `${expression} is not a field of a simulated object`);
}

function whoWroteExpression(debuggee: Debuggee, expression: string, thread: number): string {
  const { step, description } = whoWrote(debuggee, dataIdOf(debuggee, expression, thread));
  return `step ${step}: ${description} (goto ${step} shows it)`;
}

/** The value, or its error as the request's. */
export function known(node: ValueNode | { readonly error: string }): ValueNode {
  if ("error" in node) throw new RequestError("refused", node.error);
  return node;
}

// What the debug console's commands do.
import type { ValueNode } from "../../../sim/debugging.ts";
import type { Adapter } from "../adapter.ts";
import { type Command, helpText, parseCommand } from "../console.ts";
import type { Debuggee } from "../debuggee.ts";
import { RequestError } from "../errors.ts";
import { addConsoleEvent, clearConsoleEvents, eventOf } from "../events.ts";
import { move, withHistory } from "./moves.ts";
import { whoWrote } from "./time.ts";

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
      if (command.step < session.now) withHistory(adapter);
      move(adapter, debuggee, { kind: "goto", step: command.step });
      return `going to step ${command.step}`;
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

function whoWroteExpression(debuggee: Debuggee, expression: string, thread: number): string {
  const { dataId } = known(debuggee.session.evaluate(expression, thread));
  if (dataId === undefined) throw new RequestError("refused", `${expression} is not a field of a simulated object`);
  const { step, description } = whoWrote(debuggee, dataId);
  return `step ${step}: ${description} (goto ${step} shows it)`;
}

/** The value, or its error as the request's. */
export function known(node: ValueNode | { readonly error: string }): ValueNode {
  if ("error" in node) throw new RequestError("refused", node.error);
  return node;
}

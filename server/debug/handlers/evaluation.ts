// Expressions: watches, hovers, the debug console and its completions.
import type { DebugProtocol } from "@vscode/debugprotocol";
import { commandHint, commandWords } from "../console.ts";
import type { Debuggee } from "../debuggee.ts";
import { RequestError } from "../errors.ts";
import { shown } from "../formats.ts";
import type { Handlers } from "../handlers.ts";
import { type Arguments, integer, optionalInteger, optionalText, text } from "../read.ts";
import { details } from "../values.ts";
import { runCommand } from "./commands.ts";
import { known } from "./time.ts";
import { askedBase } from "./variables.ts";

const completionTypes: Record<Completion["type"], DebugProtocol.CompletionItemType> = {
  function: "function",
  variable: "variable",
  field: "field",
  constant: "value",
};

export const evaluationHandlers: Handlers = {
  evaluate(adapter, args) {
    const debuggee = adapter.stopped();
    const expression = text(args, "expression");
    const thread = frameThread(debuggee, args);
    const context = optionalText(args, "context");
    const command = context === "repl" ? runCommand(adapter, debuggee, expression, thread) : undefined;
    if (command !== undefined) return command;
    const { session } = debuggee;
    const node = context === "hover" ? session.hover(expression, thread) : session.evaluate(expression, thread);
    if ("error" in node && context === "repl")
      throw new RequestError("refused", `${node.error}${commandHint(expression)}${eventHint(debuggee, expression)}`);
    const value = known(node);
    const key = value.dataId ?? value.expression ?? expression;
    const base = adapter.formats.of(key) ?? askedBase(args);
    return { result: shown(value.value, base), ...details(value, key, debuggee.values, adapter.client) };
  },

  completions(adapter, args) {
    const debuggee = adapter.stopped();
    // Names mean the same in every frame; one that does not exist is still a mistake.
    frameThread(debuggee, args);
    const { firstLine, firstColumn } = adapter.client;
    const line = text(args, "text").split("\n")[(optionalInteger(args, "line") ?? firstLine) - firstLine] ?? "";
    const column = integer(args, "column") - firstColumn;
    if (column < 0 || column > line.length) throw new RequestError("badArguments", "`column` must be inside the text");
    const before = line.slice(0, column);
    const word = /[\w-]*$/.exec(before)?.[0] ?? "";
    const targets = argumentsOfCommand(debuggee, before) ?? [
      ...debuggee.session.complete(line, column).map(completion),
      ...commandsThatBegin(before),
    ];
    return {
      targets: targets.map((target) => ({ ...target, start: column - word.length + firstColumn, length: word.length })),
    };
  },
};

/** What somebody may have meant who says an event and nothing else; "" where it is none. */
function eventHint({ session }: Debuggee, line: string): string {
  const plain = (text: string) =>
    text
      .trim()
      .toLowerCase()
      .replace(/[\s_-]+/g, "_");
  const event = session.eventWords().find(({ name }) => plain(name) === plain(line));
  return event
    ? `\n${event.name}: ${event.doc}\nbreak ${event.name} stops at it, when ${event.name} lists its times`
    : "";
}

type Completion = ReturnType<Debuggee["session"]["complete"]>[number];

function completion({ label, detail, type }: Completion) {
  return { label, detail, type: completionTypes[type] };
}

/** What may follow a command that takes an event, a place, a task or a word; undefined where the line is another. */
function argumentsOfCommand({ session }: Debuggee, before: string): DebugProtocol.CompletionItem[] | undefined {
  const [, command, word = ""] =
    /^\s*(break|before|log|when|run to|back to|choose|help)\s+([\w.-]*)$/.exec(before) ?? [];
  if (command === undefined) return undefined;
  const isEvent = ["break", "before", "log", "when"].includes(command);
  const tasks = () => session.runnable().map(({ text }) => ({ name: text.split(" on cpu")[0]!, doc: text }));
  const commands = () => commandWords.map(({ label, detail }) => ({ name: label.trim(), doc: detail }));
  const known = isEvent
    ? session.eventWords()
    : command === "choose"
      ? tasks()
      : command === "help"
        ? commands()
        : session.labels();
  const fitting = known.filter(({ name }) => name.toLowerCase().startsWith(word.toLowerCase()));
  return fitting.map(({ name, doc }) => ({ label: name, detail: doc, type: isEvent ? "function" : "reference" }));
}

function commandsThatBegin(before: string) {
  const fitting = commandWords.filter(({ label }) => /^\w*$/.test(before) && label.startsWith(before));
  return fitting.map(({ label, detail }) => ({
    label: label.trimEnd(),
    text: label,
    detail,
    type: "keyword" as const,
  }));
}

/** The thread whose process an expression is about: that of the frame, or the stopped one. */
export function frameThread(debuggee: Debuggee, args: Arguments): number {
  const frame = optionalInteger(args, "frameId");
  return frame === undefined ? debuggee.session.current : debuggee.threadOfFrame(frame);
}

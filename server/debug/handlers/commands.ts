// What the debug console's commands do.
import type { Deed, Occurrences } from "../../../sim/debugging.ts";
import type { Adapter } from "../adapter.ts";
import { type Command, commandWords, helpText, parseCommand } from "../console.ts";
import type { Debuggee } from "../debuggee.ts";
import { RequestError } from "../errors.ts";
import { addConsoleEvent, clearConsoleEvents, eventOf } from "../events.ts";
import { changing } from "../future.ts";
import { Later } from "../lookups.ts";
import { stepLine } from "../steps.ts";
import { move, withHistory } from "./moves.ts";
import { fieldOf, keyOfExpression, known, objectOf, runToPlace, seek, tellFormats, whoDid } from "./time.ts";

/** What a command says, or undefined where the line is an expression. */
export function runCommand(
  adapter: Adapter,
  debuggee: Debuggee,
  line: string,
  thread: number,
): object | Later | undefined {
  const command = parseCommand(line);
  if (command === undefined) return undefined;
  if ("error" in command) throw new RequestError("badArguments", command.error);
  const said = run(adapter, debuggee, command, thread);
  return typeof said === "string" ? says(said) : said;
}

/** The body of a response to `evaluate` that has nothing to open. */
const says = (text: string): object => ({ result: text, variablesReference: 0 });

function run(adapter: Adapter, debuggee: Debuggee, command: Command, thread: number): string | Later {
  const { session } = debuggee;
  switch (command.kind) {
    case "help":
      return helpText;
    case "explain":
      return explain(debuggee, command.word);
    case "set":
      return set(adapter, debuggee, command.expression, command.value, thread);
    case "time":
      return `step ${session.now} of ${session.last}${session.finished ? " (the end of the run)" : ""}`;
    case "steps":
      return lastSteps(debuggee, command.count);
    case "goto":
      seek(adapter, command.step);
      return `going to step ${command.step}`;
    case "go": {
      const step = Math.max(0, session.now + command.steps);
      seek(adapter, step);
      return `going to step ${step}`;
    }
    case "gotoWrite": {
      withHistory(adapter);
      const field = fieldOf(known(session.evaluate(command.expression, thread)));
      return whoDid(debuggee, "wrote", field, ({ step, description }) => {
        seek(adapter, step);
        return says(`going to step ${step}: ${description}`);
      });
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
      else {
        known(session.evaluate(command.expression, thread));
        adapter.formats.set(keyOfExpression(debuggee, command.expression), command.base);
      }
      tellFormats(adapter);
      return `${command.expression ?? "values"}: ${command.base ?? "as by default"}`;
    case "who": {
      const node = known(session.evaluate(command.expression, thread));
      const id = command.did === "wrote" ? fieldOf(node) : objectOf(node);
      return whoDid(debuggee, command.did, id, (deed) => says(deedText(session, deed)));
    }
    case "when":
      withHistory(adapter);
      return Later.from(session.when(command.words), (found) => {
        if ("error" in found) throw new RequestError("refused", found.error);
        return says(occurrencesText(command.words, found, session.now));
      });
    case "messages":
      return messagesText(session.messages(), session.now);
    case "changed":
      return changedSince(adapter, command.step);
    case "break": {
      const { verified, message } = addConsoleEvent(adapter, eventOf(command.event));
      if (!verified) throw new RequestError("refused", message ?? `nothing is called ${command.event}`);
      return `the run stops at ${command.event}`;
    }
    case "clear":
      return `${clearConsoleEvents(adapter)} removed`;
  }
}

/** What a word means: a command, or whatever an expression or an event may be called. */
function explain({ session }: Debuggee, word: string): string {
  const commands = commandWords.filter(({ label }) => label.trim() === word || label.startsWith(`${word} `));
  if (commands.length > 0) return commands.map(({ detail }) => detail).join("\n");
  const words = [
    ...session.complete(word, word.length).map(({ label, detail }) => ({ name: label, doc: detail })),
    ...session.eventWords(),
  ];
  const found = words.find(({ name, doc }) => name === word && doc);
  if (found) return `${word}: ${found.doc}`;
  throw new RequestError("refused", `nothing is called \`${word}\`; \`help\` lists the commands`);
}

function set(adapter: Adapter, debuggee: Debuggee, expression: string, value: string, thread: number): string {
  const { dataId, variable, writable } = known(debuggee.session.evaluate(expression, thread));
  const id = dataId ?? variable;
  if (id === undefined || !writable)
    throw new RequestError(
      "refused",
      `\`${expression}\` cannot be set: only variables and numbers in fields and entries can`,
    );
  const written = known(changing(adapter, debuggee, () => debuggee.session.write(id, value)));
  return `${expression}: ${written.value}`;
}

/** Moments that are listed on either side of now. */
const NEAR = 10;

function occurrencesText(words: string, { times, moments, earlier }: Occurrences, now: number): string {
  const often = times === 0 ? "never" : times === 1 ? "once" : `${times} times`;
  const head = `${words}: ${often}, as far as the run was recorded`;
  return [head, ...momentLines(moments, now, earlier, times - earlier - moments.length)].join("\n");
}

function messagesText(messages: readonly Deed[], now: number): string {
  return momentLines(messages, now, 0, 0).join("\n") || "no breakpoint has printed anything yet";
}

/** The moments around now, one a line. `earlier`, `later`: how many there are before and behind these. */
function momentLines(moments: readonly Deed[], now: number, earlier: number, later: number): string[] {
  const first = moments.findIndex(({ step }) => step > now);
  const at = first < 0 ? moments.length : first;
  const line = ({ step, task, line, description }: Deed) =>
    `${step === now ? "→" : " "} ${step}  ${task}${line > 0 ? `, line ${line}` : ""}: ${description}`;
  const [from, to] = [Math.max(0, at - NEAR), Math.min(moments.length, at + NEAR)];
  const more = (count: number, what: string) => (count > 0 ? [`  … ${count} ${what}`] : []);
  return [
    ...more(earlier + from, "earlier"),
    ...moments.slice(from, to).map(line),
    ...more(later + moments.length - to, "later"),
  ];
}

function changedSince(adapter: Adapter, step: number): Later {
  const { session, values } = withHistory(adapter);
  if (step >= session.now)
    throw new RequestError("refused", `step ${step} is not before now: the run stands at step ${session.now}`);
  return Later.from(session.changedSince(step), (nodes) => {
    const value = `${nodes.length} ${nodes.length === 1 ? "difference" : "differences"} from step ${step} to step ${session.now}`;
    const node = { name: `changed since ${step}`, value, ...(nodes.length > 0 && { children: () => nodes }) };
    return { result: value, variablesReference: values.reference(node, node.name) };
  });
}

function lastSteps({ session }: Debuggee, count: number): Later {
  const from = Math.max(1, session.now - count + 1);
  return Later.from(session.steps(from, session.now - from + 1), (steps) =>
    says(steps.map((step) => `${step.step}  ${stepLine(step)}`).join("\n") || "no step was done yet"),
  );
}

/** `step 41, writer, line 8: alloc_table: … (goto 41 shows it)` */
function deedText({ now }: Debuggee["session"], { step, task, line, description }: Deed): string {
  const place = line > 0 ? `, line ${line}` : "";
  const later = step > now ? ", in the future that was recorded" : "";
  return `step ${step}${later}, ${task}${place}: ${description} (goto ${step} shows it)`;
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

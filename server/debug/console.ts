// The debug console takes expressions and, because no button exists for them, a few commands.

import type { Question } from "../../sim/debugging.ts";

export type Command =
  | { readonly kind: "help" | "time" | "clear" | "messages" | "tasks" }
  | { readonly kind: "explain"; readonly word: string }
  | { readonly kind: "set"; readonly expression: string; readonly value: string }
  | { readonly kind: "gotoWrite"; readonly expression: string }
  | { readonly kind: "runTo"; readonly place: string; readonly direction: "forward" | "back" }
  | { readonly kind: "choose"; readonly task: string }
  | { readonly kind: "format"; readonly base: "hex" | "decimal" | undefined; readonly expression: string | undefined }
  | { readonly kind: "break"; readonly event: string }
  | { readonly kind: "goto"; readonly step: number }
  /** So many steps on, or back where it is negative. */
  | { readonly kind: "go"; readonly steps: number }
  | { readonly kind: "when"; readonly words: string }
  | { readonly kind: "changed"; readonly step: number }
  | { readonly kind: "who"; readonly did: Question; readonly expression: string }
  | { readonly kind: "steps"; readonly count: number };

/** Beginnings of commands, as completion offers them. */
export const commandWords: readonly { readonly label: string; readonly detail: string }[] = [
  {
    label: "goto ",
    detail: "goto STEP: the state after that step, past or future; goto +3, goto -3: so many steps on or back",
  },
  { label: "goto write ", detail: "goto write EXPR: goes to the step that last changed it" },
  {
    label: "run to ",
    detail: "run to PLACE: on to a label, a line or FILE:LINE, unless something stops the run before",
  },
  { label: "back to ", detail: "back to PLACE: the same, back in time" },
  { label: "tasks", detail: "tasks: who could do the next step" },
  { label: "choose ", detail: "choose TASK: that one does the next step" },
  {
    label: "hex ",
    detail: "hex on, hex off, hex EXPR: hexadecimal for all values, none, or one; decimal EXPR the other way",
  },
  { label: "who wrote ", detail: "who wrote EXPR: the step that last changed it" },
  { label: "who allocated ", detail: "who allocated EXPR: the step that made the object" },
  { label: "who linked ", detail: "who linked EXPR: the step that last made something lead to it" },
  { label: "who freed ", detail: "who freed EXPR: the step that freed it, or will, as far as was recorded" },
  {
    label: "when ",
    detail: "when EVENT, when PLACE: every step, past and recorded future, at which that happened or was reached",
  },
  { label: "messages", detail: "messages: what breakpoints have printed around now, each with its step" },
  { label: "changed since ", detail: "changed since STEP: what is different now from the state after that step" },
  { label: "steps", detail: "steps [N]: the last N kernel steps (10)" },
  {
    label: "break ",
    detail: "break EVENT: stop at an event, in words: break TLB flush if cpu == 1, break before set_pgd",
  },
  { label: "clear", detail: "clear: no more stops at what `break` named" },
  { label: "time", detail: "time: the present step and how far the run was recorded" },
  {
    label: "set ",
    detail: "set EXPR = VALUE: changes a field, an entry or a variable; in the past a new future starts",
  },
  { label: "help", detail: "help [WORD], ?: these commands, or what a command, function, event or constant means" },
];

export const helpText = [
  "An expression of the scenario language is evaluated: mm(A).mmap_lock, walk(A, p), count(tlb_flush), …",
  ...commandWords.map(({ detail }) => detail),
].join("\n");

const LONGEST_LIST = 1000;

/** The command that a console line is, or undefined where it is an expression. */
export function parseCommand(line: string): Command | { readonly error: string } | undefined {
  const words = line
    .trim()
    .replace(/^\?\s*/, "help ")
    .trim()
    .split(/\s+/);
  const rest = words.slice(1).join(" ");
  switch (words[0]) {
    case "help":
      return rest === "" ? { kind: "help" } : { kind: "explain", word: rest };
    case "set":
      return (
        assignment(rest) ?? { error: "set takes a field, an entry or a variable, and a value: set mm(A).map_count = 2" }
      );
    case "time":
    case "clear":
    case "messages":
    case "tasks":
      return rest === "" ? { kind: words[0] } : undefined;
    case "run":
    case "back": {
      const place = /^to (.*\S)/.exec(rest)?.[1];
      return place === undefined
        ? undefined
        : { kind: "runTo", place, direction: words[0] === "run" ? "forward" : "back" };
    }
    case "choose":
      return rest === "" ? { error: "choose takes a task: choose reader" } : { kind: "choose", task: rest };
    case "hex":
    case "decimal":
      return formatCommand(words[0], rest);
    case "goto":
      if (/^write .*\S/.test(rest)) return { kind: "gotoWrite", expression: rest.slice(6) };
      if (/^[+-]\d{1,15}$/.test(rest)) return { kind: "go", steps: Number(rest) };
      return (
        withNumber(rest, (step) => ({ kind: "goto", step })) ?? { error: "goto takes the number of a step: goto 120" }
      );
    case "break":
      return rest === "" ? { error: "break takes an event: break TLB flush" } : { kind: "break", event: rest };
    case "steps":
      if (rest === "") return { kind: "steps", count: 10 };
      return withNumber(rest, (count) => ({ kind: "steps", count: Math.min(count, LONGEST_LIST) }));
    case "when":
      return rest === "" ? { error: "when takes an event or a place: when TLB flush" } : { kind: "when", words: rest };
    case "changed": {
      const [, step = ""] = /^since (\d+)$/.exec(rest) ?? [];
      return withNumber(step, (known) => ({ kind: "changed", step: known }));
    }
    case "who":
      return whoCommand(rest);
    default:
      return assignment(line);
  }
}

/** `EXPR = VALUE`: the language itself has no assignment but at the beginning of a statement. */
function assignment(text: string): Command | undefined {
  const [, expression, value] = /^\s*([^=!<>]*[^=!<>\s])\s*=(?!=)\s*(.*\S)\s*$/.exec(text) ?? [];
  return expression === undefined || value === undefined ? undefined : { kind: "set", expression, value };
}

/** What somebody may have meant whose line is no expression: commands that begin like it; "" where none does. */
export function commandHint(line: string): string {
  const [first = ""] = line.trim().split(/\s+/);
  const squeezed = line.replaceAll(/\s/g, "");
  const near = commandWords.filter(
    ({ label }) => label.split(" ")[0] === first || squeezed.startsWith(label.replaceAll(" ", "")),
  );
  return near.map(({ detail }) => `\n${detail}`).join("");
}

function whoCommand(rest: string): Command | undefined {
  const [, did, expression] = /^(wrote|allocated|linked|freed) (.*\S)/.exec(rest) ?? [];
  return expression === undefined ? undefined : { kind: "who", did: did as Question, expression };
}

function formatCommand(base: "hex" | "decimal", rest: string): Command | undefined {
  if (rest === "") return undefined;
  if (rest === "on") return { kind: "format", base, expression: undefined };
  if (rest === "off") return { kind: "format", base: undefined, expression: undefined };
  return { kind: "format", base, expression: rest };
}

function withNumber(word: string, command: (value: number) => Command): Command | undefined {
  const value = /^\d+$/.test(word) ? Number(word) : Number.NaN;
  return Number.isSafeInteger(value) ? command(value) : undefined;
}

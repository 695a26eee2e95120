// What can be evaluated in a scenario's text, for hovers and inline values: expressions of the language, with variables
// named from outside (`writer.p`), because the debugger may have stopped somewhere else than the line one looks at.
import { isStatementWord, lastIndex, type Token, tokensOf } from "./scenario-tokens.ts";

export interface Evaluatable {
  /** Offsets of what the hover highlights. */
  start: number;
  end: number;
  expression: string;
}

/** The functions that only read (scenario-language.md, "Expressions"); all other calls change the machine. */
export const readers: ReadonlySet<string> = new Set(
  "mm host_mm vma pgd p4d pud pmd pte walk page tlb memcg status stat meminfo zoneinfo pagemap smaps fixed count".split(
    " ",
  ),
);

/** The expression that a hover at `offset` means, or undefined where there is nothing to evaluate. */
export function expressionAt(text: string, offset: number): Evaluatable | undefined {
  const tokens = tokensOf(text);
  const at = tokens.findIndex(({ start, end }) => start <= offset && offset < end);
  const token = tokens[at];
  if (token?.kind === "number") return whole(text, tokens, at, at);
  if (token?.kind !== "name") return undefined;
  const first = startOfChain(tokens, at);
  const last = endOfAccess(tokens, at);
  if (last === undefined) return undefined;
  if (first < at) return tokens[first].kind === "name" ? whole(text, tokens, first, last) : undefined;
  return atRoot(text, tokens, at, last);
}

/** A name that starts its expression: a reader's call, a process, a constant of the file, or a variable. */
function atRoot(text: string, tokens: Token[], at: number, last: number): Evaluatable | undefined {
  const { text: name, inStruct, actor } = tokens[at];
  const isCall = tokens[at + 1]?.text === "(";
  if (isCall) return readers.has(name) ? whole(text, tokens, at, last) : undefined;
  if (tokens[at + 1]?.text === ":" && inStruct) return undefined;
  const { variables, constants, processes } = namesOf(tokens);
  if (constants.has(name) || processes.has(name)) return whole(text, tokens, at, last);
  return variables.has(name) && owns(actor)
    ? { ...whole(text, tokens, at, last), expression: `${actor}.${name}` }
    : undefined;
}

/** The variables in a part of the text, each once a line, for the values beside the lines. */
export function variablesIn(text: string, start: number, end: number): Evaluatable[] {
  const tokens = tokensOf(text);
  const names = namesOf(tokens);
  const found = new Map<string, Evaluatable>();
  tokens.forEach((token, at) => {
    if (token.start < start || token.end > end) return;
    const variable = variableAt(text, tokens, at, names);
    const line = text.lastIndexOf("\n", token.start);
    const key = `${line} ${variable?.expression}`;
    if (variable && !found.has(key)) found.set(key, variable);
  });
  return [...found.values()];
}

/** `p` in a statement of its process, and `writer.p` anywhere. */
function variableAt(text: string, tokens: Token[], at: number, names: Names): Evaluatable | undefined {
  const { text: name, actor, inStruct } = tokens[at];
  const next = tokens[at + 1]?.text;
  if (!names.variables.has(name) || next === "(" || (next === ":" && inStruct)) return undefined;
  const first = startOfChain(tokens, at);
  if (first < at) return names.processes.has(tokens[first].text) ? whole(text, tokens, first, at) : undefined;
  return owns(actor) ? { ...whole(text, tokens, at, at), expression: `${actor}.${name}` } : undefined;
}

/** Whether a variable of this actor has one value: `guest[*]` means many, the kernel has none. */
function owns(actor: string | undefined): boolean {
  return actor !== undefined && actor !== "kernel" && !actor.includes("*");
}

interface Names {
  variables: Set<string>;
  /** `let` names. */
  constants: Set<string>;
  processes: Set<string>;
}

function namesOf(tokens: Token[]): Names {
  const names: Names = { variables: new Set(), constants: new Set(), processes: new Set() };
  tokens.forEach((token, at) => {
    if (token.kind !== "name") return;
    const before = tokens[at - 1]?.text;
    if (before === "let") names.constants.add(token.text);
    else if (before === "process" || before === "thread") names.processes.add(token.text);
    else if (token.actor && (tokens[at + 1]?.text === "=" || mayBeSet(tokens, at))) names.variables.add(token.text);
  });
  for (const name of names.constants) names.variables.delete(name);
  return names;
}

/** `{ start: s }`: a request may write to the variables in its structure. Names in capitals are Linux's. */
function mayBeSet(tokens: Token[], at: number): boolean {
  const [before, { text, inStruct }, after] = [tokens[at - 1]?.text, tokens[at], tokens[at + 1]?.text];
  return inStruct && before === ":" && (after === "," || after === "}") && !/^[A-Z]/.test(text);
}

/** Back over `a.b`, `f(…).b` and `a[0].b` to where the expression starts. */
function startOfChain(tokens: Token[], at: number): number {
  let first = at;
  while (tokens[first - 1]?.text === ".") {
    first -= 2;
    if (tokens[first]?.text === ")") first = opening(tokens, first, "(", ")") - 1;
    else if (tokens[first]?.text === "]") first = lastIndex(tokens, first, "[") - 1;
  }
  return Math.max(0, first);
}

/** Past the arguments of a call or an index that belong to the name at `at`; undefined when they never end. */
function endOfAccess(tokens: Token[], at: number): number | undefined {
  const close = { "(": ")", "[": "]" }[tokens[at + 1]?.text];
  if (!close || isStatementWord(tokens[at].text)) return at;
  let depth = 0;
  for (let last = at + 1; last < tokens.length; last++) {
    if (tokens[last].text === tokens[at + 1].text) depth++;
    if (tokens[last].text === close && --depth === 0) return last;
  }
  return undefined;
}

function opening(tokens: Token[], at: number, open: string, close: string): number {
  let depth = 0;
  for (let first = at; first > 0; first--) {
    if (tokens[first].text === close) depth++;
    if (tokens[first].text === open && --depth === 0) return first;
  }
  return 0;
}

function whole(text: string, tokens: Token[], first: number, last: number): Evaluatable {
  const { start } = tokens[first];
  const { end } = tokens[last];
  return { start, end, expression: text.slice(start, end) };
}

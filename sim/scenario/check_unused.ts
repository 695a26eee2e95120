// What a scenario declares or keeps and never asks for. Only of the file that is run: an included one serves others too.
import type { CallStatement, Span } from "./ast.ts";
import { type CheckState, report } from "./check_state.ts";
import type { Mend } from "./diagnostics.ts";
import type { LetSymbol, ProcessSymbol, ScenarioSymbol, VariableSymbol } from "./symbols.ts";
import { visit } from "./visit.ts";

export function checkUnused(state: CheckState): void {
  const read = new Set<ScenarioSymbol>();
  for (const { symbol, use } of state.occurrences) if (use === "read") read.add(symbol);
  let writes: Writes | undefined;
  const idle = (symbol: ScenarioSymbol) => !read.has(symbol) && symbol.place.file === state.program.entry.path;
  state.file = state.program.entry;
  for (const process of state.processes.values()) {
    if (idle(process))
      say(
        state,
        process,
        "unused-process",
        `\`${process.name}\` does nothing, and nothing asks about it.`,
        process.threads.size === 0 ? removeLine(state, process) : undefined,
      );
    for (const actor of [process, ...process.threads.values()]) {
      if (actor.kind === "thread" && idle(actor))
        say(state, actor, "unused-process", `The thread \`${actor.name}\` does nothing.`);
      for (const variable of actor.variables.values()) {
        if (!idle(variable)) continue;
        const mend = mendOf((writes ??= writesOf(state)), variable);
        say(state, variable, "unused-variable", `Nothing reads \`${actor.name}.${variable.name}\`.`, mend);
      }
    }
  }
  for (const symbol of state.lets.values())
    if (idle(symbol))
      say(state, symbol, "unused-variable", `Nothing uses \`${symbol.name}\`.`, removeLine(state, symbol));
}

function say(
  state: CheckState,
  { place }: ScenarioSymbol,
  code: "unused-variable" | "unused-process",
  message: string,
  mend?: Mend,
): void {
  report(state, { code, start: place.start, end: place.end, message, mend });
}

/** Where each variable of the entry file is set, and the statements that set one, by the place of the variable in them. */
interface Writes {
  readonly places: ReadonlyMap<ScenarioSymbol, readonly number[]>;
  readonly statements: ReadonlyMap<number, CallStatement>;
}

function writesOf(state: CheckState): Writes {
  const { entry } = state.program;
  const places = new Map<ScenarioSymbol, number[]>();
  for (const { symbol, file, start } of state.occurrences) {
    if (file !== entry.path || symbol.kind !== "variable") continue;
    const known = places.get(symbol);
    if (known) known.push(start);
    else places.set(symbol, [start]);
  }
  const statements = new Map<number, CallStatement>();
  for (const item of entry.items)
    visit(item, (node) => {
      if ("kind" in node && node.kind === "call-statement" && node.variable) statements.set(node.variable.start, node);
    });
  return { places, statements };
}

/** Every `x = ` before a call goes. A variable that a call writes into stays: without it the field would miss its value. */
function mendOf({ places, statements }: Writes, variable: VariableSymbol): Mend | undefined {
  const edits = (places.get(variable) ?? []).map((place) => {
    const statement = statements.get(place);
    return statement && { start: place, end: statement.call.start, text: "" };
  });
  const all = edits.filter((edit) => edit !== undefined);
  return all.length === edits.length ? { title: `Do not keep ${variable.name}`, edits: all } : undefined;
}

function removeLine(state: CheckState, { declaration, name }: LetSymbol | ProcessSymbol): Mend {
  return lineRemoved(state.program.entry.text, declaration, `Remove ${name}`);
}

/** Takes a declaration or statement away, with its line where it has one for itself. */
export function lineRemoved(text: string, { start, end }: Span, title: string): Mend {
  const lineEnd = /^[ \t]*(\r?\n)?/.exec(text.slice(end))![0].length;
  const isWholeLine = start === 0 || text[start - 1] === "\n";
  return { title, edits: [{ start, end: isWholeLine ? end + lineEnd : end, text: "" }] };
}

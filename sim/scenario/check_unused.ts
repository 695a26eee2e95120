// What a scenario declares or keeps and never asks for. Only of the file that is run: an included one serves others too.
import type { CallStatement } from "./ast.ts";
import { type CheckState, report } from "./check_state.ts";
import type { Mend } from "./diagnostics.ts";
import type { LetSymbol, ScenarioSymbol, VariableSymbol } from "./symbols.ts";
import { visit } from "./visit.ts";

export function checkUnused(state: CheckState): void {
  const read = new Set<ScenarioSymbol>();
  for (const { symbol, use } of state.occurrences) if (use === "read") read.add(symbol);
  const idle = (symbol: ScenarioSymbol) => !read.has(symbol) && symbol.place.file === state.program.entry.path;
  state.file = state.program.entry;
  for (const process of state.processes.values()) {
    if (idle(process))
      say(state, process, "unused-process", `\`${process.name}\` does nothing, and nothing asks about it.`);
    for (const actor of [process, ...process.threads.values()]) {
      if (actor.kind === "thread" && idle(actor))
        say(state, actor, "unused-process", `The thread \`${actor.name}\` does nothing.`);
      for (const variable of actor.variables.values()) {
        if (!idle(variable)) continue;
        const mend = mendOf(state, variable);
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

/** Every `x = ` before a call goes. A variable that a call writes into stays: without it the field would miss its value. */
function mendOf(state: CheckState, variable: VariableSymbol): Mend | undefined {
  const places = new Set(
    state.occurrences
      .filter((one) => one.symbol === variable && one.file === state.program.entry.path)
      .map((one) => one.start),
  );
  const statements: CallStatement[] = [];
  for (const item of state.program.entry.items)
    visit(item, (node) => {
      if ("kind" in node && node.kind === "call-statement" && node.variable && places.has(node.variable.start))
        statements.push(node);
    });
  if (statements.length !== places.size) return undefined;
  const edits = statements.map(({ variable: name, call }) => ({ start: name!.start, end: call.start, text: "" }));
  return { title: `Do not keep ${variable.name}`, edits };
}

function removeLine(state: CheckState, { declaration, name }: LetSymbol): Mend {
  const { text } = state.program.entry;
  const { start, end } = declaration;
  const lineEnd = /^[ \t]*(\r?\n)?/.exec(text.slice(end))![0].length;
  const isWholeLine = start === 0 || text[start - 1] === "\n";
  return { title: `Remove ${name}`, edits: [{ start, end: isWholeLine ? end + lineEnd : end, text: "" }] };
}

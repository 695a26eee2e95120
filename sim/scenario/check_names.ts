// Names in expressions: what a bare word stands for, and the values of lets.
import type { Name, NameExpr } from "./ast.ts";
import { ANY, type Around, type Checked, checkExpression } from "./check_expression.ts";
import { type CheckState, occurs, report, reportAt, suggest } from "./check_state.ts";
import { functionsByName } from "./functions.ts";
import {
  findVariable,
  isSurelyBefore,
  type LetSymbol,
  type Moment,
  type ProcessSymbol,
  type VariableSymbol,
  visibleVariables,
} from "./symbols.ts";
import type { Value } from "./values.ts";

export function checkName(state: CheckState, expr: NameExpr, around: Around): Checked {
  const { name } = expr;
  if (name === "true" || name === "false") return { type: "boolean", value: name === "true" };
  if (name === "null") return { type: "null", value: null };
  const counter = around.counters.findLast((known) => known.name === name);
  if (counter) {
    occurs(state, counter, expr, "read");
    return { type: "integer" };
  }
  const variable = around.actor && findVariable(around.actor, name);
  if (variable) return readVariable(state, variable, expr, around);
  const symbol = state.lets.get(name);
  if (symbol) {
    occurs(state, symbol, expr, "read");
    const value = letValue(state, symbol);
    return value === undefined ? ANY : { type: typeOfValue(value), value };
  }
  const known = state.names.constants.get(name);
  if (known) return { type: "integer", value: known.value };
  const process = state.processes.get(name);
  if (process) {
    occurs(state, process, expr, "read");
    return { type: process.count === undefined ? "process" : "processes", process };
  }
  if (!around.inCount) unknownName(state, expr, around);
  return ANY;
}

function typeOfValue(value: Value): string {
  if (value === null) return "null";
  return typeof value === "bigint" ? "integer" : typeof value;
}

export function readVariable(
  state: CheckState,
  variable: VariableSymbol,
  at: Name | NameExpr,
  around: Around,
): Checked {
  occurs(state, variable, at, "read");
  const { moment } = around;
  if (moment && isSurelyBefore(moment, variable.set) && !isInherited(variable, moment)) {
    reportAt(state, "variable-not-set", at, `\`${variable.name}\` has no value yet here; it is set further down.`);
  }
  return { type: "integer" };
}

/** A process that was forked has the value that its parent gave to a variable of this name. */
function isInherited({ owner, name }: VariableSymbol, moment: Moment): boolean {
  const seen = new Set<ProcessSymbol>();
  const search = (process: ProcessSymbol): boolean => {
    if (seen.has(process)) return false;
    seen.add(process);
    return [...process.parents].some((parent) => {
      const known = parent.variables.get(name);
      return (known && !isSurelyBefore(moment, known.set)) || search(parent);
    });
  };
  return search(owner.kind === "thread" ? owner.process : owner);
}

/** A let's value; folds it where it is first needed. */
export function letValue(state: CheckState, symbol: LetSymbol): Value | undefined {
  if (symbol.state === "known") return symbol.value;
  const here = state.file;
  state.file = state.fileOf.get(symbol) ?? here;
  if (symbol.state === "folding") {
    reportAt(state, "let-cycle", symbol.declaration.name, `\`${symbol.name}\` is made of itself.`);
    state.file = here;
    return undefined;
  }
  symbol.state = "folding";
  const problemsBefore = state.diagnostics.length;
  const { value } = checkExpression(state, symbol.declaration.value, { counters: [] });
  if (
    value === undefined &&
    state.diagnostics.length === problemsBefore &&
    symbol.declaration.value.kind !== "missing"
  ) {
    reportAt(
      state,
      "not-constant",
      symbol.declaration.value,
      "A let is a constant of the file: it cannot read the machine.",
    );
  }
  symbol.state = "known";
  symbol.value = value;
  state.file = here;
  return value;
}

function namesIn(state: CheckState, { actor, counters }: Around): string[] {
  return [
    ...(actor ? visibleVariables(actor).keys() : []),
    ...counters.map((counter) => counter.name),
    ...state.lets.keys(),
    ...state.processes.keys(),
    ...state.names.constants.keys(),
  ];
}

function unknownName(state: CheckState, expr: NameExpr, around: Around): void {
  const owners = [...state.processes.values()].filter((process) => process.variables.has(expr.name));
  if (owners.length > 0) {
    const mends = owners.slice(0, 3).map(({ name }) => {
      const text = `${name}.${expr.name}`;
      return { title: `Change to ${text}`, edits: [{ start: expr.start, end: expr.end, text }] };
    });
    const message = `\`${expr.name}\` is a variable of \`${owners[0].name}\`; here write \`${owners[0].name}.${expr.name}\`.`;
    report(state, {
      code: "unknown-name",
      start: expr.start,
      end: expr.end,
      message,
      mend: mends[0],
      otherMends: mends.slice(1),
    });
    return;
  }
  if (expr.name === "NULL") {
    const mend = { title: "Change to 0", edits: [{ start: expr.start, end: expr.end, text: "0" }] };
    const message = "`NULL` is C's; here no address is `0`, and no object `null`.";
    report(state, { code: "unknown-name", start: expr.start, end: expr.end, message, mend });
    return;
  }
  if (functionsByName.has(expr.name)) {
    const edits = [{ start: expr.end, end: expr.end, text: "()" }];
    const message = `\`${expr.name}\` is a function: \`${expr.name}(…)\`.`;
    report(state, {
      code: "unknown-name",
      start: expr.start,
      end: expr.end,
      message,
      mend: { title: "Insert ()", edits },
    });
    return;
  }
  const elsewhere = state.vocabulary.designs.find((design) =>
    design.constants.some((known) => known.name === expr.name),
  );
  const name = { text: expr.name, start: expr.start, end: expr.end };
  const { hint, mend, otherMends } = suggest(state, name, () => namesIn(state, around));
  const where = elsewhere ? ` It belongs to the kernel \`${elsewhere.name}\`.` : hint;
  report(state, {
    code: "unknown-name",
    start: expr.start,
    end: expr.end,
    message: `\`${expr.name}\` is not known here.${where}`,
    mend,
    otherMends,
  });
}

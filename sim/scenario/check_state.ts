// What the parts of the checker share while they go through a scenario.
import type { CallExpr, Expr, Name, Span } from "./ast.ts";
import { suggestion } from "./cursor.ts";
import { type Diagnostic, diagnosticOf, type Mend, type Problem, type Related } from "./diagnostics.ts";
import { evaluate, type Inspector } from "./expressions.ts";
import type { Silencings } from "./ignore.ts";
import type { ParsedFile } from "./parser.ts";
import type { Program } from "./program.ts";
import type {
  ActingSymbol,
  LabelSymbol,
  LetSymbol,
  Occurrence,
  Place,
  ProcessSymbol,
  ScenarioSymbol,
} from "./symbols.ts";
import { findVariable } from "./symbols.ts";
import type { Value } from "./values.ts";
import type { Names, Vocabulary } from "./vocabulary.ts";

export interface CheckState {
  readonly vocabulary: Vocabulary;
  readonly names: Names;
  readonly program: Program;
  /** The file of the item that is being checked. */
  file: ParsedFile;
  readonly processes: Map<string, ProcessSymbol>;
  readonly lets: Map<string, LetSymbol>;
  readonly labels: Map<string, LabelSymbol>;
  readonly machine: Map<string, Value>;
  /** Which file a let stands in: folding happens where it is first used. */
  readonly fileOf: Map<LetSymbol, ParsedFile>;
  readonly occurrences: Occurrence[];
  /** Types of what stands before a dot. */
  readonly objectTypes: Map<Expr, string>;
  readonly diagnostics: Diagnostic[];
  /** What comments silence: it is not said, and does not count. */
  readonly silencings: Silencings;
  /** With how many known names unknown ones were compared. */
  compared: number;
}

/** A hundred mistyped names among Linux's; a file that has more is not mistyped, and should not wait. */
const MOST_COMPARED = 100_000;

/** What a mistyped name may have meant, as long as there is time to look for it and room to say so. */
export function suggest(
  state: CheckState,
  name: Name,
  names: () => Iterable<string>,
): { hint: string; mend?: Mend; otherMends?: Mend[] } {
  if (state.compared >= MOST_COMPARED) return { hint: "" };
  const known = [...names()];
  state.compared += known.length;
  return suggestion(name, known);
}

/** What is found from here on is not shown: whoever would have to search for its words need not. */
export function saidEnough(state: CheckState): boolean {
  return state.diagnostics.length > MAX_DIAGNOSTICS;
}

/** More would help nobody and cost time in an editor. */
const MAX_DIAGNOSTICS = 1000;

export function report(state: CheckState, problem: Problem): void {
  if (state.diagnostics.length > MAX_DIAGNOSTICS) return;
  const found = diagnosticOf(problem, state.file.path, state.file.lines);
  if (state.silencings.silences(found)) return;
  if (state.diagnostics.length < MAX_DIAGNOSTICS) {
    state.diagnostics.push(found);
    return;
  }
  const { start, end } = problem;
  const message = "Too many problems; the rest is not shown.";
  state.diagnostics.push(
    diagnosticOf({ code: "too-many-problems", start, end, message }, state.file.path, state.file.lines),
  );
}

export function occurs(state: CheckState, symbol: ScenarioSymbol, at: Span, use: Occurrence["use"]): void {
  state.occurrences.push({ symbol, file: state.file.path, start: at.start, end: at.end, use });
}

export function alreadyHere(place: Place): Related[] {
  return [{ ...place, message: "It is declared here." }];
}

export function cpuCount(state: CheckState): bigint {
  const cpus = state.machine.get("cpus");
  return typeof cpus === "bigint" ? cpus : 1n;
}

export function reportAt(state: CheckState, code: Problem["code"], at: Span, message: string): void {
  report(state, { code, start: at.start, end: at.end, message });
}

/** A name that is none of `names`. `message` says so, and of what kind; what was meant comes behind it. */
export function reportUnknown(
  state: CheckState,
  code: Problem["code"],
  name: Name,
  message: string,
  names: () => Iterable<string>,
): void {
  const { hint, mend, otherMends } = suggest(state, name, names);
  report(state, { code, start: name.start, end: name.end, message: message + hint, mend, otherMends });
}

/** Of a call without its closing bracket something else is said already: the rest may still be typed. */
export function isClosed({ file }: CheckState, call: CallExpr): boolean {
  return file.text[call.end - 1] === ")";
}

/** What an expression is worth before the run; undefined where it names a variable or reads the machine. */
export function constantValue(state: CheckState, expr: Expr, actor: ActingSymbol | undefined): Value | undefined {
  const isVariable = (name: string) => actor !== undefined && findVariable(actor, name) !== undefined;
  const inspector: Inspector = { name: () => undefined, call: () => undefined, count: () => ({ failure: "" }) };
  const constant = (name: string) =>
    isVariable(name) ? undefined : (state.lets.get(name)?.value ?? state.names.constants.get(name)?.value);
  const result = evaluate(expr, { inspector, constant });
  return "value" in result ? result.value : undefined;
}

// What the names of a file stand for: processes, threads, variables, lets, labels, counters of loops.
import type { Expr, LetDeclaration, Name, ProcessDeclaration, Span, ThreadDeclaration } from "./ast.ts";
import type { Value } from "./values.ts";

export interface Place extends Span {
  readonly file: string;
}

/** The calls, by their order, of an outermost loop or parallel block: among them any may come before any other. */
export interface Region {
  readonly start: number;
  end: number;
}

/** Where in the order of the file's calls something happens. */
export interface Moment {
  readonly order: number;
  readonly region: Region | undefined;
}

/** True where `earlier` cannot come after `later`. */
export function isSurelyBefore(earlier: Moment, later: Moment): boolean {
  if (earlier.order > later.order) return false;
  const { region } = earlier;
  return !region || later.order >= region.end;
}

interface Named {
  readonly name: string;
  /** Where it is made; of a variable the first place that sets it. */
  readonly place: Place;
}

export interface ProcessSymbol extends Named {
  readonly kind: "process";
  readonly declaration: ProcessDeclaration;
  /** Number of elements of an array; undefined for a single process. */
  count?: bigint;
  readonly threads: Map<string, ThreadSymbol>;
  readonly variables: Map<string, VariableSymbol>;
  /** Who forks it: it then has their variables too. */
  readonly parents: Set<ProcessSymbol>;
  forked?: Moment;
  exited?: Moment;
}

export interface ThreadSymbol extends Named {
  readonly kind: "thread";
  readonly declaration: ThreadDeclaration;
  readonly process: ProcessSymbol;
  readonly variables: Map<string, VariableSymbol>;
}

export interface VariableSymbol extends Named {
  readonly kind: "variable";
  readonly owner: ProcessSymbol | ThreadSymbol;
  /** When it is first set. */
  set: Moment;
  /** The calls whose results it keeps, for hovers. */
  readonly calls: string[];
}

export interface LetSymbol extends Named {
  readonly kind: "let";
  readonly declaration: LetDeclaration;
  /** Its value once folded; undefined where it has none. */
  value?: Value;
  state: "unknown" | "folding" | "known";
}

export interface LabelSymbol extends Named {
  readonly kind: "label";
}

/** `repeat N as NAME`. */
export interface CounterSymbol extends Named {
  readonly kind: "counter";
  readonly count: Expr;
}

export type ScenarioSymbol = ProcessSymbol | ThreadSymbol | VariableSymbol | LetSymbol | LabelSymbol | CounterSymbol;

/** A place where a symbol is named. */
export interface Occurrence extends Place {
  readonly symbol: ScenarioSymbol;
  readonly use: "define" | "write" | "read";
}

/** Who acts: a process or a thread of it. */
export type ActingSymbol = ProcessSymbol | ThreadSymbol;

/** A variable as `actor` sees it: its own, then its process's, then those of who forked it. */
export function findVariable(actor: ActingSymbol, name: string): VariableSymbol | undefined {
  const own = actor.variables.get(name);
  if (own) return own;
  const process = actor.kind === "thread" ? actor.process : actor;
  if (process.parents.size === 0) return process.variables.get(name);
  const seen = new Set<ProcessSymbol>();
  const search = (process: ProcessSymbol): VariableSymbol | undefined => {
    if (seen.has(process)) return undefined;
    seen.add(process);
    const found = process.variables.get(name);
    if (found) return found;
    for (const parent of process.parents) {
      const inherited = search(parent);
      if (inherited) return inherited;
    }
    return undefined;
  };
  return search(process);
}

/** Names of all variables that `actor` sees. */
export function visibleVariables(actor: ActingSymbol): Map<string, VariableSymbol> {
  const found = new Map(actor.variables);
  const seen = new Set<ProcessSymbol>();
  const add = (process: ProcessSymbol): void => {
    if (seen.has(process)) return;
    seen.add(process);
    for (const [name, variable] of process.variables) if (!found.has(name)) found.set(name, variable);
    for (const parent of process.parents) add(parent);
  };
  add(actor.kind === "thread" ? actor.process : actor);
  return found;
}

export function placeOf(file: string, name: Name): Place {
  return { file, start: name.start, end: name.end };
}

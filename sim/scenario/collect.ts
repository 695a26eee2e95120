// First look at a scenario: who there is, which variables are set where, who forks whom. Names may be used above their
// declaration, so this comes before anything is judged.
import type {
  Actor,
  CallStatement,
  Item,
  LetDeclaration,
  Name,
  ParallelBlock,
  ProcessDeclaration,
  RepeatBlock,
  ThreadDeclaration,
} from "./ast.ts";
import { specOf } from "./check_call.ts";
import { alreadyHere, type CheckState, occurs, report, suggest } from "./check_state.ts";
import { outputsOf } from "./outputs.ts";
import {
  type ActingSymbol,
  type LabelSymbol,
  type LetSymbol,
  type Moment,
  type ProcessSymbol,
  placeOf,
  type Region,
  type ThreadSymbol,
  type VariableSymbol,
} from "./symbols.ts";

/** Where the walk stands; both walks over a scenario count the same way. */
export interface Walk {
  /** Calls passed so far. */
  order: number;
  /** The outermost loop or parallel block around the place. */
  region: Region | undefined;
  readonly regions: Map<ParallelBlock | RepeatBlock, Region>;
}

export function collect(state: CheckState): Walk {
  const walk: Walk = { order: 0, region: undefined, regions: new Map() };
  const threads: { declaration: ThreadDeclaration; file: CheckState["file"] }[] = [];
  for (const { item, file } of state.program.items) {
    state.file = file;
    if (item.kind === "process-declaration") declareProcess(state, item);
    else if (item.kind === "thread") threads.push({ declaration: item, file });
    else if (item.kind === "let" && item.name.text !== "") declareLet(state, item);
  }
  for (const { declaration, file } of threads) {
    state.file = file;
    declareThread(state, declaration);
  }
  for (const { item, file } of state.program.items) {
    state.file = file;
    collectItem(state, walk, item);
  }
  walk.order = 0;
  return walk;
}

/** True where a name is free; says what has it otherwise. */
function isFree(state: CheckState, name: Name): boolean {
  const taken = state.processes.get(name.text) ?? state.lets.get(name.text);
  if (taken) {
    const what = taken.kind === "let" ? "a let" : "a process";
    report(state, {
      code: "duplicate",
      start: name.start,
      end: name.end,
      message: `\`${name.text}\` is already ${what}.`,
      related: alreadyHere(taken.place),
    });
    return false;
  }
  if (!state.names.constants.has(name.text)) return true;
  report(state, {
    code: "name-taken",
    start: name.start,
    end: name.end,
    message: `\`${name.text}\` is a constant of Linux and cannot be another name.`,
  });
  return false;
}

function declareProcess(state: CheckState, declaration: ProcessDeclaration): void {
  const { name } = declaration;
  if (name.text === "" || !isFree(state, name)) return;
  const process: ProcessSymbol = {
    kind: "process",
    name: name.text,
    place: placeOf(state.file.path, name),
    declaration,
    count: declaration.count ? 0n : undefined,
    threads: new Map(),
    variables: new Map(),
    parents: new Set(),
  };
  state.processes.set(name.text, process);
  occurs(state, process, name, "define");
}

function declareLet(state: CheckState, declaration: LetDeclaration): void {
  const { name } = declaration;
  if (!isFree(state, name)) return;
  const made: LetSymbol = {
    kind: "let",
    name: name.text,
    place: placeOf(state.file.path, name),
    declaration,
    state: "unknown",
  };
  state.lets.set(name.text, made);
  state.fileOf.set(made, state.file);
  occurs(state, made, name, "define");
}

function declareThread(state: CheckState, declaration: ThreadDeclaration): void {
  const { process: owner, name } = declaration;
  const process = state.processes.get(owner.name.text);
  if (!process) {
    if (owner.name.text !== "") reportUnknownProcess(state, owner.name);
    return;
  }
  occurs(state, process, owner.name, "read");
  if (name.text === "") return;
  const known = process.threads.get(name.text);
  if (known && process.count === undefined) {
    report(state, {
      code: "duplicate",
      start: name.start,
      end: name.end,
      message: `\`${process.name}\` already has a thread \`${name.text}\`.`,
      related: alreadyHere(known.place),
    });
    return;
  }
  const thread: ThreadSymbol = known ?? {
    kind: "thread",
    name: name.text,
    place: placeOf(state.file.path, name),
    declaration,
    process,
    variables: new Map(),
  };
  process.threads.set(name.text, thread);
  occurs(state, thread, name, "define");
}

export function reportUnknownProcess(state: CheckState, name: Name, also: readonly string[] = []): void {
  const { hint, mend, otherMends } = suggest(state, name, () => [...state.processes.keys(), ...also]);
  const declare = `process ${name.text}\n`;
  const offers = mend ? [mend, ...(otherMends ?? [])] : [];
  if (state.file === state.program.entry)
    offers.push({
      title: `Declare process ${name.text}`,
      edits: [{ start: placeForDeclaration(state), end: placeForDeclaration(state), text: declare }],
    });
  report(state, {
    code: "unknown-process",
    start: name.start,
    end: name.end,
    message: `There is no process \`${name.text}\`.${hint}`,
    mend: offers[0],
    otherMends: offers.slice(1),
  });
}

/** Behind the last declaration of a process, else before the first statement; always the start of a line. */
function placeForDeclaration(state: CheckState): number {
  const { text, items, tokens } = state.program.entry;
  const declared = items.filter(
    (item) => item.kind === "process-declaration" || item.kind === "kernel-declaration" || item.kind === "machine",
  );
  const last = declared.at(-1);
  if (!last) return tokens.starts[0] === 0 ? 0 : text.lastIndexOf("\n", tokens.starts[0] - 1) + 1;
  const lineEnd = text.indexOf("\n", last.end);
  return lineEnd < 0 ? last.end : lineEnd + 1;
}

/** The symbol behind an actor, without a word about what is wrong with it. */
export function actingSymbol(state: CheckState, actor: Actor): ActingSymbol | undefined {
  if (actor.kind !== "process") return undefined;
  const process = state.processes.get(actor.name.text);
  return actor.thread ? process?.threads.get(actor.thread.text) : process;
}

function collectItem(state: CheckState, walk: Walk, item: Item): void {
  switch (item.kind) {
    case "call-statement":
      collectCall(state, walk, item);
      return;
    case "label":
      collectLabel(state, item.name);
      return;
    case "actor-block":
      for (const inner of item.body) collectItem(state, walk, inner);
      return;
    case "parallel":
    case "repeat":
      inRegion(walk, item, () => {
        for (const inner of item.body) collectItem(state, walk, inner);
      });
      return;
  }
}

/** Runs `inside` for the body of a loop or parallel block. The first walk makes the region, the second finds it again. */
export function inRegion(walk: Walk, block: ParallelBlock | RepeatBlock, inside: () => void): void {
  const outermost = walk.region === undefined;
  if (outermost) {
    const region = walk.regions.get(block) ?? { start: walk.order, end: walk.order };
    walk.regions.set(block, region);
    walk.region = region;
  }
  inside();
  if (!outermost || !walk.region) return;
  walk.region.end = Math.max(walk.region.end, walk.order);
  walk.region = undefined;
}

export function momentOf(walk: Walk): Moment {
  return { order: walk.order, region: walk.region };
}

function collectCall(state: CheckState, walk: Walk, statement: CallStatement): void {
  const actor = actingSymbol(state, statement.actor);
  const moment = momentOf(walk);
  walk.order++;
  if (!actor) return;
  if (statement.variable) collectVariable(state, actor, statement.variable, statement, moment);
  for (const { variable } of outputsOf(state, statement, specOf(state.names, statement.call)))
    collectVariable(state, actor, variable, statement, { order: moment.order, region: moment.region });
  const process = actor.kind === "thread" ? actor.process : actor;
  if (statement.call.name.text === "fork") collectFork(state, process, statement, moment);
  if (statement.call.name.text === "exit" && actor.kind === "process" && process.count === undefined && !moment.region)
    process.exited ??= moment;
}

function collectVariable(
  state: CheckState,
  owner: ActingSymbol,
  name: Name,
  statement: CallStatement,
  set: Moment,
): void {
  if (name.text === "") return;
  const known = owner.variables.get(name.text);
  const variable: VariableSymbol = known ?? {
    kind: "variable",
    name: name.text,
    place: placeOf(state.file.path, name),
    owner,
    set,
    calls: [],
  };
  if (!known) owner.variables.set(name.text, variable);
  if (variable.calls.length < 3 && !variable.calls.includes(statement.call.name.text))
    variable.calls.push(statement.call.name.text);
}

function collectFork(state: CheckState, parent: ProcessSymbol, statement: CallStatement, moment: Moment): void {
  const child = statement.call.args[0];
  const named = child?.kind === "index" ? child.object : child;
  if (named?.kind !== "name") return;
  const process = state.processes.get(named.name);
  if (!process || process === parent) return;
  process.parents.add(parent);
  process.forked ??= moment;
  if (process.exited && moment.order > process.exited.order) process.exited = undefined;
}

function collectLabel(state: CheckState, name: Name): void {
  if (name.text === "") return;
  const known = state.labels.get(name.text);
  if (known) {
    report(state, {
      code: "duplicate",
      start: name.start,
      end: name.end,
      message: `There is already a label \`${name.text}\`.`,
      related: alreadyHere(known.place),
    });
    return;
  }
  const label: LabelSymbol = { kind: "label", name: name.text, place: placeOf(state.file.path, name) };
  state.labels.set(name.text, label);
  occurs(state, label, name, "define");
}

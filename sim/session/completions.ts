// What may stand at a place in an expression.
import { functions } from "../scenario/functions.ts";
import { typesByName } from "../scenario/object_types.ts";
import type { Loaded } from "./load.ts";

export interface Completion {
  readonly label: string;
  readonly detail?: string;
  readonly type: "function" | "variable" | "field" | "constant";
}

/** Names that begin with what stands before `column` (from 0). */
export function completions(loaded: Loaded, text: string, column: number): Completion[] {
  const before = text.slice(0, column);
  const field = /([A-Za-z_]\w*)(\([^()]*\))?\.([A-Za-z_]\w*)?$/.exec(before);
  if (field) return fields(loaded, field[1]!, field[2] !== undefined).filter(startsWith(field[3] ?? ""));
  const word = /[A-Za-z_]\w*$/.exec(before)?.[0] ?? "";
  return [...plainFunctions(), ...variables(loaded), ...constants(loaded, word)].filter(startsWith(word));
}

const startsWith = (prefix: string) => (one: Completion) => one.label.toLowerCase().startsWith(prefix.toLowerCase());

const plainFunctions = (): Completion[] =>
  functions.map(({ name, doc }) => ({ label: name, detail: doc, type: "function" }));

function variables({ runner, system }: Loaded): Completion[] {
  const names = new Set<string>();
  runner.roster.members.forEach((member, i) => {
    names.add(member.name);
    for (const name of Object.keys(runner.inspector.variablesOf(i))) names.add(name);
  });
  for (const name of system.machine.events.specs[system.machine.event]?.args ?? []) names.add(name);
  return [...names].map((label) => ({ label, type: "variable" }));
}

/** Thousands of constants are of no help before the first letter. */
function constants({ scenario }: Loaded, word: string): Completion[] {
  if (word.length < 2) return [];
  return [...scenario.names.constants.values()].map(({ name, doc }) => ({
    label: name,
    detail: doc,
    type: "constant",
  }));
}

function fields({ runner, system }: Loaded, name: string, isCall: boolean): Completion[] {
  if (!isCall) {
    const at = runner.roster.members.findIndex((member) => member.name === name);
    return at < 0 ? [] : Object.keys(runner.inspector.variablesOf(at)).map((label) => ({ label, type: "variable" }));
  }
  const result = functions.find((one) => one.name === name)?.type;
  if (result === undefined) return [];
  const documented = (typesByName.get(result)?.fields ?? []).map(({ name: label, doc }) => ({ label, detail: doc }));
  const stored =
    system.machine.store.storages.find((storage) => storage.type.name === result)?.type.byName.keys() ?? [];
  const labels = new Map(documented.map((one) => [one.label, one]));
  for (const label of stored) if (!labels.has(label)) labels.set(label, { label, detail: "" });
  return [...labels.values()].map((one) => ({ ...one, type: "field" }));
}

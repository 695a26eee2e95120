// Fields of a structure that a call writes: `{ start: s, size: n }` of MSHAREFS_GET_SIZE sets the variables s and n of
// the process that calls. A constant or an expression in their place is what the field holds before, and nothing more.
import type { CallSpec } from "../kernel/syscall_table.ts";
import type { CallStatement, Name } from "./ast.ts";
import type { Names } from "./vocabulary.ts";

export interface Output {
  /** Number of the call's parameter. */
  readonly param: number;
  readonly field: string;
  readonly variable: Name;
}

interface Known {
  readonly names: Names;
  readonly lets: { has(name: string): boolean };
  readonly processes: { has(name: string): boolean };
}

const none: readonly Output[] = [];

export function outputsOf(known: Known, statement: CallStatement, spec: CallSpec | undefined): readonly Output[] {
  const { args } = statement.call;
  // Hardly any call takes a structure, and every call of a large file is asked.
  if (!args.some((arg) => arg.kind === "struct") || statement.actor.kind !== "process") return none;
  return args.flatMap((arg, param) => {
    const fields = spec?.params[param]?.fields;
    if (arg.kind !== "struct" || !fields) return [];
    return arg.fields.flatMap(({ name, value }) => {
      const written = fields.some((field) => field.name === name.text && field.output);
      if (!written || value.kind !== "name" || isTaken(known, value.name)) return [];
      return [{ param, field: name.text, variable: { text: value.name, start: value.start, end: value.end } }];
    });
  });
}

/** Whether a bare word in a field stands for something else than a variable of the process. */
export const isTaken = ({ names, lets, processes }: Known, name: string): boolean =>
  ["true", "false", "null"].includes(name) || names.constants.has(name) || lets.has(name) || processes.has(name);

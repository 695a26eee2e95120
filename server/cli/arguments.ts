// Reads the arguments of a command. Unknown or incomplete ones are refused, with the nearest known one.

import { nearest } from "../../sim/session.ts";

export interface OptionRule {
  readonly name: string;
  /** What its value is called in help; absent: it takes none. */
  readonly value?: string;
  readonly doc: string;
  /** May be given more than once. */
  readonly many?: true;
}

export interface Arguments {
  readonly files: readonly string[];
  /** Values by option name; "" for one without a value. */
  readonly options: ReadonlyMap<string, readonly string[]>;
}

export function readArguments(
  args: readonly string[],
  rules: readonly OptionRule[],
): Arguments | { readonly error: string } {
  const files: string[] = [];
  const options = new Map<string, string[]>();
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "--") {
      files.push(...args.slice(i + 1));
      break;
    }
    if (!arg.startsWith("-") || arg === "-") {
      files.push(arg);
      continue;
    }
    const equals = arg.indexOf("=");
    const name = equals < 0 ? arg : arg.slice(0, equals);
    const rule = rules.find((one) => `--${one.name}` === (name === "-h" ? "--help" : name));
    if (!rule) return { error: unknown(name, rules) };
    let value = equals < 0 ? undefined : arg.slice(equals + 1);
    if (rule.value === undefined && value !== undefined) return { error: `${name} takes no value` };
    if (rule.value !== undefined && value === undefined) {
      value = args[++i];
      if (value === undefined) return { error: `${name} needs a value: ${name} ${rule.value}` };
    }
    const known = options.get(rule.name) ?? [];
    if (known.length > 0 && !rule.many) return { error: `${name} is given twice` };
    options.set(rule.name, [...known, value ?? ""]);
  }
  return { files, options };
}

function unknown(name: string, rules: readonly OptionRule[]): string {
  const names = rules.map((one) => `--${one.name}`);
  const [near] = nearest(name, names, 1);
  return `unknown option ${name}; ${near ? `did you mean ${near}?` : `the options are ${names.join(" ")}`}`;
}

// Options that several commands share, and how they become launch options.
import type { LaunchOptions } from "../../sim/session.ts";
import type { Arguments, OptionRule } from "./arguments.ts";

export const KERNEL: OptionRule = { name: "kernel", value: "DESIGN", doc: "run on this design instead of the file's" };
export const SET: OptionRule = { name: "set", value: "OPTION=VALUE", doc: "set an option of the design", many: true };
export const FIX: OptionRule = {
  name: "fix",
  value: "ID,…",
  doc: "mend known bugs of the design; `all` for every one",
};
export const SCHEDULE: OptionRule = {
  name: "schedule",
  value: "sequential|random:SEED|FILE",
  doc: "how `parallel` blocks interleave",
};
export const MAX_STEPS: OptionRule = { name: "max-steps", value: "N", doc: "stop after N steps (default 100,000,000)" };
export const JSON_OUT: OptionRule = { name: "json", doc: "one JSON object a file, one a line" };
export const COLOR: OptionRule = { name: "color", value: "auto|always|never", doc: "colours (NO_COLOR is honoured)" };
export const QUIET: OptionRule = { name: "quiet", doc: "say only what went wrong" };
export const HELP: OptionRule = { name: "help", doc: "this text" };

export const first = (args: Arguments, rule: OptionRule): string | undefined => args.options.get(rule.name)?.[0];
export const has = (args: Arguments, rule: OptionRule): boolean => args.options.has(rule.name);

/** How to run each file, or what is wrong with the options. `read`: for a schedule in a file. */
export function launchOptions(
  args: Arguments,
  read: (path: string) => string | undefined,
): Omit<LaunchOptions, "program"> | { readonly error: string } {
  const options: Record<string, string> = {};
  for (const setting of args.options.get(SET.name) ?? []) {
    const equals = setting.indexOf("=");
    if (equals < 1) return { error: `--set ${setting}: write --set option=value` };
    options[setting.slice(0, equals)] = setting.slice(equals + 1);
  }
  const steps = first(args, MAX_STEPS);
  const maxSteps = steps === undefined ? undefined : Number(steps.replaceAll("_", ""));
  if (maxSteps !== undefined && !(Number.isSafeInteger(maxSteps) && maxSteps > 0))
    return { error: `--max-steps ${steps}: a whole number above 0 is needed` };
  const schedule = readSchedule(first(args, SCHEDULE), read);
  if (typeof schedule === "object") return schedule;
  const fixes = first(args, FIX)
    ?.split(",")
    .filter((id) => id !== "");
  return { kernel: first(args, KERNEL), options, fixes, schedule, maxSteps };
}

function readSchedule(
  text: string | undefined,
  read: (path: string) => string | undefined,
): string | undefined | { readonly error: string } {
  if (text === undefined || text === "sequential" || /^random:\d+$/.test(text)) return text;
  if (text.startsWith("random")) return { error: `--schedule ${text}: write random:SEED, with a whole number` };
  return read(text) ?? { error: `--schedule ${text}: neither sequential, random:SEED, nor a file that can be read` };
}

// The attributes of a launch configuration: read strictly, because a wrong one would debug something else than was asked for.
import type { LaunchOptions, Refusal } from "../../sim/debugging.ts";
import type { Environment } from "./environment.ts";
import { RequestError } from "./errors.ts";
import { type Arguments, optionalCount, optionalFlag, optionalText, record, text, texts } from "./read.ts";

export interface Launch {
  readonly options: LaunchOptions;
  readonly stopOnEntry: boolean;
  readonly stopOnBug: boolean;
  /** Stepping back is possible. */
  readonly history: boolean;
  /** Run to the end, whatever breakpoints there are. */
  readonly noDebug: boolean;
}

export const launchAttributes = [
  "program",
  "kernel",
  "options",
  "fixes",
  "schedule",
  "stopOnEntry",
  "maxSteps",
  "stopOnBug",
  "stopOnAllowed",
  "history",
  "historyMiB",
] as const;

export function readLaunch(environment: Environment, args: Arguments): Launch {
  const program = text(args, "program");
  if (program === "") throw new RequestError("badArguments", "`program` must be the path of a scenario (.mshare)");
  const history = optionalFlag(args, "history") ?? true;
  return {
    options: {
      program: environment.absolute(program),
      kernel: optionalText(args, "kernel"),
      options: args["options"] === undefined ? undefined : kernelOptions(record(args, "options")),
      fixes: args["fixes"] === undefined ? undefined : texts(args, "fixes"),
      schedule: schedule(args),
      maxSteps: optionalCount(args, "maxSteps", 1),
      stopOnAllowed: optionalFlag(args, "stopOnAllowed"),
      historyMiB: history ? optionalCount(args, "historyMiB") : 0,
    },
    stopOnEntry: optionalFlag(args, "stopOnEntry") ?? false,
    stopOnBug: optionalFlag(args, "stopOnBug") ?? true,
    history,
    noDebug: optionalFlag(args, "noDebug") ?? false,
  };
}

/** JSON has numbers and booleans; the language has words. */
function kernelOptions(options: Arguments): Record<string, string> {
  const read = ([name, value]: [string, unknown]): [string, string] => {
    if (typeof value === "string") return [name, value];
    if (typeof value === "boolean" || Number.isSafeInteger(value)) return [name, String(value)];
    throw new RequestError("badArguments", `\`options.${name}\` must be a string, true, false or an integer`);
  };
  return Object.fromEntries(Object.entries(options).map(read));
}

/** A schedule may be the list that `mshare explore --json` prints. */
function schedule(args: Arguments): string | undefined {
  return Array.isArray(args["schedule"]) ? `[${texts(args, "schedule").join(", ")}]` : optionalText(args, "schedule");
}

type Diagnostic = Refusal["diagnostics"][number];

/** As compilers print it, one line. */
export function diagnosticLine(diagnostic: Diagnostic): string {
  const { file, line, column, severity, message, code } = diagnostic;
  return `${file}:${line}:${column}: ${severity}: ${message} [${code}]`;
}

// What `run` and `explore` do alike: one file after the other, each refused, or done and printed; one exit status for all.
import type { Refusal } from "../../sim/session.ts";
import type { Arguments } from "./arguments.ts";
import { jsonLine } from "./json.ts";
import { COLOR, first, has, JSON_OUT, QUIET } from "./options.ts";
import { STATUS, type Status, type Terminal } from "./terminal.ts";

export type Style = "plain" | "color";

/** What a file came to. */
export interface Outcome {
  readonly report: { readonly verdict: "pass" | "fail" | "limit" };
  /** For people. */
  text(style: Style): string;
}

const STATUSES: Readonly<Record<Outcome["report"]["verdict"], Status>> = {
  pass: STATUS.ok,
  fail: STATUS.failed,
  limit: STATUS.limit,
};

/** `work` does one file; a string is what is wrong with the arguments, and ends it all. */
export async function eachFile(
  args: Arguments,
  terminal: Terminal,
  work: (program: string) => Promise<Outcome | Refusal | string>,
): Promise<Status> {
  const color = first(args, COLOR) ?? "auto";
  if (!["auto", "always", "never"].includes(color))
    return complain(terminal, `--color ${color}: auto, always or never`);
  const style = color === "always" || (color === "auto" && terminal.colors) ? "color" : "plain";
  let status: Status = STATUS.ok;
  for (const [i, program] of args.files.entries()) {
    const outcome = await work(program);
    if (typeof outcome === "string") return complain(terminal, outcome);
    if ("refused" in outcome) {
      const { message, diagnostics } = outcome;
      if (has(args, JSON_OUT)) terminal.out(jsonLine({ file: program, verdict: "refused", message, diagnostics }));
      else terminal.error(`${refusalText(outcome)}\n`);
      status = worse(status, STATUS.refused);
      continue;
    }
    const { report } = outcome;
    if (has(args, JSON_OUT)) terminal.out(jsonLine(report));
    else if (!has(args, QUIET) || report.verdict !== "pass") {
      if (i > 0) terminal.out("\n");
      terminal.out(outcome.text(style));
    }
    status = worse(status, terminal.interrupted() ? STATUS.interrupted : STATUSES[report.verdict]);
    if (terminal.interrupted()) break;
  }
  return status;
}

/** Paths that are relative stay inside the folder where the command runs; others in the scenario's own. */
export const hostFor = (terminal: Terminal, program: string) => ({
  ...terminal,
  root: program.startsWith("/") ? undefined : "",
});

export function refusalText({ message, diagnostics }: Pick<Refusal, "message" | "diagnostics">): string {
  const lines = diagnostics.map(
    (one) => `${one.file}:${one.line}:${one.column}: ${one.severity}: ${one.message} [${one.code}]`,
  );
  return lines.length > 0 ? lines.join("\n") : `mshare: ${message}`;
}

/** What a script has to hear of first: interrupted, refused, failed, cut off. */
export function worse(a: Status, b: Status): Status {
  const order: readonly Status[] = [STATUS.ok, STATUS.limit, STATUS.failed, STATUS.refused, STATUS.interrupted];
  return order.indexOf(a) >= order.indexOf(b) ? a : b;
}

export function complain(terminal: Terminal, message: string): Status {
  terminal.error(`mshare: ${message}\n`);
  return STATUS.refused;
}

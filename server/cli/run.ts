// mshare run FILE…
import { openRun, type RunReport, reportText } from "../../sim/session.ts";
import type { Arguments } from "./arguments.ts";
import { jsonLine } from "./json.ts";
import { COLOR, first, has, JSON_OUT, launchOptions, QUIET } from "./options.ts";
import { STATUS, type Status, type Terminal } from "./terminal.ts";

/** Steps after which signals are let in: a tenth of a second where nobody else needs the CPU. */
const SLICE = 100_000;

export async function runCommand(args: Arguments, terminal: Terminal): Promise<Status> {
  const options = launchOptions(args, terminal.read);
  if ("error" in options) return complain(terminal, options.error);
  const color = first(args, COLOR) ?? "auto";
  if (!["auto", "always", "never"].includes(color))
    return complain(terminal, `--color ${color}: auto, always or never`);
  if (args.files.length === 0) return complain(terminal, "no file is given: mshare run FILE…");
  const style = styleOf(color, terminal);
  let status: Status = STATUS.ok;
  for (const [i, program] of args.files.entries()) {
    const outcome = await runFile({ ...options, program }, terminal);
    if ("refused" in outcome) {
      const { message, diagnostics } = outcome;
      if (has(args, JSON_OUT)) terminal.out(jsonLine({ file: program, verdict: "refused", message, diagnostics }));
      else terminal.error(`${refusalText(outcome)}\n`);
      status = worse(status, STATUS.refused);
      continue;
    }
    const { report, interrupted } = outcome;
    if (has(args, JSON_OUT)) terminal.out(jsonLine(report));
    else if (!has(args, QUIET) || report.verdict !== "pass") {
      if (i > 0) terminal.out("\n");
      terminal.out(reportText(report, style));
    }
    status = worse(status, interrupted ? STATUS.interrupted : statusOf(report));
    if (interrupted) break;
  }
  return status;
}

/** `color`: auto, always or never. */
export const styleOf = (color: string, { colors }: Terminal): "color" | "plain" =>
  color === "always" || (color === "auto" && colors) ? "color" : "plain";

interface Done {
  readonly report: RunReport;
  readonly interrupted: boolean;
}

async function runFile(options: Parameters<typeof openRun>[1], terminal: Terminal) {
  // Paths that are relative stay inside the folder where the command runs; others in the scenario's own.
  const root = options.program.startsWith("/") ? undefined : "";
  const run = openRun({ ...terminal, root }, options);
  if ("refused" in run) return run;
  let said = false;
  while (!run.advance(SLICE)) {
    await terminal.breathe();
    if (terminal.progress) terminal.error(`\r${options.program}: ${run.steps} steps`);
    said = terminal.progress;
    if (terminal.interrupted()) break;
  }
  if (said) terminal.error("\r\u001b[K");
  return { report: run.report(), interrupted: terminal.interrupted() } satisfies Done;
}

export function refusalText({
  message,
  diagnostics,
}: {
  message: string;
  diagnostics: readonly {
    file: string;
    line: number;
    column: number;
    severity: string;
    code: string;
    message: string;
  }[];
}): string {
  const lines = diagnostics.map(
    (one) => `${one.file}:${one.line}:${one.column}: ${one.severity}: ${one.message} [${one.code}]`,
  );
  return lines.length > 0 ? lines.join("\n") : `mshare: ${message}`;
}

const statusOf = ({ verdict }: RunReport): Status =>
  verdict === "pass" ? STATUS.ok : verdict === "fail" ? STATUS.failed : STATUS.limit;

/** What a script has to hear of first: interrupted, refused, failed, cut off. */
export function worse(a: Status, b: Status): Status {
  const order: readonly Status[] = [STATUS.ok, STATUS.limit, STATUS.failed, STATUS.refused, STATUS.interrupted];
  return order.indexOf(a) >= order.indexOf(b) ? a : b;
}

export function complain(terminal: Terminal, message: string): Status {
  terminal.error(`mshare: ${message}\n`);
  return STATUS.refused;
}

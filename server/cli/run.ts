// mshare run FILE…
import { openRun, type Refusal, reportText } from "../../sim/session.ts";
import type { Arguments } from "./arguments.ts";
import { complain, eachFile, hostFor, type Outcome } from "./each_file.ts";
import { launchOptions } from "./options.ts";
import type { Status, Terminal } from "./terminal.ts";

/** Steps after which signals are let in: a tenth of a second where nobody else needs the CPU. */
const SLICE = 100_000;

export async function runCommand(args: Arguments, terminal: Terminal): Promise<Status> {
  const options = launchOptions(args, terminal.read);
  if ("error" in options) return complain(terminal, options.error);
  if (args.files.length === 0) return complain(terminal, "no file is given: mshare run FILE…");
  return eachFile(args, terminal, (program) => runFile({ ...options, program }, terminal));
}

async function runFile(options: Parameters<typeof openRun>[1], terminal: Terminal): Promise<Outcome | Refusal> {
  const run = openRun(hostFor(terminal, options.program), options);
  if ("refused" in run) return run;
  let said = false;
  while (!run.advance(SLICE)) {
    await terminal.breathe();
    if (terminal.progress) terminal.error(`\r${options.program}: ${run.steps} steps`);
    said = terminal.progress;
    if (terminal.interrupted()) break;
  }
  if (said) terminal.error("\r\u001b[K");
  const report = run.report();
  return { report, text: (style) => reportText(report, style) };
}

// mshare explore FILE…
import { type ExplorationReport, explorationText, openExploration } from "../../sim/session.ts";
import type { Arguments, OptionRule } from "./arguments.ts";
import { jsonLine } from "./json.ts";
import { COLOR, first, has, JSON_OUT, launchOptions, QUIET } from "./options.ts";
import { complain, refusalText, styleOf, worse } from "./run.ts";
import { STATUS, type Status, type Terminal } from "./terminal.ts";

export const SCHEDULES: OptionRule = {
  name: "schedules",
  value: "N",
  doc: "run at most N interleavings (default 10,000)",
};
export const ALL: OptionRule = { name: "all", doc: "go on after the first failure" };
export const SAVE: OptionRule = {
  name: "save",
  value: "FILE",
  doc: "write the schedule of the first failure, else of the first expected bug, for run --schedule",
};

const MOST_SCHEDULES = 10_000;
/** Interleavings after which signals are let in. */
const SLICE = 20;

export async function exploreCommand(args: Arguments, terminal: Terminal): Promise<Status> {
  const options = launchOptions(args, terminal.read);
  if ("error" in options) return complain(terminal, options.error);
  const color = first(args, COLOR) ?? "auto";
  if (!["auto", "always", "never"].includes(color))
    return complain(terminal, `--color ${color}: auto, always or never`);
  const most = first(args, SCHEDULES)?.replaceAll("_", "") ?? `${MOST_SCHEDULES}`;
  if (!/^[1-9]\d{0,9}$/.test(most)) return complain(terminal, `--schedules ${most}: a whole number above 0 is needed`);
  const save = first(args, SAVE);
  if (args.files.length === 0) return complain(terminal, "no file is given: mshare explore FILE…");
  if (save !== undefined && args.files.length > 1) return complain(terminal, "--save takes the schedule of one file");
  const until = has(args, ALL) ? "end" : "failure";
  let status: Status = STATUS.ok;
  for (const [i, program] of args.files.entries()) {
    const outcome = await exploreFile({ ...options, program, schedules: Number(most), until }, terminal);
    if ("refused" in outcome) {
      const { message, diagnostics } = outcome;
      if (has(args, JSON_OUT)) terminal.out(jsonLine({ file: program, verdict: "refused", message, diagnostics }));
      else terminal.error(`${refusalText(outcome)}\n`);
      status = worse(status, STATUS.refused);
      continue;
    }
    const { schedule, verdict } = outcome;
    const saved = save !== undefined && schedule !== undefined;
    const problem = saved ? terminal.write(save, `${schedule}\n`) : undefined;
    if (problem !== undefined) return complain(terminal, `--save ${save}: ${problem}`);
    if (has(args, JSON_OUT)) terminal.out(jsonLine(outcome));
    else if (!has(args, QUIET) || verdict !== "pass") {
      if (i > 0) terminal.out("\n");
      const again = saved ? `mshare run ${program} --schedule ${save}` : undefined;
      terminal.out(explorationText(outcome, styleOf(color, terminal), again));
    }
    status = worse(status, terminal.interrupted() ? STATUS.interrupted : STATUSES[verdict]);
    if (terminal.interrupted()) break;
  }
  return status;
}

const STATUSES: Readonly<Record<ExplorationReport["verdict"], Status>> = {
  pass: STATUS.ok,
  fail: STATUS.failed,
  limit: STATUS.limit,
};

async function exploreFile(options: Parameters<typeof openExploration>[1], terminal: Terminal) {
  const root = options.program.startsWith("/") ? undefined : "";
  const exploration = openExploration({ ...terminal, root }, options);
  if ("refused" in exploration) return exploration;
  try {
    while (!exploration.advance(SLICE) && !terminal.interrupted()) {
      await terminal.breathe();
      const { schedules, waiting } = exploration;
      if (terminal.progress)
        terminal.error(`\r${options.program}: ${schedules} interleavings, ${waiting} more known\u001b[K`);
    }
    if (terminal.progress) terminal.error("\r\u001b[K");
    return exploration.report();
  } finally {
    exploration.close();
  }
}

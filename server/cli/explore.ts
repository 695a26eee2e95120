// mshare explore FILE…
import { explorationText, openExploration, type Refusal } from "../../sim/session.ts";
import type { Arguments, OptionRule } from "./arguments.ts";
import { complain, eachFile, hostFor, type Outcome } from "./each_file.ts";
import { first, has, launchOptions } from "./options.ts";
import type { Status, Terminal } from "./terminal.ts";

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
  const most = first(args, SCHEDULES)?.replaceAll("_", "") ?? `${MOST_SCHEDULES}`;
  if (!/^[1-9]\d{0,9}$/.test(most)) return complain(terminal, `--schedules ${most}: a whole number above 0 is needed`);
  const save = first(args, SAVE);
  if (args.files.length === 0) return complain(terminal, "no file is given: mshare explore FILE…");
  if (save !== undefined && args.files.length > 1) return complain(terminal, "--save takes the schedule of one file");
  const search = { ...options, schedules: Number(most), until: has(args, ALL) ? "end" : "failure" } as const;
  return eachFile(args, terminal, (program) => exploreFile({ ...search, program }, save, terminal));
}

async function exploreFile(
  options: Parameters<typeof openExploration>[1],
  save: string | undefined,
  terminal: Terminal,
): Promise<Outcome | Refusal | string> {
  const { program } = options;
  const exploration = openExploration(hostFor(terminal, program), options);
  if ("refused" in exploration) return exploration;
  try {
    while (!exploration.advance(SLICE) && !terminal.interrupted()) {
      await terminal.breathe();
      const { schedules, waiting } = exploration;
      if (terminal.progress) terminal.error(`\r${program}: ${schedules} interleavings, ${waiting} more known\u001b[K`);
    }
    if (terminal.progress) terminal.error("\r\u001b[K");
  } finally {
    exploration.close();
  }
  const report = exploration.report();
  if ("refused" in report) return report;
  if (save === undefined || report.schedule === undefined)
    return { report, text: (style) => explorationText(report, style, undefined) };
  const problem = terminal.write(save, `${report.schedule}\n`);
  if (problem !== undefined) return `--save ${save}: ${problem}`;
  return { report, text: (style) => explorationText(report, style, `mshare run ${program} --schedule ${save}`) };
}

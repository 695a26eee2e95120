// mshare conform FILE…: Linux itself judges the simulated kernel.
import { type Comparison, exportScenarios, type RealMachine, type Refusal } from "../../sim/session.ts";
import type { Arguments, OptionRule } from "./arguments.ts";
import { conformRandom } from "./conform_random.ts";
import { judgeScenarios } from "./conform_run.ts";
import type { RandomKind } from "./conform_slice.ts";
import { differencesText, isJudge, isUnmet, machineText, notComparedText } from "./conform_text.ts";
import type { Judged } from "./conform_verdict.ts";
import { complain, refusalText, worse } from "./each_file.ts";
import { jsonLine } from "./json.ts";
import { first, has, JSON_OUT, QUIET } from "./options.ts";
import { STATUS, type Status, type Terminal } from "./terminal.ts";

export const RANDOM: OptionRule = { name: "random", value: "N", doc: "N random programs instead of files" };
export const SEED: OptionRule = { name: "seed", value: "S", doc: "the first of them (default 1)" };
export const WORKERS: OptionRule = {
  name: "workers",
  value: "N",
  doc: "processes that judge random programs at once (default: one a processor); the result is the same",
};
export const HUGETLB: OptionRule = { name: "hugetlb", doc: "with --random: programs that use huge pages" };

export const LARGE: OptionRule = {
  name: "large",
  doc: "with --random: programs with 5 to 12 processes and 60 to 200 calls",
};

export const GROUPS: OptionRule = {
  name: "groups",
  doc: "with --random: programs in control groups (root, a memory controller)",
};

/** Kinds of random programs beside the usual ones. */
const KINDS = [HUGETLB, LARGE, GROUPS];

export async function conformCommand(args: Arguments, terminal: Terminal): Promise<Status> {
  const random = first(args, RANDOM);
  for (const rule of [SEED, WORKERS])
    if (random === undefined && first(args, rule) !== undefined)
      return complain(terminal, `--${rule.name} goes with --random N`);
  for (const rule of KINDS)
    if (random === undefined && has(args, rule)) return complain(terminal, `--${rule.name} goes with --random N`);
  if (random !== undefined && args.files.length > 0)
    return complain(terminal, "--random N makes its own programs; no files go with it");
  if (random !== undefined) {
    const [count, seed] = [Number(random), Number(first(args, SEED) ?? "1")];
    // There is one pool of huge pages: programs that want it come one after the other.
    const most = has(args, HUGETLB) ? 1 : (terminal.native?.processors ?? 1);
    const workers = Number(first(args, WORKERS) ?? most);
    const isCount = (number: number) => Number.isSafeInteger(number) && number >= 1;
    if (!isCount(count) || !isCount(workers) || !Number.isSafeInteger(seed) || seed < 0)
      return complain(terminal, "--random N --seed S --workers W take whole numbers");
    return conformRandom(terminal, {
      count,
      seed,
      workers,
      json: has(args, JSON_OUT),
      programs: (KINDS.find((rule) => has(args, rule))?.name ?? "any") as RandomKind,
    });
  }
  if (args.files.length === 0) return complain(terminal, "no file is given: mshare conform FILE…");
  let status: Status = STATUS.ok;
  for (const file of args.files) {
    status = worse(status, await conformFile(terminal, file, args));
    if (terminal.interrupted()) return STATUS.interrupted;
  }
  return status;
}

async function conformFile(terminal: Terminal, program: string, args: Arguments): Promise<Status> {
  const exported = exportScenarios(terminal, [{ program }]);
  if ("refused" in exported) return unusable(terminal, program, exported, args);
  const judged = await judgeScenarios(terminal, [{ program }], terminal, "everything");
  if (typeof judged === "string") return unusable(terminal, program, { message: judged }, args);
  const [one] = judged;
  if (one!.failure !== undefined) return unusable(terminal, program, { message: one!.failure }, args);
  const { comparison, machine } = one as Required<Judged>;
  const isMatch = comparison.differences.length === 0;
  const counts = isJudge(machine, comparison.version);
  const verdict = isMatch ? "agree" : counts ? "differ" : "not judged";
  if (has(args, JSON_OUT)) terminal.out(jsonLine({ file: program, verdict, machine, ...comparison }));
  else if (!has(args, QUIET) || verdict === "differ")
    terminal.out(fileText(program, terminal.read(program) ?? "", comparison, machine, verdict));
  return verdict === "differ" ? STATUS.failed : STATUS.ok;
}

function fileText(file: string, text: string, comparison: Comparison, machine: RealMachine, verdict: string): string {
  const { statements, version, differences } = comparison;
  const head = `${file}: ${statements} statements on ${machineText(machine)}\n`;
  const said = {
    agree: `  agrees with the simulated Linux ${version}\n`,
    differ: differences.every(isUnmet)
      ? `  agrees with the simulated Linux ${version}, but neither does what the scenario asks for\n`
      : "  DIFFERS\n",
    "not judged": `  differs, but this kernel is not the simulated ${version}: that is no mistake of either\n`,
  }[verdict];
  const table = differences.length > 0 ? differencesText(file, text, differences) : "";
  return head + said + table + notComparedText(comparison);
}

function unusable(
  terminal: Terminal,
  file: string,
  { message, diagnostics = [] }: Pick<Refusal, "message"> & Partial<Refusal>,
  args: Arguments,
): Status {
  if (has(args, JSON_OUT)) terminal.out(jsonLine({ file, verdict: "refused", message, diagnostics }));
  else terminal.error(`${refusalText({ message, diagnostics })}\n`);
  return STATUS.refused;
}

// mshare conform --random N: random programs, judged by several processes at once; the findings in order of their seeds.
import { notComparedHere } from "../../sim/session.ts";
import { type Finding, judgeSlice, type RandomKind, type Slice } from "./conform_slice.ts";
import { differencesText, isJudge, machineText } from "./conform_text.ts";
import { complain } from "./each_file.ts";
import { jsonLine } from "./json.ts";
import { STATUS, type Status, type Terminal } from "./terminal.ts";

/** Programs that one process judges before it ends and gives back what it has gathered. */
const SLICE = 500;

/** Programs after which a run says how far it is where standard error is no terminal. */
const MILESTONE = 2000;

/** Waiting until they stand still would take longer than all the rest. */
const NOT_IN_RANDOM = "/proc/meminfo and /proc/vmstat: only for files that are given by name";

export interface RandomRun {
  readonly count: number;
  /** The first seed. */
  readonly seed: number;
  /** Processes that judge at once. */
  readonly workers: number;
  readonly json: boolean;
  /** Which kind of programs. */
  readonly programs: RandomKind;
}

interface Sum {
  programs: number;
  statements: number;
  differing: number;
  failures: number;
  unsteady: number;
  machine?: Slice["machine"];
  version: string;
}

export async function conformRandom(terminal: Terminal, run: RandomRun): Promise<Status> {
  const sum: Sum = { programs: 0, statements: 0, differing: 0, failures: 0, unsteady: 0, version: "" };
  const progress = progressOf(terminal, run);
  const slices = slicesOf(run);
  const self = terminal.native?.self;
  const alone = run.workers === 1 || !self || slices.length === 1;
  const judge = (slice: RandomRun) =>
    alone ? judgeSlice(terminal, slice, progress.add) : judgeElsewhere(self, slice, progress.add);
  let problem: string | undefined;
  await inOrder(slices, alone ? 1 : run.workers, judge, (slice, result) => {
    if (typeof result === "string") {
      problem ??= result;
      return true;
    }
    gather(sum, result);
    progress.clear();
    for (const finding of result.findings) tell(terminal, finding, run.json);
    return terminal.interrupted() || result.programs < slice.count;
  });
  progress.clear();
  if (problem !== undefined) return complain(terminal, problem);
  const judges = sum.machine !== undefined && isJudge(sum.machine, sum.version);
  if (run.json) terminal.out(jsonLine(totals(sum, run, judges)));
  else terminal.out(summary(sum, run, judges));
  if (terminal.interrupted()) return STATUS.interrupted;
  if (sum.failures > 0) return STATUS.refused;
  return sum.differing > 0 && judges ? STATUS.failed : STATUS.ok;
}

function slicesOf(run: RandomRun): RandomRun[] {
  const size = run.workers > 1 ? Math.min(SLICE, Math.ceil(run.count / run.workers)) : run.count;
  return Array.from({ length: Math.ceil(run.count / size) }, (_, i) => ({
    ...run,
    seed: run.seed + i * size,
    count: Math.min(size, run.count - i * size),
  }));
}

/** Does `work` on all items, so many at a time, and hands the results over in order; `use` gives true to end it. */
async function inOrder<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
  use: (item: T, result: R) => boolean | undefined,
): Promise<void> {
  const results = new Map<number, R>();
  let [next, told, ended] = [0, 0, false];
  const worker = async () => {
    while (next < items.length && !ended) {
      const at = next++;
      results.set(at, await work(items[at]!));
      for (; results.has(told); told++) {
        ended = use(items[told]!, results.get(told)!) || ended;
        results.delete(told);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

type Self = NonNullable<NonNullable<Terminal["native"]>["self"]>;

/** The same command in a process of its own. */
async function judgeElsewhere(self: Self, run: RandomRun, done: (programs: number) => void): Promise<Slice | string> {
  const { count, seed, programs: kind } = run;
  const { status, out, error } = await self([
    "conform",
    "--random",
    `${count}`,
    "--seed",
    `${seed}`,
    "--workers",
    "1",
    "--json",
    ...(kind === "any" ? [] : [`--${kind}`]),
  ]);
  const lines = out.split("\n").filter((line) => line.startsWith("{"));
  const read = lines.map((line) => JSON.parse(line) as Partial<Finding> & Omit<Slice, "findings">);
  const last = read.pop();
  if (last?.programs === undefined) return error.trim() || `the process for seed ${seed} ended with ${status}`;
  done(last.programs);
  const { programs, statements, version, machine } = last;
  return { findings: read as Finding[], programs, statements, version, ...(machine ? { machine } : {}) };
}

function gather(sum: Sum, { findings, programs, statements, machine, version }: Slice): void {
  sum.programs += programs;
  sum.statements += statements;
  sum.machine ??= machine;
  sum.version ||= version;
  for (const finding of findings) {
    if (finding.failure !== undefined) sum.failures++;
    else if (finding.unsteady !== undefined) sum.unsteady++;
    else sum.differing++;
  }
}

function tell(terminal: Terminal, finding: Finding, json: boolean): void {
  const { seed, scenario, differences, failure, unsteady } = finding;
  if (json) terminal.out(jsonLine(finding));
  else if (failure !== undefined) terminal.error(`mshare: seed ${seed}: ${failure}\n`);
  else if (unsteady !== undefined) terminal.out(`seed ${seed} differed in one run and not in another: ${unsteady}\n`);
  else
    terminal.out(
      `seed ${seed} differs:\n${differencesText(`seed-${seed}.mshare`, scenario!, differences!)}\n${scenario}\n`,
    );
}

/** Says on standard error how far a run is: always where that is a terminal, else now and then. */
function progressOf(terminal: Terminal, { count, seed }: RandomRun) {
  let [programs, milestone] = [0, MILESTONE];
  return {
    add(more: number) {
      programs += more;
      if (terminal.progress) terminal.error(`\r${programs} of ${count} programs`);
      else if (programs >= milestone) {
        terminal.error(`${programs} of ${count} programs from seed ${seed}\n`);
        milestone = programs + MILESTONE;
      }
    },
    clear() {
      if (terminal.progress) terminal.error("\r\u001b[K");
    },
  };
}

const totals = (
  { programs, statements, differing, failures, unsteady, machine, version }: Sum,
  run: RandomRun,
  judge: boolean,
) => ({
  programs,
  statements,
  differing,
  failures,
  unsteady,
  seed: run.seed,
  next: run.seed + programs,
  kernel: machine?.kernel,
  machine,
  version,
  judge,
});

function summary(
  { programs, statements, differing, failures, unsteady, machine, version }: Sum,
  run: RandomRun,
  judge: boolean,
): string {
  if (!machine) return "no program has run\n";
  const seeds = `seeds ${run.seed} to ${run.seed + programs - 1}`;
  const head = `${programs} random programs, ${seeds}, ${statements} statements, on ${machineText(machine)}\n`;
  const lines = [
    `${differing === 0 ? "all agree" : `${differing} differ`} with the simulated Linux ${version}`,
    ...(unsteady > 0 ? [`${unsteady} of them differed in one run and not in another`] : []),
    ...(failures > 0 ? [`${failures} could not be run`] : []),
    ...(judge ? [] : [`this kernel is not the simulated ${version}: differences are no mistakes`]),
    ...[NOT_IN_RANDOM, ...notComparedHere(machine)].map((what) => `not compared: ${what}`),
    ...(programs < run.count ? [`ended early: --seed ${run.seed + programs} goes on`] : []),
  ];
  return `${head}${lines.map((line) => `  ${line}\n`).join("")}`;
}

// Which of the differences between the simulator and the machine are the kernel's: what a busy machine has disturbed is asked
// for again, and what others on it changed does not count.
import { type Comparison, type Difference, isMachineWide, type RealMachine } from "../../sim/session.ts";

export interface Judged {
  readonly comparison?: Comparison;
  readonly machine?: RealMachine;
  /** Why there is no comparison. */
  readonly failure?: string;
  /** What differed in one run and not in another. */
  readonly unsteady?: string;
}

/** Runs of which most must show the same wrong counter of the whole machine before it is the kernel's. */
const TRIES = 12;

/** Runs after which one that is another each time is given up. */
const ENOUGH = 5;

/** Milliseconds between two of them, growing: who does the same thing over and over is out of step in the end. */
const PAUSE = 30;

/** Runs that must show any other difference: reclaim, for one, is not the same every time. */
const AGAIN = 3;

/**
 * The answer for one scenario, after as many runs as it takes.
 * @param once runs it on the machine and compares
 * @param ran what a run before has given
 */
export async function verdict(once: () => Promise<Judged>, ran?: Judged): Promise<Judged> {
  // What a busy machine has ended, or disturbed, may come through the next time.
  const again = async (before?: Judged) => {
    let judged = before ?? (await once());
    for (let tries = 1; tries < AGAIN && judged.failure !== undefined; tries++) judged = await once();
    return judged;
  };
  const first = await again(ran);
  let judged = first;
  for (let tries = 1; tries < AGAIN && differs(judged) && !onlyMachineWide(judged); tries++)
    judged = withoutDisturbed(await again(), judged);
  if (differs(first) && !onlyMachineWide(first) && judged.comparison && !differs(judged))
    return unsteady(judged, first.comparison!.differences[0]!.what);
  return withoutOthers(judged, () => again());
}

const differs = ({ comparison }: Judged): boolean => (comparison?.differences.length ?? 0) > 0;

const onlyMachineWide = (judged: Judged): boolean =>
  differs(judged) && judged.comparison!.differences.every(isMachineWide);

/** Beside what differs anyway, a counter of the whole machine counts only if it was as wrong the time before. */
function withoutDisturbed(judged: Judged, before: Judged): Judged {
  if (!differs(judged) || onlyMachineWide(judged)) return judged;
  const wrong = new Map(before.comparison?.differences.map(({ what, real }) => [what, real]));
  const differences = judged.comparison!.differences.filter(
    (one) => !isMachineWide(one) || wrong.get(one.what) === one.real,
  );
  return { ...judged, comparison: { ...judged.comparison!, differences } };
}

/**
 * What differs in counters of the whole machine only: the same wrong number in most runs is this kernel's own, now this one
 * and now that one are others' doing, and a line that has agreed once has been compared.
 */
async function withoutOthers(first: Judged, again: () => Promise<Judged>): Promise<Judged> {
  const runs = [first];
  const open = () => linesAlwaysWrong(runs);
  const worthMore = () =>
    runs.length < TRIES && open().some((line) => runs.length < ENOUGH || usualDifference(line, runs));
  while (onlyMachineWide(runs.at(-1)!) && worthMore()) {
    await new Promise((done) => setTimeout(done, runs.length * PAUSE));
    runs.push(await again());
  }
  const judged = runs.at(-1)!;
  if (!judged.comparison || (differs(judged) && !onlyMachineWide(judged))) return judged;
  const wrong = open().flatMap((line) => usualDifference(line, runs) ?? []);
  const others = open().filter((line) => !wrong.some(({ what }) => what === line));
  const settled = { ...judged, comparison: { ...judged.comparison, differences: wrong } };
  return others.length === 0
    ? settled
    : withNote(settled, `${others.join(", ")}, which others on this machine changed at the same time`);
}

const differencesOf = ({ comparison }: Judged): readonly Difference[] => comparison?.differences ?? [];

const linesAlwaysWrong = ([first, ...more]: readonly Judged[]): string[] =>
  differencesOf(first!)
    .map(({ what }) => what)
    .filter((line) => more.every((run) => differencesOf(run).some(({ what }) => what === line)));

/** The difference that more than half of the runs show. */
function usualDifference(line: string, runs: readonly Judged[]): Difference | undefined {
  const seen = runs.flatMap((run) => differencesOf(run).filter(({ what }) => what === line));
  return seen.find(({ real }) => seen.filter((one) => one.real === real).length > runs.length / 2);
}

function withNote(judged: Judged, note: string): Judged {
  const comparison = judged.comparison!;
  return { ...judged, comparison: { ...comparison, notCompared: [...comparison.notCompared, note] } };
}

const unsteady = (judged: Judged, what: string): Judged => ({
  ...withNote(judged, `${what}, which differed in one run and not in another`),
  unsteady: what,
});

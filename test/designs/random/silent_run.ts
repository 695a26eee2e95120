// One random scenario, run to its end: what detectors say of it, which with every fix should be nothing.
import { findDesign } from "../../../sim/designs/registry.ts";
import { openRun } from "../../../sim/session/open_run.ts";
import { type SharingDesign, sharingScenario } from "./sharing_scenario.ts";

/** How often it did what the run is worth something for. */
export type Worth = Readonly<Record<(typeof WORTH)[number], number>>;

export const WORTH = [
  "shared faults",
  "munmaps",
  "forks",
  "flushes",
  "IPIs",
  "pages freed",
  "told notifiers",
  "guest accesses",
  "signals",
] as const;

export interface SilentRun {
  readonly text: string;
  /** Reports, statements that could not be done, or why it did not run. */
  readonly problems: readonly string[];
  /** The kinds of the reports. */
  readonly kinds: readonly string[];
  readonly worth: Worth;
}

/** The same scenario with five levels: what lay in an entry of the top-level table does so again, above 47 bits. */
const onFiveLevels = (text: string): string =>
  text
    .replace(/\b(\d+)TiB/g, (_, n: string) => `${Number(n) * 256}TiB`)
    .replaceAll("512GiB", "256TiB")
    .replace("machine { ", "machine { levels: 5, ");

/** Steps after which a scenario of a few dozen calls makes no progress. */
const MOST_STEPS = 2_000_000;

/** The known bugs of a design that detectors can find. */
export const findable = (design: SharingDesign): readonly string[] =>
  findDesign(design)!.bugs.flatMap(({ id, kinds }) => (kinds.length > 0 ? [id] : []));

/** Every fix of a design but one. */
export const allBut = (design: SharingDesign, bug: string): string =>
  `[${findDesign(design)!
    .bugs.flatMap(({ id }) => (id === bug ? [] : [id]))
    .join(", ")}]`;

interface Otherwise {
  /** What stands behind `fixes:`; all. */
  readonly fixes?: string;
  /** Of page tables; 4. */
  readonly levels?: 4 | 5;
}

export function silentRun(
  design: SharingDesign,
  seed: number,
  { fixes = "all", levels = 4 }: Otherwise = {},
): SilentRun {
  const four = sharingScenario(design, seed, fixes);
  const text = levels === 5 ? onFiveLevels(four) : four;
  const run = openRun({ read: () => text }, { program: "silent.mshare", maxSteps: MOST_STEPS });
  if ("refused" in run) {
    const errors = run.diagnostics.filter(({ severity }) => severity === "error");
    const problems = [run.message, ...errors.map(({ line, message }) => `line ${line}: ${message}`)];
    return { text, problems, kinds: [], worth: worthOf({}, []) };
  }
  while (!run.advance(1_000_000));
  const { bugs, statements, events, verdict } = run.report();
  return {
    text,
    problems: [
      ...(verdict === "limit" || run.steps >= MOST_STEPS ? [`no end after ${run.steps} steps`] : []),
      ...bugs.map(({ kind, message, line }) => `line ${line}: ${kind}: ${message}`),
      ...statements.filter(({ ok }) => !ok).map(({ line, call, problem }) => `line ${line}: ${call}: ${problem}`),
    ],
    kinds: bugs.map(({ kind }) => kind),
    worth: worthOf(
      events,
      statements.filter(({ errno }) => errno === null).map(({ call }) => call),
    ),
  };
}

function worthOf(events: Readonly<Record<string, number>>, calls: readonly string[]): Worth {
  const count = (...names: string[]) => names.reduce((sum, name) => sum + (events[name] ?? 0), 0);
  const called = (name: string) => calls.filter((call) => call === name).length;
  return {
    "shared faults": count("pgd_same", "pmd_same"),
    munmaps: called("munmap"),
    forks: called("fork"),
    flushes: count("tlb_flush"),
    IPIs: count("ipi"),
    "pages freed": count("free_page"),
    "told notifiers": count("mmu_notifier_invalidate_range_start"),
    "guest accesses": count("guest_load", "guest_store"),
    signals: count("signal"),
  };
}

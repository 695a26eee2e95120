// What a comparison leaves out, on this machine or on any: said, not passed over.
import type { CheckedScenario } from "../scenario/check.ts";
import { visit } from "../scenario/visit.ts";
import type { RealMachine, RealRun } from "./observation.ts";

/** Options of `machine` and `kernel` that the file itself sets. */
export function declaredOptions(scenario: CheckedScenario): ReadonlySet<string> {
  return new Set(
    scenario.program.items.flatMap(({ item }) =>
      item.kind === "machine" || item.kind === "kernel-declaration" ? item.options.map(({ name }) => name.text) : [],
    ),
  );
}

export function notCompared(scenario: CheckedScenario, { machine, statements, machineWide }: RealRun): string[] {
  const left: string[] = [];
  const kinds = new Set<string>();
  const calls = new Set<string>();
  for (const { item } of scenario.program.items)
    visit(item, (node) => {
      if ("kind" in node) kinds.add(node.kind);
      if ("kind" in node && node.kind === "call-statement") calls.add(node.call.name.text);
    });
  const say = (when: boolean, what: string) => {
    if (when) left.push(what);
  };
  const processes = statements.flatMap((one) => Object.values(one.processes));
  say(
    kinds.has("parallel"),
    "interleavings of `parallel` blocks: on Linux each process goes on until it waits or is done, and while one waits only results are compared",
  );
  say(kinds.has("expect"), "`expect`: it reads the simulated machine");
  say(
    processes.some((one) => one && one.counters["faults"] === undefined),
    "hardware faults: perf is not permitted",
  );
  say(!machine.frames, "which pages are the same frame: frame numbers are only for root");
  say(!machine.root, "permissions of files: the simulated processes are root");
  say(
    machineWide === null && !machine.root,
    "/proc/meminfo and /proc/vmstat: only root can have them brought up to date",
  );
  say(!machine.scan, "pages of mappings above 1 GiB: this Linux has no PAGEMAP_SCAN");
  say(!machine.full, "pages and mappings after every statement: there are too many; at the end they are compared");
  say(machine.randomized, "addresses that the kernel chooses: their randomisation could not be switched off");
  say(machine.overcommit !== "0", `refusals of large mappings: vm.overcommit_memory is ${machine.overcommit}, not 0`);
  left.push(...notComparedHere(machine));
  const declared = declaredOptions(scenario);
  const own = (name: string) => Number(scenario.machine.get(name));
  say(declared.has("memory") && own("memory") !== machine.memory, "shortage of memory: the machines have not the same");
  say(declared.has("swap") && own("swap") !== machine.swap, "swap: the machines have not the same");
  say(scenario.machine.get("thp") !== "never", "transparent huge pages: they are switched off on Linux");
  const wanted = own("hugepages");
  const huge = `a pool of ${wanted} huge pages: this machine has ${machine.hugepages} free ones, and so had the simulated one`;
  say(wanted !== machine.hugepages && (wanted > 0 || machine.hugepages > 0), huge);
  say(calls.has("pagemap"), "frame numbers in what `pagemap` gives");
  return left;
}

/**
 * Whether Linux may read other pages ahead than the simulated one. On swap in memory it goes by addresses, which is the same
 * everywhere; for files Linux before 6.14 goes by slots there too, and on a disk it depends on what else is in swap and how quick that is.
 */
export function mayReadAheadOtherwise({ kernel, swap, readsAhead, swapDevice }: RealMachine): boolean {
  const [major = 0, minor = 0] = kernel.split(".").map(Number.parseFloat);
  const bySlot = swapDevice !== "zram" || major * 1000 + minor < 6014;
  return swap > 0 && readsAhead && bySlot;
}

/** What no scenario can show on a machine, for it changes that by itself. */
export function notComparedHere(machine: RealMachine): string[] {
  const { ages } = machine;
  const left: string[] = [];
  if (ages) left.push("Referenced of smaps where Linux has more of it: kdamond ages pages on this machine");
  if (mayReadAheadOtherwise(machine))
    left.push(
      "which faults on swapped pages are major: vm.page-cluster is not 0, and on this swap device Linux reads ahead what lies in neighbouring slots, or what was written may be there still; only their sum is compared",
    );
  return left;
}

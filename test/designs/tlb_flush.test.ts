// docs/tlb-flush.md: what each way to tell the sharers costs, measured here in both designs. TLB_FLUSH_TABLES=1 prints
// the tables for the page.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { findDesign } from "../../sim/designs/registry.ts";
import type { Driver } from "../kernel/harness.ts";
import * as mshare from "./mshare-v3/region.ts";
import * as ptshare from "./ptshare-v2/machine.ts";

const WAYS = ["none", "all", "mm_cpumask", "i_mmap", "single_mask", "mmu_notifier"];
const GUESTS = 8;
/** Two guests on each of four CPUs; then one process on each that shares nothing. */
const CPUS = [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3];
const PAGES = 16;
const FREE = 0x22; // MAP_PRIVATE|MAP_ANONYMOUS

/** The process that shares nothing and runs on a CPU. */
const stranger = (cpu: number): number => GUESTS + cpu;

const designs = {
  "mshare-v3": { start: mshare.START, size: mshare.SIZE, machine: mshare.mshareMachine, join: joinRegion },
  "ptshare-v2": { start: ptshare.START, size: ptshare.SIZE, machine: ptshare.ptshareMachine, join: joinFile },
};
type DesignName = keyof typeof designs;

function joinRegion(d: Driver, who: number): void {
  if (who === 0) mshare.region(d);
  else mshare.join(d, who);
}

function joinFile(d: Driver, who: number): void {
  d.call(who, "sys_mmap", ptshare.START, ptshare.SIZE, 3, ptshare.SHARED_PT, ptshare.open(d, who), 0);
}

interface Cost {
  readonly ipis: number;
  readonly full: number;
  readonly partial: number;
}

/** All but the one that would choose a way where the option says none. */
const otherFixes = (name: DesignName): Set<string> =>
  new Set(findDesign(name)!.bugs.flatMap(({ id }) => (id === "flush-sharers" ? [] : [id])));

/** Eight guests use 16 pages; on two of the CPUs strangers run now. Then `act`. */
function measure(
  name: DesignName,
  way: string,
  strangers: readonly number[],
  act: (d: Driver, start: number, size: number) => void,
): Cost {
  const { machine, join, start, size } = designs[name];
  const fixes = otherFixes(name);
  const d = machine(CPUS, { options: { tlb_flush: way }, cpus: 4, swap: 2 ** 26, fixes });
  for (let who = 0; who < GUESTS; who++) {
    join(d, who);
    d.touch(who, start, PAGES * 4096, "write");
  }
  for (const cpu of strangers) {
    const memory = d.call(stranger(cpu), "sys_mmap", 0, 4096, 3, FREE, -1, 0);
    d.touch(stranger(cpu), memory, 4096, "write");
  }
  const before = d.count("ipi");
  let full = 0;
  let partial = 0;
  const { system } = d;
  system.machine.listen("tlb_flush", () => {
    if ((system.machine.args[1] as number) < 0) full++;
    else partial++;
  });
  act(d, start, size);
  return { ipis: d.count("ipi") - before, full, partial };
}

const reclaim = (pages: number) => (d: Driver, start: number) => {
  assert.ok(d.call(0, "sys_madvise", start, pages * 4096, 21) === 0);
};

const acts: readonly (readonly [string, readonly number[], (d: Driver, start: number, size: number) => void])[] = [
  ["reclaim takes one page", [2, 3], reclaim(1)],
  ["reclaim takes 16 pages", [2, 3], reclaim(PAGES)],
  ["16 pages, a guest runs everywhere", [], reclaim(PAGES)],
  ["one guest unmaps", [2, 3], (d, start, size) => d.call(0, "sys_munmap", start, size)],
];

function table(name: DesignName): string[] {
  const lines = [
    `| ${name} | ${acts.map(([title]) => title).join(" | ")} |`,
    `| --- | ${acts.map(() => "---").join(" | ")} |`,
  ];
  for (const way of WAYS) {
    const cells = acts.map(([, strangers, act]) => {
      const { ipis, full, partial } = measure(name, way, strangers, act);
      return `${ipis} / ${full} / ${partial}`;
    });
    lines.push(`| \`${way}\` | ${cells.join(" | ")} |`);
  }
  return lines;
}

describe("ways to flush the sharers", function () {
  this.timeout(120_000);
  const page = readFileSync("docs/tlb-flush.md", "utf8");

  for (const name of Object.keys(designs) as DesignName[])
    it(`cost in ${name} what docs/tlb-flush.md says`, () => {
      const lines = table(name);
      if (process.env["TLB_FLUSH_TABLES"]) console.log(lines.join("\n"));
      else for (const line of lines) assert.ok(page.includes(line), line);
    });

  for (const name of Object.keys(designs) as DesignName[])
    for (const way of WAYS.slice(1))
      for (const pcid of [false, true])
        it(`${name}, ${way}, ${pcid ? "with" : "without"} PCIDs: nobody reads what was given up`, () => {
          const { machine, join, start } = designs[name];
          const fixes = otherFixes(name);
          const d = machine(CPUS, { options: { tlb_flush: way }, cpus: 4, pcid, swap: 2 ** 26, fixes });
          for (let who = 0; who < GUESTS; who++) {
            join(d, who);
            d.touch(who, start, 4096, "read");
          }
          d.call(0, "sys_madvise", start, 4096, 21);
          for (let who = 0; who < GUESTS; who++) {
            const faults = d.touch(who, start, 4096, "read");
            // The first one brings the page back; who runs now or has a PCID must not have found it in its TLB before.
            if (who === 0) assert.equal(faults, 1);
          }
          const present = d.system.straight.pagemap(d.task(7), start);
          for (let who = 0; who < GUESTS; who++) {
            d.call(who, "user_load", start);
            assert.equal(d.system.straight.mmu.pfn, present.pfn);
          }
        });
});

// Results of memory calls, and what /proc/PID/maps shows after them, against what Linux 6.18 did.
import assert from "node:assert/strict";
import { errnoName } from "../../../sim/kernel/uapi/errno.ts";
import * as mman from "../../../sim/kernel/uapi/mman.ts";
import { MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, MAP_SHARED } from "../../../sim/kernel/uapi/mman.ts";
import { type Driver, drive } from "../harness.ts";
import { errnoFacts, layoutFacts } from "./calls.ts";

const B = 2 ** 44;
const P = 4096;
const FIXED_ANONYMOUS = MAP_FIXED | MAP_ANONYMOUS;
const constants: Readonly<Record<string, number>> = {
  ...(mman as unknown as Readonly<Record<string, number>>),
  R: 1,
  RW: 3,
  NONE: 0,
  PRIVATE: MAP_PRIVATE | FIXED_ANONYMOUS,
  SHARED: MAP_SHARED | FIXED_ANONYMOUS,
  MAYMOVE: 1,
  FIXED: 3,
  DONTUNMAP: 7,
  DONTUNMAP_ANYWHERE: 5,
  vec: 0,
};

/** "B+4P", "-P", "2^60", "MADV_FREE": 64-bit unsigned, as the kernel gets it. */
function value(word: string): number {
  const known = constants[word];
  if (known !== undefined) return known;
  const power = /^2\^(\d+)$/.exec(word);
  if (power) return 2 ** Number(power[1]);
  const pages = /^(B?)([+-]?)(\d*)P$/.exec(word);
  const n = pages
    ? (pages[1] ? B : 0) + Number(pages[3] || 1) * (pages[2] === "-" ? -P : P)
    : word.startsWith("B")
      ? B + Number(word.slice(1) || 0)
      : Number(word);
  return n < 0 ? n + 2 ** 64 : n;
}

function shown(result: number): string {
  if (result < 0) return errnoName(-result);
  if (result < B || result >= B + 2 ** 36) return result >= 2 ** 32 ? "elsewhere" : String(result);
  return result === B ? "B" : `B+${(result - B) / P}P`;
}

/** The part of /proc/PID/maps that the facts are about. */
function layout(driver: Driver): string {
  const vmas = [...driver.task(0).mm!.mm_mt].filter((vma) => vma.vm_start >= B && vma.vm_start < B + 2 ** 36);
  const protection = (flags: number) => `${flags & 1 ? "r" : ""}${flags & 2 ? "w" : ""}` || "none";
  const one = (vma: (typeof vmas)[number]) =>
    `${(vma.vm_start - B) / P}+${(vma.vm_end - vma.vm_start) / P}${protection(vma.vm_flags)}${vma.vm_flags & 8 ? "s" : ""}`;
  return vmas.map(one).join(" ");
}

function run(driver: Driver, call: string): string {
  const [name, ...words] = call.split(" ") as [string, ...string[]];
  const args = words.map(value);
  if (name === "maps") return layout(driver);
  if (name === "map") return shown(driver.call(0, "sys_mmap", ...args, -1, 0));
  if (name === "touch") return String(driver.touch(0, args[0]!, args[1]!, "write"));
  return shown(driver.call(0, `sys_${name}`, ...args));
}

function check(title: string, facts: string): void {
  describe(title, () => {
    for (const block of facts.trim().split(/\n(?=\S)/)) {
      const [name, ...lines] = block.split("\n") as [string, ...string[]];
      it(name, () => {
        const driver = drive([0]);
        const seen = lines.map((line) => {
          const [call, expected] = line.split(" => ") as [string, string?];
          const result = run(driver, call.trim());
          return expected === undefined ? line : `${call} => ${result}`;
        });
        assert.deepEqual(seen, lines);
      });
    }
  });
}

check("results of memory calls, Linux 6.18", errnoFacts);
check("which mappings become one, Linux 6.18", layoutFacts);

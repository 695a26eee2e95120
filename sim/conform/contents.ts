// What is in the pages of the simulated processes, summed up as an exported program sums up real ones.
import { makeSwapEntry } from "../hardware/entry.ts";
import { type Memory, ONE_WORD, ZERO } from "../hardware/memory.ts";
import type { System } from "../kernel/boot.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { swap_block } from "../kernel/mm/swap_state.ts";
import type { Vma } from "../kernel/mm_types.ts";
import type { Roster } from "../scenario/run/roster.ts";
import type { ContentRun, Contents } from "./observation.ts";

/** After the last statement. */
export function contentsOf(system: System, roster: Roster): Contents {
  const { straight: k } = system;
  const all: Record<string, readonly ContentRun[]> = {};
  roster.members.forEach(({ name, processOf }, i) => {
    const { mm, started, exit_state } = system.taskOf(system.threads[i]!);
    if (processOf !== i || !mm || !started || exit_state !== 0) return;
    const runs: [number, number, number][] = [];
    for (const vma of mm.mm_mt as Iterable<Vma>)
      k.pagemap_range(mm, vma.vm_start, vma.vm_end, (address, raw) => add(runs, address / 4096, sumOf(k, raw)));
    all[name] = runs;
  });
  return all;
}

function add(runs: [number, number, number][], page: number, sum: number): void {
  if (sum === 0) return;
  const last = runs.at(-1);
  if (last && last[2] === sum && last[0] + last[1] === page) last[1]++;
  else runs.push([page, 1, sum]);
}

/** Of what an entry of pagemap leads to; -1: to no page. */
function sumOf(k: Kernel, raw: bigint): number {
  if (raw >> 63n) return frameSum(k.memory, Number(raw & ((1n << 55n) - 1n)));
  if (!((raw >> 62n) & 1n)) return 0;
  const [type, slot] = [Number(raw & 31n), Number((raw & ((1n << 55n) - 1n)) >> 5n)];
  if (type !== 0) return -1;
  return frameSum(k.memory, k.swap_cache_get_folio(makeSwapEntry(type, slot))?.slot ?? swap_block(k, slot));
}

/** Of 512 words; 0 where all are 0. */
function frameSum(memory: Memory, pfn: number): number {
  const { contents, word_at } = memory.frame(pfn);
  if (contents === ZERO) return 0;
  if (contents === ONE_WORD) return wordSum(memory, pfn, word_at);
  let sum = 0;
  for (let i = 0; i < 512; i++) sum = (sum + wordSum(memory, pfn, i)) >>> 0;
  return sum;
}

function wordSum(memory: Memory, pfn: number, index: number): number {
  memory.readWord(pfn, index);
  const { low, high } = memory;
  if (low === 0 && high === 0) return 0;
  let mixed = low ^ Math.imul(index + 1, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b) ^ high;
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

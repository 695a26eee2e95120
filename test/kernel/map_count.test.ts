// vm.max_map_count (65530): from how many mappings on a call fails, and what it has done by then. The numbers are those of a C
// program on Linux 6.18.44, which made so many mappings and did each call in a child of its own, at 65520 to 65531 of them.
import assert from "node:assert/strict";
import { ENOMEM } from "../../sim/kernel/uapi/errno.ts";
import { drive } from "./harness.ts";

const TIB = 2 ** 40;
const MIB = 2 ** 20;
const PAGE = 4096;
const MAP_PRIVATE_ANON_FIXED = 0x32;
const MAP_NORESERVE = 0x4000;
const READ = 1;
const RW = 3;
const [MAYMOVE, FIXED, DONTUNMAP] = [1, 2, 4];

/** By call: its name and arguments, from which count on it fails, and how many mappings more there are where it succeeds. */
const calls: Record<string, readonly [name: string, args: readonly number[], from: number, more: number]> = {
  "mremap grows a page in the midst": ["sys_mremap", [TIB + 700 * MIB, PAGE, 2 * PAGE, MAYMOVE], 65527, 2],
  "mremap shrinks in the midst": ["sys_mremap", [TIB + 700 * MIB, 2 * PAGE, PAGE, MAYMOVE], 65530, 1],
  "mremap moves a whole one": ["sys_mremap", [4 * TIB, PAGE, PAGE, MAYMOVE | FIXED, 3 * TIB], 65525, 0],
  "mremap moves from the midst": ["sys_mremap", [TIB + 900 * MIB, PAGE, PAGE, MAYMOVE | FIXED, 3 * TIB], 65525, 2],
  "mremap moves into the midst": ["sys_mremap", [4 * TIB, PAGE, PAGE, MAYMOVE | FIXED, TIB + 900 * MIB], 65525, 1],
  "mremap leaves the old one": ["sys_mremap", [4 * TIB, PAGE, PAGE, MAYMOVE | FIXED | DONTUNMAP, 3 * TIB], 65525, 1],
  "mremap grows where it is": ["sys_mremap", [4 * TIB, PAGE, 2 * PAGE, 0], Number.POSITIVE_INFINITY, 0],
  "mremap shrinks and moves": ["sys_mremap", [6 * TIB, 4 * PAGE, 2 * PAGE, MAYMOVE | FIXED, 3 * TIB], 65525, 0],
  "munmap in the midst": ["sys_munmap", [6 * TIB + PAGE, PAGE], 65530, 1],
  "munmap at the end": ["sys_munmap", [6 * TIB + 2 * PAGE, 2 * PAGE], Number.POSITIVE_INFINITY, 0],
  "mprotect in the midst": ["sys_mprotect", [6 * TIB + PAGE, PAGE, RW], 65529, 2],
  "mprotect at the end": ["sys_mprotect", [6 * TIB + 2 * PAGE, 2 * PAGE, RW], 65530, 1],
  mmap: ["sys_mmap", [3 * TIB, PAGE, READ, MAP_PRIVATE_ANON_FIXED, -1, 0], 65531, 1],
  "mmap into the midst": ["sys_mmap", [6 * TIB + PAGE, PAGE, RW, MAP_PRIVATE_ANON_FIXED, -1, 0], 65530, 2],
};

/** Three mappings, and the number of mappings set to `count`: nothing else is looked at. */
function outcome(
  name: string,
  args: readonly number[],
  count: number,
): { readonly result: number; readonly more: number } {
  const driver = drive([0]);
  driver.call(0, "sys_mmap", TIB, 1024 * MIB, RW, MAP_PRIVATE_ANON_FIXED | MAP_NORESERVE, -1, 0);
  driver.call(0, "sys_mmap", 4 * TIB, PAGE, READ, MAP_PRIVATE_ANON_FIXED, -1, 0);
  driver.call(0, "sys_mmap", 6 * TIB, 4 * PAGE, READ, MAP_PRIVATE_ANON_FIXED, -1, 0);
  const mm = driver.task(0).mm!;
  mm.map_count = count;
  const result = driver.call(0, name, ...args);
  return { result, more: mm.map_count - count };
}

describe("with as many mappings as there may be", () => {
  for (const [title, [name, args, from, more]] of Object.entries(calls))
    it(`${title}: ${from === Number.POSITIVE_INFINITY ? "always succeeds" : `fails from ${from} on`}`, () => {
      for (let count = 65520; count <= 65531; count++) {
        const found = outcome(name, args, count);
        assert.equal(found.result === -ENOMEM, count >= from, `${count} mappings: ${found.result}`);
        // The first of two splits is not taken back.
        const left = title === "mprotect in the midst" && count === 65529 ? 1 : 0;
        assert.equal(found.more, count >= from ? left : more, `${count} mappings`);
      }
    });
});

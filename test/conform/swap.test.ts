// Swapped pages, private and shared, held against a real Linux that swaps to zram: set up here, undone after.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { mayReadAheadOtherwise } from "../../sim/conform/not_compared.ts";
import type { RealMachine } from "../../sim/conform/observation.ts";
import { lockMachine } from "../machine_lock.ts";
import { mshare, shared, skipWithoutCompiler } from "./machine.ts";
import { readingAhead, zramSwap } from "./zram.ts";

const folder = "test/scenarios/conform-swap";
const PROGRAMS = 60;
const AHEAD = 40;

describe("mshare conform with swap", () => {
  let unlock: (() => Promise<void>) | undefined;
  let undo: (() => void) | undefined;

  before(async function () {
    await skipWithoutCompiler.call(this);
    this.timeout(900_000);
    unlock = await lockMachine();
    const swap = zramSwap(512);
    if (typeof swap !== "string") {
      undo = swap;
      return;
    }
    console.log(`\n  conform with swap: skipped, ${swap}`);
    this.skip();
  });
  after(async function () {
    this.timeout(60_000);
    undo?.();
    await unlock?.();
  });

  for (const name of readdirSync(folder))
    it(`agrees on ${name}`, async function () {
      this.timeout(120_000);
      const { status, out, error } = await mshare(["conform", "--json", `${folder}/${name}`]);
      assert.equal(status, 0, out + error);
      assert.ok(JSON.parse(out).machine.swap > 0, "there is swap");
    });

  for (const name of readdirSync(folder))
    it(`agrees on ${name} where Linux reads ahead, fault by fault`, async function () {
      this.timeout(120_000);
      const { status, out, error } = await readingAhead(() => mshare(["conform", "--json", `${folder}/${name}`]));
      assert.equal(status, 0, out + error);
      const { machine, notCompared } = JSON.parse(out) as { machine: RealMachine; notCompared: string[] };
      assert.deepEqual([machine.readsAhead, machine.pageCluster, machine.swapDevice], [true, 3, "zram"]);
      // Where only the sum of both kinds of faults is compared, it says so.
      const bySum = notCompared.some((what) => /vm\.page-cluster/.test(what));
      assert.equal(bySum, mayReadAheadOtherwise(machine));
    });

  it(`${AHEAD} random programs agree where Linux reads ahead`, async function () {
    this.timeout(600_000);
    const { status, out, error } = await readingAhead(() =>
      mshare(["conform", "--random", `${AHEAD}`, "--seed", "30501"], {}, shared),
    );
    assert.equal(status, 0, out + error);
  });

  it(`${PROGRAMS} random programs agree`, async function () {
    this.timeout(600_000);
    const { status, out, error } = await mshare(["conform", "--random", `${PROGRAMS}`, "--seed", "30001"], {}, shared);
    assert.equal(status, 0, out + error);
  });
});

// Swapped pages, private and shared, held against a real Linux that swaps to zram: set up here, undone after.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import type { RealMachine } from "../../sim/conform/observation.ts";
import { lockMachine } from "../machine_lock.ts";
import { mshare, shared, skipWithoutCompiler } from "./machine.ts";
import { readingAhead, zramSwap } from "./zram.ts";

const folder = "test/scenarios/conform-swap";
const PROGRAMS = 60;

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

  it("compares minor and major faults as a sum where Linux reads ahead, and says so", async function () {
    this.timeout(120_000);
    const { status, out, error } = await readingAhead(() =>
      mshare(["conform", "--json", `${folder}/read-ahead.mshare`]),
    );
    assert.equal(status, 0, out + error);
    const { machine, notCompared } = JSON.parse(out) as { machine: RealMachine; notCompared: string[] };
    assert.equal(machine.readsAhead, true);
    assert.ok(notCompared.some((what) => /vm\.page-cluster/.test(what)));
  });

  it(`${PROGRAMS} random programs agree`, async function () {
    this.timeout(600_000);
    const { status, out, error } = await mshare(["conform", "--random", `${PROGRAMS}`, "--seed", "30001"], {}, shared);
    assert.equal(status, 0, out + error);
  });
});

// Facts A (what sharing costs and saves), B5 to B7 (fork, unlink, exit), C1 (munmap), C4d (mprotect), measured on a real
// kernel.
import assert from "node:assert/strict";
import { cpusOf, facts, play } from "./facts.ts";
import { mshareMachine, steppingMachine } from "./region.ts";

describe("mshare v3: as measured", () => {
  for (const fact of facts.filter(({ id }) => /^(A|B5|C1|C4|C4e)#/.test(id))) {
    it(`${fact.id}: ${fact.title}`, () => {
      play(fact, mshareMachine(cpusOf(fact), { swap: 2 ** 28 }));
    }).timeout(600_000);
  }

  for (const fact of facts.filter(({ id }) => /^(B5|C1)#/.test(id)))
    it(`${fact.id}, step by step: the same, to the last bit`, () => {
      const [straight, stepping] = [mshareMachine(cpusOf(fact)), steppingMachine(cpusOf(fact))];
      play(fact, straight);
      play(fact, stepping);
      assert.equal(stepping.system.machine.step, straight.system.machine.step);
      assert.equal(stepping.system.machine.store.hash(), straight.system.machine.store.hash());
    });
});

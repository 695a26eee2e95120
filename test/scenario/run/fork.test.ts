// A child may act as soon as it is there, and has what its parent had, also before the parent's call has returned.
import assert from "node:assert/strict";
import { openRun, type RunReport } from "../../../sim/session.ts";

const scenario = (looker: string) => `machine { cpus: 3 }
process a on cpu 0
process child on cpu 1
process looker on cpu 2
a: p = mmap(0, 4KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
a: store(p, 7)
parallel {
  a: fork(child)
  child: load(p) == 7
  looker { ${looker} }
}
a: store(p, 8)
child: load(p) == 7
`;

function runOf(text: string, seed: number): RunReport {
  const run = openRun({ read: () => text }, { program: "fork.mshare", schedule: `random:${seed}` });
  assert.ok(!("refused" in run));
  while (!run.advance(1e6));
  return run.report();
}

describe("fork in a parallel block", function () {
  this.timeout(120_000);

  it("gives the child its parent's variables from the beginning", () => {
    const text = scenario("close(9) fails EBADF\n".repeat(30));
    for (let seed = 1; seed <= 20; seed++) {
      const { verdict, statements } = runOf(text, seed);
      assert.equal(verdict, "pass", `seed ${seed}: ${statements.find(({ ok }) => !ok)?.problem}`);
    }
  });

  it("lets the child act while its parent is in the call, whatever others do", () => {
    const early = Array.from({ length: 40 }, (_, seed) => {
      const { statements } = runOf(scenario("load(0) faults SIGSEGV"), seed);
      const end = (actor: string, call: string) =>
        statements.findIndex((one) => one.actor === actor && one.call === call);
      return end("child", "load") < end("a", "fork");
    });
    assert.ok(early.includes(true));
  });
});

// What a step costs does not grow with the processes that do nothing: the server of the first mail about page-table sharing has 1,500.
import assert from "node:assert/strict";
import { type AccessTrace, traceAccesses } from "../../sim/core/struct.ts";
import { openRun } from "../../sim/session/open_run.ts";

const scenario = (idle: number): string => `machine { cpus: 1, memory: 64MiB }
process busy
process idle[${idle}]
busy: p = mmap(0, 4KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
repeat 1000 { busy: store(p, 1) }
`;
/** Fewer than the stores take: nobody exits yet. */
const STEPS = 300;

/** Accesses to the store in the first steps. */
function accesses(idle: number): number {
  const run = openRun({ read: () => scenario(idle) }, { program: "/many.mshare", maxSteps: STEPS });
  assert.ok(!("refused" in run));
  let count = 0;
  const counting: AccessTrace = {
    read: () => void count++,
    write: () => void count++,
    readAll: () => void count++,
    free() {},
  };
  traceAccesses(counting);
  try {
    while (!run.advance(STEPS));
  } finally {
    traceAccesses(null);
  }
  return count;
}

describe("Many processes", () => {
  it("cost nothing while they do nothing", () => {
    const [few, many] = [accesses(2), accesses(1002)];
    // Once each: who they are is looked at when the run begins and where it is cut off.
    assert.ok(many - few < 20 * 1000, `${few} accesses with 2 idle processes, ${many} with 1,002`);
  });
});

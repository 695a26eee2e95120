// What a client sees of a failed expectation: it is told of the thread that it is about, there and back.
import assert from "node:assert/strict";
import { clientOn } from "./harness.ts";
import { realEngine } from "./real.ts";

const program = "/both.mshare";
const text = `machine { cpus: 2 }
process a on cpu 0
process b on cpu 1
b: p = mmap(0, 16KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
b: x = load(p) == 3
a: p = mmap(0, 16KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
expect mm(b).map_count == 2
b: munmap(p, 16KiB)
`;

describe("a failed expectation, to a client", () => {
  const launched = (condition?: string) => {
    const c = clientOn(realEngine, { [program]: text });
    c.request("initialize", { adapterID: "mshare" });
    c.request("launch", { program });
    const filterOptions = [{ filterId: "expectation", ...(condition && { condition }) }];
    const { breakpoints } = c.request("setExceptionBreakpoints", { filters: [], filterOptions });
    assert.deepEqual(
      breakpoints.map(({ verified }) => verified),
      [true],
    );
    return c;
  };
  type Client = ReturnType<typeof launched>;
  const nameOf = (c: Client, id: number) => c.request("threads").threads.find((one) => one.id === id)?.name;
  const shown = (c: Client, threadId: number) => {
    const [top] = c.request("stackTrace", { threadId }).stackFrames;
    const { exceptionId } = c.request("exceptionInfo", { threadId });
    return [nameOf(c, threadId), exceptionId, top?.name, top?.line];
  };
  const ofB = ["cpu1: b", "expectation", "b: load", 5];
  const ofA = ["cpu0: a", "expectation", "expect", 7];

  it("is a stop of who did the statement, or the one before", async () => {
    const c = launched();
    const first = await c.move("configurationDone");
    assert.match(first.description ?? "", /^line 5: b: load: it gave 0, not == 3$/);
    assert.deepEqual(shown(c, first.threadId), ofB);
    const second = await c.move("continue");
    assert.match(second.description ?? "", /^line 7: expect mm\(b\)\.map_count == 2: 1 == 2 is false$/);
    assert.deepEqual(shown(c, second.threadId), ofA);
    assert.deepEqual(shown(c, (await c.move("reverseContinue")).threadId), ofB);
    assert.deepEqual(shown(c, (await c.move("continue")).threadId), ofA);
  });

  for (const [condition, wanted] of [
    ["task == b", ofB],
    ["cpu == 0", ofA],
  ] as const) {
    it(`if ${condition}`, async () => {
      const c = launched(condition);
      assert.deepEqual(shown(c, (await c.move("configurationDone")).threadId), wanted);
    });
  }
});

// Who drives a machine looks after it: threads that never get their CPU, and machines in which nothing ever happens.
import assert from "node:assert/strict";
import { Machine } from "../../sim/core/machine.ts";
import type { Platform, Program, Unit } from "../../sim/core/program.ts";
import { Recording } from "../../sim/core/recording.ts";
import { Run } from "../../sim/core/run.ts";
import { random, type Schedule, sequential } from "../../sim/core/schedule.ts";
import { type Steps, Thread, WAITING } from "../../sim/core/thread.ts";

interface Toy {
  readonly run: Run;
  readonly machine: Machine;
  /** Who was said to be stuck, by name. */
  readonly stuck: string[][];
}

/** Threads that do one call each. */
function toy(
  calls: Readonly<Record<string, (thread: Thread, step: () => number) => Steps<void>>>,
  schedule: Schedule,
  available: (thread: Thread) => boolean = () => true,
): Toy {
  const machine = new Machine();
  machine.events.add({ tick: { args: [], doc: "A step." } });
  machine.begin();
  const left = Object.keys(calls).map((name, i) => new Thread(i, name, i));
  const stuck: string[][] = [];
  const remove = (thread: Thread) => void left.splice(left.indexOf(thread), 1);
  const program: Program = {
    threads: () => left,
    schedule: () => schedule,
    begin: (thread): Unit => ({
      // Plain calls cannot wait: who is alone and does not is the only one to make them.
      straight: () => Array.from(calls[thread.name]!(thread, () => machine.fire(0))),
      stepping: () => calls[thread.name]!(thread, () => machine.fire(0)),
    }),
    end: remove,
    stuck(waiting) {
      stuck.push(waiting.map(({ name }) => name));
      for (const thread of waiting) remove(thread);
    },
    crashed: () => false,
    changed() {},
    memory: 0,
    halfDone: null,
  };
  const platform: Platform = {
    interrupts: () => [],
    interrupt: () => assert.fail("no interrupts"),
    available,
    switchIn: () => null,
  };
  return { run: new Run(machine, program, platform, new Recording(machine, 2 ** 20)), machine, stuck };
}

function* three(_: Thread, step: () => number): Steps<void> {
  for (let i = 0; i < 3; i++) yield step();
}

/** Waits for something that never comes. */
function* waiter(thread: Thread): Steps<void> {
  for (;;) {
    thread.waitsFor = () => false;
    yield WAITING;
  }
}

/** Is woken again and again, for nothing. */
function* spinner(thread: Thread): Steps<void> {
  for (;;) {
    thread.waitsFor = () => true;
    yield WAITING;
  }
}

const toTheEnd = ({ run }: Toy) => run.forward(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);

describe("a run", function () {
  this.timeout(120_000);

  it("says who never gets a CPU, when all others are done, and ends", () => {
    const one = toy({ a: three, b: three, c: three }, random(3), ({ name }) => name !== "b");
    assert.equal(toTheEnd(one), "done");
    assert.deepEqual([one.machine.step, one.stuck], [6, [["b"]]]);
  });

  it("says who is never woken, and who waits with it", () => {
    const one = toy({ a: waiter, b: three, c: waiter }, random(3));
    assert.equal(toTheEnd(one), "done");
    assert.deepEqual([one.machine.step, one.stuck], [3, [["a", "c"]]]);
  });

  it("goes on with others while one is woken for nothing", () => {
    const one = toy({ a: spinner, b: three }, random(3));
    assert.throws(() => toTheEnd(one), /nothing happens after step 3/);
    assert.equal(one.machine.step, 3);
  });

  for (const [name, schedule] of [
    ["random", random(1)],
    ["sequential in the middle of calls", { ...sequential, sequential: false }],
  ] as const)
    it(`does not take two threads that spin for a long run: ${name}`, () => {
      const one = toy({ a: spinner, b: spinner }, schedule);
      assert.throws(() => toTheEnd(one), /nothing happens after step 0/);
      assert.deepEqual(one.stuck, []);
    });
});

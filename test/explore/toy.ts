// A machine that knows nothing of memory management: threads that read, write and lock a few cells. Small enough that all
// interleavings can be run one by one, which says what a search must find.
import { makeTrace } from "../../sim/core/events.ts";
import { array, number, value } from "../../sim/core/fields.ts";
import { Machine } from "../../sim/core/machine.ts";
import type { Platform, Program, Unit } from "../../sim/core/program.ts";
import { Recording } from "../../sim/core/recording.ts";
import { Run } from "../../sim/core/run.ts";
import type { Schedule } from "../../sim/core/schedule.ts";
import { type Of, struct } from "../../sim/core/struct.ts";
import { type Steps, Thread, WAITING } from "../../sim/core/thread.ts";

/**
 * `read` adds a cell to what the thread has; `write` puts that, and the thread's mark, into a cell; `leave` does so too, but
 * as the end of what the thread does and no step.
 */
export type Operation =
  | { readonly kind: "read" | "write" | "leave"; readonly cell: number }
  | { readonly kind: "lock" | "unlock"; readonly lock: number };

export const CELLS = 3;
// A field's name has one kind in all structures of a program, the kernel's among them.
const toy_cells = struct("toy_cells", { toy_cell: array(CELLS), toy_owner: array(2) });
/** What each thread ends with. */
const toy_thread = struct("toy_thread", { toy_sum: number(), toy_over: number(), toy_stuck: value<string>("") });
interface Cells extends Of<typeof toy_cells> {}
interface ToyThread extends Of<typeof toy_thread> {}

export interface Toy {
  readonly run: Run;
  readonly block: () => unknown;
  /** What the run has come to: cells, what each thread has, who hangs. */
  outcome(): string;
}

export function createToy(programs: readonly (readonly Operation[])[], schedule: Schedule): Toy {
  const machine = new Machine();
  machine.store.define(toy_cells);
  machine.store.define(toy_thread);
  machine.events.add({ go: { args: [], doc: "a step" } });
  machine.begin();
  const trace = makeTrace<{ go: { args: []; doc: string } }>(machine.events, machine.args, machine.fire);
  const cells = machine.store.alloc(toy_cells) as Cells;
  const states = programs.map(() => machine.store.alloc(toy_thread) as ToyThread);
  const threads = programs.map((_, i) => new Thread(i + 1, `t${i}`, i));

  function wait(thread: Thread, ready: () => boolean): number {
    thread.waitsFor = ready;
    return WAITING;
  }

  function* whole(thread: Thread): Steps<void> {
    const state = states[thread.id - 1]!;
    for (const one of programs[thread.id - 1]!) {
      if (one.kind === "read") state.toy_sum = 3 * state.toy_sum + cells.toy_cell(one.cell);
      else if (one.kind === "write") cells.set_toy_cell(one.cell, 10 * state.toy_sum + thread.id);
      else if (one.kind === "leave") {
        cells.set_toy_cell(one.cell, 10 * state.toy_sum + thread.id);
        continue;
      } else if (one.kind === "lock") {
        const free = () => cells.toy_owner(one.lock) === 0;
        while (!free()) yield wait(thread, free);
        cells.set_toy_owner(one.lock, thread.id);
      } else if (one.kind === "unlock" && cells.toy_owner(one.lock) === thread.id) cells.set_toy_owner(one.lock, 0);
      yield trace.go();
    }
    state.toy_over = 1;
  }

  const program: Program = {
    threads: () => threads.filter((_, i) => states[i]!.toy_over === 0),
    schedule: () => schedule,
    begin: (thread): Unit => ({
      straight() {
        throw new Error("nobody may run this as a plain call");
      },
      stepping: () => whole(thread),
    }),
    end() {},
    stuck(waiting) {
      for (const thread of waiting) {
        states[thread.id - 1]!.toy_over = 1;
        states[thread.id - 1]!.toy_stuck = "stuck";
      }
    },
    crashed: () => false,
    changed() {},
    memory: 0,
    halfDone: null,
  };
  const platform: Platform = {
    interrupts: () => [],
    interrupt() {
      throw new Error("there are none");
    },
    available: () => true,
    switchIn: () => null,
  };
  const run = new Run(machine, program, platform, new Recording(machine, 2 ** 30));
  return {
    run,
    block: () => 0,
    outcome: () =>
      JSON.stringify([
        Array.from({ length: CELLS }, (_, i) => cells.toy_cell(i)),
        states.map(({ toy_sum, toy_stuck }) => `${toy_sum}${toy_stuck}`),
      ]),
  };
}

/** Every interleaving, one by one. */
export function outcomesOfAll(programs: readonly (readonly Operation[])[]): { outcomes: Set<string>; runs: number } {
  const outcomes = new Set<string>();
  let choices: number[] = [];
  let options: number[] = [];
  let at = 0;
  const schedule: Schedule = {
    sequential: false,
    everyStep: true,
    next(able, _running, memory) {
      options[at] = able.length;
      const thread = able[(choices[at] ??= 0)]!;
      at++;
      return { thread, memory };
    },
  };
  const { run, outcome } = createToy(programs, schedule);
  const start = { ...run.machine.snapshot(), midway: null };
  let runs = 0;
  for (;;) {
    [at, options] = [0, []];
    run.restart(start);
    run.forward(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
    outcomes.add(outcome());
    runs++;
    choices = choices.slice(0, at);
    while (choices.length > 0 && choices.at(-1)! + 1 >= options[choices.length - 1]!) choices.pop();
    if (choices.length === 0) return { outcomes, runs };
    choices[choices.length - 1]!++;
  }
}

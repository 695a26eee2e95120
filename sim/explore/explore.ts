// Searches the interleavings of parallel blocks. Every way is run from where the first block begins; from its races follow
// the ways that differ, so that of all interleavings which nobody can tell apart one is run: dynamic partial-order
// reduction with source sets and sleep sets (Abdulla, Aronis, Jonsson, Sagonas: Optimal dynamic partial order reduction,
// POPL 2014), the ways taken in order of their preemptions (Musuvathi, Qadeer: Iterative context bounding, PLDI 2007).
import type { MachineSnapshot } from "../core/machine.ts";
import type { Run } from "../core/run.ts";
import type { Schedule } from "../core/schedule.ts";
import { traceAccesses } from "../core/struct.ts";
import type { Thread } from "../core/thread.ts";
import { type Footprint, Footprints, type Rules } from "./footprint.ts";
import { MOST_THREADS, Passage, type Race } from "./passage.ts";
import { type Branch, beginningOf, type Detour, ownerOf, Tree, type Way } from "./tree.ts";

/** More threads take turns than the search can tell apart. */
export class TooManyThreads extends Error {
  constructor() {
    super(`more than ${MOST_THREADS} threads take turns`);
  }
}

/** A run that obeys an explorer's schedule. */
export interface Subject {
  readonly run: Run;
  readonly maxSteps: number;
  /** Another object for each parallel block that is gone into. */
  block(): unknown;
}

export interface Taken {
  /** "done": the run has ended; "equal": it was left where it was sure to become like another; "limit": of steps. */
  readonly outcome: "done" | "equal" | "limit";
  /** How often a thread was interrupted that had more to do. */
  readonly preemptions: number;
}

export interface Explorer {
  /** Under which the machine has to run. */
  readonly schedule: Schedule;
  /** Call once, with the run at its beginning. */
  attach(subject: Subject): void;
  /** Takes one more way, to the end of the run; undefined when there is none left. */
  next(): Taken | undefined;
  /** Ways that wait to be taken, as far as is known. */
  readonly waiting: number;
  /** Accesses are not traced any more. */
  close(): void;
}

/** A thread whose next step was tried before: it leads nowhere new until something happens that conflicts with it. */
interface Sleeper {
  readonly thread: number;
  readonly footprint: Footprint;
}

export function createExplorer(rules: Rules): Explorer {
  const footprints = new Footprints(rules);
  const tree = new Tree();
  /** Small numbers for threads, in the order of their first turns. */
  const numbers = new Map<number, number>();
  let subject: Subject;
  /** Where the first choice is made: all ways begin there. */
  let start: MachineSnapshot | null = null;
  let way: Way = { parent: null, from: 0, threads: [], branches: new Map() };
  /** Who does the way's first steps. */
  let forced: readonly number[] = [];
  let passage = new Passage();
  let sleepers: readonly Sleeper[] = [];
  let block: unknown = null;
  let able = 0;
  let stepBefore = 0;
  let isEqual = false;

  function numberOf({ id }: Thread): number {
    let number = numbers.get(id);
    if (number === undefined) {
      number = numbers.size;
      if (number === MOST_THREADS) throw new TooManyThreads();
      numbers.set(id, number);
    }
    return number;
  }

  function giveUp(): void {
    isEqual = true;
    subject.run.machine.stopping = true;
  }

  const asleep = (): number => sleepers.reduce((set, { thread }) => set | (1 << thread), 0);

  /** Those that were tried at this step before the thread that now does it. */
  function sendToSleep(at: number): void {
    const tried = ownerOf(way, at).branches.get(at)?.tried ?? [];
    const chosen = tried.findIndex(({ thread }) => thread === forced[at]);
    const earlier = tried.slice(0, Math.max(0, chosen));
    sleepers = [...sleepers, ...earlier.filter((one): one is Sleeper => one.footprint !== null)];
  }

  function choose(threads: readonly Thread[], running: Thread | null, at: number): Thread {
    const wanted = forced[at];
    if (wanted !== undefined) {
      const thread = threads.find((one) => numberOf(one) === wanted);
      if (thread) return thread;
      giveUp();
      return threads[0]!;
    }
    const sleeping = asleep();
    const awake = threads.filter((thread) => (sleeping & (1 << numberOf(thread))) === 0);
    if (awake.length === 0) giveUp();
    return (running && awake.includes(running) ? running : awake[0]) ?? threads[0]!;
  }

  const schedule: Schedule = {
    sequential: false,
    everyStep: true,
    next(threads, running, memory) {
      const { machine } = subject.run;
      start ??= machine.snapshot();
      if (subject.block() !== block) {
        block = subject.block();
        passage.barrier();
      }
      able = 0;
      for (const thread of threads) able |= 1 << numberOf(thread);
      const at = passage.length;
      const thread = choose(threads, running, at);
      stepBefore = machine.step;
      footprints.begin();
      return { thread, memory };
    },
    over(thread) {
      const footprint = footprints.take();
      if (isEqual) return;
      const number = numberOf(thread);
      const at = passage.length;
      if (subject.run.machine.step === stepBefore) {
        if (!thread.waitsFor) {
          passage.extend(number, footprint);
          wake(number);
          return;
        }
        for (const race of passage.attempt(number, footprint)) turnRound(race);
        // The turn for which this way was taken is none: it would go on like the way that it left.
        if (at === forced.length - 1) giveUp();
        return;
      }
      if (at < forced.length) sendToSleep(at);
      for (const race of passage.step(number, able, asleep(), footprint)) turnRound(race);
      if (at === forced.length - 1) {
        const mine = ownerOf(way, at)
          .branches.get(at)!
          .tried.find((one) => one.thread === number)!;
        mine.footprint = footprint;
      }
      if (at >= way.from) way.threads.push(number);
      wake(number);
    },
  };

  /** What a thread has just done may matter to those that sleep. */
  function wake(number: number): void {
    sleepers = sleepers.filter((one) => one.thread !== number && !footprints.conflictsWithLast(one.footprint));
  }

  /** Sees to it that the other order of a race is, or will be, among the ways that are taken. */
  function turnRound({ first, second, initials }: Race): void {
    if ((initials & passage.asleep[first]!) !== 0) return;
    const done = { thread: passage.threads[first]!, footprint: passage.footprints[first]! };
    const branch = tree.branch(way, first, done);
    if ((branch.chosen & initials) !== 0) return;
    const possible = passage.able[first]!;
    const fitting = initials & possible;
    if ((fitting & (1 << second)) !== 0) leave(branch, first, second);
    else if (fitting !== 0) leave(branch, first, lowest(fitting));
    // Nobody who begins the other order can go on there: whoever can may make that possible.
    else
      for (let rest = possible & ~branch.chosen & ~passage.asleep[first]!; rest !== 0; rest &= rest - 1)
        leave(branch, first, lowest(rest));
  }

  function leave(branch: Branch, at: number, thread: number): void {
    branch.chosen |= 1 << thread;
    tree.add({ way, at, thread, switches: passage.switchesWith(at, thread) });
  }

  function take({ way: parent, at, thread }: Detour): void {
    forced = [...beginningOf(parent, at), thread];
    ownerOf(parent, at).branches.get(at)!.tried.push({ thread, footprint: null });
    way = { parent, from: at, threads: [], branches: new Map() };
    subject.run.restart(start!);
  }

  function follow(): Taken {
    passage = new Passage();
    sleepers = [];
    block = null;
    isEqual = false;
    const outcome = subject.run.forward(subject.maxSteps, Number.POSITIVE_INFINITY);
    return {
      outcome: isEqual ? "equal" : outcome === "done" ? "done" : "limit",
      preemptions: passage.preemptions(),
    };
  }

  let begun = false;
  return {
    schedule,
    attach(given) {
      subject = given;
      traceAccesses(footprints);
    },
    next() {
      if (begun) {
        const detour = tree.next();
        if (!detour) return undefined;
        take(detour);
      }
      begun = true;
      return follow();
    },
    get waiting() {
      return tree.waiting;
    },
    close: () => traceAccesses(null),
  };
}

const lowest = (set: number): number => 31 - Math.clz32(set & -set);

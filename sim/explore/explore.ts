// Searches the interleavings of parallel blocks. Every way is run from where the first block begins; from its races follow
// the ways that differ, so that of all interleavings which nobody can tell apart one is run: dynamic partial-order
// reduction with source sets and sleep sets (Abdulla, Aronis, Jonsson, Sagonas: Optimal dynamic partial order reduction,
// POPL 2014), the ways taken in order of their preemptions (Musuvathi, Qadeer: Iterative context bounding, PLDI 2007).
import type { RunSnapshot } from "../core/recording.ts";
import type { Run } from "../core/run.ts";
import type { Schedule } from "../core/schedule.ts";
import { traceAccesses } from "../core/struct.ts";
import type { Thread } from "../core/thread.ts";
import { copyOf, type Footprint, Footprints, type Rules } from "./footprint.ts";
import { MOST_THREADS, Passage, type Race } from "./passage.ts";
import { beginningOf, type Detour, ownerOf, Tree, type Way } from "./tree.ts";

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
  /** There were more than can be kept: those that are left at the end are never taken. */
  readonly hasForgotten: boolean;
  /** Accesses are not traced any more. */
  close(): void;
}

/** A thread whose next step was tried before: it leads nowhere new until something happens that conflicts with it. */
interface Sleeper {
  readonly thread: number;
  readonly footprint: Footprint;
}

/** A state on the way that was taken last, from which ways that leave it later can begin. */
interface Mark {
  readonly at: number;
  readonly snapshot: RunSnapshot;
  readonly block: unknown;
}

/** Thousands of steps have millions of races, and no search comes to the last of them. */
const MOST_WAITING = 100_000;

/** Marks are so many steps apart: each has its price, as what is written after it is copied. */
const MARKS_APART = 24;

/** The same in the middle of calls, which have to be taken apart for it and put together: that takes as long as some hundred steps. */
const MARKS_IN_CALLS_APART = 200;

/** `mostWaiting`: so many ways are kept at most, those with the fewest switches. */
export function createExplorer(rules: Rules, mostWaiting = MOST_WAITING): Explorer {
  const footprints = new Footprints(rules);
  const tree = new Tree(mostWaiting);
  /** Small numbers for threads, in the order of their first turns. */
  const numbers = new Map<Thread, number>();
  const threadOf: Thread[] = [];
  let subject: Subject;
  let way: Way = { parent: null, from: 0, threads: [], branches: new Map() };
  /** Who does the way's first steps. */
  let forced: readonly number[] = [];
  /** The steps before `at` were done on the way before too: they are done once more, with nobody looking. */
  const passage = new Passage();
  let at = 0;
  /** By step: who slept when it was to be done, and which step and which go without a step it was for the machine. */
  const sleepersAt: (readonly Sleeper[])[] = [];
  const momentAt: { readonly step: number; readonly idle: number }[] = [];
  /** The first: where the first choice is made. All ways begin there. */
  const marks: Mark[] = [];
  let sleepers: readonly Sleeper[] = NOBODY;
  let block: unknown = null;
  let able = 0;
  let stepBefore = 0;
  /** The furthest step of this way: who is before it has gone back to do the way once more. */
  let furthest = 0;
  let isEqual = false;

  function numberOf(thread: Thread): number {
    let number = numbers.get(thread);
    if (number === undefined) {
      number = numbers.size;
      if (number === MOST_THREADS) throw new TooManyThreads();
      numbers.set(thread, number);
      threadOf.push(thread);
    }
    return number;
  }

  function giveUp(): void {
    isEqual = true;
    subject.run.machine.stopping = true;
  }

  function asleep(): number {
    let set = 0;
    for (const { thread } of sleepers) set |= 1 << thread;
    return set;
  }

  /** Those that were tried at this step before the thread that now does it. */
  function sendToSleep(): void {
    const tried = ownerOf(way, at).branches.get(at)?.tried;
    if (!tried) return;
    const chosen = tried.findIndex(({ thread }) => thread === forced[at]);
    const earlier = tried.slice(0, Math.max(0, chosen));
    sleepers = [...sleepers, ...earlier.filter((one): one is Sleeper => one.footprint !== null)];
  }

  function choose(threads: readonly Thread[], running: Thread | null): Thread {
    const wanted = forced[at];
    if (wanted !== undefined) {
      const thread = threadOf[wanted]!;
      if (threads.includes(thread)) return thread;
      giveUp();
      return threads[0]!;
    }
    const sleeping = asleep();
    const isAwake = (thread: Thread) => (sleeping & (1 << numberOf(thread))) === 0;
    if (running && threads.includes(running) && isAwake(running)) return running;
    const first = threads.find(isAwake);
    if (!first) giveUp();
    return first ?? threads[0]!;
  }

  const isKnown = (): boolean => at < passage.length;

  /** The block that the next step belongs to may be another one. */
  function enter(): void {
    const now = subject.block();
    if (now === block) return;
    block = now;
    passage.barrier();
  }

  function mark(): void {
    const last = marks.at(-1);
    const apart = subject.run.atBoundary ? MARKS_APART : MARKS_IN_CALLS_APART;
    if (last && at - last.at < apart) return;
    const snapshot = subject.run.snapshot();
    if (snapshot) marks.push({ at, snapshot, block });
  }

  const schedule: Schedule = {
    sequential: false,
    everyStep: true,
    known: () => (isKnown() ? threadOf[passage.threads[at]!]! : null),
    next(threads, running, memory) {
      const { machine } = subject.run;
      const { step, idle } = machine;
      stepBefore = step;
      // A plain call that comes later could not go on: all is done once more from an earlier checkpoint.
      if (step < furthest) at = momentAt.findIndex((moment) => moment.step === step && moment.idle === idle);
      if (isKnown()) {
        block = subject.block();
        return { thread: threadOf[passage.threads[at]!]!, memory };
      }
      enter();
      mark();
      able = 0;
      for (const thread of threads) able |= 1 << numberOf(thread);
      const thread = choose(threads, running);
      sleepersAt[at] = sleepers;
      momentAt[at] = { step, idle };
      footprints.begin();
      return { thread, memory };
    },
    over(thread) {
      const { step } = subject.run.machine;
      if (isKnown()) {
        at++;
        return;
      }
      const accesses = footprints.take();
      if (isEqual) return;
      const number = numberOf(thread);
      // Who found that it must wait, and has changed nothing, has done nothing.
      if (step === stepBefore && thread.waitsFor && accesses.writeCount === 0) {
        for (const race of passage.attempt(number, accesses)) turnRound(race);
        // The turn for which this way was taken is none: it would go on like the way that it left.
        if (at === forced.length - 1) giveUp();
        return;
      }
      furthest = step;
      if (at < forced.length) sendToSleep();
      for (const race of passage.step(number, able, asleep(), accesses)) turnRound(race);
      if (at === forced.length - 1) {
        const mine = ownerOf(way, at)
          .branches.get(at)!
          .tried.find((one) => one.thread === number)!;
        mine.footprint = copyOf(accesses);
      }
      if (at >= way.from) way.threads.push(number);
      wake(number);
      at++;
    },
  };

  /** What a thread has just done may matter to those that sleep. */
  function wake(number: number): void {
    if (sleepers.length > 0)
      sleepers = sleepers.filter((one) => one.thread !== number && !footprints.conflictsWithLast(one.footprint));
  }

  /** Sees to it that the other order of a race is, or will be, among the ways that are taken. */
  function turnRound({ first, second, initials }: Race): void {
    if ((initials & passage.asleep[first]!) !== 0) return;
    const chosen = tree.known(way, first)?.chosen ?? 1 << passage.threads[first]!;
    if ((chosen & initials) !== 0) return;
    const possible = passage.able[first]!;
    const fitting = initials & possible;
    if ((fitting & (1 << second)) !== 0) tree.add(way, first, second, passage);
    else if (fitting !== 0) tree.add(way, first, lowest(fitting), passage);
    // Nobody who begins the other order can go on there: whoever can may make that possible.
    else
      for (let rest = possible & ~chosen & ~passage.asleep[first]!; rest !== 0; rest &= rest - 1)
        tree.add(way, first, lowest(rest), passage);
  }

  function take({ way: parent, at: from, thread }: Detour): void {
    forced = [...beginningOf(parent, from), thread];
    ownerOf(parent, from).branches.get(from)!.tried.push({ thread, footprint: null });
    way = { parent, from, threads: [], branches: new Map() };
    const common = alike(passage.threads, forced, from);
    if (common < passage.length) sleepers = sleepersAt[common]!;
    passage.cut(common);
    sleepersAt.length = common;
    momentAt.length = common;
    while (marks.at(-1)!.at > common) marks.pop();
    const nearest = marks.at(-1)!;
    at = nearest.at;
    block = nearest.block;
    furthest = nearest.snapshot.step;
    isEqual = false;
    subject.run.restart(nearest.snapshot);
  }

  function follow(): Taken {
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
    get hasForgotten() {
      return tree.hasForgotten;
    },
    close: () => traceAccesses(null),
  };
}

const NOBODY: readonly Sleeper[] = [];
const lowest = (set: number): number => 31 - Math.clz32(set & -set);

/** How many of the first `most` are the same. */
function alike(a: readonly number[], b: readonly number[], most: number): number {
  let same = 0;
  while (same < most && a[same] === b[same]) same++;
  return same;
}

// One way through the parallel blocks: who did which step, and which steps had to come before which. Two steps that touch
// the same place, one of them writing, are a race where nothing else orders them: the other order is another interleaving.
// What a thread does between a step and the end of its call, or before it waits, counts as a step here: others can come
// before it.
import { type Accesses, type Footprint, grown } from "./footprint.ts";

/** Threads that may take turns: their sets are the bits of a number. */
export const MOST_THREADS = 31;

/** A race between step `first` and a later one, of thread `second`. */
export interface Race {
  readonly first: number;
  readonly second: number;
  /** Threads whose turn at `first` begins the other order; a set. The second's own, where it can be. */
  readonly initials: number;
}

/** For each thread 1 + the last of its steps that had to come before, or 0. */
type Clock = readonly number[];

/** All that was done before step `at` comes before all that follows; `before`: what was known of each thread. */
interface Barrier {
  readonly at: number;
  readonly before: readonly Clock[];
}

const NONE: Clock = [];

/** Who accessed a place last: 1 + the step, by place. Goes back by what it was before, which the footprints' own list keeps. */
class LastBy {
  by: Int32Array = new Int32Array(1024);

  /** Gives what was there before. */
  set(place: number, step: number): number {
    if (place >= this.by.length) this.by = grown(this.by, Math.max(2 * this.by.length, place + 1));
    const before = this.by[place]!;
    this.by[place] = step;
    return before;
  }
}

export class Passage {
  /** By step: who did it, who could have, and whose turn was known to lead nowhere new. */
  readonly threads: number[] = [];
  readonly able: number[] = [];
  readonly asleep: number[] = [];
  /** Switches from a thread that seemed able to go on, up to and with this step. */
  readonly #switches: number[] = [];
  readonly #clocks: Clock[] = [];
  /** By step: what was the clock of its thread's last step before. */
  readonly #clocksBefore: Clock[] = [];
  /** Of each thread's last step. */
  #latest: Clock[] = Array.from({ length: MOST_THREADS }, () => NONE);
  readonly #barriers: Barrier[] = [];
  readonly #written = new LastBy();
  readonly #read = Array.from({ length: MOST_THREADS }, () => new LastBy());
  /** Places of all footprints, one after the other, first what is read; and who had accessed each of them before. */
  #places: Int32Array = new Int32Array(1024);
  #before: Int32Array = new Int32Array(1024);
  #used = 0;
  /** By step: where its footprint begins in them, and where what it writes does. */
  readonly #begins: number[] = [];
  readonly #writesAt: number[] = [];
  /** Threads that have done steps. */
  #seen = 0;
  /** By thread: 1 + its last step that touched the same places as the step that is looked at, 0 for none. */
  readonly #rivals: number[] = new Array(MOST_THREADS).fill(0);

  get length(): number {
    return this.threads.length;
  }

  footprintOf(step: number): Footprint {
    const writesAt = this.#writesAt[step]!;
    return {
      reads: Array.from(this.#places.subarray(this.#begins[step]!, writesAt)),
      writes: Array.from(this.#places.subarray(writesAt, this.#begins[step + 1] ?? this.#used)),
    };
  }

  /** `thread` has done a step; gives the races with steps before it. */
  step(thread: number, able: number, asleep: number, footprint: Accesses): readonly Race[] {
    const at = this.length;
    this.#switches.push(this.#switchesWith(at, thread, able));
    this.able.push(able);
    this.#findRivals(thread, footprint);
    const races = this.#racesOf(thread);
    const clock = this.#joined(thread, -1);
    clock[thread] = at + 1;
    this.threads.push(thread);
    this.asleep.push(asleep);
    this.#clocks.push(clock);
    this.#clocksBefore.push(this.#latest[thread]!);
    this.#latest[thread] = clock;
    this.#seen = Math.max(this.#seen, thread + 1);
    this.#keep(thread, at + 1, footprint);
    return races;
  }

  /** `thread` has found that it must wait: the races that its next step would have had. */
  attempt(thread: number, footprint: Accesses): readonly Race[] {
    this.#findRivals(thread, footprint);
    return this.#racesOf(thread);
  }

  /** All that was done comes before all that follows. */
  barrier(): void {
    const all: number[] = [];
    this.threads.forEach((thread, at) => {
      all[thread] = at + 1;
    });
    for (let thread = 0; thread < this.#seen; thread++) all[thread] ??= 0;
    this.#barriers.push({ at: this.length, before: this.#latest });
    this.#latest = this.#latest.map(() => all);
  }

  /** Back to where step `length` was to be done: what came later is forgotten. */
  cut(length: number): void {
    while (this.length > length) {
      while (this.#barriers.length > 0 && this.#barriers.at(-1)!.at >= this.length)
        this.#latest = [...this.#barriers.pop()!.before];
      this.#undo();
    }
  }

  /** Switches up to step `at`, if `thread` does it. */
  switchesWith(at: number, thread: number): number {
    return this.#switchesWith(at, thread, this.able[at]!);
  }

  /** How often a thread was interrupted that had more to do. */
  preemptions(): number {
    const ends: number[] = [];
    this.threads.forEach((thread, at) => {
      ends[thread] = at;
    });
    return this.threads.filter(
      (thread, at) => this.#isSwitch(at, thread, this.able[at]!) && ends[this.threads[at - 1]!]! > at,
    ).length;
  }

  #switchesWith(at: number, thread: number, able: number): number {
    return (this.#switches[at - 1] ?? 0) + (this.#isSwitch(at, thread, able) ? 1 : 0);
  }

  #isSwitch(at: number, thread: number, able: number): boolean {
    const last = this.threads[at - 1];
    return last !== undefined && last !== thread && (able & (1 << last)) !== 0;
  }

  #keep(thread: number, step: number, { reads, readCount, writes, writeCount }: Accesses): void {
    let used = this.#used;
    this.#begins.push(used);
    this.#writesAt.push(used + readCount);
    if (used + readCount + writeCount > this.#places.length) {
      const size = 2 * (used + readCount + writeCount);
      this.#places = grown(this.#places, size);
      this.#before = grown(this.#before, size);
    }
    const mine = this.#read[thread]!;
    for (let i = 0; i < readCount; i++) {
      this.#places[used] = reads[i]!;
      this.#before[used++] = mine.set(reads[i]!, step);
    }
    for (let i = 0; i < writeCount; i++) {
      this.#places[used] = writes[i]!;
      this.#before[used++] = this.#written.set(writes[i]!, step);
    }
    this.#used = used;
  }

  /** Takes back the last step. */
  #undo(): void {
    const thread = this.threads.pop()!;
    this.able.pop();
    this.asleep.pop();
    this.#switches.pop();
    this.#clocks.pop();
    this.#latest[thread] = this.#clocksBefore.pop()!;
    const begin = this.#begins.pop()!;
    const writesAt = this.#writesAt.pop()!;
    const read = this.#read[thread]!.by;
    for (let i = begin; i < writesAt; i++) read[this.#places[i]!] = this.#before[i]!;
    const written = this.#written.by;
    for (let i = writesAt; i < this.#used; i++) written[this.#places[i]!] = this.#before[i]!;
    this.#used = begin;
  }

  #findRivals(thread: number, { reads, readCount, writes, writeCount }: Accesses): void {
    const rivals = this.#rivals;
    const seen = this.#seen;
    for (let by = 0; by < seen; by++) rivals[by] = 0;
    const written = this.#written.by;
    for (let i = 0; i < readCount; i++) this.#rival(written[reads[i]!]);
    for (let i = 0; i < writeCount; i++) this.#rival(written[writes[i]!]);
    for (let by = 0; by < seen; by++) {
      if (by === thread) continue;
      const read = this.#read[by]!.by;
      let last = rivals[by]!;
      for (let i = 0; i < writeCount; i++) {
        const step = read[writes[i]!];
        if (step !== undefined && step > last) last = step;
      }
      rivals[by] = last;
    }
    rivals[thread] = 0;
  }

  #rival(step: number | undefined): void {
    if (step === undefined || step === 0) return;
    const by = this.threads[step - 1]!;
    if (step > this.#rivals[by]!) this.#rivals[by] = step;
  }

  #racesOf(thread: number): readonly Race[] {
    const before = this.#latest[thread]!;
    const rivals = this.#rivals;
    let races: Race[] | undefined;
    for (let by = 0; by < this.#seen; by++) {
      const step = rivals[by]!;
      if (step === 0 || (before[by] ?? 0) >= step || this.#comesBetween(by, step)) continue;
      races ??= [];
      races.push(this.#race(step - 1, thread));
    }
    return races ?? NO_RACES;
  }

  /** Another rival comes after this one: its race is the one to turn round first. */
  #comesBetween(by: number, step: number): boolean {
    for (let who = 0; who < this.#seen; who++) {
      const other = this.#rivals[who]!;
      if (who !== by && other > 0 && (this.#clocks[other - 1]![by] ?? 0) >= step) return true;
    }
    return false;
  }

  #race(first: number, second: number): Race {
    const by = this.threads[first]!;
    let initials = 0;
    let later = 0;
    for (let step = first + 1; step < this.length; step++) {
      const clock = this.#clocks[step]!;
      if ((clock[by] ?? 0) >= first + 1) continue;
      const who = this.threads[step]!;
      if ((later & (1 << who)) === 0 && !this.#isAfter(clock, later, first)) initials |= 1 << who;
      later |= 1 << who;
    }
    const own = this.#joined(second, first + 1);
    if ((later & (1 << second)) === 0 && !this.#isAfter(own, later & ~(1 << by), first)) initials |= 1 << second;
    return { first, second, initials };
  }

  /** Whether a step of one of these threads after `first` comes before what has this clock. */
  #isAfter(clock: Clock, threads: number, first: number): boolean {
    for (let who = 0; who < this.#seen; who++)
      if ((threads & (1 << who)) !== 0 && (clock[who] ?? 0) > first + 1) return true;
    return false;
  }

  /** The clock of a thread's next step, as its rivals have come before it, all but one that is step `except` - 1. */
  #joined(thread: number, except: number): number[] {
    const clock = this.#latest[thread]!.slice();
    for (let by = 0; by < this.#seen; by++) {
      const step = this.#rivals[by]!;
      if (step === 0 || step === except) continue;
      const other = this.#clocks[step - 1]!;
      for (let who = 0; who < other.length; who++) if ((other[who] ?? 0) > (clock[who] ?? 0)) clock[who] = other[who]!;
    }
    return clock;
  }
}

const NO_RACES: readonly Race[] = [];

// One way through the parallel blocks: who did which step, and which steps had to come before which. Two steps that touch
// the same place, one of them writing, are a race where nothing else orders them: the other order is another interleaving.
import type { Footprint } from "./footprint.ts";

/** Threads that may take turns: their sets are the bits of a number. */
export const MOST_THREADS = 31;

/** A race between step `first` and a later one, of thread `second`. */
export interface Race {
  readonly first: number;
  readonly second: number;
  /** Threads whose turn at `first` begins the other order; a set. The second's own, where it can be. */
  readonly initials: number;
}

export class Passage {
  /** By step: who did it, who could have, whose turn was known to lead nowhere new, and its footprint. */
  readonly threads: number[] = [];
  readonly able: number[] = [];
  readonly asleep: number[] = [];
  readonly footprints: Footprint[] = [];
  /** Switches from a thread that seemed able to go on, up to and with this step. */
  readonly #switches: number[] = [];
  /** By step: for each thread 1 + the last of its steps that had to come before, or 0. */
  readonly #clocks: number[][] = [];
  /** Of each thread's last step. */
  readonly #latest: number[][] = Array.from({ length: MOST_THREADS }, () => []);
  /** By place: 1 + the last step that wrote it; by thread and place: 1 + its last step that read it. */
  readonly #written: number[] = [];
  readonly #read: number[][] = Array.from({ length: MOST_THREADS }, () => []);
  /** Threads that have done steps. */
  #seen = 0;

  get length(): number {
    return this.threads.length;
  }

  /** `thread` has done a step; gives the races with steps before it. */
  step(thread: number, able: number, asleep: number, footprint: Footprint): readonly Race[] {
    const at = this.length;
    this.able.push(able);
    this.#switches.push(this.switchesWith(at, thread));
    const rivals = this.#rivals(thread, footprint);
    const races = this.#racesOf(thread, rivals);
    const clock = this.#joined(thread, rivals);
    clock[thread] = at + 1;
    this.threads.push(thread);
    this.asleep.push(asleep);
    this.footprints.push(footprint);
    this.#clocks.push(clock);
    this.#latest[thread] = clock;
    this.#seen = Math.max(this.#seen, thread + 1);
    for (const place of footprint.writes) this.#written[place] = at + 1;
    for (const place of footprint.reads) this.#read[thread]![place] = at + 1;
    return races;
  }

  /** `thread` has found that it must wait: the races that its next step would have had. */
  attempt(thread: number, footprint: Footprint): readonly Race[] {
    return this.#racesOf(thread, this.#rivals(thread, footprint));
  }

  /** `thread` has done something after its last step and before its next that is no step, as the end of a call: part of that step. */
  extend(thread: number, { reads, writes }: Footprint): void {
    const at = (this.#latest[thread]![thread] ?? 0) - 1;
    if (at < 0) return;
    const known = this.footprints[at]!;
    known.reads.push(...reads);
    known.writes.push(...writes);
    for (const place of writes) this.#written[place] = Math.max(this.#written[place] ?? 0, at + 1);
    for (const place of reads) this.#read[thread]![place] = at + 1;
  }

  /** All that was done comes before all that follows. */
  barrier(): void {
    const all: number[] = [];
    this.threads.forEach((thread, at) => {
      all[thread] = at + 1;
    });
    for (let thread = 0; thread < MOST_THREADS; thread++) this.#latest[thread] = all;
  }

  /** Switches up to step `at`, if `thread` does it. */
  switchesWith(at: number, thread: number): number {
    return (this.#switches[at - 1] ?? 0) + (this.#isSwitch(at, thread) ? 1 : 0);
  }

  /** How often a thread was interrupted that had more to do. */
  preemptions(): number {
    const ends: number[] = [];
    this.threads.forEach((thread, at) => {
      ends[thread] = at;
    });
    return this.threads.filter((thread, at) => this.#isSwitch(at, thread) && ends[this.threads[at - 1]!]! > at).length;
  }

  #isSwitch(at: number, thread: number): boolean {
    const last = this.threads[at - 1];
    return last !== undefined && last !== thread && (this.able[at]! & (1 << last)) !== 0;
  }

  /** By thread: 1 + its last step that touched the same places, 0 for none. */
  #rivals(thread: number, { reads, writes }: Footprint): number[] {
    const rivals: number[] = Array.from({ length: this.#seen }, () => 0);
    const add = (step: number | undefined) => {
      if (!step) return;
      const by = this.threads[step - 1]!;
      if (by !== thread && step > rivals[by]!) rivals[by] = step;
    };
    for (const place of reads) add(this.#written[place]);
    for (const place of writes) {
      add(this.#written[place]);
      for (let by = 0; by < this.#seen; by++) add(this.#read[by]![place]);
    }
    return rivals;
  }

  #racesOf(thread: number, rivals: readonly number[]): Race[] {
    const before = this.#latest[thread]!;
    const races: Race[] = [];
    for (const [by, step] of rivals.entries()) {
      if (step === 0 || (before[by] ?? 0) >= step) continue;
      // Another rival comes between: its race is the one to turn round first.
      const between = rivals.some(
        (other, who) => who !== by && other > 0 && (this.#clocks[other - 1]![by] ?? 0) >= step,
      );
      if (!between) races.push(this.#race(step - 1, thread, rivals));
    }
    return races;
  }

  #race(first: number, second: number, rivals: readonly number[]): Race {
    const by = this.threads[first]!;
    let initials = 0;
    let later = 0;
    const isAfter = (clock: readonly number[], set: number) => {
      for (let who = 0; who < this.#seen; who++)
        if ((set & (1 << who)) !== 0 && (clock[who] ?? 0) > first + 1) return true;
      return false;
    };
    for (let step = first + 1; step < this.length; step++) {
      const clock = this.#clocks[step]!;
      if ((clock[by] ?? 0) >= first + 1) continue;
      const who = this.threads[step]!;
      if ((later & (1 << who)) === 0 && !isAfter(clock, later)) initials |= 1 << who;
      later |= 1 << who;
    }
    const own = this.#joined(
      second,
      rivals.map((step) => (step === first + 1 ? 0 : step)),
    );
    if ((later & (1 << second)) === 0 && !isAfter(own, later & ~(1 << by))) initials |= 1 << second;
    return { first, second, initials };
  }

  #joined(thread: number, rivals: readonly number[]): number[] {
    const clock = [...this.#latest[thread]!];
    for (const step of rivals) {
      if (step === 0) continue;
      const other = this.#clocks[step - 1]!;
      for (let who = 0; who < other.length; who++) if ((other[who] ?? 0) > (clock[who] ?? 0)) clock[who] = other[who]!;
    }
    return clock;
  }
}

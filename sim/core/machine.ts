// A machine that does steps. A step is what another CPU could see; it has been done when its event is announced
// (`fire`). The machine counts steps, tells listeners, and knows who runs. What the steps mean is the kernel's business.
import { siteCount } from "virtual:sites";
import { Batch, type BatchListeners, type BatchSpec } from "./batch.ts";
import { EventTable } from "./events.ts";
import { Store, type StoreSnapshot } from "./store.ts";
import type { Thread } from "./thread.ts";

/** Thrown through a call that runs without generators when it has to stop or wait in its middle: it is then run again, step by step. */
export const UNWIND = Symbol("unwind");

export interface MachineSnapshot {
  readonly step: number;
  /** Units begun so far (doing.ts). */
  readonly units: number;
  readonly work: number;
  readonly store: StoreSnapshot;
  readonly counts: Float64Array;
  readonly idle: Idle;
}

/** Goes of threads after a step, of which none was a step. */
interface Idle {
  readonly step: number;
  readonly goes: number;
}

const NOWHERE = { file: "", line: 0 };

/** Asked after each step that may matter; true stops the run there. Called once for each step, whatever is re-executed. */
export type Observer = (event: number) => boolean;

export class Machine {
  readonly store = new Store();
  readonly events = new EventTable();
  /** Steps done. */
  step = 0;
  /** Steps that were done in batches, less what they cost (see `work`). */
  #saved = 0;
  /** Units begun: a unit is a system call, an access, a kernel operation. */
  units = 0;
  /** The last event and its arguments (`events.specs[event].args` names them). */
  event = -1;
  readonly args: unknown[] = [undefined, undefined, undefined, undefined, undefined, undefined];
  /** How often each event has happened. */
  counts = new Float64Array(0);
  /** Marks of the places in kernel functions that were passed; see tools/flavours.mjs. */
  readonly sites = new Uint8Array(siteCount);
  #idle: Idle = { step: 0, goes: 0 };
  /** Who runs now; null between units. */
  thread: Thread | null = null;
  /** Which line of which program the running thread works on; set by who runs programs. */
  place: () => { readonly file: string; readonly line: number } = () => NOWHERE;
  /** The kernel functions that run now are plain calls, which cannot stop in their middle. */
  straight = false;
  /** Nobody else does a step until the running thread's unit ends or waits: always so for plain calls. */
  undivided = false;
  /** Up to this step whoever runs step by step goes on by itself. */
  goOnUntil = 0;
  /** Runs of like steps may be done at once (batch.ts). */
  batching = true;
  /** Somebody watches calls of kernel functions. */
  callsWatched = false;
  /** Somebody has called `alert`, and no step was done since. */
  alerted = false;
  /** A stop was asked for at the current step. */
  stopping = false;
  /** The observer asked for it. */
  stopWanted = false;
  /** Somebody may ask for the call stack of what is reported. */
  keepsStacks = true;

  /** Run to this step and stop there. */
  target = Number.POSITIVE_INFINITY;
  /** Plain calls do not go on past this step: whoever drives the run wants to look up from it. */
  unwindAt = Number.POSITIVE_INFINITY;
  /** Steps up to this one have been observed already: they are being re-executed. */
  observedUpTo = Number.POSITIVE_INFINITY;
  observer: Observer | null = null;
  /** Steps at which the call stack is to be kept, and what was kept. */
  readonly captures = new Map<number, string>();

  readonly #batches: Batch<never>[] = [];
  /** The last events, by step. */
  readonly #recent = new Int16Array(RECENT);
  #attention = new Uint8Array(0);
  #listeners: ((() => void)[] | undefined)[] = [];
  #noticeAt = Number.POSITIVE_INFINITY;
  /** The same without `unwindAt`: up to here steps may be done at once. */
  #lookAt = Number.POSITIVE_INFINITY;

  constructor() {
    this.store.now = () => this.step;
    // The engine compiles code for the values that it has seen; what changes only in a jump is changed once before any is.
    this.observedUpTo = 0;
    this.undivided = false;
    this.#saved = 0;
  }

  /** Call when all events and structures are declared. */
  begin(): void {
    this.counts = new Float64Array(this.events.names.length);
    this.#attention = new Uint8Array(this.events.names.length);
  }

  /** Announces an event; the step that it names is done. Returns the event's number. */
  readonly fire = (id: number): number => {
    this.event = id;
    this.counts[id]!++;
    this.#recent[this.step & (RECENT - 1)] = id;
    if (++this.step >= this.#noticeAt || this.#attention[id] !== 0) this.#notice(id);
    return id;
  };

  /** A kind of batch. Declare all before anybody listens. */
  batch<R>(spec: BatchSpec): Batch<R> {
    const batch = new Batch<R>(this, spec);
    this.#batches.push(batch as Batch<never>);
    return batch;
  }

  /**
   * Calls `listener` at every such event, also when steps are re-executed: it may keep state in the store only.
   * `batches`: what is told instead of batches that the event is part of; a kind that is not named is not done any more.
   */
  listen(event: string, listener: () => void, batches: BatchListeners = {}): void {
    const id = this.events.id(event);
    if (id === undefined) throw new Error(`no event ${event}`);
    (this.#listeners[id] ??= []).push(listener);
    this.#attention[id] |= LISTENED;
    for (const batch of this.#batches) {
      if (!batch.ids.includes(id)) continue;
      const told = batches[batch.name];
      if (told) batch.listen(told);
      else batch.refuse();
    }
  }

  /** Whether the last steps had these events. */
  lastWere(ids: readonly number[]): boolean {
    for (let i = ids.length, at = this.step; i > 0; ) if (this.#recent[--at & (RECENT - 1)] !== ids[--i]) return false;
    return true;
  }

  /** How many times the steps with these events fit in before anybody looks. */
  room(ids: readonly number[]): number {
    const { step } = this;
    if (!this.batching || this.callsWatched || !(this.straight || this.undivided)) return 0;
    // Somebody has called `alert`: the next step is looked at.
    if (this.#noticeAt === 0) return 0;
    // Who looks at steps looks at them the first time only.
    let until = this.#lookAt - 1;
    if (this.observer !== null && ids.some((id) => (this.#attention[id]! & ATTENDED) !== 0))
      until = Math.min(until, this.observedUpTo);
    if (this.store.watched) return 0;
    return Math.floor((until - step) / ids.length);
  }

  /** How long what has been done takes to be done once more, in steps that are done singly. */
  get work(): number {
    return this.step - this.#saved;
  }

  /** Steps with these events, `times` times, have been done. */
  pass(ids: readonly number[], times: number): void {
    for (const id of ids) this.counts[id]! += times;
    this.step += ids.length * times;
    this.unwindAt += (ids.length - 1) * times;
    this.#saved += (ids.length - ELEMENT_WORK) * times;
    this.#noticeAt = Math.min(this.#lookAt, this.unwindAt);
    for (let i = ids.length, at = this.step; i > 0; ) this.#recent[--at & (RECENT - 1)] = ids[--i]!;
    this.event = ids.at(-1)!;
  }

  /** The observer wants to be asked at these events; others reach it only after `alert`. */
  attend(events: Iterable<number>): void {
    for (let id = 0; id < this.#attention.length; id++) this.#attention[id] &= ~ATTENDED;
    for (const id of events) this.#attention[id] |= ATTENDED;
  }

  /** Something happened that the observer must be asked about at the end of this step; between two steps, of the next one. */
  alert(): void {
    this.alerted = true;
    this.#noticeAt = 0;
    this.#lookAt = 0;
  }

  /** To be called after `target`, `unwindAt`, `captures`, `observer` or `alerted` were changed. */
  rearm(): void {
    this.#lookAt = this.alerted ? 0 : this.target;
    for (const step of this.captures.keys()) if (step > this.step) this.#lookAt = Math.min(this.#lookAt, step);
    this.#noticeAt = Math.min(this.#lookAt, this.unwindAt);
  }

  snapshot(): MachineSnapshot {
    const { step, units, work } = this;
    return { step, units, work, store: this.store.snapshot(), counts: this.counts.slice(), idle: this.#idle };
  }

  /** Whether the step that was just done is to be followed by the next one of the same thread, with nobody asked in between. */
  get goesOn(): boolean {
    return this.step < this.goOnUntil && !this.stopping;
  }

  /** Goes without a step since the last step. */
  get idle(): number {
    return this.#idle.step === this.step ? this.#idle.goes : 0;
  }

  /** A thread has had a go without a step. */
  countIdle(): void {
    this.#idle = { step: this.step, goes: this.idle + 1 };
  }

  restore(snapshot: MachineSnapshot): void {
    this.step = snapshot.step;
    this.units = snapshot.units;
    this.#saved = snapshot.step - snapshot.work;
    this.store.restore(snapshot.store);
    this.counts = snapshot.counts.slice();
    this.#idle = snapshot.idle;
    this.thread = null;
    this.stopping = false;
    this.alerted = false;
    this.sites.fill(0);
    this.#recent.fill(-1);
  }

  #notice(id: number): void {
    // Reached, or somebody called `alert` since the last step.
    let asked = this.step >= this.#noticeAt || (this.#attention[id]! & ATTENDED) !== 0;
    if (this.step >= this.#noticeAt) {
      this.alerted = false;
      this.rearm();
    }
    const listeners = this.#listeners[id];
    if (listeners) for (let i = 0; i < listeners.length; i++) listeners[i]!();
    if (this.#noticeAt === 0) asked = true;
    if (this.captures.size > 0 && this.captures.has(this.step)) this.captures.set(this.step, captureStack());
    if (asked && this.observer !== null && this.step > this.observedUpTo) {
      this.observedUpTo = this.step;
      if (this.observer!(id)) this.stopping = this.stopWanted = true;
    }
    if (this.step >= this.target) this.stopping = true;
    if (this.straight && (this.stopping || this.step >= this.unwindAt)) throw UNWIND;
  }
}

/** A power of 2; no batch's element has more steps. */
const RECENT = 16;
/** An element of a batch takes about this part of the time of a single step. */
const ELEMENT_WORK = 0.25;
const LISTENED = 1;
const ATTENDED = 2;

/** More than the deepest stack: reclaim within a fault within a call is 50 functions deep, and the engine has its own below. */
const DEEPEST = 200;

/** The call stack as text; kernel functions among others. Costs some 30 µs. */
export function captureStack(): string {
  const errors = Error as unknown as { stackTraceLimit: number };
  const before = errors.stackTraceLimit;
  errors.stackTraceLimit = DEEPEST;
  const { stack } = new Error("here");
  errors.stackTraceLimit = before;
  return stack ?? "";
}

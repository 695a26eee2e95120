// A machine that does steps. A step is what another CPU could see; it has been done when its event is announced
// (`fire`). The machine counts steps, tells listeners, and knows who runs. What the steps mean is the kernel's business.
import sites from "virtual:sites";
import { EventTable } from "./events.ts";
import { Store, type StoreSnapshot } from "./store.ts";
import type { Thread } from "./thread.ts";

/** Thrown through a call that runs without generators when it has to stop or wait in its middle: it is then run again, step by step. */
export const UNWIND = Symbol("unwind");

export interface MachineSnapshot {
  readonly step: number;
  /** Units begun so far (run.ts). */
  readonly units: number;
  readonly store: StoreSnapshot;
  readonly counts: Float64Array;
}

const NOWHERE = { file: "", line: 0 };

/** Asked after each step that may matter; true stops the run there. Called once for each step, whatever is re-executed. */
export type Observer = (event: number) => boolean;

export class Machine {
  readonly store = new Store();
  readonly events = new EventTable();
  /** Steps done. */
  step = 0;
  /** Units begun: a unit is a system call, an access, a kernel operation. */
  units = 0;
  /** The last event and its arguments (`events.specs[event].args` names them). */
  event = -1;
  readonly args: unknown[] = [undefined, undefined, undefined, undefined, undefined, undefined];
  /** How often each event has happened. */
  counts = new Float64Array(0);
  /** Marks of the places in kernel functions that were passed; see tools/flavours.mjs. */
  readonly sites = new Uint8Array(sites.length);
  /** Who runs now; null between units. */
  thread: Thread | null = null;
  /** Which line of which program the running thread works on; set by who runs programs. */
  place: () => { readonly file: string; readonly line: number } = () => NOWHERE;
  /** The kernel functions that run now are plain calls, which cannot stop in their middle. */
  straight = false;
  /** A stop was asked for at the current step. */
  stopping = false;

  /** Run to this step and stop there. */
  target = Number.POSITIVE_INFINITY;
  /** Steps up to this one have been observed already: they are being re-executed. */
  observedUpTo = 0;
  observer: Observer | null = null;
  /** Steps at which the call stack is to be kept, and what was kept. */
  readonly captures = new Map<number, string>();

  #attention = new Uint8Array(0);
  #listeners: ((() => void)[] | undefined)[] = [];
  #noticeAt = Number.POSITIVE_INFINITY;

  constructor() {
    this.store.now = () => this.step;
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
    if (++this.step >= this.#noticeAt || this.#attention[id] !== 0) this.#notice(id);
    return id;
  };

  /** Calls `listener` at every such event, also when steps are re-executed: it may keep state in the store only. */
  listen(event: string, listener: () => void): void {
    const id = this.events.id(event);
    if (id === undefined) throw new Error(`no event ${event}`);
    (this.#listeners[id] ??= []).push(listener);
    this.#attention[id] |= LISTENED;
  }

  /** The observer wants to be asked at these events; others reach it only after `alert`. */
  attend(events: Iterable<number>): void {
    for (let id = 0; id < this.#attention.length; id++) this.#attention[id] &= ~ATTENDED;
    for (const id of events) this.#attention[id] |= ATTENDED;
  }

  /** Something happened that the observer must be asked about at the end of this step. */
  alert(): void {
    this.#noticeAt = 0;
  }

  /** To be called after `target`, `captures` or `observer` were changed. */
  rearm(): void {
    this.#noticeAt = this.target;
    for (const step of this.captures.keys()) if (step > this.step) this.#noticeAt = Math.min(this.#noticeAt, step);
  }

  snapshot(): MachineSnapshot {
    return { step: this.step, units: this.units, store: this.store.snapshot(), counts: this.counts.slice() };
  }

  restore(snapshot: MachineSnapshot): void {
    this.step = snapshot.step;
    this.units = snapshot.units;
    this.store.restore(snapshot.store);
    this.counts = snapshot.counts.slice();
    this.thread = null;
    this.stopping = false;
    this.sites.fill(0);
  }

  #notice(id: number): void {
    // Reached, or somebody called `alert` since the last step.
    let asked = this.step >= this.#noticeAt || (this.#attention[id]! & ATTENDED) !== 0;
    if (this.step >= this.#noticeAt) this.rearm();
    const listeners = this.#listeners[id];
    if (listeners) for (let i = 0; i < listeners.length; i++) listeners[i]!();
    if (this.#noticeAt === 0) asked = true;
    if (this.captures.size > 0 && this.captures.has(this.step)) this.captures.set(this.step, captureStack());
    if (asked && this.observer !== null && this.step > this.observedUpTo) {
      this.observedUpTo = this.step;
      if (this.observer!(id)) this.stopping = true;
    }
    if (this.step >= this.target) this.stopping = true;
    if (this.stopping && this.straight) throw UNWIND;
  }
}

const LISTENED = 1;
const ATTENDED = 2;

/** The call stack as text; kernel functions among others. Costs some 30 µs. */
export function captureStack(): string {
  const errors = Error as unknown as { stackTraceLimit: number };
  const before = errors.stackTraceLimit;
  errors.stackTraceLimit = 60;
  const { stack } = new Error("here");
  errors.stackTraceLimit = before;
  return stack ?? "";
}

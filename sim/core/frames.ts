// Calls of kernel functions as data: which functions, where in each, and their variables. A generator can be neither copied
// nor looked into, so the functions are built such that they leave these behind and can be entered again in their middle
// (tools/restartable.mjs).
import { Handle } from "./struct.ts";
import type { Steps } from "./thread.ts";

type StepFunction = (k: unknown, ...args: readonly unknown[]) => Steps<unknown>;

/** One function of a call that is in its middle. */
export interface Frame {
  readonly fn: StepFunction;
  /** The number of the yield at which it is. */
  readonly at: number;
  /** Its parameters and variables, in the order that the build gave them. */
  readonly variables: readonly unknown[];
}

/** Outermost first. */
export type CallFrames = readonly Frame[];

/** In the place of parameters that are set at once: what can be taken apart. */
const NOTHING = Object.freeze(Array.from({ length: 16 }, () => Object.freeze({})));

export class Frames {
  /** Thrown through a call that is taken apart. */
  readonly leaving = Symbol("leaving");
  /** Functions are entered where they were left. */
  isEntering = false;
  readonly #k: unknown;
  #left: Frame[] = [];
  #entered: CallFrames = [];
  #next = 0;

  /** `k`: the kernel whose functions these are. */
  constructor(k: unknown) {
    this.#k = k;
  }

  /** What a call that has stopped at a step consists of. The call itself is over by that: `resume` makes another. */
  take(call: Steps<unknown>): CallFrames {
    this.#left = [];
    try {
      call.throw(this.leaving);
    } catch (reason) {
      if (reason !== this.leaving) throw reason;
    }
    return this.#left.reverse();
  }

  /** A call that stands where these were taken. Their variables are its own from now on. */
  resume(frames: CallFrames): Steps<unknown> {
    this.#entered = frames;
    this.#next = 0;
    this.isEntering = true;
    const call = this.again();
    call.next();
    return call;
  }

  /** For functions that are left. */
  leave(fn: StepFunction, at: number, variables: readonly unknown[]): void {
    this.#left.push({ fn, at, variables });
  }

  /** For functions that are entered: where, and with what. */
  enter(): Frame {
    const frame = this.#entered[this.#next++]!;
    this.isEntering = this.#next < this.#entered.length;
    return frame;
  }

  /** For functions that are entered: the call that they are in. */
  again(): Steps<unknown> {
    return this.#entered[this.#next]!.fn(this.#k, ...NOTHING);
  }

  /** What a loop that is left in its middle goes through, by number. */
  items<T>(iterable: Iterable<T>): readonly T[] {
    return Array.isArray(iterable) ? iterable : [...iterable];
  }
}

/** What was copied already, so that what is named twice stays one thing. */
export type Copies = Map<unknown, unknown>;

/**
 * The same with lists, maps and records of their own, so that whoever goes on from one does not change what the other has.
 * Pointers into the store, functions, what has a class and what is frozen are shared: they do not change.
 */
export function copied<T>(value: T, copies: Copies): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  return (copies.get(value) ?? copyOf(value, copies)) as T;
}

function copyOf(value: object, copies: Copies): unknown {
  const keep = <V>(copy: V): V => {
    copies.set(value, copy);
    return copy;
  };
  if (Array.isArray(value)) {
    const copy = keep(new Array<unknown>(value.length));
    for (let i = 0; i < value.length; i++) copy[i] = copied(value[i], copies);
    return copy;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) {
    const copy = keep(Object.create(prototype as object | null) as Record<string, unknown>);
    for (const key of Object.keys(value)) copy[key] = copied((value as Record<string, unknown>)[key], copies);
    return copy;
  }
  if (value instanceof Map) {
    const copy = keep(new Map<unknown, unknown>());
    for (const [key, one] of value) copy.set(copied(key, copies), copied(one, copies));
    return copy;
  }
  if (value instanceof Set) {
    const copy = keep(new Set<unknown>());
    for (const one of value) copy.add(copied(one, copies));
    return copy;
  }
  if (value instanceof ArrayBuffer) return keep(value.slice(0));
  if (ArrayBuffer.isView(value)) {
    const { buffer, byteOffset } = value;
    const length = value instanceof DataView ? value.byteLength : (value as Uint8Array).length;
    return keep(
      new (value.constructor as Uint8ArrayConstructor)(copied(buffer as ArrayBuffer, copies), byteOffset, length),
    );
  }
  // Two pointers to one object are the same pointer, also where the store has been somewhere else since.
  if (value instanceof Handle) value.$.adopt(value);
  return value;
}

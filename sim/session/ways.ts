// Ways back in time, each a search from checkpoint to checkpoint that yields between slices.

import type { Frame } from "../debugging.ts";
import type { System } from "../kernel/boot.ts";
import type { Hit } from "./breakpoints.ts";
import type { Sliced, Travel } from "./travel.ts";
import type { FoundTrouble } from "./trouble.ts";

/** What was found at the step at which the machine now is. */
export interface Found {
  readonly hits: readonly Hit[];
  readonly thread: number;
  readonly exception?: FoundTrouble | undefined;
}

export interface WayWorld {
  readonly system: System;
  readonly travel: Travel;
  /** The number by which debuggers know the running thread. */
  running(): number;
  stack(thread: number): readonly Frame[];
  /** Breakpoints and reports at the step that was just done. */
  hitsNow(event: number): { readonly hits: readonly Hit[]; readonly exception?: FoundTrouble | undefined };
  /** Calls of these kernel functions are noticed by `entered`, until breakpoints are armed again. */
  watchFunction(name: string): void;
  entered(name: string): boolean;
}

type Granularity = "statement" | "line" | "instruction";

/** To the last stop before now; undefined: there is none, and the machine is at the beginning. */
export function* backToStop(world: WayWorld): Sliced<Found | undefined> {
  const { system, travel } = world;
  let found: Found | undefined;
  const isStop = (event: number): boolean => {
    const { hits, exception } = world.hitsNow(event);
    if (hits.length === 0) return false;
    found = { hits, exception, thread: world.running() };
    return true;
  };
  const step = yield* travel.lastBefore(isStop, system.machine.step, "armed");
  yield* travel.goTo(step ?? 0);
  return step === undefined ? undefined : found;
}

/** To the beginning of the statement before; gives whose it is, or undefined at the beginning. */
export function* backToStatement(world: WayWorld): Sliced<number | undefined> {
  const { machine } = world.system;
  const statement = machine.events.id("statement")!;
  let thread: number | undefined;
  const isStatement = (event: number): boolean => {
    if (event === statement) thread = world.running();
    return event === statement;
  };
  const step = yield* world.travel.lastBefore(isStatement, machine.step, "armed");
  yield* world.travel.goTo(step ?? 0);
  return step === undefined ? undefined : thread;
}

/** To the thread's step before, or to its last step in another line of the kernel; whether there was one. */
export function* backInKernel(world: WayWorld, thread: number, by: Granularity): Sliced<boolean> {
  const { machine } = world.system;
  const line = () => {
    const frame = world.stack(thread)[0];
    return `${frame?.file}:${frame?.line}`;
  };
  const before = line();
  for (;;) {
    const step = yield* world.travel.lastBefore(() => world.running() === thread, machine.step, "all");
    yield* world.travel.goTo(step ?? 0);
    if (step === undefined) return false;
    if (by === "instruction" || line() !== before) return true;
  }
}

/**
 * To where a frame of a thread's stack began: the first step of the kernel function, or of the statement.
 * Gives false, at the beginning, where it has begun at no step.
 */
export function* backToBegin(world: WayWorld, thread: number, frame: Frame): Sliced<boolean> {
  const { machine } = world.system;
  const statement = machine.events.id("statement")!;
  const isKernel = frame.kind === "kernel";
  if (isKernel) world.watchFunction(frame.name);
  // A function's step comes after its call: what was entered by another thread meanwhile is no answer.
  const isBegin = (event: number): boolean => {
    if (world.running() !== thread) return false;
    return isKernel ? world.entered(frame.name) : event === statement;
  };
  const step = yield* world.travel.lastBefore(isBegin, machine.step + 1, "all");
  yield* world.travel.goTo(step ?? 0);
  return step !== undefined;
}

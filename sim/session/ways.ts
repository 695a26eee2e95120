// Ways back in time, each a search from checkpoint to checkpoint that yields between slices.

import type { Frame } from "../debugging.ts";
import type { System } from "../kernel/boot.ts";
import type { Hit } from "./breakpoint.ts";
import { partOf, type Why } from "./stops.ts";
import type { Sliced, Travel } from "./travel.ts";
import type { FoundTrouble } from "./trouble.ts";

export interface WayWorld {
  readonly system: System;
  readonly travel: Travel;
  /** The number by which debuggers know the running thread. */
  running(): number;
  stack(thread: number): readonly Frame[];
  /** Breakpoints and reports at the step that was just done. */
  hitsNow(event: number): { readonly hits: readonly Hit[]; readonly exception?: FoundTrouble | undefined };
  /** Whether something stops before its step. */
  stopsBefore(): boolean;
  /** Kernel functions that the running thread is in. */
  kernelFrames(): readonly Frame[];
  /** Calls `called` at every call of this kernel function, until breakpoints are armed again. */
  watchCalls(name: string, called: () => void): void;
}

type Granularity = "statement" | "line" | "instruction";

/**
 * To the last stop before now; undefined: there is none, and the machine is at the beginning. Where nothing stops it but what stops
 * before a step, the machine is behind that step.
 */
export function* backToStop(world: WayWorld): Sliced<Why | undefined> {
  const { system, travel } = world;
  const { machine } = system;
  const from = machine.step;
  let found: Why | undefined;
  const isStop = (event: number): boolean => {
    const why = { ...world.hitsNow(event), thread: world.running() };
    // On the way back one comes to what is behind a step before one comes to what is before it.
    const late = partOf(why, ({ when }) => when === "after");
    const here = machine.step < from && late.hits.length > 0 ? late : partOf(why, ({ when }) => when === "before");
    if (here.hits.length === 0) return false;
    found = here;
    return true;
  };
  const step = yield* travel.lastBefore(isStop, world.stopsBefore() ? from + 1 : from, "armed");
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
export function* backToBegin(world: WayWorld, thread: number, stack: readonly Frame[], depth: number): Sliced<boolean> {
  const { travel, system } = world;
  const step = stack[depth]!.kind === "kernel" ? yield* beginOfCall(world, thread, stack.slice(depth)) : undefined;
  if (step !== undefined) {
    yield* travel.goTo(step);
    return true;
  }
  const statement = system.machine.events.id("statement")!;
  const isBegin = (event: number) => event === statement && world.running() === thread;
  const begun = yield* travel.lastBefore(isBegin, system.machine.step + 1, "all");
  yield* travel.goTo(begun ?? 0);
  return begun !== undefined;
}

/**
 * The first step of the innermost of these frames. A function may be on the stack more than once, and may have been called before
 * from the same line: the frame has lasted since the thread was last seen without it, or since the last call from its depth.
 */
function* beginOfCall(world: WayWorld, thread: number, stack: readonly Frame[]): Sliced<number | undefined> {
  const { travel, system } = world;
  const now = system.machine.step;
  const frames = stack.filter(({ kind }) => kind === "kernel");
  const [{ name }] = frames as [Frame];
  let called = false;
  world.watchCalls(name, () => {
    if (world.running() === thread && world.kernelFrames().length === frames.length - 1) called = true;
  });
  let begins = false;
  const isEdge = () => {
    if (world.running() !== thread) return false;
    const isIn = endsWith(world.kernelFrames(), frames);
    begins = isIn && called;
    called = false;
    return begins || !isIn;
  };
  // What it was at the last edge, however many there are in a stretch.
  let lastBegins = false;
  const passesEdge = () => {
    const passes = isEdge();
    if (passes) lastBegins = begins;
    return passes;
  };
  const edge = yield* travel.lastInARow(passesEdge, now + 1, "all");
  if (lastBegins || edge === undefined) return edge;
  return yield* travel.firstAfter(() => world.running() === thread, edge, "all");
}

/** Whether the outer frames are these: callers at the same lines, the innermost of them wherever it is. */
function endsWith(stack: readonly Frame[], frames: readonly Frame[]): boolean {
  const outer = stack.slice(-frames.length);
  if (outer.length < frames.length) return false;
  return frames.every(({ name, line }, i) => outer[i]!.name === name && (i === 0 || outer[i]!.line === line));
}

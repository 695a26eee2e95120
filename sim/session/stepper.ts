// When a step of the debugger is done: over, into, out of statements of the scenario and lines of kernel functions.
import type { Machine } from "../core/machine.ts";
import type { Thread } from "../core/thread.ts";
import type { Frame, Goal } from "../debugging.ts";

export interface Stepper {
  /** Every step has to be looked at, not only the beginnings of statements. */
  readonly everyStep: boolean;
  /** Whether the event that has just happened ends the step. */
  done(event: number): boolean;
}

interface World {
  readonly machine: Machine;
  dapId(thread: Thread | null): number;
  framesNow(): readonly Frame[];
}

type StepGoal = Extract<Goal, { kind: "step" }>;

/** `stack`: the thread's frames where the step begins. */
export function createStepper(goal: StepGoal, stack: readonly Frame[], world: World): Stepper {
  const { machine, dapId } = world;
  const statement = machine.events.id("statement")!;
  const kernel = stack.filter((frame) => frame.kind === "kernel");
  const isMine = () => dapId(machine.thread) === goal.thread;
  if (goal.by === "instruction") return { everyStep: true, done: isMine };
  if (kernel.length === 0 && goal.how !== "in") return { everyStep: false, done: (event) => event === statement };
  if (kernel.length === 0) return { everyStep: true, done: (event) => event === statement || isMine() };
  const here = place(kernel[0]!);
  return {
    everyStep: true,
    done(event) {
      if (!isMine()) return false;
      if (event === statement) return true;
      const frames = world.framesNow();
      if (frames.length < kernel.length) return true;
      if (goal.how === "out") return false;
      const elsewhere = frames.length === kernel.length && place(frames[0]!) !== here;
      return elsewhere || (goal.how === "in" && frames.length > kernel.length);
    },
  };
}

/** From before the first step: what is shown there is the first statement, so that its beginning ends no step. */
export function firstStepper(goal: StepGoal, world: World): Stepper {
  const stepper = createStepper(goal, [], world);
  if (goal.by === "instruction") return stepper;
  const statement = world.machine.events.id("statement")!;
  let begun = false;
  return {
    everyStep: stepper.everyStep,
    done(event) {
      const first = !begun && event === statement;
      begun = true;
      return !first && stepper.done(event);
    },
  };
}

const place = (frame: Frame): string => `${frame.name} ${frame.file}:${frame.line}`;

// Lists of kernel steps: what each did, where in the kernel, and after which of them the schedule has a choice.
import { captureStack } from "../core/machine.ts";
import type { Thread } from "../core/thread.ts";
import type { StepText } from "../debugging.ts";
import { describeEvent } from "./describe.ts";
import type { Loaded } from "./load.ts";
import { framesOf, type SourceMaps } from "./stack.ts";
import type { Sliced, Travel } from "./travel.ts";

/** `count` steps from `from` on, as far as they are recorded. */
export function* stepsAround(
  loaded: Loaded,
  travel: Travel,
  maps: SourceMaps,
  from: number,
  count: number,
): Sliced<StepText[]> {
  const { system, run } = loaded;
  const { machine } = system;
  const found: StepText[] = [];
  const note = () => {
    if (machine.step < from) return false;
    const frame = framesOf(captureStack(), maps)[0];
    const text = `${machine.thread?.name ?? ""}: ${describeEvent(system)}`;
    stretch.push({ step: machine.step, text, file: frame?.file, line: frame?.line });
    return false;
  };
  let stretch: StepText[] = [];
  for (let upTo = Math.min(run.last, from + count - 1); upTo >= Math.max(1, from); ) {
    stretch = [];
    const choices = yield* choicesUpTo(loaded, travel, note, upTo);
    found.unshift(...stretch.map((one) => ({ ...one, ...choiceAt(choices.at, one.step) })));
    upTo = choices.start;
  }
  return found;
}

interface Choices {
  readonly start: number;
  /** Names of those who could go on, by step. */
  readonly at: ReadonlyMap<number, readonly string[]>;
}

/** One stretch up to a step, and the scheduling points in it. */
function* choicesUpTo(loaded: Loaded, travel: Travel, note: () => boolean, upTo: number): Sliced<Choices> {
  const { run } = loaded;
  const able = new Map<number, readonly Thread[]>();
  run.choices = able;
  try {
    const { start } = yield* travel.scan(note, upTo, "all");
    able.set(upTo, whoCouldGoOn(loaded));
    return { start, at: new Map([...able].map(([step, threads]) => [step, namesOf(threads)])) };
  } finally {
    run.choices = null;
  }
}

const namesOf = (threads: readonly Thread[]): readonly string[] => threads.map(({ name }) => name);

/** Who could do the next step from here. Changes nothing. */
export const whoCouldGoOn = ({ run, runner }: Loaded): readonly Thread[] => runner.foreseeing(() => run.able());

/** Goes to a recorded step and says whether it is a scheduling point. */
export function* choiceAfter(
  loaded: Loaded,
  travel: Travel,
  step: number,
): Sliced<{ readonly choice?: readonly string[] }> {
  yield* travel.visit(step);
  return choiceAt(new Map([[step, namesOf(whoCouldGoOn(loaded))]]), step);
}

function choiceAt(at: Choices["at"], step: number): { readonly choice?: readonly string[] } {
  const choice = at.get(step) ?? [];
  return choice.length > 1 ? { choice } : {};
}

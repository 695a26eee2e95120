// Moving in time: to a step, to the last step at which something was so, to who wrote something; all by re-execution.
import { captureStack } from "../core/machine.ts";
import { describeEvent } from "./describe.ts";
import type { Loaded } from "./load.ts";
import { watchPlace } from "./places.ts";
import { framesOf, type SourceMaps } from "./stack.ts";

/** Told when the machine is somewhere else. */
export interface Traveller {
  /** In the middle of a search. */
  jumped(): void;
  /** Where it was wanted. */
  arrived(): void;
}

export interface Travel {
  /** A search is going on: what breakpoints find now is not for people. */
  readonly searching: boolean;
  goTo(step: number): void;
  /** One stretch, from the checkpoint before `upTo` up to it: the last step at which `match` says yes. */
  scan(match: (event: number) => boolean, upTo: number): { readonly start: number; readonly found: number | undefined };
  /** The last such step before `from`, from checkpoint to checkpoint, latest first. */
  lastBefore(match: (event: number) => boolean, from: number): number | undefined;
  /** Texts and places of `count` steps from `from` on, as far as they are recorded. */
  stepsAround(from: number, count: number): StepText[];
  whoWrote(dataId: string): { readonly step: number; readonly description: string } | { readonly error: string };
}

export interface StepText {
  readonly step: number;
  readonly text: string;
  readonly file?: string;
  readonly line?: number;
}

/** The caller arms its breakpoints again after `stepsAround` and `whoWrote`. */
export function createTravel({ system, run }: Loaded, maps: SourceMaps, traveller: Traveller): Travel {
  const { machine } = system;
  let searching = false;

  const search = (match: (event: number) => void, upTo: number): number => {
    const { observer, observedUpTo } = machine;
    searching = true;
    const start = run.rewind(upTo);
    traveller.jumped();
    machine.observedUpTo = start;
    machine.observer = (event) => {
      match(event);
      return false;
    };
    run.forward(upTo, Number.POSITIVE_INFINITY);
    searching = false;
    machine.observer = observer;
    machine.observedUpTo = observedUpTo;
    return start;
  };

  const scan: Travel["scan"] = (match, upTo) => {
    let found: number | undefined;
    const start = search((event) => {
      if (match(event)) found = machine.step;
    }, upTo);
    return { start, found };
  };

  const lastBefore: Travel["lastBefore"] = (match, from) => {
    for (let upTo = from - 1; upTo > 0; ) {
      const { start, found } = scan(match, upTo);
      if (found !== undefined) return found;
      upTo = start;
    }
    return undefined;
  };

  const goTo = (step: number): void => {
    machine.captures.set(step, "");
    // Also for the step at which the machine is: the call stack is kept only on the way.
    if (step > 0 && machine.step >= step) run.rewind(step);
    run.goto(step);
    machine.observedUpTo = machine.step;
    traveller.arrived();
  };

  return {
    get searching() {
      return searching;
    },
    goTo,
    scan,
    lastBefore,
    stepsAround(from, count) {
      const now = machine.step;
      const last = Math.min(run.last, from + count - 1);
      const found: StepText[] = [];
      machine.attend(machine.events.names.keys());
      for (let upTo = last; upTo >= Math.max(1, from); ) {
        const stretch: StepText[] = [];
        upTo = search(() => {
          if (machine.step < from) return;
          const frame = framesOf(captureStack(), maps)[0];
          const text = `${machine.thread?.name ?? ""}: ${describeEvent(system)}`;
          stretch.push({ step: machine.step, text, file: frame?.file, line: frame?.line });
        }, upTo);
        found.unshift(...stretch);
      }
      goTo(now);
      return found;
    },
    whoWrote(dataId) {
      const now = machine.step;
      let hit = false;
      const watched = watchPlace(system, dataId, (before, after) => {
        if (before !== after) hit = true;
        machine.alert();
      });
      if (typeof watched === "string") return { error: watched };
      for (const storage of machine.store.storages)
        storage.watch(watched.filter((one) => one.structure === storage.type.name));
      let description = "";
      const written = () => {
        if (!hit) return false;
        hit = false;
        description = describeEvent(system);
        return true;
      };
      const found = lastBefore(written, now + 1);
      goTo(now);
      return found === undefined ? { error: "nobody has written it since the start" } : { step: found, description };
    },
  };
}

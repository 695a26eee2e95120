// What breakpoints with a message have told, by the time that it is about: a moment that the run comes by again is the same line.
import type { Deed } from "../debugging.ts";

export interface Messages {
  tell(message: Deed): void;
  /** In the order of their steps. */
  all(): readonly Deed[];
  /** What was after `step` will be otherwise. */
  forgetAfter(step: number): void;
}

/** A message at every step of a long run fills no memory: of more, the earliest go. */
const MOST = 10_000;

export function createMessages(): Messages {
  const kept: Deed[] = [];
  /** Index behind the last message up to `step`. Most often that is the end. */
  const behind = (step: number): number => kept.findLastIndex((one) => one.step <= step) + 1;
  const isKnown = ({ step, description }: Deed, at: number): boolean => {
    for (let i = at - 1; i >= 0 && kept[i]!.step === step; i--) if (kept[i]!.description === description) return true;
    return false;
  };
  return {
    tell(message) {
      const at = behind(message.step);
      if (isKnown(message, at)) return;
      kept.splice(at, 0, message);
      if (kept.length > MOST) kept.shift();
    },
    all: () => kept.slice(),
    forgetAfter(step) {
      kept.length = behind(step);
    },
  };
}

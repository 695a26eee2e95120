// What a scenario expected in vain, told once each: a statement's result or an `expect`, and in whose name. Neither is a step: what a
// step has led to is found out after it, and is told at the next one, which may be anybody's.
import type { Thread } from "../core/thread.ts";
import type { ExpectationResult, StatementResult } from "../scenario/run/state.ts";
import type { Loaded } from "./load.ts";

export interface Failure {
  readonly message: string;
  /** Who did the statement; for an `expect`, the statement before it. */
  readonly thread: Thread;
  readonly at: { readonly name: string; readonly file: string; readonly line: number };
}

export interface Failures {
  /** Those before the present step are known. */
  catchUp(): void;
  /** Those since the last one that is known. `when`: whether the step that was just done is the first after them, or there is none. */
  take(when: "at the next step" | "at the end"): readonly Failure[];
}

export function createFailures({ runner, system }: Loaded): Failures {
  const { machine } = system;
  const { state } = runner;
  /** Those of earlier steps are known. */
  let from = 0;
  /** Failures up to then; undefined: to be found out. */
  let known: number | undefined;

  const threadNamed = (name: string): Thread | undefined => system.threads.find((one) => one.name === name);

  /** Who did the last statement up to a step. Before there was one the run stands in the name of the first thread. */
  const lastActor = (step: number): Thread => {
    const before = state.results.all().findLast((one) => one.step <= step && threadNamed(one.actor));
    return (before && threadNamed(before.actor)) ?? system.threads[0]!;
  };

  const ofStatement = ({ file, line, actor, call, problem = "failed", step }: StatementResult): Failure => ({
    message: `line ${line}: ${actor}: ${call}: ${problem}`,
    thread: threadNamed(actor) ?? lastActor(step),
    at: { name: `${actor}: ${call}`, file, line },
  });

  const ofExpectation = ({ file, line, text, problem = "false", step }: ExpectationResult): Failure => ({
    message: `line ${line}: ${text}: ${problem}`,
    thread: lastActor(step),
    at: { name: "expect", file, line },
  });

  /** What a step has led to, in its order: the statement's result comes before what is expected after it. */
  const failed = (isMeant: (step: number) => boolean): Failure[] => {
    if (state.failures === 0) return [];
    const isSo = ({ ok, step }: { readonly ok: boolean; readonly step: number }) => !ok && isMeant(step);
    const found = [
      ...state.results
        .all()
        .filter(isSo)
        .map((one) => ({ step: one.step, failure: ofStatement(one) })),
      ...state.expectations.filter(isSo).map((one) => ({ step: one.step, failure: ofExpectation(one) })),
    ];
    return found.sort((a, b) => a.step - b.step).map(({ failure }) => failure);
  };

  return {
    catchUp() {
      from = machine.step;
      known = undefined;
      // Where a checkpoint was taken after a failure, nobody remembers that the next step is to be asked about.
      if (failed((step) => step === from).length > 0) machine.alert();
    },
    take(when) {
      const to = when === "at the end" ? machine.step + 1 : machine.step;
      const before = known;
      const since = from;
      known = state.failures;
      from = to;
      if (before === known) return [];
      const found = failed((step) => step >= since && step < to);
      // Of a loop's failures the first ones are kept: the others are like the last of these.
      return found.length === 0 && before !== undefined ? failed((step) => step < to).slice(-1) : found;
    },
  };
}

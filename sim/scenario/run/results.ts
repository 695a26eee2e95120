// What a run remembers of what it did: results of statements, expectations, warnings. All of it is in the store.
import type { Machine } from "../../core/machine.ts";
import type { Item } from "../ast.ts";
import type { Outcome } from "./calls.ts";
import { textOf, type Verdict } from "./judge.ts";
import type { Plan } from "./plan.ts";
import { type ExpectationResult, KEPT_RESULTS, type ScenarioState } from "./state.ts";

export interface Results {
  statement(item: Item, actor: string, call: string, outcome: Outcome, verdict: Verdict): void;
  /** A statement that has no meaning where the run stands is passed over, and the run fails. */
  refused(item: Item, actor: string, call: string, problem: string): void;
  /** `problem`: why it is false, where it is. */
  expectation(item: Item, problem: string | undefined): void;
}

export function createResults(machine: Machine, state: ScenarioState, plan: Plan): Results {
  const placeOf = (item: Item) => ({ file: plan.fileOf(item).path, line: plan.lineOf(item) });

  const failed = () => {
    state.failures++;
    machine.alert();
  };

  const statement: Results["statement"] = (item, actor, call, outcome, verdict) => {
    if (state.results.length === KEPT_RESULTS) state.omitted++;
    const { ok, problem, warning } = verdict;
    const { result = null, errno = null, signal = null } = outcome;
    const { step } = machine;
    const { file, line } = placeOf(item);
    state.results = state.results.add({ file, line, actor, call, result, errno, signal, ok, problem, step });
    if (!ok) failed();
    if (warning) warn(item, warning);
  };

  const warn = (item: Item, message: string) => {
    const place = placeOf(item);
    const { warnings } = state;
    const at = warnings.findIndex((w) => w.line === place.line && w.file === place.file && w.message === message);
    if (at >= 0) state.warnings = warnings.with(at, { ...warnings[at]!, count: warnings[at]!.count + 1 });
    else if (warnings.length < KEPT_RESULTS) state.warnings = [...warnings, { ...place, message, count: 1 }];
  };

  return {
    statement,
    refused(item, actor, call, problem) {
      const { line, file } = placeOf(item);
      const { step } = machine;
      // In a parallel block every part comes by.
      const said = state.results
        .all()
        .some((one) => one.line === line && one.file === file && one.step === step && one.problem === problem);
      if (!said) statement(item, actor, call, {}, { ok: false, problem });
    },
    expectation(item, problem) {
      const ok = problem === undefined;
      const text = textOf(item, plan.fileOf(item));
      keep(state, { ...placeOf(item), text, ok, problem, step: machine.step });
      if (!ok) failed();
    },
  };
}

/** In a loop an expectation is kept once for each outcome: the first time that it held and the first that it did not. */
function keep(state: ScenarioState, result: ExpectationResult): void {
  const { expectations } = state;
  const same = (one: ExpectationResult) => one.line === result.line && one.file === result.file && one.ok === result.ok;
  if (expectations.length < KEPT_RESULTS || !expectations.some(same)) state.expectations = [...expectations, result];
}

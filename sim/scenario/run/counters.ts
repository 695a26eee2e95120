// `count(EVENT)` and `count(EVENT, condition)`. Every condition in the file is counted from the start of the run; the
// counts are in the store, so that going back in time takes them back.
import type { System } from "../../kernel/boot.ts";
import type { CallExpr, Expr } from "../ast.ts";
import type { CheckedScenario } from "../check.ts";
import { evaluate, type Inspector } from "../expressions.ts";
import { type Failure, isTrue, type Value } from "../values.ts";
import { visit } from "../visit.ts";
import { type CountState, count_state } from "./state.ts";

export interface Counters {
  count(event: string, condition: Expr | undefined): bigint | Failure;
}

/** `argument` gives the arguments of the event that is just happening. */
export function createCounters(
  scenario: CheckedScenario,
  system: System,
  argument: (name: string) => Value | undefined,
  inspector: Inspector,
  constant: (name: string) => Value | undefined,
): Counters {
  const { machine } = system;
  const kept = new Map<string, CountState>();
  const within: Inspector = {
    name: (name) => argument(name) ?? inspector.name(name),
    call: (name, args) => inspector.call(name, args),
    count: (event, _where, condition) => counters.count(event, condition),
  };
  const listen = (expr: CallExpr) => {
    const [event, condition] = expr.args;
    if (event?.kind !== "name" || !condition || machine.events.id(event.name) === undefined) return;
    const key = `${event.name}, ${shape(condition)}`;
    if (kept.has(key)) return;
    const counter = machine.store.alloc(count_state) as CountState;
    kept.set(key, counter);
    machine.listen(event.name, () => {
      const result = evaluate(condition, { inspector: within, constant });
      if ("value" in result && isTrue(result.value)) counter.times++;
    });
  };
  for (const { item } of scenario.program.items) {
    visit(item, (node) => {
      if ("kind" in node && node.kind === "call" && node.name.text === "count") listen(node);
    });
  }
  const counters: Counters = {
    count(event, condition) {
      const id = machine.events.id(event);
      if (id === undefined) return { failure: `There is no event \`${event}\` in this kernel.` };
      if (condition === undefined) return BigInt(machine.counts[id]!);
      const counter = kept.get(`${event}, ${shape(condition)}`);
      return counter
        ? BigInt(counter.times)
        : { failure: "A count with a condition must stand in the scenario: it is counted from the start." };
    },
  };
  return counters;
}

/** An expression without its places: equal for equal expressions. */
function shape(expr: Expr): string {
  return JSON.stringify(expr, (key, value) =>
    key === "start" || key === "end" ? undefined : typeof value === "bigint" ? String(value) : value,
  );
}

// For which statements RCU's callbacks work: those that had them queued. Callbacks are called in the order in which they were queued.
import type { Machine } from "../../core/machine.ts";
import type { Place, ScenarioState } from "./state.ts";

/** Gives the place of the statement for which the present callback works; null: there is none. Call once, before the run. */
export function followCallbacks(machine: Machine, state: ScenarioState): () => Place | null {
  machine.listen("rcu_callback", () => {
    const place = machine.place();
    const last = state.callbacks.at(-1);
    const isSame = last?.place.line === place.line && last.place.file === place.file;
    state.callbacks = isSame
      ? [...state.callbacks.slice(0, -1), { place, count: last.count + 1 }]
      : [...state.callbacks, { place, count: 1 }];
  });
  machine.listen("rcu_invoke_callback", () => {
    const [first, ...others] = state.callbacks;
    if (!first) return;
    const { place, count } = first;
    state.called_for = place;
    state.callbacks = count > 1 ? [{ place, count: count - 1 }, ...others] : others;
  });
  machine.listen("rcu_grace_period", () => {
    state.called_for = null;
  });
  return () => state.called_for;
}

// Changes by hand. In the past they end the future that was recorded: whoever made one must hear of it.
import type { Adapter } from "./adapter.ts";
import type { Debuggee } from "./debuggee.ts";

/** Makes a change through `change`, then tells the client what else is different now. */
export function changing<T>(adapter: Adapter, debuggee: Debuggee, change: () => T): T {
  const { now, last } = debuggee.session;
  const result = change();
  adapter.afterResponse(() => {
    debuggee.flush();
    if (debuggee.session.last < last) tellNewFuture(adapter, now, last);
    debuggee.tellTime();
    if (adapter.client.takesInvalidated) adapter.event("invalidated", { areas: ["variables"] });
  });
  return result;
}

function tellNewFuture(adapter: Adapter, now: number, last: number): void {
  const text = `a new future starts here, at step ${now}: the recorded one, up to step ${last}, is gone`;
  adapter.output({ category: "console", text });
}

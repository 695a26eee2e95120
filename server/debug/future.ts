// Changes by hand. In the past they end the future that was recorded, and the session has that to say.
import type { Adapter } from "./adapter.ts";
import type { Debuggee } from "./debuggee.ts";

/** Makes a change through `change`, then tells the client what else is different now. */
export function changing<T>(adapter: Adapter, debuggee: Debuggee, change: () => T): T {
  const result = change();
  adapter.afterResponse(() => {
    debuggee.flush();
    debuggee.tellTime();
    if (adapter.client.takesInvalidated) adapter.event("invalidated", { areas: ["variables"] });
  });
  return result;
}

// Requests of our own, for views of the whole machine beside the variables. A view's rows are opened with `variables`.
import type { ValueNode } from "../../../sim/debugging.ts";
import type { Adapter } from "../adapter.ts";
import type { Handlers } from "../handlers.ts";
import { deedOut } from "./time.ts";

export const viewHandlers: Handlers = {
  "mshare/addressSpaces": (adapter) => rows(adapter, "address spaces", adapter.stopped().session.addressSpaces()),
  "mshare/tlbs": (adapter) => rows(adapter, "TLBs", adapter.stopped().session.tlbs()),
  "mshare/bugs": (adapter) => ({ bugs: adapter.stopped().session.bugs() }),
  "mshare/messages": (adapter) => ({
    messages: adapter
      .stopped()
      .session.messages()
      .map((message) => deedOut(adapter, message)),
  }),
};

/** A reference whose variables are the rows; 0 where there are none. Holds until the next move, as all references do. */
function rows(adapter: Adapter, name: string, nodes: readonly ValueNode[]): object {
  const root = { name, value: "", ...(nodes.length > 0 && { children: () => nodes }) };
  return { variablesReference: adapter.stopped().values.reference(root, name) };
}

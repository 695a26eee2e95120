// Requests of our own, for editors with a timeline: `mshare/seek` and `mshare/whoWrote`. The event is `mshare/time`.
import type { Debuggee } from "../debuggee.ts";
import { RequestError } from "../errors.ts";
import type { Handlers } from "../handlers.ts";
import { count, integer, optionalText, text } from "../read.ts";
import { move, withHistory } from "./moves.ts";

export const timeHandlers: Handlers = {
  "mshare/seek"(adapter, args) {
    const step = count(args, "step");
    const debuggee = step < adapter.stopped().session.now ? withHistory(adapter) : adapter.stopped();
    move(adapter, debuggee, { kind: "goto", step });
  },

  /** Takes a `dataId`, or what a menu of the variables view knows: `variablesReference` and `name`. */
  "mshare/whoWrote"(adapter, args) {
    const debuggee = adapter.stopped();
    const given = optionalText(args, "dataId");
    if (given !== undefined) return whoWrote(debuggee, given);
    const name = text(args, "name");
    const { dataId } = debuggee.values.child(integer(args, "variablesReference"), name);
    if (dataId === undefined) throw new RequestError("refused", `${name} is not a field of a simulated object`);
    return whoWrote(debuggee, dataId);
  },
};

export function whoWrote(debuggee: Debuggee, dataId: string): { readonly step: number; readonly description: string } {
  const answer = debuggee.session.whoWrote(dataId);
  if ("error" in answer) throw new RequestError("refused", answer.error);
  return answer;
}

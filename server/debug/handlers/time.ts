// Requests of our own, for editors that can do more than the protocol asks: moving in time, choosing who runs, formats, words.
import type { Adapter } from "../adapter.ts";
import type { Debuggee } from "../debuggee.ts";
import { RequestError } from "../errors.ts";
import type { Base } from "../formats.ts";
import type { Handlers } from "../handlers.ts";
import { type Arguments, count, integer, optionalInteger, optionalText, optionalWord, text } from "../read.ts";
import { type Direction, runTo } from "./jumps.ts";
import { move, withHistory } from "./moves.ts";

export const timeHandlers: Handlers = {
  "mshare/seek"(adapter, args) {
    seek(adapter, count(args, "step"));
  },

  "mshare/whoWrote"(adapter, args) {
    const debuggee = adapter.stopped();
    return whoWrote(debuggee, dataIdOf(debuggee, args));
  },

  /** To the step that last wrote a value; answers with what that was. */
  "mshare/gotoWrite"(adapter, args) {
    const debuggee = withHistory(adapter);
    const written = whoWrote(debuggee, dataIdOf(debuggee, args));
    seek(adapter, written.step);
    return written;
  },

  /** To a label or a line, as a breakpoint there for this once. */
  "mshare/runTo"(adapter, args) {
    const direction = optionalWord<Direction>(args, "direction", ["forward", "back"]) ?? "forward";
    return runToPlace(adapter, adapter.stopped(), text(args, "place"), direction);
  },

  /** Labels of the scenario, for a list to choose from. */
  "mshare/labels": (adapter) => ({ labels: adapter.launched().session.labels() }),

  /** Events and kernel functions at which a run can stop. */
  "mshare/events": (adapter) => ({ events: adapter.launched().session.eventWords() }),

  /** Hexadecimal or decimal: for one variable where it is named, else for all. Left out, values look as by default. */
  "mshare/format"(adapter, args) {
    const debuggee = adapter.stopped();
    const base = optionalWord<Base>(args, "base", ["hex", "decimal"]);
    const reference = optionalInteger(args, "variablesReference");
    const expression = optionalText(args, "expression");
    if (reference !== undefined) {
      const child = debuggee.values.child(reference, text(args, "name"));
      adapter.formats.set(debuggee.values.keyOf(reference, child), base);
    } else if (expression !== undefined) adapter.formats.set(keyOfExpression(debuggee, expression), base);
    else adapter.formats.all = base;
    tellFormats(adapter);
  },
};

export function keyOfExpression({ session }: Debuggee, expression: string): string {
  const node = session.evaluate(expression, session.current);
  return "error" in node ? expression : (node.dataId ?? node.expression ?? expression);
}

export function tellFormats(adapter: Adapter): void {
  if (!adapter.client.takesInvalidated) return;
  adapter.afterResponse(() => adapter.event("invalidated", { areas: ["variables"] }));
}

export function seek(adapter: Adapter, step: number): void {
  const debuggee = step < adapter.stopped().session.now ? withHistory(adapter) : adapter.stopped();
  move(adapter, debuggee, { kind: "goto", step });
}

export function runToPlace(adapter: Adapter, debuggee: Debuggee, place: string, direction: Direction): object {
  const found = debuggee.session.place(place);
  if ("error" in found) throw new RequestError("refused", found.error);
  const label = /^\d+$/.test(place.trim()) ? `line ${found.line}` : `${place.trim()} (line ${found.line})`;
  runTo(adapter, debuggee, direction, { ...found, text: label, onTheWay: "stop" });
  return found;
}

/** A `dataId`, what a menu of the variables view knows (`variablesReference` and `name`), or an `expression`. */
function dataIdOf(debuggee: Debuggee, args: Arguments): string {
  const given = optionalText(args, "dataId");
  if (given !== undefined) return given;
  const expression = optionalText(args, "expression");
  const { session, values } = debuggee;
  const node =
    expression === undefined
      ? values.child(integer(args, "variablesReference"), text(args, "name"))
      : session.evaluate(expression, session.current);
  if ("error" in node) throw new RequestError("refused", node.error);
  if (node.dataId === undefined) throw new RequestError("refused", `${node.name} is not a field of a simulated object`);
  return node.dataId;
}

export function whoWrote(debuggee: Debuggee, dataId: string): { readonly step: number; readonly description: string } {
  const answer = debuggee.session.whoWrote(dataId);
  if ("error" in answer) throw new RequestError("refused", answer.error);
  return answer;
}

// Requests of our own, for editors that can do more than the protocol asks: moving in time, choosing who runs, formats, words.
import type { Deed, Question, ValueNode } from "../../../sim/debugging.ts";
import type { Adapter } from "../adapter.ts";
import { lineOut } from "../client.ts";
import type { Debuggee } from "../debuggee.ts";
import { RequestError } from "../errors.ts";
import type { Base } from "../formats.ts";
import type { Handlers } from "../handlers.ts";
import { Later } from "../lookups.ts";
import { type Arguments, count, integer, optionalInteger, optionalText, optionalWord, text } from "../read.ts";
import { sourceOut } from "../sources.ts";
import { type Direction, runTo } from "./jumps.ts";
import { move, withHistory } from "./moves.ts";

export const timeHandlers: Handlers = {
  "mshare/seek"(adapter, args) {
    seek(adapter, count(args, "step"));
  },

  "mshare/whoWrote"(adapter, args) {
    const debuggee = adapter.stopped();
    return whoDid(debuggee, "wrote", dataIdOf(debuggee, args), (deed) => deedOut(adapter, deed));
  },

  /** Who wrote a value, or allocated, linked or freed an object. */
  "mshare/who"(adapter, args) {
    const debuggee = adapter.stopped();
    const question = optionalWord<Question>(args, "did", ["wrote", "allocated", "linked", "freed"]) ?? "wrote";
    const id = question === "wrote" ? dataIdOf(debuggee, args) : objectOf(nodeOf(debuggee, args));
    return whoDid(debuggee, question, id, (deed) => deedOut(adapter, deed));
  },

  /** Every recorded time at which an event in words happened or a place was reached. */
  "mshare/when"(adapter, args) {
    const { session } = withHistory(adapter);
    return Later.from(session.when(text(args, "words")), (found) => {
      if ("error" in found) throw new RequestError("refused", found.error);
      return {
        times: found.times,
        earlier: found.earlier,
        moments: found.moments.map((deed) => deedOut(adapter, deed)),
      };
    });
  },

  /** To the step that last wrote a value; answers with what that was. */
  "mshare/gotoWrite"(adapter, args) {
    const debuggee = withHistory(adapter);
    return whoDid(debuggee, "wrote", dataIdOf(debuggee, args), (written) => {
      seek(adapter, written.step);
      return deedOut(adapter, written);
    });
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
  return fieldOf(nodeOf(debuggee, args));
}

function nodeOf({ session, values }: Debuggee, args: Arguments): ValueNode {
  const expression = optionalText(args, "expression");
  if (expression === undefined) return values.child(integer(args, "variablesReference"), text(args, "name"));
  return known(session.evaluate(expression, session.current));
}

/** The value, or its error as the request's. */
export function known(node: ValueNode | { readonly error: string }): ValueNode {
  if ("error" in node) throw new RequestError("refused", node.error);
  return node;
}

export function fieldOf({ name, dataId }: ValueNode): string {
  if (dataId !== undefined) return dataId;
  throw new RequestError("refused", `${name} is not a field of a simulated object`);
}

export function objectOf({ name, object }: ValueNode): string {
  if (object !== undefined) return object;
  throw new RequestError("refused", `${name} is no simulated object, and leads to none`);
}

/** Who did it; `body` makes the response of it. */
export function whoDid({ session }: Debuggee, question: Question, id: string, body: (deed: Deed) => object): Later {
  return Later.from(session.who(question, id), (answer) => {
    if ("error" in answer) throw new RequestError("refused", answer.error);
    return body(answer);
  });
}

export function deedOut(adapter: Adapter, { step, description, task, file, line }: Deed): object {
  const place = line > 0 ? { source: sourceOut(adapter.environment, file), line: lineOut(adapter.client, line) } : {};
  return { step, description, task, ...place };
}

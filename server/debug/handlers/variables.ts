// Opening values, and setting them.
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { ValueNode } from "../../../sim/debugging.ts";
import type { Adapter } from "../adapter.ts";
import type { Debuggee } from "../debuggee.ts";
import { RequestError } from "../errors.ts";
import { type Base, shown } from "../formats.ts";
import { changing } from "../future.ts";
import type { Handlers } from "../handlers.ts";
import { type Arguments, integer, optionalCount, optionalFlag, optionalWord, record, text } from "../read.ts";
import { details, variable } from "../values.ts";
import { frameThread } from "./evaluation.ts";

/** Children that a client gets at once when it cannot page. */
const AT_ONCE = 1000;

export const variableHandlers: Handlers = {
  variables(adapter, args) {
    const debuggee = adapter.stopped();
    const reference = integer(args, "variablesReference");
    const node = debuggee.values.get(reference);
    const filter = optionalWord(args, "filter", ["indexed", "named"]);
    const start = optionalCount(args, "start");
    const count = optionalCount(args, "count") || undefined;
    const asked = askedBase(args);
    const out = (child: ValueNode) => {
      const key = debuggee.values.keyOf(reference, child);
      return variable(child, key, adapter.formats.of(key) ?? asked, debuggee.values, adapter.client);
    };
    if (filter && (filter === "indexed") !== (node.count !== undefined)) return { variables: [] };
    if (start === undefined && count === undefined) return { variables: all(adapter, node, out) };
    return { variables: part(node, start ?? 0, count).map(out) };
  },

  setVariable(adapter, args) {
    const debuggee = adapter.stopped();
    const node = debuggee.values.child(integer(args, "variablesReference"), text(args, "name"));
    return set(adapter, debuggee, node, args);
  },

  setExpression(adapter, args) {
    const debuggee = adapter.stopped();
    const node = debuggee.session.evaluate(text(args, "expression"), frameThread(debuggee, args));
    if ("error" in node) throw new RequestError("refused", node.error, "toast");
    return set(adapter, debuggee, node, args);
  },
};

/** The base that the client asks for in the request itself. */
export function askedBase(args: Arguments): Base | undefined {
  const isHex = args["format"] ? (optionalFlag(record(args, "format"), "hex") ?? false) : false;
  return isHex ? "hex" : undefined;
}

function part(node: ValueNode, start: number, count: number | undefined): readonly ValueNode[] {
  if (node.count !== undefined) return node.children?.(start, Math.min(count ?? node.count, node.count)) ?? [];
  return (node.children?.() ?? []).slice(start, count === undefined ? undefined : start + count);
}

function all(adapter: Adapter, node: ValueNode, out: (child: ValueNode) => DebugProtocol.Variable) {
  if (node.count === undefined || node.count <= AT_ONCE || adapter.client.pagesVariables) {
    return part(node, 0, undefined).map(out);
  }
  const rest = { name: "…", value: `${node.count - AT_ONCE} more`, variablesReference: 0 };
  return [...part(node, 0, AT_ONCE).map(out), rest];
}

/** Refusals are toasts: an editor draws the old value over what was typed, and says nothing by itself. */
function set(adapter: Adapter, debuggee: Debuggee, node: ValueNode, args: Arguments): object {
  const id = node.dataId ?? node.variable;
  if (id === undefined || !node.writable)
    throw new RequestError(
      "refused",
      `\`${node.name}\` cannot be set: only variables and numbers in fields and entries can`,
      "toast",
    );
  const value = text(args, "value");
  const written = changing(adapter, debuggee, () => debuggee.session.write(id, value));
  if ("error" in written) throw new RequestError("refused", written.error, "toast");
  const base = adapter.formats.of(id) ?? askedBase(args);
  return { value: shown(written.value, base), ...details(written, id, debuggee.values, adapter.client) };
}

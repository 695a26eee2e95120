// Values that the client may open further. References hold from one stop to the next move, as DAP says; numbers are never reused,
// so that a late request for an old value fails instead of showing another one.
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { ValueNode } from "../../sim/debugging.ts";
import type { Client } from "./client.ts";
import { RequestError } from "./errors.ts";
import { type Base, shown } from "./formats.ts";

interface Kept {
  readonly node: ValueNode;
  /** Names from the scope down: the same value at another stop has the same. */
  readonly path: string;
}

export class ValueTable {
  private readonly nodes = new Map<number, Kept>();
  private next = 1;

  clear(): void {
    this.nodes.clear();
  }

  /** A reference to the node's children; 0 where there are none. */
  reference(node: ValueNode, path: string): number {
    if (!node.children) return 0;
    this.nodes.set(this.next, { node, path });
    return this.next++;
  }

  get(reference: number): ValueNode {
    return this.kept(reference).node;
  }

  /** What a child of this reference is known by. */
  keyOf(reference: number, child: ValueNode): string {
    return child.dataId ?? child.expression ?? `${this.kept(reference).path}/${child.name}`;
  }

  private kept(reference: number): Kept {
    const kept = this.nodes.get(reference);
    if (kept) return kept;
    throw new RequestError("notNow", `variables reference ${reference} is of an earlier stop, or of none`);
  }

  child(reference: number, name: string): ValueNode {
    const parent = this.get(reference);
    const found = parent.children?.().find((child) => child.name === name);
    if (found) return found;
    throw new RequestError("refused", `\`${parent.name}\` has no \`${name}\``);
  }
}

/** What variables and evaluation results have in common. */
export function details(node: ValueNode, key: string, table: ValueTable, client: Client) {
  return {
    ...(client.showsTypes && node.type !== undefined && { type: node.type }),
    variablesReference: table.reference(node, key),
    ...(node.children && node.count !== undefined && { indexedVariables: node.count }),
    ...(node.memory !== undefined && { memoryReference: node.memory }),
    ...(!node.writable && { presentationHint: { attributes: ["readOnly"] } }),
  };
}

export function variable(
  node: ValueNode,
  key: string,
  base: Base | undefined,
  table: ValueTable,
  client: Client,
): DebugProtocol.Variable {
  return {
    name: node.name,
    value: shown(node.value, base),
    ...details(node, key, table, client),
    ...(node.expression !== undefined && { evaluateName: node.expression }),
    // Menus of the editor look at this word: a `field` can be watched and asked who wrote it.
    ...(node.dataId !== undefined && { __vscodeVariableMenuContext: "field" }),
  };
}

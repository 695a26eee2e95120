// Values that the client may open further. References hold from one stop to the next move, as DAP says; numbers are never reused,
// so that a late request for an old value fails instead of showing another one.
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { ValueNode } from "../../sim/debugging.ts";
import type { Client } from "./client.ts";
import { RequestError } from "./errors.ts";

export interface Format {
  readonly hex: boolean;
}

export class ValueTable {
  private readonly nodes = new Map<number, ValueNode>();
  private next = 1;

  clear(): void {
    this.nodes.clear();
  }

  /** A reference to the node's children; 0 where there are none. */
  reference(node: ValueNode): number {
    if (!node.children) return 0;
    this.nodes.set(this.next, node);
    return this.next++;
  }

  get(reference: number): ValueNode {
    const node = this.nodes.get(reference);
    if (node) return node;
    throw new RequestError("notNow", `variables reference ${reference} is of an earlier stop, or of none`);
  }

  child(reference: number, name: string): ValueNode {
    const parent = this.get(reference);
    const found = parent.children?.().find((child) => child.name === name);
    if (found) return found;
    throw new RequestError("refused", `\`${parent.name}\` has no \`${name}\``);
  }
}

/** A decimal value as hexadecimal where the client asks so; everything else is shown as it is. Integers may have 64 bits. */
export function shown(value: string, format: Format): string {
  if (!format.hex) return value;
  const both = /^\d+ \((0x[\da-f]+)\)$/.exec(value);
  if (both) return both[1];
  return value.replace(/^-?\d+\b(?![.:])/, (digits) => {
    const number = BigInt(digits);
    return number < 0n ? `-0x${(-number).toString(16)}` : `0x${number.toString(16)}`;
  });
}

/** What variables and evaluation results have in common. */
export function details(node: ValueNode, table: ValueTable, client: Client) {
  return {
    ...(client.showsTypes && node.type !== undefined && { type: node.type }),
    variablesReference: table.reference(node),
    ...(node.children && node.count !== undefined && { indexedVariables: node.count }),
    ...(node.memory !== undefined && { memoryReference: node.memory }),
    ...(!node.writable && { presentationHint: { attributes: ["readOnly"] } }),
  };
}

export function variable(node: ValueNode, table: ValueTable, client: Client, format: Format): DebugProtocol.Variable {
  return {
    name: node.name,
    value: shown(node.value, format),
    ...details(node, table, client),
    ...(node.expression !== undefined && { evaluateName: node.expression }),
    // Menus of the editor look at this word: a `field` can be watched and asked who wrote it.
    ...(node.dataId !== undefined && { __vscodeVariableMenuContext: "field" }),
  };
}

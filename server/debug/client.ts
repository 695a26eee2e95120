// What `initialize` tells of the client, and the numbers that depend on it.
import type { DebugProtocol } from "@vscode/debugprotocol";
import { type Arguments, optionalFlag } from "./read.ts";

export interface Client {
  readonly firstLine: 0 | 1;
  readonly firstColumn: 0 | 1;
  readonly showsTypes: boolean;
  readonly pagesVariables: boolean;
  readonly showsProgress: boolean;
  readonly takesInvalidated: boolean;
  readonly takesMemoryEvents: boolean;
  readonly takesColors: boolean;
  /** VS Code writes why a thread has stopped over the thread's name in a narrow list. */
  readonly wantsBriefStops: boolean;
}

export function readClient(args: Arguments): Client {
  const flag = (key: keyof DebugProtocol.InitializeRequestArguments) => optionalFlag(args, key);
  return {
    firstLine: (flag("linesStartAt1") ?? true) ? 1 : 0,
    firstColumn: (flag("columnsStartAt1") ?? true) ? 1 : 0,
    showsTypes: flag("supportsVariableType") ?? false,
    pagesVariables: flag("supportsVariablePaging") ?? false,
    showsProgress: flag("supportsProgressReporting") ?? false,
    takesInvalidated: flag("supportsInvalidatedEvent") ?? false,
    takesMemoryEvents: flag("supportsMemoryEvent") ?? false,
    takesColors: flag("supportsANSIStyling") ?? false,
    wantsBriefStops: args["clientID"] === "vscode",
  };
}

/** The engine counts lines and columns from 1. */
export const lineOut = (client: Client, line: number): number => line - 1 + client.firstLine;
export const lineIn = (client: Client, line: number): number => line + 1 - client.firstLine;
export const columnOut = (client: Client, column: number): number => column - 1 + client.firstColumn;

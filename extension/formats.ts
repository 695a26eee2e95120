// Hexadecimal or decimal, for all values or for one: VS Code has no such switch, the adapter has.
import * as vscode from "vscode";
import { activeSession, telling } from "./session.ts";
import type { VariableInView } from "./time-travel.ts";

type Base = "hex" | "decimal";

export function registerFormats(): vscode.Disposable {
  const one = (base: Base) => (row: VariableInView) => format(base, row);
  return vscode.Disposable.from(
    vscode.commands.registerCommand("mshare.showAsHex", one("hex")),
    vscode.commands.registerCommand("mshare.showAsDecimal", one("decimal")),
    vscode.commands.registerCommand("mshare.showAllAsHex", () => format("hex")),
    vscode.commands.registerCommand("mshare.showAllAsUsual", () => format(undefined)),
  );
}

/** Without a row: for all values that no row has its own format for. */
async function format(base: Base | undefined, row?: VariableInView): Promise<void> {
  const variable = row && { variablesReference: row.container.variablesReference, name: row.variable.name };
  await telling(async () => activeSession()?.customRequest("mshare/format", { base, ...variable }));
}

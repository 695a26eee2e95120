// Views of the whole machine in the debug side bar: address spaces with what they share, and each CPU's TLB. Their rows are the
// adapter's variables, fetched when they are opened, and stale after every move.
import * as vscode from "vscode";
import { activeSession, onTime } from "./session.ts";
import type { VariableInView } from "./time-travel.ts";

interface Variable {
  readonly name: string;
  readonly value: string;
  readonly variablesReference: number;
  readonly indexedVariables?: number;
  readonly __vscodeVariableMenuContext?: string;
}

/** As the Variables view hands its rows to commands, so that commands take both. */
interface Row extends VariableInView {
  readonly variable: Variable;
  /** Names from the top, so that a row that was open stays open. */
  readonly path: string;
}

/** More in one list is not looked at. */
const longest = 512;

export function registerMachineViews(): vscode.Disposable {
  return vscode.Disposable.from(
    register("mshare.addressSpaces", "mshare/addressSpaces"),
    register("mshare.tlbs", "mshare/tlbs"),
    vscode.commands.registerCommand("mshare.copyValue", ({ variable }: Row) =>
      vscode.env.clipboard.writeText(variable.value),
    ),
  );
}

function register(view: string, request: string): vscode.Disposable {
  const changed = new vscode.EventEmitter<undefined>();
  const provider: vscode.TreeDataProvider<Row> = {
    onDidChangeTreeData: changed.event,
    getTreeItem: itemOf,
    getChildren: (row) => childrenOf(request, row),
  };
  return vscode.Disposable.from(
    changed,
    vscode.window.registerTreeDataProvider(view, provider),
    onTime(() => changed.fire(undefined)),
  );
}

function itemOf({ variable, path }: Row): vscode.TreeItem {
  const { name, value, variablesReference, __vscodeVariableMenuContext: context } = variable;
  const { Collapsed, None } = vscode.TreeItemCollapsibleState;
  const item = new vscode.TreeItem(name, variablesReference > 0 ? Collapsed : None);
  item.id = path;
  item.description = value;
  item.tooltip = `${name}: ${value}`;
  item.contextValue = context ?? "value";
  return item;
}

async function childrenOf(request: string, row: Row | undefined): Promise<Row[]> {
  const session = activeSession();
  if (!session) return [];
  try {
    const top = row?.variable ?? (await session.customRequest(request));
    const { variablesReference, indexedVariables } = top as Variable;
    if (variablesReference === 0) return [];
    const part = (indexedVariables ?? 0) > longest ? { filter: "indexed", start: 0, count: longest } : {};
    const { variables } = await session.customRequest("variables", { variablesReference, ...part });
    return variables.map((variable: Variable, index: number) => ({
      container: { variablesReference },
      variable,
      path: `${row?.path ?? ""}/${index} ${variable.name}`,
    }));
  } catch {
    return []; // the run goes on, or is over
  }
}

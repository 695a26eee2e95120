// The bugs found so far, in the debug side bar. A click goes to where one was found: in time, and so in the source.
import * as vscode from "vscode";
import { atStop, goToStepOf, onTime } from "./session.ts";
import { count } from "./time-status.ts";

interface Bug {
  readonly kind: string;
  readonly message: string;
  readonly step: number;
  readonly task: string;
  readonly line: number;
  readonly count: number;
  readonly unexpected: boolean;
}

export function registerBugsView(): vscode.Disposable {
  const changed = new vscode.EventEmitter<undefined>();
  const provider: vscode.TreeDataProvider<Bug> = {
    onDidChangeTreeData: changed.event,
    getTreeItem: itemOf,
    getChildren: async (bug) => (bug ? [] : bugs()),
  };
  const view = vscode.window.createTreeView("mshare.bugs", { treeDataProvider: provider });
  return vscode.Disposable.from(
    changed,
    view,
    vscode.commands.registerCommand("mshare.goToBug", goToStepOf),
    vscode.commands.registerCommand("mshare.copyBug", ({ kind, message }: Bug) =>
      vscode.env.clipboard.writeText(`${kind}: ${message}`),
    ),
    onTime(async () => {
      changed.fire(undefined);
      const found = (await bugs()).length;
      // Beside the title, so that it is seen while the view is closed.
      view.description = found > 0 ? `${found} so far` : "";
    }),
  );
}

const bugs = async (): Promise<Bug[]> => (await atStop<{ bugs: Bug[] }>("mshare/bugs"))?.bugs ?? [];

function itemOf(bug: Bug): vscode.TreeItem {
  const item = new vscode.TreeItem(bug.kind);
  const times = bug.count > 1 ? `, ${count(bug.count)} times` : "";
  item.description = `step ${count(bug.step)}, ${bug.task}${bug.line > 0 ? `, line ${bug.line}` : ""}${times}`;
  item.tooltip = `${bug.kind}: ${bug.message}${bug.unexpected ? "" : "\n\n(expected or allowed by the scenario)"}`;
  const color = bug.unexpected ? "list.errorForeground" : "list.warningForeground";
  item.iconPath = new vscode.ThemeIcon("bug", new vscode.ThemeColor(color));
  item.contextValue = "bug";
  item.command = { command: "mshare.goToBug", title: "Go to the Step", arguments: [bug] };
  return item;
}

// What log points and logging events have printed, in the debug side bar, by steps. A click goes to the moment that a line is about.
import * as vscode from "vscode";
import { atStop, goToStepOf, onTime } from "./session.ts";
import { count } from "./time-status.ts";

interface Message {
  readonly step: number;
  readonly description: string;
  readonly task: string;
  readonly line?: number;
}

export function registerMessagesView(): vscode.Disposable {
  const changed = new vscode.EventEmitter<undefined>();
  let now = 0;
  const provider: vscode.TreeDataProvider<Message> = {
    onDidChangeTreeData: changed.event,
    getTreeItem: (message) => itemOf(message, now),
    getChildren: async (message) => (message ? [] : messages()),
  };
  return vscode.Disposable.from(
    changed,
    vscode.window.createTreeView("mshare.messages", { treeDataProvider: provider }),
    vscode.commands.registerCommand("mshare.goToMessage", goToStepOf),
    vscode.commands.registerCommand("mshare.copyMessage", ({ description }: Message) =>
      vscode.env.clipboard.writeText(description),
    ),
    onTime((time) => {
      now = time?.step ?? 0;
      changed.fire(undefined);
    }),
  );
}

const messages = async (): Promise<Message[]> =>
  (await atStop<{ messages: Message[] }>("mshare/messages"))?.messages ?? [];

function itemOf(message: Message, now: number): vscode.TreeItem {
  const { step, description, task, line } = message;
  const item = new vscode.TreeItem(description);
  const isLater = step > now;
  const where = `step ${count(step)}, ${task}${line === undefined ? "" : `, line ${line}`}`;
  item.description = isLater ? `${where}, still to come` : where;
  item.tooltip = `${description}\n${where}`;
  const icon = step === now ? "arrow-right" : "output";
  item.iconPath = new vscode.ThemeIcon(icon, isLater ? new vscode.ThemeColor("disabledForeground") : undefined);
  item.contextValue = "message";
  item.command = { command: "mshare.goToMessage", title: "Go to the Step", arguments: [message] };
  return item;
}

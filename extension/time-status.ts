// Where in the run the debugger stands, in the status bar: VS Code has no place of its own that says "you are in the past".
import * as vscode from "vscode";
import { onTime, type Time } from "./session.ts";

export function registerTimeStatus(): vscode.Disposable {
  const item = vscode.window.createStatusBarItem("mshare.time", vscode.StatusBarAlignment.Left, 0);
  item.name = "mshare: step of the simulation";
  item.command = "mshare.goToStep";
  return vscode.Disposable.from(
    item,
    onTime((time) => show(item, time)),
  );
}

function show(item: vscode.StatusBarItem, time: Time | undefined): void {
  if (!time) {
    item.hide();
    return;
  }
  const { step, last, past } = time;
  item.text = past ? `$(history) step ${count(step)} of ${count(last)}` : `$(pulse) step ${count(step)}`;
  item.tooltip = past
    ? "You are looking at the past: the run has been further already. Continue replays the same steps."
    : "Step of the simulation: the newest moment of this run.";
  item.backgroundColor = past ? new vscode.ThemeColor("statusBarItem.warningBackground") : undefined;
  item.show();
}

export function count(steps: number): string {
  return steps.toLocaleString("en");
}

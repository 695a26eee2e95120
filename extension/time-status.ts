// Where in the run the debugger stands, in the status bar: VS Code has no place of its own that says "you are in the past".
import * as vscode from "vscode";

/** Body of the adapter's custom event `mshare/time`, sent at every stop. `step` counts from 0, `last` is the newest known. */
interface Time {
  step: number;
  last: number;
  past: boolean;
}

export function registerTimeStatus(): vscode.Disposable {
  const times = new Map<string, Time>();
  const item = vscode.window.createStatusBarItem("mshare.time", vscode.StatusBarAlignment.Left, 0);
  item.name = "mshare: step of the simulation";
  item.command = "mshare.goToStep";
  const refresh = () => show(item, times.get(vscode.debug.activeDebugSession?.id ?? ""));
  return vscode.Disposable.from(
    item,
    vscode.debug.onDidReceiveDebugSessionCustomEvent(({ session, event, body }) => {
      if (event !== "mshare/time") return;
      times.set(session.id, body);
      refresh();
    }),
    vscode.debug.onDidTerminateDebugSession(({ id }) => {
      times.delete(id);
      refresh();
    }),
    vscode.debug.onDidChangeActiveDebugSession(refresh),
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

function count(steps: number): string {
  return steps.toLocaleString("en");
}

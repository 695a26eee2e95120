// Breakpoints on events, asked for in one line. They are VS Code's function breakpoints; its own way to add one is an input
// at the end of a view that the check boxes of all bug kinds have scrolled away.
import * as vscode from "vscode";

export function registerEventBreakpoints(): vscode.Disposable {
  return vscode.commands.registerCommand("mshare.breakOnEvent", async () => {
    const text = await vscode.window.showInputBox({
      title: "Break on an Event of the Simulated Kernel",
      prompt: "An event or a kernel function, what it concerns, a condition.",
      placeHolder: "set_pgd into guest, TLB flush if cpu == 1, free of pmd table, page fault at 2TiB",
    });
    if (text?.trim()) vscode.debug.addBreakpoints([new vscode.FunctionBreakpoint(text.trim())]);
  });
}

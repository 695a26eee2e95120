// The scenario that commands without a target mean: the one being edited, or the last one that was. A walkthrough's page or a file
// of the kernel may have come in front of it.
import * as vscode from "vscode";

let last: vscode.TextDocument | undefined;

export function registerActiveScenario(): vscode.Disposable {
  const note = (editor: vscode.TextEditor | undefined) => {
    if (editor?.document.languageId === "mshare") last = editor.document;
  };
  note(vscode.window.activeTextEditor);
  return vscode.Disposable.from(
    vscode.window.onDidChangeActiveTextEditor(note),
    // A document that becomes a scenario, or is one no longer, is closed and opened again.
    vscode.workspace.onDidOpenTextDocument(() => note(vscode.window.activeTextEditor)),
    vscode.workspace.onDidCloseTextDocument((document) => {
      if (document === last) last = undefined;
    }),
  );
}

export function activeScenario(): vscode.Uri | undefined {
  return last?.uri;
}

// Tasks: the command line's `run` and `check` on the open scenario or on a file of the workspace, for builds and key bindings.
import * as vscode from "vscode";
import { asNode } from "./runtime.ts";

interface Definition extends vscode.TaskDefinition {
  readonly command: "run" | "check";
  /** Relative to the workspace folder. */
  readonly file: string;
}

export function registerTasks(commandLine: string): vscode.Disposable {
  return vscode.tasks.registerTaskProvider("mshare", {
    provideTasks() {
      const document = vscode.window.activeTextEditor?.document;
      const folder = document && vscode.workspace.getWorkspaceFolder(document.uri);
      if (document?.languageId !== "mshare" || folder?.uri.scheme !== "file") return [];
      const file = vscode.workspace.asRelativePath(document.uri, false);
      return (["run", "check"] as const).map((command) =>
        taskOf(commandLine, { type: "mshare", command, file }, folder),
      );
    },
    resolveTask({ definition, scope }) {
      if (typeof scope !== "object") return undefined;
      return taskOf(commandLine, definition as Definition, scope);
    },
  });
}

function taskOf(commandLine: string, definition: Definition, folder: vscode.WorkspaceFolder): vscode.Task {
  const { command, file } = definition;
  const options = { cwd: folder.uri.fsPath, env: asNode };
  const execution = new vscode.ProcessExecution(process.execPath, [commandLine, command, "--", file], options);
  return new vscode.Task(definition, folder, `${command} ${file}`, "mshare", execution, "$mshare");
}

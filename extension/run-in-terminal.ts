// *Run Scenario* and *Explore Interleavings* for files on disk: our command line in a terminal.
import { dirname, relative } from "node:path";
import * as vscode from "vscode";
import { showProgram } from "./terminal.ts";

/** As typed in a terminal of the scenario's workspace folder, so that the files it names can be clicked on. */
export function runInTerminal(commandLine: string, command: "run" | "explore", scenario: vscode.Uri): void {
  const cwd = vscode.workspace.getWorkspaceFolder(scenario)?.uri.fsPath ?? dirname(scenario.fsPath);
  const file = relative(cwd, scenario.fsPath);
  const name = `mshare ${command} ${file}`;
  showProgram({ name, module: commandLine, args: [command, "--color", "always", "--", file], cwd });
}

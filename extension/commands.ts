// The two commands: run a scenario to its end in a terminal, and debug it.
import { dirname, relative } from "node:path";
import * as vscode from "vscode";
import { launchOf } from "./configurations.ts";
import { showProgram } from "./terminal.ts";

/** Menus hand over a Uri, the language server's code lenses its text, the palette and key bindings nothing. */
type Target = vscode.Uri | string | undefined;

export function registerCommands(context: vscode.ExtensionContext): vscode.Disposable {
  const commandLine = context.asAbsolutePath("dist/mshare.js");
  return vscode.Disposable.from(
    vscode.commands.registerCommand("mshare.run", async (target: Target) => {
      const scenario = await savedScenario(target);
      if (scenario) run(commandLine, scenario);
    }),
    vscode.commands.registerCommand("mshare.debug", async (target: Target) => {
      const scenario = await savedScenario(target);
      const folder = scenario && vscode.workspace.getWorkspaceFolder(scenario);
      if (scenario) await vscode.debug.startDebugging(folder, launchOf(scenario));
    }),
  );
}

/** As typed in a terminal of the scenario's workspace folder, so that the files it names can be clicked on. */
function run(commandLine: string, scenario: vscode.Uri): void {
  const cwd = vscode.workspace.getWorkspaceFolder(scenario)?.uri.fsPath ?? dirname(scenario.fsPath);
  const file = relative(cwd, scenario.fsPath);
  showProgram({ name: `mshare run ${file}`, module: commandLine, args: ["run", "--color", "always", file], cwd });
}

/** The scenario on disk as the editor shows it, or undefined when there is none (the user has been told). */
async function savedScenario(target: Target): Promise<vscode.Uri | undefined> {
  const uri =
    typeof target === "string" ? vscode.Uri.parse(target) : (target ?? vscode.window.activeTextEditor?.document.uri);
  if (uri?.scheme !== "file") {
    void vscode.window.showErrorMessage("Open a scenario (*.mshare) that is saved on disk.");
    return undefined;
  }
  const document = vscode.workspace.textDocuments.find((open) => open.uri.toString() === uri.toString());
  return document?.isDirty && !(await document.save()) ? undefined : uri;
}

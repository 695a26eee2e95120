// The commands that start a scenario: to its end, under the debugger, or in all its interleavings.
import * as vscode from "vscode";
import { activeScenario } from "./active-scenario.ts";
import { launchOf } from "./configurations.ts";

/** Menus hand over a Uri, the language server's code lenses its text, the palette and key bindings nothing. */
type Target = vscode.Uri | string | undefined;

/** Runs a scenario that is on disk, or searches its interleavings, in a terminal. */
export type TerminalRunner = (command: "run" | "explore", scenario: vscode.Uri) => void;

/** Where there is no terminal, or no file for it, a run shows what it has to say in the debug console. */
export function registerCommands(runInTerminal: TerminalRunner | undefined): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.commands.registerCommand("mshare.run", async (target: Target) => {
      const scenario = await savedScenario(target);
      if (!scenario) return;
      if (runInTerminal && scenario.scheme === "file") runInTerminal("run", scenario);
      else await start(scenario, { noDebug: true });
    }),
    vscode.commands.registerCommand("mshare.explore", async (target: Target) => {
      const scenario = await savedScenario(target);
      if (!scenario) return;
      if (runInTerminal && scenario.scheme === "file") runInTerminal("explore", scenario);
      else void vscode.window.showInformationMessage(NO_TERMINAL);
    }),
    vscode.commands.registerCommand("mshare.debug", async (target: Target) => {
      const scenario = await savedScenario(target);
      if (scenario) await start(scenario, {});
    }),
  );
}

const NO_TERMINAL =
  "Interleavings are searched by the command line: save the scenario to a folder on this machine, and open it in the desktop version.";

/** A document that was never saved is debugged as it is: the editor need not ask for a file's name first. */
async function start(scenario: vscode.Uri, options: vscode.DebugSessionOptions): Promise<void> {
  const folder = vscode.workspace.getWorkspaceFolder(scenario);
  await vscode.debug.startDebugging(folder, launchOf(scenario), { suppressSaveBeforeStart: true, ...options });
}

/** The scenario as the editor shows it, or undefined when there is none (the user has been told). */
async function savedScenario(target: Target): Promise<vscode.Uri | undefined> {
  const uri = typeof target === "string" ? vscode.Uri.parse(target) : (target ?? activeScenario());
  if (!uri) {
    void vscode.window.showErrorMessage("Open a scenario (*.mshare) first.");
    return undefined;
  }
  const document = vscode.workspace.textDocuments.find((open) => open.uri.toString() === uri.toString());
  const toBeSaved = document?.isDirty && !document.isUntitled;
  return toBeSaved && !(await document.save()) ? undefined : uri;
}

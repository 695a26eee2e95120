// Ways through a run that VS Code has no buttons for: to a step by its number, to where a value came from, to a label, and
// one step of a task of one's choice.
import * as vscode from "vscode";
import { labelsIn } from "./scenario-text.ts";
import { uriOf } from "./scenario-uri.ts";
import { activeSession, seek, telling } from "./session.ts";

/** What the Variables view hands to commands of its context menu; rows of our own views look alike. */
export interface VariableInView {
  readonly container: { readonly variablesReference: number };
  readonly variable: { readonly name: string };
}

export function registerTimeTravel(): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.commands.registerCommand("mshare.goToStep", goToStep),
    vscode.commands.registerCommand("mshare.goToLastWrite", goToLastWrite),
    vscode.commands.registerCommand("mshare.runToLabel", runToLabel),
    vscode.commands.registerCommand("mshare.stepTask", stepTask),
  );
}

async function goToStep(): Promise<void> {
  const session = activeSession();
  const typed = await vscode.window.showInputBox({
    title: "Go to a Step of the Simulation",
    prompt: "A step's number; 0 is before anything ran.",
    validateInput: (text) => (/^\s*\d+\s*$/.test(text.replaceAll(",", "")) ? undefined : "A whole number, please."),
  });
  if (session && typed) await seek(session, Number(typed.replaceAll(",", "")));
}

/** To just after the step that gave the variable the value it has now. */
async function goToLastWrite({ container, variable }: VariableInView): Promise<void> {
  const session = activeSession();
  const { variablesReference } = container;
  const write = await telling(async () => {
    return session?.customRequest("mshare/whoWrote", { variablesReference, name: variable.name });
  });
  if (session && write) await seek(session, write.step);
}

/** A label stands before the statement that it names: the run goes on to that line, as to the cursor. */
async function runToLabel(): Promise<void> {
  const session = activeSession();
  if (!session) return;
  const document = await vscode.workspace.openTextDocument(uriOf(String(session.configuration["program"])));
  const labels = labelsIn(document.getText()).map(({ name, statement }) => {
    const line = document.positionAt(statement).line;
    return { label: name, description: `line ${line + 1}`, detail: document.lineAt(line).text.trim(), line };
  });
  if (labels.length === 0) {
    void vscode.window.showInformationMessage("The scenario has no label; `label NAME` before a statement makes one.");
    return;
  }
  const chosen = await vscode.window.showQuickPick(labels, { title: "Run to a Label" });
  if (!chosen) return;
  const selection = new vscode.Range(chosen.line, 0, chosen.line, 0);
  await vscode.window.showTextDocument(document, { selection });
  await vscode.commands.executeCommand("editor.debug.action.runToCursor");
}

/** The Call Stack view's menu names the thread; else the user chooses one. */
async function stepTask(item?: { readonly threadId?: string | number }): Promise<void> {
  const session = activeSession();
  if (!session) return;
  const named = Number(/(\d+)$/.exec(String(item?.threadId ?? ""))?.[1] ?? Number.NaN);
  const threadId = Number.isNaN(named) ? await chooseTask(session) : named;
  if (threadId === undefined) return;
  await telling(() => session.customRequest("stepIn", { threadId, singleThread: true, granularity: "instruction" }));
}

async function chooseTask(session: vscode.DebugSession): Promise<number | undefined> {
  const answer = await telling(() => session.customRequest("threads"));
  const threads: { id: number; name: string }[] = answer?.threads ?? [];
  const items = threads.map(({ id, name }) => ({ label: name, id }));
  const chosen = await vscode.window.showQuickPick(items, { title: "Who Does the Next Step" });
  return chosen?.id;
}

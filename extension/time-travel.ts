// Ways through time that VS Code has no buttons for: to a step by its number, and to where a value came from.
import * as vscode from "vscode";

/** What the Variables view hands to commands of its context menu. */
interface VariableInView {
  container: { variablesReference: number };
  variable: { name: string };
}

export function registerTimeTravel(): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.commands.registerCommand("mshare.goToStep", goToStep),
    vscode.commands.registerCommand("mshare.goToLastWrite", goToLastWrite),
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
  await telling(async () => {
    const write = await session?.customRequest("mshare/whoWrote", { variablesReference, name: variable.name });
    if (session && write) await seek(session, write.step);
  });
}

async function seek(session: vscode.DebugSession, step: number): Promise<void> {
  await telling(() => session.customRequest("mshare/seek", { step }));
}

/** What the adapter refuses is for the user to read. */
async function telling(act: () => PromiseLike<unknown>): Promise<void> {
  try {
    await act();
  } catch (problem) {
    void vscode.window.showErrorMessage(problem instanceof Error ? problem.message : String(problem));
  }
}

function activeSession(): vscode.DebugSession | undefined {
  const session = vscode.debug.activeDebugSession;
  return session?.type === "mshare" ? session : undefined;
}

// Ways through a run that VS Code has no buttons for: to a step by its number, to a time at which something happened, to where
// a value came from, to a label, and one step of a task of one's choice.
import * as vscode from "vscode";
import { chooseEvent, eventExamples } from "./event-breakpoints.ts";
import { activeSession, neededSession, seek, telling } from "./session.ts";

/** What the Variables view hands to commands of its context menu; rows of our own views look alike. */
export interface VariableInView {
  readonly container: { readonly variablesReference: number };
  readonly variable: { readonly name: string };
}

export function registerTimeTravel(): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.commands.registerCommand("mshare.goToStep", goToStep),
    vscode.commands.registerCommand("mshare.goToTime", goToTime),
    vscode.commands.registerCommand("mshare.goToLastWrite", goToLastWrite),
    vscode.commands.registerCommand("mshare.runToLabel", runToLabel),
    vscode.commands.registerCommand("mshare.stepTask", stepTask),
  );
}

async function goToStep(): Promise<void> {
  const session = neededSession();
  if (!session) return;
  const typed = await vscode.window.showInputBox({
    title: "Go to a Step of the Simulation",
    prompt: "A step's number; 0 is before anything ran.",
    validateInput: (text) => (/^\s*\d+\s*$/.test(text.replaceAll(",", "")) ? undefined : "A whole number, please."),
  });
  if (typed) await seek(session, Number(typed.replaceAll(",", "")));
}

interface Moments {
  readonly times: number;
  readonly moments: readonly { step: number; task: string; line?: number; description: string }[];
}

/** To one of the recorded times, past or future, at which an event happened or a place was reached. */
async function goToTime(): Promise<void> {
  const session = neededSession();
  if (!session) return;
  const place = { label: "31", description: "or a line or a label of the scenario" };
  const words = await chooseEvent("Go to a Time When …", [...eventExamples, place]);
  if (!words) return;
  const found: Moments | undefined = await telling(() => session.customRequest("mshare/when", { words }));
  if (!found) return;
  if (found.times === 0) {
    void vscode.window.showInformationMessage(`${words}: never, as far as the run was recorded.`);
    return;
  }
  const items = found.moments.map(({ step, task, line, description }) => {
    const where = line === undefined ? task : `${task}, line ${line}`;
    return { label: `step ${step}`, description: where, detail: description, step };
  });
  const title = `${words}: ${found.times === 1 ? "once" : `${found.times} times`}`;
  const chosen = await vscode.window.showQuickPick(items, { title, matchOnDescription: true, matchOnDetail: true });
  if (chosen) await seek(session, chosen.step);
}

/** To just after the step that gave the variable the value it has now. */
async function goToLastWrite({ container, variable }: VariableInView): Promise<void> {
  const { variablesReference } = container;
  await telling(async () => {
    await activeSession()?.customRequest("mshare/gotoWrite", { variablesReference, name: variable.name });
  });
}

/** A label stands before the statement that it names: the run goes on to that, unless something stops it before. */
async function runToLabel(): Promise<void> {
  const session = neededSession();
  if (!session) return;
  const answer = await telling(() => session.customRequest("mshare/labels"));
  const labels: { name: string; doc: string }[] = answer?.labels ?? [];
  if (labels.length === 0) {
    void vscode.window.showInformationMessage("The scenario has no label; `label NAME` before a statement makes one.");
    return;
  }
  const items = labels.map(({ name, doc }) => ({ label: name, description: doc }));
  const chosen = await vscode.window.showQuickPick(items, { title: "Run to a Label" });
  if (chosen) await telling(() => session.customRequest("mshare/runTo", { place: chosen.label }));
}

/** The Call Stack view's menu hands over the thread's number; else the user chooses one. */
async function stepTask(thread?: unknown): Promise<void> {
  const session = neededSession();
  if (!session) return;
  const threadId = typeof thread === "number" ? thread : await chooseTask(session);
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

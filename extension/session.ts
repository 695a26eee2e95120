// The debug session that commands and views are about, and what its adapter tells on its own.
import * as vscode from "vscode";

/** Body of the adapter's custom event `mshare/time`, sent at every stop and change. `step` counts from 0, `last` is the newest known. */
export interface Time {
  readonly step: number;
  readonly last: number;
  readonly past: boolean;
}

export function activeSession(): vscode.DebugSession | undefined {
  const session = vscode.debug.activeDebugSession;
  return session?.type === "mshare" ? session : undefined;
}

/** The session for a command that needs one; where there is none the user is told. */
export function neededSession(): vscode.DebugSession | undefined {
  const session = activeSession();
  if (!session) void vscode.window.showInformationMessage("No scenario is being debugged. Open one and press F5.");
  return session;
}

/** Calls back whenever the active session may look different; `time` is undefined where nothing of ours is being debugged. */
export function onTime(tell: (time: Time | undefined) => void): vscode.Disposable {
  const times = new Map<string, Time>();
  const refresh = () => tell(times.get(vscode.debug.activeDebugSession?.id ?? ""));
  return vscode.Disposable.from(
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

/** What the adapter refuses is for the user to read. */
export async function telling<Result>(act: () => PromiseLike<Result>): Promise<Result | undefined> {
  try {
    return await act();
  } catch (problem) {
    void vscode.window.showErrorMessage(problem instanceof Error ? problem.message : String(problem));
    return undefined;
  }
}

/** What the active session answers while its run stands still; undefined while it goes on, or when it is over. */
export async function atStop<Body>(command: string): Promise<Body | undefined> {
  try {
    return await activeSession()?.customRequest(command);
  } catch {
    return undefined;
  }
}

/** What has happened at a step, as a row of a view: a click goes there. */
export async function goToStepOf({ step }: { readonly step: number }): Promise<void> {
  const session = activeSession();
  if (session) await seek(session, step);
}

/** To the state after that step. */
export async function seek(session: vscode.DebugSession, step: number): Promise<void> {
  await telling(() => session.customRequest("mshare/seek", { step }));
}
